//! `caveat rules test --coverage`, `terms`, `overlap`, `ablate`, `mutate`, `collide`, `profile`, `suggest`: what rules are
//! made of and what each part is worth.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::choice::Chosen;
use crate::cli::arguments::RuleChoice;
use crate::cli::arguments::measure::CorpusPaths;
use crate::cli::arguments::workbench::{Collide, Measured, Mutate, Suggest};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::measure::{open_corpus, open_rules};
use crate::cli::shell::Shell;
use crate::cli::terminal::{BAD, DIM, GOOD, WARN, harmless_cut, json_line, out, styled, table};
use crate::rules::load::Loaded;
use crate::rules::model::Rule;
use crate::workbench::ablate::{Worth, ablate};
use crate::workbench::bitmaps::HitTable;
use crate::workbench::collide::{self, Meeting, Vocabulary, language_of, words_of};
use crate::workbench::corpus::{Corpus, Split};
use crate::workbench::coverage::{self, Share};
use crate::workbench::mutate::{Survival, Words, mutate};
use crate::workbench::overlap::{overlaps, unique};
use crate::workbench::parallel;
use crate::workbench::parts::{Part, PartKind, Written};
use crate::workbench::profile::profile;
use crate::workbench::suggest::suggest;
use crate::workbench::terms;

/// A word list larger than this is none.
const MAX_WORD_LIST_BYTES: u64 = 64 << 20;

/// The rules that are asked about.
fn chosen<'l>(loaded: &'l Loaded, chosen: &Chosen) -> Result<Vec<&'l Rule>, Failure> {
    let rules: Vec<&Rule> = loaded.set.rules.iter().filter(|rule| chosen.has_rule(&rule.id)).collect();
    if rules.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!("none of these rules is sound; see `caveat rules lint`")));
    }
    Ok(rules)
}

/// The labelled listings that an author may look at: never those of the blind split.
fn entries(shell: &Shell, paths: &CorpusPaths, needed: bool) -> Result<Corpus, Failure> {
    let workspace = shell.workspace()?;
    if !needed && paths.corpus.is_empty() && !workspace.root.join("corpus").is_dir() {
        return Ok(Corpus::default());
    }
    let (corpus, ..) = open_corpus(shell, &workspace, paths)?;
    let train = corpus.part(Split::Train);
    if train.entries.is_empty() && needed {
        return Err(Failure::usage(anyhow::anyhow!(
            "the corpus has no labelled listing outside of its blind split"
        )));
    }
    Ok(train)
}

fn print_lines<T: serde::Serialize>(items: impl IntoIterator<Item = T>) -> io::Result<()> {
    let mut out = io::BufWriter::new(out());
    for item in items {
        writeln!(out, "{}", json_line(&item)?)?;
    }
    out.flush()
}

fn percent(part: usize, of: usize) -> String {
    (part * 100 + of / 2).checked_div(of).map_or_else(|| "–".to_owned(), |percent| format!("{percent}%"))
}

pub(super) fn coverage(shell: &Shell, choice: &RuleChoice) -> Outcome {
    let (loaded, files, exit) = open_rules(shell, choice)?;
    let rules = chosen(&loaded, &files)?;
    let written = Written::new(&files.files);
    let measured = parallel::map(&rules, |rule| {
        coverage::coverage(&loaded.set, rule, &written, &loaded.lists, loaded.files.get(&rule.id))
    });
    if shell.global.json {
        print_lines(measured)?;
        return Ok(exit);
    }
    let share = |share: Share| {
        let text = format!("{}/{}", share.defended, share.of);
        if share.defended == share.of { styled(text, GOOD) } else { text }
    };
    let row = |one: &coverage::Coverage| {
        vec![
            one.rule.clone(),
            share(one.words),
            share(one.list_words),
            share(one.clauses),
            share(one.exceptions),
        ]
    };
    let rows: Vec<Vec<String>> = measured.iter().map(row).collect();
    let mut out = out();
    write!(out, "{}", table(&["rule", "own words", "list words", "clauses", "exceptions"], &rows))?;
    let few = rules.len() <= 3 || shell.global.verbose;
    for one in measured.iter().filter(|one| few && !one.undefended.is_empty()) {
        writeln!(out, "\n{} {}", styled("no test of", DIM), one.rule)?;
        undefended(&mut out, &one.undefended)?;
    }
    if !few {
        shell.say("what no test defends is shown with --rule ID or -v");
    }
    let all = measured
        .iter()
        .fold(Share::default(), |sum, one| sum.with(one.words).with(one.clauses).with(one.exceptions));
    shell.good(format_args!(
        "{} of the rules' own words, clauses and exceptions are defended by a test ({} of {})",
        percent(all.defended, all.of),
        all.defended,
        all.of
    ));
    Ok(exit)
}

