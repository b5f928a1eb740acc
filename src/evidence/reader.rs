//! Reads WARC records one after the other, from our own and from foreign files, in bounded memory.
//!
//! Tolerant where readers have to be (records that span gzip members, bare line feeds, spaces around URLs); where
//! something is wrong it says what and where, looks for the next record, and always comes to an end.

use std::io::BufRead;

use sha2::{Digest, Sha256};

use super::input::Input;
use super::{WarcError, WarcFault, digest, http};
use crate::clock::Timestamp;

/// Bytes of one record's header. Real ones have below 2 KB.
const MAX_HEADER: usize = 64 << 10;
/// Inflated bytes of one record that are read at all, so that a bomb in a gzip member ends.
const MAX_RECORD: u64 = 4 << 30;
/// Bytes of a line shown in a message.
const SHOWN: usize = 40;

/// One record of a WARC file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Byte offset of the record, in a compressed file of its gzip member.
    pub offset: u64,
    /// `WARC-Type` in lower case: `response`, `request`, `warcinfo`, …
    pub kind: String,
    /// Header fields in file order.
    pub fields: Vec<(String, String)>,
    /// The block, at most the reader's cap.
    pub block: Vec<u8>,
    /// True when the block was longer than the cap and its rest was skipped.
    pub cut: bool,
    /// SHA-256 of the gzip member, hexadecimal, when the reader checks digests and the member holds exactly this
    /// record.
    pub member_sha256: Option<String>,
    /// Bytes of that gzip member.
    pub member_bytes: Option<u64>,
}

impl Record {
    /// The first value of a header field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// `WARC-Target-URI`, without the angle brackets that some writers add.
    pub fn target(&self) -> Option<&str> {
        self.field("WARC-Target-URI").map(|uri| uri.trim_start_matches('<').trim_end_matches('>'))
    }

    /// `WARC-Date`.
    pub fn date(&self) -> Option<Timestamp> {
        self.field("WARC-Date").and_then(|date| date.parse().ok())
    }
}

/// Reads records from `.warc` or `.warc.gz`; which of them it is, the first bytes tell.
pub struct WarcReader<R> {
    input: Input<R>,
    block_cap: usize,
    check: bool,
    after: After,
}

/// How to go on.
#[derive(Clone, Copy)]
enum After {
    /// A record ended well.
    Record,
    /// Search for the next record in the inflated bytes.
    BadRecord,
    /// Search for the next gzip member.
    BadMember,
    /// Nothing more comes.
    End,
}

impl<R: BufRead> WarcReader<R> {
    /// A reader that keeps at most `block_cap` bytes of a record's block.
    pub fn new(input: R, block_cap: usize) -> Self {
        Self { input: Input::new(input, false), block_cap, check: false, after: After::Record }
    }

    /// A reader that also checks block and payload digests (SHA-256) and computes those of gzip members.
    pub fn checking(input: R, block_cap: usize) -> Self {
        Self { input: Input::new(input, true), block_cap, check: true, after: After::Record }
    }

    /// The file is named as compressed: a first member that does not even look like one is damage, and the next is
    /// searched for.
    #[must_use]
    pub fn of_members(mut self) -> Self {
        self.input.expect_members();
        self
    }

    fn record(&mut self) -> Result<Option<Record>, WarcError> {
        match self.skip_blank_lines() {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(fault) => return Err(self.at_input(fault)),
        }
        let (offset, alone, member) = (self.input.place(), self.input.at_member_start(), self.input.members);
        let at = |fault| WarcError { offset, fault };
        let fields = self.header().map_err(at)?;
        let mut record = Record {
            offset,
            kind: String::new(),
            fields,
            block: Vec::new(),
            cut: false,
            member_sha256: None,
            member_bytes: None,
        };
        record.kind = record.field("WARC-Type").unwrap_or_default().to_ascii_lowercase();
        let length = record.field("Content-Length").and_then(|length| length.trim().parse::<u64>().ok());
        let length = length.ok_or_else(|| at(WarcFault::NoLength))?;
        let block_digest = self.block(&mut record, length).map_err(at)?;
        self.end_of_record().map_err(at)?;
        if self.check {
            // What follows the record is the next record's trouble.
            let end = self.input.member_end().ok().flatten();
            record.member_sha256 = end.filter(|_| alone && self.input.members == member);
            let bytes = self.input.raw_offset().and_then(|end| end.checked_sub(offset));
            record.member_bytes = bytes.filter(|_| record.member_sha256.is_some());
            check(&record, &block_digest).map_err(at)?;
        }
        Ok(Some(record))
    }

    fn at_input(&self, fault: WarcFault) -> WarcError {
        WarcError { offset: self.input.place(), fault }
    }

    /// False at the end of the file.
    fn skip_blank_lines(&mut self) -> Result<bool, WarcFault> {
        loop {
            let bytes = self.input.fill()?;
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if blank == 0 {
                return Ok(!bytes.is_empty());
            }
            self.input.consume(blank);
        }
    }

    fn header(&mut self) -> Result<Vec<(String, String)>, WarcFault> {
        let start = self.input.fill_to(SHOWN)?;
        if !start.starts_with(b"WARC/") {
            let arc = start.starts_with(b"filedesc://");
            return Err(if arc { WarcFault::Arc } else { WarcFault::NotWarc(shown(first_line(start))) });
        }
        let mut left = MAX_HEADER;
        self.line(&mut left)?;
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            let line = self.line(&mut left)?;
            if line.is_empty() {
                return Ok(fields);
            }
            let text = String::from_utf8_lossy(&line);
            if let (true, Some((_, value))) = (text.starts_with([' ', '\t']), fields.last_mut()) {
                value.push(' ');
                value.push_str(text.trim());
                continue;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| WarcFault::BadField(shown(&line)))?;
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }

