//! `sources/ID.toml` read and checked, so that a crawl never starts on a slip of the pen.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use url::{Host, Url};

use super::keys::{CARD_FIELDS, FIELDS, KEYS, MAX_CONCURRENCY, MAX_DEPTH, MAX_PAGES, MAX_RATE, MIN_RATE};
use super::schedule;
use super::selector::{self, Within};
use super::{CardSelect, Limits, RequestOptions, Schedule, Search, Select, Selector, Source};
use crate::document::{self, Diagnostic, Located, Problem, Table, code};

/// Start pages of one source.
const MAX_START: usize = 10_000;
/// Path patterns of one source, each way. Every link is compared with all of them.
const MAX_PATTERNS: usize = 1000;
/// Search terms of one source, lists counted as one.
const MAX_SEARCH_TERMS: usize = 10_000;

/// The names that a source may refer to.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// Rule packs.
    pub packs: &'k [&'k str],
    /// Lists that can be searched for.
    pub lists: &'k [&'k str],
}

/// Reads `sources/ID.toml` like [`parse`], and reports packs and lists that do not exist.
pub fn parse_against(file: &str, text: &[u8], known: Known<'_>) -> (Option<Source>, Vec<Diagnostic>) {
    parse_with(file, text, Some(known))
}

/// Reads `sources/ID.toml`. `file` is its path: diagnostics show it, and its name must be the source's id. There
/// is a source only where there is no error.
pub fn parse(file: &str, text: &[u8]) -> (Option<Source>, Vec<Diagnostic>) {
    parse_with(file, text, None)
}

fn parse_with(file: &str, text: &[u8], known: Option<Known<'_>>) -> (Option<Source>, Vec<Diagnostic>) {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let (source, diagnostics) = document::read(file, text, &KEYS, |table| {
        let document = table.document();
        let source = read(&table, stem, known);
        source.filter(|_| document.errors() == 0)
    });
    (source.flatten(), diagnostics)
}

fn read(table: &Table<'_>, stem: &str, known: Option<Known<'_>>) -> Option<Source> {
    let id = table.string("id");
    if let Some(id) = &id {
        table.check_id(id, stem, &['-']);
    }
    let name = table.line("name");
    let market = table.country("market");
    let allow_loopback = table.boolean("allow_loopback").unwrap_or(false);
    let start = start_pages(table, allow_loopback);
    let allow = path_patterns(table, "allow");
    let deny = path_patterns(table, "deny");
    let packs = packs(table, known);
    let schedule = read_schedule(table);
    let request = table.table("request").map(|table| request(&table)).unwrap_or_default();
    let limits = table.table("limits").map(|table| limits(&table)).unwrap_or_default();
    let search = table.table("search").and_then(|table| search(&table, known));
    let select = table.table("select").map(|table| select(&table)).unwrap_or_default();
    Some(Source {
        id: id?.value,
        name: name?,
        start,
        market,
        allow,
        deny,
        packs,
        schedule,
        allow_loopback,
        request,
        limits,
        search,
        select,
    })
}

fn start_pages(table: &Table<'_>, allow_loopback: bool) -> Vec<Url> {
    let Some(written) = table.strings("start") else { return Vec::new() };
    let document = table.document();
    if written.is_empty() || written.len() > MAX_START {
        let message = format!("a source has 1 to {MAX_START} start pages");
        let span = table.entry("start").map_or(0..0, |entry| entry.span());
        document.report(Problem::error(code::BAD_VALUE, span, message));
    }
    let mut pages = Vec::new();
    for page in written.into_iter().take(MAX_START) {
        match start_page(&page, allow_loopback) {
            Ok(url) => pages.push(url),
            Err(problem) => document.report(problem),
        }
    }
    pages
}

fn start_page(page: &Located<String>, allow_loopback: bool) -> Result<Url, Problem> {
    let fault = |message: &str| Problem::error(code::BAD_URL, page.span.clone(), message);
    let url = Url::parse(&page.value).map_err(|error| {
        fault(&format!("this is not a web address: {error}"))
            .help("write it whole: https://shop.example/c/health")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(fault("only http and https are crawled").help("write https:// before the host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("an address with a password is not crawled")
            .help("cookies go into [request]; what lies behind a login is not for sale to everybody"));
    }
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    };
    if is_loopback && !allow_loopback {
        return Err(fault("this address is on this computer")
            .help("write `allow_loopback = true` if the shop really runs here"));
    }
    let private = match url.host() {
        Some(Host::Ipv4(address)) => is_private(address),
        Some(Host::Ipv6(address)) => match address.to_ipv4_mapped() {
            Some(address) => address.is_loopback() || is_private(address),
            None => address.is_unique_local() || address.is_unicast_link_local() || address.is_unspecified(),
        },
        _ => false,
    };
    if private {
        return Err(fault("this address is in a private network, and nothing there is ever fetched")
            .help("write the address under which the public reaches the shop"));
    }
    Ok(url)
}

/// Networks that no shop of the public is in. `fetch` refuses more, and when a name leads there too.
fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_multicast()
        || (first == 100 && (64..128).contains(&second))
}

