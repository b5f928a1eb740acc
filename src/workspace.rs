//! The folder that an authority works in: caveat.toml, sources/, rules/ and the data folder; and what is used where
//! there is none, the packs inside the program.

mod embedded;
mod init;
mod revision;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use embedded::packs as embedded_packs;
pub use init::{InitError, Made, init};
pub use revision::{RevisionError, rules_at};

use crate::config::{self, Config};
use crate::document::{Diagnostic, Level};
use crate::rules::folder::{ReadError, RuleFile, read_folder};
use crate::source::{self, Source};

/// The configuration file's name.
pub const CONFIG_FILE: &str = "caveat.toml";

/// Source files that are looked at; a thousand shops are beyond one machine.
const MAX_SOURCES: usize = 1000;

/// Where everything lies and what the configuration says.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The folder of caveat.toml; the current folder when there is none.
    pub root: PathBuf,
    /// The configuration file, if there is one.
    pub config_file: Option<PathBuf>,
    /// What it says, or the defaults.
    pub config: Config,
    /// The data folder.
    pub data: PathBuf,
    /// What is odd in the configuration but does not stop anything.
    pub warnings: Vec<Diagnostic>,
}

/// Why the workspace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}: {cause}", path = path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A file is wrong; the diagnostics say where and how to mend it.
    #[error("{path} has {count} error(s)", path = path.display(), count = diagnostics.len())]
    Wrong {
        /// Which.
        path: PathBuf,
        /// Where and how.
        diagnostics: Vec<Diagnostic>,
    },
    /// No source has this id.
    #[error("no source {id:?} in {folder}{hint}", folder = folder.display())]
    NoSource {
        /// As asked for.
        id: String,
        /// Where sources lie.
        folder: PathBuf,
        /// The nearest id, or how to add one.
        hint: String,
    },
    /// The rules folder cannot be read.
    #[error(transparent)]
    Rules(#[from] ReadError),
}

/// Rule files and where they came from.
#[derive(Debug, Clone)]
pub struct RuleFiles {
    /// The files.
    pub files: Vec<RuleFile>,
    /// What diagnostics show before a file's path.
    pub origin: String,
}

impl Workspace {
    /// Finds caveat.toml: the one named, or the one here or in a folder above; without one the defaults hold.
    pub fn open(config: Option<&Path>, data: Option<&Path>) -> Result<Self, WorkspaceError> {
        let config_file = match config {
            Some(path) => Some(path.to_owned()),
            None => find_upward(Path::new(CONFIG_FILE)),
        };
        let (config, warnings) = match &config_file {
            Some(path) => read_checked(path, config::parse)?,
            None => (Config::default(), Vec::new()),
        };
        let root = config_file.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
        let data = data.map_or_else(|| root.join(&config.data), Path::to_owned);
        Ok(Self { root, config_file, config, data, warnings })
    }

    /// The rules of the workspace, or the packs inside the program.
    pub fn rule_files(&self) -> Result<RuleFiles, WorkspaceError> {
        let folder = self.root.join("rules");
        if self.config_file.is_some() && folder.join("taxonomy.toml").is_file() {
            return Self::rule_folder(&folder);
        }
        Ok(RuleFiles { files: embedded_packs(), origin: "<built-in rules>".to_owned() })
    }

    /// The rules of a folder.
    pub fn rule_folder(folder: &Path) -> Result<RuleFiles, WorkspaceError> {
        Ok(RuleFiles { files: read_folder(folder)?, origin: folder.to_string_lossy().into_owned() })
    }

    /// The source files, by name.
    pub fn source_paths(&self) -> Result<Vec<PathBuf>, WorkspaceError> {
        let folder = self.sources_folder();
        let unreadable = |cause| WorkspaceError::Unreadable { path: folder.clone(), cause };
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(unreadable)?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.truncate(MAX_SOURCES);
        Ok(paths)
    }

    /// The source with this id.
    pub fn source(&self, id: &str) -> Result<(Source, Vec<Diagnostic>), WorkspaceError> {
        let folder = self.sources_folder();
        let path = folder.join(format!("{id}.toml"));
        if path.is_file() {
            return read_source(&path);
        }
        let ids = self.source_paths()?;
        let ids: Vec<_> = ids.iter().filter_map(|path| path.file_stem()?.to_str()).collect();
        let nearest = ids.iter().max_by(|a, b| strsim::jaro(a, id).total_cmp(&strsim::jaro(b, id)));
        let hint = match nearest {
            Some(nearest) => format!("; did you mean {nearest:?}?"),
            None => {
                "; there is none yet: write sources/ID.toml, or run `caveat init` for an example".to_owned()
            }
        };
        Err(WorkspaceError::NoSource { id: id.to_owned(), folder, hint })
    }

    fn sources_folder(&self) -> PathBuf {
        self.root.join("sources")
    }
}

/// Reads a source file. What is odd comes beside the source.
pub fn read_source(path: &Path) -> Result<(Source, Vec<Diagnostic>), WorkspaceError> {
    read_checked(path, source::parse)
}

/// The same, and reports packs and lists that the source names and that do not exist.
pub fn read_source_against(
    path: &Path,
    known: source::Known<'_>,
) -> Result<(Source, Vec<Diagnostic>), WorkspaceError> {
    read_checked(path, |file, text| source::parse_against(file, text, known))
}

fn read_checked<T>(
    path: &Path,
    parse: impl Fn(&str, &[u8]) -> (Option<T>, Vec<Diagnostic>),
) -> Result<(T, Vec<Diagnostic>), WorkspaceError> {
    let text = fs::read(path).map_err(|cause| WorkspaceError::Unreadable { path: path.to_owned(), cause })?;
    let (value, diagnostics) = parse(&path.to_string_lossy(), &text);
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error);
    match value {
        Some(value) if !failed => Ok((value, diagnostics)),
        _ => Err(WorkspaceError::Wrong { path: path.to_owned(), diagnostics }),
    }
}

fn find_upward(name: &Path) -> Option<PathBuf> {
    if name.is_file() {
        // A relative path keeps messages short.
        return Some(name.to_owned());
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors().skip(1).map(|folder| folder.join(name)).find(|path| path.is_file())
}
