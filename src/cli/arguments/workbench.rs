//! What can be typed after `caveat rules`: the workbench of rule authors.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The workbench.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Workbench {
    /// Show why a rule hits a listing, or how near it comes
    Explain(Explain),
}

/// `caveat rules explain`
#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The rule: its id, or the beginning of one
    #[arg(value_name = "RULE")]
    pub(in crate::cli) rule: String,
    /// A title, a listing as JSON, a page, FILE.jsonl:LINE, a finding's id, or test:NAME for a test of the rule
    #[arg(value_name = "LISTING")]
    pub(in crate::cli) listing: String,
    /// Where the offer is aimed (ISO 3166 code), for rules that ask
    #[arg(long, value_name = "CODE")]
    pub(in crate::cli) market: Option<String>,
    /// The rules folder
    #[command(flatten)]
    pub(in crate::cli) folder: RulesFolder,
}

/// Where the rules are.
#[derive(Debug, Args)]
pub(in crate::cli) struct RulesFolder {
    /// A rules folder [default: rules/ in the workspace, else the packs inside the program]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) rules: Option<PathBuf>,
}
