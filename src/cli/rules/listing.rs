//! The one listing that a command is asked about: typed, from a file, a finding, or a test of the rule.

use std::path::{Path, PathBuf};

use crate::cli::exit::Failure;
use crate::cli::shell::Shell;
use crate::clock::SystemClock;
use crate::extract::Extractor;
use crate::listing::Listing;
use crate::rules::model::Rule;
use crate::scan::input::{self, Content, Input, Record};
use crate::store::Store;

/// The listing, and where the offer is aimed if that is known.
pub(super) type Asked = (Listing, Option<String>);

/// Finds the listing that `text` names.
pub(super) fn find(shell: &Shell, rule: &Rule, text: &str) -> Result<Asked, Failure> {
    if let Some(name) = text.strip_prefix("test:") {
        return of_test(rule, name);
    }
    if text.trim_start().starts_with('{') {
        return typed(text);
    }
    if text == "-" {
        return one_of(records(Input::Stdin, None), text);
    }
    let path = Path::new(text);
    if path.is_file() {
        return one_of(records(Input::Path(path.to_owned()), None), text);
    }
    if let Some((file, line)) = text.rsplit_once(':')
        && Path::new(file).is_file()
    {
        let found = records(Input::Path(PathBuf::from(file)), Some(line));
        return one_of(found, text);
    }
    if text.len() >= 4 && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return of_finding(shell, text);
    }
    let like_a_path = text.contains('/') || text.rsplit_once('.').is_some_and(|(_, end)| is_extension(end));
    if like_a_path && !text.contains(' ') {
        return Err(Failure::usage(anyhow::anyhow!("there is no file {text:?}")));
    }
    shell.detail("read as a title");
    Ok((Listing { title: text.to_owned(), ..Listing::default() }, None))
}

fn is_extension(text: &str) -> bool {
    ["jsonl", "ndjson", "json", "html", "htm", "gz", "warc"].iter().any(|known| text.starts_with(known))
}

fn of_test(rule: &Rule, name: &str) -> Result<Asked, Failure> {
    let test = rule.tests.iter().find(|test| test.name == name);
    let test = test.or_else(|| rule.tests.iter().find(|test| test.name.starts_with(name)));
    let Some(test) = test else {
        let names: Vec<&str> = rule.tests.iter().map(|test| test.name.as_str()).collect();
        return Err(Failure::usage(anyhow::anyhow!(
            "{} has no test {name:?}; there are: {}",
            rule.id,
            names.join(" · ")
        )));
    };
    // As in `rules test`: a rule for some markets is asked as if the offer were aimed at the first of them.
    Ok((test.listing.clone(), test.market.clone().or_else(|| rule.markets.first().cloned())))
}

fn typed(text: &str) -> Result<Asked, Failure> {
    let wrong = |error: serde_json::Error| Failure::usage(anyhow::anyhow!("this is no listing: {error}"));
    let value: serde_json::Value = serde_json::from_str(text).map_err(wrong)?;
    let listing = value.get("listing").cloned().unwrap_or(value);
    Ok((serde_json::from_value(listing).map_err(wrong)?, None))
}

fn of_finding(shell: &Shell, id: &str) -> Result<Asked, Failure> {
    let workspace = shell.workspace()?;
    let store = Store::open_existing(&workspace.data, std::sync::Arc::new(SystemClock))?;
    let finding = store.finding(id)?.finding;
    let market = workspace.source(&finding.source).ok().and_then(|(source, _)| source.market);
    Ok((finding.listing, market))
}

/// The records of a file: all, or the one of a line, or of an id.
fn records(input: Input, wanted: Option<&str>) -> Vec<Record> {
    // Two are enough to say that one must be named.
    const ENOUGH: usize = 2;
    let mut kept = Vec::new();
    let number = wanted.and_then(|wanted| wanted.parse::<usize>().ok());
    let is_wanted = |record: &Record| match wanted {
        None => true,
        Some(_) if number.is_some() => record.line == number,
        Some(wanted) => matches!(&record.content, Content::Listing { id, listing }
            if id.as_deref().or(listing.id.as_deref()) == Some(wanted)),
    };
    input::read(vec![input], &mut |chunk| {
        kept.extend(chunk.records.into_iter().filter(is_wanted));
        kept.len() < ENOUGH
    });
    kept
}

fn one_of(mut found: Vec<Record>, text: &str) -> Result<Asked, Failure> {
    let usage = |message: String| Err(Failure::usage(anyhow::anyhow!(message)));
    if found.len() > 1 {
        return usage(format!("{text} holds several listings; say which one: {text}:LINE or {text}:ID"));
    }
    let Some(record) = found.pop() else { return usage(format!("there is no listing at {text}")) };
    match record.content {
        Content::Listing { listing, .. } => Ok((*listing, None)),
        Content::Page(page) => match Extractor::default().extract(&page).listing {
            Some(listing) => Ok((listing, None)),
            None => {
                usage(format!("{text} shows no offer of its own; `caveat extract {text}` says what it is"))
            }
        },
        Content::Unreadable(error) => Err(Failure::incomplete(anyhow::anyhow!("{text}: {error}"))),
    }
}
