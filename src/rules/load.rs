//! From the files of the rules folder to the rules that run, and everything that is wrong with them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::folder::{Kind, RuleFile};
use super::lints::{self, Surroundings};
use super::lists::{self, List};
use super::meaning::{self, References};
use super::model::{Rule, RuleSet, Status};
use super::packs::{self, PackInfo};
use super::{parser, rates, taxonomy_file};
use crate::document::{self, Diagnostic, Document, Level, Located, Problem, code, nearest};

/// Terms of all rules together, lists counted at each use. A million take about 100 MB once compiled.
const MAX_TERMS_IN_SET: usize = 1_000_000;

/// Which packs are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Packs {
    /// Those whose manifest says that they are on by default.
    #[default]
    Default,
    /// Every pack; for lint and tests.
    All,
    /// These, by name.
    Named(Vec<String>),
}

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// What diagnostics show before a file's path, such as `rules`; empty for nothing.
    pub root: String,
    /// Which packs. Rules of other packs are not looked at.
    pub packs: Packs,
    /// Whether drafts are in the set (only under `rules`).
    pub include_drafts: bool,
    /// Whether lints are looked for besides errors.
    pub lint: bool,
    /// The day that lints compare dates with; none: such lints are silent.
    pub today: Option<Date>,
}

impl LoadOptions {
    /// A file's path as diagnostics show it.
    pub fn shown(&self, path: &str) -> String {
        match self.root.trim_end_matches('/') {
            "" => path.to_owned(),
            root => format!("{root}/{path}"),
        }
    }
}

/// What the files say.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Sound rules that are on, with taxonomy and rates.
    pub set: RuleSet,
    /// All packs of the folder, wanted or not, ordered by name.
    pub packs: Vec<PackInfo>,
    /// Everything wrong, ordered by file and line.
    pub diagnostics: Vec<Diagnostic>,
    /// Ids of rules that were left out because of errors, ordered.
    pub broken: Vec<String>,
    /// Rules that no longer run, ordered by id.
    pub deprecated: Vec<Deprecated>,
    /// Every list, ordered by name; sources search for their terms.
    pub lists: Vec<List>,
    /// Rule id → its file, as diagnostics show it. Broken and deprecated rules too.
    pub files: BTreeMap<String, String>,
}

impl Loaded {
    /// The rules of some packs: those of a source that names its own. An empty list means the packs that are on by
    /// default. Load with [`Packs::All`] for this, or packs that are off by default cannot be asked for.
    pub fn for_packs(&self, names: &[String]) -> RuleSet {
        let is_wanted = |rule: &&Rule| {
            if names.is_empty() {
                self.packs.iter().any(|pack| pack.name == rule.pack && pack.default)
            } else {
                names.contains(&rule.pack)
            }
        };
        let rules = self.set.rules.iter().filter(is_wanted).cloned().collect();
        RuleSet { rules, taxonomy: self.set.taxonomy.clone(), rates: self.set.rates.clone() }
    }

    /// Whether anything is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error)
    }
}

/// A rule that was withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deprecated {
    /// Its id.
    pub id: String,
    /// The rule that took its place.
    pub replaced_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Reads all files. One broken rule is left out and reported; it never disables another.
pub fn load(files: &[RuleFile], options: &LoadOptions) -> Loaded {
    let mut loading = Loading { options, loaded: Loaded::default(), used_lists: BTreeSet::new(), terms: 0 };
    let mut by_kind = ByKind::default();
    for file in files {
        by_kind.add(file);
    }
    for file in &by_kind.stray {
        loading.warn_of_stray(file);
    }
    let taxonomy = loading.read_taxonomy(by_kind.taxonomy);
    if let Some(file) = by_kind.rates {
        loading.loaded.set.rates = loading.read(file, rates::read).unwrap_or_default();
    }
    // Prices in euro are compared even where no other rate is known.
    loading.loaded.set.rates.per_euro.insert("EUR".to_owned(), Decimal::ONE);
    let (lists, broken_lists) = loading.read_lists(&by_kind.lists);
    loading.read_manifests(&by_kind);
    let wanted = loading.wanted_packs();
    let references = References { lists: &lists, broken_lists: &broken_lists, taxonomy: taxonomy.as_ref() };
    let ids: BTreeSet<&str> = by_kind.rules.iter().map(|rule| rule.id).collect();
    for rule in by_kind.rules.iter().filter(|rule| wanted.contains(rule.pack)) {
        loading.read_rule(rule, &references, &ids);
    }
    if options.lint && options.packs == Packs::All {
        loading.warn_of_unused_lists(&by_kind.lists, &lists);
    }
    loading.loaded.set.taxonomy = taxonomy.map(|read| read.taxonomy).unwrap_or_default();
    loading.loaded.lists = lists.into_values().collect();
    loading.finish()
}