fn undefended(out: &mut impl Write, parts: &[Part]) -> io::Result<()> {
    for part in parts {
        let line = part.line.map_or_else(String::new, |line| format!("line {line}"));
        let text = harmless_cut(&part.text, 90);
        let what = match part.kind {
            PartKind::Term => format!("{} term {text:?}", part.pattern),
            PartKind::Stem => format!("{} stem {text:?}", part.pattern),
            PartKind::Regex => format!("{} regex {text}", part.pattern),
            PartKind::Clause => format!("clause `{text}`"),
            PartKind::Exception => format!("exception {text}"),
            PartKind::Unless => format!("exception {} unless {text}", part.pattern),
        };
        writeln!(out, "  {} {what}", styled(format_args!("{line:<9}"), DIM))?;
    }
    Ok(())
}

pub(super) fn terms(shell: &Shell, arguments: &Measured) -> Outcome {
    let (loaded, files, exit) = open_rules(shell, &arguments.rules)?;
    let rules = chosen(&loaded, &files)?;
    let corpus = entries(shell, &arguments.corpus, false)?;
    let found = terms::terms(&rules, &Written::new(&files.files), &loaded.lists, &corpus.entries);
    if shell.global.json {
        print_lines(found)?;
        return Ok(exit);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|term| {
            let kind = match term.kind {
                PartKind::Stem => "stem",
                PartKind::Regex => "regex",
                _ => "term",
            };
            let users = match term.users.as_slice() {
                [one] => one.clone(),
                [one, rest @ ..] => format!("{one} +{}", rest.len()),
                [] => String::new(),
            };
            let folded =
                if term.folded == term.text { String::new() } else { harmless_cut(&term.folded, 24) };
            let forms = term.forms.iter().filter(|form| **form != term.folded).take(4).cloned();
            vec![
                harmless_cut(&term.text, 36),
                kind.to_owned(),
                folded,
                term.fold.to_owned(),
                term.list.clone().unwrap_or_default(),
                users,
                term.flagged.to_string(),
                term.passed.to_string(),
                harmless_cut(&forms.collect::<Vec<_>>().join(", "), 40),
            ]
        })
        .collect();
    let header = ["word", "kind", "compared as", "fold", "list", "used by", "flag", "pass", "found as"];
    write!(out(), "{}", table(&header, &rows))?;
    shell.good(format_args!("{} words; in {} labelled listings", found.len(), corpus.entries.len()));
    Ok(exit)
}

pub(super) fn overlap(shell: &Shell, arguments: &Measured) -> Outcome {
    let (loaded, files, exit) = open_rules(shell, &arguments.rules)?;
    chosen(&loaded, &files)?;
    let corpus = entries(shell, &arguments.corpus, true)?;
    let hits = HitTable::measure(&loaded.set, &corpus.entries);
    let pairs: Vec<_> = overlaps(&hits)
        .into_iter()
        .filter(|pair| files.has_rule(&pair.rule) || files.has_rule(&pair.other))
        .collect();
    let alone: Vec<_> = unique(&hits).into_iter().filter(|one| files.has_rule(&one.rule)).collect();
    if shell.global.json {
        print_lines(pairs)?;
        print_lines(alone)?;
        return Ok(exit);
    }
    let mut out = out();
    let rows: Vec<Vec<String>> = pairs
        .iter()
        .map(|pair| {
            let word = if pair.contained { "hits nothing else" } else { "" };
            let of = |hits: usize| format!("{} of {hits}", pair.both);
            vec![pair.rule.clone(), of(pair.hits), pair.other.clone(), of(pair.other_hits), word.to_owned()]
        })
        .collect();
    if !rows.is_empty() {
        write!(out, "{}", table(&["rule", "in common", "and", "in common", ""], &rows))?;
    }
    for one in alone.iter().filter(|one| one.alone == 0) {
        writeln!(out, "{} {} hits {} listings, none of them alone", styled("!", WARN), one.rule, one.hits)?;
    }
    shell.good(format_args!(
        "{} pairs of rules catch the same listings, of {}",
        pairs.len(),
        corpus.entries.len()
    ));
    Ok(exit)
}

