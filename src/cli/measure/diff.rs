//! `caveat rules diff`

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::super::arguments::measure::{Diff as Arguments, TableFormat};
use super::super::exit::{Exit, Failure, Outcome};
use super::super::report::{markdown, markdown_table};
use super::super::shell::Shell;
use super::super::terminal::{BAD, BOLD, DIM, GOOD, harmless, harmless_cut, json_line, out, styled};
use super::shown::{count, numbers};
use crate::clock::SystemClock;
use crate::finding::Ruling;
use crate::rules::model::RuleSet;
use crate::store::{Inside, Store};
use crate::workbench::corpus::{Corpus, Split};
use crate::workbench::diff::{Change, Cost, Diff, Kind, cost, counts, diff};
use crate::workspace::{RevisionError, Workspace, rules_at};

pub(super) fn run(shell: &Shell, arguments: &Arguments) -> Outcome {
    let workspace = shell.workspace()?;
    let (loaded, chosen, broken) = super::open_rules(shell, &arguments.rules)?;
    // The built-in packs lie in no repository; a revision is looked for where the command was typed.
    let folder = chosen.folder.clone().unwrap_or_else(|| {
        let own = workspace.root.join("rules");
        if own.is_dir() { own } else { PathBuf::from(".") }
    });
    let base = super::load_rules(shell, rules_at(&arguments.base, &folder)?);
    let (corpus, bad) = super::open_corpus(shell, &workspace, &arguments.corpus)?;
    let train = corpus.part(Split::Train);
    // A rule that is gone is no file any more; when all are meant, it is meant, too.
    let all = loaded.set.rules.iter().all(|rule| chosen.has_rule(&rule.id));
    let only = |mut set: RuleSet| {
        set.rules.retain(|rule| all || chosen.has_rule(&rule.id));
        set
    };
    let (old, new) = (only(base.set), only(loaded.set));
    let mut kept = super::open_kept(shell, &workspace, &train);
    let ((old_table, old_faults), (new_table, new_faults)) =
        (kept.measure(&old, &train.entries), kept.measure(&new, &train.entries));
    super::save_kept(shell, &mut kept);
    let mut exit = broken.max(bad);
    for fault in old_faults.iter().chain(&new_faults) {
        shell.problem(format_args!("{}; it is compared as hitting nothing", harmless(&fault.to_string())));
        exit = exit.max(Exit::Usage);
    }
    let found = diff((&old, &old_table), (&new, &new_table), &train.entries);
    let cost = on_kept(shell, &workspace, &old, &new)?;
    let shown = Shown { base: &arguments.base, corpus: &train, diff: &found, cost: cost.as_ref() };
    if shell.global.json {
        shown.json()?;
    } else if arguments.format == Some(TableFormat::Markdown) {
        write!(out(), "{}", shown.markdown(arguments.limit))?;
    } else {
        shown.terminal(arguments.limit)?;
    }
    Ok(exit)
}

/// Judges what crawls kept by both rule sets; `None` where there is no store.
fn on_kept(
    shell: &Shell,
    workspace: &Workspace,
    old: &RuleSet,
    new: &RuleSet,
) -> Result<Option<Cost>, Failure> {
    if matches!(Store::look(&workspace.data), Inside::Nothing | Inside::Other) {
        return Ok(None);
    }
    let store = Store::open_existing(&workspace.data, Arc::new(SystemClock))?;
    let mut unreadable = 0;
    let kept = store.listings(None).filter_map(|kept| {
        unreadable += usize::from(kept.is_err());
        kept.ok().map(|kept| (kept.first_seen, kept.listing))
    });
    let cost = cost(old, new, kept);
    if unreadable > 0 {
        shell.problem(format_args!("{unreadable} kept listings cannot be read; `caveat doctor` says more"));
    }
    Ok(Some(cost))
}

struct Shown<'d> {
    base: &'d str,
    corpus: &'d Corpus,
    diff: &'d Diff,
    cost: Option<&'d Cost>,
}

