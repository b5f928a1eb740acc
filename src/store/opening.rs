//! Opening: lock, look, compare, and refuse rather than start on a damaged store.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::board::Board;
use super::journal::Journal;
use super::rows::{DepthRow, MetaRow};
use super::sellers::SellerKey;
use super::state::{State, StateFile};
use super::tables::{Table, Tables};
use super::writer::{META_KEY, Writer};
use super::{Holder, Inside, StoreError, StoreOptions, space, unusable, watch};
use crate::clock::Clock;

/// A child process that is just being started holds our descriptors, and so a lock that we gave up, for a moment.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
/// sled frees its own lock a moment after its last handle is gone; ours is held already, so waiting is safe.
const SLED_TRIES: u32 = 250;

/// The opened parts. The lock must be dropped last.
pub(super) struct Opened {
    pub writer: Writer,
    pub sellers: SellerKey,
    pub lock: File,
}

pub(super) fn open(dir: &Path, clock: Arc<dyn Clock>, options: StoreOptions) -> Result<Opened, StoreError> {
    std::fs::create_dir_all(dir).map_err(|error| unusable("create", dir, error))?;
    let lock = lock(dir)?;
    space::check(dir, options.min_free_bytes)?;
    let mut state_file = StateFile::open(dir)?;
    let state = state_file.read()?;
    let folder = dir.join("store");
    if state.is_some() && !folder.join("db").exists() {
        let what = "STATE tells of a store, but there is none".to_owned();
        return Err(StoreError::Damaged { path: dir.to_owned(), what });
    }
    let (path, cache) = (folder.clone(), options.cache_bytes);
    let db = watch::watched(&folder, move || open_sled(&path, cache))?;
    let tables = Tables::open(&db, dir)?;
    let meta = tables.read::<MetaRow>(Table::Meta, META_KEY)?;
    agree(dir, state.as_ref(), meta.as_ref())?;
    let meta = meta.unwrap_or_default();
    let known = match &state {
        Some(state) if state.journal.lines > meta.journal.lines => &state.journal,
        _ => &meta.journal,
    };
    let journal = Journal::open(dir, known)?;
    let board = Arc::new(Board::default());
    load_depths(&tables, &board, &meta)?;
    let db_path = folder.join("db");
    let db_file = File::open(&db_path).map_err(|error| unusable("open", &db_path, error))?;
    let sellers = SellerKey::open(dir)?;
    if state.is_none() {
        state_file.write(&State::new(meta.generation, meta.totals, meta.journal.clone()))?;
        state_file.sync()?;
        sync_folder(dir)?;
    }
    let writer = Writer {
        dir: dir.to_owned(),
        clock,
        db,
        db_file,
        tables,
        board,
        state: state_file,
        journal,
        meta,
        min_free: options.min_free_bytes,
        broken: None,
    };
    Ok(Opened { writer, sellers, lock })
}

/// Looks without touching. `STATE` is written when a store is made, `LOCK` a moment before; a disk's own folders
/// (`lost+found`, hidden ones) are nobody's.
pub(super) fn look(dir: &Path) -> Inside {
    if ["STATE", "LOCK"].iter().any(|name| dir.join(name).is_file()) || dir.join("store/db").is_file() {
        return Inside::Store;
    }
    let foreign = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| {
            let name = entry.file_name();
            !name.to_string_lossy().starts_with('.') && name != "lost+found"
        })
    };
    match std::fs::read_dir(dir).map(|mut entries| entries.any(foreign)) {
        Ok(true) => Inside::Other,
        // What cannot be listed is told when it is opened.
        Ok(false) | Err(_) => Inside::Nothing,
    }
}

/// Takes the folder for this process.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("LOCK");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let mut file = open.map_err(|error| unusable("write", &path, error))?;
    let mut tries = 0;
    loop {
        match file.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // A process number has at most 10 digits.
                drop((&mut file).take(16).read_to_string(&mut text));
                return Err(StoreError::Held {
                    path: dir.to_owned(),
                    holder: Holder(text.trim().parse().ok()),
                });
            }
            Err(TryLockError::Error(error)) => return Err(unusable("lock", &path, error)),
        }
    }
    // Only for the message above; a full disk shows elsewhere.
    drop(file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())));
    Ok(file)
}

fn open_sled(folder: &Path, cache: u64) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(folder).cache_capacity(cache).flush_every_ms(None);
    let mut tries = 0;
    loop {
        match config.open() {
            Ok(db) => return Ok(db),
            Err(sled::Error::Io(error)) if tries < SLED_TRIES && is_lock(&error) => {
                tries += 1;
                std::thread::sleep(LOCK_PAUSE);
            }
            Err(sled::Error::Io(error)) => return Err(unusable("open", folder, error)),
            Err(error @ sled::Error::Corruption { .. }) => {
                return Err(StoreError::Damaged { path: folder.to_owned(), what: error.to_string() });
            }
            Err(error) => return Err(StoreError::Engine { path: folder.to_owned(), cause: error.into() }),
        }
    }
}

