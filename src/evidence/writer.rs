//! Writing evidence: callers compress, one thread appends what has arrived, syncs once, and answers all.

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::files::{self, End, Repair, Tail};
use super::record::{Collector, Provenance};
use super::{EvidenceError, digest, record, revisit};
use crate::clock::{Clock, Timestamp};
use crate::finding::WarcPlace;
use crate::page::Exchange;

/// Room for the largest group that may wait, and to end a file in order.
pub(super) const MIN_FREE: u64 = 64 << 20;
/// Files are rolled here: large enough to be few, small enough to be copied and checked one by one.
const ROLL_AT: u64 = 1 << 30;
/// Chains of exchanges that may wait; each holds its page compressed.
const MAX_WAITING: usize = 256;
const MAX_GROUP: usize = 200;
/// A group is closed at this age, whatever still arrives, and when nothing more arrives for a moment.
const MAX_AGE: Duration = Duration::from_millis(20);
const LULL: Duration = Duration::from_millis(1);

/// Writes evidence from many tasks. Clone it freely; when the last clone is gone, the files are closed.
#[derive(Clone)]
pub struct EvidenceWriter {
    data: Arc<Path>,
    lasting: Arc<Stream>,
    /// What nothing was flagged on; pruned by whole files.
    passing: Arc<Stream>,
    repairs: Arc<[Repair]>,
}

/// One folder's files, written by a thread of their own.
struct Stream {
    folder: PathBuf,
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// Resolves to the place of the last response once everything is on disk.
#[derive(Debug)]
#[must_use = "the records are on disk only once this has been answered"]
pub struct Kept(oneshot::Receiver<Answer>);

type Answer = Result<WarcPlace, EvidenceError>;

/// A chain of exchanges to be kept: redirects, then the page.
#[derive(Debug, Clone, Copy)]
pub struct Chain<'a> {
    /// In the order in which they happened.
    pub exchanges: &'a [Exchange],
    /// Why the page was asked for.
    pub provenance: Option<&'a Provenance>,
    /// The proof that the page may repeat: a place that [`EvidenceWriter::append`] gave for the same address earlier.
    /// Where the answer is 304, or its payload is the same, a `revisit` record refers to it.
    pub earlier: Option<&'a WarcPlace>,
}

impl<'a, T: AsRef<[Exchange]> + ?Sized> From<&'a T> for Chain<'a> {
    fn from(exchanges: &'a T) -> Self {
        Self { exchanges: exchanges.as_ref(), provenance: None, earlier: None }
    }
}

struct Job {
    /// The members of a chain; the last is the one that is pointed at.
    members: Vec<Vec<u8>>,
    answer: oneshot::Sender<Answer>,
}

impl EvidenceWriter {
    /// Opens the `evidence` folder inside a data folder for writing, creates it when it is missing, and cuts off an end
    /// that an interrupted write has torn.
    pub fn open(data: &Path, clock: Arc<dyn Clock>) -> Result<Self, EvidenceError> {
        Self::open_for(data, clock, &Collector::default())
    }

    /// The same; every new file says who collects.
    pub fn open_for(
        data: &Path,
        clock: Arc<dyn Clock>,
        collector: &Collector,
    ) -> Result<Self, EvidenceError> {
        let (lasting, mut repairs) =
            Stream::open(files::folder(data), Arc::clone(&clock), collector.clone(), false)?;
        let (passing, others) = Stream::open(files::passing_folder(data), clock, collector.clone(), true)?;
        repairs.extend(others);
        Ok(Self {
            data: data.into(),
            lasting: Arc::new(lasting),
            passing: Arc::new(passing),
            repairs: repairs.into(),
        })
    }

