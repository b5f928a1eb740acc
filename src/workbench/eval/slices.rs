//! The slices of a corpus: those that its lines name, and language and source where a line does not name them.

use std::collections::BTreeMap;

use crate::workbench::bitmaps::Bitmap;
use crate::workbench::corpus::Entry;

/// Slices that are measured, the largest first; a slice for each listing would be as long as the corpus.
const MAX_SLICES: usize = 300;

/// Sets of listings by name.
#[derive(Debug, Clone, Default)]
pub struct Slices(BTreeMap<String, Bitmap>);

impl Slices {
    /// The slices of entries: as written (`trick:spaced`, `month:2026-09`), `lang:` from the listing and `source:` from its
    /// address where no slice says so. `also:` is no slice but a second class.
    pub fn of(entries: &[Entry]) -> Self {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            let written = entry.slices.iter().filter(|slice| !slice.starts_with("also:")).cloned();
            let language = || entry.listing.language.as_deref().and_then(|tag| tag.split('-').next());
            let derived = [("lang", language().map(str::to_lowercase)), ("source", host(entry))]
                .into_iter()
                .filter(|(key, _)| entry.slice(key).is_none())
                .filter_map(|(key, value)| Some(format!("{key}:{}", value?)));
            for slice in written.chain(derived) {
                places.entry(slice).or_default().push(place);
            }
        }
        let mut largest: Vec<(String, Vec<usize>)> = places.into_iter().collect();
        if largest.len() > MAX_SLICES {
            largest.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
            largest.truncate(MAX_SLICES);
        }
        let set = |places: Vec<usize>| {
            let mut set = Bitmap::new(entries.len());
            for place in places {
                set.set(place);
            }
            set
        };
        Self(largest.into_iter().map(|(name, places)| (name, set(places))).collect())
    }

    /// The slices in the order of their names.
    pub fn sets(&self) -> impl Iterator<Item = (&str, &Bitmap)> {
        self.0.iter().map(|(name, set)| (name.as_str(), set))
    }
}

fn host(entry: &Entry) -> Option<String> {
    let url = url::Url::parse(entry.listing.url.as_deref()?).ok()?;
    url.host_str().map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned())
}