/// The files of a rules folder by what they are.
#[derive(Debug, Default)]
struct ByKind<'f> {
    taxonomy: Option<&'f RuleFile>,
    rates: Option<&'f RuleFile>,
    lists: Vec<(&'f str, &'f RuleFile)>,
    manifests: BTreeMap<&'f str, &'f RuleFile>,
    rules: Vec<RuleEntry<'f>>,
    stray: Vec<&'f RuleFile>,
}

#[derive(Debug)]
struct RuleEntry<'f> {
    id: &'f str,
    pack: &'f str,
    file: &'f RuleFile,
}

impl<'f> ByKind<'f> {
    fn add(&mut self, file: &'f RuleFile) {
        match file.kind() {
            Kind::Taxonomy => self.taxonomy = Some(file),
            Kind::Rates => self.rates = Some(file),
            Kind::List { name } => self.lists.push((name, file)),
            Kind::Manifest { pack } => {
                self.manifests.insert(pack, file);
            }
            Kind::Rule { id, pack } => self.rules.push(RuleEntry { id, pack, file }),
            Kind::Stray => self.stray.push(file),
        }
    }
}

struct Loading<'o> {
    options: &'o LoadOptions,
    loaded: Loaded,
    used_lists: BTreeSet<String>,
    terms: usize,
}

