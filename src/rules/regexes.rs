//! What a rule's regular expression must be: it parses, matches something, and compiles within bounds.

use std::ops::Range;

use regex::RegexBuilder;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::translate::TranslatorBuilder;
use regex_syntax::hir::{Hir, HirKind};

use crate::document::code;

/// Longer patterns are lists of words in disguise.
const MAX_BYTES: usize = 4096;
/// Groups inside groups.
const MAX_NESTING: u32 = 50;
/// Bytes of the compiled program. Each `\w` takes some 50 KB; a rule has no use for forty of them.
const MAX_PROGRAM_BYTES: usize = 2 << 20;

/// Regexes of less weight surely fit: a unit of weight takes less than 100 bytes (a test tries the worst).
const LIGHT: usize = MAX_PROGRAM_BYTES / 100;

/// A regex that is sound.
#[derive(Debug)]
pub struct Checked {
    /// Capture groups, the whole match not counted.
    pub groups: usize,
    /// The syntax tree, for lints.
    pub ast: Ast,
    /// Letters in a row that every match must contain.
    pub required: usize,
}

/// Why a regex cannot be used.
#[derive(Debug)]
pub struct Fault {
    /// A code of [`crate::document::code`].
    pub code: &'static str,
    /// Byte range in the pattern.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: Option<&'static str>,
}

/// Checks one regex.
pub fn check(pattern: &str) -> Result<Checked, Fault> {
    let whole = 0..pattern.len();
    if pattern.len() > MAX_BYTES {
        let message = format!("a regex has at most {MAX_BYTES} bytes");
        let help = Some("write words as `terms`; they may be many");
        return Err(Fault { code: code::REGEX_TOO_LARGE, range: whole, message, help });
    }
    let ast = ParserBuilder::new().nest_limit(MAX_NESTING).build().parse(pattern).map_err(|fault| Fault {
        code: code::BAD_REGEX,
        range: range(fault.span()),
        message: format!("this regex does not parse: {}", fault.kind()),
        help: help_for(fault.kind()),
    })?;
    let translate = |case_insensitive| {
        TranslatorBuilder::new().case_insensitive(case_insensitive).build().translate(pattern, &ast)
    };
    let hir = translate(true).map_err(|fault| Fault {
        code: code::BAD_REGEX,
        range: range(fault.span()),
        message: format!("this regex does not parse: {}", fault.kind()),
        help: None,
    })?;
    if hir.properties().minimum_len().is_none_or(|least| least == 0) {
        return Err(Fault {
            code: code::REGEX_MATCHES_NOTHING,
            range: whole,
            message: "this regex matches where nothing stands, so it would occur everywhere".to_owned(),
            help: Some("let at least one letter be required: `+` instead of `*`, or no `?`"),
        });
    }
    if weight(&hir) > LIGHT && compile(pattern).is_err() {
        return Err(Fault {
            code: code::REGEX_TOO_LARGE,
            range: whole,
            message: format!("this regex needs more than {} MiB when compiled", MAX_PROGRAM_BYTES >> 20),
            help: Some("lower the counts in `{…}`, or use plain classes such as [0-9] instead of \\d"),
        });
    }
    let groups = hir.properties().explicit_captures_len();
    // Case folding turns every letter into a class; the letters themselves are what a prefilter looks for.
    let required = translate(false).map_or(0, |hir| required_letters(&hir));
    Ok(Checked { groups, ast, required })
}

/// Compiles the regex as it is written; the form that matching folds it to is never larger.
fn compile(pattern: &str) -> Result<regex::Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(true)
        .size_limit(MAX_PROGRAM_BYTES)
        .nest_limit(MAX_NESTING)
        .build()
}

/// About how many states the compiled program has, never too few: compiling every regex only to measure it would
/// take most of the time of loading.
fn weight(hir: &Hir) -> usize {
    /// A range of a small class takes up to this many states, for the bytes of its characters. Large classes share
    /// theirs: `\w` has 770 ranges and some 400 states.
    const PER_RANGE: usize = 6;
    const LARGE: usize = 64;
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => match class.ranges().len() {
            ranges if ranges > LARGE => ranges,
            ranges => ranges * PER_RANGE,
        },
        HirKind::Class(regex_syntax::hir::Class::Bytes(class)) => class.ranges().len(),
        HirKind::Capture(group) => weight(&group.sub).saturating_add(2),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(1)).max(1);
            weight(&repetition.sub).saturating_add(1).saturating_mul(times as usize)
        }
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(weight).fold(1, |sum, part| sum.saturating_add(part).saturating_add(1))
        }
    }
}

