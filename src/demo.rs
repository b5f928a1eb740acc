//! The demo marketplace: a mall of six shops and a small annex, served on loopback for `caveat demo` and for tests.
//!
//! [`start`] opens both hosts and gives a [`Market`]; [`labels`] says which of its offers ought to be flagged.
//! The wares, the pages' looks and the labels lie in `corpus/market` and are embedded in the binary. Nothing here
//! crawls, extracts or matches, and nothing here knows a rule.

mod catalogue;
mod embedded;
mod money;
mod pages;
mod score;
mod server;
mod site;
mod template;
mod trouble;

pub use catalogue::{Label, Verdict};
pub use score::{Score, score};
pub use server::{Host, Market, Request, start};

/// The labelled offers of both hosts, in the order of `corpus/market/labels.jsonl`.
pub fn labels() -> Result<Vec<Label>, MarketError> {
    catalogue::read_labels()
}

/// Why the demo marketplace does not open.
#[derive(Debug, thiserror::Error)]
pub enum MarketError {
    /// A file of `corpus/market` is missing or wrong; a build of the program is at fault, not its user.
    #[error("embedded file corpus/market/{file}: {problem}; rebuild from a clean checkout")]
    Embedded {
        /// Path below `corpus/market`.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A loopback port cannot be opened.
    #[error("cannot listen on 127.0.0.1:{port}: {cause}; choose another port, or 0 for any free one")]
    Listen {
        /// The port that was asked for; 0 is any.
        port: u16,
        /// What the system said.
        cause: std::io::Error,
    },
}