    /// What was found when the folder was opened.
    pub fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Keeps a chain of exchanges (redirects, then the page) as request and response records. Compression happens here,
    /// in the caller's thread (some 20 ms a megabyte); the receipt is answered when all is on disk.
    ///
    /// An answer 304 proves nothing without the page that it stands for: when its [`earlier`](Chain::earlier) proof
    /// cannot be read, the receipt says so ([`EvidenceError::NoOriginal`]), and the page must be asked for again, whole.
    pub fn append<'a>(&self, chain: impl Into<Chain<'a>>) -> Kept {
        self.keep(&self.lasting, chain.into())
    }

    /// Keeps exchanges that led to no finding, until [`prune`](Self::prune) drops them. What lies here is never referred
    /// to, because only places of lasting evidence are read as [`earlier`](Chain::earlier).
    pub fn append_passing<'a>(&self, chain: impl Into<Chain<'a>>) -> Kept {
        self.keep(&self.passing, chain.into())
    }

    fn keep(&self, stream: &Stream, chain: Chain<'_>) -> Kept {
        let original = match chain.earlier.map(|place| revisit::original_at(&self.data, place)) {
            Some(Ok(original)) => Some(original),
            Some(Err(error)) if chain.exchanges.last().is_some_and(|page| page.status == 304) => {
                return Kept::answered(Err(EvidenceError::NoOriginal(error.to_string())));
            }
            // The page is here, so nothing is lost by keeping it again.
            Some(Err(_)) | None => None,
        };
        stream.append(record::chain(chain.exchanges, chain.provenance, original.as_ref()))
    }

    /// Drops exchanges without a finding that were written before a time, by whole files of a day.
    pub fn prune(&self, before: Timestamp) -> Result<Pruned, EvidenceError> {
        let mut pruned = Pruned::default();
        let mut list = files::list(&self.passing.folder)?;
        // The last file may be open.
        list.pop();
        for path in list.into_iter().filter(|path| files::day_ended_before(path, before)) {
            let bytes = path.metadata().map_or(0, |metadata| metadata.len());
            std::fs::remove_file(&path).map_err(|error| files::unusable("delete", &path, error))?;
            pruned.files += 1;
            pruned.bytes += bytes;
        }
        Ok(pruned)
    }
}

/// What [`EvidenceWriter::prune`] dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Files.
    pub files: u64,
    /// Bytes in them.
    pub bytes: u64,
}

impl Stream {
    fn open(
        folder: PathBuf,
        clock: Arc<dyn Clock>,
        collector: Collector,
        daily: bool,
    ) -> Result<(Self, Vec<Repair>), EvidenceError> {
        std::fs::create_dir_all(&folder).map_err(|error| files::unusable("create", &folder, error))?;
        let tail = Tail::open(&folder)?;
        let (mut appender, repairs) = Appender::open(folder.clone(), tail, clock)?;
        appender.daily = daily;
        appender.collector = collector;
        let (jobs, received) = sync_channel(MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("caveat-evidence".to_owned())
            .spawn(move || appender.run(&received))
            .map_err(|error| files::unusable("start the writer for", &folder, error))?;
        Ok((Self { folder, jobs: Some(jobs), thread: Some(thread) }, repairs))
    }

    fn append(&self, members: Vec<Vec<u8>>) -> Kept {
        let (answer, kept) = oneshot::channel();
        let job = Job { members, answer };
        let refused = match &self.jobs {
            _ if job.members.is_empty() => Some((job, EvidenceError::Empty)),
            Some(jobs) => match jobs.try_send(job) {
                Ok(()) => None,
                Err(TrySendError::Full(job)) => Some((job, EvidenceError::Overloaded(MAX_WAITING))),
                Err(TrySendError::Disconnected(job)) => Some((job, gone())),
            },
            None => Some((job, gone())),
        };
        if let Some((job, error)) = refused {
            drop(job.answer.send(Err(error)));
        }
        Kept(kept)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Kept {
    fn answered(answer: Answer) -> Self {
        let (sender, kept) = oneshot::channel();
        drop(sender.send(answer));
        Self(kept)
    }

    /// Blocks until the records are on disk.
    ///
    /// # Panics
    /// Inside an async task, where the thread must not block: await it there.
    pub fn wait(self) -> Result<WarcPlace, EvidenceError> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(gone()))
    }
}

impl Future for Kept {
    type Output = Result<WarcPlace, EvidenceError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|answer| answer.unwrap_or_else(|_| Err(gone())))
    }
}

fn gone() -> EvidenceError {
    EvidenceError::Stopped("its thread is gone".to_owned())
}

/// The thread's own things.
struct Appender {
    folder: PathBuf,
    tail: Tail,
    clock: Arc<dyn Clock>,
    /// The file that is appended to; `None` until the first record.
    open: Option<OpenWarc>,
    next_serial: u64,
    roll_at: u64,
    /// Whether each day begins a new file.
    daily: bool,
    collector: Collector,
}

