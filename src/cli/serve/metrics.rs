//! The text that Prometheus reads. Counts and times only: no address, no listing, no seller; the number of series is
//! bounded by the number of source files and by what this program names itself.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};

use super::House;
use super::live::{BUCKETS, Ended, Snapshot, Sums};
use crate::clock::Timestamp;
use crate::crawl::report::Report;
use crate::fetch::GateTally;
use crate::store::Totals;

/// Sources that have series of their own, at most; the first by id.
const MAX_SOURCES: usize = 200;
/// Kinds of one metric, at most; what is beyond is counted as `other`.
const MAX_KINDS: usize = 100;

/// Everything, as it stands now.
pub(super) fn render(house: &House) -> String {
    let seen = house.live.snapshot();
    let mut sums = seen.ended.sums.clone();
    for (source, since) in &seen.active {
        let runs = house.crawler.store.runs(Some(source)).unwrap_or_default();
        // Before the run is in the store, the newest one is an earlier one, which is counted already.
        let own = |at: &Timestamp| at >= since;
        let newest = runs.first().filter(|run| own(&run.started) || run.resumed.as_ref().is_some_and(own));
        if let Some(run) = newest {
            sums.add(&Report::of(run));
        }
    }
    let facts = Facts {
        since: house.live.since,
        seen,
        sums,
        gates: house.crawler.fetcher.gate_tally(),
        totals: house.crawler.store.totals().ok(),
        process: process(),
    };
    facts.text()
}

/// What the text says.
#[derive(Debug, Default)]
struct Facts {
    since: Timestamp,
    seen: Snapshot,
    /// Of runs that have ended and of those under way.
    sums: Sums,
    gates: GateTally,
    totals: Option<Totals>,
    /// Bytes of memory and open descriptors, where the system tells.
    process: Option<(u64, u64)>,
}

impl Facts {
    fn text(&self) -> String {
        let mut text = Text::default();
        let Ended { outcomes, late, missed, durations, finished, seconds, .. } = &self.seen.ended;
        text.metric("caveat_info", "gauge", "The program that runs.");
        text.value("caveat_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.one("caveat_start_time_seconds", "gauge", "When it began.", seconds_of(self.since));
        text.metric("caveat_runs_total", "counter", "Planned runs by what came of them.");
        for outcome in ["finished", "stopped", "failed", "skipped"] {
            let n = outcomes.get(outcome).copied().unwrap_or(0);
            text.value("caveat_runs_total", &[("outcome", outcome)], n);
        }
        text.one("caveat_runs_late_total", "counter", "Runs that began late.", late);
        text.one("caveat_ticks_missed_total", "counter", "Planned times that passed unseen.", missed);
        text.one("caveat_runs_active", "gauge", "Runs under way.", self.seen.active.len());
        text.one("caveat_runs_waiting", "gauge", "Runs that wait for their turn.", self.seen.waiting);
        text.kinds("caveat_pages_total", "Pages fetched, by kind.", "kind", &self.sums.pages);
        text.kinds(
            "caveat_errors_total",
            "Addresses that gave no page, by reason.",
            "kind",
            &self.sums.errors,
        );
        text.one("caveat_retries_total", "counter", "Tries that are repeated later.", self.sums.retries);
        text.one("caveat_listings_total", "counter", "Listings read.", self.sums.listings);
        text.kinds("caveat_flagged_total", "Listings flagged, by class.", "class", &self.sums.flagged);
        text.metric("caveat_gates", "gauge", "Gates of sites by state.");
        text.value("caveat_gates", &[("state", "open")], self.gates.open);
        for (hold, n) in &self.gates.held {
            text.value("caveat_gates", &[("state", hold)], n);
        }
        text.one("caveat_gate_failures", "gauge", "Failures in a row, over all gates.", self.gates.failures);
        text.one("caveat_store_up", "gauge", "Whether the store answers.", u8::from(self.totals.is_some()));
        if let Some(totals) = self.totals {
            text.one("caveat_queue_length", "gauge", "Addresses to be fetched.", totals.queued);
            text.one("caveat_findings", "gauge", "Findings kept.", totals.findings);
            text.one("caveat_listings", "gauge", "Listings kept.", totals.listings);
        }
        let name = "caveat_run_duration_seconds";
        text.metric(name, "histogram", "How long finished runs took.");
        for (bound, n) in BUCKETS.iter().zip(durations) {
            text.value(&format!("{name}_bucket"), &[("le", &bound.to_string())], n);
        }
        text.value(&format!("{name}_bucket"), &[("le", "+Inf")], finished);
        text.value(&format!("{name}_sum"), &[], seconds);
        text.value(&format!("{name}_count"), &[], finished);
        text.times("caveat_source_next_run_timestamp_seconds", "The next planned run.", &self.seen.next);
        text.times("caveat_source_last_run_timestamp_seconds", "When the last run began.", &self.seen.last);
        if let Some((memory, descriptors)) = self.process {
            text.one("process_resident_memory_bytes", "gauge", "Memory in use.", memory);
            text.one("process_open_fds", "gauge", "Open descriptors.", descriptors);
        }
        text.0
    }
}

/// Whole seconds since 1970.
fn seconds_of(time: Timestamp) -> i64 {
    time.0.div_euclid(1000)
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (number, (label, said)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if number == 0 { '{' } else { ',' }, escaped(said));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.metric(name, kind, help);
        self.value(name, &[], value);
    }

