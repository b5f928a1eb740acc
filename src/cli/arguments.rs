//! What can be typed: every command and option, and nothing of what they do.

pub(super) mod measure;
pub(super) mod workbench;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::finding::{Reason, Severity, State};

/// Scans online marketplaces for dangerous products and keeps the evidence.
#[derive(Debug, Parser)]
#[command(
    name = "caveat",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done · 1 findings at or above --fail-on, or a failed lint or test · 2 wrong usage or \
                  configuration, or a broken rule · 3 some input could not be read, or the work could not be \
                  completed. The highest that applies wins."
)]
pub(super) struct Arguments {
    /// Options that every command takes.
    #[command(flatten)]
    pub(super) global: Global,
    /// The command.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Data folder [default: `data` in the workspace; `caveat-demo` for demo]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Configuration [default: caveat.toml here or in a folder above]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Print JSON Lines for programs
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Say more on standard error
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// Say only errors on standard error
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Crawl a small marketplace on this machine and show what is found
    Demo(Demo),
    /// Make a workspace: caveat.toml, sources/, rules/, corpus/
    Init(Init),
    /// Fetch, scan and keep
    Crawl(Crawl),
    /// Judge saved pages, WARC files and listings; no network, no store
    Scan(Scan),
    /// Read pages into listings, as JSON Lines
    Extract(Extract),
    /// Work on rules
    #[command(subcommand)]
    Rules(Rules),
    /// Labelled listings that rules are measured on
    #[command(subcommand)]
    Corpus(measure::Corpus),
    /// What was flagged
    #[command(subcommand)]
    Findings(Findings),
    /// The proof of what was flagged
    #[command(subcommand)]
    Evidence(Evidence),
    /// Marketplaces and shops
    #[command(subcommand)]
    Sources(Sources),
    /// When sources are due
    #[command(subcommand)]
    Schedule(Schedule),
    /// Keep the timetable of all sources and answer on loopback, until told to stop
    Serve(Serve),
    /// Check this installation
    Doctor,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `caveat demo`
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Report and exit (what happens anyway until `caveat serve` exists)
    #[arg(long)]
    pub(super) once: bool,
}

/// `caveat init`
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The folder
    #[arg(default_value = ".")]
    pub(super) dir: PathBuf,
    /// The authority or organisation, for the user agent
    #[arg(long)]
    pub(super) operator: Option<String>,
    /// E-mail address or web page, for the user agent
    #[arg(long)]
    pub(super) contact: Option<String>,
}

/// `caveat crawl`
#[derive(Debug, Args)]
pub(super) struct Crawl {
    /// Sources by id [default: all in sources/]
    #[arg(value_name = "SOURCE")]
    pub(super) sources: Vec<String>,
    /// Fetch only this page, with the settings of SOURCE or with the defaults
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<url::Url>,
    /// Fetch robots.txt and the start pages only, show what would follow, keep nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Exit with 1 when something at or above this severity was flagged
    #[arg(long, value_name = "SEVERITY")]
    pub(super) fail_on: Option<Severity>,
}

/// `caveat scan`
#[derive(Debug, Args)]
pub(super) struct Scan {
    /// Saved pages, WARC files, listings (.jsonl), folders of them, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Print flagged listings only
    #[arg(long)]
    pub(super) flagged: bool,
    /// Where the offers are aimed (ISO 3166 code), for rules that ask
    #[arg(long, value_name = "CODE")]
    pub(super) market: Option<String>,
    /// Use the selectors of this source file
    #[arg(long, value_name = "FILE")]
    pub(super) source: Option<PathBuf>,
    /// Run the rules of class information.missing too
    #[arg(long)]
    pub(super) information: bool,
    /// Exit with 1 when something at or above this severity was flagged
    #[arg(long, value_name = "SEVERITY")]
    pub(super) fail_on: Option<Severity>,
    /// Worker threads [default: one a core]
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
}

/// `caveat extract`
#[derive(Debug, Args)]
pub(super) struct Extract {
    /// Saved pages, WARC files, folders of them, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// The address that the page was saved from
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<url::Url>,
    /// Show every candidate for each field, who won and why
    #[arg(long)]
    pub(super) explain: bool,
    /// Use the selectors of this source file
    #[arg(long, value_name = "FILE")]
    pub(super) source: Option<PathBuf>,
}

/// `caveat rules …`
#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// List the rules
    List(RuleChoice),
    /// Check rule files for errors and likely mistakes
    Lint(Lint),
    /// Run the tests inside the rules
    Test(workbench::Test),
    /// Print the JSON Schema of a kind of file, for editors
    Schema(Schema),
    #[command(flatten)]
    Measure(measure::Measure),
    #[command(flatten)]
    Workbench(workbench::Workbench),
}

