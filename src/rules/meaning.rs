//! A written rule given its meaning: lists and class looked up, regexes checked, the condition read.

use std::collections::BTreeMap;

use super::common;
use super::condition::{self, Names, Parsed};
use super::lists::List;
use super::model::{Exception, Pattern, Rule};
use super::regexes;
use super::taxonomy_file;
use super::terms::{self, MAX_TERMS};
use super::written::{WrittenException, WrittenPattern, WrittenRule};
use crate::document::{Document, Located, Problem, code};

/// What rules may refer to.
#[derive(Debug)]
pub(super) struct References<'r> {
    pub(super) lists: &'r BTreeMap<String, List>,
    /// Lists that could not be read at all.
    pub(super) broken_lists: &'r [String],
    /// The classes; `None` when there is no readable taxonomy.toml, which is reported once, not for each rule.
    pub(super) taxonomy: Option<&'r taxonomy_file::Read>,
}

/// A rule with what lints want to know besides.
#[derive(Debug)]
pub(super) struct Meant {
    pub(super) rule: Rule,
    pub(super) parsed: Parsed,
}

/// Looks everything up. Faults are reported; the caller leaves the rule out when there were any.
pub(super) fn resolve(
    document: &Document<'_>,
    written: &WrittenRule,
    pack: &str,
    references: &References<'_>,
) -> Option<Meant> {
    if !written.class.is_absent() {
        check_class(document, &written.class, references);
    }
    let patterns: Vec<Pattern> =
        written.patterns.iter().map(|pattern| resolve_pattern(document, pattern, references)).collect();
    let names: Vec<&str> = written.patterns.iter().map(|pattern| pattern.name.value.as_str()).collect();
    let exceptions =
        written.exceptions.iter().map(|one| resolve_exception(document, one, &names, references)).collect();
    let parsed = if written.when.is_absent() { None } else { read_condition(document, written, &names) }?;
    let rule = Rule {
        id: written.id.value.clone(),
        title: written.title.clone(),
        status: written.status.value,
        class: written.class.value.clone(),
        pack: pack.to_owned(),
        langs: written.langs.clone(),
        markets: written.markets.clone(),
        patterns,
        when: parsed.condition.clone(),
        exceptions,
        bar_precision: written.bar_precision,
        tests: written.tests.clone(),
    };
    Some(Meant { rule, parsed })
}

fn read_condition(document: &Document<'_>, written: &WrittenRule, names: &[&str]) -> Option<Parsed> {
    let exceptions: Vec<&str> =
        written.exceptions.iter().map(|one| one.pattern.name.value.as_str()).collect();
    // A name that cannot be one has been reported; the condition rightly uses what it should be.
    let usable: Vec<String> = names.iter().map(|name| common::usable_name(name)).collect();
    let names: Vec<&str> = names
        .iter()
        .zip(&usable)
        .map(|(name, usable)| if written.when.value.contains(*name) { *name } else { usable.as_str() })
        .chain(written.misread.iter().map(String::as_str))
        .collect();
    match condition::parse(&written.when.value, Names { patterns: &names, exceptions: &exceptions }) {
        Ok(parsed) => Some(parsed),
        Err(problems) => {
            for problem in problems {
                report_inside(document, &written.when, problem);
            }
            None
        }
    }
}

/// Reports a problem whose byte range counts inside a string value.
pub(super) fn report_inside(document: &Document<'_>, value: &Located<String>, problem: Problem) {
    let span = document.inside(value, problem.span.clone());
    document.report(Problem { span, ..problem });
}

fn check_class(document: &Document<'_>, class: &Located<String>, references: &References<'_>) {
    let Some(read) = references.taxonomy else { return };
    let classes = &read.taxonomy.classes;
    if classes.contains_key(&class.value) {
        return;
    }
    let span = class.span.clone();
    let problem = if read.broken.contains(&class.value) {
        Problem::error(code::BROKEN_REFERENCE, span, "this class has errors in taxonomy.toml")
            .help("mend the class; the rule runs then")
    } else {
        let help = match document.nearest(&class.value, classes.keys().map(String::as_str)) {
            Some(name) => format!("did you mean \"{name}\"?"),
            None => family_help(&class.value, classes.keys().map(String::as_str)),
        };
        Problem::error(code::UNKNOWN_CLASS, span, "taxonomy.toml has no such class").help(help)
    };
    document.report(problem);
}

