//! Verdicts: what hits come to.

use caveat::finding::{Hit, Match, Ruling, Severity};
use caveat::verdict::{UNDECIDED_CLASS, decide};

fn hit(rule: &str, class: &str, severity: Severity, tricks: &[&str]) -> Hit {
    let found = Match {
        pattern: "p".to_owned(),
        field: "title".to_owned(),
        text: "x".to_owned(),
        start: 0,
        end: 1,
        view: "standard".to_owned(),
        tricks: tricks.iter().map(|trick| (*trick).to_owned()).collect(),
    };
    Hit {
        rule: rule.to_owned(),
        class: class.to_owned(),
        severity,
        suppressed_by: None,
        matches: vec![found],
    }
}

fn suppressed(hit: Hit) -> Hit {
    Hit { suppressed_by: Some("book".to_owned()), ..hit }
}

#[test]
fn the_score_adds_up() {
    use Severity::{Critical, High, Low, Medium};
    let cases = [
        (vec![hit("a", "toy.magnet", Low, &[])], 20),
        (vec![hit("a", "toy.magnet", Medium, &[])], 40),
        (vec![hit("a", "toy.magnet", High, &[])], 60),
        (vec![hit("a", "toy.magnet", Critical, &[])], 75),
        (vec![hit("a", "toy.magnet", High, &["leet"])], 64),
        (vec![hit("a", "toy.magnet", High, &["leet", "leet", "spacing"])], 68),
        (vec![hit("a", "toy.magnet", High, &["a", "b", "c", "d", "e"])], 72),
        (vec![hit("a", "toy.magnet", High, &[]), hit("b", "toy.magnet", Low, &[])], 63),
        (vec![hit("a", "toy.magnet", High, &[]), hit("b", "fire.lantern", Low, &[])], 67),
        (vec![hit("a", "toy.magnet", High, &[]), hit("a", "toy.magnet", High, &[])], 60),
        (
            vec![
                hit("a", "toy.magnet", High, &[]),
                suppressed(hit("b", "fire.lantern", Critical, &["leet"])),
            ],
            60,
        ),
        (vec![hit("a", "toy.magnet", High, &[]), hit("b", UNDECIDED_CLASS, Critical, &[])], 60),
    ];
    for (hits, score) in cases {
        assert_eq!(decide(hits.clone()).score, score, "{hits:?}");
    }
    let many: Vec<Hit> =
        (0..40).map(|n| hit(&format!("r{n}"), &format!("f{n}.c"), Critical, &["a", "b", "c", "d"])).collect();
    assert_eq!(decide(many).score, 100);
}

#[test]
fn nothing_that_counts_is_a_pass() {
    for hits in [
        vec![],
        vec![suppressed(hit("a", "toy.magnet", Severity::Critical, &[]))],
        vec![hit("a", UNDECIDED_CLASS, Severity::Critical, &[])],
    ] {
        let verdict = decide(hits.clone());
        assert_eq!(
            (verdict.ruling, verdict.score, verdict.severity, verdict.class),
            (Ruling::Pass, 0, None, None)
        );
        assert_eq!(verdict.hits, hits, "what was seen stays visible");
    }
}

#[test]
fn the_top_class_does_not_depend_on_the_order_of_hits() {
    let hits = vec![
        suppressed(hit("a.first", "medicine.opioid", Severity::Critical, &[])),
        hit("d", "toy.magnet", Severity::High, &[]),
        hit("c", "fire.lantern", Severity::High, &["leet"]),
        hit("b", "laser.pointer", Severity::High, &[]),
        hit("a", "gas.nitrous", Severity::Low, &["leet", "spacing"]),
        hit("e", UNDECIDED_CLASS, Severity::Critical, &[]),
    ];
    let expected = ["c", "b", "d", "a", "a.first", "e"];
    let mut turned = hits.clone();
    for _ in 0..hits.len() {
        turned.rotate_left(1);
        let verdict = decide(turned.clone());
        let rules: Vec<&str> = verdict.hits.iter().map(|hit| hit.rule.as_str()).collect();
        assert_eq!(rules, expected);
        assert_eq!(verdict.class.as_deref(), Some("fire.lantern"));
        assert_eq!((verdict.ruling, verdict.severity), (Ruling::Flag, Some(Severity::High)));
    }
}
