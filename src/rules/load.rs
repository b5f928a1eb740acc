//! From the files of the rules folder to the rules that run, and everything that is wrong with them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::condition::Parsed;
use super::folder::{Kind, RuleFile};
use super::lists::{self, List, WrittenList};
use super::lock::{self, Lock};
use super::meaning::{self, Meant, References};
use super::model::{Rule, RuleSet, Status};
use super::packs::{self, PackInfo};
use super::written::WrittenRule;
use super::{keys, parser, rates, taxonomy_file};
use crate::document::shape::Keys;
use crate::document::{self, Diagnostic, Document, Level, Located, Problem, code, nearest};

/// Terms of all rules together, lists counted at each use. A million take about 100 MB once compiled.
const MAX_TERMS_IN_SET: usize = 1_000_000;

/// Which packs are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Packs {
    /// Those whose manifest says that they are on by default.
    #[default]
    Default,
    /// Every pack; for lint and tests.
    All,
    /// These, by name.
    Named(Vec<String>),
}

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// What diagnostics show before a file's path, such as `rules`; empty for nothing.
    pub root: String,
    /// Which packs. Rules of other packs are not looked at.
    pub packs: Packs,
    /// Whether drafts are in the set (only under `rules`).
    pub include_drafts: bool,
    /// Whether what was typed is kept, with its places, for lints.
    pub keep_typed: bool,
}

impl LoadOptions {
    /// A file's path as diagnostics show it.
    pub fn shown(&self, path: &str) -> String {
        match self.root.trim_end_matches('/') {
            "" => path.to_owned(),
            root => format!("{root}/{path}"),
        }
    }
}

/// What the files say.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Sound rules that are on, with taxonomy and rates.
    pub set: RuleSet,
    /// All packs of the folder, wanted or not, ordered by name.
    pub packs: Vec<PackInfo>,
    /// Everything wrong, ordered by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// Ids of rules that were left out because of errors, ordered.
    pub broken: Vec<String>,
    /// Rules that no longer run, ordered by id.
    pub deprecated: Vec<Deprecated>,
    /// Every list, ordered by name; sources search for their terms.
    pub lists: Vec<List>,
    /// What was typed, where [`LoadOptions::keep_typed`] asks for it.
    pub typed: Typed,
    /// Rule id → its file, as diagnostics show it. Broken and deprecated rules too.
    pub files: BTreeMap<String, String>,
}

impl Loaded {
    /// The rules of some packs: those of a source that names its own. An empty list means the packs that are on by
    /// default. Load with [`Packs::All`] for this, or packs that are off by default cannot be asked for.
    pub fn for_packs(&self, names: &[String]) -> RuleSet {
        let is_wanted = |rule: &&Rule| {
            if names.is_empty() {
                self.packs.iter().any(|pack| pack.name == rule.pack && pack.default)
            } else {
                names.contains(&rule.pack)
            }
        };
        let rules = self.set.rules.iter().filter(is_wanted).cloned().collect();
        RuleSet { rules, taxonomy: self.set.taxonomy.clone(), rates: self.set.rates.clone() }
    }

    /// Whether anything is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }
}

/// What authors typed, with its places.
#[derive(Debug, Default)]
pub struct Typed {
    /// Sound rules, in the order of their files.
    pub rules: Vec<TypedRule>,
    /// Lists that could be read, with their paths, in the order of their files.
    pub lists: Vec<(String, WrittenList)>,
    /// The days in taxonomy.toml on which somebody checked a provision.
    pub checked: Vec<Located<Date>>,
    /// The rules that rules.lock has measurements of.
    pub measured: Vec<Located<String>>,
}

/// A sound rule as it was typed, and what it means.
#[derive(Debug)]
pub struct TypedRule {
    /// The file's path below the rules folder.
    pub path: String,
    /// What was typed.
    pub written: WrittenRule,
    /// What it means.
    pub rule: Rule,
    /// The condition, with its parts and places.
    pub parsed: Parsed,
    /// Why an active rule runs as a trial.
    pub unmeasured: Option<String>,
}

/// A rule that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecated {
    /// Its id.
    pub id: String,
    /// The rule that took its place.
    pub replaced_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Reads all files. One broken rule is left out and reported; it never disables another.
pub fn load(files: &[RuleFile], options: &LoadOptions) -> Loaded {
    let mut loading = Loading { options, loaded: Loaded::default(), terms: 0, lock: Lock::default() };
    let mut by_kind = ByKind::default();
    for file in files {
        by_kind.add(file);
    }
    let taxonomy = loading.read_taxonomy(by_kind.taxonomy);
    if let Some(file) = by_kind.rates {
        loading.loaded.set.rates = loading.read(file, &keys::RATES, rates::read).unwrap_or_default();
    }
    // Prices in euro are compared even where no other rate is known.
    loading.loaded.set.rates.per_euro.insert("EUR".to_owned(), Decimal::ONE);
    if let Some(file) = by_kind.lock {
        loading.read_lock(file);
    }
    let (lists, broken_lists) = loading.read_lists(&by_kind.lists);
    loading.read_manifests(&by_kind);
    let wanted = loading.wanted_packs();
    let references = References { lists: &lists, broken_lists: &broken_lists, taxonomy: taxonomy.as_ref() };
    let ids: BTreeSet<&str> = by_kind.rules.iter().map(|rule| rule.id).collect();
    for rule in by_kind.rules.iter().filter(|rule| wanted.contains(rule.pack)) {
        loading.read_rule(rule, &references, &ids);
    }
    loading.loaded.set.taxonomy = taxonomy.map(|read| read.taxonomy).unwrap_or_default();
    loading.loaded.lists = lists.into_values().collect();
    loading.finish()
}

