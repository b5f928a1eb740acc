//! Folding: one text, read the way a buyer's eye reads it, with a way back to the bytes that the seller wrote.
//!
//! [`Folded`] is the standard view with its map, [`words`] cuts it into words, [`disguise`] reads what was disguised
//! beyond that (look-alikes, leet, letters pulled apart or repeated), and [`tricks`] names what a span needed.
//! Terms go through the same functions. Pure; knows nothing of rules or listings.

mod block;
pub mod bloom;
pub mod disguise;
mod fold;
mod letters;
mod map;
mod markup;
#[rustfmt::skip]
mod tables;
pub mod tricks;
pub mod words;

pub use fold::{Folded, MAX_TEXT_BYTES, fold_term};
pub use letters::{is_unbounded, is_word};
pub use tricks::{Trick, Tricks};

/// How far a text has been folded. Ordered from the plainest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// As the seller wrote it.
    Raw,
    /// NFKC, case, marks, invisible characters.
    Standard,
    /// Look-alikes and leet undone.
    Skeleton,
    /// Letters pulled apart or repeated put together again.
    Squeezed,
}

impl View {
    /// The lower-case name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Standard => "standard",
            Self::Skeleton => "skeleton",
            Self::Squeezed => "squeezed",
        }
    }
}
