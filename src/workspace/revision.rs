//! The rules of an earlier state: a folder, or a revision of the git repository that the rules lie in.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use super::{RuleFiles, Workspace, WorkspaceError};
use crate::rules::folder::{LOCK_FILE, RuleFile};

/// Bytes of one rules folder in a revision.
const MAX_ARCHIVE_BYTES: usize = 512 << 20;

/// Why a revision's rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The folder itself is not readable.
    #[error(transparent)]
    Folder(#[from] WorkspaceError),
    /// git is not there.
    #[error("{base:?} is no folder, and git cannot be run to look for a revision of that name: {cause}")]
    NoGit {
        /// As asked for.
        base: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// git refused.
    #[error("{base:?} is neither a rules folder nor a revision that git knows: {said}")]
    Git {
        /// As asked for.
        base: String,
        /// The first line of what git said.
        said: String,
    },
    /// There are no rules.
    #[error("revision {base:?} has no rules in {}", folder.display())]
    NoRules {
        /// As asked for.
        base: String,
        /// Where they were looked for.
        folder: PathBuf,
    },
}

/// The rules of `base`: a folder with a taxonomy.toml, or a revision of the repository that `rules` lies in.
pub fn rules_at(base: &str, rules: &Path) -> Result<RuleFiles, RevisionError> {
    let folder = Path::new(base);
    if folder.join("taxonomy.toml").is_file() {
        return Ok(Workspace::rule_folder(folder)?);
    }
    // What begins with a dash is an option to git, never a revision.
    if base.starts_with('-') || base.contains(':') || base.is_empty() {
        let said = "a revision has no colon and does not begin with a dash".to_owned();
        return Err(RevisionError::Git { base: base.to_owned(), said });
    }
    let git = |arguments: &[&str]| -> Result<Vec<u8>, RevisionError> {
        let output = Command::new("git")
            .arg("-C")
            .arg(rules)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| RevisionError::NoGit { base: base.to_owned(), cause })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        Err(RevisionError::Git { base: base.to_owned(), said })
    };
    let commit = git(&["rev-parse", "--verify", "--quiet", &format!("{base}^{{commit}}")]).map_err(
        |error| match error {
            RevisionError::Git { base, said } if said.is_empty() => {
                RevisionError::Git { base, said: "there is no such commit, branch or tag".to_owned() }
            }
            other => other,
        },
    )?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    // `./` is the folder that git was started in.
    let listed = git(&["ls-tree", "-r", "-z", &commit, "./"])?;
    let mut names = Vec::new();
    for line in listed.split(|byte| *byte == 0).map(String::from_utf8_lossy) {
        let Some((head, path)) = line.split_once('\t') else { continue };
        let is_rules =
            path == LOCK_FILE || Path::new(path).extension().is_some_and(|extension| extension == "toml");
        let hidden = path.split('/').any(|part| part.starts_with('.'));
        if let (Some(blob), true, false) = (head.split(' ').nth(2), is_rules, hidden) {
            names.push((blob.to_owned(), path.to_owned()));
        }
    }
    let mut files = blobs(rules, names)
        .map_err(|cause| RevisionError::Git { base: base.to_owned(), said: cause.to_string() })?;
    if !files.iter().any(|file| file.path == "taxonomy.toml") {
        return Err(RevisionError::NoRules { base: base.to_owned(), folder: rules.to_owned() });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(RuleFiles { files, origin: base.to_owned() })
}

/// Reads many blobs with one process.
fn blobs(repository: &Path, names: Vec<(String, String)>) -> io::Result<Vec<RuleFile>> {
    let mut git = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let asked = names.iter().fold(String::new(), |asked, (blob, _)| asked + blob + "\n");
    let mut stdin = git.stdin.take();
    // Both pipes are bounded, so that one thread writes while the other reads.
    let feeder =
        thread::spawn(move || stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(asked.as_bytes())));
    let mut answers =
        BufReader::new(git.stdout.take().ok_or_else(|| io::Error::other("git gave no output"))?);
    let mut files = Vec::with_capacity(names.len());
    let mut room = MAX_ARCHIVE_BYTES;
    for (_, path) in names {
        let mut head = String::new();
        answers.by_ref().take(200).read_line(&mut head)?;
        let size = head.trim_end().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let size =
            size.ok_or_else(|| io::Error::other(format!("git does not know {path}: {}", head.trim_end())))?;
        room = room.checked_sub(size).ok_or_else(|| {
            io::Error::other(format!(
                "the rules of that revision are larger than {} MB",
                MAX_ARCHIVE_BYTES >> 20
            ))
        })?;
        let mut text = vec![0; size];
        answers.read_exact(&mut text)?;
        // A line break follows each blob.
        answers.read_exact(&mut [0])?;
        files.push(RuleFile::new(path, text));
    }
    drop(answers);
    // Everything that was asked for has come; what the two have to say now changes nothing.
    let _ = feeder.join();
    let _ = git.wait();
    Ok(files)
}
