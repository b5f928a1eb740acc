//! The evidence folder: which files it has, where the last one ends, and what to do with a torn end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::input::Input;
use super::{EvidenceError, WarcFault};
use crate::clock::Timestamp;

/// The file that says how far the last WARC file was whole.
const TAIL: &str = "TAIL";
/// Bytes of TAIL: always all of it, so that one write replaces it.
const TAIL_SIZE: usize = 128;
const BUFFER: usize = 256 << 10;
/// A child process that is just being started holds our descriptors, and so a lock that we gave up, for a moment.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Something that was found, and where possible mended, when the folder was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The WARC file.
    pub warc: PathBuf,
    /// Where the damage begins.
    pub offset: u64,
    /// What was found and done, for people.
    pub message: String,
}

/// The folder that holds the WARC files of a data folder.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("evidence")
}

/// The folder of exchanges that led to no finding.
pub(super) fn passing_folder(data: &Path) -> PathBuf {
    folder(data).join("unflagged")
}

/// The day of a time (UTC) as it stands in file names: `-20261124`.
pub(super) fn day(at: Timestamp) -> String {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).take(8).collect();
    format!("-{digits}")
}

/// Whether the day on which a file was begun had ended before a time.
pub(super) fn day_ended_before(path: &Path, time: Timestamp) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let begun = name.strip_prefix("caveat").and_then(|rest| rest.get(..9));
    begun.is_some_and(|begun| *begun < *day(time))
}

/// Our WARC files, oldest first.
pub(super) fn list(folder: &Path) -> Result<Vec<PathBuf>, EvidenceError> {
    let entries = std::fs::read_dir(folder).map_err(|error| unusable("read", folder, error))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unusable("read", folder, error))?.path();
        if let Some(serial) = serial(&path) {
            files.push((serial, path));
        }
    }
    files.sort();
    Ok(files.into_iter().map(|(_, path)| path).collect())
}

/// The number in `caveat-YYYYMMDDHHMMSS-NNNNN.warc.gz`.
pub(super) fn serial(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let (time, serial) = name.strip_prefix("caveat-")?.strip_suffix(".warc.gz")?.split_once('-')?;
    (time.len() == 14).then(|| serial.parse().ok()).flatten()
}

pub(super) fn name(at: Timestamp, serial: u64) -> String {
    let digits: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    format!("caveat-{digits}-{serial:05}.warc.gz")
}

/// The TAIL file, locked for this process as long as it is open.
pub(super) struct Tail {
    file: File,
    path: PathBuf,
}

impl Tail {
    pub(super) fn open(folder: &Path) -> Result<Self, EvidenceError> {
        let path = folder.join(TAIL);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = open.map_err(|error| unusable("open", &path, error))?;
        let mut tries = 0;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { file, path }),
                Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                    tries += 1;
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(EvidenceError::Held { path: folder.to_owned() });
                }
                Err(TryLockError::Error(error)) => return Err(unusable("lock", &path, error)),
            }
        }
    }

    /// File name and length up to which it is whole; `None` when TAIL is new or torn.
    pub(super) fn read(&mut self) -> Option<(String, u64)> {
        let mut text = String::new();
        self.file.seek(SeekFrom::Start(0)).ok()?;
        (&mut self.file).take(TAIL_SIZE as u64).read_to_string(&mut text).ok()?;
        let (name, length) = text.strip_suffix('\n')?.trim_end().split_once(' ')?;
        Some((name.to_owned(), length.parse().ok()?))
    }

    /// Not synced: a TAIL that lags behind only means more to look through.
    pub(super) fn write(&mut self, name: &str, length: u64) -> Result<(), EvidenceError> {
        let text = format!("{:<width$}\n", format!("{name} {length}"), width = TAIL_SIZE - 1);
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(text.as_bytes()))
            .map_err(|error| unusable("write", &self.path, error))
    }
}

/// What the end of a WARC file is like.
pub(super) enum End {
    /// Every member is whole; the file's length.
    Whole(u64),
    /// Nothing whole begins at or after this offset.
    Torn(u64),
    /// Damage in the middle: whole members follow it, or bytes are missing that were there.
    Damaged(u64, String),
}

/// Looks at the members of a file from `from` on.
pub(super) fn end_of(path: &Path, from: u64) -> Result<End, EvidenceError> {
    let unreadable = |error| unusable("read", path, error);
    let mut file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    if length < from {
        return Ok(End::Damaged(length, format!("{} bytes at its end are gone", from - length)));
    }
    file.seek(SeekFrom::Start(from)).map_err(unreadable)?;
    let mut input = Input::new(BufReader::with_capacity(BUFFER, file), false);
    if length > from {
        input.expect_members();
    }
    let mut first_fault: Option<(u64, WarcFault)> = None;
    loop {
        match input.fill().map(<[u8]>::len) {
            Ok(0) => break,
            Ok(count) => input.consume(count),
            Err(WarcFault::Io(error)) => {
                return Err(EvidenceError::Unusable { doing: "read", path: path.to_owned(), cause: error });
            }
            Err(fault) => {
                first_fault.get_or_insert((from + input.place(), fault));
                if !input.skip_member().unwrap_or(false) {
                    break;
                }
                continue;
            }
        }
        // A member that inflates to its end after the damage means that this is no torn end.
        if let (Some((offset, fault)), Ok(true)) = (&first_fault, input.member_is_over()) {
            return Ok(End::Damaged(*offset, fault.to_string()));
        }
    }
    Ok(first_fault.map_or(End::Whole(length), |(offset, _)| End::Torn(offset)))
}

/// Moves everything from `offset` on into a file of its own.
pub(super) fn cut(path: &Path, offset: u64) -> Result<Repair, EvidenceError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let torn = path.with_file_name(format!("{name}.torn-{offset}"));
    let mut from = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| unusable("open", path, error))?;
    let copied = File::create(&torn).and_then(|mut to| {
        from.seek(SeekFrom::Start(offset))?;
        let bytes = std::io::copy(&mut from, &mut to)?;
        to.sync_all()?;
        Ok(bytes)
    });
    let bytes = copied.map_err(|error| unusable("write", &torn, error))?;
    from.set_len(offset).and_then(|()| from.sync_all()).map_err(|error| unusable("cut", path, error))?;
    let message = format!(
        "the last write was interrupted: {bytes} bytes that were never acknowledged were moved to {}",
        torn.display()
    );
    Ok(Repair { warc: path.to_owned(), offset, message })
}

/// Makes a new file name durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), EvidenceError> {
    File::open(folder).and_then(|open| open.sync_all()).map_err(|error| unusable("sync", folder, error))
}

/// An error of the file system, a full disk told apart.
pub(super) fn unusable(doing: &'static str, path: &Path, error: std::io::Error) -> EvidenceError {
    if error.kind() == std::io::ErrorKind::StorageFull {
        let free = free(path.parent().unwrap_or(path)).unwrap_or(0);
        return EvidenceError::DiskFull { path: path.to_owned(), needed: super::writer::MIN_FREE, free };
    }
    EvidenceError::Unusable { doing, path: path.to_owned(), cause: Arc::new(error) }
}

/// Bytes that an ordinary user may still write at `path`.
pub(super) fn free(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}
