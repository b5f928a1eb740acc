//! What can be typed after `caveat rules`: the workbench of rule authors.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::RuleChoice;
use super::measure::CorpusPaths;
use crate::cli::report::Format;

/// The workbench.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Workbench {
    /// Write a new rule to be filled in
    New(New),
    /// Lay out rule files: one way of writing, comments kept
    Fmt(Fmt),
    /// Check everything: lint, tests, layout, packs
    Check(Check),
    /// Lint and test on every save
    Watch(RuleChoice),
    /// Show why a rule hits a listing, or how near it comes
    Explain(Explain),
    /// List every word that rules look for, who uses it, and where it occurs
    Terms(Measured),
    /// Show which rules catch the same listings
    Overlap(Measured),
    /// Take each word, clause and exception away and see who misses it
    Ablate(Measured),
    /// Disguise every flagged listing in every way and count what is still flagged
    Mutate(Mutate),
    /// Meet the rules' words with ordinary words of many languages
    Collide(Collide),
    /// Measure what each rule costs
    Profile(Measured),
    /// Suggest words of missed listings that no other listing has
    Suggest(Suggest),
}

/// Where the rules are.
#[derive(Debug, Args)]
pub(in crate::cli) struct RulesFolder {
    /// A rules folder [default: rules/ in the workspace, else the packs inside the program]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) rules: Option<PathBuf>,
}

/// `caveat rules test`
#[derive(Debug, Args)]
pub(in crate::cli) struct Test {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Show which words, clauses and exceptions no test defends
    #[arg(long)]
    pub(in crate::cli) coverage: bool,
}

/// `caveat rules new`
#[derive(Debug, Args)]
pub(in crate::cli) struct New {
    /// The rule's id, which is its file's name, too
    #[arg(value_name = "ID")]
    pub(in crate::cli) id: String,
    /// Its class in taxonomy.toml
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) class: String,
    /// The pack it goes into [default: the one that holds most rules of its family]
    #[arg(long, value_name = "PACK")]
    pub(in crate::cli) pack: Option<String>,
    /// The rules folder
    #[command(flatten)]
    pub(in crate::cli) folder: RulesFolder,
}

/// `caveat rules fmt`
#[derive(Debug, Args)]
pub(in crate::cli) struct Fmt {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Change nothing; exit with 1 when a file would change
    #[arg(long)]
    pub(in crate::cli) check: bool,
}

/// `caveat rules check`
#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Write for a pipeline
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub(in crate::cli) format: Option<Format>,
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

/// Rules, and a corpus to measure them on.
#[derive(Debug, Args)]
pub(in crate::cli) struct Measured {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Which listings
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusPaths,
}

/// `caveat rules mutate`
#[derive(Debug, Args)]
pub(in crate::cli) struct Mutate {
    /// Rules and corpus
    #[command(flatten)]
    pub(in crate::cli) measured: Measured,
    /// Disguise every word that moved the rule, not only those of patterns that undo disguises
    #[arg(long)]
    pub(in crate::cli) all_words: bool,
    /// Exit with 1 when fewer than so many of a hundred disguises survive
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(in crate::cli) fail_under: Option<u8>,
}

/// `caveat rules collide`
#[derive(Debug, Args)]
pub(in crate::cli) struct Collide {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Word lists: files or folders, each file named by its language
    #[arg(long, value_name = "PATH", default_values = ["/usr/share/dict", "/usr/share/hunspell"])]
    pub(in crate::cli) words: Vec<PathBuf>,
    /// Only of these languages
    #[arg(long, value_name = "LANG")]
    pub(in crate::cli) lang: Vec<String>,
    /// Show also words that are what their author meant in their own language
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

/// `caveat rules suggest`
#[derive(Debug, Args)]
pub(in crate::cli) struct Suggest {
    /// Rules and corpus
    #[command(flatten)]
    pub(in crate::cli) measured: Measured,
    /// Only for this class [default: every class with missed listings]
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) class: Option<String>,
    /// Only phrases that so many missed listings have
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(in crate::cli) least: usize,
}
