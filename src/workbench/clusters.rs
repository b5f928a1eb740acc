//! Near-duplicates: listings that say nearly the same, found in time linear in the text.
//!
//! A listing is the set of its pairs of neighbouring words, title and description folded to the standard view. Two listings
//! are near-duplicates when at least [`THRESHOLD`] of the pairs that stand in either stand in both (Jaccard). A cluster is
//! whatever hangs together so, by way of others too. Candidates come from one-permutation min-hashing (Broder 1997; Li, Owen
//! and Zhang 2012) and are checked against the sets themselves: what is put together is alike, and of two listings just at
//! the threshold about 1 pair in 20 is overlooked, of more alike ones hardly any.

use std::collections::HashMap;

use super::bitmaps::Bitmap;
use super::corpus::Entry;
use super::parallel;
use super::statistics::Groups;
use crate::listing::Listing;
use crate::normalise::words::{self, Word};
use crate::normalise::{Folded, is_unbounded};

/// Of the pairs of neighbouring words that stand in either text, this part must stand in both.
pub const THRESHOLD: f64 = 0.7;

/// Minima kept of a listing …
const MINIMA: usize = 64;
/// … so many of which must agree for two listings to be compared: at the threshold, 1 − (1 − 0.7⁴)¹⁶ ≈ 0.99 of pairs are.
const BAND: usize = 4;
/// Words that are looked at; a description of more is a catalogue, and its beginning tells which.
const MAX_WORDS: usize = 2_000;
/// Listings that one is compared with for each band: where thousands share a band, they are mostly of one cluster, and
/// comparing all with all would be quadratic.
const MAX_COMPARED: usize = 8;

/// Pairs of neighbouring words, as ascending hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shingles(Vec<u32>);

impl Shingles {
    /// Those of a listing.
    pub fn of(listing: &Listing) -> Self {
        Scratch::default().shingles(listing)
    }

    /// The part of pairs in either that stand in both. Two empty sets are alike in nothing.
    pub fn likeness(&self, other: &Self) -> f64 {
        let (mut a, mut b, mut both) = (0, 0, 0_u32);
        while let (Some(x), Some(y)) = (self.0.get(a), other.0.get(b)) {
            both += u32::from(x == y);
            a += usize::from(x <= y);
            b += usize::from(y <= x);
        }
        let either = u32::try_from(self.0.len() + other.0.len()).unwrap_or(u32::MAX) - both;
        if either == 0 { 0.0 } else { f64::from(both) / f64::from(either) }
    }
}

/// The cluster of each listing: the place of its first member.
pub fn clusters(listings: &[&Listing]) -> Vec<u32> {
    let sets: Vec<Shingles> =
        parallel::map_with(listings, Scratch::default, |scratch, listing| scratch.shingles(listing));
    let signatures: Vec<Signature> = parallel::map(&sets, Signature::of);
    let mut joined = Joined::new(sets.len());
    for band in 0..MINIMA / BAND {
        let mut buckets: HashMap<&[u32], Vec<u32>> = HashMap::with_capacity(sets.len());
        for (number, signature) in signatures.iter().enumerate() {
            let Some(key) = signature.band(band) else { continue };
            let Some(set) = sets.get(number).filter(|set| !set.0.is_empty()) else { continue };
            let seen = buckets.entry(key).or_default();
            let place = u32::try_from(number).unwrap_or(u32::MAX);
            let alike = seen.iter().any(|other| {
                joined.root(place) == joined.root(*other)
                    || sets.get(*other as usize).is_some_and(|other| set.likeness(other) >= THRESHOLD)
                        && joined.join(place, *other)
            });
            if !alike && seen.len() < MAX_COMPARED {
                seen.push(place);
            }
        }
    }
    (0..sets.len()).map(|place| joined.root(u32::try_from(place).unwrap_or(u32::MAX))).collect()
}

/// Sellers and clusters of entries. A listing without a seller is of a seller of its own.
pub fn groups(entries: &[Entry]) -> Groups {
    let listings: Vec<&Listing> = entries.iter().map(|entry| &entry.listing).collect();
    let mut sellers: HashMap<String, u32> = HashMap::new();
    let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    let seller = |(place, entry): (usize, &Entry)| match entry.seller() {
        Some(name) => *sellers.entry(name).or_insert(number(place)),
        None => number(place),
    };
    Groups { sellers: entries.iter().enumerate().map(seller).collect(), clusters: clusters(&listings) }
}

