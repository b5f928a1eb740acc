//! What a run saw and did not see, as people read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::terminal::{BOLD, DIM, GOOD, WARN, styled};
use crate::crawl::report::Report;

/// The report of one run as a block of lines.
pub(super) fn report(report: &Report, complete: bool) -> String {
    let mut text = String::new();
    let until = report.finished.unwrap_or(report.started);
    let head = match (complete, report.finished) {
        (true, Some(_)) if report.fetched == 0 => "finished, but nothing was fetched".to_owned(),
        (true, Some(_)) => format!("finished in {}", duration(until.since(report.started))),
        _ => format!("stopped with {} waiting; run the same command again to resume", report.queued),
    };
    let mark = if complete && report.fetched > 0 { styled("✓", GOOD) } else { styled("…", WARN) };
    let resumed = if report.resumed.is_some() { ", resumed" } else { "" };
    let name = styled(&report.source, BOLD);
    let _ = writeln!(text, "{mark} {name}  run {}{resumed}, {head}", report.run);
    let pages: Vec<String> =
        report.pages.iter().map(|(kind, n)| format!("{n} {}", page_name(kind))).collect();
    line(&mut text, "fetched", report.fetched, &pages.join(", "));
    line(&mut text, "listings", report.listings, &format!("and {} cards on category pages", report.cards));
    if report.searches > 0 {
        line(&mut text, "searched", report.searches, "pages of the shop's own search");
    }
    line(&mut text, "flagged", report.flagged_total(), "");
    rows(&mut text, &report.flagged, str::to_owned);
    if report.not_fetched_total() > 0 {
        line(&mut text, "not fetched", report.not_fetched_total(), "");
        rows(&mut text, &report.not_fetched, not_fetched_reason);
    }
    let not_followed: Vec<String> =
        report.not_followed.iter().map(|(code, n)| format!("{n} {}", not_followed_reason(code))).collect();
    if !not_followed.is_empty() {
        line(&mut text, "not followed", report.not_followed.values().sum(), &not_followed.join(", "));
    }
    let blocked = report.pages.get("blocked").copied().unwrap_or(0);
    if blocked > 0 {
        line(&mut text, "not seen", blocked, "captcha, consent wall, login wall or needs scripts");
    }
    text.trim_end().to_owned()
}

fn line(text: &mut String, name: &str, n: u64, detail: &str) {
    let detail = if detail.is_empty() { String::new() } else { styled(format_args!("  {detail}"), DIM) };
    let _ = writeln!(text, "  {name:<12} {n:>6}{detail}");
}

fn rows(text: &mut String, counts: &BTreeMap<String, u64>, name: impl Fn(&str) -> String) {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    for (key, n) in counts {
        let _ = writeln!(text, "    {n:>6}  {}", name(key));
    }
}

fn page_name(kind: &str) -> &str {
    match kind {
        "product" => "product pages",
        "category" => "category pages",
        "article" => "articles",
        "blocked" => "blocked",
        "sitemap" => "sitemaps",
        other => other,
    }
}

fn not_fetched_reason(code: &str) -> String {
    let known = match code {
        "refused" => "refused by robots.txt",
        "trap" => "a trap: many pages of the same shape that offer nothing",
        "budget" => "the budget of pages is used up",
        "robots-unreachable" => "robots.txt cannot be reached, so nothing was asked",
        "crawl-delay-too-long" => "the site asks for a longer crawl delay than is waited for",
        "private-address" => "a private address",
        "redirect-loop" => "redirects in a circle",
        "too-many-redirects" => "too many redirects",
        "out-of-scope" => "redirected to another site",
        "timeout" => "timed out",
        "too-large" => "larger than the limit",
        "decode" => "damaged compression",
        "internal-error" => "an internal error; please report it with the addresses",
        "not-kept" => "an address or a listing larger than what is stored",
        "status-404" => "404 not found",
        "status-410" => "410 gone",
        "status-429" => "429 too many requests, after retries",
        other => return other.replacen("status-", "status ", 1).replace('-', " "),
    };
    known.to_owned()
}

fn not_followed_reason(code: &str) -> &str {
    match code {
        "other-site" => "to other sites",
        "denied" => "denied by the source",
        "not-allowed" => "outside the source's allow list",
        "too-deep" => "too deep",
        "trap" => "into a trap",
        "unusable" => "unusable",
        other => other,
    }
}

/// A duration as people say it.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{} ms", duration.as_millis()),
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}
