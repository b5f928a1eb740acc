//! docs/rules.md keeps its promises: its first rule is written and run as it says, and every file it shows is sound.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use caveat::workbench::schema::{FileKind, KINDS};

use crate::command::{err, out, run};

fn docs() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap()
}

/// The indented blocks of a text, without their indent.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        let last = blocks.last_mut().unwrap();
        match line.strip_prefix("    ") {
            Some(line) => {
                last.push_str(line);
                last.push('\n');
            }
            None if line.is_empty() && !last.is_empty() => last.push('\n'),
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

/// A block that is a file, or an addition to one: its path, and whether it is added.
fn file_of(block: &str) -> Option<(&str, bool)> {
    let first = block.lines().next()?.strip_prefix("# ")?;
    let (path, added) = first.strip_prefix("add to ").map_or((first, false), |path| (path, true));
    let is_path = [".toml", ".jsonl", ".lock"].iter().any(|end| path.ends_with(end)) && !path.contains(' ');
    is_path.then_some((path, added))
}

#[test]
fn the_first_rule_is_written_as_the_docs_say() {
    let docs = docs();
    let start = docs.find("## Your first rule").unwrap();
    let end = docs.find("## A rule, line by line").unwrap();
    let home = tempfile::tempdir().unwrap();
    let mut folder: PathBuf = home.path().to_owned();
    let (mut commands, mut files) = (0, 0);
    for block in blocks(&docs[start..end]) {
        // A block may be a file and then a terminal.
        let at =
            if block.starts_with("$ ") { 0 } else { block.find("\n$ ").map_or(block.len(), |at| at + 1) };
        let (text, terminal) = block.split_at(at);
        if !text.trim().is_empty() {
            let (path, added) = file_of(text).unwrap_or_else(|| panic!("what is this?\n{text}"));
            let path = folder.join(path);
            let body = text.split_once('\n').unwrap().1.trim_end().to_owned() + "\n";
            let before = if added { fs::read_to_string(&path).unwrap() + "\n" } else { String::new() };
            fs::write(&path, before + &body).unwrap();
            files += 1;
        }
        for step in terminal.split("$ ").filter(|step| !step.trim().is_empty()) {
            let (command, expected) = step.split_once('\n').unwrap();
            if let Some(path) = command.strip_prefix("cd ") {
                folder = folder.join(path);
                continue;
            }
            let arguments: Vec<&str> = command.strip_prefix("caveat ").unwrap().split(' ').collect();
            let output = run(&folder, &arguments);
            let said = out(&output) + &err(&output);
            for line in expected.lines().filter(|line| !line.is_empty()) {
                assert!(said.contains(line), "$ {command}\nwanted: {line}\n{said}");
            }
            commands += 1;
        }
    }
    assert!(commands >= 8 && files >= 4, "{commands} commands and {files} files");
}

#[test]
fn every_file_that_the_docs_show_is_sound() {
    let docs = docs();
    let reference =
        &docs[docs.find("## A rule, line by line").unwrap()..docs.find("## `rules lint`").unwrap()];
    let mut by_path: BTreeMap<String, Vec<u8>> = crate::definitions::surroundings();
    by_path.retain(|path, _| !path.starts_with("packs/goods/"));
    let mut shown = 0;
    for block in blocks(reference) {
        let path = if block.contains("[class.") {
            "taxonomy.toml"
        } else if block.contains("[rates]") {
            "rates.toml"
        } else if block.contains("licence") {
            "lists/pde5-names.toml"
        } else if block.contains("default     =") {
            "packs/medicines/pack.toml"
        } else if let Some((path, _)) = file_of(&block) {
            path.strip_prefix("rules/").unwrap()
        } else {
            continue;
        };
        by_path.insert(path.to_owned(), block.clone().into_bytes());
        shown += 1;
    }
    assert_eq!(shown, 6, "a rule, a list, a pack, a class, rates, a lock");
    let files: Vec<_> = by_path
        .iter()
        .map(|(path, text)| caveat::rules::folder::RuleFile::new(path.clone(), text.clone()))
        .collect();
    let loaded = caveat::workbench::lint::lint(&files, "rules", Some(jiff::civil::date(2026, 11, 24)));
    let said: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n\n"));
    let report = caveat::workbench::rule_test::run(&loaded.set, &loaded.files);
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}

#[test]
fn the_docs_name_every_kind_of_schema_and_every_key_of_a_rule() {
    let docs = docs();
    for kind in &KINDS {
        assert!(docs.contains(&format!("`{}`", kind.name)) || kind.name == "rule", "{}", kind.name);
    }
    let rule = FileKind::named("rule").unwrap().schema();
    let tables = [
        &rule,
        &rule["properties"]["pat"]["patternProperties"],
        &rule["properties"]["except"]["patternProperties"],
    ];
    for table in tables {
        let table = if table["properties"].is_object() {
            table
        } else {
            table.as_object().unwrap().values().next().unwrap()
        };
        for key in table["properties"].as_object().unwrap().keys() {
            let named = [format!("`{key}`"), format!("[{key}"), format!("{key} ="), format!("`{key} ")];
            assert!(
                named.iter().any(|name| docs.contains(name.as_str())),
                "docs/rules.md says nothing of {key}"
            );
        }
    }
}
