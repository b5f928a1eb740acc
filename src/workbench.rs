//! What rule authors work with: lints and their repair, the tests that stand in the rules, schemas of what they write, and
//! measuring on a corpus.

pub mod annotate;
pub mod bitmaps;
pub mod clusters;
pub mod corpus;
pub mod fix;
mod inclusion;
pub mod lint;
pub mod parallel;
pub mod rule_test;
pub mod schema;
pub mod statistics;
mod truth;
