//! Keeps the floors of docs/architecture.md: a file uses its own and lower floors, as the table says, and no circle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Room → the rooms it may use. A room may always use itself.
const ALLOWED: &[(&str, &[&str])] = &[
    // values
    ("clock", &[]),
    ("listing", &[]),
    ("page", &["clock", "listing"]),
    ("finding", &["clock", "listing"]),
    // definitions
    ("document", &["clock"]),
    ("config", &["document", "finding"]),
    ("source", &["document"]),
    ("rules", &["document", "finding", "listing", "clock"]),
    // folding
    ("normalise", &[]),
    // stages
    ("fetch", &["clock", "page", "source"]),
    ("extract", &["page", "listing", "source"]),
    ("matcher", &["normalise", "rules", "listing", "finding"]),
    ("verdict", &["finding", "rules"]),
    // pipeline
    ("pipeline", &["extract", "matcher", "verdict", "page", "listing", "finding", "rules", "source"]),
    // keeping
    ("store", &["clock", "page", "listing", "finding"]),
    ("evidence", &["clock", "page", "finding", "fetch"]),
    // use cases
    (
        "crawl",
        &[
            "clock", "page", "listing", "finding", "config", "source", "fetch", "extract", "matcher",
            "pipeline", "store", "evidence",
        ],
    ),
    ("schedule", &["clock", "source"]),
    ("scan", &["page", "listing", "finding", "extract", "matcher", "pipeline", "evidence", "fetch"]),
    (
        "workbench",
        &[
            "clock",
            "listing",
            "finding",
            "rules",
            "document",
            "config",
            "source",
            "normalise",
            "matcher",
            "verdict",
            "pipeline",
        ],
    ),
    ("workspace", &["clock", "config", "source", "rules", "document"]),
    ("demo", &["clock", "listing", "finding", "source", "config"]),
];

/// Shells may use every room below them.
const SHELLS: &[&str] = &["cli", "main"];

/// Words that stand only in the room that owns them.
const OWNED: &[(&str, &[&str])] = &[
    ("sled::", &["store"]),
    ("reqwest::", &["fetch", "cli"]),
    ("println!", &["cli"]),
    ("eprintln!", &["cli"]),
];

#[test]
fn every_use_follows_the_floors() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(room, lower)| (*room, lower.iter().copied().collect())).collect();
    let mut faults = Vec::new();
    for (room, path, text) in sources() {
        if SHELLS.contains(&room.as_str()) || room == "lib" {
            continue;
        }
        let Some(lower) = allowed.get(room.as_str()) else {
            faults.push(format!("{}: room {room} is not in the table", path.display()));
            continue;
        };
        for used in rooms_used(&text) {
            if used != room && !lower.contains(used.as_str()) {
                faults.push(format!("{}: {room} may not use {used}", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    // Rooms stand in the table from the ground up, so an edge to a later room would be a circle or a climb.
    let order: BTreeMap<&str, usize> = ALLOWED.iter().enumerate().map(|(i, (room, _))| (*room, i)).collect();
    for (room, lower) in ALLOWED {
        for below in *lower {
            assert!(order[below] < order[room], "{room} uses {below}, which stands above it");
        }
    }
}

#[test]
fn owned_words_stay_in_their_rooms() {
    let mut faults = Vec::new();
    for (room, path, text) in sources() {
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        for (word, rooms) in OWNED {
            if code.contains(word) && !rooms.contains(&room.as_str()) {
                faults.push(format!("{}: {word} belongs to {}", path.display(), rooms.join(" and ")));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_is_a_hall() {
    for (_, path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 800, "{}: {lines} lines; 800 is a hall that wants a wall", path.display());
        assert!(
            text.starts_with("//!") || text.starts_with("// @generated"),
            "{}: no header",
            path.display()
        );
    }
}

fn rooms_used(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            // `use crate::{a::B, c}`: every name at the first level of the group is a room.
            let mut depth = 0;
            let mut name = String::new();
            for letter in group.chars() {
                match letter {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.extend(first_word(&std::mem::take(&mut name))),
                    _ if depth == 0 => name.push(letter),
                    _ => {}
                }
            }
            rooms.extend(first_word(&name));
        } else {
            rooms.extend(first_word(rest));
        }
    }
    rooms
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!word.is_empty()).then_some(word)
}

/// Every source file with its room: the first folder or file name below `src`.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).unwrap();
                let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).unwrap();
                found.push((first.trim_end_matches(".rs").to_owned(), path, text));
            }
        }
    }
    assert!(found.len() > 5, "no sources found below {}", root.display());
    found
}
