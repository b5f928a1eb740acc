//! From paths to records: files, folders, gzip, WARC, JSON Lines and standard input, read as a stream.
//!
//! Knows formats and their caps; knows nothing of rules. Whatever cannot be read becomes a record that says so.

mod format;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::mem;
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use serde::Serialize;
use url::Url;

use crate::evidence::{self, WarcReader};
use crate::fetch::decode;
use crate::listing::Listing;
use crate::page::Page;

/// A saved page larger than this is refused: real product pages stay below 10 MB, and 64 MB inflated from one gzip
/// file is a bomb.
pub const MAX_PAGE_BYTES: u64 = 64 << 20;
/// A line of JSON longer than this is no listing: descriptions of real offers stay below 1 MB.
pub const MAX_LINE_BYTES: u64 = 16 << 20;
/// Folders nested deeper than this are a loop or a mistake.
pub const MAX_FOLDER_DEPTH: usize = 64;
/// How gzip data begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A chunk is handed on at this many records …
const CHUNK_RECORDS: usize = 256;
/// … or at this many bytes, so that chunks of large pages stay small.
const CHUNK_BYTES: usize = 1 << 20;

/// Something to read.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file or a folder.
    Path(PathBuf),
    /// Standard input, written `-`.
    Stdin,
}

impl From<PathBuf> for Input {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Stdin } else { Self::Path(path) }
    }
}

/// One thing to judge, and where it stood.
#[derive(Debug)]
pub struct Record {
    /// The file; `-` for standard input.
    pub file: String,
    /// The 1-based line of a JSON Lines file.
    pub line: Option<usize>,
    /// What it holds.
    pub content: Content,
}

/// What a record holds.
#[derive(Debug)]
pub enum Content {
    /// A page.
    Page(Page),
    /// A listing.
    Listing {
        /// The identifier beside a `{"id","listing"}` line.
        id: Option<String>,
        /// The listing itself.
        listing: Box<Listing>,
    },
    /// Neither: why.
    Unreadable(String),
}

/// A record that could not be read, as output shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// The file.
    pub file: String,
    /// The 1-based line, where there are lines.
    pub line: Option<usize>,
    /// The cause and what to do.
    pub error: String,
}

/// Some records in input order.
#[derive(Debug, Default)]
pub struct Chunk {
    /// The records.
    pub records: Vec<Record>,
    /// Files in folders that are no kind of input.
    pub skipped: usize,
    bytes: usize,
}

/// Reads all inputs in order and hands them on in chunks, until `hand_on` answers false.
pub fn read(inputs: Vec<Input>, hand_on: &mut dyn FnMut(Chunk) -> bool) {
    let mut reader = Reader { hand_on, chunk: Chunk::default(), open: true };
    for input in inputs {
        match input {
            Input::Stdin => reader.stream("-", None, source(io::stdin())),
            Input::Path(path) => reader.path(&path, 0, true),
        }
        if !reader.open {
            return;
        }
    }
    reader.flush();
}

/// What a file holds, as far as its name or first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Page,
    Lines,
    Warc,
}

impl Kind {
    fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "html" | "htm" | "xhtml" => Some(Self::Page),
            "jsonl" | "ndjson" => Some(Self::Lines),
            "warc" => Some(Self::Warc),
            _ => None,
        }
    }

    fn of_bytes(start: &[u8]) -> Self {
        if start.starts_with(b"WARC/") {
            return Self::Warc;
        }
        let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        match start.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{' | b'[') => Self::Lines,
            _ => Self::Page,
        }
    }
}

/// Any stream of bytes, buffered.
type Source<'a> = BufReader<Box<dyn Read + 'a>>;

fn source<'a>(bytes: impl Read + 'a) -> Source<'a> {
    BufReader::with_capacity(1 << 17, Box::new(bytes))
}

struct Reader<'a> {
    hand_on: &'a mut dyn FnMut(Chunk) -> bool,
    chunk: Chunk,
    /// False once the receiver has gone; then reading stops.
    open: bool,
}

