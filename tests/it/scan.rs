//! `scan` and `extract` as a program sees them: order, contract, streaming, and records that cannot be read.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::command::{caveat, err, json_lines, out, run, run_with, succeed};

const FLAGGED: &str = r#"{"title":"Viagra 100mg, no prescription","price":{"amount":"25","currency":"EUR"}}"#;
const LAWFUL: &str = r#"{"title":"Garden chair, oak"}"#;
const PAGE: &str = "<html lang=en><head><script type='application/ld+json'>{\"@type\":\"Product\",\
    \"name\":\"Viagra 100mg, no prescription\",\"offers\":{\"price\":\"25.00\",\"priceCurrency\":\"EUR\"}}</script>\
    </head><body><h1>Viagra 100mg, no prescription</h1></body></html>";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A WARC record that holds the page.
fn warc_page(name: &str) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", PAGE.len());
    let length = head.len() + PAGE.len();
    format!(
        "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: https://shop.example/{name}\r\nWARC-Date: 2026-11-01T00:00:00Z\r\n\
         Content-Type: application/http; msgtype=response\r\nContent-Length: {length}\r\n\r\n{head}{PAGE}\r\n\r\n"
    )
    .into_bytes()
}

/// A folder may hold what is no file at all; waiting for it would never end.
#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("pages");
    fs::create_dir(&inside).unwrap();
    let made = std::process::Command::new("mkfifo").arg(inside.join("pipe.html")).status().unwrap();
    assert!(made.success());
    fs::write(inside.join("page.html"), PAGE).unwrap();
    let output = run(folder.path(), &["scan", "pages"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let lines = json_lines(&out(&output));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[1]["error"].as_str().unwrap().contains("pipe"), "{lines:#?}");
}

#[test]
fn a_line_is_answered_as_the_contract_says() {
    let folder = tempfile::tempdir().unwrap();
    let input = r#"{"id":7,"listing":{"title":"V і a g r a 100mg no prescription","price":{"amount":25,"currency":"EUR"}}}"#;
    let line = json_lines(&succeed(&run_with(folder.path(), &["scan", "-"], input.as_bytes()))).remove(0);
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "file", "line", "url", "verdict", "score", "severity", "class", "hits"]);
    assert_eq!((&line["id"], &line["file"], &line["line"]), (&json!("7"), &json!("-"), &json!(1)));
    assert_eq!(line["verdict"], "flag");
    assert_eq!(line["class"], "medicine.erectile");
    let hit = &line["hits"][0];
    let keys: Vec<&str> = hit.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["rule", "class", "severity", "suppressed_by", "matches"]);
    let title = "V і a g r a 100mg no prescription";
    let matches = hit["matches"].as_array().unwrap();
    assert!(matches.iter().any(|found| found["text"] == "V і a g r a"), "{matches:?}");
    for found in matches.iter().filter(|found| found["field"] == "title") {
        let span = found["start"].as_u64().unwrap() as usize..found["end"].as_u64().unwrap() as usize;
        assert_eq!(title.get(span), found["text"].as_str());
    }
}

#[test]
fn a_decoy_hides_no_offer() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = "Viagra 100mg, no prescription";
    let page = |headline: &str, marked: &str| {
        format!(
            "<html lang=en><title>Shop</title><script type='application/ld+json'>{{\"@type\":\"Product\",\"name\":\
             \"{marked}\",\"offers\":{{\"price\":\"25.00\",\"priceCurrency\":\"EUR\"}}}}</script><h1>{headline}</h1>"
        )
    };
    fs::write(folder.path().join("a.html"), page(hidden, "Garden chair, oak")).unwrap();
    fs::write(folder.path().join("b.html"), page("Garden chair, oak", hidden)).unwrap();
    for file in ["a.html", "b.html"] {
        let line = json_lines(&succeed(&run(folder.path(), &["scan", file]))).remove(0);
        assert_eq!(line["verdict"], "flag", "{file}");
        let listing =
            json_lines(&succeed(&run(folder.path(), &["extract", file]))).remove(0)["listing"].take();
        for found in
            line["hits"].as_array().unwrap().iter().flat_map(|hit| hit["matches"].as_array().unwrap())
        {
            let field = found["field"].as_str().unwrap();
            let value = match field.strip_prefix("conflicts[").and_then(|rest| rest.strip_suffix(']')) {
                Some(place) => &listing["conflicts"][place.parse::<usize>().unwrap()]["value"],
                None => &listing[field],
            };
            let span = found["start"].as_u64().unwrap() as usize..found["end"].as_u64().unwrap() as usize;
            assert_eq!(
                value.as_str().and_then(|value| value.get(span)),
                found["text"].as_str(),
                "{file} {field}"
            );
        }
    }
    let lawful = r#"{"title":"Viagra poster, printed","conflicts":[{"field":"title","value":"Garden chair","source":"meta"}]}"#;
    let line = json_lines(&succeed(&run_with(folder.path(), &["scan", "-"], lawful.as_bytes()))).remove(0);
    assert_eq!(line["verdict"], "pass");
}

