//! Mistakes that one sound rule may still hold. Each lint is here because authors make the mistake; docs/rules.md says
//! what it catches.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use regex_syntax::ast::{AssertionKind, Ast};

use super::terms::{self, Place};
use crate::document::{Document, Located, Problem, code};
use crate::normalise::is_unbounded;
use crate::rules::load::TypedRule;
use crate::rules::model::{Bound, Condition, Fold, Status};
use crate::rules::regexes;
use crate::rules::taxonomy::Taxonomy;
use crate::rules::written::WrittenPattern;
use crate::workbench::inclusion::{FoldedPattern, Inclusion};
use crate::workbench::truth::{self, Facts};

/// A substring of so few letters occurs in innocent words.
const SHORT_TERM_CHARS: usize = 4;
/// A regex whose matches need fewer letters than this in a row is tried on every listing.
const MIN_REQUIRED_LETTERS: usize = 2;
/// Branches of one condition that are examined by themselves.
const MAX_BRANCHES: usize = 50;

/// What a rule's lints compare with.
#[derive(Debug)]
pub(super) struct Surroundings<'s> {
    pub(super) taxonomy: &'s Taxonomy,
    pub(super) today: Option<Date>,
    pub(super) has_rates: bool,
    /// The folded terms and stems of lists.
    pub(super) lists: HashMap<&'s str, ListWords>,
}

/// The words of a list as matching compares them.
#[derive(Debug, Default)]
pub(super) struct ListWords {
    pub(super) terms: HashSet<String>,
    pub(super) stems: HashSet<String>,
}

/// One rule under lint.
pub(super) struct Linted<'r> {
    pub(super) typed: &'r TypedRule,
    /// Its patterns, then those of its exceptions.
    pub(super) folded: &'r [FoldedPattern<'r>],
}

/// Looks at one sound rule.
pub(super) fn lint(
    document: &Document<'_>,
    linted: &Linted<'_>,
    surroundings: &Surroundings<'_>,
) -> Vec<Problem> {
    let typed = linted.typed;
    let inclusion = Inclusion::new(&linted.folded.iter().collect::<Vec<_>>());
    let facts = Facts { inclusion, langs: &typed.rule.langs, markets: &typed.rule.markets };
    let mut found = Vec::new();
    let patterns = typed.written.patterns.iter();
    for pattern in patterns.chain(typed.written.exceptions.iter().map(|one| &one.pattern)) {
        lint_pattern(document, pattern, surroundings, &mut found);
    }
    lint_cost(typed, &facts, &mut found);
    lint_condition(document, typed, &facts, &mut found);
    lint_exceptions(typed, &facts, surroundings.today, &mut found);
    lint_status(typed, surroundings, &mut found);
    found
}

fn lint_pattern(
    document: &Document<'_>,
    written: &WrittenPattern,
    surroundings: &Surroundings<'_>,
    found: &mut Vec<Problem>,
) {
    let is_exact = written.fold == Fold::Exact;
    let lists = || written.lists.iter().filter_map(|name| surroundings.lists.get(name.value.as_str()));
    let listed = |words: fn(&ListWords) -> &HashSet<String>| -> HashSet<String> {
        if is_exact { HashSet::new() } else { lists().flat_map(words).cloned().collect() }
    };
    let (terms, stems) = (listed(|list| &list.terms), listed(|list| &list.stems));
    let place = |listed| Place { is_folded: !is_exact, is_exact, listed: Some(listed) };
    found.extend(terms::lint(document, &written.terms, place(&terms)));
    found.extend(terms::lint(document, &written.stems, place(&stems)));
    found.extend(short_words(written));
    for regex in &written.regexes {
        found.extend(terms::letters(document, regex, false));
        let Ok(checked) = regexes::check(&regex.value) else { continue };
        lint_regex(document, regex, &checked, found);
    }
}

/// Terms that are found inside of words, and stems, of so few letters that innocent words hold them. Chinese, Japanese
/// and Thai words are short, and have no boundary to ask for.
fn short_words(written: &WrittenPattern) -> Vec<Problem> {
    let is_short = |word: &&Located<String>| {
        word.value.chars().count() < SHORT_TERM_CHARS && !word.value.chars().any(is_unbounded)
    };
    let terms = written.terms.iter().filter(|_| written.bound == Bound::None).filter(is_short).map(|term| {
        let letters = term.value.chars().count();
        let what =
            if letters == 1 { "this letter is".to_owned() } else { format!("these {letters} letters are") };
        let message = format!("with `bound = \"none\"`, {what} found inside of words");
        Problem::warning(code::SHORT_TERM, term.span.clone(), message)
            .help("write `bound = \"word\"`, or a longer term")
    });
    let stems = written.stems.iter().filter(is_short).map(|stem| {
        let what = match stem.value.chars().count() {
            1 => "this letter".to_owned(),
            letters => format!("these {letters} letters"),
        };
        let message = format!("many words begin with {what}");
        Problem::warning(code::SHORT_TERM, stem.span.clone(), message)
            .help("write a longer stem, or the words themselves as `terms`")
    });
    terms.chain(stems).collect()
}