impl Reader<'_> {
    fn flush(&mut self) {
        if self.open && (!self.chunk.records.is_empty() || self.chunk.skipped > 0) {
            self.open = (self.hand_on)(mem::take(&mut self.chunk));
        }
    }

    fn push(&mut self, file: &str, line: Option<usize>, content: Content, bytes: usize) {
        self.chunk.records.push(Record { file: file.to_owned(), line, content });
        self.chunk.bytes += bytes;
        if self.chunk.records.len() >= CHUNK_RECORDS || self.chunk.bytes >= CHUNK_BYTES {
            self.flush();
        }
    }

    fn unreadable(&mut self, file: &str, line: Option<usize>, error: String) {
        self.push(file, line, Content::Unreadable(error), 0);
    }

    fn path(&mut self, path: &Path, depth: usize, named: bool) {
        let file = path.to_string_lossy();
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) => return self.unreadable(&file, None, format!("cannot be opened: {error}")),
        };
        if metadata.is_dir() {
            if depth >= MAX_FOLDER_DEPTH {
                let error = format!("folders nested deeper than {MAX_FOLDER_DEPTH} are not read");
                return self.unreadable(&file, None, error);
            }
            return self.folder(path, depth);
        }
        let kind = Kind::of_name(path);
        if kind.is_none() && !named {
            self.chunk.skipped += 1;
            return;
        }
        // A pipe that was named is read (`caveat scan <(…)`); one that lies in a folder would be waited for in vain.
        if !named && !metadata.is_file() {
            let error = "is a pipe, socket or device; in a folder only files are read";
            return self.unreadable(&file, None, error.to_owned());
        }
        match File::open(path) {
            Ok(open) => self.stream(&file, kind, source(open)),
            Err(error) => self.unreadable(&file, None, format!("cannot be opened: {error}")),
        }
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        let entries = fs::read_dir(folder).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                return self.unreadable(
                    &folder.to_string_lossy(),
                    None,
                    format!("cannot be listed: {error}"),
                );
            }
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            // A link to a folder may lead back up; a link to a file is as good as the file.
            let looping = entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir();
            if self.open && !hidden && !looping {
                self.path(&entry.path(), depth + 1, false);
            }
        }
    }

    fn stream(&mut self, file: &str, kind: Option<Kind>, mut plain: Source<'_>) {
        let start = match plain.fill_buf() {
            Ok(start) => start,
            Err(error) => return self.unreadable(file, None, format!("cannot be read: {error}")),
        };
        let gzip = start.starts_with(&GZIP);
        if !gzip || kind == Some(Kind::Warc) {
            // The WARC reader inflates records one by one, so that it can name a damaged one.
            let kind = kind.unwrap_or_else(|| Kind::of_bytes(start));
            return self.content(file, kind, plain);
        }
        let mut inflated = source(MultiGzDecoder::new(plain));
        let kind = match (kind, inflated.fill_buf()) {
            (Some(kind), _) => kind,
            (None, Ok(start)) => Kind::of_bytes(start),
            (None, Err(error)) => return self.unreadable(file, None, read_cause(&error)),
        };
        self.content(file, kind, inflated);
    }

    fn content(&mut self, file: &str, kind: Kind, source: Source<'_>) {
        match kind {
            Kind::Page => self.page(file, source),
            Kind::Lines => self.lines(file, source),
            Kind::Warc => self.warc(file, source),
        }
    }

    fn page(&mut self, file: &str, source: Source<'_>) {
        let mut body = Vec::new();
        match source.take(MAX_PAGE_BYTES + 1).read_to_end(&mut body) {
            Err(error) => self.unreadable(file, None, read_cause(&error)),
            Ok(_) if body.len() as u64 > MAX_PAGE_BYTES => {
                let error = format!(
                    "larger than {} MB; no shop page is, so look at what it holds",
                    MAX_PAGE_BYTES >> 20
                );
                self.unreadable(file, None, error);
            }
            Ok(bytes) => {
                let content = match format::no_page(&body) {
                    Some(what) => Content::Unreadable(what),
                    None => Content::Page(Page { url: None, content_type: None, body }),
                };
                self.push(file, None, content, bytes);
            }
        }
    }

    fn lines(&mut self, file: &str, mut source: Source<'_>) {
        match source.fill_buf() {
            Err(error) => return self.unreadable(file, None, read_cause(&error)),
            Ok(start) => match format::encoding_mark(start) {
                Some(("UTF-8", mark)) => source.consume(mark),
                Some((name, _)) => {
                    let error = format!("is written in {name}; save it as UTF-8");
                    return self.unreadable(file, None, error);
                }
                None => {}
            },
        }
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            match source.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut text) {
                Ok(0) => return,
                Ok(read) if read as u64 > MAX_LINE_BYTES => {
                    let error = format!("longer than {} MB; a line holds one listing", MAX_LINE_BYTES >> 20);
                    self.unreadable(file, Some(line), error);
                    if let Err(error) = skip_line(&mut source) {
                        return self.unreadable(file, Some(line), read_cause(&error));
                    }
                }
                Ok(_) if text.iter().all(u8::is_ascii_whitespace) => {}
                Ok(read) => {
                    let content = match Listing::from_line(&text) {
                        Ok((id, listing)) => Content::Listing { id, listing: Box::new(listing) },
                        Err(error) => Content::Unreadable(error.to_string()),
                    };
                    self.push(file, Some(line), content, read);
                }
                Err(error) => return self.unreadable(file, Some(line), read_cause(&error)),
            }
            if !self.open {
                return;
            }
            // Whoever feeds us line by line waits for answers: hand on what there is before waiting for more.
            if file == "-" && source.buffer().is_empty() {
                self.flush();
            }
        }
    }

    fn warc(&mut self, file: &str, mut source: Source<'_>) {
        let cap = usize::try_from(MAX_PAGE_BYTES).unwrap_or(usize::MAX);
        let plain = source.fill_buf().is_ok_and(|start| start.starts_with(b"WARC/"));
        let reader = WarcReader::new(source, cap);
        let compressed = !plain && file.to_ascii_lowercase().ends_with(".gz");
        for record in if compressed { reader.of_members() } else { reader } {
            match record {
                Ok(record) => {
                    if let Some(content) = warc_page(&record) {
                        self.push(file, None, content, record.block.len());
                    }
                }
                Err(error) => self.unreadable(file, None, error.to_string()),
            }
            if !self.open {
                return;
            }
        }
    }
}

