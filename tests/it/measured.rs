//! `rules eval`, `diff`, `promote` and `corpus …` by the real binary, on small corpora whose answers are known.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::command::{err, json_lines, out, run, run_with, succeed};

const RULE: &str = r#"format = 1
id     = "toy.strong-magnet"
title  = "Strong magnets as toys"
status = "trial"
class  = "toy.magnet"
when   = "ball"

[pat.ball]
terms = ["magnetkugeln", "magnetic balls"]

[bar]
precision = 0.90

[[test]]
name = "balls"
flag = { title = "216 magnetic balls" }
[[test]]
name = "board"
pass = { title = "Magnetic board" }
"#;

/// A workspace with one rule and its class.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    succeed(&run(folder.path(), &["init", "."]));
    for pack in ["medicines", "medicines-abortion", "goods"] {
        fs::remove_dir_all(folder.path().join("rules/packs").join(pack)).unwrap();
    }
    fs::remove_file(folder.path().join("corpus/listings.jsonl")).unwrap();
    let pack = folder.path().join("rules/packs/toys");
    fs::create_dir(&pack).unwrap();
    fs::write(
        pack.join("pack.toml"),
        "format = 1\ntitle = \"Toys\"\ndescription = \"Toys\"\ndefault = true\n",
    )
    .unwrap();
    fs::write(pack.join("toy.strong-magnet.toml"), RULE).unwrap();
    folder
}

struct Line<'l> {
    id: String,
    title: String,
    seller: String,
    label: &'l str,
    class: Option<&'l str>,
    split: &'l str,
}

fn line(id: &str, title: &str, label: &'static str) -> Line<'static> {
    Line {
        id: id.to_owned(),
        title: title.to_owned(),
        seller: format!("seller of {id}"),
        label,
        class: (label == "flag").then_some("toy.magnet"),
        split: "train",
    }
}

fn write_corpus(folder: &Path, lines: &[Line<'_>]) {
    let text: String = lines
        .iter()
        .map(|line| {
            let listing = json!({ "title": line.title, "seller": { "name": line.seller }, "language": "en" });
            let line = json!({
                "id": line.id, "listing": listing, "label": line.label, "class": line.class, "split": line.split,
                "slices": ["kind:plain"],
            });
            format!("{line}\n")
        })
        .collect();
    fs::create_dir_all(folder.join("corpus")).unwrap();
    fs::write(folder.join("corpus/c.jsonl"), text).unwrap();
}

/// Right hits of many sellers, each with a text of its own.
fn balls(count: usize) -> Vec<Line<'static>> {
    (0..count)
        .map(|n| line(&format!("r{n}"), &format!("magnetic balls lot{n} case{n} from shelf{n}"), "flag"))
        .collect()
}

fn rule_line(folder: &Path, arguments: &[&str]) -> Value {
    let lines = json_lines(&succeed(&run(folder, &[&["rules", "eval", "--json"], arguments].concat())));
    lines.into_iter().find(|line| line["kind"] == "rule").unwrap()
}

#[test]
fn two_hundred_hits_from_one_seller_are_one_observation() {
    let folder = workspace();
    let mut lines = balls(200);
    for line in &mut lines {
        "one seller".clone_into(&mut line.seller);
    }
    lines.push(line("w1", "Magnetic balls: a physics book", "pass"));
    lines.push(line("w2", "My report about magnetic balls", "pass"));
    lines.push(line("m1", "Tiny strong spheres, 5 mm", "flag"));
    write_corpus(folder.path(), &lines);
    let rule = rule_line(folder.path(), &[]);
    let counts = ["hits", "right", "wrong", "missed", "unique"].map(|key| rule[key].as_u64().unwrap());
    assert_eq!(counts, [202, 200, 2, 1, 200]);
    assert_eq!(rule["precision"]["observations"], 3.0);
    assert_eq!(rule["precision"]["value"], 0.3333);
    assert_eq!(rule["precision"]["few"], true);
    assert_eq!((&rule["recall"]["observations"], &rule["recall"]["value"]), (&json!(2.0), &json!(0.5)));
    assert!(rule["ms"].is_number());
}

#[test]
fn every_result_bears_its_corpus_and_others_are_refused() {
    let folder = workspace();
    write_corpus(folder.path(), &balls(20));
    let first = succeed(&run(folder.path(), &["rules", "eval", "--json"]));
    let lines = json_lines(&first);
    assert!(
        lines.iter().all(|line| line["corpus"].as_str().unwrap().len() == 64 && line["rules"].is_string())
    );
    fs::write(folder.path().join("first.jsonl"), &first).unwrap();
    let same = succeed(&run(folder.path(), &["rules", "eval", "--compare", "first.jsonl"]));
    assert!(same.contains("no rule differs"), "{same}");

    write_corpus(folder.path(), &balls(21));
    let refused = run(folder.path(), &["rules", "eval", "--compare", "first.jsonl"]);
    assert_eq!((refused.status.code(), out(&refused).as_str()), (Some(2), ""));
    assert!(err(&refused).contains("figures of different corpora cannot be compared"), "{}", err(&refused));
}

#[test]
fn a_blind_listing_is_counted_and_never_shown() {
    let folder = workspace();
    let mut lines = balls(20);
    lines.push(Line { split: "blind", ..line("secret-id", "secret magnetic balls title", "pass") });
    lines.push(Line { split: "blind", ..line("secret-other", "secret spheres", "flag") });
    write_corpus(folder.path(), &lines);
    for arguments in [&["rules", "eval"][..], &["rules", "eval", "--json"], &["corpus", "export"]] {
        let output = run(folder.path(), arguments);
        assert!(!format!("{}{}", succeed(&output), err(&output)).contains("secret"), "{arguments:?}");
    }
    let looks = folder.path().join("corpus/blind-looks.jsonl");
    assert!(!looks.exists());
    for look in 1..=2 {
        let output = run(folder.path(), &["rules", "eval", "--blind", "--json"]);
        let lines = json_lines(&succeed(&output));
        assert_eq!(lines.len(), 1);
        assert!(!format!("{}{}", out(&output), err(&output)).contains("secret"));
        assert_eq!((&lines[0]["looks"], &lines[0]["totals"]["false_alarms"]), (&json!(look), &json!(1)));
    }
    let noted = json_lines(&fs::read_to_string(&looks).unwrap());
    assert_eq!(noted.len(), 2);
    assert!(noted.iter().all(|look| look["rules"].is_string() && look["totals"]["missed"] == 1));
    // However the corpus is named, the same looks are counted.
    let output = run(folder.path(), &["rules", "eval", "--blind", "--json", "--corpus", "corpus/c.jsonl"]);
    assert_eq!(json_lines(&succeed(&output))[0]["looks"], 3);
    // Writing the blind split out is a look, too.
    assert!(succeed(&run(folder.path(), &["corpus", "export", "--blind"])).contains("secret"));
    assert_eq!(fs::read_to_string(&looks).unwrap().lines().count(), 4);

    // A look that cannot be counted is none.
    fs::remove_file(&looks).unwrap();
    fs::create_dir(&looks).unwrap();
    let output = run(folder.path(), &["rules", "eval", "--blind"]);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(3), ""));
    assert!(err(&output).contains("cannot be counted"), "{}", err(&output));
}

