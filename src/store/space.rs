//! Free space: checked before anything is written, because a full disk in the middle of a write is the worst time to learn.

use std::path::Path;

use super::StoreError;

/// Room for one full group (20,000 values), its index nodes, sled's next segments and a journal line or two.
pub(super) const MIN_FREE: u64 = 64 << 20;

/// Bytes that an ordinary user may still write at `path`; `None` when the system does not tell.
pub(super) fn free(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

pub(super) fn check(path: &Path, needed: u64) -> Result<(), StoreError> {
    match free(path) {
        Some(free) if free < needed => Err(StoreError::DiskFull { path: path.to_owned(), needed, free }),
        _ => Ok(()),
    }
}