struct OpenWarc {
    file: File,
    path: PathBuf,
    name: String,
    length: u64,
}

impl Appender {
    fn open(
        folder: PathBuf,
        mut tail: Tail,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Vec<Repair>), EvidenceError> {
        let mut repairs = Vec::new();
        let known = tail.read();
        let last = files::list(&folder)?.pop();
        let next_serial = last.as_deref().and_then(files::serial).unwrap_or(0) + 1;
        let mut open = None;
        if let Some(path) = last {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let from = known.filter(|(known, _)| *known == name).map_or(0, |(_, length)| length);
            match files::end_of(&path, from)? {
                End::Whole(length) => open = OpenWarc::again(path, name, length)?,
                End::Torn(offset) => {
                    repairs.push(files::cut(&path, offset)?);
                    open = OpenWarc::again(path, name, offset)?;
                }
                // Whole evidence may lie behind it, so nothing is cut; new evidence goes into a new file.
                End::Damaged(offset, what) => {
                    let message =
                        format!("damaged: {what}; run `caveat evidence verify` to see what it proves still");
                    repairs.push(Repair { warc: path, offset, message });
                }
            }
        }
        Ok((
            Self {
                folder,
                tail,
                clock,
                open,
                next_serial,
                roll_at: ROLL_AT,
                daily: false,
                collector: Collector::default(),
            },
            repairs,
        ))
    }

    fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            let begun = Instant::now();
            while group.len() < MAX_GROUP {
                match jobs.recv_timeout(MAX_AGE.saturating_sub(begun.elapsed()).min(LULL)) {
                    Ok(job) => group.push(job),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
                }
            }
            self.group(group);
        }
    }

    /// Writes a group, rolling files between jobs, and answers each job once its file is synced.
    fn group(&mut self, group: Vec<Job>) {
        let mut written = Vec::new();
        for job in group {
            let today = files::day(self.clock.now());
            let full =
                |open: &OpenWarc| open.length >= self.roll_at || (self.daily && !open.name.contains(&*today));
            if self.open.as_ref().is_some_and(full) {
                self.answer(std::mem::take(&mut written));
                self.open = None;
            }
            match self.write(&job.members) {
                Ok(place) => written.push((job.answer, place)),
                Err(error) => drop(job.answer.send(Err(error))),
            }
        }
        self.answer(written);
    }

    fn answer(&mut self, written: Vec<(oneshot::Sender<Answer>, WarcPlace)>) {
        if written.is_empty() {
            return;
        }
        let synced = self.sync();
        for (answer, place) in written {
            drop(answer.send(synced.clone().map(|()| place)));
        }
    }

    fn sync(&mut self) -> Result<(), EvidenceError> {
        let Some(open) = &self.open else { return Ok(()) };
        let synced = open.file.sync_data().map_err(|error| files::unusable("sync", &open.path, error));
        match synced {
            Ok(()) => self.tail.write(&open.name, open.length),
            Err(error) => {
                // What the system holds of this file is not known any more; the next record begins a new one.
                self.open = None;
                Err(error)
            }
        }
    }

    /// Appends a job's members; on failure the file is cut back to what it was.
    fn write(&mut self, members: &[Vec<u8>]) -> Result<WarcPlace, EvidenceError> {
        let bytes = members.concat();
        let needed = MIN_FREE + bytes.len() as u64;
        if let Some(free) = files::free(&self.folder)
            && free < needed
        {
            return Err(EvidenceError::DiskFull { path: self.folder.clone(), needed, free });
        }
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.create()?,
        };
        let written = open.file.seek(SeekFrom::Start(open.length)).and_then(|_| open.file.write_all(&bytes));
        if let Err(error) = written {
            let error = files::unusable("write", &open.path, error);
            if open.file.set_len(open.length).is_ok() {
                self.open = Some(open);
            }
            return Err(error);
        }
        open.length += bytes.len() as u64;
        let last = members.last().map(Vec::as_slice).unwrap_or_default();
        let place = WarcPlace {
            warc: open.name.clone(),
            offset: open.length - last.len() as u64,
            sha256: digest::hex(&Sha256::digest(last)),
        };
        self.open = Some(open);
        Ok(place)
    }

    fn create(&mut self) -> Result<OpenWarc, EvidenceError> {
        let now = self.clock.now();
        let name = files::name(now, self.next_serial);
        let path = self.folder.join(&name);
        let info = record::warcinfo(&name, now, &self.collector, &[]);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(|error| files::unusable("create", &path, error))?;
        self.next_serial += 1;
        file.write_all(&info)
            .and_then(|()| file.sync_all())
            .map_err(|error| files::unusable("write", &path, error))?;
        files::sync_folder(&self.folder)?;
        self.tail.write(&name, info.len() as u64)?;
        Ok(OpenWarc { file, path, name, length: info.len() as u64 })
    }
}

