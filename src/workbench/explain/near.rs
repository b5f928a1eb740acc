//! How near a pattern came that does not occur: in another field, under a stronger fold, inside a word, a few letters
//! or words away, or with the beginning of its regex.

use regex_syntax::ast::{self, Ast, GroupKind};
use serde::Serialize;

use crate::finding::Match;
use crate::listing::Listing;
use crate::matcher::Scratch;
use crate::normalise::words::{self, Word};
use crate::normalise::{Folded, fold_term};
use crate::rules::model::{Bound, Field, Fold, Pattern};
use crate::workbench::probe::{Probe, field_name, texts, texts_by_name};

/// More than these nobody reads.
const MAX_NEAR: usize = 3;
/// Terms shorter than this lie inside of too many words to say anything.
const MIN_INSIDE: usize = 4;
/// Words that may stand between two words of a phrase for it to count as near.
const MAX_GAP: usize = 3;
/// Beginnings of regexes that are tried for one pattern.
const MAX_BEGINNINGS: usize = 256;
/// Words of a text that are compared; a description of a whole book costs no more.
const MAX_WORDS: usize = 5000;

/// Something that is almost what the pattern looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Near {
    /// What keeps it from being a match.
    pub how: How,
    /// The listing's field.
    pub field: String,
    /// The original text.
    pub text: String,
    /// Byte offset into the field's value.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// The term that it is almost, where one can be named.
    pub term: Option<String>,
    /// In words, without the text itself.
    pub message: String,
}

/// What keeps a text from being a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// It stands in a field where the pattern does not look.
    Field,
    /// A stronger fold would find it.
    Fold,
    /// It stands inside of a word.
    Bound,
    /// The regex matches, its number is out of bounds.
    Number,
    /// The words of the phrase stand too far apart.
    Gap,
    /// It differs by a letter or two.
    Letters,
    /// Only the beginning of a regex matches.
    Beginning,
}

/// What comes near to `pattern`, which does not occur, the best first.
pub(super) fn near(pattern: &Pattern, listing: &Listing) -> Vec<Near> {
    let mut found = by_variants(pattern, listing);
    found.extend(by_words(pattern, listing));
    let mut kept: Vec<Near> = Vec::new();
    for one in found {
        let same = |other: &Near| other.field == one.field && other.start < one.end && one.start < other.end;
        if !kept.iter().any(same) && kept.len() < MAX_NEAR {
            kept.push(one);
        }
    }
    kept
}

/// A pattern changed in one way, and what its occurrence says.
struct Variant {
    how: How,
    pattern: Pattern,
    message: String,
}

fn by_variants(pattern: &Pattern, listing: &Listing) -> Vec<Near> {
    let variants = variants(pattern);
    let probe = Probe::new(variants.iter().map(|variant| variant.pattern.clone()));
    let occurrences = probe.occurrences(listing, &mut Scratch::default());
    let values = texts_by_name(listing);
    let mut beginnings: Vec<Near> = Vec::new();
    let mut found = Vec::new();
    for (variant, matches) in variants.iter().zip(occurrences) {
        for one in matches {
            let value = values.get(&one.field).copied().unwrap_or_default();
            let (near, letters) = (explain_match(variant, one, value), variant.how);
            if letters == How::Beginning { beginnings.push(near) } else { found.push(near) }
        }
    }
    for one in &mut beginnings {
        let kept = one.text.trim_end().len();
        one.end -= one.text.len() - kept;
        one.text.truncate(kept);
    }
    // The beginning that covers most tells most.
    beginnings.retain(|one| one.text.chars().count() > 1);
    beginnings.sort_by_key(|one| std::cmp::Reverse(one.text.len()));
    beginnings.truncate(1);
    found.extend(beginnings);
    found
}