pub(super) fn ablate_all(shell: &Shell, arguments: &Measured) -> Outcome {
    let (loaded, files, exit) = open_rules(shell, &arguments.rules)?;
    let rules = chosen(&loaded, &files)?;
    let corpus = entries(shell, &arguments.corpus, true)?;
    let written = Written::new(&files.files);
    let found = ablate(&loaded.set, &rules, &written, &loaded.lists, &corpus.entries);
    if shell.global.json {
        print_lines(found)?;
        return Ok(exit);
    }
    let mut out = out();
    let few = rules.len() <= 3 || shell.global.verbose;
    let mut rows = Vec::new();
    let (mut idle_all, mut harming) = (0, 0);
    for one in &found {
        let count = |worth: Worth, of_list: bool| {
            one.parts.iter().filter(|part| part.worth == worth && part.part.list.is_some() == of_list).count()
        };
        let (harms, idle) =
            (count(Worth::Harms, false) + count(Worth::Harms, true), count(Worth::Idle, false));
        idle_all += idle;
        harming += harms;
        rows.push(vec![
            one.rule.clone(),
            one.right.to_string(),
            one.wrong.to_string(),
            (count(Worth::Earns, false) + count(Worth::Earns, true)).to_string(),
            count(Worth::Tested, false).to_string(),
            idle.to_string(),
            count(Worth::Idle, true).to_string(),
            if harms == 0 { "0".to_owned() } else { styled(harms, BAD) },
        ]);
    }
    let header = ["rule", "right", "wrong", "earn", "only tested", "idle", "idle in lists", "harm"];
    write!(out, "{}", table(&header, &rows))?;
    for one in found.iter().filter(|_| few) {
        let told = |part: &&crate::workbench::ablate::Ablated| {
            part.worth == Worth::Harms || part.worth == Worth::Idle && part.part.list.is_none()
        };
        let mut told: Vec<_> = one.parts.iter().filter(told).collect();
        told.sort_by_key(|part| part.worth);
        if !told.is_empty() {
            writeln!(out, "\n{}", one.rule)?;
        }
        for part in told {
            let word = match part.worth {
                Worth::Harms => styled("harms", BAD),
                _ => styled("idle ", DIM),
            };
            let effect = match (part.spared, part.found) {
                (0, 0) if part.part.kind.is_word() => format!("occurs in {} listings", part.occurs),
                (0, 0) => String::new(),
                (spared, 0) => format!("without it {spared} fewer are wrongly flagged"),
                (0, found) => format!("without it {found} more are found"),
                (spared, found) => {
                    format!("without it {found} more are found, {spared} fewer wrongly flagged")
                }
            };
            let text = harmless_cut(&part.part.text, 60);
            let pattern = &part.part.pattern;
            let place = if pattern.is_empty() || *pattern == part.part.text {
                String::new()
            } else {
                format!("{pattern}: ")
            };
            writeln!(out, "  {word} {place}{text}  {}", styled(effect, DIM))?;
        }
    }
    shell.good(format_args!(
        "on {} labelled listings: {idle_all} parts that neither a listing nor a test would miss, {harming} that only harm",
        corpus.entries.len()
    ));
    if !few {
        shell.say("which ones is shown with --rule ID or -v");
    }
    Ok(exit)
}

