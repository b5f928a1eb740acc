//! `caveat corpus`

mod import;
mod label;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::arguments::ExportFormat;
use super::arguments::measure::{
    Corpus as Command, CorpusArguments, CorpusPaths, Dedupe, Export, Split as SplitArguments,
};
use super::exit::{Exit, Failure, Outcome};
use super::measure::shown::{count, numbers};
use super::measure::{open_corpus, read_corpus, show_problems};
use super::shell::Shell;
use super::terminal::{BAD, BOLD, DIM, harmless, harmless_cut, json_line, out, styled};
use crate::clock::{Clock, SystemClock};
use crate::finding::Ruling;
use crate::workbench::bitmaps::Bitmap;
use crate::workbench::clusters::{self, Shingles};
use crate::workbench::corpus::{Corpus, CorpusLine, Entry, ProblemKind, Split};
use crate::workbench::edit::{self, Edit};
use crate::workbench::eval::Slices;
use crate::workbench::looks::{self, Look};
use crate::workbench::statistics::rounded;
use crate::workbench::{csv, import as importing, split};

pub(super) fn run(shell: &Shell, command: Command) -> Outcome {
    match command {
        Command::Import(arguments) => import::run(shell, &arguments),
        Command::Label(arguments) => label::run(shell, &arguments),
        Command::Stats(arguments) => stats(shell, arguments),
        Command::Dedupe(arguments) => dedupe(shell, arguments),
        Command::Split(arguments) => place(shell, arguments),
        Command::Export(arguments) => export(shell, arguments),
    }
}

fn open(shell: &Shell, arguments: CorpusArguments) -> Result<(Corpus, Exit), Failure> {
    let workspace = shell.workspace()?;
    open_corpus(shell, &workspace, &CorpusPaths { corpus: arguments.paths })
}

fn stats(shell: &Shell, arguments: CorpusArguments) -> Outcome {
    let (corpus, exit) = open(shell, arguments)?;
    let entries = &corpus.entries;
    let groups = clusters::groups(entries);
    let all = Bitmap::full(entries.len());
    let flag = Bitmap::of(entries.len(), |place| {
        entries.get(place).is_some_and(|entry| entry.label == Ruling::Flag)
    });
    let blind = Bitmap::of(entries.len(), |place| {
        entries.get(place).is_some_and(|entry| entry.split == Split::Blind)
    });
    let mut parts: Vec<(String, Bitmap)> = vec![
        ("all".to_owned(), all.clone()),
        ("split:train".to_owned(), all.minus(&blind)),
        ("split:blind".to_owned(), blind.clone()),
    ];
    let mut classes: BTreeMap<&str, Bitmap> = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.label == Ruling::Flag) {
        if let Some(class) = &entry.class {
            classes.entry(class).or_insert_with(|| Bitmap::new(entries.len())).set(place);
        }
    }
    parts.extend(classes.into_iter().map(|(class, set)| (format!("class:{class}"), set)));
    let slices = Slices::of(entries);
    parts.extend(slices.sets().map(|(name, set)| (name.to_owned(), set.clone())));
    let hidden = corpus.part(Split::Blind);
    let unplaced = entries.iter().filter(|entry| !entry.placed).count();
    let (looked, _) = looks::count(&looks::file(&hidden), &hidden.hash).unwrap_or_default();
    let row = |(name, set): &(String, Bitmap)| {
        let counts = [
            set.count(),
            set.count_both(&flag),
            set.count_both(&blind),
            clusters::distinct(&groups.sellers, set),
            clusters::distinct(&groups.clusters, set),
        ];
        (name.clone(), counts)
    };
    if shell.global.json {
        let mut out = io::BufWriter::new(out());
        let line = json!({
            "kind": "corpus", "corpus": corpus.hash, "files": corpus.files, "waiting": corpus.waiting.len(),
            "unplaced": unplaced, "blind_looks": looked, "problems": corpus.problems.len(),
        });
        writeln!(out, "{}", json_line(&line)?)?;
        for (part, [listings, flag, blind, sellers, clusters]) in parts.iter().map(row) {
            let line = json!({
                "kind": "part", "part": part, "listings": listings, "flag": flag, "pass": listings - flag,
                "blind": blind, "sellers": sellers, "clusters": clusters,
            });
            writeln!(out, "{}", json_line(&line)?)?;
        }
        for problem in &corpus.problems {
            let mut line = json!({ "kind": "problem" });
            if let (Value::Object(line), Ok(Value::Object(value))) =
                (&mut line, serde_json::to_value(problem))
            {
                line.extend(value.into_iter().map(|(key, value)| {
                    if key == "kind" { ("fault".to_owned(), value) } else { (key, value) }
                }));
            }
            writeln!(out, "{}", json_line(&line)?)?;
        }
        return Ok(exit);
    }
    let rows: Vec<Vec<String>> = parts
        .iter()
        .map(row)
        .map(|(part, [listings, flag, blind, sellers, clusters])| {
            let counts = [listings, flag, listings - flag, blind, sellers, clusters].map(count);
            std::iter::once(harmless_cut(&part, 40)).chain(counts).collect()
        })
        .collect();
    let mut out = out();
    writeln!(
        out,
        "{}",
        styled(format!("corpus {} in {} files", corpus.short_hash(), corpus.files.len()), BOLD)
    )?;
    write!(
        out,
        "{}",
        numbers(&["part", "listings", "flag", "pass", "blind", "sellers", "texts"], &rows, 1..7)
    )?;
    if !corpus.waiting.is_empty() {
        writeln!(out, "{} listings wait for a label: `caveat corpus label`", corpus.waiting.len())?;
    }
    if unplaced > 0 {
        writeln!(
            out,
            "{unplaced} listings are in no split yet and count as train: `caveat corpus split --write`"
        )?;
    }
    if blind.count() > 0 {
        writeln!(out, "the blind split was looked at {looked} times")?;
    }
    Ok(exit)
}