impl OpenWarc {
    /// Goes on with a file, unless it is full or was cut back to nothing.
    fn again(path: PathBuf, name: String, length: u64) -> Result<Option<Self>, EvidenceError> {
        if length == 0 || length >= ROLL_AT {
            return Ok(None);
        }
        let file = OpenOptions::new().write(true).open(&path);
        let file = file.map_err(|error| files::unusable("open", &path, error))?;
        Ok(Some(Self { file, path, name, length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;
    use crate::evidence::{Claim, verify};

    fn page(number: usize) -> Exchange {
        Exchange {
            url: format!("http://shop.example/{number}").parse().unwrap(),
            sent_at: Timestamp(0),
            took: Duration::ZERO,
            remote: None,
            request_headers: Vec::new(),
            status: 200,
            response_headers: Vec::new(),
            body: vec![b'x'; 100],
            truncated: false,
        }
    }

    #[test]
    fn a_full_file_is_followed_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let folder = files::folder(dir.path());
        std::fs::create_dir(&folder).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::new(Timestamp(1_764_000_000_000)));
        let tail = Tail::open(&folder).unwrap();
        let (mut appender, _) = Appender::open(folder.clone(), tail, Arc::clone(&clock)).unwrap();
        appender.roll_at = 2_000;
        let (mut group, mut receipts) = (Vec::new(), Vec::new());
        for number in 0..12 {
            let (answer, kept) = oneshot::channel();
            group.push(Job { members: record::chain(&[page(number)], None, None), answer });
            receipts.push(Kept(kept));
        }
        appender.group(group);
        drop(appender);
        let places: Vec<WarcPlace> = receipts.into_iter().map(|kept| kept.wait().unwrap()).collect();
        let names: std::collections::BTreeSet<&str> =
            places.iter().map(|place| place.warc.as_str()).collect();
        let serials: Vec<u64> = names.iter().filter_map(|name| files::serial(Path::new(name))).collect();
        assert!(serials.len() > 2, "{names:?}");
        assert!(serials.iter().copied().eq(1..=serials.len() as u64), "{names:?}");
        let claims: Vec<Claim> =
            places.iter().map(|place| Claim { finding: "f".to_owned(), place: place.clone() }).collect();
        let verified = verify(dir.path(), &claims).unwrap();
        assert_eq!((verified.proven, verified.problems), (12, vec![]));
        // The next process goes on with the last file, under its number.
        let writer = EvidenceWriter::open(dir.path(), clock).unwrap();
        let next = writer.append(&[page(12)]).wait().unwrap();
        assert_eq!(Some(next.warc.as_str()), names.last().copied());
    }

    #[test]
    fn what_led_to_no_finding_goes_by_days() {
        const DAY: Duration = Duration::from_hours(24);
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(Timestamp(1_764_000_000_000)));
        let began = clock.now();
        let writer = EvidenceWriter::open(dir.path(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let lasting = writer.append(&[page(0)]).wait().unwrap();
        let mut names = std::collections::BTreeSet::new();
        for day in 0..4 {
            for number in 0..2 {
                names.insert(writer.append_passing(&[page(day * 2 + number)]).wait().unwrap().warc);
            }
            clock.advance(DAY);
        }
        assert_eq!(names.len(), 4, "a file a day");
        assert_eq!(writer.prune(began).unwrap().files, 0);
        assert_eq!(writer.prune(began.after(2 * DAY)).unwrap().files, 2);
        let claims = [Claim { finding: "f".to_owned(), place: lasting }];
        let verified = verify(dir.path(), &claims).unwrap();
        assert_eq!((verified.files, verified.proven, verified.problems), (3, 1, vec![]));
        // However long nothing was written, the file that is open stays.
        assert_eq!(writer.prune(began.after(100 * DAY)).unwrap().files, 1);
        writer.append_passing(&[page(9)]).wait().unwrap();
    }
}
