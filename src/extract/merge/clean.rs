//! Values as they are meant: availability words, brands and numbers without what pages put around them.

use url::Url;

use crate::extract::head::Head;
use crate::extract::{text, words};
use crate::listing::Availability;

/// The meaning of an availability value: a schema.org name or address, or words.
pub(super) fn availability(value: &str) -> Option<Availability> {
    let name = value.trim().rsplit(['/', '#']).next().unwrap_or("").to_lowercase();
    let bare: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    match bare.as_str() {
        "instock"
        | "instoreonly"
        | "onlineonly"
        | "limitedavailability"
        | "available"
        | "true"
        | "yes"
        | "instocks"
        | "lowstock"
        | "madetoorder"
        | "availablefororder"
        | "limitedstock" => Some(Availability::InStock),
        "outofstock" | "soldout" | "discontinued" | "unavailable" | "false" | "no" | "oos"
        | "notavailable" | "reserved" | "pending" => Some(Availability::OutOfStock),
        "preorder" | "presale" | "backorder" | "availableforpreorder" => Some(Availability::PreOrder),
        _ if words::OUT_OF_STOCK.in_text(&name) => Some(Availability::OutOfStock),
        _ if words::IN_STOCK.in_text(&name) => Some(Availability::InStock),
        _ => None,
    }
}

pub(super) fn word(availability: Availability) -> &'static str {
    match availability {
        Availability::InStock => "InStock",
        Availability::OutOfStock => "OutOfStock",
        Availability::PreOrder => "PreOrder",
        Availability::Unknown => "Unknown",
    }
}

/// A title without the shop's name at its end or front, where the page itself says that name.
pub(super) fn without_site(title: &str, head: &Head, url: Option<&Url>) -> String {
    let host = url.and_then(Url::host_str).unwrap_or("").trim_start_matches("www.").to_owned();
    let shop = host.split('.').next().unwrap_or("").to_owned();
    for separator in [" | ", " - ", " – ", " — ", " :: ", " · ", " » ", ": "] {
        if let Some((front, last)) = title.rsplit_once(separator) {
            let last_key = text::key(last);
            let is_site = !last_key.is_empty()
                && (last_key == text::key(&head.site_name)
                    || last_key == text::key(&host)
                    || (shop.len() > 2 && last_key.contains(&text::key(&shop))));
            if is_site && !front.trim().is_empty() {
                return front.trim().to_owned();
            }
        }
    }
    title.to_owned()
}

/// A brand without the words that pages put around it.
pub(super) fn brand(value: &str) -> String {
    let line = text::line(value);
    let mut name = line.as_str();
    if let Some((label, rest)) = name.rsplit_once(':')
        && !rest.trim().is_empty()
        && label.split_whitespace().count() <= 6
    {
        name = rest.trim();
    }
    for (prefix, suffix) in [
        ("Visit the ", " Store"),
        ("by ", ""),
        ("von ", ""),
        ("Brand ", ""),
        ("Visita la tienda de ", ""),
        ("Besuchen Sie den ", "-Store"),
    ] {
        if let Some(inner) = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix)) {
            name = inner;
        }
    }
    if name.starts_with("http") {
        name = name.trim_end_matches('/').rsplit('/').next().unwrap_or("");
    }
    let lowered = name.to_lowercase();
    if matches!(
        lowered.as_str(),
        "null"
            | "none"
            | "n/a"
            | "undefined"
            | "-"
            | "unbranded"
            | "generic"
            | "no brand"
            | "false"
            | "true"
            | "other"
    ) {
        return String::new();
    }
    name.trim().to_owned()
}

pub(super) fn digits(value: &str) -> usize {
    value.chars().filter(char::is_ascii_digit).count()
}

/// Whether a labelled value is a number of a product: it has digits, or is one upper-case word.
pub(super) fn is_code(value: &str) -> bool {
    let digits = value.chars().any(|c| c.is_ascii_digit());
    let word = !value.contains(' ') && value.chars().all(|c| c.is_uppercase() || !c.is_alphabetic());
    !value.is_empty()
        && (digits || word)
        && value.chars().count() <= 40
        && !value.contains(['€', '$', '%', '★'])
}

/// An identifier without its label; empty where it is a sentence.
pub(super) fn identifier(value: &str) -> String {
    let line = text::line(value);
    let mut code = line.as_str();
    if let Some((label, rest)) = code.split_once(':')
        && !rest.trim().is_empty()
        && (label.chars().all(|c| c.is_alphabetic() || c == ' ' || c == '.' || c == '-') || label == "sku")
    {
        code = rest.trim();
    }
    // "Art.1049084", "Art. Nr. 12-34": the label stands before the number without a colon.
    let lead = code.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let label = code.get(..lead).unwrap_or("");
    if label.ends_with(['.', ' ']) && words::SKU_LABELS.has(&words::label(label)) {
        code = code.get(lead..).unwrap_or(code);
    }
    let code = code.trim().trim_start_matches('#').trim_end_matches([',', ';']).trim();
    let fits = code.chars().count() <= 60
        && code.split_whitespace().count() <= 4
        && code.chars().any(char::is_alphanumeric);
    let nothing = matches!(
        code.to_lowercase().as_str(),
        "null" | "none" | "n/a" | "undefined" | "-" | "0" | "false" | "true"
    );
    if fits && !nothing { code.to_owned() } else { String::new() }
}
