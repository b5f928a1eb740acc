//! What rule authors work with: lints and their repair, the tests that stand in the rules, schemas of what they write, and
//! measuring on a corpus.

pub mod annotate;
pub mod bitmaps;
pub mod canary;
pub mod clusters;
pub mod corpus;
pub mod csv;
pub mod diff;
pub mod edit;
pub mod eval;
pub mod fix;
pub mod import;
mod inclusion;
pub mod kept;
pub mod lint;
pub mod looks;
pub mod parallel;
pub mod promote;
pub mod rule_test;
pub mod schema;
pub mod split;
pub mod statistics;
pub mod timing;
mod truth;