fn lint_regex(
    document: &Document<'_>,
    regex: &Located<String>,
    checked: &regexes::Checked,
    found: &mut Vec<Problem>,
) {
    let span = |ast: &Ast| document.inside(regex, ast.span().start.offset..ast.span().end.offset);
    if let Ast::Alternation(alternation) = &checked.ast
        && let Some(branch) = lonely_anchor(&alternation.asts)
    {
        let problem =
            Problem::warning(code::ANCHOR_BINDS_ONE, span(branch), "this anchor binds one branch, not all")
                .help("put the branches in a group: `\\b(?:one|other)\\b`");
        found.push(problem);
    }
    if let Some(boundary) = boundary_beside_unspaced(&checked.ast) {
        let message = "there are no word boundaries inside of a text without spaces";
        let problem = Problem::warning(code::BOUNDARY_BESIDE_CJK, span(boundary), message)
            .help("leave `\\b` out, or write the word as a term: `bound = \"auto\"` knows the script");
        found.push(problem);
    }
    if is_list_of_words(&checked.ast) {
        let problem =
            Problem::warning(code::REGEX_LISTS_WORDS, regex.span.clone(), "this regex only lists words")
                .help("write them as `terms = [\"…\"]`: faster, easier to read, and folded against disguise");
        found.push(problem);
    }
}

/// A rule is tried on a listing in which something occurs that it needs. Where it may need nothing but a regex
/// without letters, it is tried on all.
fn lint_cost(typed: &TypedRule, facts: &Facts<'_>, found: &mut Vec<Problem>) {
    let is_costly = |regex: &&Located<String>| {
        regexes::check(&regex.value).is_ok_and(|checked| checked.required < MIN_REQUIRED_LETTERS)
    };
    let mut costly = Vec::new();
    let mut parts = vec![typed.rule.when.clone()];
    for (place, pattern) in typed.written.patterns.iter().enumerate() {
        let before = costly.len();
        costly.extend(pattern.regexes.iter().filter(is_costly));
        if costly.len() == before {
            parts.push(not(Condition::Pattern(place)));
        }
    }
    if costly.is_empty() || truth::can_hold(&Condition::And(parts), facts) != Some(true) {
        return;
    }
    for regex in costly {
        let message = "this regex needs no two letters in a row, and the rule needs nothing else";
        let problem = Problem::warning(code::NO_REQUIRED_LITERAL, regex.span.clone(), message)
            .label("tried on every listing")
            .help("write out what always stands beside it, such as the unit: `\\d+ ?mg`; or require a pattern of terms");
        found.push(problem);
    }
}

fn not(condition: Condition) -> Condition {
    Condition::Not(Box::new(condition))
}

/// The outer branch that alone has an anchor on its outer side, while no other branch has one at either end:
/// `\bone|other`, `one|other\b`, or both in `\bone|other\b`. Branches with anchors of their own are meant so.
fn lonely_anchor(branches: &[Ast]) -> Option<&Ast> {
    let starts = |ast: &Ast| matches!(parts(ast).first(), Some(Ast::Assertion(_)));
    let ends = |ast: &Ast| matches!(parts(ast).last(), Some(Ast::Assertion(_)));
    let bare = |ast: &Ast| !starts(ast) && !ends(ast);
    let [first, middle @ .., last] = branches else { return None };
    if !middle.iter().all(bare) {
        return None;
    }
    match (starts(first) && !ends(first), ends(last) && !starts(last)) {
        (true, true) => Some(first),
        (true, false) if bare(last) => Some(first),
        (false, true) if bare(first) => Some(last),
        _ => None,
    }
}

fn parts(ast: &Ast) -> &[Ast] {
    match ast {
        Ast::Concat(concat) => &concat.asts,
        other => std::slice::from_ref(other),
    }
}

