//! The rules that ship with the program: sound, without a lint that matters, and their tests hold.

use std::path::Path;

use caveat::rules::folder::read_folder;
use caveat::rules::load::Loaded;
use caveat::workbench::{lint, rule_test};

fn shipped() -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    // Without a day, lints that compare dates are silent: a test must not begin to fail by itself.
    lint::lint(&read_folder(&folder).unwrap(), "rules", None)
}

#[test]
fn they_are_sound_and_clean() {
    let loaded = shipped();
    let said: Vec<String> = loaded.diagnostics.iter().map(ToString::to_string).collect();
    assert!(said.is_empty(), "{}", said.join("\n\n"));
    assert!(loaded.set.rules.len() >= 12, "only {} rules", loaded.set.rules.len());
}

#[test]
fn their_tests_hold_and_every_exception_is_needed() {
    let loaded = shipped();
    let report = rule_test::run(&loaded.set, &loaded.files);
    let failures: Vec<String> = report
        .failures
        .iter()
        .map(|one| {
            format!("{}:{}: {}", one.file.as_deref().unwrap_or(&one.rule), one.line.unwrap_or(0), one.message)
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(report.tests >= 2 * report.rules, "{} tests for {} rules", report.tests, report.rules);
}
