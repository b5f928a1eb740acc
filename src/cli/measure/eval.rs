//! `caveat rules eval`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::arguments::measure::{Eval, TableFormat};
use super::super::exit::{Exit, Failure, Outcome};
use super::super::report::{markdown, markdown_table};
use super::super::rules::choice::Chosen;
use super::super::shell::Shell;
use super::super::terminal::{BOLD, DIM, harmless, harmless_cut, json_line, out, styled};
use super::shown::{count, markdown_share, numbers, share};
use crate::clock::{Clock, SystemClock};
use crate::finding::Ruling;
use crate::rules::lock::content_digest;
use crate::rules::model::{Rule, RuleSet};
use crate::workbench::bitmaps::HitTable;
use crate::workbench::canary;
use crate::workbench::corpus::{Corpus, Split, hex};
use crate::workbench::eval::{
    Doubt, Evaluation, Part, RuleMeasure, Totals, Truth, evaluate, status_name, totals,
};
use crate::workbench::kept::Kept;
use crate::workbench::looks::{self, Look};
use crate::workbench::timing;

/// An earlier evaluation larger than this is none.
const MAX_COMPARED_BYTES: u64 = 256 << 20;

pub(super) fn run(shell: &Shell, arguments: &Eval) -> Outcome {
    let workspace = shell.workspace()?;
    let (loaded, chosen, broken) = super::open_rules(shell, &arguments.rules)?;
    let (corpus, bad) = super::open_corpus(shell, &workspace, &arguments.corpus)?;
    let unknown = super::show_unknown_classes(shell, &corpus, &loaded.set.taxonomy);
    let mut exit = broken.max(bad).max(unknown);
    let set = canary::plant(&loaded.set);
    let rules_hash = rules_hash(&set);
    let hidden = corpus.part(Split::Blind);
    let looks = looks::file(&hidden);
    if arguments.blind {
        return Ok(exit.max(look(shell, &hidden, &set, &rules_hash, &looks)?));
    }
    let blind = hidden.entries.len();
    let train = corpus.part(Split::Train);
    if train.entries.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "the corpus has no labelled listing{}",
            if blind > 0 {
                format!(" to look into: all {blind} are blind; --blind shows their totals")
            } else {
                String::new()
            }
        )));
    }
    let earlier = arguments.compare.as_deref().map(|path| Earlier::read(path, &train.hash)).transpose()?;
    let mut kept =
        if arguments.fresh { Kept::nothing(&train) } else { super::open_kept(shell, &workspace, &train) };
    let measured = measure(shell, &train, &set, &mut kept);
    if !arguments.fresh {
        super::save_kept(shell, &mut kept);
    }
    exit = exit.max(measured.exit);
    let evaluation = measured.evaluation;
    let all = loaded.set.rules.iter().all(|rule| chosen.has_rule(&rule.id));
    let seen = Seen { corpus: &train, rules: &rules_hash, evaluation: &evaluation, chosen: &chosen, all };
    if shell.global.json {
        seen.json()?;
    } else if arguments.format == Some(TableFormat::Markdown) {
        write!(out(), "{}", seen.markdown(arguments.doubts))?;
    } else {
        seen.terminal(arguments.doubts, &corpus)?;
        if let Some(earlier) = &earlier {
            write!(out(), "{}", earlier.against(&evaluation.rules))?;
        }
        if blind > 0 {
            let (same, _) = looks::count(&looks, &hidden.hash).unwrap_or_default();
            shell.say(format_args!(
                "blind split: {blind} listings, looked at {same} times; --blind shows its totals and counts the look"
            ));
        }
    }
    Ok(exit)
}

pub(super) struct Measured {
    pub(super) evaluation: Evaluation,
    pub(super) exit: Exit,
}

