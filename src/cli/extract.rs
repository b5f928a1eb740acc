//! `caveat extract`

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::arguments::Extract;
use super::exit::{Exit, Outcome};
use super::scan::{extractor, read_source};
use super::shell::Shell;
use super::terminal::{harmless, json_line, out};
use crate::extract::Extractor;
use crate::page::{Extracted, Page};
use crate::scan::input::{self, Content, Input, Unreadable};

/// One page, one line.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    url: Option<String>,
    #[serde(flatten)]
    extracted: Extracted,
    /// Every candidate and who won; only with `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Value>,
}

pub(super) fn run(shell: &Shell, arguments: Extract) -> Outcome {
    let source = read_source(shell, arguments.source.as_deref())?;
    let extractor = extractor(source.as_ref())?;
    let inputs = arguments.paths.into_iter().map(Input::from).collect();
    let mut out = io::BufWriter::with_capacity(1 << 16, out());
    let mut exit = Exit::Done;
    let mut failed = None;
    input::read(inputs, &mut |chunk| {
        for record in chunk.records {
            let bad = |error: String| Unreadable { file: record.file.clone(), line: record.line, error };
            let line = match record.content {
                Content::Page(mut page) => {
                    if page.url.is_none() {
                        page.url.clone_from(&arguments.url);
                    }
                    json_line(&line(&record.file, &page, &extractor, arguments.explain))
                }
                Content::Unreadable(error) => {
                    exit = Exit::Incomplete;
                    let at = record.line.map(|line| format!(":{line}")).unwrap_or_default();
                    shell.problem(format_args!("{}{at}: {}", harmless(&record.file), harmless(&error)));
                    json_line(&bad(error))
                }
                Content::Listing { .. } => {
                    exit = Exit::Incomplete;
                    json_line(&bad("is a listing already; extract reads pages".to_owned()))
                }
            };
            if let Err(error) = line.and_then(|line| writeln!(out, "{line}")) {
                failed = Some(error);
                return false;
            }
        }
        true
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    out.flush()?;
    Ok(exit)
}

fn line<'a>(file: &'a str, page: &Page, extractor: &Extractor, explain: bool) -> Line<'a> {
    let (extracted, explain) = if explain {
        let explanation = extractor.explain(page);
        (explanation.extracted, serde_json::to_value(&explanation.fields).ok())
    } else {
        (extractor.extract(page), None)
    };
    let listed = extracted.listing.as_ref().and_then(|listing| listing.url.clone());
    let url = page.url.as_ref().map(ToString::to_string).or(listed).or_else(|| extracted.canonical.clone());
    Line { file, url, extracted, explain }
}
