//! Which rules a command is about: files, folders and ids as they were typed, and the rules folder that they are of.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::cli::arguments::RuleChoice;
use crate::cli::exit::Failure;
use crate::cli::shell::Shell;
use crate::document::{Diagnostic, nearest};
use crate::rules::folder::{Kind, RuleFile};
use crate::workspace::Workspace;

/// The pack that a file by itself is put into.
const OWN_PACK: &str = "own";
const OWN_MANIFEST: &str =
    "format = 1\ntitle = \"Files named on the command line\"\ndescription = \"Beside the other packs\"\n";

/// A rules folder, and which of its files are meant.
pub(in crate::cli) struct Chosen {
    /// The files; those named on the command line that lie in no rules folder are among them.
    pub(in crate::cli) files: Vec<RuleFile>,
    /// What diagnostics show before a path.
    pub(in crate::cli) origin: String,
    /// Where files can be written; none for the packs inside the program.
    pub(in crate::cli) folder: Option<PathBuf>,
    /// Paths below the folder, or their beginnings; with ids empty: everything.
    paths: Vec<String>,
    /// Ids or their beginnings.
    ids: Vec<String>,
    /// Of all that, only these ids; empty: all.
    only: Vec<String>,
    /// Files that lie in no rules folder: path below the folder as it is called here, path as it was typed.
    pub(super) own: Vec<(String, PathBuf)>,
}