fn is_lock(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

/// STATE may lag behind sled by the last moment before a crash, but a store that lags behind STATE has lost something.
fn agree(dir: &Path, state: Option<&State>, meta: Option<&MetaRow>) -> Result<(), StoreError> {
    let damaged = |what: String| Err(StoreError::Damaged { path: dir.to_owned(), what });
    match (state, meta) {
        (None, Some(meta)) => {
            damaged(format!("the store is at generation {}, but STATE is missing", meta.generation))
        }
        (Some(state), meta) => {
            let (generation, totals) =
                meta.map_or_else(Default::default, |meta| (meta.generation, meta.totals));
            if generation < state.generation {
                damaged(format!("the store is at generation {generation}, STATE at {}", state.generation))
            } else if generation == state.generation && totals != state.totals {
                damaged(format!(
                    "at generation {generation} the store counts {totals:?}, STATE {:?}",
                    state.totals
                ))
            } else {
                Ok(())
            }
        }
        (None, None) => Ok(()),
    }
}

fn load_depths(tables: &Tables, board: &Board, meta: &MetaRow) -> Result<(), StoreError> {
    let mut queued: u64 = 0;
    for row in tables.scan(Table::Depths, &[]) {
        let (key, value) = row?;
        let depth: DepthRow = tables.decode(Table::Depths, &key, &value)?;
        let mut names = key.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let (source, gate) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        board.set(&source, &gate, depth);
        queued = queued.saturating_add(depth.ready).saturating_add(depth.waiting);
    }
    if queued == meta.totals.queued {
        return Ok(());
    }
    let what = format!("{queued} jobs wait at the gates, but {} are counted", meta.totals.queued);
    Err(StoreError::Damaged { path: tables.path().to_owned(), what })
}

/// Makes new names in a folder durable.
fn sync_folder(dir: &Path) -> Result<(), StoreError> {
    let path: PathBuf = dir.to_owned();
    File::open(&path).and_then(|folder| folder.sync_all()).map_err(|error| unusable("sync", &path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{FixedClock, Timestamp};
    use crate::store::{Job, JobResult, Outcome, Seed, Store};

    const NOW: Timestamp = Timestamp(1_764_000_000_000);

    fn opened(dir: &Path) -> Result<Opened, StoreError> {
        open(dir, Arc::new(FixedClock::new(NOW)), StoreOptions::default())
    }

    fn started(dir: &Path, min_free: u64) -> Store {
        let mut opened = opened(dir).unwrap();
        opened.writer.min_free = min_free;
        Store::start(opened, Arc::new(FixedClock::new(NOW)), dir).unwrap()
    }

    fn job(dir: &Path) -> Job {
        let store = started(dir, 0);
        let seed = Seed { key: "u".to_owned(), url: "u".to_owned(), gate: "g".to_owned(), priority: 0 };
        store.begin_or_resume_run("shop", vec![seed]).wait().unwrap();
        store.take("shop", "g", 1, NOW).unwrap().remove(0)
    }

    #[test]
    fn rows_of_a_later_version_are_refused_with_their_number() {
        let dir = tempfile::tempdir().unwrap();
        job(dir.path());
        for (table, key) in [(Table::Urls, &b"shop\0u"[..]), (Table::Meta, META_KEY)] {
            {
                let opened = opened(dir.path()).unwrap();
                let tree = opened.writer.tables.tree(table);
                let mut row = tree.get(key).unwrap().unwrap().to_vec();
                row[0] = 9;
                tree.insert(key, row).unwrap();
                opened.writer.db.flush().unwrap();
            }
            let error = match opened(dir.path()) {
                Err(error) => error,
                Ok(opened) => {
                    opened.writer.tables.read::<crate::store::rows::UrlRow>(table, key).unwrap_err()
                }
            };
            assert!(matches!(error, StoreError::UnknownVersion { found: 9, known: 1, .. }), "{error}");
            assert!(error.to_string().contains("use the version of caveat that wrote it"), "{error}");
        }
    }

    #[test]
    fn a_disk_that_fills_up_refuses_changes_and_frees_their_jobs() {
        let dir = tempfile::tempdir().unwrap();
        job(dir.path());
        {
            let store = started(dir.path(), u64::MAX);
            let job = store.take("shop", "g", 1, NOW).unwrap().remove(0);
            for _ in 0..2 {
                let error = store.settle(Outcome::of(job.clone(), JobResult::Done)).wait().unwrap_err();
                assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
            }
            assert_eq!(store.take("shop", "g", 1, NOW).unwrap(), [job], "it may be taken again");
        }
        let store = started(dir.path(), 0);
        let job = store.take("shop", "g", 1, NOW).unwrap().remove(0);
        store.settle(Outcome::of(job, JobResult::Done)).wait().unwrap();
    }
}
