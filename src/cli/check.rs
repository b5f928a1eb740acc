//! `caveat sources check`: the file, then a few of the shop's pages, field by field, and a draft of a `[select]`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::json;

use super::arguments::SourcesCheck;
use super::crawl::{check_contact, fetcher, runtime};
use super::exit::{Exit, Failure, Outcome};
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::terminal::{BOLD, DIM, WARN, harmless, harmless_cut, json_line, out, styled, table};
use crate::clock::SystemClock;
use crate::crawl::Plan;
use crate::crawl::look::{LookedAt, look};
use crate::extract::{Explanation, Extractor, draft};
use crate::listing::{Availability, Information, Listing};
use crate::page::{LinkKind, Page, PageType};
use crate::scan::input::{self, Content, Input};
use crate::source::{Known, Select, Source};
use crate::workspace::{Workspace, read_source_against};

/// Columns of a value, a place and of what lost.
const WIDTHS: [usize; 3] = [44, 30, 44];
/// Cards shown of a list.
const CARDS_SHOWN: usize = 3;
/// Saved pages read at once.
const PAGES_MAX: usize = 200;

pub(super) fn run(shell: &Shell, arguments: &SourcesCheck) -> Outcome {
    let workspace = shell.workspace()?;
    let mut rulebook = Rulebook::open(shell, &workspace)?;
    if arguments.draft.is_some() && arguments.sources.len() > 1 {
        return Err(Failure::usage(anyhow::anyhow!("--draft goes with one source: name the one it is for")));
    }
    let (checked, mut exit) = files(shell, &workspace, &rulebook, arguments)?;
    exit = exit.max(rulebook.exit);
    if !arguments.page.is_empty() {
        let select = match checked.as_slice() {
            [] => Select::default(),
            [source] => source.select.clone(),
            _ => return Err(Failure::usage(anyhow::anyhow!("--page goes with one source at most"))),
        };
        let extractor = Extractor::new(&select).map_err(Failure::usage)?;
        let name = checked.first().map_or("saved pages", |source| &source.id).to_owned();
        let (looked, read) = saved(shell, arguments, &extractor);
        return Ok(exit.max(read).max(show(shell, &name, &looked, arguments.draft.as_deref())?));
    }
    if arguments.sources.is_empty() || arguments.offline {
        if arguments.sources.is_empty() && !checked.is_empty() && !arguments.offline {
            shell.say("name a source to see how its pages are read: caveat sources check ID");
        }
        return Ok(exit);
    }
    for source in checked {
        if let Err(failure) = check_contact(&workspace.config, std::slice::from_ref(&source)) {
            shell.warn(format_args!("no page was fetched: {}", harmless(&failure.error.to_string())));
            continue;
        }
        let matcher = rulebook.matcher(shell, &source.packs, false);
        let plan = Plan::new(source, matcher, &[]).map_err(Failure::usage)?;
        let fetcher = fetcher(&workspace.config, Arc::new(SystemClock))?;
        let tell = |url: &str| shell.say(styled(format_args!("fetching {}", harmless(url)), DIM));
        let looked = runtime()?.block_on(look(&fetcher, &plan, usize::from(arguments.pages), tell));
        exit = exit.max(show(shell, &plan.source.id, &looked, arguments.draft.as_deref())?);
    }
    Ok(exit)
}

/// The files that were asked for; what is wrong with them is shown.
fn files(
    shell: &Shell,
    workspace: &Workspace,
    rulebook: &Rulebook,
    arguments: &SourcesCheck,
) -> Result<(Vec<Source>, Exit), Failure> {
    let path = |name: &String| {
        let file = PathBuf::from(name);
        if file.is_file() { file } else { workspace.root.join("sources").join(format!("{name}.toml")) }
    };
    let paths: Vec<PathBuf> = match arguments.sources.as_slice() {
        [] if arguments.page.is_empty() => workspace.source_paths()?,
        named => named.iter().map(path).collect(),
    };
    let packs: Vec<&str> = rulebook.loaded.packs.iter().map(|pack| pack.name.as_str()).collect();
    let lists: Vec<&str> = rulebook.loaded.lists.iter().map(|list| list.name.as_str()).collect();
    let known = Known { packs: &packs, lists: &lists };
    let (mut sources, mut exit) = (Vec::new(), Exit::Done);
    for path in &paths {
        match read_source_against(path, known) {
            Ok((source, warnings)) => {
                shell.diagnostics(&warnings);
                let limits = &source.limits;
                shell.good(format_args!(
                    "{}: {} start page(s), at most {} requests a second, {} pages, depth {}",
                    path.display(),
                    source.start.len(),
                    limits.rate_per_second,
                    limits.max_pages,
                    limits.max_depth
                ));
                sources.push(source);
            }
            Err(error) => {
                let failure = Failure::from(error);
                shell.error(&failure);
                exit = exit.max(failure.exit);
            }
        }
    }
    if paths.is_empty() && arguments.page.is_empty() {
        shell.say("no source yet: write sources/ID.toml (`caveat init` makes an example)");
    }
    Ok((sources, exit))
}