/// Measures, times and asks the canaries.
pub(super) fn measure(shell: &Shell, corpus: &Corpus, set: &RuleSet, kept: &mut Kept) -> Measured {
    let (table, faults) = kept.measure(set, &corpus.entries);
    let mut exit = Exit::Done;
    for fault in faults {
        shell.problem(format_args!("{}; it is measured as hitting nothing", harmless(&fault.to_string())));
        exit = Exit::Usage;
    }
    let untimed: Vec<&Rule> = set
        .rules
        .iter()
        .filter(|rule| table.rule(&rule.id).is_some() && kept.milliseconds(rule, &set.rates).is_none())
        .collect();
    let mut ms: BTreeMap<String, f64> = BTreeMap::new();
    if let Some(idle) = set.rules.iter().find(|rule| rule.id == canary::NEVER) {
        let timed = timing::milliseconds(set, idle, &untimed, &corpus.entries);
        for (rule, took) in untimed.iter().zip(timed) {
            kept.note_milliseconds(rule, &set.rates, took);
            ms.insert(rule.id.clone(), took);
        }
    }
    for rule in &set.rules {
        if let Some(took) = kept.milliseconds(rule, &set.rates) {
            ms.insert(rule.id.clone(), took);
        }
    }
    let mut evaluation = evaluate(corpus, set, &table, |rule| ms.get(rule).copied());
    exit = exit.max(ask_canaries(shell, set, &table, corpus, &evaluation.rules));
    evaluation.rules.retain(|measure| !is_canary(&measure.rule));
    Measured { evaluation, exit }
}

fn is_canary(rule: &str) -> bool {
    rule == canary::ALWAYS || rule == canary::NEVER
}

fn ask_canaries(
    shell: &Shell,
    set: &RuleSet,
    table: &HitTable,
    corpus: &Corpus,
    measures: &[RuleMeasure],
) -> Exit {
    let planted = HitTable::measure(set, &canary::listings());
    let faults = canary::faults(table, &planted, &Truth::of(&corpus.entries), measures);
    for fault in &faults {
        shell.problem(format_args!("the evaluator is broken, believe no figure: {fault}"));
    }
    if faults.is_empty() { Exit::Done } else { Exit::Findings }
}

/// Over ids, meaning and status of all rules.
fn rules_hash(set: &RuleSet) -> String {
    let mut hasher = Sha256::new();
    for rule in set.rules.iter().filter(|rule| !is_canary(&rule.id)) {
        hasher.update(format!("{} {} {}\n", rule.id, status_name(rule.status), content_digest(rule)));
    }
    hex(&hasher.finalize())
}

/// Totals of the blind split, once the look is on disk.
fn look(shell: &Shell, blind: &Corpus, set: &RuleSet, rules_hash: &str, file: &Path) -> Outcome {
    if blind.entries.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "the corpus has no blind split; `caveat corpus split` makes one"
        )));
    }
    let table = HitTable::measure(set, &blind.entries);
    let planted = HitTable::measure(set, &canary::listings());
    let alive = table.rule(canary::ALWAYS).is_some_and(|always| always.hits.count() == blind.entries.len())
        && planted.rule(canary::NEVER).is_some_and(|never| never.hits.count() == 2);
    if !alive {
        shell.problem("the evaluator is broken, believe no figure: a canary did not do what it must");
        return Ok(Exit::Findings);
    }
    let totals = totals(&blind.entries, &table);
    let uncounted = |error: std::io::Error| {
        let file = file.display();
        Failure::incomplete(anyhow::anyhow!(
            "nothing is shown, because the look cannot be counted in {file}: {error}"
        ))
    };
    let (same, any) = looks::count(file, &blind.hash).map_err(uncounted)?;
    let look = Look {
        time: SystemClock.now().to_string(),
        by: "rules eval",
        corpus: &blind.hash,
        rules: Some(rules_hash),
        totals: Some(&totals),
    };
    looks::note(file, &look).map_err(uncounted)?;
    if shell.global.json {
        let line = json!({
            "kind": "blind", "corpus": blind.hash, "rules": rules_hash, "looks": same + 1, "looks_in_all": any + 1,
            "totals": totals,
        });
        writeln!(out(), "{}", json_line(&line)?)?;
    } else {
        let head = format!("blind split {}: {} listings", blind.short_hash(), totals.listings);
        writeln!(out(), "{}\n{}", styled(head, BOLD), shown_totals(&totals))?;
        shell.say(format_args!(
            "look {} at this blind split ({} in all), noted in {}",
            same + 1,
            any + 1,
            file.display()
        ));
    }
    Ok(Exit::Done)
}