fn dedupe(shell: &Shell, arguments: Dedupe) -> Outcome {
    let workspace = shell.workspace()?;
    let paths = CorpusPaths { corpus: arguments.corpus.paths };
    // Duplicates are what this command is for, so that they are its result and no errors.
    let mut corpus = read_corpus(&workspace, &paths)?;
    let duplicates: Vec<_> =
        corpus.problems.iter().filter(|problem| problem.kind == ProblemKind::Duplicate).cloned().collect();
    corpus.problems.retain(|problem| problem.kind != ProblemKind::Duplicate);
    let exit = show_problems(shell, &corpus);
    if arguments.write {
        let mut edits: BTreeMap<&str, BTreeMap<usize, Edit>> = BTreeMap::new();
        for problem in &duplicates {
            edits.entry(&problem.place.file).or_default().insert(problem.place.line, Edit::Remove);
        }
        for (file, edits) in edits {
            edit::apply(Path::new(file), &edits)?;
        }
    }
    let entries = &corpus.entries;
    let groups = clusters::groups(entries);
    let mut members = clusters::members(&groups.clusters);
    let mixed = |members: &[usize]| {
        let labels: BTreeSet<_> = members.iter().filter_map(|place| entries.get(*place)).map(label).collect();
        labels.len() > 1
    };
    // Labels that contradict each other come first, then the largest.
    members.sort_by_key(|members| (!mixed(members), std::cmp::Reverse(members.len())));
    let contradicting = members.iter().filter(|members| mixed(members)).count();
    let mut out = io::BufWriter::new(out());
    if shell.global.json {
        for problem in &duplicates {
            let line = json!({ "kind": "duplicate", "place": problem.place, "other": problem.other, "removed": arguments.write });
            writeln!(out, "{}", json_line(&line)?)?;
        }
        for members in &members {
            let lines: Vec<Value> = likenesses(entries, members)
                .into_iter()
                .map(|(entry, likeness)| json!({ "id": entry.id, "place": entry.place, "label": label(entry), "likeness": rounded(likeness) }))
                .collect();
            let line = json!({ "kind": "cluster", "corpus": corpus.hash, "mixed": mixed(members), "members": lines });
            writeln!(out, "{}", json_line(&line)?)?;
        }
        return Ok(exit);
    }
    for problem in duplicates.iter().take(arguments.limit) {
        writeln!(out, "{}", harmless(&problem.to_string()))?;
    }
    for members in members.iter().take(arguments.limit) {
        let word = if mixed(members) { styled("labelled differently", BAD) } else { "alike".to_owned() };
        writeln!(out, "{} near-duplicates, {word}", members.len())?;
        for (entry, likeness) in likenesses(entries, members).into_iter().take(6) {
            // What is blind is not shown here either.
            let blind = entry.split == Split::Blind;
            let title = if blind { "(blind)".to_owned() } else { harmless_cut(&entry.listing.title, 50) };
            let likeness = format!("{:>4.0} %", likeness * 100.0);
            writeln!(
                out,
                "  {likeness}  {:<22} {title}  {}",
                label(entry),
                styled(harmless(&entry.place.to_string()), DIM)
            )?;
        }
        if members.len() > 6 {
            writeln!(out, "         and {} more", members.len() - 6)?;
        }
    }
    out.flush()?;
    let removed = if arguments.write { "removed" } else { "to remove (--write)" };
    shell.say(format_args!(
        "{} lines stand there twice, {removed}; {} clusters of near-duplicates, {contradicting} labelled differently",
        duplicates.len(),
        members.len()
    ));
    shell.say(format_args!(
        "near-duplicates share at least {:.0} of 100 pairs of neighbouring words; the figure is that with the first",
        clusters::THRESHOLD * 100.0
    ));
    Ok(exit)
}

/// Members with how alike each is to the first.
fn likenesses<'e>(entries: &'e [Entry], members: &[usize]) -> Vec<(&'e Entry, f64)> {
    let members: Vec<&Entry> = members.iter().filter_map(|place| entries.get(*place)).collect();
    let first = members.first().map(|entry| Shingles::of(&entry.listing)).unwrap_or_default();
    members.into_iter().map(|entry| (entry, first.likeness(&Shingles::of(&entry.listing)))).collect()
}

