//! Hit bitmaps that are kept in a file, so that only rules that changed are run again, and comparing, diffing and pruning
//! rules is counting bits.
//!
//! One file a corpus (by its hash), one row a rule (by what it means). The file is a cache: damage, another corpus or
//! another build of the program make it empty, never wrong.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::bitmaps::{Bitmap, HitTable, RuleHits};
use super::corpus::{Corpus, Entry, hex};
use crate::finding::Severity;
use crate::matcher::{CompileError, Matcher};
use crate::rules::model::{Rates, Rule, RuleSet, Status};

/// Of this layout.
const FORMAT: u32 = 1;
/// Rows of one file; beyond, rows that were not asked for this time are dropped.
const MAX_ROWS: usize = 4_000;
/// Files in the folder; beyond, the oldest go.
const MAX_FILES: usize = 16;

/// What is known already of a corpus.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    file: Option<PathBuf>,
    head: Head,
    rows: BTreeMap<String, Row>,
    changed: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    format: u32,
    /// The build of the program: another may match in another way.
    engine: String,
    corpus: String,
    listings: usize,
}

#[derive(Debug, Clone, Default)]
struct Row {
    hits: Bitmap,
    suppressed: Bitmap,
    milliseconds: Option<f64>,
    asked: bool,
}

/// A row as it is written: lengths of runs outside and inside of the set, by turns.
#[derive(Debug, Serialize, Deserialize)]
struct WrittenRow {
    hits: Vec<u32>,
    suppressed: Vec<u32>,
    #[serde(default)]
    ms: Option<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct WrittenFile {
    head: Head,
    rules: BTreeMap<String, WrittenRow>,
}

impl Kept {
    /// Nothing is known, and nothing will be kept.
    pub fn nothing(corpus: &Corpus) -> Self {
        let head = Head {
            format: FORMAT,
            engine: String::new(),
            corpus: corpus.hash.clone(),
            listings: corpus.entries.len(),
        };
        Self { head, ..Self::default() }
    }

    /// What the folder knows of the corpus. `engine` names the build of the program.
    pub fn open(folder: &Path, engine: &str, corpus: &Corpus) -> Self {
        let mut kept = Self::nothing(corpus);
        engine.clone_into(&mut kept.head.engine);
        let file = folder.join(format!("{}.json", corpus.hash.get(..16).unwrap_or("empty")));
        kept.rows = read(&file, &kept.head).unwrap_or_default();
        kept.file = Some(file);
        kept
    }

    /// Runs those rules over the entries of which nothing is known, and gives the whole table. Rules that cannot be
    /// compiled hit nothing and are named.
    pub fn measure(&mut self, set: &RuleSet, entries: &[Entry]) -> (HitTable, Vec<CompileError>) {
        let running = |rule: &&Rule| rule.status != Status::Deprecated;
        let keyed: Vec<(String, &Rule)> =
            set.rules.iter().filter(running).map(|rule| (key(rule, &set.rates), rule)).collect();
        let missing: Vec<Rule> = keyed
            .iter()
            .filter(|(key, _)| !self.rows.contains_key(key))
            .map(|(_, rule)| (*rule).clone())
            .collect();
        let mut faults = Vec::new();
        if !missing.is_empty() {
            let fresh = RuleSet { rules: missing, taxonomy: set.taxonomy.clone(), rates: set.rates.clone() };
            let (matcher, found) = Matcher::compile_with(&fresh, true);
            faults = found;
            let table = HitTable::with(&matcher, &fresh, entries);
            for (key, rule) in &keyed {
                // A rule that does not compile is tried again, so that its fault is said again.
                let broken = faults.iter().any(|fault| fault.rule == rule.id);
                if let Some(found) = table.rule(&rule.id).filter(|_| !broken && !self.rows.contains_key(key))
                {
                    let (hits, suppressed) = (found.hits.clone(), found.suppressed.clone());
                    self.rows.insert(key.clone(), Row { hits, suppressed, ..Row::default() });
                    self.changed = true;
                }
            }
        }
        let mut rules: Vec<RuleHits> = keyed
            .into_iter()
            .map(|(key, rule)| {
                let row = self.rows.get_mut(&key);
                let (hits, suppressed) = row.map_or_else(
                    || (Bitmap::new(entries.len()), Bitmap::new(entries.len())),
                    |row| {
                        row.asked = true;
                        (row.hits.clone(), row.suppressed.clone())
                    },
                );
                let class = set.taxonomy.classes.get(&rule.class);
                RuleHits {
                    rule: rule.id.clone(),
                    class: rule.class.clone(),
                    severity: class.map_or(Severity::Low, |class| class.severity),
                    status: rule.status,
                    hits,
                    suppressed,
                }
            })
            .collect();
        rules.sort_by(|a, b| a.rule.cmp(&b.rule));
        (HitTable { listings: entries.len(), rules }, faults)
    }

