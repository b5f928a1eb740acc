//! What rule authors work with: lints that need folding, and the tests that stand in the rules.

pub mod coverage;
pub mod explain;
pub mod lint;
pub mod parts;
mod probe;
pub mod removal;
pub mod rule_test;