/// The members of every cluster that has more than one, each ascending, in the order of their first members.
pub fn members(clusters: &[u32]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![Vec::new(); clusters.len()];
    for (place, cluster) in clusters.iter().enumerate() {
        if let Some(members) = all.get_mut(*cluster as usize) {
            members.push(place);
        }
    }
    all.retain(|members| members.len() > 1);
    all
}

/// How many different groups the listings of a set are of.
pub fn distinct(groups: &[u32], set: &Bitmap) -> usize {
    let mut found: Vec<u32> = set.iter().filter_map(|place| groups.get(place).copied()).collect();
    found.sort_unstable();
    found.dedup();
    found.len()
}

#[derive(Default)]
struct Scratch {
    folded: Folded,
    words: Vec<Word>,
}

impl Scratch {
    fn shingles(&mut self, listing: &Listing) -> Shingles {
        let mut pairs = Vec::new();
        for text in [&listing.title, &listing.description] {
            self.folded.fold(text);
            self.words.clear();
            words::cut(self.folded.text(), &mut self.words);
            let text = self.folded.text();
            let mut hashes: Vec<u32> = Vec::with_capacity(self.words.len());
            for word in self.words.iter().take(MAX_WORDS) {
                let letters = text.get(word.start as usize..word.end as usize).unwrap_or_default().chars();
                // Chinese, Japanese and Thai put no spaces between words, so that each letter is taken for one.
                if word.made_of & words::WIDE != 0 && letters.clone().next().is_some_and(is_unbounded) {
                    hashes.extend(letters.map(u32::from));
                } else {
                    hashes.push(word.hash);
                }
            }
            hashes.truncate(MAX_WORDS);
            // The ends of a text are neighbours, too; so one word makes two pairs and no text is lost.
            let before = std::iter::once(u32::MAX).chain(hashes.iter().copied());
            let after = hashes.iter().copied().chain(std::iter::once(u32::MAX));
            pairs
                .extend(before.zip(after).filter(|(a, b)| a != b || *a != u32::MAX).map(|(a, b)| pair(a, b)));
        }
        pairs.sort_unstable();
        pairs.dedup();
        Shingles(pairs)
    }
}

fn pair(a: u32, b: u32) -> u32 {
    let mixed = mix(u64::from(a) << 32 | u64::from(b));
    u32::try_from(mixed >> 32).unwrap_or_default()
}

/// What each step of a loan adds to a minimum.
const LOAN: u32 = 0x9e37_79b9;

/// The golden ratio as an odd number of 64 bits: multiplying by it spreads what lies close together.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Three rounds of folding the high half into the low and multiplying: every bit of the input reaches every one of the
/// output.
fn mix(mut bits: u64) -> u64 {
    for _ in 0..3 {
        bits = (bits ^ (bits >> 32)).wrapping_mul(GOLDEN);
    }
    bits ^ (bits >> 29)
}

/// The least hash in each of [`MINIMA`] equal ranges, an empty range borrowing from the next that is not.
struct Signature([u32; MINIMA]);

impl Signature {
    fn of(set: &Shingles) -> Self {
        let mut minima = [u32::MAX; MINIMA];
        for pair in &set.0 {
            let mixed = mix(!u64::from(*pair));
            let range = usize::try_from(mixed >> 58).unwrap_or_default();
            let value = u32::try_from(mixed & 0xffff_ffff).unwrap_or_default();
            if let Some(least) = minima.get_mut(range) {
                *least = value.min(*least);
            }
        }
        let own = minima;
        for (range, least) in minima.iter_mut().enumerate().filter(|(_, least)| **least == u32::MAX) {
            let lent = (1_u32..).zip(own.iter().cycle().skip(range + 1)).take(MINIMA - 1);
            let mut lent = lent;
            let lent = lent.find(|(_, value)| **value != u32::MAX);
            // The distance is mixed in, so that two borrowers do not agree by having the same lender.
            *least = lent.map_or(u32::MAX, |(steps, value)| value.wrapping_add(steps.wrapping_mul(LOAN)));
        }
        Self(minima)
    }

    fn band(&self, band: usize) -> Option<&[u32]> {
        self.0.get(band * BAND..(band + 1) * BAND)
    }
}

