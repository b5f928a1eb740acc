//! `caveat sources`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use serde_json::json;
use url::Url;

use super::arguments::Sources as Command;
use super::exit::{Exit, Failure, Outcome};
use super::shell::Shell;
use super::terminal::{harmless, json_line, out, table};
use crate::crawl::scope::Scope;
use crate::fetch::robots::{Robots, target};
use crate::workspace::read_source;

pub(super) fn run(shell: &Shell, command: Command) -> Outcome {
    match command {
        Command::List => list(shell),
        Command::Check(arguments) => super::check::run(shell, &arguments),
        Command::Why { url } => why(shell, &url),
        Command::Robots { file, agent, urls } => robots(shell, &file, &agent, &urls),
    }
}

fn list(shell: &Shell) -> Outcome {
    let workspace = shell.workspace()?;
    let mut rows = Vec::new();
    let mut exit = Exit::Done;
    for path in workspace.source_paths()? {
        let (source, _) = match read_source(&path) {
            Ok(read) => read,
            Err(error) => {
                let failure = Failure::from(error);
                shell.error(&failure);
                exit = exit.max(failure.exit);
                continue;
            }
        };
        let schedule = source.schedule.as_ref().map(|s| format!("{} {}", s.cron, s.zone)).unwrap_or_default();
        let start: Vec<String> = source.start.iter().map(Url::to_string).collect();
        if shell.global.json {
            let line = json!({"id": source.id, "name": source.name, "start": start, "schedule": schedule});
            writeln!(out(), "{}", json_line(&line)?)?;
        } else {
            let rate = source.limits.rate_per_second.to_string();
            rows.push(vec![source.id, harmless(&source.name), harmless(&start.join(" ")), rate, schedule]);
        }
    }
    if !rows.is_empty() {
        write!(out(), "{}", table(&["id", "name", "start", "pages/s", "schedule"], &rows))?;
    } else if !shell.global.json && exit == Exit::Done {
        shell.say("no source yet: write sources/ID.toml (`caveat init` makes an example)");
    }
    Ok(exit)
}

fn why(shell: &Shell, url: &Url) -> Outcome {
    let workspace = shell.workspace()?;
    let mut fetched = false;
    for path in workspace.source_paths()? {
        let (source, _) = read_source(&path)?;
        let answer = Scope::of(&source).check(url, 1);
        fetched |= answer.is_ok();
        let reason = match &answer {
            Ok(()) => "in scope; fetched if robots.txt allows it".to_owned(),
            Err(why) => why.to_string(),
        };
        if shell.global.json {
            let line =
                json!({"source": source.id, "url": url.as_str(), "in_scope": answer.is_ok(), "why": reason});
            writeln!(out(), "{}", json_line(&line)?)?;
        } else {
            let word = if answer.is_ok() { "would fetch" } else { "would not  " };
            writeln!(out(), "{word}  {}: {}", source.id, harmless(&reason))?;
        }
    }
    if !fetched {
        shell.say("no source fetches this address");
    }
    Ok(Exit::Done)
}

fn robots(shell: &Shell, file: &PathBuf, agent: &str, urls: &[String]) -> Outcome {
    let bytes = fs::read(file)
        .map_err(|error| Failure::incomplete(anyhow::anyhow!("cannot read {}: {error}", file.display())))?;
    let robots = Robots::parse(&bytes);
    for url in urls {
        // A bare path is asked for as it stands.
        let path = Url::parse(url).map_or_else(|_| url.clone(), |url| target(&url));
        let decision = robots.decide(agent, &path);
        let word = if decision.allowed { "allow" } else { "deny" };
        let mut out = out();
        if shell.global.json {
            let line = json!({"url": url, "allowed": decision.allowed, "line": decision.line, "rule": decision.rule});
            writeln!(out, "{}", json_line(&line)?)?;
        } else {
            let line = decision.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
            let rule = decision.rule.as_deref().unwrap_or("(no rule fits)");
            writeln!(out, "{word}\t{line}\t{}\t{}", harmless(rule), harmless(url))?;
        }
    }
    Ok(Exit::Done)
}
