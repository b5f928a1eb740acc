//! Reads the files of a corpus, checks them against each other, and puts what is sound in order.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Corpus, Entry, Place, Problem, ProblemKind, Waiting, hash, line};
use crate::workbench::parallel;

/// Where looks at the blind split are counted, beside the corpus. It is no corpus file.
pub const LOOKS_FILE: &str = "blind-looks.jsonl";

/// A file's name and what stands in it.
pub type FileText = (String, Vec<u8>);

/// Folders inside folders.
const MAX_DEPTH: usize = 8;
/// Files of one corpus.
const MAX_FILES: usize = 10_000;
/// Bytes of one file; a million listings of 1 KB.
const MAX_FILE_BYTES: u64 = 2 << 30;

/// Why a corpus cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The system refused.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Larger than anything that a person labels.
    #[error("{} is larger than {} GB; split the file", path.display(), MAX_FILE_BYTES >> 30)]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
    /// Something that is no corpus folder.
    #[error("{} holds more than {MAX_FILES} files or {MAX_DEPTH} folders in each other; is this a corpus?", path.display())]
    TooMany {
        /// Which folder.
        path: PathBuf,
    },
}

/// Reads files and folders of `.jsonl`. In folders, files whose first line holds no listing are passed over.
pub fn read(paths: &[PathBuf]) -> Result<Corpus, CorpusError> {
    let (texts, passed_over) = texts(paths)?;
    Ok(Corpus { passed_over, ..read_texts(&texts) })
}

/// The texts of corpus files with their names, and the names of files that were passed over.
pub fn texts(paths: &[PathBuf]) -> Result<(Vec<FileText>, Vec<String>), CorpusError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut found = Vec::new();
            walk(path, 0, &mut found)?;
            found.sort();
            files.extend(found.into_iter().map(|path| (path, false)));
        } else {
            files.push((path.clone(), true));
        }
    }
    let mut texts = Vec::with_capacity(files.len());
    let mut passed_over = Vec::new();
    for (path, named) in files {
        let text = read_file(&path)?;
        let shown = path.to_string_lossy().into_owned();
        if named || holds_listings(&text) {
            texts.push((shown, text));
        } else {
            passed_over.push(shown);
        }
    }
    Ok((texts, passed_over))
}

/// The same from texts that are at hand, each with the name of its file.
pub fn read_texts(texts: &[FileText]) -> Corpus {
    let mut problems = Vec::new();
    let (mut entries, mut waiting): (Vec<Entry>, Vec<Waiting>) = (Vec::new(), Vec::new());
    for (file, text) in texts {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines: Vec<(usize, &[u8])> = text
            .split(|byte| *byte == b'\n')
            .enumerate()
            .map(|(number, text)| (number + 1, text.trim_ascii()))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let read = parallel::map(&lines, |(number, text)| (*number, line::read_line(text)));
        for (number, read) in read {
            let place = Place { file: file.clone(), line: number };
            match read {
                Err(fault) => problems.push(Problem {
                    place,
                    other: None,
                    kind: ProblemKind::Unreadable,
                    message: fault.to_string(),
                }),
                Ok(line) => match line.label {
                    None => waiting.push(Waiting { id: line.id, listing: line.listing, place }),
                    Some(label) => entries.push(Entry {
                        id: line.id,
                        listing: line.listing,
                        label,
                        class: line.class.filter(|class| !class.trim().is_empty()),
                        split: line.split.unwrap_or_default(),
                        placed: line.split.is_some(),
                        slices: line.slices.unwrap_or_default(),
                        note: line.note,
                        place,
                    }),
                },
            }
        }
    }
    let mut left_out = vec![false; entries.len()];
    let contents: Vec<u64> = parallel::map(&entries, |entry| line::content(&entry.listing));
    by_key(&entries, |_, entry| entry.id.clone(), "id", &mut left_out, &mut problems);
    by_key(&entries, |number, _| contents.get(number).copied(), "listing", &mut left_out, &mut problems);
    let mut keep = left_out.iter().map(|out| !out);
    entries.retain(|_| keep.next().unwrap_or(true));
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    problems.sort_by(|a, b| a.place.cmp(&b.place));
    let hash = hash(&entries);
    let files = texts.iter().map(|(file, _)| file.clone()).collect();
    Corpus { entries, waiting, problems, files, passed_over: Vec::new(), hash }
}

