//! `caveat rules promote`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use super::super::arguments::measure::Promote;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::report::{Case, Issue, Report};
use super::super::shell::Shell;
use super::super::terminal::{BAD, DIM, GOOD, json_line, out, styled, table};
use super::eval::measure;
use super::shown::share;
use crate::clock::{Clock, SystemClock};
use crate::rules::folder::LOCK_FILE;
use crate::rules::lock::Measurement;
use crate::rules::model::{Rule, RuleSet};
use crate::workbench::corpus::Split;
use crate::workbench::kept::replace;
use crate::workbench::promote::{Step, lock_text, measurement, step, with_status};
use crate::workbench::{canary, rule_test};

pub(super) fn run(shell: &Shell, arguments: &Promote) -> Outcome {
    let workspace = shell.workspace()?;
    let (loaded, chosen, broken) = super::open_rules(shell, &arguments.rules)?;
    let Some(folder) = chosen.folder.clone() else {
        return Err(Failure::usage(anyhow::anyhow!(
            "the packs inside the program cannot be changed; `caveat init` writes them into a rules folder"
        )));
    };
    let (corpus, bad) = super::open_corpus(shell, &workspace, &arguments.corpus)?;
    let bad = bad.max(super::show_unknown_classes(shell, &corpus, &loaded.set.taxonomy));
    if bad != Exit::Done {
        let told = anyhow::anyhow!("nothing is promoted on a corpus with wrong lines; mend them first");
        return Err(Failure { exit: bad, error: told });
    }
    let train = corpus.part(Split::Train);
    if train.entries.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "the corpus has no labelled listing outside of its blind split"
        )));
    }
    // Statuses as the files say: loading runs an active rule as a trial where rules.lock does not hold it.
    let typed: BTreeMap<&str, &Rule> =
        loaded.typed.rules.iter().map(|typed| (typed.rule.id.as_str(), &typed.rule)).collect();
    let as_written = RuleSet {
        rules: loaded
            .set
            .rules
            .iter()
            .map(|rule| typed.get(rule.id.as_str()).map_or(rule, |typed| *typed).clone())
            .collect(),
        taxonomy: loaded.set.taxonomy.clone(),
        rates: loaded.set.rates.clone(),
    };
    let mut kept = super::open_kept(shell, &workspace, &train);
    let measured = measure(shell, &train, &canary::plant(&as_written), &mut kept);
    super::save_kept(shell, &mut kept);
    if measured.exit != Exit::Done {
        let told = anyhow::anyhow!("nothing is promoted by a broken measurement");
        return Err(Failure { exit: measured.exit, error: told });
    }
    let tests = rule_test::run(&as_written, &loaded.files);
    let failing: BTreeSet<&str> = tests.failures.iter().map(|failure| failure.rule.as_str()).collect();
    let date = SystemClock.now().to_string();
    let date = date.get(..10).unwrap_or(&date).to_owned();
    let (mut steps, mut lock) = (Vec::new(), old_lock(&folder.join(LOCK_FILE)));
    lock.retain(|id, _| loaded.files.contains_key(id));
    for rule in as_written.rules.iter().filter(|rule| chosen.has_rule(&rule.id)) {
        let Some(found) = measured.evaluation.rules.iter().find(|measure| measure.rule == rule.id) else {
            continue;
        };
        steps.push(step(rule, found, !failing.contains(rule.id.as_str())));
        if found.hits + found.missed > 0 {
            lock.insert(rule.id.clone(), measurement(rule, found, &train.hash, &date));
        }
    }
    if !arguments.dry_run {
        write_statuses(shell, &steps, &loaded.typed.rules, &chosen)?;
        replace(&folder.join(LOCK_FILE), lock_text(&lock).as_bytes())?;
    }
    show(shell, arguments, &steps, &train.hash, &loaded.files)?;
    let fell = steps.iter().any(|step| step.back);
    Ok(broken.max(if arguments.dry_run && fell { Exit::Findings } else { Exit::Done }))
}

