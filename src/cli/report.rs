//! What pipelines read: XML of `JUnit`, SARIF, GitHub annotations and Markdown, all from one plain structure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use serde_json::json;

use super::terminal::harmless;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// XML that test dashboards read
    Junit,
    /// SARIF 2.1.0, which code-scanning dashboards read
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// Markdown, for comments and summaries
    Markdown,
}

/// What was checked and what came of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Report {
    /// What made it (`rules check`).
    pub(super) name: String,
    /// Everything that was checked, sound or not, in order.
    pub(super) cases: Vec<Case>,
}

/// One thing that was checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Case {
    /// What it belongs to (a rule's id, a kind of check).
    pub(super) group: String,
    /// Its name in the group.
    pub(super) name: String,
    /// What is wrong; empty when all is well.
    pub(super) issues: Vec<Issue>,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    /// Whether it fails the check.
    pub(super) fails: bool,
    /// Stable name of the kind of fault.
    pub(super) code: String,
    /// In words.
    pub(super) message: String,
    /// The file at fault, as a person named it.
    pub(super) file: Option<String>,
    /// From 1.
    pub(super) line: Option<usize>,
    /// From 1, in characters.
    pub(super) column: Option<usize>,
}

impl Report {
    /// How many cases fail.
    pub(super) fn failures(&self) -> usize {
        self.cases.iter().filter(|case| case.issues.iter().any(|issue| issue.fails)).count()
    }

    /// The report in a format, ending with a line break unless it is empty.
    pub(super) fn render(&self, format: Format) -> String {
        match format {
            Format::Junit => self.junit(),
            Format::Sarif => self.sarif(),
            Format::Github => self.github(),
            Format::Markdown => self.markdown(),
        }
    }

    fn issues(&self) -> impl Iterator<Item = (&Case, &Issue)> {
        self.cases.iter().flat_map(|case| case.issues.iter().map(move |issue| (case, issue)))
    }

    fn junit(&self) -> String {
        let mut groups: Vec<(&str, Vec<&Case>)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for case in &self.cases {
            let place = *places.entry(&case.group).or_insert_with(|| {
                groups.push((&case.group, Vec::new()));
                groups.len() - 1
            });
            if let Some((_, cases)) = groups.get_mut(place) {
                cases.push(case);
            }
        }
        let mut text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\">\n",
            xml(&self.name),
            self.cases.len(),
            self.failures()
        );
        for (group, cases) in groups {
            let failures = cases.iter().filter(|case| case.issues.iter().any(|issue| issue.fails)).count();
            let _ = writeln!(
                text,
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\">",
                xml(group),
                cases.len()
            );
            for case in cases {
                let _ = write!(
                    text,
                    "    <testcase classname=\"{}\" name=\"{}\"",
                    xml(&format!("{}.{group}", self.name)),
                    xml(&case.name)
                );
                if case.issues.is_empty() {
                    text.push_str("/>\n");
                    continue;
                }
                text.push_str(">\n");
                let said = |issue: &Issue| format!("{}{}", place(issue, ": "), issue.message);
                for issue in case.issues.iter().filter(|issue| issue.fails) {
                    let (message, body) = (xml(&issue.message), xml(&said(issue)));
                    let code = xml(&issue.code);
                    let _ = writeln!(
                        text,
                        "      <failure type=\"{code}\" message=\"{message}\">{body}</failure>"
                    );
                }
                let warnings: Vec<String> =
                    case.issues.iter().filter(|issue| !issue.fails).map(said).collect();
                if !warnings.is_empty() {
                    let _ = writeln!(text, "      <system-out>{}</system-out>", xml(&warnings.join("\n")));
                }
                text.push_str("    </testcase>\n");
            }
            text.push_str("  </testsuite>\n");
        }
        text.push_str("</testsuites>\n");
        text
    }

    fn sarif(&self) -> String {
        let codes: std::collections::BTreeSet<&str> =
            self.issues().map(|(_, issue)| issue.code.as_str()).collect();
        let results: Vec<serde_json::Value> = self
            .issues()
            .map(|(case, issue)| {
                let mut result = json!({
                    "ruleId": issue.code,
                    "level": if issue.fails { "error" } else { "warning" },
                    "message": { "text": format!("{} {}: {}", case.group, case.name, issue.message) },
                });
                if let (Some(file), Some(result)) = (&issue.file, result.as_object_mut()) {
                    let region = json!({ "startLine": issue.line.unwrap_or(1), "startColumn": issue.column.unwrap_or(1) });
                    let uri = file.replace('\\', "/").replace('%', "%25").replace(' ', "%20");
                    let place = json!({ "artifactLocation": { "uri": uri }, "region": region });
                    result.insert("locations".to_owned(), json!([{ "physicalLocation": place }]));
                }
                result
            })
            .collect();
        let rules: Vec<_> = codes.iter().map(|code| json!({ "id": code })).collect();
        let driver = json!({ "name": "caveat", "version": env!("CARGO_PKG_VERSION"), "rules": rules });
        let report = json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{ "tool": { "driver": driver }, "results": results }],
        });
        format!("{report:#}\n")
    }

    fn github(&self) -> String {
        let mut text = String::new();
        for (case, issue) in self.issues() {
            let mut properties = Vec::new();
            if let Some(file) = &issue.file {
                properties.push(format!("file={}", property(file)));
            }
            properties.extend(issue.line.map(|line| format!("line={line}")));
            properties.extend(issue.column.map(|column| format!("col={column}")));
            properties.push(format!("title={}", property(&format!("{} {}", case.group, case.name))));
            let kind = if issue.fails { "error" } else { "warning" };
            let _ = writeln!(text, "::{kind} {}::{}", properties.join(","), data(&issue.message));
        }
        text
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "### {}\n\n{} checked, {} failed\n",
            markdown(&self.name),
            self.cases.len(),
            self.failures()
        );
        let rows: Vec<Vec<String>> = self
            .issues()
            .map(|(case, issue)| {
                let kind = if issue.fails { "**fails**" } else { "warning" };
                let about = format!("{} {}", case.group, case.name);
                vec![kind.to_owned(), markdown(&about), markdown(&place(issue, "")), markdown(&issue.message)]
            })
            .collect();
        if !rows.is_empty() {
            text.push('\n');
            text.push_str(&markdown_table(&["", "what", "where", "why"], &rows));
        }
        text
    }
}