/// A `\b` directly beside a letter of a script that is written without spaces. Looks through groups; parsing has
/// bounded how deep they go.
fn boundary_beside_unspaced(ast: &Ast) -> Option<&Ast> {
    let is_boundary = |ast: &Ast| {
        matches!(ast, Ast::Assertion(assertion) if matches!(
            assertion.kind,
            AssertionKind::WordBoundary | AssertionKind::WordBoundaryStart | AssertionKind::WordBoundaryEnd
        ))
    };
    let is_letter = |ast: &Ast| matches!(ast, Ast::Literal(literal) if is_unbounded(literal.c));
    match ast {
        Ast::Concat(concat) => concat
            .asts
            .windows(2)
            .find_map(|pair| match pair {
                [a, b] if is_boundary(a) && is_letter(b) => Some(a),
                [a, b] if is_letter(a) && is_boundary(b) => Some(b),
                _ => None,
            })
            .or_else(|| concat.asts.iter().find_map(boundary_beside_unspaced)),
        Ast::Alternation(alternation) => alternation.asts.iter().find_map(boundary_beside_unspaced),
        Ast::Group(group) => boundary_beside_unspaced(&group.ast),
        Ast::Repetition(repetition) => boundary_beside_unspaced(&repetition.ast),
        _ => None,
    }
}

/// An alternation of plain words, perhaps in a group between word boundaries; or one plain word.
fn is_list_of_words(ast: &Ast) -> bool {
    let inner: Vec<&Ast> = parts(ast).iter().filter(|part| !matches!(part, Ast::Assertion(_))).collect();
    let is_word = |ast: &Ast| {
        let letters = parts(ast);
        letters.len() > 1 && letters.iter().all(|part| matches!(part, Ast::Literal(_)))
    };
    match inner.as_slice() {
        [Ast::Alternation(branches)] => branches.asts.iter().all(is_word),
        [Ast::Group(group)] => {
            matches!(&*group.ast, Ast::Alternation(branches) if branches.asts.iter().all(is_word))
        }
        letters => letters.len() > 1 && letters.iter().all(|part| matches!(part, Ast::Literal(_))),
    }
}

fn lint_condition(document: &Document<'_>, typed: &TypedRule, facts: &Facts<'_>, found: &mut Vec<Problem>) {
    let (written, rule) = (&typed.written, &typed.rule);
    let span = written.when.span.clone();
    found.extend(typed.parsed.warnings.iter().map(|warning| {
        let inside = |span| document.inside(&written.when, span);
        let mut warning = Problem { span: inside(warning.span.clone()), ..warning.clone() };
        warning.fix.iter_mut().for_each(|edit| edit.span = inside(edit.span.clone()));
        warning
    }));
    let can_hold = truth::can_hold(&rule.when, facts);
    if truth::can_hold(&not(rule.when.clone()), facts) == Some(false) {
        let problem = Problem::warning(code::ALWAYS_TRUE, span, "this condition holds for every listing")
            .help("look for an `or` that should be an `and`, or a `not` too many");
        found.push(problem);
    } else if can_hold == Some(false) {
        let problem = Problem::warning(code::NEVER_TRUE, span, "this condition never holds")
            .help("something is required and excluded at once");
        found.push(problem);
    } else {
        let none = (0..rule.patterns.len()).map(|place| not(Condition::Pattern(place)));
        let without = Condition::And(std::iter::once(rule.when.clone()).chain(none).collect());
        if !rule.class.starts_with("information.") && truth::can_hold(&without, facts) == Some(true) {
            let message = "this condition can hold for a listing in which no pattern occurs";
            let problem = Problem::warning(code::NEEDS_NO_PATTERN, span, message)
                .help("join it with a pattern that must occur: `drug and (…)`");
            found.push(problem);
        }
        let branches = typed.parsed.branches.iter().take(MAX_BRANCHES);
        if let Some((range, _)) =
            branches.into_iter().find(|(_, branch)| truth::can_hold(branch, facts) == Some(false))
        {
            let span = document.inside(&written.when, range.clone());
            let problem = Problem::warning(code::NEVER_TRUE, span, "this branch never holds")
                .help("something is required and excluded at once");
            found.push(problem);
        }
    }
    let mut named = vec![false; rule.patterns.len()];
    let unless = rule.exceptions.iter().flat_map(|exception| exception.unless.iter().copied());
    for place in named_patterns(&rule.when).into_iter().chain(unless) {
        if let Some(is_named) = named.get_mut(place) {
            *is_named = true;
        }
    }
    for (pattern, _) in written.patterns.iter().zip(named).filter(|(_, is_named)| !is_named) {
        let name = &pattern.name;
        let message = format!("nothing asks for pattern `{}`", name.value);
        let problem = Problem::warning(code::UNUSED_PATTERN, name.span.clone(), message)
            .help("name it in `when`, or remove it");
        found.push(problem);
    }
}