/// Saved pages, read like fetched ones.
fn saved(shell: &Shell, arguments: &SourcesCheck, extractor: &Extractor) -> (Vec<LookedAt>, Exit) {
    let (mut looked, mut exit) = (Vec::new(), Exit::Done);
    let inputs = arguments.page.iter().cloned().map(Input::from).collect();
    input::read(inputs, &mut |chunk| {
        for record in chunk.records {
            match record.content {
                Content::Page(mut page) => {
                    if page.url.is_none() {
                        page.url.clone_from(&arguments.url);
                    }
                    let explanation = extractor.explain(&page);
                    looked.push(LookedAt { url: record.file, seen: Ok((page, explanation)), sound: true });
                }
                Content::Unreadable(error) => {
                    exit = Exit::Incomplete;
                    shell.problem(format_args!("{}: {}", harmless(&record.file), harmless(&error)));
                }
                Content::Listing { .. } => {
                    exit = Exit::Incomplete;
                    shell.problem(format_args!("{} holds listings, no pages", harmless(&record.file)));
                }
            }
        }
        looked.len() < PAGES_MAX
    });
    (looked, exit)
}

/// One field as it was read.
#[derive(Serialize)]
struct FieldLine {
    field: &'static str,
    value: String,
    /// Which reader gave it.
    reader: Option<String>,
    /// Where it stood.
    place: Option<String>,
    /// Values of other readers that lost.
    others: Vec<String>,
}

/// Shows every page and the draft; answers with the exit code that they call for.
fn show(shell: &Shell, source: &str, looked: &[LookedAt], file: Option<&Path>) -> Outcome {
    let mut out = io::BufWriter::new(out());
    let mut exit = Exit::Done;
    let mut pages: Vec<Page> = Vec::new();
    let mut blocked = 0;
    for page in looked {
        match &page.seen {
            Err(why) => {
                if !page.sound {
                    exit = Exit::Incomplete;
                }
                if shell.global.json {
                    let line = json!({"source": source, "url": page.url, "not_read": why});
                    writeln!(out, "{}", json_line(&line)?)?;
                } else {
                    writeln!(out, "{}\n  {}\n", styled(harmless(&page.url), BOLD), harmless(why))?;
                }
            }
            Ok((body, explanation)) => {
                blocked += usize::from(explanation.extracted.page_type == PageType::Blocked);
                if shell.global.json {
                    writeln!(out, "{}", json_line(&as_json(source, &page.url, explanation))?)?;
                } else {
                    writeln!(out, "{}", as_text(&page.url, explanation))?;
                }
                pages.push(body.clone());
            }
        }
    }
    if blocked > 0 && blocked == pages.len() {
        exit = Exit::Incomplete;
    }
    let draft = draft(&pages);
    if draft.products == 0 && draft.lists == 0 {
        if !pages.is_empty() {
            shell.warn("no product page and no list was seen, so there is no draft of a [select]");
        }
        out.flush()?;
        return Ok(exit);
    }
    let text = draft.toml();
    if let Some(path) = file {
        let made = fs::OpenOptions::new().write(true).create_new(true).open(path);
        made.and_then(|mut made| made.write_all(text.as_bytes())).map_err(|error| {
            Failure::incomplete(anyhow::anyhow!("cannot write the draft to {}: {error}", path.display()))
        })?;
        shell.good(format_args!("draft of a [select] written to {}", path.display()));
    } else if shell.global.json {
        writeln!(out, "{}", json_line(&json!({"source": source, "draft": text}))?)?;
    } else {
        writeln!(out, "{}", harmless_lines(&text))?;
    }
    out.flush()?;
    Ok(exit)
}

fn harmless_lines(text: &str) -> String {
    text.lines().map(harmless).collect::<Vec<_>>().join("\n")
}

fn as_json(source: &str, url: &str, explanation: &Explanation) -> serde_json::Value {
    let extracted = &explanation.extracted;
    let (fields, missing) = fields(explanation);
    let next: Vec<&str> = next_links(explanation);
    json!({
        "source": source,
        "url": url,
        "page_type": extracted.page_type,
        "problems": extracted.problems,
        "fields": fields,
        "missing": missing,
        "cards": extracted.cards,
        "next": next,
    })
}

fn next_links(explanation: &Explanation) -> Vec<&str> {
    let links = &explanation.extracted.links;
    links.iter().filter(|link| link.kind == LinkKind::Next).map(|link| link.url.as_str()).collect()
}

