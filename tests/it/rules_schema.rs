//! `rules schema`: the schema of a file and its reader agree.
//!
//! Both are made from the same keys. What that cannot prove is proved here: every key of a schema is read; and a program
//! that knows nothing of Caveat takes what ships and what is sound, and refuses what has an unknown key or a wrong type.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use caveat::document::{Diagnostic, Level, code};
use caveat::rules::folder::RuleFile;
use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::workbench::corpus::read_line;
use caveat::workbench::schema::{FileKind, KINDS};
use caveat::{config, source};
use serde_json::{Value, json};

use crate::definitions::{answer, inputs, sections, surroundings};

/// The kind of a file by its path.
fn kind_of(path: &str) -> Option<&'static FileKind> {
    let name = match path {
        "caveat.toml" => "config",
        "rules/taxonomy.toml" => "taxonomy",
        "rules/rates.toml" => "rates",
        "rules/rules.lock" => "lock",
        _ if path.starts_with("sources/") => "source",
        _ if path.starts_with("rules/lists/") => "list",
        _ if path.ends_with("/pack.toml") => "pack",
        _ if path.starts_with("rules/packs/") => "rule",
        _ => return None,
    };
    FileKind::named(name)
}

/// What is wrong with a file of one kind, all by itself.
fn diagnostics(kind: &FileKind, text: &str) -> Vec<Diagnostic> {
    let place = kind.place.replace("PACK", "p").replace("NAME", "x").replace("ID", "x");
    match kind.name {
        "config" => config::parse(&place, text.as_bytes()).1,
        "source" => source::parse(&place, text.as_bytes()).1,
        _ => {
            let path = place.trim_start_matches("rules/");
            let options = LoadOptions { packs: Packs::All, include_drafts: true, ..LoadOptions::default() };
            let files = [RuleFile::new(path, text)];
            load(&files, &options).diagnostics.into_iter().filter(|one| one.file == path).collect()
        }
    }
}

/// A TOML value that a key of this schema cannot have.
fn wrong_value(schema: &Value) -> &'static str {
    match schema["type"].as_str() {
        Some("integer" | "number") => "true",
        // A decimal is a number or a text.
        _ if schema["anyOf"][0]["type"] == "number" => "true",
        _ => "7",
    }
}

/// Every key of a schema, down to the second table, as a file in which it has a wrong value: the text, and the line.
fn files_with_one_wrong_value(schema: &Value) -> Vec<(String, usize)> {
    let mut files = Vec::new();
    let properties = schema["properties"].as_object().unwrap();
    for (key, property) in properties {
        files.push((format!("{key} = {}\n", wrong_value(property)), 1));
        let tables = [
            (format!("[{key}]"), property),
            (format!("[[{key}]]"), &property["items"]),
            (
                format!("[{key}.\"{}\"]", if key == "class" { "toy.magnet" } else { "name" }),
                property["patternProperties"]
                    .as_object()
                    .and_then(|named| named.values().next())
                    .unwrap_or(&Value::Null),
            ),
        ];
        for (header, table) in tables {
            for (inner, property) in table["properties"].as_object().into_iter().flatten() {
                files.push((format!("{header}\n{inner} = {}\n", wrong_value(property)), 2));
            }
        }
    }
    files
}

#[test]
fn every_key_of_a_schema_is_read() {
    let mut keys = 0;
    for kind in KINDS.iter().filter(|kind| kind.name != "corpus") {
        for (text, line) in files_with_one_wrong_value(&kind.schema()) {
            let found = diagnostics(kind, &text);
            let is_refused = |one: &Diagnostic| {
                one.line == line && ![code::UNKNOWN_KEY, code::MISSING_KEY].contains(&one.code)
            };
            assert!(found.iter().any(is_refused), "{}: nothing reads\n{text}{found:#?}", kind.name);
            keys += 1;
        }
    }
    assert!(keys > 100, "only {keys} keys were tried");
}

#[test]
fn every_key_of_a_schema_is_explained() {
    fn walk(schema: &Value, place: &str, lacking: &mut Vec<String>) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            let place = format!("{place}.{key}");
            if property["description"].as_str().is_none_or(|text| text.len() < 5 || !text.ends_with('.')) {
                lacking.push(place.clone());
            }
            walk(property, &place, lacking);
            walk(&property["items"], &place, lacking);
            for table in
                property["patternProperties"].as_object().into_iter().flat_map(|named| named.values())
            {
                walk(table, &place, lacking);
            }
        }
    }
    let mut lacking = Vec::new();
    for kind in &KINDS {
        walk(&kind.schema(), kind.name, &mut lacking);
    }
    assert_eq!(lacking, [""; 0]);
}

#[test]
fn a_corpus_line_is_what_its_schema_says() {
    let line = json!({
        "id": "1", "listing": { "title": "x" }, "label": "flag", "class": "toy.magnet", "split": "train",
        "slices": ["de"], "note": "x",
    });
    read_line(line.to_string().as_bytes()).unwrap();
    let keys: BTreeSet<&String> = line.as_object().unwrap().keys().collect();
    let schema = FileKind::named("corpus").unwrap().schema();
    assert_eq!(schema["properties"].as_object().unwrap().keys().collect::<BTreeSet<_>>(), keys);
    // A listing as it is written has exactly the keys of the schema.
    let listing = serde_json::to_value(caveat::listing::Listing::default()).unwrap();
    let written: BTreeSet<&String> = listing.as_object().unwrap().keys().collect();
    let known = schema["properties"]["listing"]["properties"].as_object().unwrap();
    assert_eq!(known.keys().collect::<BTreeSet<_>>(), written);
}

