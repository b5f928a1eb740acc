//! `caveat rules explain`

use std::io::{self, Write};

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::listing;
use crate::cli::arguments::RuleChoice;
use crate::cli::arguments::workbench::{Explain, RulesFolder};
use crate::cli::exit::{Failure, Outcome};
use crate::cli::measure::open_rules;
use crate::cli::shell::Shell;
use crate::cli::terminal::{
    BAD, BOLD, DIM, GOOD, WARN, harmless, harmless_cut, json_line, out, severity_style, styled,
};
use crate::document::nearest;
use crate::listing::Listing;
use crate::rules::load::Loaded;
use crate::rules::model::Rule;
use crate::workbench::explain::{self, Clause, Explanation, Join, Mark, PatternSeen, Text, explain};

/// Columns of text that are shown before a line is broken.
const WIDTH: usize = 96;
/// Characters shown around what was found.
const AROUND: usize = 32;

pub(super) fn run(shell: &Shell, arguments: &Explain) -> Outcome {
    let (loaded, _, exit) = open_rules(shell, &of_folder(&arguments.folder))?;
    let rule = find_rule(&loaded, &arguments.rule)?;
    let (listing, market) = listing::find(shell, rule, &arguments.listing)?;
    let market = arguments.market.clone().or(market);
    let explanation = explain(&loaded.set, rule, &listing, market.as_deref());
    let mut out = out();
    if shell.global.json {
        writeln!(out, "{}", json_line(&explanation)?)?;
        return Ok(exit);
    }
    head(&mut out, &loaded, rule, &listing)?;
    outcome(&mut out, rule, &explanation)?;
    writeln!(out)?;
    for text in explanation.texts.iter().filter(|text| text.field == "title" || !text.marks.is_empty()) {
        show_text(&mut out, text)?;
    }
    writeln!(out, "\n{}", styled("condition", DIM))?;
    show_clause(&mut out, &explanation.condition, 1, false)?;
    show_exceptions(&mut out, &explanation)?;
    Ok(exit)
}

/// All rules of a folder, or of the usual one.
pub(super) fn of_folder(folder: &RulesFolder) -> RuleChoice {
    let what = folder.rules.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    RuleChoice { what, rule: Vec::new() }
}

/// The rule with this id, or the only one whose id begins so.
pub(super) fn find_rule<'l>(loaded: &'l Loaded, id: &str) -> Result<&'l Rule, Failure> {
    let rules = &loaded.set.rules;
    if let Some(rule) = rules.iter().find(|rule| rule.id == id) {
        return Ok(rule);
    }
    let mut starting = rules.iter().filter(|rule| rule.id.starts_with(id));
    if let (Some(rule), None) = (starting.next(), starting.next()) {
        return Ok(rule);
    }
    let several: Vec<&str> =
        rules.iter().map(|rule| rule.id.as_str()).filter(|known| known.starts_with(id)).collect();
    let hint = if !several.is_empty() {
        format!("; {} begin so: {}", several.len(), several.join(", "))
    } else if loaded.broken.iter().any(|broken| broken == id) {
        "; its file has errors: `caveat rules lint`".to_owned()
    } else if loaded.deprecated.iter().any(|one| one.id == id) {
        "; it is deprecated and does not run".to_owned()
    } else {
        nearest(id, rules.iter().map(|rule| rule.id.as_str()))
            .map_or_else(|| "; see `caveat rules list`".to_owned(), |near| format!("; did you mean {near}?"))
    };
    Err(Failure::usage(anyhow::anyhow!("no rule {id:?}{hint}")))
}