/// Leaves out what shares a key with an earlier entry, and the earlier one too where their labels differ.
fn by_key<K: std::hash::Hash + Eq>(
    entries: &[Entry],
    key: impl Fn(usize, &Entry) -> K,
    what: &str,
    left_out: &mut [bool],
    problems: &mut Vec<Problem>,
) {
    let mut first: HashMap<K, usize> = HashMap::with_capacity(entries.len());
    for (number, entry) in entries.iter().enumerate() {
        if left_out.get(number).copied().unwrap_or(true) && what != "id" {
            continue;
        }
        let earlier = *first.entry(key(number, entry)).or_insert(number);
        let Some(other) = entries.get(earlier).filter(|_| earlier != number) else { continue };
        let alike = (entry.label, judged_class(entry)) == (other.label, judged_class(other));
        let kind = if alike { ProblemKind::Duplicate } else { ProblemKind::Contradiction };
        let message = if alike {
            format!("the same {what} as at {}, labelled alike; remove one of the two", other.place)
        } else {
            format!(
                "the same {what} as at {}, which is labelled {} while this is {}; decide which is right and remove the other",
                other.place,
                labelled(other),
                labelled(entry)
            )
        };
        problems.push(Problem {
            place: entry.place.clone(),
            other: Some(other.place.clone()),
            kind,
            message,
        });
        for out in [Some(number), (!alike).then_some(earlier)].into_iter().flatten() {
            if let Some(out) = left_out.get_mut(out) {
                *out = true;
            }
        }
    }
}

/// The class that a label says something about.
fn judged_class(entry: &Entry) -> Option<&str> {
    entry.class.as_deref().filter(|_| entry.label == crate::finding::Ruling::Flag)
}

fn labelled(entry: &Entry) -> String {
    judged_class(entry).map_or_else(|| "pass".to_owned(), |class| format!("flag {class}"))
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), CorpusError> {
    if depth > MAX_DEPTH || found.len() > MAX_FILES {
        return Err(CorpusError::TooMany { path: folder.to_owned() });
    }
    let unreadable = |cause| CorpusError::Unreadable { path: folder.to_owned(), cause };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') || name == LOOKS_FILE {
            continue;
        }
        if path.is_dir() {
            walk(&path, depth + 1, found)?;
        } else if path.extension().is_some_and(|extension| extension == "jsonl" || extension == "ndjson") {
            found.push(path);
        }
    }
    Ok(())
}

/// The bytes of a file that is not larger than any corpus.
pub fn read_file(path: &Path) -> Result<Vec<u8>, CorpusError> {
    let unreadable = |cause| CorpusError::Unreadable { path: path.to_owned(), cause };
    if fs::metadata(path).map_err(unreadable)?.len() > MAX_FILE_BYTES {
        return Err(CorpusError::TooLarge { path: path.to_owned() });
    }
    fs::read(path).map_err(unreadable)
}