fn label(entry: &Entry) -> String {
    match (&entry.class, entry.label) {
        (Some(class), Ruling::Flag) => format!("flag {}", harmless(class)),
        (_, Ruling::Flag) => "flag".to_owned(),
        (_, Ruling::Pass) => "pass".to_owned(),
    }
}

fn place(shell: &Shell, arguments: SplitArguments) -> Outcome {
    if !(0.0..=1.0).contains(&arguments.blind) {
        return Err(Failure::usage(anyhow::anyhow!("--blind is a part, from 0 to 1, such as 0.2")));
    }
    let (corpus, exit) = open(shell, arguments.corpus)?;
    if exit != Exit::Done && arguments.write {
        let told =
            anyhow::anyhow!("nothing was written, because lines of the corpus are wrong; mend them first");
        return Err(Failure { exit, error: told });
    }
    let entries = &corpus.entries;
    let groups = clusters::groups(entries);
    let placed = split::place(entries, &groups, arguments.blind, arguments.anew);
    let mut edits: BTreeMap<&str, BTreeMap<usize, Edit>> = BTreeMap::new();
    let mut moved = 0;
    for (entry, split) in entries.iter().zip(&placed.splits) {
        if !entry.placed || entry.split != *split {
            moved += usize::from(entry.placed);
            let set = Edit::Set(vec![("split", Value::from(split.name()))]);
            edits.entry(&entry.place.file).or_default().insert(entry.place.line, set);
        }
    }
    if arguments.write {
        for (file, edits) in edits {
            edit::apply(Path::new(file), &edits)?;
        }
    }
    let blind = placed.splits.iter().filter(|split| **split == Split::Blind).count();
    let torn = placed.torn.iter().filter_map(|members| entries.get(*members.first()?)).take(5);
    let torn: Vec<String> = torn.map(|entry| harmless(&entry.place.to_string())).collect();
    if shell.global.json {
        let line = json!({
            "kind": "split", "corpus": corpus.hash, "train": entries.len() - blind, "blind": blind, "placed": placed.fresh,
            "moved": moved, "torn": placed.torn.len(), "written": arguments.write,
        });
        writeln!(out(), "{}", json_line(&line)?)?;
    } else {
        writeln!(
            out(),
            "{} train, {blind} blind; {} placed for the first time, {moved} moved{}",
            entries.len() - blind,
            placed.fresh,
            if arguments.write { "" } else { "; nothing is written without --write" }
        )?;
    }
    if !torn.is_empty() {
        shell.warn(format_args!(
            "{} clusters of near-duplicates are in both splits, so that their blind part has been seen: {}; --anew puts them together",
            placed.torn.len(),
            torn.join(", ")
        ));
    }
    Ok(exit)
}

fn export(shell: &Shell, arguments: Export) -> Outcome {
    let (corpus, exit) = open(shell, arguments.corpus)?;
    let wanted = if arguments.blind { Split::Blind } else { Split::Train };
    let part = corpus.part(wanted);
    let chosen: Vec<&Entry> = part
        .entries
        .iter()
        .filter(|entry| {
            let label = if entry.label == Ruling::Flag { "flag" } else { "pass" };
            let class = entry.class.as_deref().unwrap_or_default();
            arguments.label.as_deref().is_none_or(|wanted| wanted == label)
                && arguments.class.as_deref().is_none_or(|wanted| {
                    class == wanted || class.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'))
                })
                && arguments.slice.iter().all(|slice| entry.slices.contains(slice))
        })
        .collect();
    if arguments.blind && !chosen.is_empty() {
        let file = looks::file(&part);
        let time = SystemClock.now().to_string();
        let look = Look { time, by: "corpus export", corpus: &part.hash, rules: None, totals: None };
        looks::note(&file, &look).map_err(|error| {
            let file = file.display();
            Failure::incomplete(anyhow::anyhow!(
                "nothing is written, because the look cannot be counted in {file}: {error}"
            ))
        })?;
    }
    let mut out = io::BufWriter::new(out());
    if arguments.format == ExportFormat::Csv {
        let attributes: BTreeSet<&str> =
            chosen.iter().flat_map(|entry| entry.listing.attributes.keys()).map(String::as_str).collect();
        let header = importing::COLUMNS.iter().map(|name| (*name).to_owned());
        let header: Vec<String> =
            header.chain(attributes.iter().map(|name| format!("attributes.{name}"))).collect();
        writeln!(out, "{}", csv::row(header.iter().map(String::as_str)))?;
        for entry in &chosen {
            let mut cells = importing::cells(&CorpusLine::from(*entry));
            cells.extend(
                attributes
                    .iter()
                    .map(|name| entry.listing.attributes.get(*name).cloned().unwrap_or_default()),
            );
            writeln!(out, "{}", csv::row(cells.iter().map(String::as_str)))?;
        }
    } else {
        for entry in &chosen {
            writeln!(out, "{}", json_line(&CorpusLine::from(*entry))?)?;
        }
    }
    out.flush()?;
    shell.say(format_args!("{} listings of split {}", chosen.len(), wanted.name()));
    Ok(exit)
}