fn shown_totals(totals: &Totals) -> String {
    let pass = totals.listings - totals.labelled;
    format!(
        "  precision        {}   {} flagged rightly, {} of {pass} lawful ones flagged\n  \
           recall           {}   {} of {} found, {} missed\n  \
           recall in class  {}   {} found by a rule of their class\n",
        share(totals.precision),
        totals.found,
        totals.false_alarms,
        share(totals.recall),
        totals.found,
        totals.labelled,
        totals.missed,
        share(totals.recall_in_class),
        totals.in_class,
    )
}

/// An evaluation and what it rests on.
struct Seen<'e> {
    corpus: &'e Corpus,
    rules: &'e str,
    evaluation: &'e Evaluation,
    chosen: &'e Chosen,
    /// Nobody named rules.
    all: bool,
}

impl Seen<'_> {
    fn wanted(&self) -> impl Iterator<Item = &RuleMeasure> {
        self.evaluation.rules.iter().filter(|measure| self.chosen.has_rule(&measure.rule))
    }

    fn json(&self) -> Result<(), Failure> {
        let mut out = std::io::BufWriter::new(out());
        let mut line = |kind: &str, value: Value| -> Result<(), Failure> {
            let mut head = json!({ "kind": kind, "corpus": self.corpus.hash, "rules": self.rules });
            if let (Value::Object(head), Value::Object(value)) = (&mut head, value) {
                head.extend(value);
            }
            Ok(writeln!(out, "{}", json_line(&head)?)?)
        };
        let evaluation = self.evaluation;
        let (sellers, clusters) = (evaluation.sellers, evaluation.clusters);
        line("total", json!({ "sellers": sellers, "clusters": clusters, "totals": evaluation.total }))?;
        for measure in self.wanted() {
            line("rule", value(measure))?;
        }
        for part in &evaluation.parts {
            line("part", value(part))?;
        }
        for doubt in &evaluation.doubts {
            line("doubt", value(doubt))?;
        }
        Ok(())
    }

    fn head(&self) -> String {
        let totals = &self.evaluation.total;
        format!(
            "corpus {}: {} listings, {} labelled flag, {} pass; {} sellers, {} texts that are not near-duplicates",
            self.corpus.short_hash(),
            totals.listings,
            totals.labelled,
            totals.listings - totals.labelled,
            self.evaluation.sellers,
            self.evaluation.clusters
        )
    }

    fn terminal(&self, doubts: usize, whole: &Corpus) -> Result<(), Failure> {
        let mut out = out();
        writeln!(out, "{}", styled(self.head(), BOLD))?;
        if !whole.waiting.is_empty() {
            writeln!(out, "  {} more wait for a label (`caveat corpus label`)", whole.waiting.len())?;
        }
        write!(out, "{}", shown_totals(&self.evaluation.total))?;
        let header = [
            "rule",
            "status",
            "hits",
            "right",
            "kin",
            "astray",
            "false",
            "missed",
            "unique",
            "ms",
            "precision",
            "recall",
        ];
        let idle = |measure: &&RuleMeasure| measure.hits + measure.missed + measure.let_off == 0;
        let rows: Vec<Vec<String>> = self.wanted().filter(|measure| !idle(measure)).map(rule_row).collect();
        if !rows.is_empty() {
            write!(out, "\n{}", numbers(&header, &rows, 2..10))?;
        }
        let idle: Vec<&str> = self.wanted().filter(idle).map(|measure| measure.rule.as_str()).collect();
        if !idle.is_empty() {
            let text =
                format!("nothing in the corpus to measure {} rules on: {}", idle.len(), idle.join(", "));
            writeln!(out, "{}", styled(text, DIM))?;
        }
        if self.all {
            let rows: Vec<Vec<String>> = self.evaluation.parts.iter().map(part_row).collect();
            let header =
                ["class or slice", "listings", "flag", "found", "in class", "false", "precision", "recall"];
            write!(out, "\n{}", numbers(&header, &rows, 1..6))?;
        } else {
            for measure in self.wanted().filter(|measure| !measure.slices.is_empty()) {
                let rows: Vec<Vec<String>> = measure
                    .slices
                    .iter()
                    .map(|slice| {
                        let counts = [slice.hits, slice.right, slice.wrong, slice.missed].map(count);
                        let shares = [slice.precision, slice.recall].map(share);
                        std::iter::once(harmless_cut(&slice.slice, 40)).chain(counts).chain(shares).collect()
                    })
                    .collect();
                let header =
                    [measure.rule.as_str(), "hits", "right", "false", "missed", "precision", "recall"];
                write!(out, "\n{}", numbers(&header, &rows, 1..5))?;
            }
        }
        let shown = doubts.min(self.evaluation.doubts.len());
        if shown > 0 {
            writeln!(
                out,
                "\n{}",
                styled(format!("labels to look at again ({} in all)", self.evaluation.doubts.len()), DIM)
            )?;
            for doubt in self.evaluation.doubts.iter().take(shown) {
                writeln!(
                    out,
                    "  {:>3.0} %  {}  {}",
                    doubt.doubt * 100.0,
                    labelled(doubt),
                    harmless_cut(&doubt.title, 60)
                )?;
                writeln!(
                    out,
                    "         {}  {}",
                    harmless(&doubt.place.to_string()),
                    harmless(&doubt.because)
                )?;
            }
        }
        let note = "shares count one seller, and one text, once; in brackets 95 % intervals (Wilson); few: fewer than 10";
        writeln!(out, "{}", styled(note, DIM))?;
        Ok(())
    }

    fn markdown(&self, doubts: usize) -> String {
        let totals = &self.evaluation.total;
        let mut text = format!(
            "### Rules measured\n\n{}\n\nprecision {} · recall {} · recall in class {}\n\n",
            markdown(&self.head()),
            markdown_share(totals.precision),
            markdown_share(totals.recall),
            markdown_share(totals.recall_in_class)
        );
        let rows: Vec<Vec<String>> = self
            .wanted()
            .filter(|measure| measure.hits + measure.missed > 0)
            .map(|measure| {
                let counts = [measure.hits, measure.right, measure.wrong, measure.missed, measure.unique];
                let shares = [measure.precision, measure.recall].map(markdown_share);
                let name = [markdown(&measure.rule), measure.status.to_owned()];
                name.into_iter().chain(counts.map(|count| count.to_string())).chain(shares).collect()
            })
            .collect();
        let header = ["rule", "status", "hits", "right", "false", "missed", "unique", "precision", "recall"];
        text.push_str(&markdown_table(&header, &rows));
        let rows: Vec<Vec<String>> = self
            .evaluation
            .parts
            .iter()
            .map(|Part { part, totals }| {
                let counts = [totals.listings, totals.labelled, totals.found, totals.false_alarms];
                let shares = [totals.precision, totals.recall].map(markdown_share);
                std::iter::once(markdown(part))
                    .chain(counts.map(|count| count.to_string()))
                    .chain(shares)
                    .collect()
            })
            .collect();
        let header = ["class or slice", "listings", "flag", "found", "false", "precision", "recall"];
        let _ = write!(text, "\n{}", markdown_table(&header, &rows));
        if !self.evaluation.doubts.is_empty() && doubts > 0 {
            let rows: Vec<Vec<String>> = self
                .evaluation
                .doubts
                .iter()
                .take(doubts)
                .map(|doubt| {
                    let place = markdown(&doubt.place.to_string());
                    vec![place, markdown(&doubt.title), markdown(&labelled(doubt)), markdown(&doubt.because)]
                })
                .collect();
            let _ = write!(
                text,
                "\n{}",
                markdown_table(&["where", "title", "label", "why to look again"], &rows)
            );
        }
        text
    }
}

