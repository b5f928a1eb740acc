//! Candidates → listing. All rules that decide between readers stand here; `docs/architecture.md` tells them in words.
//!
//! 1. Each syntax may describe many offers. The page's own is the one whose name and address fit the page's headline,
//!    titles and address; related products, list items and other variants lose.
//! 2. A source's selector beats everything, the adapter of a known platform any one generic reader. Else readers that agree beat one that does not; else the order of
//!    [`Origin`] decides.
//! 3. The price shown beside the headline beats markup that stands nowhere on the page. What is struck through is
//!    the regular price. Zero is no price.
//! 4. What lost is kept as a conflict.

use url::Url;

use super::currency::Locale;
use super::head::{Head, resolve};
use super::labels::{Labelled, Named};
use super::money::Hints;
use super::prices::ShownPrice;
use super::record::{Field, Origin, Record, Role};
use super::shown::Headline;
use super::stock::Stock;
use super::{ExplainedCandidate, FieldExplanation, text, words};
use crate::listing::{Conflict, Listing};

mod clean;
mod fields;
mod price;

/// How well a record must fit the page to be its own offer.
const FITS: i32 = 1;
/// Offers side by side that make the page a list.
const LIST_LEAST: usize = 3;
/// Conflicts kept: the titles and descriptions come first, for rules look into them.
const CONFLICTS_MAX: usize = 30;

/// Everything that readers found on a page.
pub(super) struct Findings<'p> {
    pub(super) page_url: Option<&'p Url>,
    pub(super) head: &'p Head,
    pub(super) headlines: &'p [Headline],
    /// Records of all readers, in page order within a reader.
    pub(super) records: &'p [Record],
    pub(super) selected: Option<&'p Record>,
    /// What the adapter of the shop's platform read.
    pub(super) adapted: Option<&'p Record>,
    pub(super) prices: &'p [ShownPrice],
    /// Distance of each shown price to the headline.
    pub(super) distances: &'p [u32],
    /// How many offers the page shows in lists.
    pub(super) listed: usize,
    pub(super) labels: &'p [Labelled],
    pub(super) named: &'p [Named],
    pub(super) stock: &'p Stock,
    pub(super) breadcrumbs: &'p [(Origin, Vec<String>)],
    /// Boxes and sections that describe, with their places.
    pub(super) descriptions: Vec<(String, String)>,
    /// What stands below the headline, for a page that names no description.
    pub(super) prose: Option<(String, String)>,
    /// The beginning of everything that is shown.
    pub(super) around: &'p str,
    pub(super) locale: Locale<'p>,
    pub(super) hints: Hints<'p>,
}

/// One value of one field.
#[derive(Debug, Clone)]
struct Candidate {
    value: String,
    origin: Origin,
    place: String,
    weight: f32,
}

/// The listing with the reasons for it.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one piece of evidence for the kind of page")]
pub(super) struct Merged {
    pub(super) listing: Listing,
    pub(super) explanations: Vec<FieldExplanation>,
    /// A typed record fits the page.
    pub(super) typed: bool,
    /// A reader other than the eye gave a price or an availability.
    pub(super) offered: bool,
    /// A shown price is near the headline.
    pub(super) priced: bool,
    /// Which of the shown prices that is.
    pub(super) price_place: Option<usize>,
    /// A product number stands beside its label.
    pub(super) labelled: bool,
    /// The name or address of the typed record fits the page.
    pub(super) fits: bool,
    /// Places of the records that the listing was made of.
    pub(super) own: Vec<usize>,
    /// What was read but cannot be kept.
    pub(super) problems: Vec<String>,
}