fn explain_match(variant: &Variant, found: Match, value: &str) -> Near {
    let mut near = Near {
        how: variant.how,
        term: None,
        message: variant.message.clone(),
        field: found.field,
        text: found.text,
        start: found.start,
        end: found.end,
    };
    match variant.how {
        How::Fold => {
            let tricks = found.tricks.join(", ");
            if !tricks.is_empty() {
                near.message = format!("{} undoes {tricks}, and would find it", variant.message);
            }
        }
        How::Bound => {
            let (start, end) = whole_word(value, near.start, near.end);
            let inside = value.get(start..end).unwrap_or_default().to_owned();
            near.message = if start == near.start {
                format!(
                    "only begins a word; as a stem it would be found: stems = [\"{}\"]",
                    near.text.to_lowercase()
                )
            } else {
                "stands inside of a longer word; bound = \"none\" would find it".to_owned()
            };
            near.term = Some(near.text);
            (near.text, near.start, near.end) = (inside, start, end);
        }
        _ => {}
    }
    near
}

/// The word around a span: letters, digits and what clings to them.
fn whole_word(value: &str, start: usize, end: usize) -> (usize, usize) {
    let inside = |letter: char| letter.is_alphanumeric();
    let before = value.get(..start).unwrap_or_default();
    let start = before.trim_end_matches(inside).len();
    let after = value.get(end..).unwrap_or_default();
    (start, end + (after.len() - after.trim_start_matches(inside).len()))
}

/// Every field that a pattern may look into.
const FIELDS: [Field; 6] =
    [Field::Title, Field::Description, Field::Attributes, Field::Category, Field::Brand, Field::Seller];

fn variants(pattern: &Pattern) -> Vec<Variant> {
    let mut variants = Vec::new();
    let mut add = |how, message: String, change: &dyn Fn(&mut Pattern)| {
        let mut pattern = pattern.clone();
        change(&mut pattern);
        variants.push(Variant { how, pattern, message });
    };
    let mut looks: Vec<&str> = pattern.fields.iter().map(|field| field_name(*field)).collect();
    let named: Vec<String> = pattern.attributes.iter().map(|name| format!("attributes.{name}")).collect();
    if !named.is_empty() {
        looks.retain(|field| *field != "attributes");
        looks.extend(named.iter().map(String::as_str));
    }
    add(
        How::Field,
        format!("is where this pattern does not look; it looks into {}", looks.join(", ")),
        &|changed| {
            changed.fields = FIELDS.to_vec();
            changed.attributes.clear();
        },
    );
    if pattern.fold == Fold::Exact {
        add(How::Fold, "fold = \"standard\"".to_owned(), &|changed| changed.fold = Fold::Standard);
    }
    if pattern.fold != Fold::Evasive {
        add(How::Fold, "fold = \"evasive\"".to_owned(), &|changed| changed.fold = Fold::Evasive);
    }
    if pattern.bound != Bound::None {
        add(How::Bound, String::new(), &|changed| {
            changed.bound = Bound::None;
            changed.regexes.clear();
            changed.terms.retain(|term| term.chars().count() >= MIN_INSIDE);
            changed.stems.clear();
        });
    }
    if let Some(number) = &pattern.number {
        let bound = |value: Option<rust_decimal::Decimal>, word: &str| {
            value.map(|value| format!(" {word} {value}")).unwrap_or_default()
        };
        let message = format!(
            "fits the regex, but its number does not fit:{}{}",
            bound(number.min, "at least"),
            bound(number.max, "at most")
        );
        add(How::Number, message, &|changed| changed.number = None);
    }
    for (regex, rest) in pattern.regexes.iter().flat_map(|regex| beginnings(regex)).take(MAX_BEGINNINGS) {
        add(How::Beginning, format!("begins as the regex does, which would then need {rest}"), &|changed| {
            changed.terms.clear();
            changed.stems.clear();
            changed.number = None;
            changed.regexes = vec![regex.clone()];
        });
    }
    variants
}