/// A Markdown table. Cells are Markdown already; see [`markdown`].
pub(super) fn markdown_table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = format!("| {} |\n|{}\n", header.join(" | "), "---|".repeat(header.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Foreign text inside a Markdown cell: nothing in it is a link, a picture, HTML, a mention or a new cell.
pub(super) fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in harmless(text).chars() {
        match letter {
            '|' | '*' | '_' | '`' | '[' | ']' | '#' | '~' | '\\' => {
                shown.push('\\');
                shown.push(letter);
            }
            '<' => shown.push_str("&lt;"),
            '&' => shown.push_str("&amp;"),
            // A mention would send mail to somebody.
            '@' => shown.push_str("&#64;"),
            _ => shown.push(letter),
        }
    }
    shown
}

fn place(issue: &Issue, end: &str) -> String {
    let Some(file) = &issue.file else { return String::new() };
    let line = issue.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{file}{line}{end}")
}

fn xml(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\n' => shown.push_str("&#10;"),
            // XML 1.0 has no way to write these.
            '\u{fffe}' | '\u{ffff}' => shown.push('\u{fffd}'),
            letter if letter.is_control() && letter != '\t' => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
            }
            letter => shown.push(letter),
        }
    }
    shown
}

/// A message of an annotation.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let issue = |fails, message: &str| Issue {
            fails,
            code: "bad-thing".to_owned(),
            message: message.to_owned(),
            file: Some("rules/a b.toml".to_owned()),
            line: Some(7),
            column: None,
        };
        let case = |name: &str, issues| Case { group: "med.x".to_owned(), name: name.to_owned(), issues };
        let hostile = "a <b> & \"c\" | [d](e) @f\n::error::g\u{1b}[2J";
        Report {
            name: "rules check".to_owned(),
            cases: vec![
                case("lint", vec![issue(true, hostile), issue(false, "odd")]),
                case("test", Vec::new()),
            ],
        }
    }

    #[test]
    fn junit_counts_cases_and_escapes() {
        let text = report().render(Format::Junit);
        assert!(text.contains(r#"<testsuites name="rules check" tests="2" failures="1">"#), "{text}");
        assert!(text.contains("a &lt;b&gt; &amp; &quot;c&quot;"), "{text}");
        assert!(text.contains(r#"name="test"/>"#) && !text.contains('\u{1b}'), "{text}");
        assert!(text.contains("<system-out>rules/a b.toml:7: odd</system-out>"), "{text}");
        let mut reader = quick_xml::Reader::from_str(&text);
        while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    }

    #[test]
    fn sarif_is_json_with_places() {
        let report: serde_json::Value = serde_json::from_str(&report().render(Format::Sarif)).unwrap();
        let results = report["runs"][0]["results"].as_array().unwrap();
        assert_eq!((report["version"].as_str(), results.len()), (Some("2.1.0"), 2));
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "rules/a%20b.toml");
        assert_eq!((&place["region"]["startLine"], &results[1]["level"]), (&json!(7), &json!("warning")));
    }

    #[test]
    fn hostile_text_starts_no_annotation_and_no_markdown() {
        let text = report().render(Format::Github);
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.starts_with("::error file=rules/a b.toml,line=7,title=med.x lint::a <b>"), "{text}");
        let text = report().render(Format::Markdown);
        assert!(text.contains(r"a &lt;b> &amp; "), "{text}");
        assert!(text.contains(r"\| \[d\](e) &#64;f"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with('|')).count(), 4, "{text}");
    }
}
