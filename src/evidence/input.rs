//! The bytes under a WARC reader: a plain file, or gzip members one after the other, inflated as they come.
//!
//! Knows where each member begins and, when asked, its SHA-256, because that is what findings point at.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use super::WarcFault;

/// Inflated at once.
const CHUNK: usize = 64 << 10;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Bytes of a file, inflated where needed.
pub(super) struct Input<R> {
    state: State<R>,
    buffer: Vec<u8>,
    /// First byte of `buffer` that was not consumed.
    from: usize,
    /// Where the member begins that `buffer` belongs to; in a plain file always 0.
    member: u64,
    /// Inflated bytes of this member consumed before `from`.
    consumed: u64,
    /// Members begun so far.
    pub members: u64,
    digest: Option<String>,
}

enum State<R> {
    /// Nothing was read yet.
    New(Counted<R>),
    Plain(Counted<R>),
    Inside(Box<GzDecoder<Counted<R>>>),
    Between(Counted<R>),
    /// Only while a reader moves from one state to the next, or after an I/O error.
    Gone,
}

impl<R: BufRead> Input<R> {
    /// `hashed`: compute the SHA-256 of every gzip member.
    pub(super) fn new(inner: R, hashed: bool) -> Self {
        let hash = hashed.then(Sha256::new);
        Self {
            state: State::New(Counted { inner, front: &[], offset: 0, hash }),
            buffer: Vec::new(),
            from: 0,
            member: 0,
            consumed: 0,
            members: 0,
            digest: None,
        }
    }

    /// Bytes that lie ready; empty at the end of the file.
    pub(super) fn fill(&mut self) -> Result<&[u8], WarcFault> {
        while self.from >= self.buffer.len() && self.more()? {}
        Ok(self.buffer.get(self.from..).unwrap_or_default())
    }

