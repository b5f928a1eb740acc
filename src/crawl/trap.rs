//! Endless calendars, facets and mazes: addresses of one shape that never lead to an offer.
//!
//! A shape is an address with its numbers, dates and long tokens blanked. When many pages of one shape in a row show
//! nothing that is for sale, further addresses of the shape are refused. What a shop sells decides, not a list of
//! words, so that a calendar is a trap whatever it is called, and a list of 10,000 numbered offers is none.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use url::Url;

/// Pages of one shape in a row without an offer or a link to one, after which the shape is a trap. Shops do have
/// about a dozen pages of help or news of one shape; twenty in a row without a single offer are not worth asking for.
pub(super) const FRUITLESS_PAGES: u32 = 20;

/// A path that repeats one segment this often is a loop of relative links.
const REPEATED_SEGMENTS: usize = 4;

/// Longest address that is followed: servers answer 414 from about 8,000 bytes, real shop pages stay below 2,000.
pub(super) const MAX_ADDRESS_BYTES: usize = 2000;

/// Shapes that are remembered. A shop has some hundreds; beyond this, new shapes are not watched.
const MAX_SHAPES: usize = 50_000;

/// What is known of each shape in this run. Lost on restart, which costs at most [`FRUITLESS_PAGES`] pages a trap.
#[derive(Debug, Default)]
pub(super) struct Traps(Mutex<BTreeMap<String, u32>>);

impl Traps {
    /// Why the address looks like a trap, if it does. What a list or a sitemap names as an offer (`listed`) is judged by
    /// its address alone: an offer that cannot be read is still an offer.
    pub(super) fn check(&self, url: &Url, listed: bool) -> Option<String> {
        if url.as_str().len() > MAX_ADDRESS_BYTES {
            return Some(format!("the address is longer than {MAX_ADDRESS_BYTES} bytes"));
        }
        if let Some(segment) = repeated_segment(url) {
            return Some(format!("the path repeats {segment:?} {REPEATED_SEGMENTS} times"));
        }
        if listed {
            return None;
        }
        let shape = shape(url);
        let fruitless = *self.shapes().get(&shape)?;
        (fruitless >= FRUITLESS_PAGES)
            .then(|| format!("{FRUITLESS_PAGES} pages of the shape {shape} in a row offered nothing"))
    }

    /// Remembers whether a fetched page offered something or led to an offer.
    pub(super) fn learn(&self, url: &Url, fruitful: bool) {
        let mut shapes = self.shapes();
        let shape = shape(url);
        if fruitful {
            shapes.remove(&shape);
        } else if shapes.len() < MAX_SHAPES || shapes.contains_key(&shape) {
            let fruitless = shapes.entry(shape).or_default();
            *fruitless = fruitless.saturating_add(1);
        }
    }

    fn shapes(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn repeated_segment(url: &Url) -> Option<&str> {
    let segments: Vec<&str> = url.path_segments()?.filter(|segment| !segment.is_empty()).collect();
    segments
        .iter()
        .find(|one| segments.iter().filter(|other| other == one).count() >= REPEATED_SEGMENTS)
        .copied()
}

/// Host and path with numbers and long tokens blanked, and the sorted names of the parameters.
fn shape(url: &Url) -> String {
    let mut shape = url.host_str().unwrap_or_default().to_owned();
    for segment in url.path_segments().into_iter().flatten() {
        shape.push('/');
        shape.push_str(&blank(segment));
    }
    let mut names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        shape.push('?');
        shape.push_str(&names.join("&"));
    }
    shape
}

/// Numbers become `#`; a segment with digits and letters mixed, or a long one, becomes `*`.
fn blank(segment: &str) -> String {
    let numbers_only = segment.chars().all(|c| c.is_ascii_digit() || "-_.:".contains(c));
    if !segment.is_empty() && numbers_only {
        return "#".to_owned();
    }
    if segment.len() > 24 || segment.contains(|c: char| c.is_ascii_digit()) {
        return "*".to_owned();
    }
    segment.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn an_endless_calendar_ends() {
        let traps = Traps::default();
        let page = |month: u32| url(&format!("https://shop.example/events/2026/{month}?view=month"));
        let fetched = (1..1000).take_while(|month| traps.check(&page(*month), false).is_none());
        let fetched = fetched.inspect(|month| traps.learn(&page(*month), false)).count();
        assert_eq!(fetched, FRUITLESS_PAGES as usize);
        assert!(traps.check(&page(5000), false).unwrap().contains("/events/#/#?view"));
    }

    #[test]
    fn offers_of_one_shape_are_no_trap() {
        let traps = Traps::default();
        for number in 0..1000 {
            let page = url(&format!("https://shop.example/p/{number}"));
            assert_eq!(traps.check(&page, false), None);
            // One page in ten shows an offer; the others are sold out and empty.
            traps.learn(&page, number % 10 == 0);
        }
    }

    #[test]
    fn loops_of_relative_links_and_endless_addresses_are_traps() {
        let traps = Traps::default();
        assert!(traps.check(&url("https://shop.example/a/b/a/b/a/b/a/b"), false).is_some());
        assert!(traps.check(&url(&format!("https://shop.example/{}", "x".repeat(3000))), false).is_some());
        assert!(traps.check(&url("https://shop.example/a/b/a/c/p/1"), false).is_none());
    }

    #[test]
    fn different_parts_of_a_shop_are_judged_apart() {
        let traps = Traps::default();
        for month in 0..50 {
            traps.learn(&url(&format!("https://shop.example/calendar/{month}")), false);
        }
        assert!(traps.check(&url("https://shop.example/calendar/99"), false).is_some());
        assert!(traps.check(&url("https://shop.example/p/99"), false).is_none());
    }
}
