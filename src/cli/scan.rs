//! `caveat scan`

use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::Arc;

use super::arguments::Scan;
use super::exit::{Exit, Failure, Outcome};
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::terminal::{harmless, harmless_cut, json_line, out, severity_style, styled};
use crate::extract::Extractor;
use crate::finding::{Ruling, Severity};
use crate::scan::input::Input;
use crate::scan::{JudgedLine, ScanLine, ScanSummary, Scanner, scan};
use crate::source::Source;
use crate::workspace;

pub(super) fn run(shell: &Shell, arguments: Scan) -> Outcome {
    let workspace = shell.workspace()?;
    let mut rulebook = Rulebook::open(shell, &workspace)?;
    let source = read_source(shell, arguments.source.as_deref())?;
    let packs = source.as_ref().map(|source| source.packs.clone()).unwrap_or_default();
    rulebook.check_packs("the source file", &packs)?;
    let market = arguments.market.or_else(|| source.as_ref().and_then(|source| source.market.clone()));
    let scanner = Scanner {
        matcher: rulebook.matcher(shell, &packs, arguments.information),
        extractor: Arc::new(extractor(source.as_ref())?),
        market,
        threads: arguments.threads.unwrap_or_else(cores).max(1),
    };
    let inputs: Vec<Input> = arguments.paths.into_iter().map(Input::from).collect();
    // Whoever feeds us line by line waits for the answer to each.
    let prompt = inputs.iter().any(|input| matches!(input, Input::Stdin));
    let human = !shell.global.json && io::stdout().is_terminal();
    let mut out = io::BufWriter::with_capacity(1 << 16, out());
    let summary = scan(inputs, &scanner, |line| {
        let pass = matches!(&line, ScanLine::Judged(line) if line.verdict.ruling == Ruling::Pass);
        if pass && (arguments.flagged || human) {
            return Ok(());
        }
        let printed = match &line {
            ScanLine::Judged(line) if human => print_judged(&mut out, line),
            ScanLine::Unreadable(bad) => {
                let at = bad.line.map(|line| format!(":{line}")).unwrap_or_default();
                shell.problem(format_args!("{}{at}: {}", harmless(&bad.file), harmless(&bad.error)));
                if human { Ok(()) } else { writeln!(out, "{}", json_line(&line)?) }
            }
            ScanLine::Judged(_) => writeln!(out, "{}", json_line(&line)?),
        };
        printed.and_then(|()| if prompt { out.flush() } else { Ok(()) })
    })?;
    out.flush()?;
    shell.say(closing(&summary));
    Ok(rulebook.exit.max(exit(&summary, arguments.fail_on)))
}

/// The source whose selectors are used, if one was named.
pub(super) fn read_source(shell: &Shell, path: Option<&Path>) -> Result<Option<Source>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let (source, warnings) = workspace::read_source(path)?;
    shell.diagnostics(&warnings);
    Ok(Some(source))
}

/// An extractor with the source's selectors, if there are any.
pub(super) fn extractor(source: Option<&Source>) -> Result<Extractor, Failure> {
    source.map_or_else(
        || Ok(Extractor::default()),
        |source| Extractor::new(&source.select).map_err(Failure::usage),
    )
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn exit(summary: &ScanSummary, fail_on: Option<Severity>) -> Exit {
    let unreadable = if summary.unreadable > 0 { Exit::Incomplete } else { Exit::Done };
    let grave = fail_on.is_some_and(|limit| summary.gravest.is_some_and(|gravest| gravest >= limit));
    unreadable.max(if grave { Exit::Findings } else { Exit::Done })
}

fn print_judged(out: &mut impl Write, line: &JudgedLine) -> io::Result<()> {
    let Some(severity) = line.verdict.severity else { return Ok(()) };
    let at = line.line.map(|line| format!(":{line}")).unwrap_or_default();
    let class = line.verdict.class.as_deref().unwrap_or_default();
    let title = harmless_cut(&line.listing.title, 90);
    let severity_word = styled(format_args!("{:<8}", severity.name()), severity_style(severity));
    writeln!(out, "{severity_word} {:>3}  {class:<22} {title}", line.verdict.score)?;
    for hit in line.verdict.hits.iter().filter(|hit| hit.suppressed_by.is_none()) {
        let quotes: Vec<String> = hit.matches.iter().take(4).map(|found| quote(&found.text)).collect();
        writeln!(out, "              {}: {}", hit.rule, quotes.join(" · "))?;
    }
    writeln!(out, "              {}{at}", harmless(line.url.as_deref().unwrap_or(&line.file)))
}

fn quote(text: &str) -> String {
    format!("“{}”", harmless_cut(text, 40))
}

fn closing(summary: &ScanSummary) -> String {
    let mut parts = vec![format!("{} listings judged, {} flagged", summary.listings, summary.flagged)];
    let mut add = |n: usize, what: &str| {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    };
    add(summary.blocked, "pages blocked (not seen)");
    add(summary.without_listing, "pages without a listing");
    add(summary.unreadable, "records unreadable");
    add(summary.skipped, "files of other kinds skipped");
    parts.join(" · ")
}