/// The files of a rules folder by what they are.
#[derive(Debug, Default)]
struct ByKind<'f> {
    taxonomy: Option<&'f RuleFile>,
    rates: Option<&'f RuleFile>,
    lock: Option<&'f RuleFile>,
    lists: Vec<(&'f str, &'f RuleFile)>,
    manifests: BTreeMap<&'f str, &'f RuleFile>,
    rules: Vec<RuleEntry<'f>>,
}

#[derive(Debug)]
struct RuleEntry<'f> {
    id: &'f str,
    pack: &'f str,
    file: &'f RuleFile,
}

impl<'f> ByKind<'f> {
    fn add(&mut self, file: &'f RuleFile) {
        match file.kind() {
            Kind::Taxonomy => self.taxonomy = Some(file),
            Kind::Rates => self.rates = Some(file),
            Kind::Lock => self.lock = Some(file),
            Kind::List { name } => self.lists.push((name, file)),
            Kind::Manifest { pack } => {
                self.manifests.insert(pack, file);
            }
            Kind::Rule { id, pack } => self.rules.push(RuleEntry { id, pack, file }),
            Kind::Stray => {}
        }
    }
}

struct Loading<'o> {
    options: &'o LoadOptions,
    loaded: Loaded,
    terms: usize,
    lock: Lock,
}