pub(super) fn mutate_all(shell: &Shell, arguments: &Mutate) -> Outcome {
    let Measured { rules, corpus } = &arguments.measured;
    let (loaded, files, exit) = open_rules(shell, rules)?;
    let rules = chosen(&loaded, &files)?;
    let corpus = entries(shell, corpus, false)?;
    let which = if arguments.all_words { Words::All } else { Words::Telling };
    let found: Vec<_> = rules.iter().map(|rule| mutate(&loaded.set, rule, &corpus.entries, which)).collect();
    let (mut one, mut two) = (Survival::default(), Survival::default());
    for rule in &found {
        one.add(rule.one);
        two.add(rule.two);
    }
    let under = arguments.fail_under.is_some_and(|least| one.share() * 100.0 < f64::from(least));
    let exit = if under { exit.max(Exit::Findings) } else { exit };
    if shell.global.json {
        print_lines(found)?;
        return Ok(exit);
    }
    let shown = |survival: Survival| {
        let text = percent(survival.survived, survival.of);
        match survival.share() {
            share if share >= 0.9 => styled(text, GOOD),
            share if share >= 0.6 => text,
            _ => styled(text, BAD),
        }
    };
    let mut out = out();
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|rule| {
            let plain =
                if rule.plain { styled("no pattern has fold = \"evasive\"", WARN) } else { String::new() };
            vec![rule.rule.clone(), rule.positives.to_string(), shown(rule.one), shown(rule.two), plain]
        })
        .collect();
    write!(out, "{}", table(&["rule", "listings", "one trick", "two tricks", ""], &rows))?;
    let mut by_trick: Vec<(&str, Survival)> = Vec::new();
    for trick in found.iter().flat_map(|rule| &rule.evasions) {
        match by_trick.iter_mut().find(|(name, _)| *name == trick.evasion) {
            Some((_, survival)) => survival.add(trick.survival),
            None => by_trick.push((trick.evasion, trick.survival)),
        }
    }
    by_trick.sort_by(|a, b| a.1.share().total_cmp(&b.1.share()));
    let rows: Vec<Vec<String>> = by_trick
        .iter()
        .map(|(name, survival)| {
            vec![(*name).to_owned(), survival.survived.to_string(), survival.of.to_string(), shown(*survival)]
        })
        .collect();
    writeln!(out)?;
    write!(out, "{}", table(&["trick", "survived", "tried", ""], &rows))?;
    let few = rules.len() <= 3 || shell.global.verbose;
    for rule in found.iter().filter(|rule| few && !rule.missed.is_empty()) {
        writeln!(out, "\n{} {}", styled("gets past", DIM), rule.rule)?;
        for missed in &rule.missed {
            let lost = if missed.lost.is_empty() {
                String::new()
            } else {
                format!("hides {}", missed.lost.join(", "))
            };
            writeln!(
                out,
                "  {:<17} “{}” for “{}”  {}",
                missed.evasion,
                harmless_cut(&missed.disguised, 40),
                harmless_cut(&missed.word, 30),
                styled(lost, DIM)
            )?;
        }
    }
    let line = format!(
        "{} of {} disguised listings are still flagged ({}), {} of {} with two tricks at once ({})",
        one.survived,
        one.of,
        percent(one.survived, one.of),
        two.survived,
        two.of,
        percent(two.survived, two.of)
    );
    if under {
        shell.problem(line);
    } else {
        shell.good(line);
    }
    Ok(exit)
}

pub(super) fn collide_all(shell: &Shell, arguments: &Collide) -> Outcome {
    let (loaded, files, exit) = open_rules(shell, &arguments.rules)?;
    let rules = chosen(&loaded, &files)?;
    let vocabularies = vocabularies(shell, arguments)?;
    let found = collide::collide(&rules, &Written::new(&files.files), &loaded.lists, &vocabularies);
    let total = found.len();
    let kept: Vec<_> = found.into_iter().filter(|one| arguments.all || one.how != Meeting::Equal).collect();
    if shell.global.json {
        print_lines(kept)?;
        return Ok(exit);
    }
    let rows: Vec<Vec<String>> = kept
        .iter()
        .map(|one| {
            let how = match one.how {
                Meeting::FoldsTo => styled("taken for it", BAD),
                Meeting::ButForAccents => styled("but for accents", WARN),
                Meeting::Inside => styled("stands inside", WARN),
                Meeting::Begins => "begins with it".to_owned(),
                Meeting::FalseFriend => styled("false friend", WARN),
                Meeting::Equal => styled("equal", DIM),
            };
            let more = one.count.saturating_sub(one.words.len());
            let more = if more > 0 { format!(" +{more}") } else { String::new() };
            vec![
                harmless_cut(&one.term, 30),
                how,
                one.language.clone(),
                format!("{}{more}", harmless_cut(&one.words.join(", "), 60)),
                one.users.first().cloned().unwrap_or_default(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        write!(out(), "{}", table(&["word", "how", "language", "ordinary words", "used by"], &rows))?;
    }
    let words: usize = vocabularies.iter().map(|vocabulary| vocabulary.words.len()).sum();
    let mut languages: Vec<&str> = vocabularies.iter().map(|one| one.language.as_str()).collect();
    languages.dedup();
    let hidden = total - kept.len();
    let hidden = if hidden > 0 {
        format!("; {hidden} that only are what they say are left out (--all)")
    } else {
        String::new()
    };
    shell.good(format_args!(
        "{} meetings with {words} words of {}{hidden}",
        kept.len(),
        languages.join(", ")
    ));
    Ok(exit)
}

fn vocabularies(shell: &Shell, arguments: &Collide) -> Result<Vec<Vocabulary>, Failure> {
    let mut paths = Vec::new();
    for path in &arguments.words {
        if path.is_dir() {
            let listed = fs::read_dir(path)?.filter_map(Result::ok).map(|entry| entry.path());
            paths.extend(listed.filter(|path| path.is_file()));
        } else if path.is_file() {
            paths.push(path.clone());
        } else if !path.starts_with("/usr/share") {
            return Err(Failure::usage(anyhow::anyhow!("there is no {}", path.display())));
        }
    }
    paths.sort();
    // Debian links `words` to one of the lists.
    let mut real: Vec<PathBuf> = Vec::new();
    let mut found: Vec<Vocabulary> = Vec::new();
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Some(language) = language_of(&name) else { continue };
        let extension = name.rsplit('.').next().unwrap_or_default();
        let other = name.contains('.') && !["dic", "txt", "words"].contains(&extension);
        let target = fs::canonicalize(&path)?;
        let asked = arguments.lang.is_empty() || arguments.lang.iter().any(|lang| lang == language);
        if other || !asked || real.contains(&target) || fs::metadata(&path)?.len() > MAX_WORD_LIST_BYTES {
            continue;
        }
        real.push(target);
        let words = words_of(&name, &decoded(&path)?);
        shell.detail(format_args!("{}: {} words of {language}", path.display(), words.len()));
        match found.iter_mut().find(|one| one.language == language) {
            Some(known) => known.words.extend(words),
            None => found.push(Vocabulary { language: language.to_owned(), words }),
        }
    }
    if found.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "no word list found; install some (Debian: wamerican, wngerman, wfrench, witalian, wspanish, wpolish, …) or \
             name a folder of files such as de.txt with one word a line: --words DIR"
        )));
    }
    for vocabulary in &mut found {
        vocabulary.words.sort();
        vocabulary.words.dedup();
    }
    found.sort_by(|a, b| a.language.cmp(&b.language));
    Ok(found)
}

