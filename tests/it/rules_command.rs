//! `caveat rules` at the command line: which files are meant, what is said of them, in which form, with which exit code.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{err, json_lines, out, run, succeed};

const RULE: &str = "format = 1\nid     = \"med.mine\"\ntitle  = \"Mine\"\nstatus = \"trial\"\nclass  = \"medicine.erectile\"\n\
                    when   = \"drug\"\n[pat.drug]\nterms = [\"zzviagra\"]\n\
                    [[test]]\nname = \"a\"\nflag = { title = \"zzviagra\" }\n[[test]]\nname = \"b\"\npass = { title = \"tea\" }\n";

/// A workspace as `init` makes it, with one rule more.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    succeed(&run(folder.path(), &["init", ".", "--contact", "crawler@authority.example"]));
    fs::write(folder.path().join("rules/packs/goods/med.mine.toml"), RULE).unwrap();
    folder
}

fn lint(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(folder, &[&["rules", "lint"], arguments].concat());
    (output.status.code(), err(&output))
}

#[test]
fn files_folders_and_ids_are_understood() {
    let folder = workspace();
    for arguments in [
        &["rules/packs/goods/med.mine.toml"][..],
        &["med.mine"],
        &["rules", "--rule", "med.mine"],
        &["rules/packs/goods", "--rule", "med.m"],
    ] {
        let (code, said) = lint(folder.path(), arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
        assert!(said.contains("1 sound rule, 0 errors, 0 warnings"), "{arguments:?}: {said}");
        let tested = run(folder.path(), &[&["rules", "test"], arguments].concat());
        assert!(err(&tested).contains("2 tests of 1 rule"), "{arguments:?}: {}", err(&tested));
    }
    let (code, said) = lint(folder.path(), &["rules/packs/goods"]);
    assert!(code == Some(0) && !said.contains("1 sound rule,"), "{said}");
    let inside = folder.path().join("rules/packs/goods");
    assert!(lint(&inside, &["med.mine.toml"]).1.contains("1 sound rule,"), "from inside of the folder");
    let (code, said) = lint(folder.path(), &["rules/lists/pde5-names.toml"]);
    assert!(code == Some(0) && said.contains("0 sound rules, 0 errors, 0 warnings"), "{said}");
}

#[test]
fn what_does_not_exist_is_named() {
    let folder = workspace();
    for (arguments, words) in [
        (&["med.mnie"][..], "did you mean \"med.mine\"?"),
        (&["no/such/file.toml"], "there is no file \"no/such/file.toml\""),
        (&["caveat.toml.bak"], "no file, rule or list is called"),
        (&["rules", "--rule", "xyz.xyz"], "no file, rule or list is called \"xyz.xyz\""),
    ] {
        let (code, said) = lint(folder.path(), arguments);
        assert!(code == Some(2) && said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn a_file_in_no_rules_folder_is_checked_beside_the_packs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("med.mine.toml");
    fs::write(&path, RULE.replace("terms = [\"zzviagra\"]", "list = \"pde5-names\"")).unwrap();
    let output = run(folder.path(), &["rules", "test", "med.mine.toml"]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        err(&output).contains("error: med.mine.toml:9 \"a\": must be flagged, but is not"),
        "{}",
        err(&output)
    );
    fs::write(&path, RULE.replace("when   = \"drug\"", "when   = \"durg\"")).unwrap();
    let (code, said) = lint(folder.path(), &["med.mine.toml"]);
    assert!(code == Some(1) && said.contains("--> med.mine.toml:6:11"), "{said}");
    assert!(said.contains("0 sound rules, 1 error, 0 warnings"), "{said}");
}

#[test]
fn broken_rules_are_named_where_they_are_left_out() {
    let folder = workspace();
    let path = folder.path().join("rules/packs/goods/med.mine.toml");
    fs::write(&path, RULE.replace("when   = \"drug\"", "when   = \"durg\"")).unwrap();
    let tested = run(folder.path(), &["rules", "test", "med.mine"]);
    assert_eq!(tested.status.code(), Some(1));
    assert!(err(&tested).contains("not tested because of errors: med.mine"), "{}", err(&tested));
    let listed = run(folder.path(), &["rules", "list", "goods"]);
    assert_eq!(listed.status.code(), Some(2), "{}", err(&listed));
    let listed = run(folder.path(), &["rules", "list"]);
    assert_eq!(listed.status.code(), Some(2));
    assert!(err(&listed).contains("not listed because of errors: med.mine"), "{}", err(&listed));
    assert!(out(&listed).contains("med.pde5-offer"));
}

#[test]
fn diagnostics_take_the_forms_that_programs_read() {
    let folder = workspace();
    let path = folder.path().join("rules/packs/goods/med.mine.toml");
    fs::write(&path, RULE.replace("when   = \"drug\"", "when   = \"durg\"")).unwrap();
    let with = |form: &[&str]| run(folder.path(), &[&["rules", "lint", "med.mine"], form].concat());
    for form in [&["--json"][..], &["--format", "json"]] {
        let lines = json_lines(&out(&with(form)));
        assert_eq!(lines.len(), 1);
        assert_eq!(
            (&lines[0]["code"], &lines[0]["line"]),
            (&Value::from("unknown-pattern"), &Value::from(6))
        );
    }
    let github = out(&with(&["--format", "github"]));
    assert!(github.starts_with("::error file=rules/packs/goods/med.mine.toml,line=6,col=11,"), "{github}");
    let sarif: Value = serde_json::from_str(&out(&with(&["--format", "sarif"]))).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-pattern");
    assert_eq!(with(&["--format", "sarif"]).status.code(), Some(1));
    assert!(!err(&with(&[])).contains('\u{1b}'), "colour where there is no terminal");
}

#[test]
fn mending_writes_only_what_was_asked_for() {
    let folder = workspace();
    let path = |name: &str| folder.path().join("rules/packs/goods").join(name);
    let slip = RULE.replace("[\"zzviagra\"]", "[\"zzviagra\", \"zzviagra\"] # once");
    fs::write(path("med.mine.toml"), &slip).unwrap();
    fs::write(path("med.other.toml"), slip.replace("med.mine", "med.other").replace("zz", "yy")).unwrap();
    let (code, said) = lint(folder.path(), &["med.mine"]);
    assert!(code == Some(0) && said.contains("`caveat rules lint --fix` mends 1 of them"), "{said}");
    let (code, said) = lint(folder.path(), &["med.mine", "--fix"]);
    assert!(code == Some(0) && said.contains("med.mine.toml: 1 problem mended"), "{said}");
    assert_eq!(
        fs::read_to_string(path("med.mine.toml")).unwrap(),
        RULE.replace("[\"zzviagra\"]", "[\"zzviagra\"] # once")
    );
    assert!(fs::read_to_string(path("med.other.toml")).unwrap().contains("yyviagra\", \"yyviagra"));
    assert!(!path("med.mine.toml.new").exists());
    let empty = tempfile::tempdir().unwrap();
    let (code, said) = lint(empty.path(), &["--fix"]);
    assert!(code == Some(0) && said.contains("the packs inside the program cannot be written"), "{said}");
}

#[test]
fn schemas_are_listed_printed_and_written() {
    let folder = tempfile::tempdir().unwrap();
    let listed = succeed(&run(folder.path(), &["rules", "schema"]));
    assert!(listed.contains("rule") && listed.contains("rules/packs/PACK/ID.toml"), "{listed}");
    let schema: Value =
        serde_json::from_str(&succeed(&run(folder.path(), &["rules", "schema", "rule"]))).unwrap();
    assert_eq!(schema["properties"]["pat"]["type"], "object");
    let wrong = run(folder.path(), &["rules", "schema", "rul"]);
    assert!(
        wrong.status.code() == Some(2) && err(&wrong).contains("did you mean \"rule\"?"),
        "{}",
        err(&wrong)
    );
    succeed(&run(folder.path(), &["rules", "schema", "--write", "schemas"]));
    let written = fs::read_dir(folder.path().join("schemas")).unwrap().count();
    assert_eq!(written, listed.lines().count() - 1);
}