/// Every beginning of every branch of a regex that leaves out something, with what it leaves out.
fn beginnings(regex: &str) -> Vec<(String, String)> {
    let Ok(parsed) = ast::parse::Parser::new().parse(regex) else { return Vec::new() };
    let mut found = Vec::new();
    for branch in branches(&parsed, regex) {
        for cut in (1..branch.len()).rev() {
            let (head, tail) = branch.split_at(cut);
            // An anchor alone is no beginning, and one that is left open changes what the rest would mean.
            if head.iter().any(|part| !is_anchor(part)) {
                let rest = tail.concat();
                let rest = if rest == r"\b" {
                    "the end of the word".to_owned()
                } else {
                    format!("`{}`", short(&rest))
                };
                found.push((head.concat(), rest));
            }
        }
    }
    found
}

fn is_anchor(part: &str) -> bool {
    matches!(part, r"\b" | r"\B" | "^" | "$" | r"\A" | r"\z")
}

fn is_letter(part: &Ast) -> bool {
    matches!(part, Ast::Literal(literal) if literal.c.is_alphanumeric())
}

fn short(text: &str) -> String {
    const LONGEST: usize = 40;
    let cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// The branches of a regex, each as its parts in order.
fn branches<'r>(parsed: &Ast, regex: &'r str) -> Vec<Vec<&'r str>> {
    let slice = |ast: &Ast| regex.get(ast.span().start.offset..ast.span().end.offset).unwrap_or_default();
    match parsed {
        Ast::Alternation(all) => all.asts.iter().flat_map(|one| branches(one, regex)).collect(),
        Ast::Group(group)
            if matches!(group.kind, GroupKind::NonCapturing(_) | GroupKind::CaptureIndex(_)) =>
        {
            branches(&group.ast, regex)
        }
        Ast::Concat(parts) => {
            let words = parts.asts.iter().filter(|part| !matches!(part, Ast::Assertion(_)));
            let mut sequences: Vec<Vec<&str>> = vec![Vec::new()];
            // `\b(?:a|b)\b` is `\ba\b` or `\bb\b`.
            let opens = words.count() == 1;
            // Letters in a row are one part: what is missing is a word, not its last letter.
            for group in parts.asts.chunk_by(|one, next| is_letter(one) && is_letter(next)) {
                let ways = match group {
                    [part @ Ast::Group(_)] if opens => branches(part, regex),
                    _ => {
                        let start = group.first().map_or(0, |first| first.span().start.offset);
                        let end = group.last().map_or(start, |last| last.span().end.offset);
                        vec![vec![regex.get(start..end).unwrap_or_default()]]
                    }
                };
                sequences = sequences
                    .iter()
                    .flat_map(|before| ways.iter().map(move |way| [before.as_slice(), way].concat()))
                    .take(MAX_BEGINNINGS)
                    .collect();
            }
            sequences
        }
        other => vec![vec![slice(other)]],
    }
}

/// A term as it is compared.
struct Wanted<'p> {
    written: &'p str,
    folded: String,
    words: usize,
    letters: u32,
    length: usize,
    stem: bool,
}

impl<'p> Wanted<'p> {
    fn new(written: &'p str, stem: bool) -> Self {
        let folded = spaced(&fold_term(written));
        let words = folded.split(' ').count();
        Self { written, words, letters: letters_of(&folded), length: folded.chars().count(), stem, folded }
    }

    /// Letters that it may differ by: a short word a letter away is another word.
    fn most(&self) -> usize {
        match self.length {
            ..5 => 0,
            5..9 => 1,
            _ => 2,
        }
    }
}