fn value(value: &impl serde::Serialize) -> Value {
    // Plain structs of numbers and texts: there is no way to fail.
    serde_json::to_value(value).unwrap_or_default()
}

fn labelled(doubt: &Doubt) -> String {
    match (&doubt.class, doubt.label) {
        (Some(class), Ruling::Flag) => format!("flag {}", harmless(class)),
        (_, Ruling::Flag) => "flag".to_owned(),
        (_, Ruling::Pass) => "pass".to_owned(),
    }
}

fn rule_row(measure: &RuleMeasure) -> Vec<String> {
    let counts = [
        measure.hits,
        measure.right,
        measure.kin,
        measure.astray,
        measure.wrong,
        measure.missed,
        measure.unique,
    ];
    let ms = measure.ms.map_or_else(|| "—".to_owned(), |ms| format!("{ms:.1}"));
    [measure.rule.clone(), measure.status.to_owned()]
        .into_iter()
        .chain(counts.map(count))
        .chain([ms, share(measure.precision), share(measure.recall)])
        .collect()
}

fn part_row(Part { part, totals }: &Part) -> Vec<String> {
    let counts =
        [totals.listings, totals.labelled, totals.found, totals.in_class, totals.false_alarms].map(count);
    let shares = [totals.precision, totals.recall].map(share);
    std::iter::once(harmless_cut(part, 40)).chain(counts).chain(shares).collect()
}

