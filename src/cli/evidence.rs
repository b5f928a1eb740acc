//! `caveat evidence`

use std::sync::Arc;

use super::arguments::Evidence as Command;
use super::exit::{Exit, Outcome};
use super::shell::Shell;
use super::terminal::harmless;
use crate::clock::SystemClock;
use crate::evidence::{Claim, verify};
use crate::finding::Evidence;
use crate::store::{FindingFilter, Store};

pub(super) fn run(shell: &Shell, Command::Verify: &Command) -> Outcome {
    let workspace = shell.workspace()?;
    let store = Store::open_existing(&workspace.data, Arc::new(SystemClock))?;
    let mut claims = Vec::new();
    let mut without = 0;
    for finding in store.findings(FindingFilter::default()) {
        let finding = finding?;
        match finding.evidence {
            Evidence::Warc(place) => claims.push(Claim { finding: finding.id, place }),
            Evidence::None(_) => without += 1,
        }
    }
    let claimed = claims.len();
    let verified = verify(&workspace.data, &claims)?;
    let journal = store.verify_journal();
    for problem in &verified.problems {
        let finding = problem.finding.as_deref();
        let finding = finding.map(|id| format!(" (proof of finding {id})")).unwrap_or_default();
        let message = harmless(&problem.message);
        shell.problem(format_args!(
            "{} at byte {}: {message}{finding}",
            problem.file.display(),
            problem.offset
        ));
    }
    shell.say(format_args!(
        "{} files, {} records read; {} of {claimed} findings proven{}",
        verified.files,
        verified.records,
        verified.proven,
        if without > 0 { format!(", {without} have no evidence") } else { String::new() }
    ));
    match &journal {
        Ok(entries) => shell.say(format_args!("journal: {entries} entries, chain unbroken")),
        Err(error) => shell.problem(format_args!("journal: {error}")),
    }
    let sound = verified.problems.is_empty() && verified.proven == claimed as u64 && journal.is_ok();
    if sound {
        shell.good("the evidence is as it was written");
    }
    Ok(if sound { Exit::Done } else { Exit::Findings })
}