fn range(span: &ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset.max(span.start.offset)
}

fn help_for(kind: &ast::ErrorKind) -> Option<&'static str> {
    match kind {
        ast::ErrorKind::UnsupportedLookAround => {
            Some("write what must not follow as an exception, or with `not` in `when`")
        }
        ast::ErrorKind::UnsupportedBackreference => Some("write the repeated text out"),
        ast::ErrorKind::GroupUnclosed => Some("write `\\(` for a parenthesis, or close the group with `)`"),
        ast::ErrorKind::GroupUnopened => Some("write `\\)` for a parenthesis"),
        ast::ErrorKind::RepetitionMissing => Some("write `\\` before a sign that is meant as itself"),
        ast::ErrorKind::ClassUnclosed => Some("write `\\[` for a bracket, or close the class with `]`"),
        ast::ErrorKind::EscapeUnrecognized => {
            Some("in a TOML string between '…' a backslash is written once")
        }
        _ => None,
    }
}

/// The longest run of letters that every match contains. A class of a few letters counts as one letter, because
/// a search can try them all.
fn required_letters(hir: &Hir) -> usize {
    const FEW: usize = 8;
    let one_of_few = |hir: &Hir| match hir.kind() {
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
            class.iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum::<usize>() <= FEW
        }
        _ => false,
    };
    match hir.kind() {
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().count(),
        HirKind::Capture(group) => required_letters(&group.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required_letters(&repetition.sub),
        HirKind::Alternation(branches) => branches.iter().map(required_letters).min().unwrap_or(0),
        HirKind::Concat(parts) => {
            let (mut longest, mut run) = (0, 0);
            for part in parts {
                run = match part.kind() {
                    HirKind::Literal(_) => run + required_letters(part),
                    HirKind::Class(_) if one_of_few(part) => run + 1,
                    HirKind::Look(_) => run,
                    _ => {
                        longest = longest.max(required_letters(part));
                        0
                    }
                };
                longest = longest.max(run);
            }
            longest
        }
        HirKind::Class(_) => usize::from(one_of_few(hir)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{LIGHT, check, compile, weight};
    use crate::document::code;

    #[test]
    fn what_is_light_compiles() {
        let mut light = 0;
        for part in [
            "a",
            "é",
            "ß",
            "伟",
            r"\w",
            r"\d",
            r"\pL",
            "[à-ýα-ω]",
            ".",
            "[^a]",
            "(k)",
            r"\b\w+\b",
            "[[:punct:]€£¥]",
        ] {
            for times in [1, 3, 10, 15, 100, 300, 1000, 1990] {
                let pattern = format!("(?:{part}x){{{times}}}");
                let hir = regex_syntax::ParserBuilder::new()
                    .case_insensitive(true)
                    .build()
                    .parse(&pattern)
                    .unwrap();
                if weight(&hir) <= LIGHT {
                    light += 1;
                    assert!(compile(&pattern).is_ok(), "{pattern}");
                }
            }
        }
        assert!(light > 40, "only {light} were light");
    }

    #[test]
    fn required_letters_are_those_of_every_match() {
        for (pattern, required) in [
            ("viagra", 6),
            (r"\d+ ?mg", 2),
            (r"(?:mg|ml)", 2),
            (r"(?:mg|l)", 1),
            (r"vi\w*agra", 4),
            (r"b[oö]ok", 4),
            (r"(?:book)+", 4),
            (r"(?:book)?x", 1),
            (r"\w+", 0),
            (r"\bbook\b", 4),
        ] {
            assert_eq!(check(pattern).unwrap().required, required, "{pattern}");
        }
    }

    #[test]
    fn heavy_and_empty_ones_are_refused() {
        for (pattern, expected) in [
            (r"\w{900}", code::REGEX_TOO_LARGE),
            (r"((a{100}){100}){100}", code::REGEX_TOO_LARGE),
            ("a*", code::REGEX_MATCHES_NOTHING),
            (r"\b", code::REGEX_MATCHES_NOTHING),
            ("(", code::BAD_REGEX),
            (r"(?<=a)b", code::BAD_REGEX),
        ] {
            assert_eq!(check(pattern).unwrap_err().code, expected, "{pattern}");
        }
    }
}