/// Which rules.
#[derive(Debug, Args)]
pub(super) struct RuleChoice {
    /// Rule files, folders, or ids (or the beginning of one) [default: all in rules/ of the workspace, else the packs
    /// inside the program]
    #[arg(value_name = "FILE|DIR|ID")]
    pub(super) what: Vec<String>,
    /// Only these rules (id, or the beginning of one)
    #[arg(long, value_name = "ID")]
    pub(super) rule: Vec<String>,
}

/// `caveat rules lint`
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// Which
    #[command(flatten)]
    pub(super) choice: RuleChoice,
    /// Mend what can be mended without changing what a rule finds, and write the files
    #[arg(long)]
    pub(super) fix: bool,
    /// How to show what is wrong; --json is the same as --format json
    #[arg(long, value_enum, default_value_t = LintFormat::Text)]
    pub(super) format: LintFormat,
}

/// How `rules lint` shows what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LintFormat {
    /// For people, on standard error
    Text,
    /// One JSON object a line
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// One SARIF 2.1.0 document
    Sarif,
}

/// `caveat rules schema`
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Which kind of file [default: list the kinds]
    #[arg(value_name = "KIND")]
    pub(super) kind: Option<String>,
    /// Write the schemas of all kinds into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "kind")]
    pub(super) write: Option<PathBuf>,
}

/// `caveat findings …`
#[derive(Debug, Subcommand)]
pub(super) enum Findings {
    /// List findings, gravest first (JSON Lines where standard output is no terminal)
    List(FindingFilter),
    /// Show one finding with its matches in the original text
    Show {
        /// Its id, or the beginning of it
        id: String,
    },
    /// Say what becomes of findings; each is answered for itself
    Decide(Decide),
    /// Give findings to somebody
    Assign {
        /// Their ids, or the beginnings of them
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Whom
        #[arg(long, value_name = "NAME", required_unless_present = "nobody")]
        to: Option<String>,
        /// Take them from whoever has them
        #[arg(long, conflicts_with = "to")]
        nobody: bool,
    },
    /// Write findings to standard output
    Export {
        /// Which
        #[command(flatten)]
        filter: FindingFilter,
        /// As what
        #[arg(long, value_enum, default_value_t = ExportFormat::Jsonl)]
        format: ExportFormat,
    },
}

/// `caveat findings decide`
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the command line")]
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("action"), after_help = "\
Steps: new → in review (--start) → --confirm, --dismiss REASON or --refer AUTHORITY → --close. --reopen takes a decided one up
again, --undo takes the last decision back. Everything is written to the journal with your name and the time.

Reasons: lawful, other-meaning, no-offer (these three become labels by `corpus import --from-reviews`), duplicate, gone,
not-ours, other (with --note).")]
pub(super) struct Decide {
    /// Their ids, or the beginnings of them
    #[arg(required = true, value_name = "ID")]
    pub(super) ids: Vec<String>,
    /// Somebody looks at it
    #[arg(long, group = "action")]
    pub(super) start: bool,
    /// It is what it was flagged for
    #[arg(long, group = "action")]
    pub(super) confirm: bool,
    /// It is not, or nothing is to be done
    #[arg(long, group = "action", value_name = "REASON")]
    pub(super) dismiss: Option<Reason>,
    /// Another authority deals with it
    #[arg(long, group = "action", value_name = "AUTHORITY")]
    pub(super) refer: Option<String>,
    /// The offer is dealt with
    #[arg(long, group = "action")]
    pub(super) close: bool,
    /// Take it up again
    #[arg(long, group = "action")]
    pub(super) reopen: bool,
    /// Out of the queue until this day (2027-01-31, in the workspace's time zone) or until the offer changes
    #[arg(long, group = "action", value_name = "DAY")]
    pub(super) snooze: Option<String>,
    /// Back in the queue
    #[arg(long, group = "action")]
    pub(super) wake: bool,
    /// Take the last decision back
    #[arg(long, group = "action")]
    pub(super) undo: bool,
    /// In your words; with no other step it is only a note
    #[arg(long, value_name = "TEXT", required_unless_present = "action")]
    pub(super) note: Option<String>,
}