fn as_text(url: &str, explanation: &Explanation) -> String {
    let extracted = &explanation.extracted;
    let kind = match extracted.page_type {
        PageType::Product => "a product page",
        PageType::Category => "a list of products",
        PageType::Article => "an article: no offer is read",
        PageType::Blocked => "blocked: not seen",
        PageType::Other => "neither a product nor a list",
    };
    let mut text = format!("{}\n  {kind}\n", styled(harmless(url), BOLD));
    for problem in &extracted.problems {
        let _ = writeln!(text, "  {}", styled(harmless(problem), WARN));
    }
    let (fields, missing) = fields(explanation);
    if !fields.is_empty() {
        let rows: Vec<Vec<String>> = fields
            .iter()
            .map(|line| {
                vec![
                    format!("  {}", line.field),
                    harmless_cut(&line.value, WIDTHS[0]),
                    line.reader.clone().unwrap_or_default(),
                    styled(harmless_cut(line.place.as_deref().unwrap_or_default(), WIDTHS[1]), DIM),
                    styled(harmless_cut(&line.others.join(" · "), WIDTHS[2]), DIM),
                ]
            })
            .collect();
        text.push_str(&table(&["  field", "value", "reader", "place", "other readers say"], &rows));
    }
    if extracted.listing.is_some() && !missing.is_empty() {
        let _ = writeln!(text, "  {} {}", styled("missing:", WARN), missing.join(", "));
    }
    if !extracted.cards.is_empty() {
        let _ = writeln!(text, "  {} card(s), for example:", extracted.cards.len());
        let rows: Vec<Vec<String>> = extracted
            .cards
            .iter()
            .take(CARDS_SHOWN)
            .map(|card| {
                vec![
                    format!("    {}", harmless_cut(&card.title, WIDTHS[0])),
                    price(card).unwrap_or_else(|| styled("no price", WARN)),
                    harmless_cut(card.url.as_deref().unwrap_or("no address"), WIDTHS[2]),
                    if card.images.is_empty() { "no picture".to_owned() } else { "picture".to_owned() },
                ]
            })
            .collect();
        text.push_str(&table(&["    title", "price", "address", ""], &rows));
    }
    match next_links(explanation).as_slice() {
        [] if extracted.page_type == PageType::Category => text.push_str("  no next page\n"),
        [] => {}
        next => {
            let _ = writeln!(text, "  next page: {}", harmless(next.first().copied().unwrap_or_default()));
        }
    }
    text
}

fn price(listing: &Listing) -> Option<String> {
    let price = listing.price.as_ref()?;
    Some(format!("{} {}", price.amount, price.currency.as_deref().unwrap_or("(no currency)")))
}

/// What was read, and the names of what was not.
fn fields(explanation: &Explanation) -> (Vec<FieldLine>, Vec<&'static str>) {
    let Some(listing) = &explanation.extracted.listing else { return (Vec::new(), Vec::new()) };
    let amount = |amount: Option<crate::listing::Amount>| amount.map(|amount| amount.to_string());
    let stock = match listing.availability {
        Availability::InStock => Some("in stock"),
        Availability::OutOfStock => Some("out of stock"),
        Availability::PreOrder => Some("can be ordered before it exists"),
        Availability::Unknown => None,
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let regular = listing.price.as_ref().and_then(|price| amount(price.regular));
    let max = listing.price.as_ref().and_then(|price| amount(price.max));
    let seller = listing.seller.as_ref();
    let attributes = listing.attributes.len();
    // Name, name in provenance, value, whether its absence is worth a word.
    let told = |what: Information| listing.information(what).map(str::to_owned);
    let all = [
        ("title", "title", some(listing.title.clone()), true),
        ("price", "price", price(listing), true),
        ("regular", "price.regular", regular, false),
        ("max", "price.max", max, false),
        ("availability", "availability", stock.map(str::to_owned), true),
        ("brand", "brand", listing.brand.clone(), true),
        ("gtin", "gtin", some(listing.gtin.join(", ")), true),
        ("mpn", "mpn", listing.mpn.clone(), true),
        ("sku", "sku", listing.sku.clone(), true),
        ("category", "category", some(listing.category.join(" › ")), true),
        ("images", "images", some(listing.images.join(" ")), true),
        ("description", "description", some(listing.description.clone()), true),
        ("seller", "seller", seller.and_then(|seller| seller.name.clone().or(seller.id.clone())), true),
        ("language", "language", listing.language.clone(), true),
        ("attributes", "attributes", (attributes > 0).then(|| attributes_shown(listing)), true),
        ("manufacturer", "manufacturer", told(Information::Manufacturer), true),
        ("responsible person", "responsible_person", told(Information::ResponsiblePerson), true),
        ("warnings", "warnings", told(Information::Warnings), true),
    ];
    let (mut lines, mut missing) = (Vec::new(), Vec::new());
    for (field, known_as, value, wanted) in all {
        let Some(value) = value else {
            if wanted {
                missing.push(field);
            }
            continue;
        };
        let explained = explanation.fields.iter().find(|explained| explained.field == known_as);
        let won = explained.and_then(|explained| explained.candidates.iter().find(|candidate| candidate.won));
        let lost = listing.conflicts.iter().filter(|conflict| conflict.field == known_as);
        lines.push(FieldLine {
            field,
            value,
            reader: listing.provenance.get(known_as).cloned(),
            place: won.map(|won| won.place.clone()),
            others: lost.map(|conflict| format!("{} ({})", conflict.value, conflict.source)).collect(),
        });
    }
    (lines, missing)
}

fn attributes_shown(listing: &Listing) -> String {
    let shown: Vec<String> =
        listing.attributes.iter().take(4).map(|(name, value)| format!("{name}: {value}")).collect();
    format!("{}: {}", listing.attributes.len(), shown.join("; "))
}
