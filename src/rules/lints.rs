//! Mistakes that a sound rule may still hold. Each lint is here because authors make the mistake; docs/rules.md
//! says what it catches. Lints that need folding stand in `workbench::lint`.

use jiff::civil::Date;
use regex_syntax::ast::{AssertionKind, Ast};

use super::common;
use super::meaning::Meant;
use super::model::{Bound, Condition, Pattern, Rule, Status};
use super::regexes;
use super::taxonomy::Taxonomy;
use super::terms;
use super::truth;
use super::written::{WrittenPattern, WrittenRule};
use crate::document::{Document, Located, Problem, code};

/// A substring of so few letters occurs in innocent words.
const SHORT_TERM_CHARS: usize = 4;
/// A regex whose matches need fewer letters than this in a row is tried on every listing.
const MIN_REQUIRED_LETTERS: usize = 2;

/// Branches of one condition that are examined by themselves.
const MAX_BRANCHES: usize = 50;

/// What lints compare with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) taxonomy: &'s Taxonomy,
    pub(super) today: Option<Date>,
    pub(super) has_rates: bool,
}

/// Looks at one sound rule and reports what its author does not allow.
pub(super) fn lint(
    document: &Document<'_>,
    written: &WrittenRule,
    meant: &Meant,
    surroundings: Surroundings<'_>,
) {
    let mut found = Vec::new();
    for (pattern, resolved) in written.patterns.iter().zip(&meant.rule.patterns) {
        lint_pattern(document, pattern, resolved, &mut found);
    }
    for (exception, resolved) in written.exceptions.iter().zip(&meant.rule.exceptions) {
        lint_pattern(document, &exception.pattern, &resolved.pattern, &mut found);
    }
    lint_cost(written, meant, &mut found);
    lint_condition(document, written, meant, &mut found);
    lint_exceptions(written, meant, surroundings.today, &mut found);
    lint_status(written, &meant.rule, surroundings, &mut found);
    common::report_lints(document, found, &written.allow);
}

fn lint_pattern(
    document: &Document<'_>,
    written: &WrittenPattern,
    resolved: &Pattern,
    found: &mut Vec<Problem>,
) {
    found.extend(terms::lint(&written.terms));
    found.extend(terms::lint(&written.stems));
    if resolved.bound == Bound::None {
        for term in &written.terms {
            // Chinese, Japanese, Korean and Thai words are short, and have no boundary to ask for.
            let letters = term.value.chars().count();
            if letters < SHORT_TERM_CHARS && !term.value.chars().any(is_unspaced) {
                let message =
                    format!("with `bound = \"none\"`, these {letters} letters are found inside of words");
                let problem = Problem::warning(code::SHORT_TERM, term.span.clone(), message)
                    .help("write `bound = \"word\"`, or a longer term");
                found.push(problem);
            }
        }
    }
    for regex in &written.regexes {
        found.extend(terms::lint_letters(regex));
        let Ok(checked) = regexes::check(&regex.value) else { continue };
        lint_regex(document, regex, &checked, found);
    }
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
fn lint_cost(written: &WrittenRule, meant: &Meant, found: &mut Vec<Problem>) {
    let is_costly = |regex: &Located<String>| {
        regexes::check(&regex.value).is_ok_and(|checked| checked.required < MIN_REQUIRED_LETTERS)
    };
    let mut costly = Vec::new();
    let mut searchable = Vec::new();
    for (place, pattern) in written.patterns.iter().enumerate() {
        let before = costly.len();
        costly.extend(pattern.regexes.iter().filter(|regex| is_costly(regex)));
        if costly.len() == before {
            searchable.push(place);
        }
    }
    if costly.is_empty() || truth::can_hold_without(&meant.rule.when, &searchable) != Some(true) {
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
    let is_letter = |ast: &Ast| matches!(ast, Ast::Literal(literal) if is_unspaced(literal.c));
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

/// Letters of scripts that are written without spaces: Thai, Lao, Khmer, Myanmar, kana, Han.
fn is_unspaced(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
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

fn lint_condition(document: &Document<'_>, written: &WrittenRule, meant: &Meant, found: &mut Vec<Problem>) {
    let span = written.when.span.clone();
    found.extend(meant.parsed.warnings.iter().map(|warning| Problem {
        span: document.inside(&written.when, warning.span.clone()),
        ..warning.clone()
    }));
    if let Some(truth) = truth::examine(&meant.rule.when) {
        if !truth.can_fail {
            let problem = Problem::warning(code::ALWAYS_TRUE, span, "this condition holds for every listing")
                .help("look for an `or` that should be an `and`, or a `not` too many");
            found.push(problem);
        } else if !truth.can_hold {
            let problem = Problem::warning(code::NEVER_TRUE, span, "this condition never holds")
                .help("something is required and excluded at once");
            found.push(problem);
        } else if truth.holds_without_patterns && !written.class.value.starts_with("information.") {
            let message = "this condition can hold for a listing in which no pattern occurs";
            let problem = Problem::warning(code::NEEDS_NO_PATTERN, span, message)
                .help("join it with a pattern that must occur: `drug and (…)`");
            found.push(problem);
        }
    }
    for (range, branch) in meant.parsed.branches.iter().take(MAX_BRANCHES) {
        if truth::examine(branch).is_some_and(|truth| !truth.can_hold)
            && !found.iter().any(|problem| problem.code == code::NEVER_TRUE)
        {
            let span = document.inside(&written.when, range.clone());
            let problem = Problem::warning(code::NEVER_TRUE, span, "this branch never holds")
                .help("something is required and excluded at once");
            found.push(problem);
        }
    }
    let mut named = vec![false; meant.rule.patterns.len()];
    let unless = meant.rule.exceptions.iter().flat_map(|exception| exception.unless.iter().copied());
    for place in named_patterns(&meant.rule.when).into_iter().chain(unless) {
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

fn lint_exceptions(written: &WrittenRule, meant: &Meant, today: Option<Date>, found: &mut Vec<Problem>) {
    for (typed, exception) in written.exceptions.iter().zip(&meant.rule.exceptions) {
        let name = &typed.pattern.name;
        if !exception.unless.is_empty()
            && truth::can_hold_without(&meant.rule.when, &exception.unless) == Some(false)
        {
            let message = format!("exception `{}` can never let a hit off", name.value);
            let problem = Problem::warning(code::IDLE_EXCEPTION, name.span.clone(), message)
                .help("`when` requires what `unless` names, so every hit is kept; remove it from `unless`");
            found.push(problem);
        }
        if let (Some(until), Some(today)) = (&typed.until, today)
            && until.value < today
        {
            let message = format!("exception `{}` was to be looked at again by now", name.value);
            let problem = Problem::warning(code::EXPIRED_EXCEPTION, until.span.clone(), message)
                .help("see whether it still lets the right offers off; then write a later day, or remove it");
            found.push(problem);
        }
    }
}

fn lint_status(written: &WrittenRule, rule: &Rule, surroundings: Surroundings<'_>, found: &mut Vec<Problem>) {
    let status = written.status.span.clone();
    let runs = matches!(written.status.value, Status::Trial | Status::Active);
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
    if written.status.value == Status::Active {
        let problem = Problem::warning(
            code::UNMEASURED,
            status,
            "no rules.lock holds a measurement of this rule, so it runs as a trial",
        );
        found.push(problem.help("write `status = \"trial\"` until it has been measured"));
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