/// Which findings.
#[derive(Debug, Args)]
pub(super) struct FindingFilter {
    /// Only those that stand here: `new`, `in_review`, `confirmed`, `dismissed`, `referred`, `closed` (several by commas)
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(super) state: Vec<State>,
    /// Only those given to this person
    #[arg(long, value_name = "NAME")]
    pub(super) assignee: Option<String>,
    /// Only of this source
    #[arg(long, value_name = "ID")]
    pub(super) source: Option<String>,
    /// Only of this class or family (`medicine`, `medicine.erectile`)
    #[arg(long, value_name = "CLASS")]
    pub(super) class: Option<String>,
    /// Only at or above this severity
    #[arg(long, value_name = "SEVERITY")]
    pub(super) severity: Option<Severity>,
    /// At most this many
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
}

/// What `findings export` writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// One JSON object a line
    Jsonl,
    /// A table; cells that a spreadsheet would run are made plain text
    Csv,
}

/// `caveat evidence …`
#[derive(Debug, Subcommand)]
pub(super) enum Evidence {
    /// Check every digest, and that each finding's exchange is there
    Verify {
        /// A package made by `evidence export`; needs nothing else [default: the data folder]
        package: Option<PathBuf>,
        /// Certificate of the time-stamping authority (PEM): also check the signatures of time stamps, with openssl
        #[arg(long, value_name = "FILE")]
        tsa_ca: Option<PathBuf>,
    },
    /// Pack the proof of findings into one file (WACZ) that can be checked and replayed elsewhere
    Export(EvidenceExport),
    /// Print an index of all pages kept with findings (CDXJ), for replay tools such as pywb
    Index,
    /// Let the authority in caveat.toml stamp the end of the journal now
    Stamp,
}

/// `caveat evidence export`
#[derive(Debug, Args)]
pub(super) struct EvidenceExport {
    /// Ids of findings, or what they begin with
    #[arg(value_name = "FINDING", required_unless_present_any = ["run", "source", "all"])]
    pub(super) findings: Vec<String>,
    /// All that this run flagged
    #[arg(long, value_name = "N")]
    pub(super) run: Option<u64>,
    /// All of this source
    #[arg(long, value_name = "SOURCE")]
    pub(super) source: Option<String>,
    /// All there are
    #[arg(long)]
    pub(super) all: bool,
    /// The package; must not exist yet, and ends in .wacz
    #[arg(short, long, value_name = "FILE.wacz")]
    pub(super) output: PathBuf,
}

/// `caveat sources check`
#[derive(Debug, Args)]
pub(super) struct SourcesCheck {
    /// Ids or files; a few pages of each are fetched, under robots.txt and the source's limits [default: all files are
    /// checked, nothing is fetched]
    #[arg(value_name = "SOURCE")]
    pub(super) sources: Vec<String>,
    /// Check the files only, fetch nothing
    #[arg(long, conflicts_with = "page")]
    pub(super) offline: bool,
    /// Pages of each source that are fetched, at most
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub(super) pages: u16,
    /// Show how these saved pages are read instead of fetching any (.html, .html.gz, WARC files, folders)
    #[arg(long, value_name = "PATH")]
    pub(super) page: Vec<PathBuf>,
    /// The address that the saved page was taken from
    #[arg(long, value_name = "URL", requires = "page")]
    pub(super) url: Option<url::Url>,
    /// Write the draft of a [select] to this file instead of showing it
    #[arg(long, value_name = "FILE")]
    pub(super) draft: Option<PathBuf>,
}

/// `caveat sources …`
#[derive(Debug, Subcommand)]
pub(super) enum Sources {
    /// List the sources
    List,
    /// Check source files; of sources that are named, also how their pages are read
    Check(SourcesCheck),
    /// Say whether an address would be fetched, and why
    Why {
        /// The address
        url: url::Url,
    },
    /// Say what a robots.txt allows
    Robots {
        /// The robots.txt
        file: PathBuf,
        /// The crawler's name
        #[arg(long, value_name = "NAME", default_value = "caveat")]
        agent: String,
        /// Addresses or paths
        #[arg(required = true, value_name = "URL")]
        urls: Vec<String>,
    },
}

/// `caveat serve`
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// Where to listen [default: `web_address` of caveat.toml, 127.0.0.1:8620]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(super) address: Option<std::net::SocketAddr>,
}

/// `caveat schedule …`
#[derive(Debug, Subcommand)]
pub(super) enum Schedule {
    /// List the sources that have a schedule, and which are due
    List,
    /// Show the next times, soonest first
    Next {
        /// Only of this source
        source: Option<String>,
        /// How many [default: 5]
        #[arg(short = 'n', long, value_name = "N")]
        count: Option<usize>,
    },
    /// Crawl what is due, then end: for a timer that calls it every few minutes
    Run {
        /// Exit with 1 when something at or above this severity was flagged
        #[arg(long, value_name = "SEVERITY")]
        fail_on: Option<Severity>,
    },
}
