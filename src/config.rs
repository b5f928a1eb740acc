//! `caveat.toml`: who operates this installation, where its data lies, and which packs are on.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::document::shape::{Key, Keys, Shape};
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
    /// The web address of the authority that stamps the journal; `None` asks none.
    pub timestamp_authority: Option<url::Url>,
    /// Packs that are on; empty means those that are on by default.
    pub packs: Vec<String>,
    /// Where `serve` listens.
    pub web_address: String,
    /// Names under which `serve` answers, beside loopback names and the address itself; lower case.
    pub web_hosts: Vec<String>,
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
            timestamp_authority: None,
            packs: Vec::new(),
            web_address: "127.0.0.1:8620".to_owned(),
            web_hosts: Vec::new(),
        }
    }
}

/// What the file may hold.
pub const KEYS: Keys = Keys::new(
    "The settings of one workspace: who operates it, where its data lies, and which rules are on.",
    &[
        Key::new(
            "operator",
            Shape::Line,
            "The authority or organisation. Stands in the user agent of every request.",
        ),
        Key::new(
            "contact",
            Shape::Line,
            "An e-mail address or web page that somebody answers. Stands in the user agent; without it, foreign hosts \
             are not crawled.",
        ),
        Key::new(
            "country",
            Shape::Country,
            "The authority's country, as two capitals: public holidays and law.",
        ),
        Key::new("time_zone", Shape::Text, "The zone in which times are shown, such as \"Europe/Berlin\"."),
        Key::new("data", Shape::Text, "The folder where findings and evidence lie, seen from this file."),
        Key::new(
            "packs",
            Shape::List(&Shape::Text),
            "The rule packs that are on. Left out: those that are on by default.",
        ),
        Key::new("web_address", Shape::Text, "Where the web pages are served, such as \"127.0.0.1:8620\"."),
        Key::new(
            "web_hosts",
            Shape::List(&Shape::Text),
            "Names under which the web pages are served, such as [\"caveat.authority.example\"]. Requests under other \
             names are refused; names of this computer are always allowed where it listens on it.",
        ),
        Key::new("retention", Shape::Table(&RETENTION), "How long things are kept."),
        Key::new("evidence", Shape::Table(&EVIDENCE), "What else is done for the proof of findings."),
    ],
);

const RETENTION: Keys = Keys::new(
    "How long things are kept, in days.",
    &[
        Key::new("listings_days", Shape::Whole(1, MAX_DAYS), "Listings that no rule flagged. Left out: 90."),
        Key::new(
            "unflagged_evidence_days",
            Shape::Whole(1, MAX_DAYS),
            "Recorded pages whose listing no rule flagged. Left out: 30.",
        ),
    ],
);

const EVIDENCE: Keys = Keys::new(
    "What else is done for the proof of findings.",
    &[Key::new(
        "timestamp_authority",
        Shape::Text,
        "The web address of a time-stamping authority (RFC 3161), asked to stamp the end of the journal after each crawl. \
         Left out: none is asked.",
    )],
);

/// Reads `caveat.toml`. `file` is what diagnostics show. There is a configuration only where there is no error.
pub fn parse(file: &str, text: &[u8]) -> (Option<Config>, Vec<Diagnostic>) {
    let (config, diagnostics) = document::read(file, text, &KEYS, |table| {
        let document = table.document();
        let config = read(&table);
        (document.errors() == 0).then_some(config)
    });
    (config.flatten(), diagnostics)
}

fn read(table: &Table<'_>) -> Config {
    let defaults = Config::default();
    Config {
        operator: header_line(table, "operator"),
        contact: contact(table),
        country: table.country("country"),
        time_zone: time_zone(table).unwrap_or(defaults.time_zone),
        data: table.string("data").map_or(defaults.data, |path| PathBuf::from(path.value)),
        packs: table.strings("packs").unwrap_or_default().into_iter().map(|pack| pack.value).collect(),
        web_address: web_address(table).unwrap_or(defaults.web_address),
        web_hosts: web_hosts(table),
        retention: table.table("retention").map_or(defaults.retention, |table| retention(&table)),
        timestamp_authority: table.table("evidence").and_then(|table| timestamp_authority(&table)),
    }
}

/// A line that can travel in the user agent: no control characters, no parentheses that would end its comment.
fn header_line(table: &Table<'_>, key: &'static str) -> Option<String> {
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

fn contact(table: &Table<'_>) -> Option<String> {
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

fn time_zone(table: &Table<'_>) -> Option<String> {
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

fn web_address(table: &Table<'_>) -> Option<String> {
    let address = table.string("web_address")?;
    if address.value.parse::<SocketAddr>().is_ok() {
        return Some(address.value);
    }
    let problem = Problem::error(code::BAD_VALUE, address.span, "this is not an address and port")
        .help("write \"127.0.0.1:8620\" for this computer only, \"0.0.0.0:8620\" for the network");
    table.document().report(problem);
    None
}

fn timestamp_authority(table: &Table<'_>) -> Option<url::Url> {
    let address = table.string("timestamp_authority")?;
    let url = url::Url::parse(&address.value).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    if url.is_none() {
        let problem = Problem::error(code::BAD_VALUE, address.span, "this is not a web address")
            .help("write the address that the authority names for RFC 3161, such as \"https://tsa.authority.example/\"");
        table.document().report(problem);
    }
    url
}

fn web_hosts(table: &Table<'_>) -> Vec<String> {
    let mut hosts = Vec::new();
    for name in table.strings("web_hosts").unwrap_or_default() {
        let letters = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
        if !name.value.is_empty() && name.value.len() <= MAX_HEADER_BYTES && name.value.chars().all(letters) {
            hosts.push(name.value.to_ascii_lowercase());
            continue;
        }
        let problem = Problem::error(code::BAD_VALUE, name.span, "this is not the name of a host")
            .help("write the name alone, such as \"caveat.authority.example\": no scheme, no port");
        table.document().report(problem);
    }
    hosts
}

fn retention(table: &Table<'_>) -> Retention {
    let defaults = Retention::default();
    let days = |key, default| {
        let days = table.integer_within(key);
        days.and_then(|days| u32::try_from(days).ok()).unwrap_or(default)
    };
    Retention {
        listings_days: days("listings_days", defaults.listings_days),
        unflagged_evidence_days: days("unflagged_evidence_days", defaults.unflagged_evidence_days),
    }
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