impl Shown<'_> {
    fn json(&self) -> Result<(), Failure> {
        let mut out = std::io::BufWriter::new(out());
        let mut line = |kind: &str, value: Value| -> Result<(), Failure> {
            let mut head = json!({ "kind": kind, "corpus": self.corpus.hash, "base": self.base });
            if let (Value::Object(head), Value::Object(value)) = (&mut head, value) {
                head.extend(value);
            }
            Ok(writeln!(out, "{}", json_line(&head)?)?)
        };
        for rule in &self.diff.rules {
            line("rule", serde_json::to_value(rule).unwrap_or_default())?;
        }
        for change in &self.diff.listings {
            line("listing", serde_json::to_value(change).unwrap_or_default())?;
        }
        let counts = counts(&self.diff.listings);
        let of = |kind| counts.get(&kind).copied().unwrap_or_default();
        let ways = |(all, better, worse)| json!({ "listings": all, "better": better, "worse": worse });
        let summary = json!({
            "gained": ways(of(Kind::Gained)), "lost": ways(of(Kind::Lost)), "flipped": ways(of(Kind::Flipped)),
            "kept": self.cost,
            "new_hits_a_week": self.cost.and_then(|cost| cost.a_week(cost.new_hits)),
        });
        line("summary", summary)
    }

    fn head(&self) -> String {
        let counts = counts(&self.diff.listings);
        let of = |kind, name: &str| {
            let (all, better, worse) = counts.get(&kind).copied().unwrap_or_default();
            let judged = if all == 0 { String::new() } else { format!(" ({better} better, {worse} worse)") };
            format!("{all} {name}{judged}")
        };
        format!(
            "against {} on {} listings (corpus {}): {}, {}, {}",
            harmless(self.base),
            self.corpus.entries.len(),
            self.corpus.short_hash(),
            of(Kind::Gained, "gained"),
            of(Kind::Lost, "lost"),
            of(Kind::Flipped, "flipped")
        )
    }

    fn cost(&self) -> String {
        let Some(cost) = self.cost else {
            return "no crawl kept listings here, so the cost a week is not known; `caveat crawl` keeps them"
                .to_owned();
        };
        if cost.listings == 0 {
            return "the store holds no listings yet, so the cost a week is not known".to_owned();
        }
        let seen = format!("{} kept listings, first seen over {:.1} weeks", cost.listings, cost.weeks);
        let (new, again, lost) = (cost.new_hits, cost.already_flagged, cost.lost);
        match cost.a_week(1) {
            Some(_) => {
                let week = |count| cost.a_week(count).unwrap_or_default();
                format!(
                    "+{:.0} hits a week on kept listings, {:.0} already caught by another rule: {:.0} more to review, \
                     {:.0} fewer ({seen})",
                    week(new),
                    week(again),
                    week(cost.gained),
                    week(lost)
                )
            }
            None => format!(
                "+{new} hits on kept listings, {again} already caught by another rule: {} more to review, {lost} fewer \
                 ({seen}; less than a week says nothing of a week)",
                cost.gained
            ),
        }
    }

    fn terminal(&self, limit: usize) -> Result<(), Failure> {
        let mut out = out();
        writeln!(out, "{}\n{}", styled(self.head(), BOLD), self.cost())?;
        if !self.diff.rules.is_empty() {
            let rows: Vec<Vec<String>> = self
                .diff
                .rules
                .iter()
                .map(|rule| {
                    let counts = [rule.gained, rule.gained_flag, rule.lost, rule.lost_flag].map(count);
                    [rule.rule.clone(), rule.change.to_owned()].into_iter().chain(counts).collect()
                })
                .collect();
            write!(
                out,
                "\n{}",
                numbers(&["rule", "", "gains", "labelled flag", "loses", "labelled flag"], &rows, 2..6)
            )?;
        }
        if !self.diff.listings.is_empty() {
            writeln!(out)?;
        }
        for change in self.diff.listings.iter().take(limit) {
            let style = match change.better {
                Some(true) => GOOD,
                Some(false) => BAD,
                None => DIM,
            };
            let word = styled(format_args!("{:<7} {:<6}", kind(change.change), judged(change)), style);
            writeln!(out, "{word}  {}  {}", harmless_cut(&change.title, 60), styled(what(change), DIM))?;
            writeln!(out, "                {}", styled(harmless(&change.place.to_string()), DIM))?;
        }
        let more = self.diff.listings.len().saturating_sub(limit);
        if more > 0 {
            writeln!(out, "and {more} more; --limit shows more, --json all")?;
        }
        Ok(())
    }

    fn markdown(&self, limit: usize) -> String {
        let mut text =
            format!("### Rules compared\n\n{}\n\n{}\n", markdown(&self.head()), markdown(&self.cost()));
        let rows: Vec<Vec<String>> = self
            .diff
            .listings
            .iter()
            .take(limit)
            .map(|change| {
                let what = markdown(&what(change));
                let place = markdown(&change.place.to_string());
                vec![
                    kind(change.change).to_owned(),
                    judged(change).to_owned(),
                    markdown(&change.title),
                    what,
                    place,
                ]
            })
            .collect();
        if !rows.is_empty() {
            let _ =
                write!(text, "\n{}", markdown_table(&["", "", "listing", "what changed", "where"], &rows));
        }
        text
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Gained => "gained",
        Kind::Lost => "lost",
        Kind::Flipped => "flipped",
    }
}

fn judged(change: &Change) -> &'static str {
    match change.better {
        Some(true) => "better",
        Some(false) => "worse",
        None => "",
    }
}

fn what(change: &Change) -> String {
    let label = match (&change.class, change.label) {
        (Some(class), Ruling::Flag) => format!("labelled {}", harmless(class)),
        (_, Ruling::Flag) => "labelled flag".to_owned(),
        (_, Ruling::Pass) => "labelled pass".to_owned(),
    };
    let class = |class: &Option<String>| class.clone().unwrap_or_else(|| "pass".to_owned());
    let rules = |sign: &str, rules: &[String]| {
        rules.iter().fold(String::new(), |text, rule| text + " " + sign + rule)
    };
    let (gained, lost) = (rules("+", &change.gained_rules), rules("−", &change.lost_rules));
    format!("{label}; {} → {}{gained}{lost}", class(&change.was), class(&change.is))
}

impl From<RevisionError> for Failure {
    fn from(error: RevisionError) -> Self {
        match error {
            RevisionError::Folder(error) => error.into(),
            _ => Self::usage(error),
        }
    }
}