#[test]
fn a_dead_evaluator_turns_the_run_red() {
    let folder = workspace();
    write_corpus(folder.path(), &balls(20));
    succeed(&run(folder.path(), &["rules", "eval"]));
    // Hits are kept, and used again: whoever empties them kills the canary that hits everything.
    let kept = fs::read_dir(folder.path().join("data/workbench")).unwrap().next().unwrap().unwrap().path();
    let mut file: Value = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    for row in file["rules"].as_object_mut().unwrap().values_mut() {
        row["hits"] = json!([20]);
    }
    fs::write(&kept, file.to_string()).unwrap();
    let red = run(folder.path(), &["rules", "eval"]);
    assert_eq!(red.status.code(), Some(1));
    assert!(err(&red).contains("the evaluator is broken"), "{}", err(&red));
    succeed(&run(folder.path(), &["rules", "eval", "--fresh"]));
    // Damage makes the file empty, not the figures wrong.
    fs::write(&kept, "{").unwrap();
    assert_eq!(rule_line(folder.path(), &[])["right"], 20);
}

#[test]
fn wrong_lines_of_a_corpus_name_both_places_and_end_with_3() {
    let folder = workspace();
    let mut lines = balls(12);
    lines.push(line("r0", "another text", "flag"));
    lines.push(line("x", "magnetic balls lot1 case1 from shelf1", "pass"));
    lines[13].seller = lines[1].seller.clone();
    write_corpus(folder.path(), &lines);
    let output = run(folder.path(), &["rules", "eval", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let said = err(&output);
    assert!(said.contains("corpus/c.jsonl:13: the same id as at corpus/c.jsonl:1, labelled alike"), "{said}");
    assert!(
        said.contains("corpus/c.jsonl:14: the same listing as at corpus/c.jsonl:2, which is labelled flag"),
        "{said}"
    );
    let total = &json_lines(&out(&output))[0]["totals"];
    assert_eq!(total["listings"], 11);
    // `promote` writes nothing on such a corpus.
    assert_eq!(run(folder.path(), &["rules", "promote"]).status.code(), Some(3));
    assert!(!folder.path().join("rules/rules.lock").exists());
    // Removing what stands there twice is safe; what contradicts is for a person.
    let output = run(folder.path(), &["corpus", "dedupe", "--write"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert_eq!(fs::read_to_string(folder.path().join("corpus/c.jsonl")).unwrap().lines().count(), 13);
}

#[test]
fn doubted_labels_come_first_where_the_rules_are_surest() {
    let folder = workspace();
    let mut lines = balls(40);
    lines.push(line("doubted", "magnetic balls, a set of 216 for the desk", "pass"));
    write_corpus(folder.path(), &lines);
    let lines = json_lines(&succeed(&run(folder.path(), &["rules", "eval", "--json"])));
    let doubts: Vec<&Value> = lines.iter().filter(|line| line["kind"] == "doubt").collect();
    assert_eq!(doubts.len(), 1);
    assert_eq!((&doubts[0]["id"], &doubts[0]["label"]), (&json!("doubted"), &json!("pass")));
    assert!(doubts[0]["doubt"].as_f64().unwrap() > 0.9, "{}", doubts[0]);
    let markdown = succeed(&run(folder.path(), &["rules", "eval", "--format", "markdown"]));
    assert!(markdown.contains("| toy.strong-magnet | trial | 41 | 40 | 1 |"), "{markdown}");
}

#[test]
fn diff_tells_what_is_gained_lost_and_flipped_against_a_folder_and_a_revision() {
    let folder = workspace();
    let mut lines = balls(12);
    lines.push(line("g1", "Buckyballs 216", "flag"));
    lines.push(line("g2", "Buckyballs: the story", "pass"));
    lines.push(line("l1", "Magnetkugeln 5 mm", "flag"));
    write_corpus(folder.path(), &lines);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let output =
            Command::new("git").args(identity).args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", err(&output));
    };
    git(&["init", "-q"]);
    git(&["add", "rules"]);
    git(&["commit", "-qm", "first"]);
    let old = folder.path().join("old");
    assert!(
        Command::new("cp")
            .args(["-r", "rules", "old"])
            .current_dir(folder.path())
            .status()
            .unwrap()
            .success()
    );
    let rule = folder.path().join("rules/packs/toys/toy.strong-magnet.toml");
    fs::write(&rule, RULE.replace("\"magnetkugeln\"", "\"buckyballs\"")).unwrap();
    for base in ["HEAD", old.to_str().unwrap()] {
        let output = run(folder.path(), &["rules", "diff", base, "--json"]);
        let lines = json_lines(&succeed(&output));
        let listings: Vec<(&str, &str, Option<bool>)> = lines
            .iter()
            .filter(|line| line["kind"] == "listing")
            .map(|line| {
                (line["id"].as_str().unwrap(), line["change"].as_str().unwrap(), line["better"].as_bool())
            })
            .collect();
        let expected =
            [("g1", "gained", Some(true)), ("g2", "gained", Some(false)), ("l1", "lost", Some(false))];
        assert_eq!(listings, expected, "{base}");
        let summary = lines.last().unwrap();
        assert_eq!((&summary["gained"]["listings"], &summary["kept"]), (&json!(2), &Value::Null));
    }
    let shown = succeed(&run(folder.path(), &["rules", "diff", "HEAD"]));
    assert!(shown.contains("2 gained (1 better, 1 worse), 1 lost (0 better, 1 worse), 0 flipped"), "{shown}");
    assert!(shown.contains("no crawl kept listings here"), "{shown}");
    let unknown = run(folder.path(), &["rules", "diff", "no-such-revision"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("neither a rules folder nor a revision"), "{}", err(&unknown));
    assert_eq!(run(folder.path(), &["rules", "diff", "--", "--output=x"]).status.code(), Some(2));
}

#[test]
fn rules_rise_on_measured_bars_and_fall_when_they_no_longer_meet_them() {
    let folder = workspace();
    let rule = folder.path().join("rules/packs/toys/toy.strong-magnet.toml");
    let lock = folder.path().join("rules/rules.lock");
    fs::write(&rule, RULE.replace("\"trial\"", "\"draft\"")).unwrap();
    let status = || {
        let text = fs::read_to_string(&rule).unwrap();
        text.lines().find(|line| line.starts_with("status")).unwrap().to_owned()
    };
    write_corpus(folder.path(), &balls(24));
    succeed(&run(folder.path(), &["rules", "promote"]));
    assert_eq!(status(), "status = \"trial\"");
    succeed(&run(folder.path(), &["rules", "promote"]));
    assert_eq!(status(), "status = \"trial\"", "24 observations are not sure of 0.90");
    write_corpus(folder.path(), &balls(25));
    let lines = json_lines(&succeed(&run(folder.path(), &["rules", "promote", "--json"])));
    assert_eq!((status().as_str(), &lines[0]["to"]), ("status = \"active\"", &json!("active")));
    let text = fs::read_to_string(&lock).unwrap();
    assert!(
        text.contains("[rule.\"toy.strong-magnet\"]") && text.contains("flagged = 25\nright   = 25"),
        "{text}"
    );
    assert!(text.contains(lines[0]["corpus"].as_str().unwrap()), "{text}");
    let listed = json_lines(&succeed(&run(folder.path(), &["rules", "list", "--json"])));
    assert_eq!(listed[0]["status"], "active");

    // A changed rule is not the one that was measured.
    let active = fs::read_to_string(&rule).unwrap();
    fs::write(&rule, active.replace("\"magnetic balls\"", "\"magnetic balls\", \"board\"")).unwrap();
    let listed = json_lines(&succeed(&run(folder.path(), &["rules", "list", "--json"])));
    assert_eq!(listed[0]["status"], "trial");
    fs::write(&rule, active).unwrap();

    let mut worse = balls(25);
    worse.extend((0..3).map(|n| line(&format!("w{n}"), &format!("magnetic balls story{n} book{n}"), "pass")));
    write_corpus(folder.path(), &worse);
    let told = run(folder.path(), &["rules", "promote", "--dry-run", "--format", "github"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(out(&told).starts_with("::error file=rules/packs/toys/toy.strong-magnet.toml"), "{}", out(&told));
    assert_eq!(status(), "status = \"active\"");
    succeed(&run(folder.path(), &["rules", "promote"]));
    assert_eq!(status(), "status = \"trial\"");
}

#[test]
fn a_table_becomes_labelled_split_and_exported() {
    let folder = workspace();
    let table = "title;price;currency;seller;label;class\nMagnetkugeln 216;9,90;EUR;Shop;;\nBuch;3;EUR;Shop;pass;\nBuch;3;EUR;Shop;pass;\n";
    fs::write(folder.path().join("in.csv"), table).unwrap();
    let said = succeed(&run(folder.path(), &["corpus", "import", "in.csv", "--slice", "month:2026-11"]));
    assert_eq!(
        said,
        "in.csv: 2 listings added, 1 of them wait for a label; 1 were there already, 0 refused\n"
    );
    let again = succeed(&run(folder.path(), &["corpus", "import", "in.csv"]));
    assert!(again.contains("0 listings added") && again.contains("3 were there already"), "{again}");

    let wrong = run_with(folder.path(), &["corpus", "label"], b"f toy.magnets\n");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(err(&wrong).contains("did you mean toy.magnet?"), "{}", err(&wrong));
    let labelled = run_with(folder.path(), &["corpus", "label", "--json"], b"f toy.magnet\n");
    let id = json_lines(&succeed(&labelled))[0]["id"].as_str().unwrap().to_owned();
    // A label that is there is changed only by who asks for it.
    fs::write(folder.path().join("answers"), format!("{id} p\n")).unwrap();
    let refused = run(folder.path(), &["corpus", "label", "--answers", "answers"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(err(&refused).contains("is labelled flag toy.magnet already"), "{}", err(&refused));

    succeed(&run(folder.path(), &["corpus", "split", "--blind", "0", "--write"]));
    let written = fs::read_to_string(folder.path().join("corpus/imported.jsonl")).unwrap();
    assert_eq!(written.matches("\"split\":\"train\"").count(), 2, "{written}");
    let exported = succeed(&run(folder.path(), &["corpus", "export", "--format", "csv"]));
    assert!(
        exported.starts_with("id,url,title,") && exported.contains(",flag,toy.magnet,train,month:2026-11,"),
        "{exported}"
    );
    // What was exported is known when it is imported.
    fs::write(folder.path().join("out.csv"), exported).unwrap();
    let again = succeed(&run(folder.path(), &["corpus", "import", "out.csv"]));
    assert!(again.contains("0 listings added"), "{again}");
    let stats = json_lines(&succeed(&run(folder.path(), &["corpus", "stats", "--json"])));
    assert_eq!((&stats[0]["waiting"], &stats[1]["listings"]), (&json!(0), &json!(2)));
}