#[test]
fn answers_come_in_input_order_whatever_the_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let lines: String = (0..5000)
        .map(|n| format!("{{\"id\":\"{n}\",\"listing\":{}}}\n", if n % 7 == 0 { FLAGGED } else { LAWFUL }))
        .collect();
    fs::write(folder.path().join("all.jsonl"), lines).unwrap();
    let one = succeed(&run(folder.path(), &["scan", "all.jsonl", "--threads", "1"]));
    let many = succeed(&run(folder.path(), &["scan", "all.jsonl", "--threads", "7"]));
    assert_eq!(one, many);
    let ids: Vec<String> =
        json_lines(&one).iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..5000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn what_cannot_be_read_is_a_line_of_its_own_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cut = gzip(PAGE.repeat(50).as_bytes());
    let files: [(&str, Vec<u8>); 14] = [
        ("a-cut.html.gz", cut[..cut.len() / 2].to_vec()),
        ("b-empty.html", Vec::new()),
        ("c-binary.html", (0..=255).cycle().take(100_000).collect()),
        ("d-lines.jsonl", format!("{FLAGGED}\nnot json\n[1]\n{{\"price\":1}}\n\n{LAWFUL}\n").into_bytes()),
        ("e-page.html", PAGE.as_bytes().to_vec()),
        ("f-page.html.gz", gzip(PAGE.as_bytes())),
        ("g-large.html", format!("<html><body>{}</body></html>", "x ".repeat(25 << 20)).into_bytes()),
        ("h-other.pdf", b"%PDF".to_vec()),
        ("i-twice.html.gz", gzip(&gzip(PAGE.as_bytes()))),
        ("j-archive.html", b"PK\x03\x04 and more".to_vec()),
        ("k-marked.jsonl", format!("\u{feff}{FLAGGED}\n{LAWFUL}\n").into_bytes()),
        (
            "l-utf16.jsonl",
            [b"\xff\xfe".to_vec(), FLAGGED.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
        ),
        (
            "m-broken-first.warc.gz",
            [b"damaged".to_vec(), gzip(&warc_page("a")), gzip(&warc_page("b"))].concat(),
        ),
        ("n-broken-member.warc.gz", {
            let mut first = gzip(&warc_page("a"));
            let middle = first.len() / 2;
            first[middle..].iter_mut().take(20).for_each(|byte| *byte ^= 0xff);
            [first, gzip(&warc_page("b"))].concat()
        }),
    ];
    for (name, bytes) in &files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let output = run(folder.path(), &["scan", "."]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let lines = json_lines(&out(&output));
    let errors: Vec<(String, Value)> = lines
        .iter()
        .filter(|line| line.get("error").is_some())
        .map(|line| {
            let file = line["file"].as_str().unwrap().trim_start_matches("./").to_owned();
            assert!(line["error"].as_str().unwrap().len() > 20, "says too little: {line}");
            (file, line["line"].clone())
        })
        .collect();
    let expected = [
        ("a-cut.html.gz".to_owned(), Value::Null),
        ("c-binary.html".to_owned(), Value::Null),
        ("d-lines.jsonl".to_owned(), json!(2)),
        ("d-lines.jsonl".to_owned(), json!(3)),
        ("d-lines.jsonl".to_owned(), json!(4)),
        ("i-twice.html.gz".to_owned(), Value::Null),
        ("j-archive.html".to_owned(), Value::Null),
        ("l-utf16.jsonl".to_owned(), Value::Null),
        ("m-broken-first.warc.gz".to_owned(), Value::Null),
        ("n-broken-member.warc.gz".to_owned(), Value::Null),
    ];
    assert_eq!(errors, expected);
    let flagged = lines.iter().filter(|line| line["verdict"] == "flag").count();
    assert_eq!(flagged, 3 + 1 + 2 + 1, "{lines:#?}");
    assert!(err(&output).contains("1 files of other kinds skipped"), "{}", err(&output));
}

#[test]
fn a_line_is_answered_before_the_next_one_comes() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = caveat(folder.path(), &["scan", "-", "-q"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        writeln!(stdin, "{FLAGGED}").unwrap();
        let answer: Value = serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        assert_eq!(answer["verdict"], "flag");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn fail_on_decides_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let code =
        |input: &str, arguments: &[&str]| run_with(folder.path(), arguments, input.as_bytes()).status.code();
    assert_eq!(code(FLAGGED, &["scan", "-"]), Some(0));
    assert_eq!(code(FLAGGED, &["scan", "-", "--fail-on", "low"]), Some(1));
    assert_eq!(code(LAWFUL, &["scan", "-", "--fail-on", "low"]), Some(0));
    assert_eq!(code(&format!("{FLAGGED}\nbroken\n"), &["scan", "-", "--fail-on", "low"]), Some(3));
    assert_eq!(code(FLAGGED, &["scan", "-", "--fail-on", "lots"]), Some(2));
    assert_eq!(code(FLAGGED, &["scan", "missing.jsonl"]), Some(3));
    assert_eq!(code(FLAGGED, &["scan"]), Some(2));
}

#[test]
fn extract_answers_one_line_a_page() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("page.html"), PAGE).unwrap();
    let output = succeed(&run(folder.path(), &["extract", "page.html", "--url", "https://shop.example/p/1"]));
    let line = json_lines(&output).remove(0);
    let keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["file", "url", "page_type", "listing", "cards", "links", "problems"]);
    assert_eq!(line["page_type"], "product");
    assert_eq!(line["listing"]["price"]["amount"], "25.00");
    let explained = succeed(&run(folder.path(), &["extract", "page.html", "--explain"]));
    assert!(json_lines(&explained)[0]["explain"].is_array());
}

#[test]
fn hostile_text_does_not_steer_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let input = "{\"title\":\"Viagra 100mg no prescription \\u001b[2J\\u202e\\u009b\"}";
    let output = run_with(folder.path(), &["scan", "-"], input.as_bytes());
    let shown = format!("{}{}", out(&output), err(&output));
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{shown:?}");
}
