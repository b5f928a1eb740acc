//! `caveat init`

use super::arguments::Init;
use super::exit::{Exit, Outcome};
use super::shell::Shell;
use super::terminal::{BOLD, styled};
use crate::workspace::{CONFIG_FILE, init};

pub(super) fn run(shell: &Shell, arguments: &Init) -> Outcome {
    let folder = &arguments.dir;
    let made = init(folder, arguments.operator.as_deref(), arguments.contact.as_deref())?;
    let (new, old): (Vec<_>, Vec<_>) = made.iter().partition(|made| made.new);
    for made in &new {
        shell.detail(format_args!("made {}", made.path.display()));
    }
    shell.good(format_args!(
        "workspace in {}: {} files made, {} left as they were",
        folder.display(),
        new.len(),
        old.len()
    ));
    let contact = if arguments.contact.is_some() { "" } else { "set `operator` and `contact` in " };
    let config = folder.join(CONFIG_FILE);
    if !contact.is_empty() {
        shell.say(format_args!("  1. {contact}{}", config.display()));
    }
    let sources = folder.join("sources");
    shell.say(format_args!(
        "  next: copy {0}/shop-example.toml.example to {0}/ID.toml and edit it, then",
        sources.display()
    ));
    shell.say(format_args!("  {}", styled("caveat sources check ID && caveat crawl ID --dry-run", BOLD)));
    Ok(Exit::Done)
}
