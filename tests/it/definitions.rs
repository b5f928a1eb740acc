//! What people write and get back: every diagnostic has a golden file, named by its meaning.
//!
//! `tests/golden/diagnostics/NAME.toml` is what somebody wrote; `NAME.txt` is what they read. A comment line
//! `# file: PATH` begins a file: below `rules/` it is a file of a rules folder that is otherwise sound (see
//! [`surroundings`]); `sources/…` and `caveat.toml` are read as what they are. `# without: PATH` takes a file of the
//! surroundings away, `# packs: NAME` switches on only that pack. `UPDATE_GOLDEN=1` writes the answers anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use caveat::document::{Diagnostic, MAX_FILE_BYTES, code};
use caveat::rules::folder::RuleFile;
use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::{config, source, workbench};

/// A rules folder in which nothing is wrong.
pub(crate) fn surroundings() -> BTreeMap<String, Vec<u8>> {
    let class = |name: &str, law: bool| {
        let head = format!(
            "[class.\"{name}\"]\nseverity = \"high\"\nauthority = \"medicines\"\nnotices = [\"dsa16\"]\ntitle = {{ en = \"{name}\" }}\n"
        );
        let law = if law {
            format!(
                "[[class.\"{name}\".legal_basis]]\nprovision = \"Directive 2001/83/EC, Article 85c\"\n\
                 url = \"https://eur-lex.europa.eu/eli/dir/2001/83/oj\"\nchecked = 2026-11-24\n"
            )
        } else {
            String::new()
        };
        head + &law
    };
    let taxonomy = [
        "format = 1\n",
        &class("medicine.erectile", true),
        &class("medicine.opioid", true),
        &class("toy.magnet", false),
        &class("information.missing", false),
    ]
    .concat();
    let files = [
        ("taxonomy.toml", taxonomy.as_str()),
        ("rates.toml", "format = 1\ndate = 2026-11-24\nsource = \"test\"\n[rates]\nUSD = \"1.08\"\n"),
        (
            "lists/pde5-names.toml",
            "format = 1\ntitle = \"Names\"\nsource = \"test\"\nlicence = \"CC0-1.0\"\nterms = [\"viagra\", \"kamagra\"]\n",
        ),
        (
            "packs/medicines/pack.toml",
            "format = 1\ntitle = \"Medicines\"\ndescription = \"For people\"\ndefault = true\n",
        ),
        (
            "packs/goods/pack.toml",
            "format = 1\ntitle = \"Goods\"\ndescription = \"Other goods\"\ndefault = true\n",
        ),
        (
            "packs/goods/goods.neighbour.toml",
            "format = 1\nid = \"goods.neighbour\"\ntitle = \"A sound neighbour\"\nstatus = \"trial\"\n\
             class = \"medicine.erectile\"\nmarkets = [\"FR\"]\nwhen = \"name\"\n[pat.name]\nlist = \"pde5-names\"\n\
             [[test]]\nname = \"name\"\nflag = { title = \"Viagra\" }\n[[test]]\nname = \"other\"\npass = { title = \"Tea\" }\n",
        ),
    ];
    files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect()
}

/// What somebody gets to read about a golden input.
pub(crate) fn answer(input: &[u8]) -> Vec<Diagnostic> {
    let mut folder = surroundings();
    let mut packs = Packs::All;
    let mut other = Vec::new();
    for (path, text) in sections(input) {
        match path.strip_prefix("rules/") {
            Some(path) => {
                folder.insert(path.to_owned(), text);
            }
            None => other.push((path, text)),
        }
    }
    for line in String::from_utf8_lossy(input).lines() {
        if let Some(path) = line.strip_prefix("# without: ") {
            folder.remove(path.strip_prefix("rules/").unwrap());
        }
        if let Some(name) = line.strip_prefix("# packs: ") {
            packs = Packs::Named(vec![name.to_owned()]);
        }
    }
    let mut diagnostics = Vec::new();
    for (path, text) in other {
        diagnostics.extend(if path == "caveat.toml" {
            let (config, found) = config::parse(&path, &text);
            assert_eq!(config.is_some(), found.is_empty());
            found
        } else {
            let (source, found) = source::parse(&path, &text);
            assert_eq!(source.is_some(), found.is_empty());
            found
        });
    }
    diagnostics.extend(lint(&folder, packs).diagnostics);
    diagnostics
}

fn lint(folder: &BTreeMap<String, Vec<u8>>, packs: Packs) -> caveat::rules::load::Loaded {
    let files: Vec<RuleFile> = folder.iter().map(|(path, text)| RuleFile::new(path, text.clone())).collect();
    match packs {
        Packs::All => workbench::lint::lint(&files, "rules", Some(jiff::civil::date(2026, 11, 24))),
        packs => load(
            &files,
            &LoadOptions { root: "rules".to_owned(), packs, include_drafts: true, ..LoadOptions::default() },
        ),
    }
}

/// The files of an input, each with the lines above it left blank, so that line numbers are those of the input.
pub(crate) fn sections(input: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut sections: Vec<(String, Vec<u8>)> = Vec::new();
    for (number, line) in input.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if let Some(path) = line.strip_prefix(b"# file: ") {
            let path = String::from_utf8_lossy(path).trim().to_owned();
            sections.push((path, vec![b'\n'; number]));
        }
        if let Some((_, text)) = sections.last_mut() {
            text.extend_from_slice(line);
        }
    }
    sections
}

fn rendered(diagnostics: &[Diagnostic]) -> String {
    let all: Vec<String> = diagnostics.iter().map(Diagnostic::render).collect();
    all.join("\n\n") + "\n"
}

