//! What rule authors work with: lints that need folding, and the tests that stand in the rules.

pub mod lint;
pub mod rule_test;