/// Sets that grow together; each is named by its least member.
struct Joined(Vec<u32>);

impl Joined {
    fn new(len: usize) -> Self {
        Self((0..len).map(|place| u32::try_from(place).unwrap_or(u32::MAX)).collect())
    }

    fn root(&mut self, mut place: u32) -> u32 {
        loop {
            let above = self.0.get(place as usize).copied().unwrap_or(place);
            if above == place {
                return place;
            }
            let next = self.0.get(above as usize).copied().unwrap_or(above);
            if let Some(slot) = self.0.get_mut(place as usize) {
                *slot = next;
            }
            place = next;
        }
    }

    /// Always true: joining never fails.
    fn join(&mut self, a: u32, b: u32) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.0.get_mut(a.max(b) as usize) {
            *slot = a.min(b);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(title: &str, description: &str) -> Listing {
        Listing { title: title.to_owned(), description: description.to_owned(), ..Listing::default() }
    }

    fn cluster(listings: &[Listing]) -> Vec<u32> {
        clusters(&listings.iter().collect::<Vec<_>>())
    }

    const TEXT: &str = "Strong magnetic balls, 216 pieces of 5 mm each, made of neodymium, nickel plated, in a metal box \
                        with a card; build figures, pyramids and cubes; a gift for the desk at home and in the office";

    #[test]
    fn copies_with_small_changes_are_one_cluster_and_others_are_not() {
        let found = cluster(&[
            listing("Magnetic balls", TEXT),
            listing("MAGNETIC BALLS!", TEXT),
            listing("Magnetic balls NEW", &TEXT.replace("216", "512")),
            listing(
                "Wooden blocks",
                "Beech blocks for small children, oiled, no small parts, tested to EN 71",
            ),
            listing("Magnetic balls", "Another shop's own words about the same thing, none of them copied"),
            listing("", ""),
            listing("", ""),
        ]);
        assert_eq!(found, [0, 0, 0, 3, 4, 5, 6]);
        assert_eq!(members(&found), [[0, 1, 2]]);
    }

    #[test]
    fn scripts_without_spaces_and_single_words_are_compared_too() {
        let chinese = "强力磁力球216颗每颗5毫米钕磁铁镀镍金属盒装可以拼成金字塔和立方体办公桌礼物";
        let found = cluster(&[
            listing("磁力球", chinese),
            listing("磁力球", &chinese.replace("216", "512")),
            listing("Kamagra", ""),
            listing("kamagra", ""),
            listing("Viagra", ""),
        ]);
        assert_eq!(found, [0, 0, 2, 2, 4]);
    }

    #[test]
    fn likeness_is_the_part_of_pairs_in_both() {
        let of = |title: &str| Shingles::of(&listing(title, ""));
        // ^a ab bc c$ and ^a ab bd d$: two of six.
        assert!((of("a b c").likeness(&of("a b d")) - 2.0 / 6.0).abs() < 1e-9);
        assert!((of("a b c").likeness(&of("A  b, c")) - 1.0).abs() < 1e-9);
        assert!(of("").likeness(&of("")).abs() < 1e-9);
    }

    #[test]
    fn ten_thousand_copies_take_no_quadratic_time_and_are_one_cluster() {
        let listings: Vec<Listing> =
            (0..10_000).map(|n| listing(&format!("Magnetic balls {n}"), TEXT)).collect();
        assert!(cluster(&listings).iter().all(|root| *root == 0));
    }

    #[test]
    fn nearly_all_pairs_above_the_threshold_are_found() {
        let mut random = fastrand::Rng::with_seed(5);
        let (mut alike, mut found) = (0, 0);
        for _ in 0..300 {
            let words: Vec<String> =
                (0..random.usize(8..150)).map(|_| format!("w{}", random.u16(..))).collect();
            let mut other = words.clone();
            for _ in 0..words.len() / 16 {
                let place = random.usize(..other.len());
                other[place] = format!("x{}", random.u16(..));
            }
            let pair = [listing("", &words.join(" ")), listing("", &other.join(" "))];
            if Shingles::of(&pair[0]).likeness(&Shingles::of(&pair[1])) >= THRESHOLD {
                alike += 1;
                found += usize::from(cluster(&pair) == [0, 0]);
            }
        }
        assert!(alike > 200 && found * 100 >= alike * 97, "{found} of {alike}");
    }
}