    /// A line without its end, taken from what the header may still have.
    fn line(&mut self, left: &mut usize) -> Result<Vec<u8>, WarcFault> {
        let mut line = Vec::new();
        loop {
            let bytes = self.input.fill()?;
            if bytes.is_empty() {
                return Err(WarcFault::HeaderCut);
            }
            let end = memchr::memchr(b'\n', bytes);
            let count = end.map_or(bytes.len(), |end| end + 1);
            if count > *left {
                return Err(WarcFault::HeaderTooLong(MAX_HEADER));
            }
            *left -= count;
            line.extend_from_slice(bytes.get(..count).unwrap_or_default());
            self.input.consume(count);
            if end.is_some() {
                line.truncate(line.trim_ascii_end().len());
                return Ok(line);
            }
        }
    }

    /// Reads the block, keeps what the cap allows, and digests all of it when digests are checked.
    fn block(&mut self, record: &mut Record, length: u64) -> Result<Vec<u8>, WarcFault> {
        if length > MAX_RECORD {
            return Err(WarcFault::TooLong { length, most: MAX_RECORD });
        }
        let mut hash = self.check.then(Sha256::new);
        let mut missing = length;
        while missing > 0 {
            let bytes = self.input.fill()?;
            if bytes.is_empty() {
                return Err(WarcFault::Cut { length, missing });
            }
            let count = bytes.len().min(usize::try_from(missing).unwrap_or(usize::MAX));
            let bytes = bytes.get(..count).unwrap_or_default();
            if let Some(hash) = &mut hash {
                hash.update(bytes);
            }
            let room = self.block_cap.saturating_sub(record.block.len());
            record.cut |= bytes.len() > room;
            record.block.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            self.input.consume(count);
            missing -= count as u64;
        }
        Ok(hash.map(|hash| hash.finalize().to_vec()).unwrap_or_default())
    }

    /// Two line ends; the end of the file does as well, and bare line feeds are forgiven.
    fn end_of_record(&mut self) -> Result<(), WarcFault> {
        let mut feeds = 0;
        while feeds < 2 {
            match self.input.fill()?.first() {
                Some(b'\n') => feeds += 1,
                Some(b'\r') => {}
                None => return Ok(()),
                Some(_) => return Err(WarcFault::BadEnd),
            }
            self.input.consume(1);
        }
        Ok(())
    }

    /// Moves to the next line that begins a record; false at the end of the file.
    fn search(&mut self) -> Result<bool, WarcFault> {
        const MARK: &[u8] = b"WARC/1.";
        let mut at_line_start = true;
        loop {
            let mut bytes = self.input.fill()?;
            if bytes.is_empty() {
                return Ok(false);
            }
            if at_line_start && bytes.len() < MARK.len() && MARK.starts_with(bytes) {
                bytes = self.input.fill_to(MARK.len())?;
            }
            if at_line_start && bytes.starts_with(MARK) {
                return Ok(true);
            }
            let feed = memchr::memchr(b'\n', bytes);
            let count = feed.map_or(bytes.len(), |feed| feed + 1);
            at_line_start = feed.is_some();
            self.input.consume(count);
        }
    }

    fn go_on(&mut self) -> Result<bool, WarcFault> {
        match self.after {
            After::Record => Ok(true),
            After::BadRecord => self.search(),
            After::BadMember => Ok(self.input.skip_member()? && self.search()?),
            After::End => Ok(false),
        }
    }
}

impl<R: BufRead> Iterator for WarcReader<R> {
    type Item = Result<Record, WarcError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.go_on() {
                Ok(true) => break,
                Ok(false) => {
                    self.after = After::End;
                    return None;
                }
                Err(WarcFault::Io(error)) => {
                    self.after = After::End;
                    return Some(Err(self.at_input(WarcFault::Io(error))));
                }
                // Between damaged members there may be more of them; the damage has been told.
                Err(_) => self.after = After::BadMember,
            }
        }
        match self.record() {
            Ok(Some(record)) => {
                self.after = After::Record;
                Some(Ok(record))
            }
            Ok(None) => {
                self.after = After::End;
                None
            }
            Err(error) => {
                self.after = match error.fault {
                    WarcFault::Io(_) | WarcFault::Arc => After::End,
                    WarcFault::Gzip(_) => After::BadMember,
                    WarcFault::Digest { .. } => After::Record,
                    _ => After::BadRecord,
                };
                Some(Err(error))
            }
        }
    }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end()
}

fn shown(line: &[u8]) -> String {
    line.get(..SHOWN).unwrap_or(line).escape_ascii().to_string()
}

/// Compares the digests that the header states, as far as they are SHA-256 and the block is whole.
fn check(record: &Record, block_digest: &[u8]) -> Result<(), WarcFault> {
    if let Some(stated) = record.field("WARC-Block-Digest") {
        compare("WARC-Block-Digest", stated, block_digest)?;
    }
    let stated = record.field("WARC-Payload-Digest").filter(|_| record.kind == "response" && !record.cut);
    if let Some(stated) = stated {
        // Of an HTTP answer the payload is the body as transferred.
        let payload = http::body_as_stored(&record.block).unwrap_or(&record.block);
        compare("WARC-Payload-Digest", stated, &Sha256::digest(payload))?;
    }
    Ok(())
}

fn compare(field: &'static str, stated: &str, found: &[u8]) -> Result<(), WarcFault> {
    if digest::fits(stated, found) == Some(false) {
        return Err(WarcFault::Digest { field, stated: stated.to_owned(), found: digest::label(found) });
    }
    Ok(())
}
