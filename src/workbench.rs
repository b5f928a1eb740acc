//! What rule authors work with: lints that need folding, the tests that stand in the rules, and measuring on a corpus.

pub mod bitmaps;
pub mod canary;
pub mod clusters;
pub mod corpus;
pub mod csv;
pub mod diff;
pub mod edit;
pub mod eval;
pub mod import;
pub mod kept;
pub mod lint;
pub mod looks;
pub mod parallel;
pub mod rule_test;
pub mod split;
pub mod statistics;
pub mod timing;