/// TOML as JSON: days become texts.
fn as_json(text: &str) -> Option<Value> {
    fn convert(value: toml::Value) -> Value {
        match value {
            toml::Value::String(text) => json!(text),
            toml::Value::Integer(number) => json!(number),
            toml::Value::Float(number) => json!(number),
            toml::Value::Boolean(flag) => json!(flag),
            toml::Value::Datetime(day) => json!(day.to_string()),
            toml::Value::Array(items) => items.into_iter().map(convert).collect(),
            toml::Value::Table(table) => {
                table.into_iter().map(|(key, value)| (key, convert(value))).collect()
            }
        }
    }
    Some(convert(toml::Value::Table(toml::from_str(text).ok()?)))
}

fn shipped() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("rules"), root.join("corpus/market/sources")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "toml" || extension == "lock") {
                let below = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                files.push((below.replace("corpus/market/", ""), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

/// Reads `[{name, schema, value, valid}]` and names those that are not as they say.
const VALIDATE: &str = "
import json, sys
import jsonschema
cases = json.load(open(sys.argv[1]))
schemas = cases['schemas']
for schema in schemas.values():
    jsonschema.Draft4Validator.check_schema(schema)
checkers = {name: jsonschema.Draft4Validator(schema) for name, schema in schemas.items()}
for case in cases['cases']:
    errors = [e.message[:200] + ' at ' + '/'.join(map(str, e.absolute_path)) for e in checkers[case['kind']].iter_errors(case['value'])]
    if bool(errors) == case['valid']:
        print(case['kind'], case['name'], 'valid' if not errors else errors[:3])
";

#[test]
fn another_program_reads_the_schemas_as_we_do() {
    let Some(python) = std::env::var_os("CAVEAT_JSONSCHEMA") else {
        eprintln!("not run: CAVEAT_JSONSCHEMA is unset (a Python that has jsonschema)");
        return;
    };
    let mut cases = Vec::new();
    let mut add = |name: &str, path: &str, text: &str, valid: bool| {
        if let (Some(kind), Some(value)) = (kind_of(path), as_json(text)) {
            cases.push(json!({ "name": format!("{name}: {path}"), "kind": kind.name, "value": value, "valid": valid }));
        }
    };
    let mut shipped_files = 0;
    for (path, text) in shipped() {
        // The demo marketplace writes its addresses when it starts.
        let text =
            text.replace("{{{main}}}", "http://127.0.0.1:1").replace("{{{annex}}}", "http://127.0.0.1:2");
        add("shipped", &path, &text, true);
        shipped_files += 1;
    }
    assert!(shipped_files > 80, "only {shipped_files} shipped files");
    for (path, text) in surroundings() {
        add("surroundings", &format!("rules/{path}"), &String::from_utf8(text).unwrap(), true);
    }
    let (mut sound, mut broken) = (0, 0);
    for (name, input) in inputs() {
        let found = answer(&input);
        for (path, text) in sections(&input) {
            let of_file: Vec<&Diagnostic> =
                found.iter().filter(|one| one.file == path && one.level == Level::Error).collect();
            let text = String::from_utf8_lossy(&text).into_owned();
            if of_file.is_empty() {
                add(&name, &path, &text, true);
                sound += 1;
            } else if of_file.iter().any(|one| {
                [code::UNKNOWN_KEY, code::WRONG_TYPE, code::MISSING_KEY, code::EMPTY_PATTERN]
                    .contains(&one.code)
            }) {
                add(&name, &path, &text, false);
                broken += 1;
            }
        }
    }
    assert!(sound > 30 && broken > 8, "{sound} sound and {broken} broken golden files");
    for kind in KINDS.iter().filter(|kind| kind.name != "corpus") {
        for (text, _) in files_with_one_wrong_value(&kind.schema()) {
            let value = as_json(&text).unwrap();
            cases.push(json!({ "name": text, "kind": kind.name, "value": value, "valid": false }));
        }
    }
    let listing =
        serde_json::to_value(caveat::listing::Listing { title: "x".to_owned(), ..Default::default() })
            .unwrap();
    for (line, valid) in [
        (json!({ "id": "1", "listing": listing }), true),
        (json!({ "id": "1", "listing": { "title": "x" }, "label": null, "class": null, "note": null }), true),
        (json!({ "id": "1", "listing": { "title": "x" }, "lable": "flag" }), false),
        (json!({ "listing": { "title": "x" } }), false),
    ] {
        cases.push(json!({ "name": line.to_string(), "kind": "corpus", "value": line, "valid": valid }));
    }
    let schemas: Value = KINDS.iter().map(|kind| (kind.name.to_owned(), kind.schema())).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cases.json");
    fs::write(&path, json!({ "schemas": schemas, "cases": cases }).to_string()).unwrap();
    let output = Command::new(python).args(["-c", VALIDATE]).arg(&path).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}