    /// How long a rule took, if it was timed.
    pub fn milliseconds(&self, rule: &Rule, rates: &Rates) -> Option<f64> {
        self.rows.get(&key(rule, rates))?.milliseconds
    }

    /// Notes how long a rule took.
    pub fn note_milliseconds(&mut self, rule: &Rule, rates: &Rates, milliseconds: f64) {
        if let Some(row) = self.rows.get_mut(&key(rule, rates)) {
            row.milliseconds = Some(milliseconds);
            self.changed = true;
        }
    }

    /// Writes what is known, unless nothing is new or there is no folder for it.
    pub fn save(&mut self) -> io::Result<()> {
        let Some(file) = self.file.clone().filter(|_| self.changed) else { return Ok(()) };
        if self.rows.len() > MAX_ROWS {
            self.rows.retain(|_, row| row.asked);
        }
        let rules = self.rows.iter().map(|(key, row)| {
            let (hits, suppressed) = (runs(&row.hits), runs(&row.suppressed));
            (key.clone(), WrittenRow { hits, suppressed, ms: row.milliseconds })
        });
        let written = WrittenFile { head: self.head.clone(), rules: rules.collect() };
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        replace(&file, &serde_json::to_vec(&written)?)?;
        drop_oldest(folder);
        self.changed = false;
        Ok(())
    }
}

/// Puts a file in the place of another in one step, so that nobody ever reads half of it.
pub fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let fresh = file.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = fs::File::create(&fresh).and_then(|mut out| {
        out.write_all(content)?;
        out.sync_all()
    });
    written.and_then(|()| fs::rename(&fresh, file)).inspect_err(|_| {
        // The half-written file is of no use to anybody.
        let _ = fs::remove_file(&fresh);
    })
}

/// What a rule's hits rest on.
fn key(rule: &Rule, rates: &Rates) -> String {
    let mut hasher = Sha256::new();
    hasher.update(format!("{:?}", (&rule.class, &rule.langs, &rule.markets)));
    hasher.update(format!("{:?}", (&rule.patterns, &rule.when, &rule.exceptions, &rates.per_euro)));
    hex(&hasher.finalize())
}

fn read(file: &Path, wanted: &Head) -> Option<BTreeMap<String, Row>> {
    let written: WrittenFile = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    if written.head != *wanted {
        return None;
    }
    let rows = written.rules.into_iter().filter_map(|(key, row)| {
        let (hits, suppressed) =
            (from_runs(&row.hits, wanted.listings)?, from_runs(&row.suppressed, wanted.listings)?);
        Some((key, Row { hits, suppressed, milliseconds: row.ms, asked: false }))
    });
    Some(rows.collect())
}

fn runs(map: &Bitmap) -> Vec<u32> {
    let mut runs = Vec::new();
    let (mut inside, mut length) = (false, 0);
    for place in 0..map.len() {
        if map.get(place) != inside {
            runs.push(length);
            (inside, length) = (!inside, 0);
        }
        length += 1;
    }
    runs.push(length);
    runs
}

fn from_runs(runs: &[u32], len: usize) -> Option<Bitmap> {
    let mut map = Bitmap::new(len);
    let mut place: usize = 0;
    for (number, length) in runs.iter().enumerate() {
        let end = place.checked_add(*length as usize).filter(|end| *end <= len)?;
        if number % 2 == 1 {
            (place..end).for_each(|place| map.set(place));
        }
        place = end;
    }
    (place == len).then_some(map)
}

fn drop_oldest(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<_> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let modified = fs::metadata(&path).ok()?.modified().ok()?;
            path.extension().is_some_and(|extension| extension == "json").then_some((modified, path))
        })
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(MAX_FILES);
    for (_, path) in files.into_iter().take(surplus) {
        // What cannot be removed is removed another time.
        let _ = fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bitmaps_survive_being_written(bits in prop::collection::vec(any::<bool>(), 0..200)) {
            let map = Bitmap::of(bits.len(), |place| bits[place]);
            prop_assert_eq!(from_runs(&runs(&map), bits.len()), Some(map.clone()));
            prop_assert_eq!(from_runs(&runs(&map), bits.len() + 1), None);
        }
    }
}
