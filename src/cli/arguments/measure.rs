//! What can be typed after `caveat rules` to measure rules, and after `caveat corpus`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::RuleChoice;

/// Measuring rules on a corpus.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Measure {
    /// Measure rules on a corpus: precision and recall with intervals, by rule, class and slice
    Eval(Eval),
    /// Show what a change of rules gains, loses and costs
    Diff(Diff),
    /// Move rules from draft to trial to active, or back, as they measure; writes rules.lock
    Promote(Promote),
}

/// `caveat rules eval`
#[derive(Debug, Args)]
pub(in crate::cli) struct Eval {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Which listings
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusPaths,
    /// Look at the blind split: totals only, and the look is counted beside the corpus
    #[arg(long)]
    pub(in crate::cli) blind: bool,
    /// Compare with what an earlier `rules eval --json` wrote; refused when the corpus was another
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) compare: Option<PathBuf>,
    /// Doubted labels that are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(in crate::cli) doubts: usize,
    /// Run every rule again, and keep nothing
    #[arg(long)]
    pub(in crate::cli) fresh: bool,
    /// Write for a pipeline (markdown)
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub(in crate::cli) format: Option<TableFormat>,
}

/// `caveat rules diff`
#[derive(Debug, Args)]
pub(in crate::cli) struct Diff {
    /// The rules to compare with: a rules folder, or a git revision (HEAD, main, v1.2)
    #[arg(value_name = "BASE")]
    pub(in crate::cli) base: String,
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Which listings
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusPaths,
    /// Changed listings that are shown
    #[arg(long, value_name = "N", default_value_t = 40)]
    pub(in crate::cli) limit: usize,
    /// Write for a pipeline (markdown)
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub(in crate::cli) format: Option<TableFormat>,
}

/// `caveat rules promote`
#[derive(Debug, Args)]
pub(in crate::cli) struct Promote {
    /// Which rules
    #[command(flatten)]
    pub(in crate::cli) rules: RuleChoice,
    /// Which listings
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusPaths,
    /// Only say what would change; ends with 1 when a rule no longer meets its bar
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Write for a pipeline
    #[arg(long, value_name = "FORMAT", conflicts_with = "json")]
    pub(in crate::cli) format: Option<crate::cli::report::Format>,
}

/// Formats of what is no list of faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TableFormat {
    /// Markdown, for comments and summaries
    Markdown,
}

/// Which corpus.
#[derive(Debug, Args)]
pub(in crate::cli) struct CorpusPaths {
    /// Labelled listings: .jsonl files or folders of them [default: corpus/ in the workspace]
    #[arg(long = "corpus", value_name = "PATH")]
    pub(in crate::cli) corpus: Vec<PathBuf>,
}

/// `caveat corpus …`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Corpus {
    /// Add listings from JSON Lines and tables (.csv)
    Import(Import),
    /// Label listings, one after the other or from a file of answers
    Label(Label),
    /// Count labels, classes, splits, slices, sellers and near-duplicates
    Stats(CorpusArguments),
    /// Find near-duplicates; --write removes what stands there twice
    Dedupe(Dedupe),
    /// Place listings in train and blind, near-duplicates together
    Split(Split),
    /// Write labelled listings to standard output
    Export(Export),
}

/// Which files of a corpus.
#[derive(Debug, Args)]
pub(in crate::cli) struct CorpusArguments {
    /// .jsonl files or folders of them [default: corpus/ in the workspace]
    #[arg(value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
}

/// `caveat corpus import`
#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    /// Listings: .jsonl (corpus lines, listings, lines of `scan` or `findings export`) or .csv with a header
    #[arg(required = true, value_name = "FILE")]
    pub(in crate::cli) files: Vec<PathBuf>,
    /// The corpus file that they are added to [default: corpus/imported.jsonl in the workspace]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) to: Option<PathBuf>,
    /// The label of lines that have none: flag or pass [default: they wait for `corpus label`]
    #[arg(long, value_name = "LABEL", value_parser = ["flag", "pass"])]
    pub(in crate::cli) label: Option<String>,
    /// The class of labelled lines that have none
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) class: Option<String>,
    /// Add a slice to every line, such as month:2026-11
    #[arg(long, value_name = "SLICE")]
    pub(in crate::cli) slice: Vec<String>,
    /// Read a table's column under another name: title=Titel
    #[arg(long, value_name = "OURS=THEIRS")]
    pub(in crate::cli) column: Vec<String>,
    /// Only say what would be added
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

/// `caveat corpus label`
#[derive(Debug, Args)]
#[command(
    after_help = "Answers, one a line: f CLASS (flag), p (pass), s (skip), q (stop). `f` alone repeats the class before. \
                  They may come through a pipe. A file of answers has an id before each: ID f CLASS."
)]
pub(in crate::cli) struct Label {
    /// Which files
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusArguments,
    /// Take the answers from this file, each with its id
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) answers: Option<PathBuf>,
    /// Ask for this listing, labelled or not
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) id: Vec<String>,
    /// Let answers change labels that are there
    #[arg(long)]
    pub(in crate::cli) again: bool,
}

/// `caveat corpus dedupe`
#[derive(Debug, Args)]
pub(in crate::cli) struct Dedupe {
    /// Which files
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusArguments,
    /// Remove lines whose listing or id stands there already, labelled alike. Near-duplicates stay: they count once
    #[arg(long)]
    pub(in crate::cli) write: bool,
    /// Clusters that are shown
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(in crate::cli) limit: usize,
}

/// `caveat corpus split`
#[derive(Debug, Args)]
pub(in crate::cli) struct Split {
    /// Which files
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusArguments,
    /// The part of near-duplicate clusters that becomes blind, from 0 to 1
    #[arg(long, value_name = "PART", default_value_t = 0.2)]
    pub(in crate::cli) blind: f64,
    /// Place listings anew that are placed already
    #[arg(long)]
    pub(in crate::cli) anew: bool,
    /// Write it into the files
    #[arg(long)]
    pub(in crate::cli) write: bool,
}

/// `caveat corpus export`
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// Which files
    #[command(flatten)]
    pub(in crate::cli) corpus: CorpusArguments,
    /// As what
    #[arg(long, value_enum, default_value_t = super::ExportFormat::Jsonl)]
    pub(in crate::cli) format: super::ExportFormat,
    /// Write the blind split instead of train; the look is counted beside the corpus
    #[arg(long)]
    pub(in crate::cli) blind: bool,
    /// Only listings labelled so: flag or pass
    #[arg(long, value_name = "LABEL", value_parser = ["flag", "pass"])]
    pub(in crate::cli) label: Option<String>,
    /// Only of this class or family
    #[arg(long, value_name = "CLASS")]
    pub(in crate::cli) class: Option<String>,
    /// Only of this slice (lang:de)
    #[arg(long, value_name = "SLICE")]
    pub(in crate::cli) slice: Vec<String>,
}
