//! `caveat corpus label`: a person reads a listing and says flag or pass. What the rules say is not shown: it would be
//! answered back.

use std::collections::BTreeMap;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::super::arguments::measure::Label;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::shell::Shell;
use super::super::terminal::{BOLD, DIM, harmless, harmless_cut, json_line, out, styled};
use crate::document::nearest;
use crate::finding::Ruling;
use crate::listing::Listing;
use crate::workbench::corpus::{self, Corpus, Place};
use crate::workbench::edit::{self, Edit};

/// Characters of a description that are shown; a person who needs more opens the page.
const SHOWN_DESCRIPTION: usize = 1_500;
/// An answer is a word or two.
const MAX_ANSWER_BYTES: u64 = 10_000;

pub(super) fn run(shell: &Shell, arguments: &Label) -> Outcome {
    let (corpus, bad) = super::open(shell, super::CorpusArguments { paths: arguments.corpus.paths.clone() })?;
    let workspace = shell.workspace()?;
    let loaded = super::super::measure::load_rules(shell, workspace.rule_files()?);
    let classes: Vec<String> = loaded.set.taxonomy.classes.keys().cloned().collect();
    let mut labeller = Labeller { shell, classes, class: None, edits: BTreeMap::new(), done: Vec::new() };
    let exit = match &arguments.answers {
        Some(file) => labeller.take(&corpus, file, arguments.again)?,
        None => labeller.ask(&corpus, &arguments.id)?,
    };
    labeller.save()?;
    for (id, label, class) in &labeller.done {
        if shell.global.json {
            writeln!(out(), "{}", json_line(&json!({ "id": id, "label": label, "class": class }))?)?;
        }
    }
    let flagged = labeller.done.iter().filter(|(_, label, _)| *label == Ruling::Flag).count();
    let waiting = corpus.waiting.len();
    shell.say(format_args!(
        "{} labelled, {flagged} of them flag; {waiting} were waiting",
        labeller.done.len()
    ));
    Ok(exit.max(bad))
}

/// What a person says of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Flag(String),
    Pass,
    Skip,
    Stop,
}

struct Labeller<'s> {
    shell: &'s Shell,
    classes: Vec<String>,
    /// The class of the last flag.
    class: Option<String>,
    /// By file and line.
    edits: BTreeMap<String, BTreeMap<usize, Edit>>,
    done: Vec<(String, Ruling, Option<String>)>,
}

impl Labeller<'_> {
    /// Asks for one listing after the other. Without a terminal each line of standard input is an answer.
    fn ask(&mut self, corpus: &Corpus, ids: &[String]) -> Result<Exit, Failure> {
        let listings = chosen(corpus, ids)?;
        let person = io::stdin().is_terminal();
        let mut answers = io::stdin().lock();
        let mut exit = Exit::Done;
        for (number, (id, listing, place)) in listings.iter().enumerate() {
            if !self.shell.global.json {
                show(listing, place, number + 1, listings.len())?;
            }
            let answer = loop {
                if person {
                    // On standard error, where prompts belong.
                    let last = self.class.as_deref().map(|class| format!(" [{class}]")).unwrap_or_default();
                    let mut err = io::stderr().lock();
                    write!(err, "f CLASS{last}, p, s, q > ")?;
                    err.flush()?;
                }
                let mut line = String::new();
                if io::Read::take(&mut answers, MAX_ANSWER_BYTES).read_line(&mut line)? == 0 {
                    break Answer::Stop;
                }
                match self.understand(&line) {
                    Ok(answer) => break answer,
                    Err(fault) => {
                        self.shell.problem(format_args!("{}: {}", harmless(id), harmless(&fault)));
                        if !person {
                            // Nobody is there to say it again, and the next line answers the next listing.
                            exit = Exit::Usage;
                            break Answer::Skip;
                        }
                    }
                }
            };
            if answer == Answer::Stop {
                break;
            }
            self.note(id, place, answer);
            // Whoever leaves with Ctrl-C keeps what they said.
            if person {
                self.save()?;
            }
        }
        Ok(exit)
    }

    /// `ID f CLASS`, `ID p`, `ID s`, one a line.
    fn take(&mut self, corpus: &Corpus, file: &Path, again: bool) -> Result<Exit, Failure> {
        let text = String::from_utf8(corpus::read_file(file)?).map_err(|error| {
            Failure::incomplete(anyhow::anyhow!("{} is not UTF-8: {error}", file.display()))
        })?;
        let mut exit = Exit::Done;
        let mut places: BTreeMap<&str, (&Place, Option<Said<'_>>)> = BTreeMap::new();
        for entry in &corpus.entries {
            places.insert(&entry.id, (&entry.place, Some((entry.label, entry.class.as_deref()))));
        }
        for waiting in &corpus.waiting {
            places.entry(&waiting.id).or_insert((&waiting.place, None));
        }
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let mut fault = |what: String| {
                let place = format!("{}:{}", file.display(), number + 1);
                self.shell.problem(format_args!("{}: {}", harmless(&place), harmless(&what)));
                exit = Exit::Usage;
            };
            let (id, answer) = line.trim().split_once([' ', '\t']).unwrap_or((line.trim(), ""));
            let Some((place, old)) = places.get(id) else {
                fault(format!("no listing has the id {id:?}"));
                continue;
            };
            let answer = match self.understand(answer) {
                Ok(answer) => answer,
                Err(what) => {
                    fault(what);
                    continue;
                }
            };
            let new = match &answer {
                Answer::Flag(class) => Some((Ruling::Flag, Some(class.as_str()))),
                Answer::Pass => Some((Ruling::Pass, None)),
                Answer::Skip => continue,
                Answer::Stop => break,
            };
            let same = |old: Said<'_>| {
                new.is_some_and(|new| new.0 == old.0 && (new.0 == Ruling::Pass || new.1 == old.1))
            };
            match old {
                Some(old) if same(*old) => {}
                Some((label, class)) if !again => {
                    let class = class.filter(|_| *label == Ruling::Flag).unwrap_or_default();
                    let label = if *label == Ruling::Flag { "flag" } else { "pass" };
                    fault(format!(
                        "{place} is labelled {label} {class} already; --again lets answers change labels"
                    ));
                }
                _ => self.note(id, place, answer),
            }
        }
        Ok(exit)
    }

    fn understand(&mut self, line: &str) -> Result<Answer, String> {
        let mut words = line.split_whitespace();
        let (word, class) = (words.next().unwrap_or_default().to_lowercase(), words.next());
        match word.as_str() {
            "f" | "flag" => match class.map(str::to_owned).or_else(|| self.class.clone()) {
                None => Err("which class? write f CLASS, such as f toy.magnet".to_owned()),
                Some(class) if self.classes.contains(&class) => {
                    self.class = Some(class.clone());
                    Ok(Answer::Flag(class))
                }
                Some(class) => {
                    let near = nearest(&class, self.classes.iter().map(String::as_str));
                    let hint = near.map_or_else(
                        || "`caveat rules list` shows classes".to_owned(),
                        |near| format!("did you mean {near}?"),
                    );
                    Err(format!("there is no class {class:?}; {hint}"))
                }
            },
            "p" | "pass" => Ok(Answer::Pass),
            "s" | "skip" | "" => Ok(Answer::Skip),
            "q" | "quit" => Ok(Answer::Stop),
            _ => Err(format!("{word:?} is no answer: f CLASS flags, p passes, s skips, q stops")),
        }
    }

    fn note(&mut self, id: &str, place: &Place, answer: Answer) {
        let (label, class) = match answer {
            Answer::Flag(class) => (Ruling::Flag, Some(class)),
            Answer::Pass => (Ruling::Pass, None),
            Answer::Skip | Answer::Stop => return,
        };
        let word = if label == Ruling::Flag { "flag" } else { "pass" };
        let set =
            vec![("label", Value::from(word)), ("class", class.clone().map_or(Value::Null, Value::from))];
        self.edits.entry(place.file.clone()).or_default().insert(place.line, Edit::Set(set));
        self.done.push((id.to_owned(), label, class));
    }

    fn save(&mut self) -> Result<(), Failure> {
        for (file, edits) in std::mem::take(&mut self.edits) {
            edit::apply(Path::new(&file), &edits)?;
        }
        Ok(())
    }
}

