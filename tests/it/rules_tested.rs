//! `rules test`: what it says of rules whose tests hold, and of those whose tests do not.

use caveat::rules::folder::RuleFile;
use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::workbench::rule_test::{FailureKind, Report, run};

const TAXONOMY: &str = "format = 1\n[class.\"medicine.erectile\"]\nseverity = \"high\"\nauthority = \"medicines\"\ntitle = { en = \"x\" }\n";

const RULE: &str = r#"
format = 1
id     = "med.x"
title  = "Potency medicine"
status = "draft"
class  = "medicine.erectile"
when   = "drug and (no_rx or dose or price_eur < 5)"
[pat.drug]
terms = ["viagra"]
fold  = "evasive"
[pat.no_rx]
terms = ["without prescription"]
[pat.dose]
regex  = '(\d{2,3})\s?mg\b'
number = { group = 1, min = 25 }
[except.books]
terms  = ["book"]
unless = ["no_rx"]
why    = "printed matter"
"#;

fn report(tests: &str) -> Report {
    let files = [
        RuleFile::new("taxonomy.toml", TAXONOMY),
        RuleFile::new("packs/m/pack.toml", "format = 1\ntitle = \"m\"\ndescription = \"m\"\n"),
        RuleFile::new("packs/m/med.x.toml", format!("{RULE}{tests}")),
    ];
    let loaded =
        load(&files, &LoadOptions { packs: Packs::All, include_drafts: true, ..LoadOptions::default() });
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics[0].render());
    run(&loaded.set, &loaded.files)
}

fn said(report: &Report) -> Vec<(FailureKind, Option<usize>, &str)> {
    report.failures.iter().map(|one| (one.kind, one.line, one.message.as_str())).collect()
}

const DEFENCE: &str = "[[test]]\nname = \"book\"\npass = { title = \"Viagra 100 mg, a book\" }\n";

#[test]
fn sound_tests_hold() {
    let report = report(&format!(
        "{DEFENCE}[[test]]\nname = \"spaced\"\nflag = {{ title = \"V i a g r a 50mg\" }}\nhits = {{ drug = \"V i a g r a\", dose = \"50mg\" }}\n\
         [[test]]\nname = \"kept\"\nflag = {{ title = \"Viagra book without prescription\" }}\n\
         [[test]]\nname = \"weak\"\npass = {{ title = \"Viagra 10mg\" }}\n"
    ));
    assert_eq!(said(&report), []);
    assert_eq!((report.rules, report.tests, report.exceptions), (1, 4, 1));
}

#[test]
fn failures_say_what_was_found_instead() {
    let found = report(&format!(
        "{DEFENCE}[[test]]\nname = \"no dose\"\nflag = {{ title = \"Viagra\" }}\n\
         [[test]]\nname = \"let off\"\nflag = {{ title = \"Viagra 100 mg book\" }}\n\
         [[test]]\nname = \"flagged\"\npass = {{ title = \"Viagra 100 mg\", price = {{ amount = \"4\", currency = \"EUR\" }} }}\n\
         [[test]]\nname = \"other text\"\nflag = {{ title = \"VIAGRA 100 mg\" }}\nhits = {{ drug = \"Viagra\", no_rx = \"x\" }}\n"
    ));
    assert_eq!(
        said(&found),
        [
            (
                FailureKind::NotFlagged,
                Some(23),
                "must be flagged, but is not: `drug` occurs (\"Viagra\"), `no_rx` does not occur, `dose` does not occur, \
                 `price_eur < 5` does not hold"
            ),
            (FailureKind::NotFlagged, Some(26), "must be flagged, but exception `books` lets it off"),
            (
                FailureKind::Flagged,
                Some(29),
                "must pass, but is flagged: `drug` occurs (\"Viagra\"), `no_rx` does not occur, `dose` occurs (\"100 mg\"), \
                 `price_eur < 5` holds"
            ),
            (FailureKind::WrongHit, Some(32), "`drug` should cover \"Viagra\", but covers \"VIAGRA\""),
            (FailureKind::WrongHit, Some(32), "`no_rx` should cover \"x\", but does not occur"),
        ]
    );
    assert_eq!(found.failures[0].file.as_deref(), Some("packs/m/med.x.toml"));
    assert_eq!(found.failures[0].test.as_deref(), Some("no dose"));
}

#[test]
fn an_exception_needs_a_test_that_would_flag_without_it() {
    for (what, tests) in [
        ("none", ""),
        (
            "a pass test that has nothing to do with it",
            "[[test]]\nname = \"tea\"\npass = { title = \"Tea book\" }\n",
        ),
        ("a flag test", "[[test]]\nname = \"rx\"\nflag = { title = \"Viagra book without prescription\" }\n"),
    ] {
        let report = report(tests);
        let expected =
            (FailureKind::UndefendedException, None, "no `pass` test would flag without exception `books`");
        assert_eq!(said(&report), [expected], "{what}");
    }
    assert_eq!(said(&report(DEFENCE)), []);
}

#[test]
fn a_report_is_json() {
    let json = serde_json::to_value(report("")).unwrap();
    assert_eq!(json["failures"][0]["kind"], "undefended-exception");
    assert_eq!(json["failures"][0]["line"], serde_json::Value::Null);
}