    /// Like [`fill`](Self::fill), with at least `count` bytes unless the file ends before.
    pub(super) fn fill_to(&mut self, count: usize) -> Result<&[u8], WarcFault> {
        while self.buffer.len().saturating_sub(self.from) < count {
            let kept = self.buffer.split_off(self.from.min(self.buffer.len()));
            self.from = self.buffer.len();
            let ended = self.fill()?.is_empty();
            self.buffer.splice(..self.from, kept);
            self.from = 0;
            if ended {
                break;
            }
        }
        Ok(self.buffer.get(self.from..).unwrap_or_default())
    }

    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.buffer.len().saturating_sub(self.from));
        self.from += count;
        self.consumed += count as u64;
    }

    /// Where a record that begins here can be found again: its member, or in a plain file itself.
    pub(super) fn place(&self) -> u64 {
        match &self.state {
            State::Plain(_) => self.consumed,
            _ => self.member,
        }
    }

    /// True when nothing of this gzip member was consumed.
    pub(super) fn at_member_start(&self) -> bool {
        !matches!(self.state, State::Plain(_)) && self.consumed == 0
    }

    /// The SHA-256 of the gzip member, when everything in it has been consumed.
    pub(super) fn member_end(&mut self) -> Result<Option<String>, WarcFault> {
        Ok(if self.member_is_over()? { self.digest.clone() } else { None })
    }

    /// Bytes of the file that were read up to the end of a gzip member; `None` inside one.
    pub(super) fn raw_offset(&self) -> Option<u64> {
        match &self.state {
            State::Between(raw) => Some(raw.offset),
            _ => None,
        }
    }

    /// The bytes are gzip members even if the first ones do not look like it.
    pub(super) fn expect_members(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Gone) {
            State::New(raw) => State::Between(raw),
            other => other,
        };
    }

    /// True when the member has inflated to its end.
    pub(super) fn member_is_over(&mut self) -> Result<bool, WarcFault> {
        while self.from >= self.buffer.len() {
            if matches!(self.state, State::Between(_)) {
                return Ok(true);
            }
            if !matches!(self.state, State::Inside(_)) || !self.more()? {
                break;
            }
        }
        Ok(false)
    }

    /// After a damaged member: goes on at the next bytes that look like a member. False at the end of the file.
    pub(super) fn skip_member(&mut self) -> Result<bool, WarcFault> {
        self.drop_buffer();
        let mut raw = match std::mem::replace(&mut self.state, State::Gone) {
            State::Inside(decoder) => decoder.into_inner(),
            State::Between(raw) => raw,
            other => {
                self.state = other;
                return Ok(false);
            }
        };
        let mut seen = [0; 2];
        loop {
            let bytes = raw.fill_buf().map_err(fault)?;
            let Some(byte) = bytes.first().copied() else {
                self.state = State::Between(raw);
                return Ok(false);
            };
            // 8 is deflate, the only method there is.
            if seen == GZIP && byte == 8 {
                break;
            }
            seen = [seen[1], byte];
            raw.consume(1);
        }
        raw.unread(&GZIP);
        self.begin(raw);
        Ok(true)
    }

    fn drop_buffer(&mut self) {
        self.consumed += self.buffer.len().saturating_sub(self.from) as u64;
        self.from = self.buffer.len();
    }

    fn begin(&mut self, mut raw: Counted<R>) {
        self.member = raw.offset;
        self.consumed = 0;
        self.members += 1;
        self.digest = None;
        raw.hash = raw.hash.is_some().then(Sha256::new);
        self.state = State::Inside(Box::new(GzDecoder::new(raw)));
    }

    /// Moves on by one step; false at the end of the file.
    fn more(&mut self) -> Result<bool, WarcFault> {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::New(mut raw) => {
                let gzip = raw.fill_buf().map_err(fault)?.starts_with(&GZIP);
                self.state = if gzip { State::Between(raw) } else { State::Plain(raw) };
                Ok(true)
            }
            State::Plain(mut raw) => {
                let bytes = raw.fill_buf().map_err(fault)?;
                self.buffer.clear();
                self.buffer.extend_from_slice(bytes.get(..CHUNK).unwrap_or(bytes));
                self.from = 0;
                raw.consume(self.buffer.len());
                self.state = State::Plain(raw);
                Ok(!self.buffer.is_empty())
            }
            State::Between(mut raw) => {
                // Some writers pad their last block with zero bytes.
                let mut bytes = raw.fill_buf().map_err(fault)?;
                while bytes.first() == Some(&0) {
                    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                    raw.consume(zeros);
                    bytes = raw.fill_buf().map_err(fault)?;
                }
                let first = bytes.first().copied();
                match first {
                    None => {
                        self.state = State::Between(raw);
                        Ok(false)
                    }
                    Some(0x1f) => {
                        self.begin(raw);
                        Ok(true)
                    }
                    Some(_) => {
                        self.member = raw.offset;
                        self.state = State::Between(raw);
                        Err(WarcFault::Gzip("bytes that are no gzip member follow".to_owned()))
                    }
                }
            }
            State::Inside(mut decoder) => {
                self.buffer.resize(CHUNK, 0);
                let read = decoder.read(&mut self.buffer);
                self.buffer.truncate(*read.as_ref().unwrap_or(&0));
                self.from = 0;
                match read {
                    Ok(0) => {
                        let raw = decoder.into_inner();
                        self.digest =
                            raw.hash.as_ref().map(|hash| super::digest::hex(&hash.clone().finalize()));
                        self.state = State::Between(raw);
                        Ok(true)
                    }
                    Ok(_) => {
                        self.state = State::Inside(decoder);
                        Ok(true)
                    }
                    Err(error) => {
                        self.state = State::Inside(decoder);
                        Err(match error.kind() {
                            io::ErrorKind::UnexpectedEof => {
                                WarcFault::Gzip("the file ends inside it".to_owned())
                            }
                            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                                WarcFault::Gzip(error.to_string())
                            }
                            _ => fault(error),
                        })
                    }
                }
            }
            State::Gone => Ok(false),
        }
    }
}

fn fault(error: io::Error) -> WarcFault {
    WarcFault::Io(std::sync::Arc::new(error))
}

/// Counts and hashes the raw bytes that are consumed.
struct Counted<R> {
    inner: R,
    /// Bytes to be read once more, before those of `inner`.
    front: &'static [u8],
    offset: u64,
    hash: Option<Sha256>,
}

impl<R> Counted<R> {
    /// Puts bytes back that were consumed last.
    fn unread(&mut self, bytes: &'static [u8]) {
        self.front = bytes;
        self.offset -= bytes.len() as u64;
    }
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let count = bytes.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..count), bytes.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.front.is_empty() { self.inner.fill_buf() } else { Ok(self.front) }
    }

    fn consume(&mut self, count: usize) {
        self.offset += count as u64;
        let front = count.min(self.front.len());
        let (read, rest) = self.front.split_at(front);
        self.front = rest;
        let count = count - front;
        if let Some(hash) = &mut self.hash {
            hash.update(read);
            // The caller consumes what `fill_buf` gave, so this gives the same bytes again.
            if count > 0
                && let Ok(bytes) = self.inner.fill_buf()
            {
                hash.update(bytes.get(..count).unwrap_or(bytes));
            }
        }
        self.inner.consume(count);
    }
}
