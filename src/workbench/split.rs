//! Splits that hold: near-duplicates stay together, and adding listings never moves those that were there.

use sha2::{Digest, Sha256};

use super::clusters;
use super::corpus::{Entry, Split};
use super::statistics::Groups;

/// Where an entry belongs and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// By place in the corpus.
    pub splits: Vec<Split>,
    /// Entries that were placed for the first time.
    pub fresh: usize,
    /// Clusters whose lines name both splits: what is blind there has been seen in train.
    pub torn: Vec<Vec<usize>>,
}

/// Gives every entry a split. `blind` is the part of clusters that becomes blind.
///
/// A line that names its split keeps it, unless `anew`. Else the near-duplicates that are placed already decide, train when
/// they do not agree. Else the hash of the cluster's smallest id decides, which nothing that is added later changes once
/// it is written.
pub fn place(entries: &[Entry], groups: &Groups, blind: f64, anew: bool) -> Placed {
    let mut splits: Vec<Split> = entries.iter().map(|entry| entry.split).collect();
    let written =
        |place: usize| entries.get(place).filter(|entry| entry.placed && !anew).map(|entry| entry.split);
    let mut all = clusters::members(&groups.clusters);
    let mut alone = vec![true; entries.len()];
    for place in all.iter().flatten() {
        if let Some(alone) = alone.get_mut(*place) {
            *alone = false;
        }
    }
    all.extend(alone.iter().enumerate().filter(|(_, alone)| **alone).map(|(place, _)| vec![place]));
    let (mut fresh, mut torn) = (0, Vec::new());
    for members in all {
        let named: Vec<Split> = members.iter().filter_map(|place| written(*place)).collect();
        let split = match (named.contains(&Split::Train), named.contains(&Split::Blind)) {
            (true, both) => {
                if both {
                    torn.push(members.clone());
                }
                Split::Train
            }
            (false, true) => Split::Blind,
            (false, false) => {
                let least =
                    members.iter().filter_map(|place| entries.get(*place)).map(|entry| &entry.id).min();
                by_hash(least.map_or("", String::as_str), blind)
            }
        };
        for place in members.into_iter().filter(|place| written(*place).is_none()) {
            fresh += 1;
            if let Some(slot) = splits.get_mut(place) {
                *slot = split;
            }
        }
    }
    torn.sort();
    Placed { splits, fresh, torn }
}

fn by_hash(id: &str, blind: f64) -> Split {
    let mut hasher = Sha256::new();
    hasher.update(b"caveat split\0");
    hasher.update(id.as_bytes());
    let digest = hasher.finalize();
    let first = digest.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    if f64::from(first) < blind * 2.0_f64.powi(32) { Split::Blind } else { Split::Train }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Ruling;
    use crate::listing::Listing;
    use crate::workbench::corpus::Place;

    fn entry(id: &str, title: &str, split: Option<Split>) -> Entry {
        Entry {
            id: id.to_owned(),
            listing: Listing { title: title.to_owned(), ..Listing::default() },
            label: Ruling::Pass,
            class: None,
            split: split.unwrap_or_default(),
            placed: split.is_some(),
            slices: Vec::new(),
            note: None,
            place: Place { file: "c".to_owned(), line: 1 },
        }
    }

    fn placed(entries: &[Entry]) -> Placed {
        place(entries, &clusters::groups(entries), 0.2, false)
    }

    #[test]
    fn about_the_wanted_part_is_blind_and_near_duplicates_stay_together() {
        let entries: Vec<Entry> = (0..2_000)
            .map(|n| entry(&format!("id{n}"), &format!("offer number w{} of shop s{}", n / 2, n / 2), None))
            .collect();
        let placed = placed(&entries);
        let blind = placed.splits.iter().filter(|split| **split == Split::Blind).count();
        assert!((320..=480).contains(&blind), "{blind}");
        assert!(placed.splits.chunks(2).all(|pair| pair[0] == pair[1]));
        assert_eq!((placed.fresh, placed.torn.len()), (2_000, 0));
    }

    #[test]
    fn adding_listings_moves_none() {
        let mut entries: Vec<Entry> =
            (0..300).map(|n| entry(&format!("m{n}"), &format!("offer w{n} from s{n}"), None)).collect();
        let before = placed(&entries).splits;
        for (entry, split) in entries.iter_mut().zip(&before) {
            (entry.split, entry.placed) = (*split, true);
        }
        // Each new one is a near-duplicate with a smaller id, which would have decided.
        let new: Vec<Entry> =
            (0..300).map(|n| entry(&format!("a{n}"), &format!("Offer w{n}, from s{n}"), None)).collect();
        let all: Vec<Entry> = new.into_iter().chain(entries).collect();
        let after = placed(&all).splits;
        assert_eq!(after[300..], before[..]);
        assert_eq!(after[..300], before[..]);
    }

    #[test]
    fn a_cluster_that_was_torn_is_named_and_what_is_new_of_it_is_not_blind() {
        let entries = [
            entry("a", "the same text", Some(Split::Blind)),
            entry("b", "the same text", Some(Split::Train)),
            entry("c", "the same text", None),
        ];
        let placed = placed(&entries);
        assert_eq!(placed.splits, [Split::Blind, Split::Train, Split::Train]);
        assert_eq!(placed.torn, [[0, 1, 2]]);
    }
}
