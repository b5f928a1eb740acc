//! The one thread that writes: it groups what arrives, makes it durable in a fixed order, and answers.
//!
//! Order of one group: free space → journal lines, synced → one sled transaction → sled flush → fdatasync of sled's
//! file (flush alone survives the death of the process, not of the machine) → STATE → counts in memory → answers.

use std::convert::Infallible;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use sled::transaction::{TransactionError, Transactional};

use super::board::Board;
use super::journal::Journal;
use super::rows::{self, MetaRow};
use super::staging::{Planned, Staging};
use super::state::{State, StateFile};
use super::tables::{Table, Tables};
use super::{StoreError, space};
use crate::clock::Clock;

/// Changes that may wait for the writer: every waiting one holds a page's outcome in memory.
pub(super) const MAX_WAITING: usize = 1_000;
/// Changes in one group. More gains nothing: the sync is then a small part of the work.
const MAX_GROUP: usize = 200;
/// Values in one group, so that a few huge sitemaps do not make one huge transaction.
const MAX_VALUES: usize = 20_000;
/// A group is closed at this age, whatever still arrives.
const MAX_AGE: Duration = Duration::from_millis(20);
/// A group is closed when nothing more arrives for this long, so that a lone change hardly waits.
const LULL: Duration = Duration::from_millis(1);

/// Answers one caller, once its change is durable or has failed.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// Stages one change, or hears why nothing is staged any more. `None` when the caller has been answered already.
pub(super) type Command = Box<dyn FnOnce(Result<&mut Staging<'_>, StoreError>) -> Option<Answer> + Send>;

/// Everything that writing needs.
pub(super) struct Writer {
    pub dir: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub db: sled::Db,
    /// Our own descriptor of sled's file, for fdatasync.
    pub db_file: File,
    pub tables: Tables,
    pub board: Arc<Board>,
    pub state: StateFile,
    pub journal: Journal,
    pub meta: MetaRow,
    pub min_free: u64,
    /// Why nothing is written any more.
    pub broken: Option<StoreError>,
}

impl Writer {
    /// Serves until every sender is gone.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        while let Ok(first) = commands.recv() {
            self.group(first, commands);
        }
        drop(self.state.sync());
    }

    fn group(&mut self, first: Command, commands: &Receiver<Command>) {
        if let Some(error) = &self.broken {
            first(Err(StoreError::Stopped(error.to_string())));
            return;
        }
        let tables = self.tables.clone();
        let mut staging = Staging::new(&tables, self.meta.clone());
        let mut answers: Vec<Answer> = first(Ok(&mut staging)).into_iter().collect();
        let begun = Instant::now();
        let mut staged = 1;
        while staged < MAX_GROUP && staging.size() < MAX_VALUES {
            let left = MAX_AGE.saturating_sub(begun.elapsed()).min(LULL);
            match commands.recv_timeout(left) {
                Ok(command) => answers.extend(command(Ok(&mut staging))),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
            staged += 1;
        }
        if answers.is_empty() {
            return;
        }
        let outcome = self.commit(staging);
        for answer in answers {
            answer(outcome.clone());
        }
    }

    fn commit(&mut self, staging: Staging<'_>) -> Result<(), StoreError> {
        let mut planned = staging.finish()?;
        let drafts = std::mem::take(&mut planned.drafts);
        let freed = std::mem::take(&mut planned.freed);
        let journaled = !drafts.is_empty();
        let ready = space::check(&self.dir, self.min_free)
            .and_then(|()| if journaled { self.journal.append(self.clock.now(), drafts) } else { Ok(()) });
        let outcome = ready.and_then(|()| {
            let written = self.write(&mut planned, journaled);
            if let Err(error) = &written {
                self.broken = Some(error.clone());
            }
            written
        });
        match outcome {
            Ok(()) => self.board.follow(&planned.depths, &freed),
            // Nothing of it stands, so the jobs may be taken again.
            Err(_) => self.board.follow(&std::collections::BTreeMap::new(), &freed),
        }
        outcome
    }

    /// A failure in here leaves it unknown what sled holds in memory: nothing more is written after it.
    fn write(&mut self, planned: &mut Planned, sync_state: bool) -> Result<(), StoreError> {
        planned.meta.generation += 1;
        planned.meta.journal = self.journal.head().clone();
        let meta = rows::encode(&planned.meta);
        planned.writes.entry(Table::Meta).or_default().insert(META_KEY.to_vec(), Some(meta.into()));
        let writes = &planned.writes;
        let result: Result<(), TransactionError<Infallible>> = self.tables.all().transaction(|trees| {
            for (table, rows) in writes {
                let Some(tree) = trees.get(*table as usize) else { continue };
                for (key, value) in rows {
                    match value {
                        Some(value) => tree.insert(key.as_slice(), value)?,
                        None => tree.remove(key.as_slice())?,
                    };
                }
            }
            Ok(())
        });
        match result {
            Ok(()) => {}
            Err(TransactionError::Abort(never)) => match never {},
            Err(TransactionError::Storage(error)) => return Err(self.tables.engine(error)),
        }
        self.db.flush().map_err(|error| self.tables.engine(error))?;
        self.db_file.sync_data().map_err(|error| super::unusable("sync", &self.dir, error))?;
        self.meta = planned.meta.clone();
        let MetaRow { generation, totals, journal, .. } = self.meta.clone();
        self.state.write(&State::new(generation, totals, journal))?;
        if sync_state { self.state.sync() } else { Ok(()) }
    }
}

/// Where the one row of [`Table::Meta`] lies.
pub(super) const META_KEY: &[u8] = b"meta";