/// The text of a word list: UTF-8, or what the Hunspell file beside it names, or Latin-1.
fn decoded(path: &Path) -> Result<String, Failure> {
    let bytes = fs::read(path)?;
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let affixes = fs::read(path.with_extension("aff")).unwrap_or_default();
    let affixes = String::from_utf8_lossy(&affixes);
    let named = affixes.lines().find_map(|line| line.strip_prefix("SET ")).map(str::trim);
    let encoding = named.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
    let encoding = encoding.unwrap_or(encoding_rs::WINDOWS_1252);
    Ok(encoding.decode(&bytes).0.into_owned())
}

pub(super) fn profile_all(shell: &Shell, arguments: &Measured) -> Outcome {
    let (loaded, files, exit) = open_rules(shell, &arguments.rules)?;
    let rules = chosen(&loaded, &files)?;
    let corpus = entries(shell, &arguments.corpus, true)?;
    let found = profile(&loaded.set, &rules, &corpus.entries);
    if shell.global.json {
        print_lines([found])?;
        return Ok(exit);
    }
    let rows: Vec<Vec<String>> = found
        .rules
        .iter()
        .map(|cost| {
            let micros = |value: f64| format!("{value:.2}");
            vec![
                cost.rule.clone(),
                micros(cost.mean),
                micros(cost.worst),
                harmless_cut(&cost.worst_listing, 40),
            ]
        })
        .collect();
    write!(out(), "{}", table(&["rule", "µs a listing", "worst µs", "on"], &rows))?;
    shell.good(format_args!(
        "all rules together: {:.1} µs a listing over {} listings, of which {:.1} µs to read and fold it",
        found.together, found.listings, found.folding
    ));
    Ok(exit)
}

pub(super) fn suggest_all(shell: &Shell, arguments: &Suggest) -> Outcome {
    let Measured { rules, corpus } = &arguments.measured;
    let (loaded, _, exit) = open_rules(shell, rules)?;
    let corpus = entries(shell, corpus, true)?;
    let table_of_hits = HitTable::measure(&loaded.set, &corpus.entries);
    let mut classes: Vec<&str> = match &arguments.class {
        Some(class) if loaded.set.taxonomy.classes.contains_key(class) => vec![class],
        Some(class) => return Err(Failure::usage(anyhow::anyhow!("taxonomy.toml has no class {class:?}"))),
        None => corpus.entries.iter().filter_map(|entry| entry.class.as_deref()).collect(),
    };
    classes.sort_unstable();
    classes.dedup();
    let found: Vec<_> = classes
        .iter()
        .flat_map(|class| suggest(class, &table_of_hits, &corpus.entries, arguments.least))
        .collect();
    if shell.global.json {
        print_lines(found)?;
        return Ok(exit);
    }
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|one| {
            vec![
                one.class.clone(),
                harmless_cut(&one.phrase, 40),
                one.missed.to_string(),
                one.sellers.to_string(),
                one.caught.to_string(),
                harmless_cut(&one.listings.join(", "), 40),
            ]
        })
        .collect();
    if !rows.is_empty() {
        write!(out(), "{}", table(&["class", "phrase", "missed", "sellers", "caught", "in"], &rows))?;
    }
    shell.good(format_args!(
        "{} phrases that missed listings have and no other listing has; you decide which of them mean something",
        found.len()
    ));
    Ok(exit)
}
