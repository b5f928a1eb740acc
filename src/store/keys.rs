//! How keys are built: names end with a zero byte, numbers are big-endian, so that byte order is the wanted order.

use super::StoreError;
use crate::clock::Timestamp;
use crate::finding::Severity;

/// Source ids, gates and hosts. A host name has at most 253 bytes; a port and a scheme come on top.
pub(super) const MAX_NAME: usize = 300;
/// URLs that are followed. Sitemaps may not hold longer ones either, and longer keys would bloat every leaf of an index.
pub(super) const MAX_URL: usize = 2048;

pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), StoreError> {
    check(what, name, MAX_NAME, "it has more than 300 bytes")
}

pub(super) fn check_url(url: &str) -> Result<(), StoreError> {
    check("the URL", url, MAX_URL, "it has more than 2048 bytes")
}

fn check(what: &'static str, text: &str, most: usize, too_long: &'static str) -> Result<(), StoreError> {
    let why = if text.is_empty() {
        "it is empty"
    } else if text.len() > most {
        too_long
    } else if text.contains('\0') {
        "it has a zero byte"
    } else {
        return Ok(());
    };
    Err(StoreError::BadKey { what, value: text.chars().take(80).collect(), why })
}

/// `source 0`: everything of one source.
pub(super) fn of_source(source: &str) -> Vec<u8> {
    joined(&[source.as_bytes(), &[0]])
}

/// `source 0 url`.
pub(super) fn url(source: &str, url: &str) -> Vec<u8> {
    joined(&[source.as_bytes(), &[0], url.as_bytes()])
}

/// `source 0 gate 0`: everything that waits at one gate.
pub(super) fn of_gate(source: &str, gate: &str) -> Vec<u8> {
    joined(&[source.as_bytes(), &[0], gate.as_bytes(), &[0]])
}

/// `source 0 gate 0 priority sequence`.
pub(super) fn ready(source: &str, gate: &str, priority: u8, sequence: u64) -> Vec<u8> {
    joined(&[&of_gate(source, gate), &[priority], &sequence.to_be_bytes()])
}

/// `source 0 gate 0 not_before sequence`.
pub(super) fn waiting(source: &str, gate: &str, not_before: Timestamp, sequence: u64) -> Vec<u8> {
    joined(&[&of_gate(source, gate), &time(not_before), &sequence.to_be_bytes()])
}

/// `source 0 run`.
pub(super) fn run(source: &str, run: u64) -> Vec<u8> {
    joined(&[source.as_bytes(), &[0], &run.to_be_bytes()])
}

/// `source 0 time`.
pub(super) fn tick(source: &str, at: Timestamp) -> Vec<u8> {
    joined(&[source.as_bytes(), &[0], &time(at)])
}

/// `severity score id`, worst first.
pub(super) fn order(severity: Severity, score: u8, id: &str) -> Vec<u8> {
    joined(&[&[u8::MAX - severity as u8, u8::MAX - score], id.as_bytes()])
}

/// The first key of findings of this severity, and of milder ones after it.
pub(super) fn order_after(severity: Severity) -> Vec<u8> {
    vec![u8::MAX - severity as u8 + 1]
}

/// `seen_at source 0 url`.
pub(super) fn age(seen_at: Timestamp, source: &str, url: &str) -> Vec<u8> {
    joined(&[&time(seen_at), source.as_bytes(), &[0], url.as_bytes()])
}

/// `base 0 part`: where a value that is kept in parts lies.
pub(super) fn part(base: &[u8], number: u16) -> Vec<u8> {
    joined(&[base, &[0], &number.to_be_bytes()])
}

/// The base of a value's first part; `None` for the other parts.
pub(super) fn first_part(key: &[u8]) -> Option<&[u8]> {
    key.strip_suffix(&[0, 0, 0])
}

/// A time whose byte order is its order, also before 1970.
pub(super) fn time(at: Timestamp) -> [u8; 8] {
    (at.0.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

/// The time at the front of `bytes`, as [`time`] wrote it.
pub(super) fn read_time(bytes: &[u8]) -> Option<Timestamp> {
    let (front, _) = bytes.split_first_chunk::<8>()?;
    Some(Timestamp((u64::from_be_bytes(*front) ^ (1 << 63)).cast_signed()))
}

fn joined(pieces: &[&[u8]]) -> Vec<u8> {
    pieces.concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waiting_keys_sort_by_time_then_sequence(a: (i64, u64), b: (i64, u64)) {
            let key = |(at, sequence)| waiting("s", "g", Timestamp(at), sequence);
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
            prop_assert_eq!(read_time(&time(Timestamp(a.0))), Some(Timestamp(a.0)));
        }

        #[test]
        fn ready_keys_sort_by_priority_then_sequence(a: (u8, u64), b: (u8, u64)) {
            let key = |(priority, sequence)| ready("s", "g", priority, sequence);
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
        }
    }

    #[test]
    fn findings_sort_worst_first() {
        let mut keys = [
            order(Severity::Low, 99, "a"),
            order(Severity::Critical, 1, "b"),
            order(Severity::Critical, 80, "d"),
            order(Severity::Critical, 80, "c"),
        ];
        keys.sort();
        let ids: Vec<u8> = keys.iter().map(|key| key[2]).collect();
        assert_eq!(ids, b"cdba");
        assert!(order_after(Severity::High) > order(Severity::High, 0, "z"));
        assert!(order_after(Severity::High) < order(Severity::Medium, 100, "a"));
    }

    #[test]
    fn names_that_are_no_keys_are_refused() {
        for bad in ["", "a\0b", &"x".repeat(MAX_NAME + 1)] {
            assert!(check_name("source", bad).is_err(), "{bad:?}");
        }
        assert!(check_url(&"x".repeat(MAX_URL)).is_ok());
        assert!(check_url(&"x".repeat(MAX_URL + 1)).is_err());
    }
}
