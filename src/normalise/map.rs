//! The way back: which original bytes a folded byte came from. Sparse: one entry where the distance changes.

use std::ops::Range;

/// A stretch of folded bytes up to the next run's.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// Where it starts in the folded text.
    folded: u32,
    /// Where it starts in the original.
    original: u32,
    /// 0: byte for byte. Otherwise the whole stretch came from so many original bytes, indivisibly.
    original_bytes: u32,
}

/// Folded offset → original offset.
#[derive(Debug, Clone, Default)]
pub(super) struct OffsetMap {
    runs: Vec<Run>,
}

/// Offsets fit: folding refuses longer texts (`MAX_TEXT_BYTES`).
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

impl OffsetMap {
    pub(super) fn clear(&mut self) {
        self.runs.clear();
    }

    /// Says that what is appended at `folded` copies the original from `original` on.
    #[inline]
    pub(super) fn copy(&mut self, folded: usize, original: usize) {
        let (folded, original) = (narrow(folded), narrow(original));
        if let Some(last) = self.runs.last()
            && last.original_bytes == 0
            && folded.wrapping_sub(last.folded) == original.wrapping_sub(last.original)
        {
            return;
        }
        self.runs.push(Run { folded, original, original_bytes: 0 });
    }

    /// Says that what is appended at `folded` stands for the whole of `original`.
    #[inline]
    pub(super) fn replace(&mut self, folded: usize, original: &Range<usize>) {
        self.runs.push(Run {
            folded: narrow(folded),
            original: narrow(original.start),
            original_bytes: narrow(original.len().max(1)),
        });
    }

    /// Drops what is known of folded bytes from `folded` on.
    pub(super) fn truncate(&mut self, folded: usize) {
        let folded = narrow(folded);
        while self.runs.last().is_some_and(|last| last.folded >= folded) {
            self.runs.pop();
        }
    }

    /// The original bytes behind the folded bytes of `range`; empty ranges give empty ranges.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.locate(range.start).map_or(0, |(run, at)| {
            if run.original_bytes == 0 { run.original + (at - run.folded) } else { run.original }
        }) as usize;
        if range.end <= range.start {
            return start..start;
        }
        let end = self.locate(range.end - 1).map_or(0, |(run, at)| {
            if run.original_bytes == 0 {
                run.original + (at - run.folded) + 1
            } else {
                run.original + run.original_bytes
            }
        }) as usize;
        start..end.max(start)
    }

    fn locate(&self, folded: usize) -> Option<(Run, u32)> {
        let folded = narrow(folded);
        let after = match self.runs.last() {
            // While folding, questions are about the end.
            Some(last) if last.folded <= folded => self.runs.len(),
            _ => self.runs.partition_point(|run| run.folded <= folded),
        };
        self.runs.get(after.checked_sub(1)?).map(|run| (*run, folded))
    }
}
