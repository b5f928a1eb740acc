//! The STATE file: generation, row counts and journal head, outside sled, so that a loss inside sled shows.
//!
//! Two slots of 1,024 bytes are written in turn, each with its own checksum: a write that is torn leaves the other.
//! STATE may lag behind sled by what a crash cut off; it must never be ahead.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::rows::JournalHead;
use super::{StoreError, Totals};

/// The version of the slot's content.
const FORMAT: u64 = 1;
const SLOT: usize = 1024;
/// Hexadecimal digits of the checksum in front of a slot's content.
const CHECK: usize = 16;

/// What STATE says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub format: u64,
    pub generation: u64,
    pub totals: Totals,
    pub journal: JournalHead,
}

impl State {
    pub(super) fn new(generation: u64, totals: Totals, journal: JournalHead) -> Self {
        Self { format: FORMAT, generation, totals, journal }
    }
}

/// The open STATE file.
pub(super) struct StateFile {
    file: File,
    path: PathBuf,
}

impl StateFile {
    pub(super) fn open(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("STATE");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| super::unusable("open", &path, error))?;
        Ok(Self { file, path })
    }

    /// The newest whole slot; `None` in a file that was never written.
    pub(super) fn read(&mut self) -> Result<Option<State>, StoreError> {
        let mut bytes = Vec::new();
        let most = 2 * SLOT as u64;
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&mut self.file).take(most).read_to_end(&mut bytes))
            .map_err(|error| super::unusable("read", &self.path, error))?;
        let mut newest: Option<State> = None;
        for slot in bytes.chunks(SLOT).filter_map(slot_content) {
            let found = serde_json::from_str::<Format>(slot).map_or(0, |format| format.format);
            if found != FORMAT {
                return Err(StoreError::UnknownVersion {
                    path: self.path.clone(),
                    what: "STATE".to_owned(),
                    found,
                    known: FORMAT,
                });
            }
            if let Ok(state) = serde_json::from_str::<State>(slot)
                && newest.as_ref().is_none_or(|newest| state.generation > newest.generation)
            {
                newest = Some(state);
            }
        }
        if newest.is_none() && bytes.iter().any(|byte| *byte != 0) {
            return Err(StoreError::Damaged {
                path: self.path.clone(),
                what: "neither half of STATE is whole".to_owned(),
            });
        }
        Ok(newest)
    }

    /// Writes the slot whose turn it is.
    pub(super) fn write(&mut self, state: &State) -> Result<(), StoreError> {
        let content = serde_json::to_string(state).unwrap_or_default();
        let mut slot = format!("{} {content}", checksum(&content));
        // The content is about 250 bytes: seven numbers of at most 20 digits and one hash.
        slot.extend(std::iter::repeat_n(' ', (SLOT - 1).saturating_sub(slot.len())));
        slot.push('\n');
        let place = (state.generation % 2) * SLOT as u64;
        self.file
            .seek(SeekFrom::Start(place))
            .and_then(|_| self.file.write_all(slot.as_bytes()))
            .map_err(|error| super::unusable("write", &self.path, error))
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|error| super::unusable("sync", &self.path, error))
    }
}

#[derive(Deserialize)]
struct Format {
    format: u64,
}

fn slot_content(slot: &[u8]) -> Option<&str> {
    let (check, content) = std::str::from_utf8(slot).ok()?.trim_end().split_once(' ')?;
    (check.len() == CHECK && check == checksum(content)).then_some(content)
}

fn checksum(content: &str) -> String {
    let digest = super::journal::hex(&Sha256::digest(content.as_bytes()));
    digest.chars().take(CHECK).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(generation: u64) -> State {
        let journal = JournalHead { lines: 3, bytes: u64::MAX, last: 7, hash: "a".repeat(64) };
        State::new(generation, Totals { urls: u64::MAX, queued: u64::MAX, ..Totals::default() }, journal)
    }

    #[test]
    fn the_newest_whole_slot_counts() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = StateFile::open(dir.path()).unwrap();
        assert_eq!(file.read().unwrap(), None);
        for generation in 1..=4 {
            file.write(&state(generation)).unwrap();
            assert_eq!(file.read().unwrap(), Some(state(generation)));
        }
        let path = dir.path().join("STATE");
        let mut bytes = std::fs::read(&path).unwrap();
        assert_eq!(bytes.len(), 2 * SLOT);
        // Generation 4 lies in the first slot; torn, it leaves generation 3.
        bytes[30] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(StateFile::open(dir.path()).unwrap().read().unwrap(), Some(state(3)));
        bytes[SLOT + 30] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = StateFile::open(dir.path()).unwrap().read().unwrap_err();
        assert!(error.to_string().contains("neither half of STATE is whole"), "{error}");
    }

    #[test]
    fn an_unknown_format_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = StateFile::open(dir.path()).unwrap();
        file.write(&State { format: 9, ..state(1) }).unwrap();
        let error = file.read().unwrap_err();
        assert!(matches!(error, StoreError::UnknownVersion { found: 9, known: 1, .. }), "{error}");
    }
}