fn family_help<'c>(class: &str, classes: impl Iterator<Item = &'c str>) -> String {
    const MOST: usize = 20;
    let family = class.split('.').next().unwrap_or_default();
    let kin: Vec<&str> = classes.filter(|name| name.split('.').next() == Some(family)).take(MOST).collect();
    if kin.is_empty() {
        "`rules/taxonomy.toml` lists the classes; add the class there, or choose one".to_owned()
    } else {
        format!("classes of this family: {}", kin.join(", "))
    }
}

fn resolve_pattern(
    document: &Document<'_>,
    written: &WrittenPattern,
    references: &References<'_>,
) -> Pattern {
    let mut terms = terms::sound(document, written.terms.clone());
    let mut stems = terms::sound(document, written.stems.clone());
    for name in &written.lists {
        if let Some(list) = references.lists.get(&name.value) {
            terms.extend(list.terms.iter().cloned());
            stems.extend(list.stems.iter().cloned());
        } else {
            report_missing_list(document, name, references);
        }
    }
    if terms.len() + stems.len() > MAX_TERMS {
        let message =
            format!("pattern `{}` has more than {MAX_TERMS} terms with its lists", written.name.value);
        document.report(Problem::error(code::TOO_MANY_TERMS, written.name.span.clone(), message));
    }
    for regex in &written.regexes {
        check_regex(document, regex, written);
    }
    if let Some(number) = &written.number
        && written.regexes.is_empty()
    {
        let problem = Problem::error(code::UNKNOWN_GROUP, number.span.clone(), "`number` without a `regex`")
            .help("a number is captured by a group of a regex: `regex = '(\\d+) ?mg'`");
        document.report(problem);
    }
    Pattern {
        name: written.name.value.clone(),
        terms,
        stems,
        regexes: written.regexes.iter().map(|regex| regex.value.clone()).collect(),
        number: written.number.as_ref().map(|number| number.value.clone()),
        fields: written.fields.clone(),
        attributes: written.attributes.clone(),
        bound: written.bound,
        fold: written.fold,
    }
}

fn report_missing_list(document: &Document<'_>, name: &Located<String>, references: &References<'_>) {
    let span = name.span.clone();
    let problem = if references.broken_lists.contains(&name.value) {
        Problem::error(code::BROKEN_REFERENCE, span, "this list could not be read")
            .help(format!("mend rules/lists/{}.toml; the rule runs then", name.value))
    } else {
        let help = match document.nearest(&name.value, references.lists.keys().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("a list stands in a file of its own: rules/lists/{}.toml", name.value),
        };
        Problem::error(code::UNKNOWN_LIST, span, "there is no such list").help(help)
    };
    document.report(problem);
}

fn check_regex(document: &Document<'_>, regex: &Located<String>, pattern: &WrittenPattern) {
    match regexes::check(&regex.value) {
        Err(fault) => {
            let help = fault.help.map(str::to_owned);
            let problem = Problem::error(fault.code, fault.range, fault.message).maybe_help(help);
            report_inside(document, regex, problem);
        }
        Ok(checked) => {
            if let Some(number) = &pattern.number
                && number.value.group > checked.groups
            {
                let message = format!(
                    "`number` wants group {}, and this regex has {}",
                    number.value.group,
                    match checked.groups {
                        0 => "none".to_owned(),
                        groups => groups.to_string(),
                    }
                );
                let problem = Problem::error(code::UNKNOWN_GROUP, regex.span.clone(), message)
                    .help("put the digits in parentheses: `'(\\d+) ?mg'`");
                document.report(problem);
            }
        }
    }
}

fn resolve_exception(
    document: &Document<'_>,
    written: &WrittenException,
    names: &[&str],
    references: &References<'_>,
) -> Exception {
    let mut unless = Vec::new();
    for name in &written.unless {
        if let Some(place) = names.iter().position(|known| *known == name.value) {
            unless.push(place);
        } else {
            let help = document.nearest(&name.value, names.iter().copied()).map_or_else(
                || format!("its patterns: {}", names.join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            let problem =
                Problem::error(code::UNKNOWN_PATTERN, name.span.clone(), "this rule has no such pattern");
            document.report(problem.help(help));
        }
    }
    Exception {
        pattern: resolve_pattern(document, &written.pattern, references),
        unless,
        why: written.why.clone(),
        until: written.until.as_ref().map(|day| day.value.to_string()),
    }
}