/// A label and its class.
type Said<'c> = (Ruling, Option<&'c str>);

type Chosen<'c> = (&'c str, &'c Listing, &'c Place);

/// Those that wait, or those that were named.
fn chosen<'c>(corpus: &'c Corpus, ids: &[String]) -> Result<Vec<Chosen<'c>>, Failure> {
    let waiting = corpus.waiting.iter().map(|one| (one.id.as_str(), &one.listing, &one.place));
    if ids.is_empty() {
        return Ok(waiting.collect());
    }
    let labelled = corpus.entries.iter().map(|one| (one.id.as_str(), &one.listing, &one.place));
    let all: Vec<Chosen<'c>> = waiting.chain(labelled).collect();
    let find = |id: &String| {
        let missing = || Failure::usage(anyhow::anyhow!("no listing has the id {id:?}"));
        all.iter().find(|(other, ..)| *other == id.as_str()).copied().ok_or_else(missing)
    };
    ids.iter().map(find).collect()
}

fn show(listing: &Listing, place: &Place, number: usize, of: usize) -> io::Result<()> {
    let mut out = out();
    writeln!(
        out,
        "\n{} {}",
        styled(format!("{number} of {of}"), DIM),
        styled(harmless(&place.to_string()), DIM)
    )?;
    writeln!(out, "{}", styled(harmless(&listing.title), BOLD))?;
    let price = listing
        .price
        .as_ref()
        .map(|price| format!("{} {}", price.amount, harmless(price.currency.as_deref().unwrap_or_default())));
    let seller = listing.seller.as_ref().and_then(|seller| seller.name.as_deref()).map(harmless);
    let facts =
        [price, seller, listing.brand.as_deref().map(harmless), listing.language.as_deref().map(harmless)];
    let category = (!listing.category.is_empty()).then(|| harmless(&listing.category.join(" > ")));
    let facts: Vec<String> = facts.into_iter().flatten().chain(category).collect();
    if !facts.is_empty() {
        writeln!(out, "{}", facts.join(" · "))?;
    }
    for (name, value) in &listing.attributes {
        writeln!(out, "  {}: {}", harmless(name), harmless_cut(value, 100))?;
    }
    for line in listing.description.chars().take(SHOWN_DESCRIPTION).collect::<String>().lines() {
        writeln!(out, "  {}", harmless(line))?;
    }
    if listing.description.chars().nth(SHOWN_DESCRIPTION).is_some() {
        writeln!(out, "  …")?;
    }
    if let Some(url) = &listing.url {
        writeln!(out, "{}", styled(harmless(url), DIM))?;
    }
    out.flush()
}