fn write_statuses(
    shell: &Shell,
    steps: &[Step],
    typed: &[crate::rules::load::TypedRule],
    chosen: &super::super::rules::choice::Chosen,
) -> Result<(), Failure> {
    for step in steps.iter().filter(|step| step.from != step.to) {
        let path = typed.iter().find(|typed| typed.rule.id == step.rule).map(|typed| typed.path.as_str());
        let Some(file) = path.and_then(|path| chosen.written_to(path)) else { continue };
        match with_status(&fs::read_to_string(&file)?, step.from, step.to) {
            Some(text) => replace(&file, text.as_bytes())?,
            None => shell.problem(format_args!(
                "{}: its line `status = \"{}\"` was not found; write \"{}\" yourself",
                file.display(),
                step.from,
                step.to
            )),
        }
    }
    Ok(())
}

/// What rules.lock held; damaged entries, which loading has reported, are measured anew.
fn old_lock(file: &std::path::Path) -> BTreeMap<String, Measurement> {
    let read = || -> Option<BTreeMap<String, Measurement>> {
        let lock: toml::Table = toml::from_str(&fs::read_to_string(file).ok()?).ok()?;
        let rules = lock.get("rule")?.as_table()?.iter();
        let count = |entry: &toml::Value, key: &str| u64::try_from(entry.get(key)?.as_integer()?).ok();
        let text = |entry: &toml::Value, key: &str| Some(entry.get(key)?.as_str()?.to_owned());
        let entry = |(id, entry): (&String, &toml::Value)| {
            let measurement = Measurement {
                content: text(entry, "content")?,
                corpus: text(entry, "corpus")?,
                date: entry.get("date")?.as_datetime()?.to_string(),
                flagged: count(entry, "flagged")?,
                right: count(entry, "right")?,
                missed: count(entry, "missed")?,
            };
            Some((id.clone(), measurement))
        };
        Some(rules.filter_map(entry).collect())
    };
    read().unwrap_or_default()
}

fn show(
    shell: &Shell,
    arguments: &Promote,
    steps: &[Step],
    corpus: &str,
    files: &BTreeMap<String, String>,
) -> Result<(), Failure> {
    if shell.global.json {
        for step in steps {
            let mut line = json!({ "kind": "rule", "corpus": corpus, "written": !arguments.dry_run });
            if let (Value::Object(line), Ok(Value::Object(value))) = (&mut line, serde_json::to_value(step)) {
                line.extend(value);
            }
            writeln!(out(), "{}", json_line(&line)?)?;
        }
        return Ok(());
    }
    if let Some(format) = arguments.format {
        let cases = steps.iter().map(|step| {
            let issue = Issue {
                fails: step.back,
                code: "below-bar".to_owned(),
                message: format!("{} → {}: {}", step.from, step.to, step.why),
                file: files.get(&step.rule).cloned(),
                line: None,
                column: None,
            };
            let issues = if step.from == step.to { Vec::new() } else { vec![issue] };
            Case { group: step.rule.clone(), name: "bar".to_owned(), issues }
        });
        let report = Report { name: "rules promote".to_owned(), cases: cases.collect() };
        write!(out(), "{}", report.render(format))?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = steps
        .iter()
        .map(|step| {
            let status = if step.from == step.to {
                styled(step.to, DIM)
            } else {
                styled(format_args!("{} → {}", step.from, step.to), if step.back { BAD } else { GOOD })
            };
            let bar = step.bar.map_or_else(|| "—".to_owned(), |bar| format!("{bar:.2}"));
            let surely = step.surely.map_or_else(|| "—".to_owned(), |surely| format!("≥ {surely:.2}"));
            vec![step.rule.clone(), status, bar, surely, share(step.precision), step.why.clone()]
        })
        .collect();
    write!(out(), "{}", table(&["rule", "status", "bar", "surely", "precision", "why"], &rows))?;
    let moved = steps.iter().filter(|step| step.from != step.to).count();
    let fell = steps.iter().filter(|step| step.back).count();
    let written =
        if arguments.dry_run { "; nothing is written (--dry-run)" } else { "; rules.lock is written" };
    shell.say(format_args!("{} rules measured: {} rise, {fell} fall{written}", steps.len(), moved - fell));
    Ok(())
}