impl Chosen {
    /// Looks up what was typed.
    pub(in crate::cli) fn new(shell: &Shell, choice: &RuleChoice) -> Result<Self, Failure> {
        let mut folders: Vec<PathBuf> = Vec::new();
        let (mut paths, mut own, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for what in &choice.what {
            let path = Path::new(what);
            if !path.exists() {
                if what.contains(['/', '\\']) || path.extension().is_some_and(|extension| extension == "toml")
                {
                    return Err(Failure::usage(anyhow!("there is no file {what:?}")));
                }
                ids.push(what.clone());
            } else if let Some((folder, below)) = rules_folder_of(path) {
                if !folders.contains(&folder) {
                    folders.push(folder);
                }
                paths.push(below);
            } else {
                own.extend(loose_files(path)?);
            }
        }
        let rule_files = match folders.as_slice() {
            [] => shell.workspace()?.rule_files()?,
            [folder] => Workspace::rule_folder(folder)?,
            [one, other, ..] => {
                return Err(Failure::usage(anyhow!(
                    "{} and {} are two rules folders; check one after the other",
                    one.display(),
                    other.display()
                )));
            }
        };
        let folder = Path::new(&rule_files.origin);
        let folder = folder.is_dir().then(|| folder.to_owned());
        let mut chosen = Self {
            files: rule_files.files,
            origin: rule_files.origin,
            folder,
            paths,
            ids,
            only: choice.rule.clone(),
            own: Vec::new(),
        };
        chosen.paths.retain(|path| !path.is_empty());
        for path in own {
            chosen.add_own(path)?;
        }
        chosen.check_ids()?;
        Ok(chosen)
    }

    /// Whether a file of the folder is meant, by its path below the folder.
    pub(super) fn has(&self, path: &str) -> bool {
        let stem = path.rsplit('/').next().unwrap_or(path);
        let stem = stem.strip_suffix(".toml").unwrap_or(stem);
        let is_of = |ids: &[String]| ids.iter().any(|id| stem.starts_with(id.as_str()));
        if !self.only.is_empty() && !is_of(&self.only) {
            return false;
        }
        self.paths.is_empty() && self.ids.is_empty()
            || is_of(&self.ids)
            || self.paths.iter().any(|one| {
                path.strip_prefix(one.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
    }

    /// Whether a rule is meant, by its id.
    pub(in crate::cli) fn has_rule(&self, id: &str) -> bool {
        let of_rule = |file: &&RuleFile| matches!(file.kind(), Kind::Rule { id: one, .. } if one == id);
        self.files.iter().find(of_rule).is_some_and(|file| self.has(&file.path))
    }

    /// Of a folder's diagnostics, those of the files that are meant, under the names that were typed.
    pub(super) fn of_chosen(&self, diagnostics: &[Diagnostic]) -> Vec<Diagnostic> {
        let meant = diagnostics.iter().filter(|one| self.has(self.below(&one.file)));
        meant.cloned().map(|one| Diagnostic { file: self.shown(&one.file), ..one }).collect()
    }

    /// A file's name as a person knows it.
    pub(in crate::cli) fn shown(&self, file: &str) -> String {
        let below = self.below(file);
        match self.own.iter().find(|(path, _)| path == below) {
            Some((_, typed)) => typed.to_string_lossy().into_owned(),
            None => file.to_owned(),
        }
    }

    /// Where a file of the folder can be written; `None` for those inside the program.
    pub(in crate::cli) fn written_to(&self, path: &str) -> Option<PathBuf> {
        match self.own.iter().find(|(own, _)| own == path) {
            Some((_, typed)) => Some(typed.clone()),
            None => self.folder.as_ref().map(|folder| folder.join(path)),
        }
    }

    fn below<'f>(&self, file: &'f str) -> &'f str {
        let origin = self.origin.trim_end_matches('/');
        file.strip_prefix(origin).map_or(file, |rest| rest.trim_start_matches('/'))
    }

    /// Puts a file that lies in no rules folder beside the others; it takes the place of one of its name.
    fn add_own(&mut self, typed: PathBuf) -> Result<(), Failure> {
        let name = typed.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_list = typed.parent().is_some_and(|folder| folder.ends_with("lists"));
        let path = if is_list { format!("lists/{name}") } else { format!("packs/{OWN_PACK}/{name}") };
        let replaced = |file: &RuleFile| match file.kind() {
            Kind::Rule { id, .. } => !is_list && name.strip_suffix(".toml") == Some(id),
            Kind::List { .. } => is_list && file.path == path,
            _ => false,
        };
        self.files.retain(|file| !replaced(file));
        let text = fs::read(&typed).map_err(|error| error.to_string());
        let manifest = format!("packs/{OWN_PACK}/pack.toml");
        if !is_list && !self.files.iter().any(|file| file.path == manifest) {
            self.files.push(RuleFile::new(manifest, OWN_MANIFEST));
        }
        if self.own.iter().any(|(own, _)| *own == path) {
            return Err(Failure::usage(anyhow!("two files bear the name {name}")));
        }
        self.files.push(RuleFile { path: path.clone(), text });
        self.files.sort_by(|one, other| one.path.cmp(&other.path));
        self.paths.push(path.clone());
        self.own.push((path, typed));
        Ok(())
    }

    fn check_ids(&self) -> Result<(), Failure> {
        let names = || {
            self.files.iter().filter_map(|file| match file.kind() {
                Kind::Rule { id, .. } => Some(id),
                Kind::List { name } => Some(name),
                _ => None,
            })
        };
        let Some(id) =
            self.ids.iter().chain(&self.only).find(|id| !names().any(|name| name.starts_with(id.as_str())))
        else {
            return Ok(());
        };
        let hint = match nearest(id, names()) {
            Some(near) => format!("did you mean {near:?}?"),
            None => "`caveat rules list` shows the rules".to_owned(),
        };
        Err(Failure::usage(anyhow!("no file, rule or list is called {id:?}; {hint}")))
    }
}

/// The rules folder that a path lies in, and the path below it (empty for the folder itself).
fn rules_folder_of(path: &Path) -> Option<(PathBuf, String)> {
    let is_rules_folder =
        |folder: &Path| folder.join("taxonomy.toml").is_file() || folder.join("packs").is_dir();
    if path.is_dir() && is_rules_folder(path) {
        return Some((path.to_owned(), String::new()));
    }
    let absolute = std::path::absolute(path).ok()?;
    let folder = absolute.ancestors().skip(1).find(|folder| is_rules_folder(folder))?;
    let below = absolute.strip_prefix(folder).ok()?.to_string_lossy().replace('\\', "/");
    // The folder as it was typed keeps messages short.
    let typed = path.ancestors().nth(below.split('/').count()).map(Path::to_owned);
    let folder = typed.filter(|typed| !typed.as_os_str().is_empty()).unwrap_or_else(|| {
        let here = std::env::current_dir().ok();
        let short = here.and_then(|here| folder.strip_prefix(here).ok().map(Path::to_owned));
        short.filter(|short| !short.as_os_str().is_empty()).unwrap_or_else(|| folder.to_owned())
    });
    Some((folder, below))
}

/// A file that lies in no rules folder, or the TOML files of a folder that is none.
fn loose_files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let is_toml = |path: &Path| path.extension().is_some_and(|extension| extension == "toml");
    if !path.is_dir() {
        if is_toml(path) {
            return Ok(vec![path.to_owned()]);
        }
        let shown = path.display();
        return Err(Failure::usage(anyhow!(
            "{shown} is no rule file; its name ends in .toml, as in med.example.toml"
        )));
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.is_file() && is_toml(&file) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        let shown = path.display();
        return Err(Failure::usage(anyhow!(
            "{shown} holds no rules; a rules folder has taxonomy.toml and packs/"
        )));
    }
    Ok(files)
}