fn spaced(folded: &str) -> String {
    folded.split([' ', '-', '_']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Which letters occur, one bit for each of 32 groups: texts that differ by `n` letters differ in at most `2n` bits.
fn letters_of(text: &str) -> u32 {
    text.chars().fold(0, |bits, letter| bits | 1 << (u32::from(letter) % 32))
}

fn by_words(pattern: &Pattern, listing: &Listing) -> Vec<Near> {
    let terms = pattern.terms.iter().map(|term| Wanted::new(term, false));
    let wanted: Vec<Wanted<'_>> =
        terms.chain(pattern.stems.iter().map(|stem| Wanted::new(stem, true))).collect();
    let (mut gaps, mut letters) = (Vec::new(), Vec::new());
    for (field, name, value) in texts(listing) {
        let named = |attribute: &str| {
            pattern.attributes.is_empty()
                || pattern.attributes.iter().any(|one| fold_term(one) == fold_term(attribute))
        };
        if !pattern.fields.contains(&field) || !name.strip_prefix("attributes.").is_none_or(named) {
            continue;
        }
        let folded = Folded::new(value);
        let mut cut = Vec::new();
        words::cut(folded.text(), &mut cut);
        cut.truncate(MAX_WORDS);
        let place = |from: &Word, to: &Word, how, message: String, term: &Wanted<'_>| {
            let span = folded.original_span(from.start as usize..to.end as usize);
            let text = value.get(span.clone()).unwrap_or_default().to_owned();
            let term = Some(term.written.to_owned());
            Near { how, field: name.clone(), text, start: span.start, end: span.end, term, message }
        };
        for term in &wanted {
            if let Some((from, to, between)) = gap(term, folded.text(), &cut) {
                let message = format!("has {between} between the words of {:?}", term.written);
                gaps.push(place(from, to, How::Gap, message, term));
            }
            if let Some((from, to, away)) = letters_away(term, folded.text(), &cut) {
                let letters_word = if away == 1 { "letter" } else { "letters" };
                let message = format!("is {away} {letters_word} away from {:?}", term.written);
                letters.push((
                    away,
                    std::cmp::Reverse(term.length),
                    place(from, to, How::Letters, message, term),
                ));
            }
        }
    }
    letters.sort_by_key(|one| (one.0, one.1));
    gaps.into_iter().chain(letters.into_iter().map(|one| one.2)).collect()
}

/// Where the words of a phrase stand in order with other words between them, and how many.
fn gap<'w>(term: &Wanted<'_>, text: &str, cut: &'w [Word]) -> Option<(&'w Word, &'w Word, String)> {
    if term.words < 2 || term.stem {
        return None;
    }
    let word = |word: &Word| text.get(word.start as usize..word.end as usize).unwrap_or_default();
    let parts: Vec<&str> = term.folded.split(' ').collect();
    let first = parts.first()?;
    for (at, start) in cut.iter().enumerate().filter(|(_, one)| word(one) == *first) {
        let (mut last, mut between) = (at, 0);
        let reached = parts.iter().skip(1).all(|part| {
            let next = cut.iter().skip(last + 1).take(MAX_GAP + 1).position(|one| word(one) == *part);
            next.is_some_and(|skipped| {
                between += skipped;
                last += skipped + 1;
                true
            })
        });
        if reached && between > 0 {
            let words_word = if between == 1 { "word" } else { "words" };
            return cut.get(last).map(|end| (start, end, format!("{between} {words_word}")));
        }
    }
    None
}

/// The words nearest to a term, if they are near at all, and by how many letters they differ.
fn letters_away<'w>(term: &Wanted<'_>, text: &str, cut: &'w [Word]) -> Option<(&'w Word, &'w Word, usize)> {
    let most = term.most();
    if most == 0 || !term.folded.chars().any(char::is_alphabetic) {
        return None;
    }
    let mut best: Option<(&Word, &Word, usize)> = None;
    // A space too many or too few is a letter, too.
    for size in term.words.saturating_sub(1).max(1)..=term.words + 1 {
        for window in cut.windows(size) {
            let (Some(from), Some(to)) = (window.first(), window.last()) else { continue };
            let bytes = (to.end - from.start) as usize;
            if bytes + most < term.folded.len().min(term.length)
                || bytes > 4 * (term.length + most) && !term.stem
            {
                continue;
            }
            let shown = text.get(from.start as usize..to.end as usize).unwrap_or_default();
            let shown: String =
                if term.stem { shown.chars().take(term.length).collect() } else { spaced(shown) };
            let differing = (letters_of(&shown) ^ term.letters).count_ones() as usize;
            if differing > 2 * most || shown.chars().count().abs_diff(term.length) > most {
                continue;
            }
            let away = strsim::osa_distance(&shown, &term.folded);
            if away > 0 && away <= most && best.is_none_or(|(.., least)| away < least) {
                best = Some((from, to, away));
            }
        }
    }
    best
}
