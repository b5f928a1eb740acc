//! What rule authors work with: lints that need folding, the tests that stand in the rules, and measuring on a corpus.

pub mod ablate;
pub mod bitmaps;
pub mod check;
pub mod clusters;
pub mod collide;
pub mod corpus;
pub mod coverage;
pub mod explain;
pub mod format;
pub mod lint;
pub mod mutate;
pub mod overlap;
pub mod parallel;
pub mod parts;
mod probe;
pub mod profile;
pub mod removal;
pub mod rule_test;
pub mod session;
pub mod skeleton;
pub mod statistics;
pub mod suggest;
pub mod terms;
