//! `caveat.toml`: who operates this installation, where its data lies, and which packs are on.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::document::{self, Diagnostic, Problem, Table, code};

/// Operator and contact stand in every request; servers refuse long header fields.
const MAX_HEADER_BYTES: usize = 200;
/// Ten years. Whoever keeps personal data longer needs another program.
const MAX_DAYS: i64 = 3660;

/// The workspace's settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The authority or organisation; stands in the user agent.
    pub operator: Option<String>,
    /// E-mail address or web page; stands in the user agent. Without it, foreign hosts are not crawled.
    pub contact: Option<String>,
    /// ISO 3166 alpha-2 code of the authority's country.
    pub country: Option<String>,
    /// IANA zone in which times are shown.
    pub time_zone: String,
    /// Where sled, evidence and journals lie; relative to the file.
    pub data: PathBuf,
    /// How long things are kept.
    pub retention: Retention,
    /// Packs that are on; empty means those that are on by default.
    pub packs: Vec<String>,
    /// Where `serve` listens.
    pub web_address: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            operator: None,
            contact: None,
            country: None,
            time_zone: "UTC".to_owned(),
            data: PathBuf::from("data"),
            retention: Retention::default(),
            packs: Vec::new(),
            web_address: "127.0.0.1:8620".to_owned(),
        }
    }
}

/// Reads `caveat.toml`. `file` is what diagnostics show. There is a configuration only where there is no error.
pub fn parse(file: &str, text: &[u8]) -> (Option<Config>, Vec<Diagnostic>) {
    let (config, diagnostics) = document::read(file, text, |table| {
        let document = table.document();
        let config = read(table);
        (document.errors() == 0).then_some(config)
    });
    (config.flatten(), diagnostics)
}

fn read(mut table: Table<'_>) -> Config {
    let defaults = Config::default();
    let config = Config {
        operator: header_line(&mut table, "operator"),
        contact: contact(&mut table),
        country: table.country("country"),
        time_zone: time_zone(&mut table).unwrap_or(defaults.time_zone),
        data: table.string("data").map_or(defaults.data, |path| PathBuf::from(path.value)),
        packs: table.strings("packs").unwrap_or_default().into_iter().map(|pack| pack.value).collect(),
        web_address: web_address(&mut table).unwrap_or(defaults.web_address),
        retention: table.table("retention").map_or(defaults.retention, retention),
    };
    table.finish();
    config
}

/// A line that can travel in the user agent: no control characters, no parentheses that would end its comment.
fn header_line(table: &mut Table<'_>, key: &'static str) -> Option<String> {
    let text = table.string(key)?;
    let sound = |letter: char| !letter.is_control() && !"()\\".contains(letter);
    if !text.value.trim().is_empty() && text.value.chars().all(sound) && text.value.len() <= MAX_HEADER_BYTES
    {
        return Some(text.value.trim().to_owned());
    }
    let message = format!("`{key}` stands in the user agent: 1 to {MAX_HEADER_BYTES} bytes, no parentheses");
    table.document().report(Problem::error(code::BAD_VALUE, text.span, message));
    None
}

fn contact(table: &mut Table<'_>) -> Option<String> {
    let span = table.entry("contact").map(|entry| entry.span());
    let contact = header_line(table, "contact")?;
    let is_mail = contact.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !contact.contains(char::is_whitespace)
    });
    let is_page =
        url::Url::parse(&contact).is_ok_and(|url| matches!(url.scheme(), "http" | "https" | "mailto"));
    if is_mail || is_page {
        return Some(contact);
    }
    let problem =
        Problem::error(code::BAD_VALUE, span?, "this is neither an e-mail address nor a web address")
            .help("shops write to it when a crawl troubles them: \"crawler@authority.example\"");
    table.document().report(problem);
    None
}

fn time_zone(table: &mut Table<'_>) -> Option<String> {
    let zone = table.string("time_zone")?;
    if jiff::tz::db().get(&zone.value).is_ok() {
        return Some(zone.value);
    }
    let all: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    let help = match document::nearest(&zone.value, all.iter().map(String::as_str)) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "write an IANA name such as \"Europe/Berlin\"".to_owned(),
    };
    table
        .document()
        .report(Problem::error(code::BAD_VALUE, zone.span, "there is no such time zone").help(help));
    None
}

fn web_address(table: &mut Table<'_>) -> Option<String> {
    let address = table.string("web_address")?;
    if address.value.parse::<SocketAddr>().is_ok() {
        return Some(address.value);
    }
    let problem = Problem::error(code::BAD_VALUE, address.span, "this is not an address and port")
        .help("write \"127.0.0.1:8620\" for this computer only, \"0.0.0.0:8620\" for the network");
    table.document().report(problem);
    None
}

fn retention(mut table: Table<'_>) -> Retention {
    let defaults = Retention::default();
    let mut days = |key, default| {
        let days = table.integer_between(key, 1, MAX_DAYS);
        days.and_then(|days| u32::try_from(days).ok()).unwrap_or(default)
    };
    let retention = Retention {
        listings_days: days("listings_days", defaults.listings_days),
        unflagged_evidence_days: days("unflagged_evidence_days", defaults.unflagged_evidence_days),
    };
    table.finish();
    retention
}

/// How long things are kept, in days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Unflagged listings. Default 90.
    pub listings_days: u32,
    /// Exchanges of unflagged product pages. Default 30.
    pub unflagged_evidence_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { listings_days: 90, unflagged_evidence_days: 30 }
    }
}