/// Path patterns as in robots.txt: from `/` on, `*` for anything, `$` at the end.
fn path_patterns(table: &Table<'_>, key: &'static str) -> Vec<String> {
    let mut patterns = Vec::new();
    for (number, pattern) in table.strings(key).unwrap_or_default().into_iter().enumerate() {
        if number == MAX_PATTERNS {
            let message = format!("more than {MAX_PATTERNS} path patterns");
            table.document().report(Problem::error(code::BAD_VALUE, pattern.span, message));
            break;
        }
        if pattern.value.starts_with(['/', '*']) {
            patterns.push(pattern.value);
        } else {
            let problem = Problem::error(code::BAD_VALUE, pattern.span, "this is not a path pattern")
                .help("write the path from its first `/` on, without host: \"/p/\" or \"/*.html$\"");
            table.document().report(problem);
        }
    }
    patterns
}

fn read_schedule(table: &Table<'_>) -> Option<Schedule> {
    let written = table.string("schedule")?;
    match schedule::parse(&written.value) {
        Ok(schedule) => Some(schedule),
        Err(fault) => {
            let span = table.document().inside(&written, fault.range);
            let problem = Problem::error(code::BAD_SCHEDULE, span, fault.message).help(fault.help);
            table.document().report(problem);
            None
        }
    }
}

fn request(table: &Table<'_>) -> RequestOptions {
    let accept_language = table.string("accept_language").filter(|text| is_header_value(table, text));
    let mut cookies = BTreeMap::new();
    let document = table.document();
    for entry in table.table("cookies").map(|cookies| cookies.entries()).unwrap_or_default() {
        let name = entry.key();
        let Some(value) = entry.string() else { continue };
        let plain = |letter: char| letter.is_ascii_graphic() && !"()<>@,;:\\\"/[]?={}".contains(letter);
        if name.value.is_empty() || !name.value.chars().all(plain) {
            let problem = Problem::error(code::BAD_NAME, name.span, "this cannot be the name of a cookie");
            document.report(problem);
        } else if value.value.contains(';') || !is_header_value(table, &value) {
            let problem = Problem::error(code::BAD_VALUE, value.span, "this cannot be the value of a cookie")
                .help("one cookie a line; without `;` and what follows it");
            document.report(problem);
        } else {
            cookies.insert(name.value, value.value);
        }
    }
    RequestOptions { accept_language: accept_language.map(|text| text.value), cookies }
}

/// Whether a text can travel as an HTTP header field; a line break would smuggle in another one.
fn is_header_value(table: &Table<'_>, text: &Located<String>) -> bool {
    let sound = text.value.chars().all(|letter| letter.is_ascii_graphic() || letter == ' ');
    if !sound {
        let problem = Problem::error(
            code::BAD_VALUE,
            text.span.clone(),
            "a header holds ASCII letters, digits and signs",
        );
        table.document().report(problem);
    }
    sound
}

fn limits(table: &Table<'_>) -> Limits {
    let defaults = Limits::default();
    let rate = table.number("rate_per_second");
    let rate_per_second = match rate {
        Some(rate) if (MIN_RATE..=MAX_RATE).contains(&rate.value) => rate.value,
        Some(rate) => {
            let message = format!("a rate lies above 0 and up to {MAX_RATE} requests a second");
            let problem = Problem::error(code::BAD_LIMIT, rate.span, message)
                .help("write 1.0 for one a second, 0.1 for one in ten seconds");
            table.document().report(problem);
            defaults.rate_per_second
        }
        None => defaults.rate_per_second,
    };
    Limits {
        rate_per_second,
        concurrency: limit(table, "concurrency", (1, MAX_CONCURRENCY), defaults.concurrency),
        max_pages: limit(table, "max_pages", (1, MAX_PAGES), defaults.max_pages),
        max_depth: limit(table, "max_depth", (0, MAX_DEPTH), defaults.max_depth),
    }
}

fn limit(table: &Table<'_>, key: &'static str, (least, most): (i64, i64), default: usize) -> usize {
    let Some(written) = table.integer(key) else { return default };
    if (least..=most).contains(&written.value) {
        return usize::try_from(written.value).unwrap_or(default);
    }
    let message = format!("`{key}` lies between {least} and {most}");
    let problem =
        Problem::error(code::BAD_LIMIT, written.span, message).help(format!("the default is {default}"));
    table.document().report(problem);
    default
}

fn packs(table: &Table<'_>, known: Option<Known<'_>>) -> Vec<String> {
    let packs = table.strings("packs").unwrap_or_default();
    if let Some(known) = known {
        for pack in packs.iter().filter(|pack| !known.packs.contains(&pack.value.as_str())) {
            report_unknown(table, code::UNKNOWN_PACK, "rule pack", pack, known.packs, "");
        }
    }
    packs.into_iter().map(|pack| pack.value).collect()
}

