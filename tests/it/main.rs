//! Integration tests, one module a stage, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::format_push_string,
    clippy::format_collect,
    clippy::too_many_lines,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on says so by panicking, and speaks to whoever runs it"
)]

mod bad_input;
mod command;
mod crawl;
mod definitions;
mod definitions_sources;
mod demo_market;
mod evidence;
mod extract_hostile;
mod extract_information;
mod extract_offers;
mod extract_platforms;
mod extract_shops;
mod extract_walls;
mod extraction_table;
mod fetch;
mod fetch_robots;
mod fetch_tls;
mod floors;
mod fuzz;
mod lab;
mod matcher;
mod measured;
mod normalise;
mod rules;
mod rules_command;
mod rules_docs;
mod rules_hostile;
mod rules_mended;
mod rules_schema;
mod rules_shipped;
mod rules_tested;
mod scan;
mod serve;
mod shop;
mod site;
mod sources_check;
mod store;
mod store_damage;
mod store_kill;
mod store_review;
mod verdict;