/// Whether the first line that says anything is an object with a listing.
fn holds_listings(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let Some(first) = lines.next() else { return false };
    match serde_json::from_slice::<serde_json::Value>(first) {
        Ok(value) => value.get("listing").is_some(),
        // A damaged line is reported, not passed over.
        Err(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(lines: &[&str]) -> Corpus {
        read_texts(&[("c.jsonl".to_owned(), lines.join("\n").into_bytes())])
    }

    fn said(corpus: &Corpus) -> Vec<String> {
        corpus.problems.iter().map(ToString::to_string).collect()
    }

    const A: &str = r#"{"id":"a","listing":{"title":"Magnets"},"label":"flag","class":"toy.magnet","slices":["lang:en"]}"#;
    const B: &str = r#"{"id":"b","listing":{"title":"A book"},"label":"pass","class":null,"split":"blind"}"#;

    #[test]
    fn sound_lines_are_read_in_the_order_of_their_ids() {
        let corpus = corpus(&[B, "", A, r#"{"id":"c","listing":{"title":"new"}}"#]);
        assert_eq!(said(&corpus), Vec::<String>::new());
        let ids: Vec<&str> = corpus.entries.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(corpus.entry("b").map(|entry| entry.place.to_string()).as_deref(), Some("c.jsonl:1"));
        assert_eq!(corpus.waiting.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["c"]);
        assert_eq!(corpus.part(crate::workbench::corpus::Split::Train).entries.len(), 1);
    }

    #[test]
    fn the_hash_rests_on_what_is_measured_and_not_on_files_order_or_notes() {
        let hash = |lines: &[&str]| corpus(lines).hash;
        let one = hash(&[A, B]);
        assert_eq!(one, hash(&[B, A]));
        assert_eq!(one, hash(&[&A.replace("\"label\"", "\"note\":\"x\",\"label\""), B]));
        for (old, new) in [("Magnets", "Magnet"), ("lang:en", "lang:de"), ("toy.magnet", "toy.chemical")] {
            assert_ne!(one, hash(&[&A.replace(old, new), B]), "{new}");
        }
        assert_ne!(one, hash(&[A, &B.replace("blind", "train")]));
    }

    #[test]
    fn contradictions_cost_both_and_duplicates_the_later_with_both_places() {
        let same_id = A.replace("Magnets", "Other");
        let other_class = A.replace("\"a\"", "\"z\"").replace("toy.magnet", "toy.chemical");
        let pass = r#"{"id":"p","listing":{"title":"Magnets"},"label":"pass"}"#;
        let cases: [(&[&str], &str, usize); 4] = [
            (&[A, &same_id], "c.jsonl:2: the same id as at c.jsonl:1, labelled alike", 1),
            (
                &[A, &A.replace("\"a\"", "\"z\"")],
                "c.jsonl:2: the same listing as at c.jsonl:1, labelled alike",
                1,
            ),
            (
                &[A, B, &other_class],
                "c.jsonl:3: the same listing as at c.jsonl:1, which is labelled flag toy.magnet while this is flag toy.chemical",
                1,
            ),
            (
                &[A, pass],
                "c.jsonl:2: the same listing as at c.jsonl:1, which is labelled flag toy.magnet while this is pass",
                0,
            ),
        ];
        for (lines, message, left) in cases {
            let corpus = corpus(lines);
            let said = said(&corpus);
            assert!(said.len() == 1 && said[0].starts_with(message), "{said:?}");
            assert_eq!(corpus.entries.len(), left, "{message}");
            assert!(corpus.problems[0].other.is_some());
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_with_its_cure() {
        let cases = [
            ("[1]", "is not an object; a line is"),
            (r#"{"id":"a""#, "is not JSON: EOF while parsing an object, at column 9"),
            (r#"{"listing":{"title":"x"},"label":"pass"}"#, "has no `id`"),
            (r#"{"id":"a","label":"pass"}"#, "has no `listing`"),
            (r#"{"id":"a","listing":{"titel":"x"},"label":"pass"}"#, "`listing`: has no `title`"),
            (
                r#"{"id":"a","listing":{"title":"x"},"label":"flagged"}"#,
                "`label` is \"flagged\"; write \"flag\" or \"pass\"",
            ),
            (
                r#"{"id":"a","listing":{"title":"x"},"label":"flag"}"#,
                "`label` is flag, but `class` does not say",
            ),
            (
                r#"{"id":"a","listing":{"title":"x"},"lable":"flag"}"#,
                "has an unknown key `lable`; did you mean `label`?",
            ),
            (
                r#"{"id":"a","listing":{"title":"x"},"split":"test"}"#,
                "`split` is \"test\"; write \"train\" or \"blind\"",
            ),
            (r#"{"id":"a","listing":{"title":"x"},"slices":"de"}"#, "`slices` is \"de\"; write a list"),
            (r#"{"id":" ","listing":{"title":"x"}}"#, "`id` is empty"),
        ];
        for (text, message) in cases {
            let corpus = corpus(&[A, text, B]);
            let said = said(&corpus);
            assert!(said.len() == 1 && said[0].starts_with(&format!("c.jsonl:2: {message}")), "{said:?}");
            assert_eq!(corpus.entries.len(), 2);
        }
    }
}
