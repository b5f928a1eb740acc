//! What rule authors work with: lints and their repair, the tests that stand in the rules, and schemas of what they write.

pub mod annotate;
pub mod fix;
mod inclusion;
pub mod lint;
pub mod rule_test;
pub mod schema;
mod truth;
