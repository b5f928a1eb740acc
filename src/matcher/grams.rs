//! Literals that may stand anywhere in a text, all of them in one pass: each is looked up by a few of its bytes, the
//! rarest, and compared only where those stand. Overlapping matches are all found.
//!
//! Literals go into classes by length. A class looks at pieces (*grams*) of as many bytes as its shortest literal
//! allows. Long literals are listed by two neighbouring grams, so that every second place of the text is enough: each
//! occurrence has exactly one of the two at an even place. Short ones are looked for only where a pair of bytes stands
//! that one of them has. An automaton would do the same in a pass, but with tens of thousands of literals it waits for
//! memory at every byte; this waits where a gram is known.

use std::ops::Range;

use super::index::HashIndex;
use super::scan::narrow;

/// Counters of how common a gram is among the literals.
const COUNTERS: usize = 1 << 16;

/// A set of pairs of bytes.
type Pairs = [u64; (1 << 16) / 64];

/// Many literals with what they stand for.
#[derive(Debug)]
pub(super) struct Literals<U> {
    /// The bytes of literal `i`: `bytes[bounds[i]..bounds[i + 1]]`.
    bytes: Vec<u8>,
    bounds: Vec<u32>,
    /// Users of literal `i`: `users[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    users: Vec<U>,
    long: Class<7, 2>,
    middle: Class<4, 2>,
    short: Class<3, 1>,
    pairs: Class<2, 1>,
    single: Class<1, 1>,
    /// Which pairs of bytes a gram of the last three classes may start with, one bit each; none where they are empty.
    begun: Option<Box<Pairs>>,
}

/// Literals of at least `WIDTH + STRIDE − 1` bytes, looked for at every `STRIDE`-th place.
#[derive(Debug, Default)]
struct Class<const WIDTH: usize, const STRIDE: usize> {
    /// Hash of a gram → places of `entries`.
    index: HashIndex,
    /// Number of a literal, and where in it the gram starts.
    entries: Vec<(u32, u32)>,
}

impl<U> Default for Literals<U> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            bounds: vec![0],
            starts: vec![0],
            users: Vec::new(),
            long: Class::default(),
            middle: Class::default(),
            short: Class::default(),
            pairs: Class::default(),
            single: Class::default(),
            begun: None,
        }
    }
}

impl<U: Ord + Copy> Literals<U> {
    /// Takes in pairs of a literal, which is not empty, and a user of it.
    pub(super) fn new(mut wanted: Vec<(Box<str>, U)>) -> Self {
        let mut all = Self::default();
        wanted.sort_unstable();
        wanted.dedup();
        let mut by_length: [Vec<u32>; 5] = Default::default();
        for group in wanted.chunk_by(|one, next| one.0 == next.0) {
            let Some((text, _)) = group.first() else { continue };
            let number = narrow(all.bounds.len() - 1);
            all.bytes.extend_from_slice(text.as_bytes());
            all.bounds.push(narrow(all.bytes.len()));
            all.users.extend(group.iter().map(|pair| pair.1));
            all.starts.push(narrow(all.users.len()));
            let [single, pairs, short, middle, long] = &mut by_length;
            match text.len() {
                0 => {}
                1 => single.push(number),
                2 => pairs.push(number),
                3..=4 => short.push(number),
                5..=7 => middle.push(number),
                _ => long.push(number),
            }
        }
        let [single, pairs, short, middle, long] = by_length;
        all.long = Class::new(&long, |number| all.literal(number));
        all.middle = Class::new(&middle, |number| all.literal(number));
        all.short = Class::new(&short, |number| all.literal(number));
        all.pairs = Class::new(&pairs, |number| all.literal(number));
        all.single = Class::new(&single, |number| all.literal(number));
        all.begun = all.begun();
        all
    }

    /// Calls `f` with every user whose literal stands in `text`, and where. Each literal that is compared takes one
    /// from `budget`, and each user; at zero the rest is let go.
    pub(super) fn find(&self, text: &str, budget: &mut usize, mut f: impl FnMut(U, Range<usize>)) {
        let text = text.as_bytes();
        self.long.find(text, |place, entry| self.check(text, place, entry, budget, &mut f));
        self.middle.find(text, |place, entry| self.check(text, place, entry, budget, &mut f));
        let Some(begun) = &self.begun else { return };
        let mut see = |place: usize| {
            let rest = text.get(place..).unwrap_or_default();
            let mut check = |entry| self.check(text, place, entry, budget, &mut f);
            self.short.at(rest, &mut check)
                && self.pairs.at(rest, &mut check)
                && self.single.at(rest, &mut check)
        };
        for (place, pair) in text.windows(2).enumerate() {
            let Some(pair) = pair.first_chunk::<2>() else { return };
            if has(begun, *pair) && !see(place) {
                return;
            }
        }
        if let Some(last) = text.len().checked_sub(1) {
            see(last);
        }
    }

    fn begun(&self) -> Option<Box<Pairs>> {
        let mut begun: Option<Box<Pairs>> = None;
        let short = self.short.first_pairs(self).chain(self.pairs.first_pairs(self));
        for (first, second) in short.chain(self.single.first_pairs(self)) {
            let begun = begun.get_or_insert_with(|| Box::new([0; (1 << 16) / 64]));
            for second in second.map_or(0..=u8::MAX, |second| second..=second) {
                let pair = u16::from_le_bytes([first, second]);
                if let Some(bits) = begun.get_mut(usize::from(pair >> 6)) {
                    *bits |= 1 << (pair & 63);
                }
            }
        }
        begun
    }