fn golden_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diagnostics")
}

pub(crate) fn inputs() -> Vec<(String, Vec<u8>)> {
    let mut inputs: Vec<_> = fs::read_dir(golden_folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()))
        .collect();
    inputs.sort();
    inputs
}

/// Inputs that are too large or too strange to lie in a file.
fn generated() -> Vec<(&'static str, Vec<Diagnostic>)> {
    let mut large = surroundings();
    large.insert("lists/large.toml".to_owned(), vec![b'#'; MAX_FILE_BYTES + 1]);
    let many = format!("{}unknown = [{}]\n", RULE_HEAD, "1, ".repeat(10));
    let mut crowded = surroundings();
    let terms = "\"\", ".repeat(1000);
    crowded.insert(
        "packs/medicines/med.x.toml".to_owned(),
        format!("{many}[pat.drug]\nterms = [{terms}]\n").into_bytes(),
    );
    let unreadable =
        vec![RuleFile { path: "taxonomy.toml".to_owned(), text: Err("permission denied".to_owned()) }];
    let options = LoadOptions { root: "rules".to_owned(), ..LoadOptions::default() };
    vec![
        ("too-large", lint(&large, Packs::All).diagnostics),
        (
            "too-many",
            lint(&crowded, Packs::All)
                .diagnostics
                .into_iter()
                .filter(|one| one.code == code::TOO_MANY)
                .collect(),
        ),
        ("unreadable", load(&unreadable, &options).diagnostics),
    ]
}

const RULE_HEAD: &str = "format = 1\nid = \"med.x\"\ntitle = \"X\"\nstatus = \"draft\"\nclass = \"medicine.erectile\"\nwhen = \"drug\"\n";

#[test]
fn every_diagnostic_reads_as_its_golden_file_says() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut answers: BTreeMap<String, Vec<Diagnostic>> =
        inputs().into_iter().map(|(name, input)| (name, answer(&input))).collect();
    answers.extend(generated().into_iter().map(|(name, found)| (name.to_owned(), found)));
    let known: Vec<&str> = [code::ERRORS, code::LINTS].concat();
    let mut faults = Vec::new();
    for (name, diagnostics) in &answers {
        if known.contains(&name.as_str()) && !diagnostics.iter().any(|one| one.code == name) {
            faults.push(format!("{name}: no diagnostic of this code"));
        }
        let path = golden_folder().join(format!("{name}.txt"));
        let text = rendered(diagnostics);
        if update {
            fs::write(&path, text).unwrap();
        } else if fs::read_to_string(&path).unwrap_or_default() != text {
            faults.push(format!("{name}: differs from {}:\n{text}", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(answers.len() > 60, "only {} golden files", answers.len());
}

#[test]
fn every_code_has_a_golden_file_and_a_section_in_the_docs() {
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap();
    let mut lacking = Vec::new();
    for code in code::ERRORS.iter().chain(code::LINTS) {
        let golden = fs::read_to_string(golden_folder().join(format!("{code}.txt"))).unwrap_or_default();
        if !golden.contains(&format!("[{code}]")) {
            lacking.push(format!("tests/golden/diagnostics/{code}.txt"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
    let (_, chapters) = docs.split_once("\n## Errors\n").unwrap();
    let (errors, lints) = chapters.split_once("\n## Warnings\n").unwrap();
    let lints = lints.split("\n## ").next().unwrap();
    for (chapter, codes) in [(errors, code::ERRORS), (lints, code::LINTS)] {
        let sections: Vec<&str> = chapter.split("\n### ").skip(1).collect();
        let names: Vec<&str> = sections.iter().filter_map(|section| section.lines().next()).collect();
        assert_eq!(names, codes, "the sections of docs/rules.md, in the order of the codes");
        for section in sections {
            let says = ["*Why it matters:*", "*How to mend:*"].iter().all(|part| section.contains(part));
            assert!(says && section.len() > 100, "{section}");
        }
    }
}

#[test]
fn every_diagnostic_points_into_its_file() {
    for (name, input) in inputs() {
        let lines: Vec<usize> =
            String::from_utf8_lossy(&input).lines().map(|line| line.chars().count()).collect();
        let paths: Vec<String> = sections(&input).into_iter().map(|(path, _)| path).collect();
        for diagnostic in answer(&input).into_iter().filter(|one| paths.contains(&one.file)) {
            assert!(diagnostic.line >= 1 && diagnostic.column >= 1, "{name}");
            if diagnostic.snippet.is_empty() {
                continue;
            }
            let length = lines.get(diagnostic.line - 1).copied().unwrap_or(0);
            assert!(diagnostic.column - 1 <= length, "{name}: {}:{}", diagnostic.line, diagnostic.column);
            assert!(diagnostic.column - 1 + diagnostic.width <= length + 1, "{name}: {}", diagnostic.width);
        }
    }
}

#[test]
fn a_sound_folder_has_nothing_wrong() {
    let loaded = lint(&surroundings(), Packs::All);
    assert_eq!(rendered(&loaded.diagnostics), "\n");
    assert_eq!(loaded.set.rules.len(), 1);
}

#[test]
fn diagnostics_are_json_with_a_stable_shape() {
    let (_, found) = config::parse("caveat.toml", "operater = \"X\"\n".as_bytes());
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{
            "level": "error", "code": "unknown-key", "file": "caveat.toml", "line": 1, "column": 1, "width": 8,
            "snippet": "operater = \"X\"", "snippet_lead": 0, "message": "unknown key `operater`",
            "label": null, "help": "did you mean `operator`?",
        }])
    );
}