/// What an earlier `rules eval --json` said of each rule.
struct Earlier(BTreeMap<String, EarlierRule>);

#[derive(Debug, Deserialize)]
struct EarlierLine {
    kind: String,
    corpus: String,
}

#[derive(Debug, Deserialize)]
struct EarlierRule {
    rule: String,
    right: usize,
    wrong: usize,
    missed: usize,
}

impl Earlier {
    fn read(path: &Path, corpus: &str) -> Result<Self, Failure> {
        let shown = path.display();
        let unreadable = |error| Failure::incomplete(anyhow::anyhow!("cannot read {shown}: {error}"));
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_COMPARED_BYTES {
            return Err(Failure::usage(anyhow::anyhow!("{shown} is too large to be an evaluation")));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let mut rules = BTreeMap::new();
        let mut lines = 0;
        for line in text.lines() {
            let Ok(head) = serde_json::from_str::<EarlierLine>(line) else { continue };
            lines += 1;
            if head.corpus != corpus {
                let short = |hash: &str| harmless(hash.get(..12).unwrap_or(hash));
                return Err(Failure::usage(anyhow::anyhow!(
                    "{shown} was measured on corpus {}, this is corpus {}: figures of different corpora cannot be \
                     compared; measure the earlier rules again (`caveat rules diff`)",
                    short(&head.corpus),
                    short(corpus)
                )));
            }
            if head.kind == "rule"
                && let Ok(rule) = serde_json::from_str::<EarlierRule>(line)
            {
                rules.insert(rule.rule.clone(), rule);
            }
        }
        if lines == 0 {
            return Err(Failure::usage(anyhow::anyhow!(
                "{shown} is no output of `caveat rules eval --json`"
            )));
        }
        Ok(Self(rules))
    }

    fn against(&self, measures: &[RuleMeasure]) -> String {
        let change = |now: usize, then: usize| match now.cmp(&then) {
            std::cmp::Ordering::Equal => "·".to_owned(),
            std::cmp::Ordering::Greater => format!("+{}", now - then),
            std::cmp::Ordering::Less => format!("−{}", then - now),
        };
        let mut rows = Vec::new();
        for now in measures {
            let row = match self.0.get(&now.rule) {
                None => vec![now.rule.clone(), "new".to_owned(), String::new(), String::new()],
                Some(then) if (now.right, now.wrong, now.missed) == (then.right, then.wrong, then.missed) => {
                    continue;
                }
                Some(then) => vec![
                    now.rule.clone(),
                    change(now.right, then.right),
                    change(now.wrong, then.wrong),
                    change(now.missed, then.missed),
                ],
            };
            rows.push(row);
        }
        let gone = self.0.keys().filter(|rule| !measures.iter().any(|measure| measure.rule == **rule));
        rows.extend(gone.map(|rule| vec![harmless(rule), "gone".to_owned(), String::new(), String::new()]));
        if rows.is_empty() {
            return "\nno rule differs from the earlier evaluation\n".to_owned();
        }
        format!("\n{}", numbers(&["against the earlier", "right", "false", "missed"], &rows, 1..4))
    }
}
