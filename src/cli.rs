//! The command line: reads what was typed, runs it, prints, and answers with an exit code.
//!
//! Standard output is data, standard error is for people. This is the only room besides `web` that prints.

mod arguments;
mod check;
mod corpus;
mod crawl;
mod demo;
mod doctor;
mod evidence;
mod exit;
mod extract;
mod findings;
mod init;
mod measure;
mod progress;
mod report;
mod rulebook;
mod rules;
mod scan;
mod schedule;
mod serve;
mod shell;
mod sources;
mod summary;
mod terminal;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use arguments::{Arguments, Command};
use exit::{Exit, Outcome};
use shell::Shell;

/// Runs the program.
pub fn main() -> ExitCode {
    // Usage errors end here, with clap's own exit code 2.
    let Arguments { global, command } = Arguments::parse();
    let shell = Shell::new(global);
    let exit = match run(&shell, command) {
        Ok(exit) => exit,
        Err(failure) if failure.is_broken_pipe() => Exit::Done,
        Err(failure) => {
            shell.error(&failure);
            failure.exit
        }
    };
    exit.into()
}

fn run(shell: &Shell, command: Command) -> Outcome {
    match command {
        Command::Demo(demo) => demo::run(shell, &demo),
        Command::Init(init) => init::run(shell, &init),
        Command::Crawl(crawl) => crawl::run(shell, &crawl),
        Command::Scan(scan) => scan::run(shell, scan),
        Command::Extract(extract) => extract::run(shell, extract),
        Command::Rules(rules) => rules::run(shell, rules),
        Command::Corpus(corpus) => corpus::run(shell, corpus),
        Command::Findings(findings) => findings::run(shell, findings),
        Command::Evidence(evidence) => evidence::run(shell, &evidence),
        Command::Sources(sources) => sources::run(shell, sources),
        Command::Schedule(schedule) => schedule::run(shell, schedule),
        Command::Serve(serve) => serve::run(shell, &serve),
        Command::Doctor => doctor::run(shell),
        Command::Completions { shell: name } => {
            clap_complete::generate(name, &mut Arguments::command(), "caveat", &mut io::stdout());
            Ok(Exit::Done)
        }
        Command::Man => {
            clap_mangen::Man::new(Arguments::command()).render(&mut io::stdout())?;
            Ok(Exit::Done)
        }
    }
}