fn head(out: &mut impl Write, loaded: &Loaded, rule: &Rule, listing: &Listing) -> io::Result<()> {
    let severity = loaded.set.taxonomy.classes.get(&rule.class).map(|class| class.severity);
    let severity =
        severity.map_or_else(String::new, |severity| styled(severity.name(), severity_style(severity)));
    writeln!(out, "{}  {}  {severity} {}", styled(&rule.id, BOLD), harmless(&rule.title), rule.class)?;
    let price = listing.price.as_ref().map(|price| {
        format!("{} {}", price.amount, price.currency.as_deref().unwrap_or("(currency not stated)"))
    });
    let facts = [
        price,
        listing.language.as_ref().map(|language| format!("language {language}")),
        listing.url.clone(),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().map(|fact| harmless_cut(&fact, 70)).collect();
    if !facts.is_empty() {
        writeln!(out, "{}", styled(facts.join(" · "), DIM))?;
    }
    Ok(())
}

fn outcome(out: &mut impl Write, rule: &Rule, explanation: &Explanation) -> io::Result<()> {
    let undecided = rule.class == crate::verdict::UNDECIDED_CLASS;
    writeln!(out)?;
    match explanation.outcome {
        explain::Outcome::Hit if undecided => {
            writeln!(out, "{} — listed only: hits of this class decide nothing", styled("● HIT", WARN))?;
        }
        explain::Outcome::Hit => {
            writeln!(out, "{} — an officer sees this listing", styled("● FLAGGED", BAD))?;
        }
        explain::Outcome::Suppressed => {
            let name = explanation.suppressed_by.as_deref().unwrap_or_default();
            let why =
                explanation.exceptions.iter().find(|one| one.seen.name == name).map_or("", |one| &one.why);
            let word = styled("○ LET OFF", WARN);
            writeln!(
                out,
                "{word} — the condition holds, but exception {} occurs: {}",
                styled(name, BOLD),
                harmless(why)
            )?;
        }
        explain::Outcome::Elsewhere => {
            let reason = explanation.elsewhere.as_deref().unwrap_or_default();
            let rest = if explanation.condition.holds { "; its condition would hold" } else { "" };
            writeln!(out, "{} — {}{rest}", styled("○ NOT FOR THIS LISTING", WARN), harmless(reason))?;
        }
        explain::Outcome::Miss => {
            writeln!(out, "{} — the condition does not hold", styled("○ NOT FLAGGED", GOOD))?;
        }
    }
    if !explanation.needs.is_empty() {
        let needs: Vec<String> = explanation.needs.iter().map(|need| styled(need, BOLD)).collect();
        writeln!(out, "  it would with {}", needs.join(" and "))?;
    }
    Ok(())
}

fn show_clause(out: &mut impl Write, clause: &Clause, depth: usize, moot: bool) -> io::Result<()> {
    let sign = match (clause.holds, moot) {
        (true, _) => styled("✓", GOOD),
        (false, false) => styled("✗", BAD),
        (false, true) => styled("·", DIM),
    };
    let indent = "  ".repeat(depth);
    let text = match clause.join {
        Join::None => clause.text.clone(),
        Join::And => "all of these".to_owned(),
        Join::Or => "one of these".to_owned(),
        Join::AtLeast(n) => format!("{n} of these"),
        Join::Not => "not".to_owned(),
    };
    let text = if clause.join == Join::None { text } else { styled(text, DIM) };
    let saw = clause.saw.as_deref().map(harmless).unwrap_or_default();
    if saw.is_empty() {
        writeln!(out, "{indent}{sign} {text}")?;
    } else {
        let width = anstream::adapter::strip_str(&text).to_string().width() + indent.len();
        let pad = " ".repeat(26_usize.saturating_sub(width));
        writeln!(out, "{indent}{sign} {text}{pad}  {}", styled(saw, DIM))?;
    }
    // What failed below an `or` that holds is of no consequence.
    let moot = moot || clause.holds;
    for part in &clause.parts {
        show_clause(out, part, depth + 1, moot)?;
    }
    Ok(())
}

fn show_exceptions(out: &mut impl Write, explanation: &Explanation) -> io::Result<()> {
    if explanation.exceptions.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", styled("exceptions", DIM))?;
    let mut silent = Vec::new();
    for exception in &explanation.exceptions {
        let PatternSeen { name, matches, near } = &exception.seen;
        if let Some(first) = matches.first() {
            let text = harmless_cut(&first.text, 40);
            let kept = if exception.kept_by.is_empty() {
                styled(format_args!("lets it off: {}", harmless(&exception.why)), WARN)
            } else {
                format!("but not where {} occurs", exception.kept_by.join(" or "))
            };
            writeln!(out, "  {} {name}  “{text}” in {}; {kept}", styled("●", WARN), harmless(&first.field))?;
        } else if let Some(first) = near.first() {
            let text = harmless_cut(&first.text, 40);
            let line = format!("“{text}” in {} {}", harmless(&first.field), harmless(&first.message));
            writeln!(out, "  {} {name}  {}", styled("·", DIM), styled(line, DIM))?;
        } else {
            silent.push(name.as_str());
        }
    }
    if !silent.is_empty() {
        writeln!(out, "  {} {}", styled("do not occur:", DIM), styled(silent.join(", "), DIM))?;
    }
    Ok(())
}

/// A text with what was found in it underlined: `^` for matches, `~` for what is nearly one.
fn show_text(out: &mut impl Write, text: &Text) -> io::Result<()> {
    let name = harmless_cut(&text.field, 24);
    let mut lead = styled(format_args!("{name:<13}"), DIM);
    for stretch in stretches(text) {
        let (shown, under) = underlined(text, &stretch);
        writeln!(out, "{lead} {shown}")?;
        if !under.trim().is_empty() {
            writeln!(out, "{:<13} {under}", "")?;
        }
        lead = styled(format_args!("{:<13}", ""), DIM);
    }
    Ok(())
}

/// The parts of a text that are shown, in bytes: what was found and what stands around it, in lines of some width.
fn stretches(text: &Text) -> Vec<std::ops::Range<usize>> {
    let value = text.text.as_str();
    let back = |from: usize| {
        let before = value.get(..from).unwrap_or_default();
        before.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at)
    };
    let ahead = |from: usize| {
        let after = value.get(from..).unwrap_or_default();
        after.char_indices().nth(AROUND).map_or(value.len(), |(at, _)| from + at)
    };
    let mut parts: Vec<std::ops::Range<usize>> = Vec::new();
    for mark in &text.marks {
        let (start, end) = (back(mark.start), ahead(mark.end));
        match parts.last_mut() {
            Some(last) if start <= last.end && end - last.start <= 2 * WIDTH => last.end = last.end.max(end),
            last => {
                let free = last.map_or(0, |last| last.end);
                parts.push(start.max(free)..end.max(free));
            }
        }
    }
    if parts.is_empty() {
        parts.push(0..value.char_indices().nth(WIDTH).map_or(value.len(), |(at, _)| at));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn underlined(text: &Text, stretch: &std::ops::Range<usize>) -> (String, String) {
    let value = text.text.as_str();
    let (mut shown, mut under) = (String::new(), String::new());
    if stretch.start > 0 {
        shown.push_str("… ");
        under.push_str("  ");
    }
    let part = value.get(stretch.clone()).unwrap_or_default();
    let mut run: (Option<bool>, String) = (None, String::new());
    let flush = |run: &mut (Option<bool>, String), shown: &mut String| {
        let style = match run.0 {
            None => Style::new(),
            Some(false) => Style::new().bold().invert(),
            Some(true) => WARN.underline(),
        };
        shown.push_str(&styled(&run.1, style));
        run.1.clear();
    };
    for (at, letter) in part.char_indices() {
        let at = stretch.start + at;
        let kind = kind_at(&text.marks, at);
        if kind != run.0 {
            flush(&mut run, &mut shown);
            run.0 = kind;
        }
        let visible = if letter == '\n' { " ".to_owned() } else { harmless(letter.encode_utf8(&mut [0; 4])) };
        let sign = match kind {
            None => " ",
            Some(false) => "^",
            Some(true) => "~",
        };
        under.push_str(&sign.repeat(visible.width()));
        run.1.push_str(&visible);
    }
    flush(&mut run, &mut shown);
    if stretch.end < value.len() {
        shown.push_str(" …");
    }
    let under = under.trim_end().to_owned();
    (shown, styled(under, DIM))
}

/// Whether a byte belongs to a match (`Some(false)`), to what is nearly one (`Some(true)`), or to neither.
fn kind_at(marks: &[Mark], at: usize) -> Option<bool> {
    let mut covering = marks.iter().filter(|mark| mark.start <= at && at < mark.end).map(|mark| mark.near);
    let first = covering.next()?;
    Some(first && covering.all(|near| near))
}
