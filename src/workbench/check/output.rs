//! A check in the formats that pipelines read: JUnit, SARIF, GitHub's annotations, Markdown.

use std::fmt::Write as _;

use serde_json::json;

use super::{Check, Fault};
use crate::document::Level;

/// JUnit XML: one test case for each thing that was looked at.
pub fn junit(check: &Check) -> String {
    let failed = check.checks.iter().filter(|one| !one.errors.is_empty()).count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let all = check.checks.len();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "<testsuites name=\"caveat rules check\" tests=\"{all}\" failures=\"{failed}\">");
    for suite in ["lint", "layout", "test"] {
        let of_suite: Vec<_> = check.checks.iter().filter(|one| one.suite == suite).collect();
        let failed = of_suite.iter().filter(|one| !one.errors.is_empty()).count();
        let count = of_suite.len();
        let _ = writeln!(text, "  <testsuite name=\"{suite}\" tests=\"{count}\" failures=\"{failed}\">");
        for one in of_suite {
            let (class, name) = (xml(&one.file), xml(&one.name));
            let _ = write!(text, "    <testcase classname=\"{class}\" name=\"{name}\" file=\"{class}\"");
            let faults: Vec<&Fault> =
                one.errors.iter().filter_map(|place| check.faults.get(*place)).collect();
            if faults.is_empty() {
                text.push_str("/>\n");
                continue;
            }
            text.push_str(">\n");
            for fault in faults {
                let (code, message) = (xml(&fault.code), xml(&fault.message));
                let place = xml(&place(fault));
                let _ =
                    writeln!(text, "      <failure type=\"{code}\" message=\"{message}\">{place}</failure>");
            }
            text.push_str("    </testcase>\n");
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// SARIF 2.1.0, as code hosts show it beside the lines.
pub fn sarif(check: &Check) -> String {
    let mut codes: Vec<&str> = check.faults.iter().map(|fault| fault.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let results: Vec<_> = check
        .faults
        .iter()
        .map(|fault| {
            let text = match &fault.help {
                Some(help) => format!("{}. {help}", fault.message),
                None => fault.message.clone(),
            };
            json!({
                "ruleId": fault.code,
                "level": fault.level.name(),
                "message": { "text": text },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": fault.file.replace('\\', "/") },
                    "region": { "startLine": fault.line.max(1), "startColumn": fault.column.max(1) },
                }}],
            })
        })
        .collect();
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "caveat",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|code| json!({ "id": code })).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{sarif:#}\n")
}

/// Workflow commands of GitHub, which shows them beside the changed lines.
pub fn github(check: &Check) -> String {
    let mut text = String::new();
    for fault in &check.faults {
        let level = fault.level.name();
        let help = fault.help.as_deref().map(|help| format!("\n{help}")).unwrap_or_default();
        let _ = writeln!(
            text,
            "::{level} file={},line={},col={},title={}::{}",
            property(&fault.file),
            fault.line,
            fault.column,
            property(&fault.code),
            data(&format!("{}{help}", fault.message))
        );
    }
    text
}

/// Markdown, for a comment on a change.
pub fn markdown(check: &Check) -> String {
    let (errors, warnings) = (check.errors(), check.warnings());
    let sign = if errors == 0 { "✅" } else { "❌" };
    let mut text = format!(
        "### {sign} Rules: {errors} errors, {warnings} warnings\n\n{} rules, {} tests, {} files\n",
        check.rules, check.tests, check.files
    );
    if !check.faults.is_empty() {
        text.push_str("\n| | where | what |\n|---|---|---|\n");
    }
    for fault in &check.faults {
        let sign = if fault.level == Level::Error { "error" } else { "warning" };
        let help = fault.help.as_deref().map(|help| format!(" ({})", cell(help))).unwrap_or_default();
        let (code, message) = (cell(&fault.code), cell(&fault.message));
        let _ = writeln!(text, "| {sign} | {} | **{code}**: {message}{help} |", cell(&place(fault)));
    }
    text
}

fn place(fault: &Fault) -> String {
    format!("{}:{}:{}", fault.file, fault.line, fault.column)
}

fn xml(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 cannot hold these, escaped or not.
            '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}')
            }
            '\n' | '\r' | '\t' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out
}

/// The message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A cell of a Markdown table: nothing in it can end the cell or begin markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '|' | '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '@' | '!' | '&' => {
                let _ = write!(out, "&#{};", u32::from(letter));
            }
            letter if letter.is_control() => out.push('\u{fffd}'),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbench::check::Checked;

    fn hostile() -> Check {
        let fault = Fault {
            level: Level::Error,
            code: "test-flagged".to_owned(),
            file: "rules/packs/a,b/x.toml".to_owned(),
            line: 3,
            column: 7,
            message: "\"<b>\" & ]]> | `x`\n::error::50% \u{1b}[2J".to_owned(),
            help: None,
        };
        let checked = |errors| Checked { suite: "test", file: "f".to_owned(), name: "n".to_owned(), errors };
        Check { faults: vec![fault], checks: vec![checked(vec![0]), checked(vec![])], ..Check::default() }
    }

    #[test]
    fn hostile_texts_stay_inside_their_format() {
        let check = hostile();
        let junit = junit(&check);
        let mut reader = quick_xml::Reader::from_str(&junit);
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Eof => break,
                event => drop(event),
            }
        }
        assert!(junit.contains("tests=\"2\" failures=\"1\"") && !junit.contains('\u{1b}'), "{junit}");
        let sarif: serde_json::Value = serde_json::from_str(&sarif(&check)).unwrap();
        assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "test-flagged");
        let github = github(&check);
        assert_eq!(github.lines().count(), 1, "{github}");
        assert!(
            github.starts_with("::error file=rules/packs/a%2Cb/x.toml,line=3,col=7,title=test-flagged::")
        );
        let markdown = markdown(&check);
        let row = markdown.lines().last().unwrap();
        assert_eq!(row.matches('|').count(), 4, "{row}");
        assert!(!row.contains('<') && !row.contains('`'), "{row}");
    }
}
