//! Judging what is already on disk: saved pages, WARC files and listings, without network or store.
//!
//! Inputs are read as a stream, judged on every core and answered in input order, so that memory stays flat however
//! much there is. A record that cannot be read is a line of its own and stops nothing.

pub mod input;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::Serialize;

use crate::extract::Extractor;
use crate::finding::{Ruling, Severity, Verdict};
use crate::listing::Listing;
use crate::matcher::Matcher;
use crate::page::PageType;
use crate::pipeline;
use input::{Chunk, Content, Input, Record};

/// Chunks that may wait for a worker: enough to keep every core busy, few enough to keep memory flat.
const CHUNKS_WAITING: usize = 4;

/// What scanning needs.
#[derive(Clone)]
pub struct Scanner {
    /// The rules.
    pub matcher: Arc<Matcher>,
    /// How pages are read.
    pub extractor: Arc<Extractor>,
    /// Where the offers are aimed, if known (ISO 3166 alpha-2).
    pub market: Option<String>,
    /// Worker threads, at least 1.
    pub threads: usize,
}

/// One line of `scan`'s answer.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum ScanLine {
    /// A judged listing.
    Judged(Box<JudgedLine>),
    /// A record that could not be read.
    Unreadable(input::Unreadable),
}

/// A judged listing: whose it is, and the verdict.
#[derive(Debug, Clone, Serialize)]
pub struct JudgedLine {
    /// The caller's own identifier.
    pub id: Option<String>,
    /// The file that it stands in; `-` for standard input.
    pub file: String,
    /// The 1-based line of a JSON Lines file; `None` for pages.
    pub line: Option<usize>,
    /// The offer's address.
    pub url: Option<String>,
    /// `card` when the listing is a card of a category page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<&'static str>,
    /// What the rules say.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The listing itself, for callers that show it. Not part of the line.
    #[serde(skip)]
    pub listing: Listing,
}

/// What a scan saw, for the closing line and the exit code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ScanSummary {
    /// Pages read.
    pub pages: usize,
    /// Pages that hid what they offer (captcha, consent wall, login wall, needs scripts), and so were not seen.
    pub blocked: usize,
    /// Pages without any listing, blocked ones not counted.
    pub without_listing: usize,
    /// Listings judged, cards too.
    pub listings: usize,
    /// Listings flagged.
    pub flagged: usize,
    /// Flagged listings by class.
    pub classes: BTreeMap<String, usize>,
    /// The gravest severity flagged.
    pub gravest: Option<Severity>,
    /// Records that could not be read.
    pub unreadable: usize,
    /// Files in folders that are no kind of input.
    pub skipped: usize,
}

/// Judges every record of `inputs` and gives each line to `print`, in input order. Ends early when `print` fails
/// (a closed pipe), with that error.
pub fn scan<E>(
    inputs: Vec<Input>,
    scanner: &Scanner,
    mut print: impl FnMut(ScanLine) -> Result<(), E>,
) -> Result<ScanSummary, E> {
    let mut summary = ScanSummary::default();
    thread::scope(|scope| {
        // A worker's answer waits in `answers` at the place of its chunk, which keeps the input's order.
        let (work, todo) = sync_channel::<(Chunk, Sender<Judged>)>(CHUNKS_WAITING);
        let (order, answers) = sync_channel::<Receiver<Judged>>(CHUNKS_WAITING + scanner.threads);
        let todo = Arc::new(Mutex::new(todo));
        scope.spawn(move || read(inputs, &work, &order));
        for _ in 0..scanner.threads.max(1) {
            let todo = Arc::clone(&todo);
            scope.spawn(move || {
                loop {
                    let next = todo.lock().unwrap_or_else(PoisonError::into_inner).recv();
                    let Ok((chunk, answer)) = next else { break };
                    // The printer has gone when nobody waits for the answer; the next `recv` fails soon.
                    let _ = answer.send(judge_chunk(chunk, scanner));
                }
            });
        }
        drop(todo);
        for answer in answers {
            let Ok(judged) = answer.recv() else { continue };
            summary.add(&judged);
            for line in judged.lines {
                print(line)?;
            }
        }
        Ok(summary)
    })
}