/// The page in a WARC record; `None` for records that hold none (requests, robots.txt, pictures, errors).
fn warc_page(record: &evidence::Record) -> Option<Content> {
    let bad = |why: String| Some(Content::Unreadable(format!("record at byte {}: {why}", record.offset)));
    let html = |kind: Option<&str>| kind.is_none_or(|kind| kind.to_ascii_lowercase().contains("html"));
    let url = record.target().and_then(|target| Url::parse(target).ok());
    let page = |content_type: Option<&str>, body: Vec<u8>| {
        Some(Content::Page(Page { url: url.clone(), content_type: content_type.map(str::to_owned), body }))
    };
    let too_large = || bad(format!("larger than {} MB", MAX_PAGE_BYTES >> 20));
    let is_http = url.as_ref().is_some_and(|url| matches!(url.scheme(), "http" | "https"));
    match record.kind.as_str() {
        "resource" if is_http && record.field("Content-Type").is_some() => {
            let kind = record.field("Content-Type");
            html(kind).then(|| if record.cut { too_large() } else { page(kind, record.block.clone()) })?
        }
        "response" if is_http => {
            if record.cut {
                return too_large();
            }
            let message = match evidence::http_response(record) {
                Ok(message) => message,
                Err(error) => return bad(error.to_string()),
            };
            let header = |name: &str| {
                let field = message.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
                field.and_then(|(_, value)| std::str::from_utf8(value).ok())
            };
            let kind = header("content-type");
            if !(200..300).contains(&message.status) || !html(kind) {
                return None;
            }
            let caps =
                decode::Caps { bytes: MAX_PAGE_BYTES.try_into().unwrap_or(usize::MAX), ratio: usize::MAX };
            match decode::decode(header("content-encoding").unwrap_or_default(), &message.body, caps) {
                Ok(body) => page(kind, body),
                Err(error) => bad(error.to_string()),
            }
        }
        _ => None,
    }
}

fn skip_line(source: &mut Source<'_>) -> io::Result<()> {
    loop {
        let buffer = source.fill_buf()?;
        let end = memchr::memchr(b'\n', buffer);
        let used = end.map_or(buffer.len(), |at| at + 1);
        let done = end.is_some() || buffer.is_empty();
        source.consume(used);
        if done {
            return Ok(());
        }
    }
}

fn read_cause(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "gzip data ends too early; the file was cut, copy it again".to_owned()
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            format!("gzip data is damaged ({error}); copy the file again")
        }
        _ => format!("cannot be read: {error}"),
    }
}
