//! Fetches the files of a rules folder. The only file access of this room.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::document::MAX_FILE_BYTES;

/// Folders inside folders; `packs/PACK/part/RULE.toml` needs three.
const MAX_DEPTH: usize = 8;
/// Files of one rules folder.
const MAX_FILES: usize = 200_000;

/// Where measurements stand.
pub const LOCK_FILE: &str = "rules.lock";

/// One file of the rules folder.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// Below the rules folder, with `/`: `taxonomy.toml`, `lists/pde5-names.toml`, `packs/medicines/med.x.toml`.
    pub path: String,
    /// The file's bytes, or why there are none. One unreadable file is a diagnostic, not the end.
    pub text: Result<Vec<u8>, String>,
}

/// What a file of the rules folder is, by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'f> {
    /// `taxonomy.toml`
    Taxonomy,
    /// `rates.toml`
    Rates,
    /// `rules.lock`
    Lock,
    /// `lists/NAME.toml`
    List {
        /// The list's name.
        name: &'f str,
    },
    /// `packs/PACK/pack.toml`
    Manifest {
        /// The pack's name.
        pack: &'f str,
    },
    /// `packs/PACK/…/ID.toml`
    Rule {
        /// The rule's id.
        id: &'f str,
        /// The pack's name.
        pack: &'f str,
    },
    /// Anything else.
    Stray,
}

impl RuleFile {
    /// What the file is.
    pub fn kind(&self) -> Kind<'_> {
        let parts: Vec<&str> = self.path.split('/').collect();
        let stem = parts.last().and_then(|name| name.strip_suffix(".toml"));
        match (parts.as_slice(), stem) {
            (["taxonomy.toml"], _) => Kind::Taxonomy,
            (["rates.toml"], _) => Kind::Rates,
            (["rules.lock"], _) => Kind::Lock,
            (["lists", _], Some(name)) => Kind::List { name },
            (["packs", pack, "pack.toml"], _) => Kind::Manifest { pack },
            (["packs", pack, _, ..], Some(id)) => Kind::Rule { id, pack },
            _ => Kind::Stray,
        }
    }

    /// A file whose bytes are at hand.
    pub fn new(path: impl Into<String>, text: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), text: Ok(text.into()) }
    }
}

/// Why the folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system refused.
    #[error("cannot read the rules folder {}: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A loop of links, or something that is no rules folder.
    #[error("{} lies more than {MAX_DEPTH} folders deep; is this a rules folder?", path.display())]
    TooDeep {
        /// Where.
        path: PathBuf,
    },
    /// Something that is no rules folder.
    #[error("more than {MAX_FILES} files below {}; is this a rules folder?", path.display())]
    TooManyFiles {
        /// Where.
        path: PathBuf,
    },
}

/// All `.toml` files below `folder`, and its rules.lock, ordered by path. Files and folders whose name begins with a point are passed
/// over, and so is everything else that is not TOML.
pub fn read_folder(folder: &Path) -> Result<Vec<RuleFile>, ReadError> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new(), 0)];
    while let Some((path, prefix, depth)) = folders.pop() {
        if depth > MAX_DEPTH {
            return Err(ReadError::TooDeep { path });
        }
        let refused = |source| ReadError::Io { path: path.clone(), source };
        for entry in fs::read_dir(&path).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let below = format!("{prefix}{name}");
            // Links are followed, so that a pack may lie elsewhere.
            let is_folder = fs::metadata(entry.path()).is_ok_and(|metadata| metadata.is_dir());
            if is_folder {
                folders.push((entry.path(), format!("{below}/"), depth + 1));
            } else if below == LOCK_FILE
                || Path::new(&name).extension().is_some_and(|extension| extension == "toml")
            {
                files.push(RuleFile { path: below, text: read_file(&entry.path()) });
            }
            if files.len() > MAX_FILES {
                return Err(ReadError::TooManyFiles { path: folder.to_owned() });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The file, or one byte more than is allowed: the reader of its text refuses it then.
fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let most = u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut text = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut text));
    read.map(|_| text).map_err(|error| error.to_string())
}
