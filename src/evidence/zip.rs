//! ZIP files as WACZ wants them: entries stored as they are, one after the other, and nothing else.
//!
//! The reader accepts only what the writer writes, so that every byte of a package belongs to an entry that is checked: no
//! compression (no bombs), no gaps, comments or doubled names (nothing hides), no path that leads anywhere.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use flate2::Crc;
use sha2::{Digest, Sha256};

use super::digest;

/// Bytes of a whole package: what 32-bit offsets reach.
pub(super) const MAX_BYTES: u64 = u32::MAX as u64;
/// Entries, at most: a handful of files and ten years of daily stamps.
const MAX_ENTRIES: u16 = 4_000;
const MAX_NAME: usize = 200;
const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const LOCAL_SIZE: u64 = 30;
const END_SIZE: u64 = 22;
/// 1980-01-01: entries bear no time of their own; the manifest says when the package was made.
const DOS_DATE: u16 = 0x0021;
/// An ordinary file that everybody may read, as Unix says it.
const MODE: u32 = 0o100_644 << 16;
const BUFFER: usize = 256 << 10;

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// SHA-256, hexadecimal.
    pub(super) sha256: String,
    crc: u32,
    /// Where its local header begins.
    header: u64,
}

/// What a pass over the bytes of an entry gave.
struct Passed {
    bytes: u64,
    crc: u32,
    sha256: String,
}

fn pass(mut from: impl Read, mut to: impl Write) -> io::Result<Passed> {
    let (mut crc, mut hash, mut bytes) = (Crc::new(), Sha256::new(), 0);
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = from.read(&mut buffer)?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            return Ok(Passed { bytes, crc: crc.sum(), sha256: digest::hex(&hash.finalize()) });
        }
        crc.update(piece);
        hash.update(piece);
        to.write_all(piece)?;
        bytes += count as u64;
    }
}

/// Writes a package.
pub(super) struct ZipWriter {
    file: BufWriter<File>,
    entries: Vec<Entry>,
    at: u64,
}

impl ZipWriter {
    pub(super) fn new(file: File) -> Self {
        Self { file: BufWriter::with_capacity(BUFFER, file), entries: Vec::new(), at: 0 }
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &str, content: impl Read) -> io::Result<Entry> {
        let mut entry =
            Entry { name: name.to_owned(), bytes: 0, sha256: String::new(), crc: 0, header: self.at };
        self.file.write_all(&local_header(&entry)?)?;
        let left = MAX_BYTES.saturating_sub(self.at);
        let Passed { bytes, crc, sha256 } = pass(content.take(left), &mut self.file)?;
        entry = Entry { bytes, sha256, crc, ..entry };
        self.file.seek(SeekFrom::Start(entry.header))?;
        self.file.write_all(&local_header(&entry)?)?;
        self.at += LOCAL_SIZE + name.len() as u64 + bytes;
        self.file.seek(SeekFrom::Start(self.at))?;
        self.entries.push(entry.clone());
        Ok(entry)
    }

    /// Writes the directory and syncs.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let mut directory = Vec::new();
        for entry in &self.entries {
            directory.extend(central_header(entry)?);
        }
        self.file.write_all(&directory)?;
        let count = u16::try_from(self.entries.len()).map_err(|_| too_large())?;
        let mut end = Vec::new();
        put(&mut end, &[END]);
        put16(&mut end, &[0, 0, count, count]);
        put(&mut end, &[narrow(directory.len() as u64)?, narrow(self.at)?]);
        put16(&mut end, &[0]);
        self.file.write_all(&end)?;
        self.file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
    }
}

fn local_header(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    put(&mut header, &[LOCAL]);
    put16(&mut header, &[20, 0, 0, 0, DOS_DATE]);
    put(&mut header, &[entry.crc, narrow(entry.bytes)?, narrow(entry.bytes)?]);
    put16(&mut header, &[u16::try_from(entry.name.len()).map_err(|_| too_large())?, 0]);
    header.extend_from_slice(entry.name.as_bytes());
    Ok(header)
}

fn central_header(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut header = Vec::new();
    put(&mut header, &[CENTRAL]);
    // Made on Unix (3) by version 2.0 of the format (20).
    put16(&mut header, &[0x0314, 20, 0, 0, 0, DOS_DATE]);
    put(&mut header, &[entry.crc, narrow(entry.bytes)?, narrow(entry.bytes)?]);
    put16(&mut header, &[u16::try_from(entry.name.len()).map_err(|_| too_large())?, 0, 0, 0, 0]);
    put(&mut header, &[MODE, narrow(entry.header)?]);
    header.extend_from_slice(entry.name.as_bytes());
    Ok(header)
}

fn narrow(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        "a package holds 4 GiB at most; export fewer findings at once",
    )
}

fn put(to: &mut Vec<u8>, numbers: &[u32]) {
    for number in numbers {
        to.extend_from_slice(&number.to_le_bytes());
    }
}

fn put16(to: &mut Vec<u8>, numbers: &[u16]) {
    for number in numbers {
        to.extend_from_slice(&number.to_le_bytes());
    }
}