    fn kinds(&mut self, name: &str, help: &str, label: &str, counts: &BTreeMap<String, u64>) {
        self.metric(name, "counter", help);
        for (kind, n) in counts.iter().take(MAX_KINDS) {
            self.value(name, &[(label, kind)], n);
        }
        let rest: u64 = counts.values().skip(MAX_KINDS).sum();
        if rest > 0 {
            self.value(name, &[(label, "other")], rest);
        }
    }

    fn times(&mut self, name: &str, help: &str, times: &BTreeMap<String, Timestamp>) {
        self.metric(name, "gauge", help);
        for (source, at) in times.iter().take(MAX_SOURCES) {
            self.value(name, &[("source", source)], seconds_of(*at));
        }
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            // Readers break lines at others too.
            letter if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => text.push('?'),
            letter => text.push(letter),
        }
    }
    text
}

/// Memory and descriptors of this process, where `/proc` tells.
fn process() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    // One of them is the folder that is being read.
    let descriptors = std::fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    Some((kilobytes * 1024, descriptors as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_cannot_break_out() {
        assert_eq!(escaped("a\"} 1\nb\\\r\u{2028}"), "a\\\"} 1\\nb\\\\??");
        let mut text = Text::default();
        text.value("m", &[("a", "x\"y"), ("b", "")], 3);
        assert_eq!(text.0, "m{a=\"x\\\"y\",b=\"\"} 3\n");
    }

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let mut facts = Facts { totals: Some(Totals::default()), process: Some((1, 2)), ..Facts::default() };
        facts.sums.errors = (0..150).map(|n| (format!("kind-{n:03}"), 1)).collect();
        facts.sums.pages.insert("product".to_owned(), 7);
        facts.gates.held.insert("breaker", 2);
        facts.seen.next = (0..300).map(|n| (format!("shop-{n:03}"), Timestamp(5000))).collect();
        let text = facts.text();
        let mut typed = std::collections::BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let name = rest.split(' ').next().unwrap();
                assert!(typed.insert(name.to_owned()), "{name} twice");
            } else if !line.starts_with("# HELP ") {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok(), "{line}");
                let name = series.split('{').next().unwrap();
                let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
                let known = typed.contains(name) || family.is_some_and(|family| typed.contains(family));
                assert!(known, "{line}");
            }
        }
        assert!(text.contains("caveat_errors_total{kind=\"other\"} 50\n"));
        assert!(text.contains("caveat_gates{state=\"breaker\"} 2\n"));
        assert!(text.contains("caveat_pages_total{kind=\"product\"} 7\n"));
        assert_eq!(text.matches("caveat_source_next_run_timestamp_seconds{").count(), MAX_SOURCES);
    }
}
