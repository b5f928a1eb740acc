//! `caveat findings`

mod decide;

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use super::arguments::{ExportFormat, FindingFilter as Filter, Findings as Command};
use super::exit::{Exit, Failure, Outcome};
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::terminal::{BOLD, DIM, harmless, harmless_cut, json_line, out, severity_style, styled, table};
use crate::clock::SystemClock;
use crate::document;
use crate::finding::{Action, Evidence, Finding, Hit, Match};
use crate::listing::Listing;
use crate::store::{FindingFilter, FindingRecord, Store};
use crate::workspace::Workspace;

/// Findings shown on a terminal unless `--limit` says otherwise; more than a screen or two is for --json.
const SHOWN: usize = 50;

pub(super) fn run(shell: &Shell, command: Command) -> Outcome {
    let workspace = shell.workspace()?;
    let store = Store::open_existing(&workspace.data, Arc::new(SystemClock))?;
    match command {
        Command::List(filter) => {
            check_filter(shell, &workspace, &store, &filter)?;
            list(shell, &store, filter)
        }
        Command::Show { id } => {
            let record = store.finding(&id)?;
            if shell.global.json {
                let FindingRecord { finding, history, review } = &record;
                let mut line = serde_json::to_value(finding).map_err(io::Error::from)?;
                if let Some(line) = line.as_object_mut() {
                    line.insert(
                        "history".to_owned(),
                        serde_json::to_value(history).map_err(io::Error::from)?,
                    );
                    line.insert("review".to_owned(), serde_json::to_value(review).map_err(io::Error::from)?);
                }
                writeln!(out(), "{}", json_line(&line)?)?;
                return Ok(Exit::Done);
            }
            let mut rulebook = Rulebook::open(shell, &workspace)?;
            show(&mut rulebook, &record)
        }
        Command::Decide(arguments) => {
            let step = decide::step(&workspace, &arguments)?;
            decide::run(shell, &store, &arguments.ids, &step)
        }
        Command::Assign { ids, to, nobody: _ } => {
            let step = decide::by_hand(Action::Assign { to }, None);
            decide::run(shell, &store, &ids, &step)
        }
        Command::Export { filter, format } => {
            check_filter(shell, &workspace, &store, &filter)?;
            export(&store, filter, format)
        }
    }
}

/// A misspelt class or source would look like "nothing found".
fn check_filter(shell: &Shell, workspace: &Workspace, store: &Store, filter: &Filter) -> Result<(), Failure> {
    if let Some(class) = &filter.class {
        let rulebook = Rulebook::open(shell, workspace)?;
        let classes = rulebook.loaded.set.taxonomy.classes.keys();
        let families = classes.clone().filter_map(|class| Some(class.split_once('.')?.0.to_owned()));
        let known: BTreeSet<String> = classes.cloned().chain(families).collect();
        let of_class = FindingFilter { class: Some(class.clone()), ..FindingFilter::default() };
        unknown("class", class, &known, store.findings(of_class))?;
    }
    if let Some(source) = &filter.source {
        let files = workspace.source_paths()?;
        let files = files.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
        let mut known: BTreeSet<String> = files.collect();
        known.extend(store.runs(None)?.into_iter().map(|run| run.source));
        let of_source = FindingFilter { source: Some(source.clone()), ..FindingFilter::default() };
        unknown("source", source, &known, store.findings(of_source))?;
    }
    Ok(())
}

/// Names listed where none is near what was typed.
const NAMES_SHOWN: usize = 12;