impl Loading<'_> {
    fn read<T>(&mut self, file: &RuleFile, meaning: impl FnOnce(document::Table<'_>) -> T) -> Option<T> {
        let shown = self.options.shown(&file.path);
        match &file.text {
            Ok(text) => {
                let (read, diagnostics) = document::read(&shown, text, meaning);
                self.loaded.diagnostics.extend(diagnostics);
                read
            }
            Err(reason) => {
                let message = format!("this file cannot be read: {reason}");
                let problem = Problem::error(code::UNREADABLE, 0..0, message);
                self.loaded.diagnostics.push(problem.without_text(&shown));
                None
            }
        }
    }

    fn report(&mut self, path: &str, problem: Problem) {
        let shown = self.options.shown(path);
        self.loaded.diagnostics.push(problem.without_text(&shown));
    }

    fn warn_of_stray(&mut self, file: &RuleFile) {
        if self.options.lint {
            let problem = Problem::warning(code::STRAY_FILE, 0..0, "nothing reads this file").help(
                "rules stand in packs/PACK/ID.toml, lists in lists/NAME.toml, and beside them taxonomy.toml and rates.toml",
            );
            self.report(&file.path, problem);
        }
    }

    fn read_taxonomy(&mut self, file: Option<&RuleFile>) -> Option<taxonomy_file::Read> {
        let today = if self.options.lint { self.options.today } else { None };
        if let Some(file) = file {
            return self.read(file, |table| taxonomy_file::read(table, today));
        }
        let problem =
            Problem::error(code::MISSING_FILE, 0..0, "there is no taxonomy.toml, so no rule can run")
                .help("`caveat init` writes one; rules take severity and authority from it");
        self.report("taxonomy.toml", problem);
        None
    }

    fn read_lists(&mut self, files: &[(&str, &RuleFile)]) -> (BTreeMap<String, List>, Vec<String>) {
        let lint = self.options.lint;
        let (mut lists, mut broken) = (BTreeMap::new(), Vec::new());
        for (name, file) in files {
            let read = self.read(file, |table| {
                let document = table.document();
                let written = lists::read_list(table);
                let may_be_unused = written.allow.iter().any(|one| one.lint.value == code::UNUSED_LIST);
                (lists::resolve(document, written, name, lint), may_be_unused)
            });
            match read {
                Some((words, may_be_unused)) => {
                    lists.insert((*name).to_owned(), words);
                    if may_be_unused {
                        self.used_lists.insert((*name).to_owned());
                    }
                }
                None => broken.push((*name).to_owned()),
            }
        }
        (lists, broken)
    }

    fn read_manifests(&mut self, by_kind: &ByKind<'_>) {
        let mut names: BTreeSet<&str> = by_kind.rules.iter().map(|rule| rule.pack).collect();
        names.extend(by_kind.manifests.keys());
        for name in names {
            let pack = if let Some(file) = by_kind.manifests.get(name) {
                self.read(file, |table| packs::read(table, name))
            } else {
                let problem = Problem::error(code::MISSING_FILE, 0..0, "this pack has no manifest")
                    .help("write format, title, description and default; the pack is on until then");
                self.report(&format!("packs/{name}/pack.toml"), problem);
                None
            };
            self.loaded.packs.push(pack.unwrap_or_else(|| PackInfo::unknown(name)));
        }
    }

    fn wanted_packs(&mut self) -> BTreeSet<String> {
        let known: BTreeSet<String> = self.loaded.packs.iter().map(|pack| pack.name.clone()).collect();
        match &self.options.packs {
            Packs::All => known,
            Packs::Default => {
                self.loaded.packs.iter().filter(|pack| pack.default).map(|pack| pack.name.clone()).collect()
            }
            Packs::Named(names) => {
                for name in names.iter().filter(|name| !known.contains(*name)) {
                    let names = known.iter().map(String::as_str);
                    let help = nearest(name, names.clone()).map_or_else(
                        || format!("packs here: {}", names.collect::<Vec<_>>().join(", ")),
                        |near| format!("did you mean `{near}`?"),
                    );
                    let short: String = name.chars().take(60).collect();
                    let message = format!("there is no pack `{short}`");
                    self.report("packs", Problem::error(code::UNKNOWN_PACK, 0..0, message).help(help));
                }
                names.iter().filter(|name| known.contains(*name)).cloned().collect()
            }
        }
    }

    fn read_rule(&mut self, entry: &RuleEntry<'_>, references: &References<'_>, ids: &BTreeSet<&str>) {
        if let Some(first) = self.loaded.files.get(entry.id) {
            let problem =
                Problem::error(code::DUPLICATE_ID, 0..0, format!("there is another rule `{}`", entry.id))
                    .help(format!("{first} is used; give one of the two a new name and id"));
            self.report(&entry.file.path, problem);
            return;
        }
        let shown = self.options.shown(&entry.file.path);
        self.loaded.files.insert(entry.id.to_owned(), shown);
        let options = self.options;
        let has_rates = !self.loaded.set.rates.date.is_empty();
        let room = MAX_TERMS_IN_SET.saturating_sub(self.terms);
        let used_lists = &mut BTreeSet::new();
        let outcome = self.read(entry.file, |table| {
            let document = table.document();
            let written = parser::read_rule(table, entry.id);
            for pattern in written.patterns.iter().chain(written.exceptions.iter().map(|one| &one.pattern)) {
                used_lists.extend(pattern.lists.iter().map(|list| list.value.clone()));
            }
            check_replacement(document, written.replaced_by.as_ref(), ids);
            let meant = meaning::resolve(document, &written, entry.pack, references)?;
            if terms_of(&meant.rule) > room {
                let message = format!("all rules together have more than {MAX_TERMS_IN_SET} terms");
                document.report(Problem::error(code::TOO_MANY_TERMS, 0..0, message));
            }
            if document.errors() > 0 {
                return None;
            }
            if let (true, Some(taxonomy)) = (options.lint, references.taxonomy) {
                let surroundings =
                    Surroundings { taxonomy: &taxonomy.taxonomy, today: options.today, has_rates };
                lints::lint(document, &written, &meant, surroundings);
            }
            let deprecated = Deprecated {
                id: entry.id.to_owned(),
                replaced_by: written.replaced_by.map(|id| id.value),
                reason: written.reason,
            };
            references.taxonomy.is_some().then_some((meant.rule, deprecated))
        });
        self.used_lists.append(used_lists);
        match outcome.flatten() {
            None => self.loaded.broken.push(entry.id.to_owned()),
            Some((rule, deprecated)) => self.keep(rule, deprecated),
        }
    }

    fn keep(&mut self, mut rule: Rule, deprecated: Deprecated) {
        match rule.status {
            Status::Deprecated => {
                self.loaded.deprecated.push(deprecated);
                return;
            }
            Status::Draft if !self.options.include_drafts => return,
            // Nothing measures yet, so no rule is active; the lint `unmeasured` says so.
            Status::Active => rule.status = Status::Trial,
            Status::Draft | Status::Trial => {}
        }
        self.terms += terms_of(&rule);
        if let Some(pack) = self.loaded.packs.iter_mut().find(|pack| pack.name == rule.pack) {
            pack.rules += 1;
        }
        self.loaded.set.rules.push(rule);
    }

    fn warn_of_unused_lists(&mut self, files: &[(&str, &RuleFile)], lists: &BTreeMap<String, List>) {
        for (name, file) in files {
            if lists.contains_key(*name) && !self.used_lists.contains(*name) {
                let problem = Problem::warning(code::UNUSED_LIST, 0..0, "no rule uses this list")
                    .help("name it in a pattern, or remove the file; sources may still search for its words");
                self.report(&file.path, problem);
            }
        }
    }

    fn finish(mut self) -> Loaded {
        self.loaded.set.rules.sort_by(|a, b| a.id.cmp(&b.id));
        self.loaded.deprecated.sort_by(|a, b| a.id.cmp(&b.id));
        self.loaded.broken.sort();
        // Those of one file are in order already.
        self.loaded.diagnostics.sort_by(|a, b| a.file.cmp(&b.file));
        self.loaded
    }
}

fn check_replacement(document: &Document<'_>, replaced_by: Option<&Located<String>>, ids: &BTreeSet<&str>) {
    let Some(id) = replaced_by.filter(|id| !ids.contains(id.value.as_str())) else { return };
    let help =
        document.nearest(&id.value, ids.iter().copied()).map(|near| format!("did you mean \"{near}\"?"));
    let problem =
        Problem::error(code::UNKNOWN_RULE, id.span.clone(), "there is no such rule").maybe_help(help);
    document.report(problem);
}

fn terms_of(rule: &Rule) -> usize {
    let patterns = rule.patterns.iter().chain(rule.exceptions.iter().map(|exception| &exception.pattern));
    patterns.map(|pattern| pattern.terms.len() + pattern.stems.len()).sum()
}
