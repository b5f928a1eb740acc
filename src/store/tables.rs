//! The sled trees, by name, and reading rows from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::parts;
use super::rows::{self, Row, RowFault};
use super::{StoreError, keys};

/// A table. The order is the order in which a transaction holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Table {
    /// One row: [`rows::MetaRow`].
    Meta,
    /// source, key → [`rows::UrlRow`]. The row is also the mark that a URL has been seen.
    Urls,
    /// source, gate, priority, sequence → key.
    Ready,
    /// source, gate, not before, sequence → key.
    Waiting,
    /// source, gate → [`rows::DepthRow`].
    Depths,
    /// source, run → [`rows::RunRow`].
    Runs,
    /// source, run → [`rows::ReportRow`], in parts.
    Reports,
    /// source → [`rows::OpenRunRow`].
    OpenRuns,
    /// gate → [`rows::GateRow`].
    Gates,
    /// host → [`rows::RobotsRow`], in parts.
    Robots,
    /// id → [`rows::FindingRow`], in parts.
    Findings,
    /// severity, score, id → [`rows::OrderRow`].
    Order,
    /// source, URL → [`rows::ListingRow`], in parts.
    Listings,
    /// seen at, source, URL of passed listings → nothing.
    Ages,
    /// source, time → [`super::PlannedRun`].
    Ticks,
}

impl Table {
    pub(super) const ALL: [Self; 15] = [
        Self::Meta,
        Self::Urls,
        Self::Ready,
        Self::Waiting,
        Self::Depths,
        Self::Runs,
        Self::Reports,
        Self::OpenRuns,
        Self::Gates,
        Self::Robots,
        Self::Findings,
        Self::Order,
        Self::Listings,
        Self::Ages,
        Self::Ticks,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Urls => "urls",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Depths => "depths",
            Self::Runs => "runs",
            Self::Reports => "reports",
            Self::OpenRuns => "open-runs",
            Self::Gates => "gates",
            Self::Robots => "robots",
            Self::Findings => "findings",
            Self::Order => "finding-order",
            Self::Listings => "listings",
            Self::Ages => "listing-ages",
            Self::Ticks => "planned-runs",
        }
    }
}

/// All trees of an open database. Cheap to clone.
#[derive(Clone)]
pub(super) struct Tables {
    trees: Arc<[sled::Tree]>,
    path: Arc<PathBuf>,
}

impl Tables {
    pub(super) fn open(db: &sled::Db, path: &Path) -> Result<Self, StoreError> {
        let trees: Result<Vec<sled::Tree>, sled::Error> =
            Table::ALL.iter().map(|table| db.open_tree(table.name())).collect();
        let path = Arc::new(path.to_owned());
        match trees {
            Ok(trees) => Ok(Self { trees: trees.into(), path }),
            Err(error) => Err(StoreError::Engine { path: path.as_ref().clone(), cause: error.into() }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn all(&self) -> &[sled::Tree] {
        &self.trees
    }

    #[expect(clippy::indexing_slicing, reason = "`open` made one tree for each table, in this order")]
    pub(super) fn tree(&self, table: Table) -> &sled::Tree {
        &self.trees[table as usize]
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        self.tree(table).get(key).map_err(|error| self.engine(error))
    }

    pub(super) fn read<R: Row>(&self, table: Table, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.get(table, key)?.map(|bytes| self.decode(table, key, &bytes)).transpose()
    }

    pub(super) fn decode<R: Row>(&self, table: Table, key: &[u8], bytes: &[u8]) -> Result<R, StoreError> {
        rows::decode(bytes).map_err(|fault| self.bad_row(table, key, fault))
    }

    /// Reads a value that is kept in parts.
    pub(super) fn read_parts<R: Row>(&self, table: Table, base: &[u8]) -> Result<Option<R>, StoreError> {
        let Some(first) = self.get(table, &keys::part(base, 0))? else { return Ok(None) };
        let count = parts::count(&first);
        let mut all = vec![first];
        for number in 1..count {
            let Some(next) = self.get(table, &keys::part(base, number))? else { break };
            all.push(next);
        }
        parts::join(&all).map(Some).map_err(|fault| self.bad_row(table, base, fault))
    }

    /// Keys and values that begin with `prefix`, in order, from `start` on.
    pub(super) fn scan(
        &self,
        table: Table,
        prefix: &[u8],
    ) -> impl DoubleEndedIterator<Item = Result<(sled::IVec, sled::IVec), StoreError>> + use<> {
        let tables = self.clone();
        self.tree(table).scan_prefix(prefix).map(move |row| row.map_err(|error| tables.engine(error)))
    }

    pub(super) fn engine(&self, error: sled::Error) -> StoreError {
        match error {
            sled::Error::Io(error) => super::unusable("read or write", self.path(), error),
            error => StoreError::Engine { path: self.path().to_owned(), cause: error.into() },
        }
    }

    pub(super) fn bad_row(&self, table: Table, key: &[u8], fault: RowFault) -> StoreError {
        match fault {
            RowFault::Version(found) => StoreError::UnknownVersion {
                path: self.path().to_owned(),
                what: format!("a row of {}", table.name()),
                found: found.into(),
                known: 1,
            },
            RowFault::Content(cause) => StoreError::BadRow {
                table: table.name(),
                key: key.escape_ascii().to_string(),
                cause: cause.into(),
            },
        }
    }
}