impl Loading<'_> {
    fn read<T>(
        &mut self,
        file: &RuleFile,
        keys: &'static Keys,
        meaning: impl FnOnce(&document::Table<'_>) -> T,
    ) -> Option<T> {
        let shown = self.options.shown(&file.path);
        match &file.text {
            Ok(text) => {
                let (read, diagnostics) = document::read(&shown, text, keys, |table| meaning(&table));
                self.loaded.diagnostics.extend(diagnostics);
                read
            }
            Err(reason) => {
                let message = format!("this file cannot be read: {reason}");
                let problem = Problem::error(code::UNREADABLE, 0..0, message);
                self.loaded.diagnostics.push(problem.without_text(&shown));
                None
            }
        }
    }

    fn report(&mut self, path: &str, problem: Problem) {
        let shown = self.options.shown(path);
        self.loaded.diagnostics.push(problem.without_text(&shown));
    }

    fn read_taxonomy(&mut self, file: Option<&RuleFile>) -> Option<taxonomy_file::Read> {
        if let Some(file) = file {
            let mut read = self.read(file, &keys::TAXONOMY, taxonomy_file::read);
            self.loaded.typed.checked =
                read.as_mut().map(|read| std::mem::take(&mut read.checked)).unwrap_or_default();
            return read;
        }
        let problem =
            Problem::error(code::MISSING_FILE, 0..0, "there is no taxonomy.toml, so no rule can run")
                .help("`caveat init` writes one; rules take severity and authority from it");
        self.report("taxonomy.toml", problem);
        None
    }

    fn read_lock(&mut self, file: &RuleFile) {
        self.lock = self.read(file, &keys::LOCK, lock::read).unwrap_or_default();
        self.loaded.typed.measured = self.lock.names();
    }

    fn read_lists(&mut self, files: &[(&str, &RuleFile)]) -> (BTreeMap<String, List>, Vec<String>) {
        let keep = self.options.keep_typed;
        let (mut lists, mut broken) = (BTreeMap::new(), Vec::new());
        for (name, file) in files {
            let read = self.read(file, &keys::LIST, |table| {
                let written = lists::read_list(table);
                let typed = keep.then(|| written.clone());
                (lists::resolve(table.document(), written, name), typed)
            });
            match read {
                Some((words, typed)) => {
                    lists.insert((*name).to_owned(), words);
                    self.loaded.typed.lists.extend(typed.map(|typed| (file.path.clone(), typed)));
                }
                None => broken.push((*name).to_owned()),
            }
        }
        (lists, broken)
    }

    fn read_manifests(&mut self, by_kind: &ByKind<'_>) {
        let mut names: BTreeSet<&str> = by_kind.rules.iter().map(|rule| rule.pack).collect();
        names.extend(by_kind.manifests.keys());
        for name in names {
            let pack = if let Some(file) = by_kind.manifests.get(name) {
                self.read(file, &keys::PACK, |table| packs::read(table, name))
            } else {
                let problem = Problem::error(code::MISSING_FILE, 0..0, "this pack has no manifest")
                    .help("write format, title, description and default; the pack is on until then");
                self.report(&format!("packs/{name}/pack.toml"), problem);
                None
            };
            self.loaded.packs.push(pack.unwrap_or_else(|| PackInfo::unknown(name)));
        }
    }

    fn wanted_packs(&mut self) -> BTreeSet<String> {
        let known: BTreeSet<String> = self.loaded.packs.iter().map(|pack| pack.name.clone()).collect();
        match &self.options.packs {
            Packs::All => known,
            Packs::Default => {
                self.loaded.packs.iter().filter(|pack| pack.default).map(|pack| pack.name.clone()).collect()
            }
            Packs::Named(names) => {
                for name in names.iter().filter(|name| !known.contains(*name)) {
                    let names = known.iter().map(String::as_str);
                    let help = nearest(name, names.clone()).map_or_else(
                        || format!("packs here: {}", names.collect::<Vec<_>>().join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let short: String = name.chars().take(60).collect();
                    let message = format!("there is no pack `{short}`");
                    self.report("packs", Problem::error(code::UNKNOWN_PACK, 0..0, message).help(help));
                }
                names.iter().filter(|name| known.contains(*name)).cloned().collect()
            }
        }
    }

    fn read_rule(&mut self, entry: &RuleEntry<'_>, references: &References<'_>, ids: &BTreeSet<&str>) {
        if let Some(first) = self.loaded.files.get(entry.id) {
            let problem =
                Problem::error(code::DUPLICATE_ID, 0..0, format!("there is another rule `{}`", entry.id))
                    .help(format!("{first} is used; give one of the two a new name and id"));
            self.report(&entry.file.path, problem);
            return;
        }
        let shown = self.options.shown(&entry.file.path);
        self.loaded.files.insert(entry.id.to_owned(), shown);
        let room = MAX_TERMS_IN_SET.saturating_sub(self.terms);
        let outcome = self.read(entry.file, &keys::RULE, |table| {
            let document = table.document();
            let written = parser::read_rule(table, entry.id);
            check_replacement(document, written.replaced_by.as_ref(), ids);
            let meant = meaning::resolve(document, &written, entry.pack, references)?;
            if terms_of(&meant.rule) > room {
                let message = format!("all rules together have more than {MAX_TERMS_IN_SET} terms");
                document.report(Problem::error(code::TOO_MANY_TERMS, 0..0, message));
            }
            (document.errors() == 0 && references.taxonomy.is_some()).then_some((written, meant))
        });
        match outcome.flatten() {
            None => self.loaded.broken.push(entry.id.to_owned()),
            Some((written, meant)) => self.keep(&entry.file.path, written, meant),
        }
    }

    fn keep(&mut self, path: &str, written: WrittenRule, meant: Meant) {
        let Meant { mut rule, parsed } = meant;
        let unmeasured = match rule.status {
            Status::Active => self.lock.refuses(&rule),
            _ => None,
        };
        if self.options.keep_typed {
            let (path, rule, unmeasured) = (path.to_owned(), rule.clone(), unmeasured.clone());
            self.loaded.typed.rules.push(TypedRule {
                path,
                written: written.clone(),
                rule,
                parsed,
                unmeasured,
            });
        }
        match rule.status {
            Status::Deprecated => {
                let replaced_by = written.replaced_by.map(|id| id.value);
                self.loaded.deprecated.push(Deprecated { id: rule.id, replaced_by, reason: written.reason });
                return;
            }
            Status::Draft if !self.options.include_drafts => return,
            // The lint `unmeasured` says so.
            Status::Active if unmeasured.is_some() => rule.status = Status::Trial,
            Status::Draft | Status::Trial | Status::Active => {}
        }
        self.terms += terms_of(&rule);
        if let Some(pack) = self.loaded.packs.iter_mut().find(|pack| pack.name == rule.pack) {
            pack.rules += 1;
        }
        self.loaded.set.rules.push(rule);
    }

    fn finish(mut self) -> Loaded {
        self.loaded.set.rules.sort_by(|a, b| a.id.cmp(&b.id));
        self.loaded.deprecated.sort_by(|a, b| a.id.cmp(&b.id));
        self.loaded.broken.sort();
        // Those of one file are in order already.
        self.loaded.diagnostics.sort_by(|a, b| a.file.cmp(&b.file));
        self.loaded
    }
}

fn check_replacement(document: &Document<'_>, replaced_by: Option<&Located<String>>, ids: &BTreeSet<&str>) {
    let Some(id) = replaced_by.filter(|id| !ids.contains(id.value.as_str())) else { return };
    let help =
        document.nearest(&id.value, ids.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
    let problem =
        Problem::error(code::UNKNOWN_RULE, id.span.clone(), "there is no such rule").maybe_help(help);
    document.report(problem);
}

fn terms_of(rule: &Rule) -> usize {
    let patterns = rule.patterns.iter().chain(rule.exceptions.iter().map(|exception| &exception.pattern));
    patterns.map(|pattern| pattern.terms.len() + pattern.stems.len()).sum()
}
