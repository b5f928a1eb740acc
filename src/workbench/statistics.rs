//! Shares with honest intervals, and what counts as one observation.
//!
//! Interval: Edwin B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
//! American Statistical Association 22 (1927), 209–212. It holds for few observations and for shares near 0 and 1, where
//! the usual "± 2 standard errors" says that three of three are certain.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

use super::bitmaps::Bitmap;

/// Standard deviations on both sides for an interval that holds the truth 95 times in 100.
pub const BOTH_SIDES_95: f64 = 1.959_964;
/// Standard deviations for a lower bound that lies below the truth 95 times in 100.
pub const ONE_SIDE_95: f64 = 1.644_854;
/// With fewer observations a share says little, and output says so.
pub const FEW: f64 = 10.0;

/// A part of a whole, both counted in observations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    /// Observations for which it holds.
    pub part: f64,
    /// All observations.
    pub of: f64,
}

impl Share {
    /// The share itself; `None` without observations.
    pub fn value(self) -> Option<f64> {
        (self.of > 0.0).then(|| (self.part / self.of).clamp(0.0, 1.0))
    }

    /// Between which bounds the truth lies, 95 times in 100 (Wilson 1927).
    pub fn interval(self) -> Option<(f64, f64)> {
        self.wilson(BOTH_SIDES_95)
    }

    /// What the truth is at least, 95 times in 100.
    pub fn at_least(self) -> Option<f64> {
        self.wilson(ONE_SIDE_95).map(|(low, _)| low)
    }

    /// Whether there are so few observations that the share says little.
    pub fn is_thin(self) -> bool {
        self.of < FEW
    }

    fn wilson(self, z: f64) -> Option<(f64, f64)> {
        let (share, n) = (self.value()?, self.of);
        let z2 = z * z;
        let centre = share + z2 / (2.0 * n);
        let spread = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        // At the ends the formula gives 0 and 1 but for rounding.
        let low = if share <= 0.0 { 0.0 } else { ((centre - spread) / scale).max(0.0) };
        let high = if share >= 1.0 { 1.0 } else { ((centre + spread) / scale).min(1.0) };
        Some((low, high))
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown {
            value: Option<f64>,
            low: Option<f64>,
            high: Option<f64>,
            observations: f64,
            few: bool,
        }
        let interval = self.interval();
        let shown = Shown {
            value: self.value().map(rounded),
            low: interval.map(|(low, _)| rounded(low)),
            high: interval.map(|(_, high)| rounded(high)),
            observations: rounded(self.of),
            few: self.is_thin(),
        };
        shown.serialize(serializer)
    }
}

/// Four digits after the point: more would pretend to know.
pub fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

/// Who sells each listing, and of which near-duplicate cluster it is.
#[derive(Debug, Clone, Default)]
pub struct Groups {
    /// By listing.
    pub sellers: Vec<u32>,
    /// By listing.
    pub clusters: Vec<u32>,
}

impl Groups {
    /// What each listing of `set` counts for: one divided by the number of listings of the set from its seller or of its
    /// near-duplicate cluster, whichever is larger. So 200 listings from one seller count as one observation, and so
    /// do 200 copies of one text, and the sum is never more than there are sellers or texts.
    pub fn weights(&self, set: &Bitmap) -> Vec<(usize, f64)> {
        let mut sizes: HashMap<(bool, u32), u32> = HashMap::new();
        let keys = |place: usize| {
            let seller = self.sellers.get(place).map(|seller| (false, *seller));
            let cluster = self.clusters.get(place).map(|cluster| (true, *cluster));
            [seller, cluster].into_iter().flatten()
        };
        for place in set.iter() {
            for key in keys(place) {
                *sizes.entry(key).or_default() += 1;
            }
        }
        let larger = |place| keys(place).filter_map(|key| sizes.get(&key)).copied().max().unwrap_or(1);
        set.iter().map(|place| (place, 1.0 / f64::from(larger(place)))).collect()
    }