fn report_unknown(
    table: &Table<'_>,
    code: &'static str,
    what: &str,
    written: &Located<String>,
    names: &[&str],
    mark: &str,
) {
    let document = table.document();
    let help = match document.nearest(written.value.trim_start_matches('@'), names.iter().copied()) {
        Some(name) => format!("did you mean \"{mark}{name}\"?"),
        None => format!("there are {}", names.join(", ")),
    };
    let message = format!("there is no such {what}");
    document.report(Problem::error(code, written.span.clone(), message).help(help));
}

fn search(table: &Table<'_>, known: Option<Known<'_>>) -> Option<Search> {
    let url = table.string("url");
    let url = url.filter(|url| match search_url_fault(&url.value) {
        None => true,
        Some((message, help)) => {
            let problem = Problem::error(code::BAD_URL, url.span.clone(), message).help(help);
            table.document().report(problem);
            false
        }
    });
    let mut terms = Vec::new();
    let written = table.strings("terms");
    for term in written.iter().flatten().take(MAX_SEARCH_TERMS) {
        let name = term.value.strip_prefix('@');
        let plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "-_".contains(letter);
        if term.value.trim().is_empty()
            || name.is_some_and(|name| name.is_empty() || !name.chars().all(plain))
        {
            let problem = Problem::error(code::BAD_VALUE, term.span.clone(), "this cannot be searched for")
                .help("write a word, the name of a list as \"@pde5-names\", or \"@alerts\"");
            table.document().report(problem);
        } else {
            if let (Some(name), Some(known)) = (name, known)
                && name != "alerts"
                && !known.lists.contains(&name)
            {
                report_unknown(table, code::UNKNOWN_LIST, "list", term, known.lists, "@");
            }
            terms.push(term.value.clone());
        }
    }
    if written.is_some_and(|written| written.is_empty() || written.len() > MAX_SEARCH_TERMS) {
        let message = format!("a search has 1 to {MAX_SEARCH_TERMS} terms");
        table.document().report(Problem::error(code::BAD_VALUE, table.span(), message));
    }
    Some(Search { url: url?.value, terms })
}

/// What is wrong with a search address, and how to mend it.
fn search_url_fault(text: &str) -> Option<(&'static str, &'static str)> {
    const EXAMPLE: &str = "as in https://shop.example/search?q={query}&page={page}";
    if !text.contains("{query}") {
        return Some(("the address has no place for the query", EXAMPLE));
    }
    let filled = text.replace("{query}", "q").replace("{page}", "1");
    if filled.contains(['{', '}']) {
        return Some(("only `{query}` and `{page}` are filled in", EXAMPLE));
    }
    match Url::parse(&filled) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => None,
        _ => Some(("this is not a web address", EXAMPLE)),
    }
}

fn select(table: &Table<'_>) -> Select {
    let card = table.table("card").and_then(|table| card(&table));
    let mut fields = BTreeMap::new();
    if let Some(attributes) = table.table("attributes") {
        for entry in attributes.entries() {
            let name = entry.key();
            let selector = entry.string().and_then(|text| sound_selector(table, &text, Within::Page));
            fields.extend(selector.map(|selector| (format!("attributes.{}", name.value), selector)));
        }
    }
    read_fields(table, &FIELDS, Within::Page, &mut fields);
    Select { fields, card }
}

fn card(table: &Table<'_>) -> Option<CardSelect> {
    let item = table.string("item").and_then(|text| {
        if let Selector::Css { css, attribute: None } = sound_selector(table, &text, Within::Page)? {
            return Some(css);
        }
        let problem = Problem::error(code::BAD_SELECTOR, text.span, "a card is a whole element")
            .help("write a CSS selector without `@`: \".result\"");
        table.document().report(problem);
        None
    });
    let mut fields = BTreeMap::new();
    read_fields(table, &CARD_FIELDS, Within::Card, &mut fields);
    Some(CardSelect { item: item?, fields })
}

fn read_fields(
    table: &Table<'_>,
    names: &[&'static str],
    within: Within,
    fields: &mut BTreeMap<String, Selector>,
) {
    for name in names {
        let selector = table.string(name).and_then(|text| sound_selector(table, &text, within));
        fields.extend(selector.map(|selector| ((*name).to_owned(), selector)));
    }
}

pub(super) fn sound_selector(table: &Table<'_>, text: &Located<String>, within: Within) -> Option<Selector> {
    match selector::parse(&text.value, within) {
        Ok(selector) => Some(selector),
        Err(fault) => {
            let span = table.document().inside(text, fault.range);
            let problem = Problem::error(code::BAD_SELECTOR, span, fault.message).help(fault.help);
            table.document().report(problem);
            None
        }
    }
}