/// Merges what was found.
pub(super) fn merge(findings: &Findings<'_>) -> Merged {
    let (places, fits) = own_records(findings);
    let own: Vec<&Record> = places.iter().filter_map(|at| findings.records.get(*at)).collect();
    let mut draft = Draft { findings, own: &own, merged: Merged::default() };
    let stated = |record: &&&Record| record.origin == Origin::State && record.has(Field::Price);
    draft.merged.typed = own.iter().any(|record| record.typed)
        || findings.head.product_meta
        || own.iter().find(stated).is_some_and(|record| fit(findings, record, 1) >= 6);
    draft.merged.typed |= findings.adapted.is_some_and(|record| record.typed);
    draft.merged.fits = fits || findings.head.product_meta;
    draft.title();
    draft.description();
    draft.price();
    draft.availability();
    draft.names();
    draft.identifiers();
    draft.category();
    draft.images();
    draft.text_and_attributes();
    draft.seller();
    draft.merged.offered = findings.head.product_meta
        || own
            .iter()
            .copied()
            .chain(findings.adapted)
            .any(|r| r.has(Field::Price) || r.has(Field::Max) || r.has(Field::Availability));
    draft.merged.own = places;
    draft.merged.listing.url = findings
        .page_url
        .map(|url| {
            let mut url = url.clone();
            url.set_fragment(None);
            url.to_string()
        })
        .or_else(|| findings.head.canonical.clone())
        .or_else(|| {
            findings
                .head
                .open_graph
                .first(Field::Url)
                .and_then(|url| resolve(url, findings.head.base.as_ref()))
        });
    draft.merged
}

/// The best record of each reader, where one fits the page, by place. Markup that names another product than the
/// page shows is the page's own all the same where the page shows no list: its name is kept as a conflict, so that
/// neither hides the other.
fn own_records(findings: &Findings<'_>) -> (Vec<usize>, bool) {
    let mut own = Vec::new();
    let mut fits = false;
    for origin in [Origin::JsonLd, Origin::Microdata, Origin::Rdfa, Origin::State] {
        let of_origin: Vec<(usize, &Record)> =
            findings.records.iter().enumerate().filter(|(_, r)| r.origin == origin).collect();
        let best = of_origin
            .iter()
            .enumerate()
            .map(|(place, (at, record))| {
                let place = i32::try_from(place.min(99)).unwrap_or(99);
                (fit(findings, record, of_origin.len()) * 100 - place, *at, *record)
            })
            .max_by_key(|(score, _, _)| *score);
        let Some((score, at, record)) = best else { continue };
        let least = if origin == Origin::State { 3 } else { FITS };
        let fitting = score >= least * 100 - 99;
        let alone = origin != Origin::State
            && record.typed
            && matches!(record.role, Role::Own)
            && record.has(Field::Title)
            && findings.listed < LIST_LEAST;
        if !fitting && !alone {
            continue;
        }
        fits |= fitting;
        own.push(at);
        // The group says what a variant leaves out, and the other way round.
        if let Role::Variant(group) = record.role
            && let Some((group, _)) = of_origin.get(group)
        {
            own.push(*group);
        }
        // A second record of the same name completes it: shops split an offer over several blocks.
        let name = record.first(Field::Title).map(text::key).unwrap_or_default();
        let twins = of_origin
            .iter()
            .filter(|(other, r)| *other != at && matches!(r.role, Role::Own))
            .filter(|(_, r)| r.first(Field::Title).map(text::key).unwrap_or_default() == name)
            .map(|(other, _)| *other);
        own.extend(twins.take(if name.is_empty() { 0 } else { 2 }));
    }
    (own, fits)
}

/// How well a record fits the page.
fn fit(findings: &Findings<'_>, record: &Record, siblings: usize) -> i32 {
    let head = findings.head;
    let mut score = match record.role {
        Role::Own => 2,
        Role::Variant(_) => 0,
        Role::Listed => -6,
        Role::Related => -8,
    };
    if siblings > 6 && record.role == Role::Own {
        score -= 1;
    }
    let offered = record.has(Field::Price) || record.has(Field::Availability) || record.has(Field::Max);
    score += i32::from(offered);
    if let Some(name) = record.first(Field::Title) {
        let headline = findings.headlines.first().map(|h| text::likeness(name, &h.text));
        let titles = [head.og_title.as_str(), head.title.as_str()];
        let by_title = titles.iter().map(|title| text::likeness(name, title)).fold(0.0, f32::max);
        let best = headline.unwrap_or(0.0).max(by_title);
        score += if best > 0.95 {
            5
        } else if best >= 0.7 {
            4
        } else if best >= 0.4 {
            2
        } else {
            0
        };
        if best < 0.2 && (headline.is_some() || !head.og_title.is_empty()) {
            score -= 3;
        }
    } else {
        score -= 1;
    }
    if let Some(url) = record.first(Field::Url).and_then(|url| resolve(url, head.base.as_ref())) {
        let own = [
            findings.page_url.map(Url::as_str),
            head.canonical.as_deref(),
            head.open_graph.first(Field::Url),
        ];
        let mut known = own.into_iter().flatten().peekable();
        if known.peek().is_some() {
            let same = known.any(|own| same_page(own, &url));
            score += if same { 3 } else { -1 };
        }
    }
    score
}