/// Findings of a class or source that has gone since are still asked for by its name.
fn unknown<T>(
    what: &str,
    name: &str,
    known: &BTreeSet<String>,
    mut kept: impl Iterator<Item = T>,
) -> Result<(), Failure> {
    if known.contains(name) || kept.next().is_some() {
        return Ok(());
    }
    let near = document::nearest(name, known.iter().map(String::as_str));
    let all = || known.iter().take(NAMES_SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    let hint = match near {
        Some(near) => format!("; did you mean {near:?}?"),
        None if known.is_empty() => String::new(),
        None => format!("; there are {}", all()),
    };
    Err(Failure::usage(anyhow::anyhow!("there is no {what} {name:?}{hint}")))
}

fn select(store: &Store, filter: Filter) -> impl Iterator<Item = Result<Finding, Failure>> + use<> {
    let limit = filter.limit.unwrap_or(usize::MAX);
    let filter = FindingFilter {
        class: filter.class,
        source: filter.source,
        min_severity: filter.severity,
        states: filter.state,
        assignee: filter.assignee,
        ..FindingFilter::default()
    };
    store.findings(filter).take(limit).map(|finding| finding.map_err(Failure::from))
}

fn list(shell: &Shell, store: &Store, filter: Filter) -> Outcome {
    if shell.global.json || !io::stdout().is_terminal() {
        return export(store, filter, ExportFormat::Jsonl);
    }
    let limit = filter.limit.unwrap_or(SHOWN);
    let mut rows = Vec::new();
    for finding in select(store, Filter { limit: Some(limit), ..filter }) {
        let finding = finding?;
        let severity = styled(finding.severity.name(), severity_style(finding.severity));
        rows.push(vec![
            finding.id.chars().take(8).collect(),
            finding.state.name().replace('_', " "),
            severity,
            finding.score.to_string(),
            finding.class.clone(),
            harmless_cut(&finding.listing.title, 60),
            finding.source.clone(),
        ]);
    }
    let shown = rows.len();
    if rows.is_empty() {
        shell.say("no finding fits; crawl a source, or ask for less");
        return Ok(Exit::Done);
    }
    write!(out(), "{}", table(&["id", "state", "severity", "score", "class", "title", "source"], &rows))?;
    let total = store.totals()?.findings;
    if shown == limit && total > shown as u64 {
        shell.say(format_args!("{shown} of {total} findings; --limit shows more"));
    }
    shell.say(format_args!(
        "next: {}",
        styled(format_args!("caveat findings show ID{}", shell.data_flag()), BOLD)
    ));
    Ok(Exit::Done)
}

fn export(store: &Store, filter: Filter, format: ExportFormat) -> Outcome {
    let mut out = io::BufWriter::new(out());
    if format == ExportFormat::Csv {
        writeln!(out, "{}", csv_row(COLUMNS.iter().copied()))?;
    }
    for finding in select(store, filter) {
        let finding = finding?;
        match format {
            ExportFormat::Jsonl => writeln!(out, "{}", json_line(&finding)?)?,
            ExportFormat::Csv => {
                let cells = cells(&finding);
                writeln!(out, "{}", csv_row(cells.iter().map(String::as_str)))?;
            }
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

const COLUMNS: [&str; 16] = [
    "id",
    "state",
    "severity",
    "score",
    "class",
    "source",
    "title",
    "url",
    "price",
    "currency",
    "seller",
    "rules",
    "first_seen",
    "last_seen",
    "warc",
    "warc_sha256",
];

fn cells(finding: &Finding) -> [String; 16] {
    let price = finding.listing.price.as_ref();
    let (warc, digest) = match &finding.evidence {
        Evidence::Warc(place) => (format!("{}@{}", place.warc, place.offset), place.sha256.clone()),
        Evidence::None(_) => ("none".to_owned(), String::new()),
    };
    let rules: Vec<&str> =
        finding.hits.iter().filter(|hit| hit.suppressed_by.is_none()).map(|hit| hit.rule.as_str()).collect();
    [
        finding.id.clone(),
        finding.state.name().to_owned(),
        finding.severity.name().to_owned(),
        finding.score.to_string(),
        finding.class.clone(),
        finding.source.clone(),
        finding.listing.title.clone(),
        finding.url.clone(),
        price.map(|price| price.amount.to_string()).unwrap_or_default(),
        price.and_then(|price| price.currency.clone()).unwrap_or_default(),
        finding.listing.seller.as_ref().and_then(|seller| seller.name.clone()).unwrap_or_default(),
        rules.join(" "),
        finding.first_seen.to_string(),
        finding.last_seen.to_string(),
        warc,
        digest,
    ]
}

/// One row by RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe before it; numbers do
/// not, a minus sign included.
fn csv_row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells = cells.map(|cell| {
        let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
            && cell.parse::<f64>().is_err();
        let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
        let cell = harmless_lines(&cell);
        if cell.contains([',', '"', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
    });
    cells.collect::<Vec<_>>().join(",")
}

/// Line breaks become spaces, other steering characters are shown.
fn harmless_lines(text: &str) -> String {
    harmless(&text.replace(['\r', '\n'], " "))
}

fn show(rulebook: &mut Rulebook, record: &FindingRecord) -> Outcome {
    let finding = &record.finding;
    let listing = &finding.listing;
    let mut out = out();
    let severity = styled(finding.severity.name(), severity_style(finding.severity));
    writeln!(
        out,
        "{}  {severity} {}  {}",
        styled(&finding.id, BOLD),
        finding.score,
        styled(&finding.class, BOLD)
    )?;
    if let Some(class) = rulebook.loaded.set.taxonomy.classes.get(&finding.class) {
        writeln!(out, "{}", class.title.get("en").map_or("", String::as_str))?;
        row(&mut out, "check", class.check.get("en").map_or("", String::as_str))?;
        row(&mut out, "authority", &class.authority)?;
        for basis in &class.legal_basis {
            row(&mut out, "law", &format!("{} ({}); a lawyer must confirm", basis.provision, basis.url))?;
        }
    }
    writeln!(out)?;
    row(&mut out, "url", &harmless(&finding.url))?;
    row(&mut out, "source", &format!("{}, {}", finding.source, finding.state.name()))?;
    row(&mut out, "seen", &format!("{} to {}", finding.first_seen, finding.last_seen))?;
    if let Some(price) = &listing.price {
        let currency = price.currency.as_deref().unwrap_or("(currency not stated)");
        row(&mut out, "price", &format!("{} {currency}", price.amount))?;
    }
    if let Some(name) = listing.seller.as_ref().and_then(|seller| seller.name.as_deref()) {
        row(&mut out, "seller", &harmless(name))?;
    }
    if let Some(name) = &record.review.assignee {
        row(&mut out, "given to", &harmless(name))?;
    }
    if let Some(until) = record.review.snoozed {
        row(&mut out, "snoozed", &format!("until {until}, or until the offer changes"))?;
    }
    match &finding.evidence {
        Evidence::Warc(place) => {
            row(&mut out, "evidence", &format!("{} at byte {}", place.warc, place.offset))?;
            row(&mut out, "", &styled(format_args!("sha256 {}", place.sha256), DIM))?;
        }
        Evidence::None(_) => row(&mut out, "evidence", "none; fetch it again before you rely on it")?,
    }
    writeln!(out)?;
    for (name, value) in fields(listing) {
        let marks = marks(&finding.hits, &name);
        if name == "title" || !marks.is_empty() {
            row(&mut out, &name, &highlighted(value, &marks))?;
        }
    }
    writeln!(out)?;
    for hit in &finding.hits {
        let title =
            rulebook.loaded.set.rules.iter().find(|rule| rule.id == hit.rule).map_or("", |rule| &rule.title);
        let off = hit.suppressed_by.as_deref().map(|name| format!(" (let off: {name})")).unwrap_or_default();
        writeln!(out, "  {} {title}{off}", styled(&hit.rule, BOLD))?;
        for found in &hit.matches {
            let tricks = if found.tricks.is_empty() {
                String::new()
            } else {
                format!("  [{}]", found.tricks.join(", "))
            };
            let text = harmless_cut(&found.text, 60);
            writeln!(
                out,
                "    {:<14} “{text}” in {}{}",
                found.pattern,
                harmless(&found.field),
                styled(tricks, DIM)
            )?;
        }
    }
    for step in &record.history {
        let price = step.price.as_deref().unwrap_or("-");
        let line = format!("  {}  {} {} {} {price}", step.at, step.class, step.severity.name(), step.score);
        writeln!(out, "{}", styled(line, DIM))?;
    }
    for taken in &record.review.steps {
        writeln!(out, "  {}", decide::told(taken))?;
    }
    Ok(Exit::Done)
}

fn row(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {} {value}", styled(format_args!("{:<12}", harmless_cut(name, 30)), DIM))
}

/// The fields that patterns look into, named as matches name them.
fn fields(listing: &Listing) -> Vec<(String, &str)> {
    let mut fields =
        vec![("title".to_owned(), listing.title.as_str()), ("description".to_owned(), &listing.description)];
    fields.extend(listing.brand.as_deref().map(|brand| ("brand".to_owned(), brand)));
    let categories = listing.category.iter().enumerate();
    fields.extend(categories.map(|(n, category)| (format!("category[{n}]"), category.as_str())));
    fields.extend(
        listing.attributes.iter().map(|(name, value)| (format!("attributes.{name}"), value.as_str())),
    );
    let seller = listing.seller.as_ref().and_then(|seller| seller.name.as_deref());
    fields.extend(seller.map(|name| ("seller".to_owned(), name)));
    let lost = listing.conflicts.iter().enumerate();
    let lost = lost.filter(|(_, conflict)| matches!(conflict.field.as_str(), "title" | "description"));
    fields.extend(lost.map(|(n, conflict)| (format!("conflicts[{n}]"), conflict.value.as_str())));
    fields
}

/// The spans that matches cover in a field, joined where they overlap, in order.
fn marks(hits: &[Hit], field: &str) -> Vec<(usize, usize)> {
    let matches = hits.iter().flat_map(|hit| &hit.matches).filter(|found: &&Match| found.field == field);
    let mut spans: Vec<_> = matches.map(|found| (found.start, found.end)).collect();
    spans.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (start, end) in spans {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// Characters of unmarked text that are shown around marks.
const AROUND: usize = 60;

fn highlighted(value: &str, marks: &[(usize, usize)]) -> String {
    let mut text = String::new();
    let mut at = 0;
    let part = |from: usize, to: usize| value.get(from..to).unwrap_or_default();
    for &(start, end) in marks {
        text.push_str(&shortened(part(at, start), at > 0, true));
        text.push_str(&styled(harmless(part(start, end)), anstyle::Style::new().invert()));
        at = end;
    }
    text.push_str(&shortened(part(at, value.len()), at > 0, false));
    text
}

/// The ends of a stretch that lie beside marks.
fn shortened(text: &str, after_mark: bool, before_mark: bool) -> String {
    let letters: Vec<char> = text.chars().collect();
    let keep = usize::from(after_mark) * AROUND + usize::from(before_mark) * AROUND;
    if letters.len() <= keep.max(2 * AROUND) {
        return harmless(text);
    }
    let head: String = letters.iter().take(if after_mark || !before_mark { AROUND } else { 0 }).collect();
    let tail: String = letters.iter().skip(letters.len() - if before_mark { AROUND } else { 0 }).collect();
    format!("{} … {}", harmless(&head), harmless(&tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheet_formulas_become_text_and_numbers_stay() {
        let row = csv_row(
            ["=1+1", "-12.50", "@x", "a,b", "say \"hi\"", "two\nlines", "+49 30", "＝1", "fine"].into_iter(),
        );
        assert_eq!(row, "'=1+1,-12.50,'@x,\"a,b\",\"say \"\"hi\"\"\",two lines,'+49 30,'＝1,fine");
    }

    #[test]
    fn marks_join_and_long_text_is_cut_between_them() {
        let text = format!("{}Viagra{}", "a".repeat(300), "b".repeat(300));
        let shown = highlighted(&text, &[(300, 306)]);
        assert!(shown.contains("Viagra") && shown.contains('…') && shown.chars().count() < 200, "{shown}");
        assert_eq!(highlighted("plain", &[]), "plain");
    }
}
