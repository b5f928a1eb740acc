//! The rules that a command judges by: loaded, compiled, and everything wrong with them shown.

use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::shell::Shell;
use crate::document;
use crate::matcher::Matcher;
use crate::rules::load::{LoadOptions, Loaded, Packs, load};
use crate::rules::lock::set_digest;
use crate::rules::model::RuleSet;
use crate::source::Source;
use crate::verdict::UNDECIDED_CLASS;
use crate::workspace::Workspace;

/// Loaded rules, and whether some are broken.
pub(super) struct Rulebook {
    pub(super) loaded: Loaded,
    pub(super) exit: Exit,
    /// The packs of sources that name none; empty means those that are on by default.
    usual: Vec<String>,
}

impl Rulebook {
    /// Loads every pack of the workspace, or the built-in ones, and shows what is wrong.
    pub(super) fn open(shell: &Shell, workspace: &Workspace) -> Result<Self, Failure> {
        let rule_files = workspace.rule_files()?;
        let options = LoadOptions { root: rule_files.origin, packs: Packs::All, ..LoadOptions::default() };
        let loaded = load(&rule_files.files, &options);
        shell.diagnostics(&loaded.diagnostics);
        let exit = if loaded.has_errors() { Exit::Usage } else { Exit::Done };
        if !loaded.broken.is_empty() {
            let broken = loaded.broken.join(", ");
            shell.problem(format_args!("left out because of errors: {broken}; all other rules run"));
        }
        let usual = workspace.config.packs.clone();
        let rulebook = Self { loaded, exit, usual };
        rulebook.check_packs("caveat.toml", &rulebook.usual)?;
        Ok(rulebook)
    }

    /// Whether every named pack exists; `whose` names them.
    pub(super) fn check_packs(&self, whose: &str, packs: &[String]) -> Result<(), Failure> {
        let known: Vec<&str> = self.loaded.packs.iter().map(|pack| pack.name.as_str()).collect();
        match packs.iter().find(|pack| !known.contains(&pack.as_str())) {
            None => Ok(()),
            Some(pack) => Err(Failure::usage(anyhow::anyhow!(
                "{whose}: there is no rule pack {pack:?}; there are {}",
                known.join(", ")
            ))),
        }
    }

    /// What a source searches for, its lists resolved to words.
    pub(super) fn search_words(&self, shell: &Shell, source: &Source) -> Result<Vec<String>, Failure> {
        let mut words = Vec::new();
        for term in source.search.iter().flat_map(|search| &search.terms) {
            match term.strip_prefix('@') {
                None => words.push(term.clone()),
                Some("alerts") => shell.warn(format_args!(
                    "source {:?}: there are no alerts yet, so `@alerts` searches for nothing",
                    source.id
                )),
                Some(name) => {
                    let lists = &self.loaded.lists;
                    let Some(list) = lists.iter().find(|list| list.name == name) else {
                        let near = document::nearest(name, lists.iter().map(|list| list.name.as_str()));
                        let hint =
                            near.map(|near| format!("; did you mean \"@{near}\"?")).unwrap_or_default();
                        return Err(Failure::usage(anyhow::anyhow!(
                            "source {:?} searches for {term:?}, and there is no such list{hint}",
                            source.id
                        )));
                    };
                    words.extend(list.terms.iter().chain(&list.stems).cloned());
                }
            }
        }
        Ok(words)
    }

    /// How many rules run where a source names no packs.
    pub(super) fn rule_count(&self) -> usize {
        self.loaded.for_packs(&self.usual).rules.len()
    }

    /// The digest of the rules that [`matcher`](Self::matcher) compiles for a crawl.
    pub(super) fn digest(&self, packs: &[String]) -> String {
        set_digest(&self.running(packs, false).rules)
    }

    fn running(&self, packs: &[String], information: bool) -> RuleSet {
        let mut set = self.loaded.for_packs(if packs.is_empty() { &self.usual } else { packs });
        set.rules.retain(|rule| information || rule.class != UNDECIDED_CLASS);
        set
    }

    /// Compiles the rules of some packs, or of the usual ones. Rules of class `information.missing` run only when
    /// asked for.
    pub(super) fn matcher(&mut self, shell: &Shell, packs: &[String], information: bool) -> Arc<Matcher> {
        let set = self.running(packs, information);
        let (matcher, errors) = Matcher::compile(&set);
        for error in &errors {
            shell.problem(format_args!("{error}; all other rules run"));
            self.exit = self.exit.max(Exit::Usage);
        }
        if matcher.rule_count() == 0 {
            shell.warn(
                "no rule runs: switch packs on with `packs` in caveat.toml, or see `caveat rules list`",
            );
        }
        Arc::new(matcher)
    }
}
