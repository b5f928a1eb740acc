//! What rule authors work with: lints that need folding, the tests that stand in the rules, and measuring on a corpus.

pub mod bitmaps;
pub mod clusters;
pub mod corpus;
pub mod lint;
pub mod parallel;
pub mod rule_test;
pub mod statistics;