fn named_patterns(condition: &Condition) -> Vec<usize> {
    match condition {
        Condition::Pattern(place) | Condition::Count { pattern: place, .. } => vec![*place],
        Condition::Near { a, b, .. } => vec![*a, *b],
        Condition::AtLeast { of, .. } => of.clone(),
        Condition::Not(inner) => named_patterns(inner),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().flat_map(named_patterns).collect(),
        _ => Vec::new(),
    }
}

fn lint_exceptions(typed: &TypedRule, facts: &Facts<'_>, today: Option<Date>, found: &mut Vec<Problem>) {
    let rule = &typed.rule;
    for (number, (written, exception)) in typed.written.exceptions.iter().zip(&rule.exceptions).enumerate() {
        let name = &written.pattern.name;
        let applies = super::applies(rule.patterns.len() + number, exception, 0);
        let with = |part: Condition| truth::can_hold(&Condition::And(vec![rule.when.clone(), part]), facts);
        if with(applies.clone()) == Some(false) && truth::can_hold(&rule.when, facts) == Some(true) {
            let message = format!("exception `{}` can never let a hit off", name.value);
            let help = "`when` requires what `unless` names, or excludes what the exception looks for: every hit is kept";
            found.push(Problem::warning(code::IDLE_EXCEPTION, name.span.clone(), message).help(help));
        } else if with(not(applies)) == Some(false) {
            let message = format!("exception `{}` lets every hit off", name.value);
            let help = "it looks for what the rule itself requires; take those words out of the exception";
            found.push(Problem::warning(code::EXCEPTION_TAKES_ALL, name.span.clone(), message).help(help));
        }
        if let (Some(until), Some(today)) = (&written.until, today)
            && until.value < today
        {
            let message = format!("exception `{}` was to be looked at again by now", name.value);
            let problem = Problem::warning(code::EXPIRED_EXCEPTION, until.span.clone(), message)
                .help("see whether it still lets the right offers off; then write a later day, or remove it");
            found.push(problem);
        }
    }
}

fn lint_status(typed: &TypedRule, surroundings: &Surroundings<'_>, found: &mut Vec<Problem>) {
    let (written, rule) = (&typed.written, &typed.rule);
    let status = written.status.span.clone();
    let runs = matches!(rule.status, Status::Trial | Status::Active);
    let flags = rule.tests.iter().any(|test| test.flag);
    let passes = rule.tests.iter().any(|test| !test.flag);
    if runs && !(flags && passes) {
        let lacks = match (flags, passes) {
            (false, false) => "no tests",
            (false, true) => "no test with `flag`",
            _ => "no test with `pass`",
        };
        let problem =
            Problem::warning(code::NO_TESTS, status.clone(), format!("this rule runs and has {lacks}")).help(
                "write [[test]] with an offer that it must flag, and one with a near miss that must pass",
            );
        found.push(problem);
    }
    if let Some(reason) = &typed.unmeasured {
        let problem =
            Problem::warning(code::UNMEASURED, status, format!("this rule runs as a trial: {reason}"));
        found.push(problem.help("write `status = \"trial\"` until it has been measured"));
    }
    if rule.status == Status::Active {
        let class = surroundings.taxonomy.classes.get(&rule.class);
        if class.is_some_and(|class| class.legal_basis.is_empty()) {
            let message = format!("class `{}` names no law that such an offer breaks", rule.class);
            let problem =
                Problem::warning(code::NO_LEGAL_BASIS, written.class.span.clone(), message).help(format!(
                    "add [[class.\"{}\".legal_basis]] to taxonomy.toml before officers act on it",
                    rule.class
                ));
            found.push(problem);
        }
    }
    if !surroundings.has_rates && compares_prices(&rule.when) {
        let message = "this rule compares prices in euro, and there is no rates.toml";
        let problem = Problem::warning(code::NO_RATES, written.when.span.clone(), message)
            .help("add rules/rates.toml; until then only prices in euro are compared");
        found.push(problem);
    }
}

fn compares_prices(condition: &Condition) -> bool {
    match condition {
        Condition::PriceEur { .. } => true,
        Condition::Not(inner) => compares_prices(inner),
        Condition::And(parts) | Condition::Or(parts) => parts.iter().any(compares_prices),
        _ => false,
    }
}