    /// Calls `f` if the literal of `entry` stands where its gram was seen at `place`; gives whether to go on.
    fn check(
        &self,
        text: &[u8],
        place: usize,
        entry: (u32, u32),
        budget: &mut usize,
        f: &mut impl FnMut(U, Range<usize>),
    ) -> bool {
        let (number, offset) = (entry.0 as usize, entry.1 as usize);
        *budget = budget.saturating_sub(1);
        let literal = self.literal(entry.0);
        if let Some(start) = place.checked_sub(offset)
            && text.get(start..).is_some_and(|rest| rest.starts_with(literal))
            && let (Some(first), Some(end)) = (self.starts.get(number), self.starts.get(number + 1))
        {
            let users = self.users.get(*first as usize..*end as usize).unwrap_or_default();
            for user in users.iter().take(*budget) {
                f(*user, start..start + literal.len());
            }
            *budget = budget.saturating_sub(users.len());
        }
        *budget > 0
    }

    fn literal(&self, number: u32) -> &[u8] {
        let bound = |number: usize| self.bounds.get(number).map_or(0, |bound| *bound as usize);
        self.bytes.get(bound(number as usize)..bound(number as usize + 1)).unwrap_or_default()
    }
}

impl<const WIDTH: usize, const STRIDE: usize> Class<WIDTH, STRIDE> {
    fn new<'l>(numbers: &[u32], literal: impl Fn(u32) -> &'l [u8]) -> Self {
        if numbers.is_empty() {
            return Self::default();
        }
        let mut counters = vec![0_u16; COUNTERS];
        for number in numbers {
            for gram in literal(*number).windows(WIDTH) {
                if let Some(counter) = counters.get_mut(hash(eight(gram)) as usize % COUNTERS) {
                    *counter = counter.saturating_add(1);
                }
            }
        }
        let count = |gram: &[u8]| {
            counters.get(hash(eight(gram)) as usize % COUNTERS).map_or(0, |count| u32::from(*count))
        };
        let (mut entries, mut pairs) = (Vec::new(), Vec::new());
        for number in numbers {
            let text = literal(*number);
            let commonness: Vec<u32> = text.windows(WIDTH).map(count).collect();
            let best = commonness
                .windows(STRIDE)
                .enumerate()
                .min_by_key(|(_, counts)| counts.iter().sum::<u32>())
                .map_or(0, |(offset, _)| offset);
            for (offset, gram) in text.windows(WIDTH).enumerate().skip(best).take(STRIDE) {
                pairs.push((hash(eight(gram)), narrow(entries.len())));
                entries.push((*number, narrow(offset)));
            }
        }
        Self { index: HashIndex::new(pairs), entries }
    }

    /// The first two bytes of every gram; one where it has no more.
    fn first_pairs<U: Ord + Copy>(&self, all: &Literals<U>) -> impl Iterator<Item = (u8, Option<u8>)> {
        self.entries.iter().filter_map(|(number, offset)| {
            let gram = all.literal(*number).get(*offset as usize..)?.get(..WIDTH)?;
            Some((*gram.first()?, gram.get(1).copied()))
        })
    }

    /// Calls `f` with the entries of the gram that `rest` starts with, until it answers false; answers whether it did
    /// not.
    #[inline]
    fn at(&self, rest: &[u8], f: &mut impl FnMut((u32, u32)) -> bool) -> bool {
        if self.index.is_empty() || rest.len() < WIDTH {
            return true;
        }
        let block = rest.first_chunk::<8>().map_or_else(|| eight(rest), |block| u64::from_le_bytes(*block));
        let hash = hash(block & low(WIDTH));
        !self.index.may_have(hash) || self.entries_of(hash, f)
    }

    /// Calls `f` with the place of every gram that is known and its entries, until it answers false.
    #[inline]
    fn find(&self, text: &[u8], mut f: impl FnMut(usize, (u32, u32)) -> bool) {
        if self.index.is_empty() {
            return;
        }
        let mut place = 0;
        for block in text.windows(8).step_by(STRIDE) {
            let Some(block) = block.first_chunk::<8>() else { return };
            let hash = hash(u64::from_le_bytes(*block) & low(WIDTH));
            if self.index.may_have(hash) && !self.entries_of(hash, |entry| f(place, entry)) {
                return;
            }
            place += STRIDE;
        }
        while let Some(rest) = text.get(place..).filter(|rest| rest.len() >= WIDTH) {
            if !self.at(rest, &mut |entry| f(place, entry)) {
                return;
            }
            place += STRIDE;
        }
    }

    /// Calls `f` with every entry of a gram, until it answers false; answers whether it did not. Kept out of the
    /// loops, which stay small without it.
    #[inline(never)]
    fn entries_of(&self, hash: u32, f: impl FnMut((u32, u32)) -> bool) -> bool {
        let found = self.index.get(hash);
        found.iter().filter_map(|number| self.entries.get(*number as usize)).copied().all(f)
    }
}

#[inline]
fn has(pairs: &Pairs, pair: [u8; 2]) -> bool {
    let pair = u16::from_le_bytes(pair);
    pairs.get(usize::from(pair >> 6)).is_some_and(|bits| bits >> (pair & 63) & 1 != 0)
}

/// The low bytes of a block.
#[inline]
const fn low(bytes: usize) -> u64 {
    u64::MAX >> (64 - 8 * bytes)
}

/// At most eight bytes as one number, the first one lowest.
fn eight(bytes: &[u8]) -> u64 {
    bytes.iter().take(8).rev().fold(0, |block, byte| block << 8 | u64::from(*byte))
}

#[inline]
fn hash(gram: u64) -> u32 {
    u32::try_from(gram.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32).unwrap_or_default()
}
