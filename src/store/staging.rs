//! What a group of changes will write, before it is written.
//!
//! Only the writer thread changes anything, so changes may read first and plan: what they want is collected here and the
//! transaction merely writes it down, however often sled runs it. A change that is refused leaves nothing behind.

use std::collections::BTreeMap;

use super::rows::{self, DepthRow, MetaRow, Row};
use super::tables::{Table, Tables};
use super::{StoreError, keys, parts};

/// The plan of one group.
pub(super) struct Staging<'a> {
    tables: &'a Tables,
    /// Changes of this group that stand.
    group: Layer,
    /// The change that is being staged.
    change: Layer,
    /// As it was before the change.
    saved: MetaRow,
    /// Counters of the whole store, as they will be.
    pub meta: MetaRow,
}

#[derive(Default)]
struct Layer {
    writes: Writes,
    depths: BTreeMap<(String, String), DepthShift>,
    drafts: Vec<Draft>,
    freed: Vec<Lease>,
}

/// New values by table and key; `None` removes.
pub(super) type Writes = BTreeMap<Table, BTreeMap<Vec<u8>, Option<sled::IVec>>>;

/// How the queues of one gate of one source move.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DepthShift {
    pub ready: i64,
    pub waiting: i64,
}

/// An entry for the journal, not yet chained.
pub(super) struct Draft {
    pub kind: &'static str,
    pub id: String,
    pub payload: serde_json::Value,
}

/// A lease that ends with this group.
pub(super) struct Lease {
    pub source: String,
    pub gate: String,
    pub key: String,
}

/// A group, ready to be written.
pub(super) struct Planned {
    pub writes: Writes,
    pub depths: BTreeMap<(String, String), DepthShift>,
    pub drafts: Vec<Draft>,
    pub freed: Vec<Lease>,
    pub meta: MetaRow,
}

impl<'a> Staging<'a> {
    pub(super) fn new(tables: &'a Tables, meta: MetaRow) -> Self {
        Self { tables, group: Layer::default(), change: Layer::default(), saved: meta.clone(), meta }
    }

    /// The change stands.
    pub(super) fn keep(&mut self) {
        let Layer { writes, depths, drafts, freed } = std::mem::take(&mut self.change);
        for (table, rows) in writes {
            self.group.writes.entry(table).or_default().extend(rows);
        }
        for (gate, shift) in depths {
            let sum = self.group.depths.entry(gate).or_default();
            sum.ready += shift.ready;
            sum.waiting += shift.waiting;
        }
        self.group.drafts.extend(drafts);
        self.group.freed.extend(freed);
        self.saved = self.meta.clone();
    }

    /// The change is refused.
    pub(super) fn undo(&mut self) {
        self.change = Layer::default();
        self.meta = self.saved.clone();
    }

    /// How many values the group writes so far.
    pub(super) fn size(&self) -> usize {
        self.group.writes.values().map(BTreeMap::len).sum()
    }

    /// The whole group, with the depth rows that follow from it.
    pub(super) fn finish(mut self) -> Result<Planned, StoreError> {
        let depths = std::mem::take(&mut self.group.depths);
        for ((source, gate), shift) in &depths {
            let key = keys::of_gate(source, gate);
            let mut row: DepthRow = self.read(Table::Depths, &key)?.unwrap_or_default();
            row.ready = row.ready.saturating_add_signed(shift.ready);
            row.waiting = row.waiting.saturating_add_signed(shift.waiting);
            if row == DepthRow::default() {
                self.delete(Table::Depths, key);
            } else {
                self.write(Table::Depths, key, &row);
            }
        }
        self.keep();
        let Layer { writes, drafts, freed, .. } = self.group;
        Ok(Planned { writes, depths, drafts, freed, meta: self.meta })
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Result<Option<sled::IVec>, StoreError> {
        for layer in [&self.change, &self.group] {
            if let Some(value) = layer.writes.get(&table).and_then(|rows| rows.get(key)) {
                return Ok(value.clone());
            }
        }
        self.tables.get(table, key)
    }

    pub(super) fn put(&mut self, table: Table, key: Vec<u8>, value: impl Into<sled::IVec>) {
        self.change.writes.entry(table).or_default().insert(key, Some(value.into()));
    }

    pub(super) fn delete(&mut self, table: Table, key: Vec<u8>) {
        self.change.writes.entry(table).or_default().insert(key, None);
    }

    pub(super) fn read<R: Row>(&self, table: Table, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.get(table, key)?.map(|bytes| self.tables.decode(table, key, &bytes)).transpose()
    }

    pub(super) fn write<R: Row>(&mut self, table: Table, key: Vec<u8>, row: &R) {
        self.put(table, key, rows::encode(row));
    }

    pub(super) fn read_parts<R: Row>(&self, table: Table, base: &[u8]) -> Result<Option<R>, StoreError> {
        let Some(first) = self.get(table, &keys::part(base, 0))? else { return Ok(None) };
        let mut all = vec![first];
        for number in 1..parts::count(all.first().map(AsRef::as_ref).unwrap_or_default()) {
            all.extend(self.get(table, &keys::part(base, number))?);
        }
        parts::join(&all).map(Some).map_err(|fault| self.tables.bad_row(table, base, fault))
    }

    /// Writes a value in parts; true when it was not there before.
    pub(super) fn write_parts<R: Row>(
        &mut self,
        table: Table,
        base: &[u8],
        row: &R,
    ) -> Result<bool, StoreError> {
        let pieces = parts::split(row).map_err(|size| StoreError::TooLarge {
            what: format!("a value of {} ({})", table.name(), base.escape_ascii()),
            size,
            cap: parts::MAX_VALUE,
        })?;
        let old = self.get(table, &keys::part(base, 0))?.map_or(0, |first| parts::count(&first));
        let mut number = 0;
        for piece in pieces {
            self.put(table, keys::part(base, number), piece);
            number += 1;
        }
        for surplus in number..old {
            self.delete(table, keys::part(base, surplus));
        }
        Ok(old == 0)
    }

    pub(super) fn delete_parts(&mut self, table: Table, base: &[u8]) -> Result<(), StoreError> {
        let old = self.get(table, &keys::part(base, 0))?.map_or(0, |first| parts::count(&first));
        for number in 0..old {
            self.delete(table, keys::part(base, number));
        }
        Ok(())
    }

    pub(super) fn shift_depth(&mut self, source: &str, gate: &str, ready: i64, waiting: i64) {
        let shift = self.change.depths.entry((source.to_owned(), gate.to_owned())).or_default();
        shift.ready += ready;
        shift.waiting += waiting;
    }

    pub(super) fn journal(&mut self, draft: Draft) {
        self.change.drafts.push(draft);
    }

    pub(super) fn free(&mut self, lease: Lease) {
        self.change.freed.push(lease);
    }
}
