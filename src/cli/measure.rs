//! `caveat rules eval`, `diff` and `promote`: rules measured on a corpus. What they share: opening rules, corpus and kept
//! hits, and showing shares.

mod diff;
mod eval;
mod promote;
pub(super) mod shown;

use super::arguments::RuleChoice;
use super::arguments::measure::{CorpusPaths, Measure};
use super::exit::{Exit, Failure, Outcome};
use super::rules::choice::Chosen;
use super::shell::Shell;
use super::terminal::harmless;
use crate::document::{Level, nearest};
use crate::rules::load::{LoadOptions, Loaded, Packs, load};
use crate::rules::taxonomy::Taxonomy;
use crate::workbench::corpus::{self, Corpus, CorpusError};
use crate::workbench::kept::Kept;
use crate::workspace::{RuleFiles, Workspace};

/// Problems of a corpus that are shown; who sees twenty knows what is wrong with the rest.
const SHOWN_PROBLEMS: usize = 20;

pub(super) fn run(shell: &Shell, command: Measure) -> Outcome {
    match command {
        Measure::Eval(arguments) => eval::run(shell, &arguments),
        Measure::Diff(arguments) => diff::run(shell, &arguments),
        Measure::Promote(arguments) => promote::run(shell, &arguments),
    }
}

/// All rules with their drafts, which of them are meant, and how bad it is that some are broken.
pub(super) fn open_rules(shell: &Shell, choice: &RuleChoice) -> Result<(Loaded, Chosen, Exit), Failure> {
    let chosen = Chosen::new(shell, choice)?;
    let files = RuleFiles { files: chosen.files.clone(), origin: chosen.origin.clone() };
    let loaded = load_rules(shell, files);
    let exit = if loaded.has_errors() { Exit::Usage } else { Exit::Done };
    if loaded.set.rules.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "no rule found; a rules folder holds taxonomy.toml and packs/"
        )));
    }
    Ok((loaded, chosen, exit))
}

/// All packs, drafts too; what is wrong is shown.
pub(super) fn load_rules(shell: &Shell, files: RuleFiles) -> Loaded {
    let options =
        LoadOptions { root: files.origin, packs: Packs::All, include_drafts: true, keep_typed: true };
    let loaded = load(&files.files, &options);
    let errors: Vec<_> = loaded.diagnostics.iter().filter(|one| one.level == Level::Error).cloned().collect();
    shell.diagnostics(&errors);
    if !loaded.broken.is_empty() {
        shell.problem(format_args!(
            "left out because of errors: {}; all other rules are measured",
            harmless(&loaded.broken.join(", "))
        ));
    }
    loaded
}

/// The corpus that was named, or that of the workspace. What is wrong is shown.
pub(super) fn open_corpus(
    shell: &Shell,
    workspace: &Workspace,
    arguments: &CorpusPaths,
) -> Result<(Corpus, Exit), Failure> {
    let corpus = read_corpus(workspace, arguments)?;
    for file in &corpus.passed_over {
        shell.detail(format_args!("{}: passed over, its first line holds no listing", harmless(file)));
    }
    let exit = show_problems(shell, &corpus);
    Ok((corpus, exit))
}

/// The same without a word.
pub(super) fn read_corpus(workspace: &Workspace, arguments: &CorpusPaths) -> Result<Corpus, Failure> {
    let paths = if arguments.corpus.is_empty() {
        let folder = workspace.root.join("corpus");
        if !folder.is_dir() {
            return Err(Failure::usage(anyhow::anyhow!(
                "there is no corpus here; name its files, or make one with `caveat corpus import`"
            )));
        }
        vec![folder]
    } else {
        arguments.corpus.clone()
    };
    Ok(corpus::read(&paths)?)
}

/// Shows classes of labels that no taxonomy has: no rule could ever be right about them.
pub(super) fn show_unknown_classes(shell: &Shell, corpus: &Corpus, taxonomy: &Taxonomy) -> Exit {
    let unknown = corpus.unknown_classes(|class| taxonomy.classes.contains_key(class));
    for (class, place) in &unknown {
        let near = nearest(class, taxonomy.classes.keys().map(String::as_str));
        let hint = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        shell.problem(harmless(&format!("{place}: there is no class {class:?}{hint}")));
    }
    if unknown.is_empty() { Exit::Done } else { Exit::Incomplete }
}

/// Shows what is wrong with a corpus.
pub(super) fn show_problems(shell: &Shell, corpus: &Corpus) -> Exit {
    for problem in corpus.problems.iter().take(SHOWN_PROBLEMS) {
        shell.problem(harmless(&problem.to_string()));
    }
    let more = corpus.problems.len().saturating_sub(SHOWN_PROBLEMS);
    if more > 0 {
        shell.problem(format_args!(
            "and {more} more lines of the corpus; `caveat corpus stats --json` lists all"
        ));
    }
    if corpus.problems.is_empty() { Exit::Done } else { Exit::Incomplete }
}

/// What is known already of the corpus. Without a workspace nothing is kept: a command that reads leaves no files about.
pub(super) fn open_kept(shell: &Shell, workspace: &Workspace, corpus: &Corpus) -> Kept {
    if workspace.config_file.is_none() && shell.global.data.is_none() {
        return Kept::nothing(corpus);
    }
    Kept::open(&workspace.data.join("workbench"), &engine(), corpus)
}

/// Names this build of the program, which decides what matches.
fn engine() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let build = std::env::current_exe().ok().and_then(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        let modified = metadata.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(format!("{}-{}", metadata.len(), modified.as_nanos()))
    });
    // A build that cannot be told apart gets a name of its own each time, so that nothing stale is believed.
    let build = build.unwrap_or_else(|| format!("unknown-{}", std::process::id()));
    format!("{version} {build}")
}

/// Writes what is known; a folder that cannot be written costs time, not figures.
pub(super) fn save_kept(shell: &Shell, kept: &mut Kept) {
    if let Err(error) = kept.save() {
        shell.warn(format_args!("hits are not kept for the next time: {error}"));
    }
}

impl From<CorpusError> for Failure {
    fn from(error: CorpusError) -> Self {
        Self::incomplete(error)
    }
}