/// Whether two addresses are the same page but for query and fragment.
fn same_page(a: &str, b: &str) -> bool {
    let path = |url: &str| {
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let path = url.get(..end).unwrap_or(url).trim_end_matches('/');
        path.split_once("//").map_or(path, |(_, rest)| rest).trim_start_matches("www.").to_lowercase()
    };
    path(a) == path(b)
}

struct Draft<'d, 'p> {
    findings: &'d Findings<'p>,
    own: &'d [&'p Record],
    merged: Merged,
}

impl Draft<'_, '_> {
    /// Candidates of a field from the selector, the page's own records and the head.
    fn candidates(&self, field: Field) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        let records = self
            .findings
            .selected
            .into_iter()
            .chain(self.findings.adapted)
            .chain(self.own.iter().copied())
            .chain([&self.findings.head.open_graph, &self.findings.head.meta]);
        for record in records {
            for claim in record.all(field) {
                found.push(Candidate {
                    value: claim.value.clone(),
                    origin: record.origin,
                    place: claim.place.clone(),
                    weight: weight(record.origin),
                });
            }
        }
        found
    }

    /// Decides a field whose values agree when their `key` is the same; notes provenance, conflicts and reasons.
    fn decide(
        &mut self,
        field: Field,
        candidates: &[Candidate],
        key: impl Fn(&str) -> String,
    ) -> Option<(String, Origin)> {
        let first = candidates.iter().find(|c| c.origin == Origin::Select);
        let mut groups: Vec<(String, f32, usize)> = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let key = key(&candidate.value);
            if key.is_empty() {
                continue;
            }
            match groups.iter_mut().find(|(known, _, _)| *known == key) {
                // A reader that says the same twice is still one reader.
                Some((_, total, first)) => {
                    let again = candidates.get(*first).is_some_and(|c| c.origin == candidate.origin);
                    *total += if again { 0.0 } else { candidate.weight };
                }
                None => groups.push((key, candidate.weight, at)),
            }
        }
        let winner = match first {
            Some(selected) => candidates.iter().position(|c| std::ptr::eq(c, selected)),
            None => groups
                .iter()
                .reduce(|best, group| if group.1 > best.1 + 0.001 { group } else { best })
                .map(|(_, _, at)| *at),
        };
        let why = match (first.is_some(), groups.len()) {
            (true, _) => "the source's own selector decides",
            (_, 0) => "no reader gave a usable value",
            (_, 1) => "all readers that gave one agree",
            _ => "most and best readers agree on it",
        };
        // Within the group that won, the reader that is nearest the visitor's eye writes the value.
        let winner = winner.map(|at| {
            let Some(key_won) = candidates.get(at).map(|c| key(&c.value)) else { return at };
            candidates
                .iter()
                .enumerate()
                .filter(|(_, c)| key(&c.value) == key_won)
                .min_by_key(|(place, c)| (writing(c.origin), *place))
                .map_or(at, |(place, _)| place)
        });
        self.settle(field, candidates, winner, why, key)
    }

    fn settle(
        &mut self,
        field: Field,
        candidates: &[Candidate],
        winner: Option<usize>,
        why: &str,
        key: impl Fn(&str) -> String,
    ) -> Option<(String, Origin)> {
        if candidates.is_empty() {
            return None;
        }
        let won = winner.and_then(|at| candidates.get(at));
        let mut explained: Vec<ExplainedCandidate> = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            explained.push(ExplainedCandidate {
                value: candidate.value.clone(),
                source: candidate.origin.name().to_owned(),
                place: candidate.place.clone(),
                won: Some(at) == winner,
            });
        }
        explained.sort_by_key(|candidate| !candidate.won);
        self.merged.explanations.push(FieldExplanation {
            field: field.name().to_owned(),
            value: won.map(|c| c.value.clone()),
            why: why.to_owned(),
            candidates: explained,
        });
        let won = won?;
        self.merged.listing.provenance.insert(field.name().to_owned(), won.origin.name().to_owned());
        let winning = key(&won.value);
        let mut told = vec![winning];
        for candidate in candidates {
            let lost = key(&candidate.value);
            if lost.is_empty() || told.contains(&lost) || self.merged.listing.conflicts.len() >= CONFLICTS_MAX
            {
                continue;
            }
            told.push(lost);
            self.merged.listing.conflicts.push(Conflict {
                field: field.name().to_owned(),
                value: candidate.value.clone(),
                source: candidate.origin.name().to_owned(),
            });
        }
        Some((won.value.clone(), won.origin))
    }

    fn title(&mut self) {
        let mut candidates = self.candidates(Field::Title);
        for candidate in &mut candidates {
            candidate.value = text::line(&candidate.value);
            // Markup that fits nothing the page shows is heard, but the visitor reads the headline.
            if !self.merged.fits && candidate.origin != Origin::Select {
                candidate.weight *= 0.6;
            }
        }
        for (place, headline) in self.findings.headlines.iter().take(2).enumerate() {
            candidates.push(Candidate {
                value: headline.text.clone(),
                origin: Origin::Text,
                place: "h1".to_owned(),
                weight: if place == 0 { 3.0 } else { 0.5 },
            });
        }
        for mut labelled in self.labelled(&words::NAME_LABELS, 0.9).into_iter().take(2) {
            // "Name" stands before many things; it names the offer where no headline does.
            if !self.findings.headlines.is_empty() {
                labelled.weight = 0.0;
            }
            candidates.push(labelled);
        }
        let head = self.findings.head;
        if !head.title.is_empty() {
            candidates.push(Candidate {
                value: clean::without_site(&head.title, head, self.findings.page_url),
                origin: Origin::Meta,
                place: "title".to_owned(),
                weight: 0.8,
            });
        }
        // A longer title that begins with a shorter one supports it: it only adds the shop's name.
        let keys: Vec<String> = candidates.iter().map(|c| text::key(&c.value)).collect();
        for (at, key) in keys.iter().enumerate() {
            let support = keys
                .iter()
                .zip(&candidates)
                .enumerate()
                .filter(|(other, (longer, c))| {
                    *other != at
                        && matches!(c.origin, Origin::OpenGraph | Origin::Meta)
                        && longer.len() > key.len()
                        && key.len() >= 4
                        && longer.starts_with(key.as_str())
                })
                .map(|(_, (_, c))| c.weight * 0.5)
                .sum::<f32>();
            if let Some(candidate) = candidates.get_mut(at) {
                candidate.weight += support.min(1.0);
            }
        }
        let candidates: Vec<Candidate> =
            candidates.into_iter().filter(|c| c.value.chars().any(char::is_alphanumeric)).collect();
        if let Some((title, _)) = self.decide(Field::Title, &candidates, text::key) {
            self.merged.listing.title = title;
        }
    }
}

/// Whose writing of an agreed value is taken: markup is machine-made and whole, the page's text next, the head last.
fn writing(origin: Origin) -> u8 {
    match origin {
        Origin::Select => 0,
        Origin::Adapter | Origin::JsonLd | Origin::Microdata | Origin::Rdfa => 1,
        Origin::Text => 2,
        Origin::State => 3,
        Origin::OpenGraph => 4,
        Origin::Meta => 5,
    }
}

/// How much a reader's word counts where readers disagree.
fn weight(origin: Origin) -> f32 {
    match origin {
        Origin::Select => 100.0,
        // More than any one generic reader, less than two that agree against it.
        Origin::Adapter => 4.0,
        Origin::JsonLd | Origin::Microdata | Origin::Rdfa => 3.0,
        Origin::State => 1.6,
        Origin::OpenGraph => 2.0,
        Origin::Meta | Origin::Text => 1.0,
    }
}
