//! What people get wrong, at the command line: each names the place and the cure, ends with its exit code, and stops
//! nothing else.

use std::fs;
use std::path::Path;

use crate::command::{err, json_lines, out, run, run_with, succeed};

/// A workspace as `init` makes it, with a contact.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    succeed(&run(folder.path(), &["init", ".", "--contact", "crawler@authority.example"]));
    folder
}

fn source(folder: &Path, text: &str) {
    let head = "id = \"shop\"\nname = \"Shop\"\nstart = [\"https://shop.example/\"]\n";
    fs::write(folder.join("sources/shop.toml"), format!("{head}{text}")).unwrap();
}

#[test]
fn mistakes_in_source_files_are_shown_in_their_place() {
    let cases = [
        ("strat = 1\n", "sources/shop.toml:4:1", "did you mean `start`"),
        ("[select]\ntitle = \"h1..x\"\n", "sources/shop.toml:5:10", "not a CSS selector"),
        ("schedule = \"61 3 * * 1 Europe/Berlin\"\n", "sources/shop.toml:4:", "schedule"),
        ("schedule = \"0 3 * * 1 Europe/Berln\"\n", "sources/shop.toml:4:", "Europe/Berlin"),
        ("[limits]\nrate_per_second = 0.0\n", "sources/shop.toml:5:", "a rate lies above 0"),
        ("id = \"other\"\n", "sources/shop.toml:4:", "id"),
        ("name = \"unfinished\n", "sources/shop.toml:4:", "string"),
    ];
    let folder = workspace();
    for (text, place, words) in cases {
        source(folder.path(), text);
        for command in [&["sources", "check"][..], &["crawl", "shop", "--dry-run"]] {
            let output = run(folder.path(), command);
            let said = err(&output);
            assert_eq!(output.status.code(), Some(2), "{text}: {said}");
            assert!(
                said.contains(place) && said.contains(words),
                "{text}: wanted {place} and {words:?} in\n{said}"
            );
        }
    }
}

#[test]
fn a_broken_rule_is_shown_and_the_others_still_run() {
    let cases = [
        ("when   = \"drug andd dose\"", "andd"),
        ("when   = \"drug and (dose\"", "("),
        ("when   = \"durg\"", "did you mean `drug`"),
    ];
    let folder = workspace();
    let path = folder.path().join("rules/packs/goods/goods.broken.toml");
    let listing = br#"{"title":"Viagra 100mg no prescription"}"#;
    for (when, words) in cases {
        let text = format!(
            "format = 1\nid     = \"goods.broken\"\ntitle  = \"Broken\"\nstatus = \"trial\"\nclass  = \"toy.magnet\"\n{when}\n\
             [pat.drug]\nterms = [\"x\"]\n[pat.dose]\nregex = '\\d+ mg'\n"
        );
        fs::write(&path, text).unwrap();
        let output = run_with(folder.path(), &["scan", "-"], listing);
        let said = err(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("goods.broken.toml:6:") && said.contains(words), "wanted {words:?} in\n{said}");
        assert!(said.contains("all other rules run"), "{said}");
        assert_eq!(json_lines(&out(&output))[0]["verdict"], "flag", "the other rules did not run");
        assert_eq!(run(folder.path(), &["rules", "lint"]).status.code(), Some(1));
    }
    fs::write(&path, "format = 1\nid = \"goods.broken\"\n[pat.a]\nregex = '(unclosed'\n").unwrap();
    let said = err(&run(folder.path(), &["rules", "lint"]));
    assert!(said.contains("goods.broken.toml:4:"), "{said}");
}

#[test]
fn configuration_and_data_folder_are_named_when_they_cannot_be_used() {
    let folder = workspace();
    fs::write(folder.path().join("caveat.toml"), "operater = \"x\"\n").unwrap();
    let output = run(folder.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(2));
    let said = err(&output);
    assert!(said.contains("caveat.toml:1:1") && said.contains("`operator`"), "{said}");

    fs::write(folder.path().join("caveat.toml"), "").unwrap();
    source(folder.path(), "");
    let output = run(folder.path(), &["crawl", "shop"]);
    assert_eq!(output.status.code(), Some(2), "a foreign host without a contact");
    assert!(err(&output).contains("contact"), "{}", err(&output));

    fs::write(folder.path().join("a-file"), "").unwrap();
    let output = run(folder.path(), &["demo", "--data", "a-file/data"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains("a-file/data"), "{}", err(&output));

    let output = run(folder.path(), &["findings", "list", "--data", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("nowhere"), "{}", err(&output));
}

#[test]
fn commands_that_read_make_no_store_and_a_crawl_spares_other_folders() {
    let folder = workspace();
    let notes = folder.path().join("notes");
    fs::create_dir(&notes).unwrap();
    fs::write(notes.join("mine.txt"), "kept").unwrap();
    source(folder.path(), "");
    fs::write(folder.path().join("caveat.toml"), "contact = \"a@b.example\"\n").unwrap();
    let commands: [&[&str]; 6] = [
        &["findings", "list"],
        &["findings", "show", "abc"],
        &["findings", "export"],
        &["evidence", "verify"],
        &["crawl", "shop"],
        &["doctor"],
    ];
    for command in commands {
        let output = run(folder.path(), &[command, &["--data", "notes"][..]].concat());
        let expected = if command == ["doctor"] { 1 } else { 2 };
        assert_eq!(output.status.code(), Some(expected), "{command:?}: {}", err(&output));
        assert!(err(&output).contains("notes"), "{command:?}: {}", err(&output));
        let inside: Vec<_> = fs::read_dir(&notes).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(inside, ["mine.txt"], "{command:?}");
    }
}

#[test]
fn a_contact_that_no_shop_could_use_is_refused_before_anything_is_made() {
    let folder = tempfile::tempdir().unwrap();
    for (option, value, says) in
        [("--contact", "me", "crawler@authority.example"), ("--operator", "A (b)", "no parentheses")]
    {
        let output = run(folder.path(), &["init", "new", option, value]);
        assert_eq!(output.status.code(), Some(2), "{}", err(&output));
        assert!(err(&output).contains(says), "{}", err(&output));
        assert!(!folder.path().join("new").exists());
    }
}

#[test]
fn the_demo_never_clears_a_folder_that_is_not_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mine");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("precious"), "kept").unwrap();
    let output = run(folder.path(), &["demo", "--data", "mine"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    assert_eq!(fs::read_to_string(data.join("precious")).unwrap(), "kept");
}

#[test]
fn init_never_overwrites() {
    let folder = workspace();
    fs::write(folder.path().join("caveat.toml"), "# mine\n").unwrap();
    succeed(&run(folder.path(), &["init", "."]));
    assert_eq!(fs::read_to_string(folder.path().join("caveat.toml")).unwrap(), "# mine\n");
    // What `init` makes is sound.
    let fresh = workspace();
    let example = fresh.path().join("sources/shop-example.toml");
    fs::rename(fresh.path().join("sources/shop-example.toml.example"), example).unwrap();
    succeed(&run(fresh.path(), &["sources", "check"]));
    succeed(&run(fresh.path(), &["rules", "lint", "-q"]));
    succeed(&run(fresh.path(), &["doctor"]));
}

#[test]
fn completions_and_manual_are_written() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        assert!(succeed(&run(folder.path(), &["completions", shell])).contains("caveat"));
    }
    assert!(succeed(&run(folder.path(), &["man"])).contains(".TH"));
}