    /// The share of `part` in `whole`, in observations. What of `part` lies outside of `whole` does not count.
    pub fn share(&self, part: &Bitmap, whole: &Bitmap) -> Share {
        let mut share = Share::default();
        for (place, weight) in self.weights(whole) {
            share.of += weight;
            if part.get(place) {
                share.part += weight;
            }
        }
        share
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn intervals_are_those_of_wilson() {
        // Computed by hand from the formula, to four digits.
        let cases = [
            (0.0, 10.0, 0.0, 0.2775),
            (10.0, 10.0, 0.7225, 1.0),
            (5.0, 10.0, 0.2366, 0.7634),
            (81.0, 263.0, 0.2553, 0.3662),
            (1.0, 1.0, 0.2065, 1.0),
        ];
        for (part, of, low, high) in cases {
            let (found_low, found_high) = Share { part, of }.interval().unwrap();
            assert!(
                (found_low - low).abs() < 6e-5 && (found_high - high).abs() < 6e-5,
                "{part}/{of}: {found_low} {found_high}"
            );
        }
        assert_eq!(Share::default().interval(), None);
        assert_eq!(Share::default().value(), None);
    }

    #[test]
    fn a_promise_of_90_in_100_takes_25_right_observations_without_a_fault() {
        let surely = |n: f64| Share { part: n, of: n }.at_least().unwrap();
        assert!(surely(24.0) < 0.9 && surely(25.0) >= 0.9);
    }

    #[test]
    fn two_hundred_hits_of_one_seller_are_one_observation_and_so_are_copies_of_one_text() {
        let n = 203;
        let all = Bitmap::full(n);
        let last = |place: usize| u32::try_from(place).unwrap();
        let one_seller = |place: usize| if place < 200 { 0 } else { last(place) };
        let own: Vec<u32> = (0..n).map(last).collect();
        let shared: Vec<u32> = (0..n).map(one_seller).collect();
        for groups in [
            Groups { sellers: shared.clone(), clusters: own.clone() },
            Groups { sellers: own.clone(), clusters: shared.clone() },
        ] {
            let share = groups.share(&Bitmap::of(n, |place| place < 200), &all);
            assert!((share.of - 4.0).abs() < 1e-9 && (share.part - 1.0).abs() < 1e-9, "{share:?}");
        }
    }

    proptest! {
        #[test]
        fn observations_are_never_more_than_listings_sellers_or_texts(
            groups in prop::collection::vec((0_u32..8, 0_u32..8), 1..60),
            chosen in prop::collection::vec(any::<bool>(), 60),
        ) {
            let (sellers, clusters): (Vec<u32>, Vec<u32>) = groups.iter().copied().unzip();
            let set = Bitmap::of(sellers.len(), |place| chosen[place]);
            let distinct = |of: &[u32]| {
                let groups: std::collections::BTreeSet<u32> = set.iter().map(|place| of[place]).collect();
                groups.iter().map(|_| 1.0).sum::<f64>()
            };
            let most = distinct(&sellers).min(distinct(&clusters));
            let share = Groups { sellers, clusters }.share(&set, &set);
            prop_assert!(share.of <= most + 1e-9 && (share.part - share.of).abs() < 1e-9);
            prop_assert!(set.is_empty() || share.of > 0.0);
        }

        #[test]
        fn an_interval_holds_its_share_and_shrinks_with_observations(part in 0.0_f64..1.0, n in 1.0_f64..1_000.0) {
            let (share, more) = (Share { part: part * n, of: n }, Share { part: part * n * 4.0, of: n * 4.0 });
            let ((low, high), (low4, high4)) = (share.interval().unwrap(), more.interval().unwrap());
            prop_assert!(0.0 <= low && low <= part + 1e-9 && part <= high + 1e-9 && high <= 1.0);
            prop_assert!(high4 - low4 < high - low);
            prop_assert!(share.at_least().unwrap() >= low);
        }
    }
}
