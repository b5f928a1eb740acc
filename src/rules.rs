//! Rules: what authors write, read into what the matcher compiles.
//!
//! [`folder::read_folder`] fetches the files, [`load::load`] makes a [`model::RuleSet`] of them and reports what
//! is wrong. On the way a rule file becomes a [`written::WrittenRule`] (what was typed, with places) and then a
//! [`model::Rule`] (what it means). Everything but `folder` is pure.

mod common;
pub mod condition;
pub mod folder;
pub mod keys;
mod listing_test;
pub mod lists;
pub mod load;
pub mod lock;
mod meaning;
pub mod model;
pub mod packs;
pub mod parser;
mod provision;
mod rates;
pub mod regexes;
pub mod taxonomy;
mod taxonomy_file;
pub mod terms;
pub mod written;