fn read(
    inputs: Vec<Input>,
    work: &SyncSender<(Chunk, Sender<Judged>)>,
    order: &SyncSender<Receiver<Judged>>,
) {
    input::read(inputs, &mut |chunk| {
        let (answer, waiting) = channel();
        order.send(waiting).is_ok() && work.send((chunk, answer)).is_ok()
    });
}

#[derive(Default)]
struct Judged {
    lines: Vec<ScanLine>,
    pages: usize,
    blocked: usize,
    without_listing: usize,
    skipped: usize,
}

fn judge_chunk(chunk: Chunk, scanner: &Scanner) -> Judged {
    let mut judged = Judged { skipped: chunk.skipped, ..Judged::default() };
    for record in chunk.records {
        let (file, line) = (record.file.clone(), record.line);
        // A panic is our own fault, never the record's; it costs this record and is said, and the rest goes on.
        let outcome = catch_unwind(AssertUnwindSafe(|| judge_record(record, scanner)));
        match outcome {
            Ok(one) => {
                judged.lines.extend(one.lines);
                judged.pages += one.pages;
                judged.blocked += one.blocked;
                judged.without_listing += one.without_listing;
            }
            Err(_) => judged.lines.push(ScanLine::Unreadable(input::Unreadable {
                file,
                line,
                error: "internal error while judging this record; please report it with the record"
                    .to_owned(),
            })),
        }
    }
    judged
}

fn judge_record(record: Record, scanner: &Scanner) -> Judged {
    let Record { file, line, content } = record;
    let market = scanner.market.as_deref();
    let mut judged = Judged::default();
    let judged_line = |listing: Listing, id, line, from, verdict| {
        let url = listing.url.clone();
        ScanLine::Judged(Box::new(JudgedLine { id, file: file.clone(), line, url, from, verdict, listing }))
    };
    match content {
        Content::Unreadable(error) => {
            judged.lines.push(ScanLine::Unreadable(input::Unreadable { file, line, error }));
        }
        Content::Listing { id, listing } => {
            let verdict = pipeline::judge_listing(&listing, &scanner.matcher, market);
            let id = id.or_else(|| listing.id.clone());
            judged.lines.push(judged_line(*listing, id, line, None, verdict));
        }
        Content::Page(page) => {
            judged.pages = 1;
            let seen = pipeline::judge_page(&page, &scanner.extractor, &scanner.matcher, market);
            let extracted = seen.extracted;
            if extracted.page_type == PageType::Blocked {
                judged.blocked = 1;
            } else if extracted.listing.is_none() && extracted.cards.is_empty() {
                judged.without_listing = 1;
            }
            let own = extracted.listing.zip(seen.verdict).map(|(listing, verdict)| (listing, verdict, None));
            let cards = extracted.cards.into_iter().zip(seen.card_verdicts);
            let cards = cards.map(|(card, verdict)| (card, verdict, Some("card")));
            for (listing, verdict, from) in own.into_iter().chain(cards) {
                let id = listing.id.clone();
                judged.lines.push(judged_line(listing, id, line, from, verdict));
            }
        }
    }
    judged
}

impl ScanSummary {
    fn add(&mut self, judged: &Judged) {
        self.pages += judged.pages;
        self.blocked += judged.blocked;
        self.without_listing += judged.without_listing;
        self.skipped += judged.skipped;
        for line in &judged.lines {
            match line {
                ScanLine::Unreadable(_) => self.unreadable += 1,
                ScanLine::Judged(line) => {
                    self.listings += 1;
                    if line.verdict.ruling == Ruling::Flag {
                        self.flagged += 1;
                        self.gravest = self.gravest.max(line.verdict.severity);
                        if let Some(class) = &line.verdict.class {
                            *self.classes.entry(class.clone()).or_default() += 1;
                        }
                    }
                }
            }
        }
    }
}
