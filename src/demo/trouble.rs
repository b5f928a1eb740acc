//! What goes wrong on real shops, on purpose: busy and failing pages, redirects that chain and loop, a calendar
//! without end, a robot check, an empty page, a file where a page should be.

use std::fmt::Write as _;
use std::time::Duration;

use super::catalogue::Fault;
use super::pages::Pages;
use super::site::Reply;

/// What the slow page takes: long enough to notice, short enough for a demo.
const SLOW: Duration = Duration::from_millis(1500);

/// A product page with its fault on the `attempt`th request (from 1).
pub(super) fn serve(html: String, fault: Option<Fault>, attempt: usize) -> Reply {
    match fault {
        Some(Fault::Busy) if attempt <= 2 => {
            let mut reply = Reply::status(429);
            reply.headers.push(("retry-after", "1".to_owned()));
            reply
        }
        Some(Fault::Hiccup) if attempt == 1 => Reply::status(500),
        Some(Fault::Slow) => Reply { delay: SLOW, ..Reply::html(html) },
        Some(Fault::WrongCharset) => Reply::new(200, "text/html; charset=iso-8859-1", html),
        Some(Fault::LegacyCharset) => {
            let declared = html.replacen("<meta charset=\"utf-8\">", "<meta charset=\"windows-1250\">", 1);
            let (bytes, ..) = encoding_rs::WINDOWS_1250.encode(&declared);
            Reply::new(200, "text/html", bytes.into_owned())
        }
        _ => Reply::html(html),
    }
}

/// The answer of a troubled address, if `path` is one.
pub(super) fn reply(pages: &Pages, path: &str, query: &str) -> Option<Reply> {
    let reply = match path {
        // Three hops to a page that stands.
        "/go/spring" => Reply::redirect("/go/spring-2026"),
        "/go/spring-2026" => Reply::redirect("/go/spring-2026/en"),
        "/go/spring-2026/en" => Reply::redirect("/pages/blog-spring-cleaning"),
        "/go/newsletter" => Reply::redirect("/go/newsletter-welcome"),
        "/go/newsletter-welcome" => Reply::redirect("/go/newsletter"),
        "/checkpoint" => Reply::html(pages.bare("checkpoint")),
        "/flash-sale" => Reply::html(String::new()),
        "/downloads/winter-catalogue" => Reply::new(200, "application/octet-stream", leaflet()),
        "/admin/" | "/admin/help" | "/basket" => {
            Reply::html(pages.house("en", "Staff and customers only", "<p>Please sign in.</p>"))
        }
        _ if path.starts_with("/private/") => Reply::html(pages.house(
            "en",
            "Trade price list",
            "<p>For registered traders: ask for your price.</p>",
        )),
        _ => Reply::html(calendar(pages, path.strip_prefix("/calendar/")?, query)?),
    };
    Some(reply)
}

/// A month of opening hours that always links to the next and the one before, in four views.
fn calendar(pages: &Pages, month: &str, query: &str) -> Option<String> {
    let (year, month) = month.split_once('/')?;
    let (year, month): (i64, i64) = (year.parse().ok()?, month.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=9999).contains(&year) {
        return None;
    }
    let view = query
        .strip_prefix("view=")
        .filter(|view| matches!(*view, "week" | "agenda" | "print"))
        .unwrap_or("month");
    let link = |months: i64, view: &str| {
        let count = year * 12 + (month - 1) + months;
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
        format!("/calendar/{year}/{month:02}?view={view}")
    };
    let mut body =
        format!("<p>Opening hours in {month:02}/{year}: Monday to Saturday, 10 to 20 o’clock.</p><ul>");
    for (months, view, words) in [
        (-1, view, "Previous month"),
        (1, view, "Next month"),
        (0, "week", "Weeks"),
        (0, "agenda", "Agenda"),
        (0, "print", "Print view"),
    ] {
        let _ = write!(body, "<li><a href=\"{}\">{words}</a></li>", link(months, view));
    }
    body.push_str("</ul>");
    Some(pages.house("en", &format!("Calendar {month:02}/{year}"), &body))
}

/// Bytes that are no text in any character set, behind an address that looks like a page.
fn leaflet() -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes().first().copied().unwrap_or_default()
    });
    b"CAT\0\x01\x02\xff\xfe".iter().copied().chain(noise.take(4096)).collect()
}