/// Why a file is no package of ours.
#[derive(Debug, thiserror::Error)]
pub(super) enum ZipFault {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error(
        "it does not end as a ZIP file of this program ends: it was cut, appended to, or made by another program"
    )]
    NoEnd,
    #[error("its directory is damaged at entry {0}")]
    Directory(usize),
    #[error("the entry {0:?} has a name that no package of this program has")]
    Name(String),
    #[error("the entry {0:?} stands there twice")]
    Twice(String),
    #[error(
        "the entry {0:?} is compressed, encrypted or has extra fields: another program has packed this anew"
    )]
    NotStored(String),
    #[error("the entry {0:?} does not lie where the one before it ends: something may hide between them")]
    Gap(String),
    #[error("the entry {0:?} does not have the checksum that the directory states")]
    Checksum(String),
}

/// A package whose structure has been checked and whose entries have been hashed.
pub(super) struct ZipReader {
    file: File,
    pub(super) entries: Vec<Entry>,
}

impl ZipReader {
    pub(super) fn open(mut file: File) -> Result<Self, ZipFault> {
        let length = file.metadata()?.len();
        let end = length.checked_sub(END_SIZE).filter(|_| length <= MAX_BYTES).ok_or(ZipFault::NoEnd)?;
        file.seek(SeekFrom::Start(end))?;
        let mut input = BufReader::new(&mut file);
        let signature = get(&mut input)?;
        let [disk, first_disk, count, total] = get16s(&mut input)?;
        let (size, start) = (u64::from(get(&mut input)?), u64::from(get(&mut input)?));
        let [comment] = get16s(&mut input)?;
        let plain = signature == END && disk == 0 && first_disk == 0 && comment == 0;
        if !plain || count != total || count > MAX_ENTRIES || start + size != end {
            return Err(ZipFault::NoEnd);
        }
        drop(input);
        file.seek(SeekFrom::Start(start))?;
        let mut entries = Vec::new();
        let mut names = BTreeSet::new();
        let mut input = BufReader::new(&mut file).take(size);
        for number in 0..usize::from(count) {
            let damaged = |error: io::Error| match error.kind() {
                io::ErrorKind::UnexpectedEof => ZipFault::Directory(number),
                _ => ZipFault::Io(error),
            };
            let entry = directory_entry(&mut input).map_err(damaged)?;
            let entry = entry.ok_or(ZipFault::Directory(number))?;
            if !names.insert(entry.name.clone()) {
                return Err(ZipFault::Twice(entry.name));
            }
            entries.push(entry);
        }
        if input.limit() > 0 {
            return Err(ZipFault::Directory(entries.len()));
        }
        let mut zip = Self { file, entries: Vec::new() };
        let mut at = 0;
        for entry in entries {
            let entry = zip.check(entry, at)?;
            at += LOCAL_SIZE + entry.name.len() as u64 + entry.bytes;
            zip.entries.push(entry);
        }
        if at != start {
            return Err(ZipFault::Gap("the directory".to_owned()));
        }
        Ok(zip)
    }

    /// Checks that an entry lies where it must, looks as the directory says, and is whole.
    fn check(&mut self, entry: Entry, at: u64) -> Result<Entry, ZipFault> {
        let sound = |name: &str| {
            let letters = name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/'));
            letters && name.len() <= MAX_NAME && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
        };
        if !sound(&entry.name) {
            return Err(ZipFault::Name(entry.name));
        }
        if entry.header != at {
            return Err(ZipFault::Gap(entry.name));
        }
        self.file.seek(SeekFrom::Start(at))?;
        let expected = local_header(&entry)?;
        let mut header = vec![0; expected.len()];
        self.file.read_exact(&mut header)?;
        if header != expected {
            return Err(ZipFault::NotStored(entry.name));
        }
        let Passed { bytes, crc, sha256 } = pass((&mut self.file).take(entry.bytes), io::sink())?;
        if (bytes, crc) != (entry.bytes, entry.crc) {
            return Err(ZipFault::Checksum(entry.name));
        }
        Ok(Entry { sha256, ..entry })
    }

    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// The bytes of an entry.
    pub(super) fn content(&self, entry: &Entry) -> io::Result<impl Read + use<>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(entry.header + LOCAL_SIZE + entry.name.len() as u64))?;
        Ok(file.take(entry.bytes))
    }
}

/// The next entry of the directory; `None` when it is none that the writer writes.
fn directory_entry(input: &mut impl Read) -> io::Result<Option<Entry>> {
    let signature = get(input)?;
    let [_, _, _, _, _, _] = get16s(input)?;
    let (crc, packed, bytes) = (get(input)?, get(input)?, get(input)?);
    let [length, extra, comment, _, _] = get16s(input)?;
    let (_, header) = (get(input)?, get(input)?);
    let mut name = vec![0; usize::from(length)];
    input.read_exact(&mut name)?;
    let Ok(name) = String::from_utf8(name) else { return Ok(None) };
    let sound = signature == CENTRAL && extra == 0 && comment == 0 && packed == bytes;
    let (bytes, header, sha256) = (u64::from(bytes), u64::from(header), String::new());
    Ok(sound.then_some(Entry { name, bytes, sha256, crc, header }))
}

fn get(input: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    input.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn get16s<const N: usize>(input: &mut impl Read) -> io::Result<[u16; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let mut bytes = [0; 2];
        input.read_exact(&mut bytes)?;
        *number = u16::from_le_bytes(bytes);
    }
    Ok(numbers)
}
