//! Caveat scans online marketplaces for dangerous products.
//!
//! The way of the data is the table of contents: a [`source`] names a shop, `crawl` fetches its pages,
//! [`extract`] reads each page into a [`listing`], [`pipeline`] folds and matches it against [`rules`] and
//! reaches a [`verdict`], and [`store`] and [`evidence`] keep what was flagged. `docs/architecture.md` draws
//! the floors; `tests/it/floors.rs` keeps them.

// values: plain data, no I/O
pub mod clock;
pub mod finding;
pub mod listing;
pub mod page;

// definitions: what people write, read and checked
pub mod config;
pub mod document;
pub mod rules;
pub mod source;

// folding: text seen through its disguises
pub mod normalise;

// stages: know the floors below, not each other
pub mod extract;
pub mod fetch;
pub mod matcher;
pub mod verdict;

// pipeline: bytes → candidates → listing → verdict
pub mod pipeline;

// keeping: sled and WARC
pub mod evidence;
pub mod store;

// use cases
pub mod crawl;
pub mod demo;
pub mod scan;
pub mod schedule;
pub mod workbench;
pub mod workspace;

// shells: the only places that print
pub mod cli;
