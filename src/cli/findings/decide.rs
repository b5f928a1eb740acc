//! `caveat findings decide|assign`

use std::io::Write;

use super::super::arguments::Decide;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::shell::Shell;
use super::super::terminal::{harmless, json_line, out};
use crate::clock::Timestamp;
use crate::finding::{Action, Step, Taken};
use crate::store::{MAX_DECISIONS, Store};
use crate::workspace::Workspace;

/// Takes the step with every finding; one that is refused does not stop the rest.
pub(super) fn run(shell: &Shell, store: &Store, ids: &[String], step: &Step) -> Outcome {
    let mut exit = Exit::Done;
    let mut whole = Vec::with_capacity(ids.len());
    for id in ids {
        match store.finding(id) {
            Ok(record) if !whole.contains(&record.finding.id) => whole.push(record.finding.id),
            Ok(_) => {}
            Err(error) => {
                shell.problem(harmless(&error.to_string()));
                exit = Exit::Usage;
            }
        }
    }
    for ids in whole.chunks(MAX_DECISIONS) {
        let steps = ids.iter().map(|id| (id.clone(), step.clone())).collect();
        let answers = store.decide(steps).wait()?;
        for (id, answer) in ids.iter().zip(answers) {
            match answer {
                Ok(taken) if shell.global.json => {
                    let line = serde_json::json!({ "id": id, "state": taken.to, "step": taken });
                    writeln!(out(), "{}", json_line(&line)?)?;
                }
                Ok(taken) => writeln!(out(), "{id}  {}", told(&taken))?,
                Err(error) => {
                    shell.problem(harmless(&error.to_string()));
                    exit = Exit::Usage;
                }
            }
        }
    }
    Ok(exit)
}

/// The step that the arguments ask for.
pub(super) fn step(workspace: &Workspace, arguments: &Decide) -> Result<Step, Failure> {
    let Decide { ids: _, start, confirm, dismiss, refer, close, reopen, snooze, wake, undo, note } =
        arguments;
    let action = if let Some(reason) = *dismiss {
        Action::Dismiss { reason }
    } else if let Some(to) = refer {
        Action::Refer { to: to.clone() }
    } else if let Some(day) = snooze {
        Action::Snooze { until: morning(day, &workspace.config.time_zone)? }
    } else {
        let steps = [
            (*start, Action::Start),
            (*confirm, Action::Confirm),
            (*close, Action::Close),
            (*reopen, Action::Reopen),
            (*wake, Action::Wake),
            (*undo, Action::Undo),
        ];
        steps.into_iter().find_map(|(asked, action)| asked.then_some(action)).unwrap_or(Action::Note)
    };
    Ok(by_hand(action, note.clone()))
}

/// A step of whoever runs this command.
pub(super) fn by_hand(action: Action, note: Option<String>) -> Step {
    // The system's word for who this is; accounts come with `serve`.
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    Step { by: format!("cli:{user}"), seen: None, action, note }
}

/// A step as a line for people.
pub(super) fn told(taken: &Taken) -> String {
    let what = match &taken.action {
        Action::Start => "looks at it".to_owned(),
        Action::Confirm => "confirmed it".to_owned(),
        Action::Dismiss { reason } => format!("dismissed it ({})", reason.name()),
        Action::Refer { to } => format!("referred it to {}", harmless(to)),
        Action::Close => "closed it".to_owned(),
        Action::Reopen => "reopened it".to_owned(),
        Action::Snooze { until } => format!("laid it aside until {until}"),
        Action::Wake => "woke it".to_owned(),
        Action::Assign { to: Some(to) } => format!("gave it to {}", harmless(to)),
        Action::Assign { to: None } => "gave it to nobody".to_owned(),
        Action::Note => "noted".to_owned(),
        Action::Undo => format!("took the last decision back ({} again)", taken.to.name()),
        Action::Changed => format!("saw that the offer changed ({})", taken.to.name()),
    };
    let note = taken.note.as_deref().map(|note| format!(": {}", harmless(note))).unwrap_or_default();
    format!("{}  {} {what}{note}", taken.at, harmless(&taken.by))
}

/// The beginning of a day in a zone.
fn morning(day: &str, zone: &str) -> Result<Timestamp, Failure> {
    let date: jiff::civil::Date = day
        .parse()
        .map_err(|_| Failure::usage(anyhow::anyhow!("--snooze {day:?}: write a day as 2027-01-31")))?;
    let time =
        date.in_tz(zone).map_err(|error| Failure::usage(anyhow::anyhow!("--snooze {day}: {error}")))?;
    Ok(Timestamp(time.timestamp().as_millisecond()))
}
