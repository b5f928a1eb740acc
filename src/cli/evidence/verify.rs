//! `caveat evidence verify`: of the data folder, or of a package on any machine.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::super::exit::{Exit, Outcome};
use super::super::shell::Shell;
use super::super::terminal::harmless;
use super::chain::{Chain, Stamps};
use super::show;
use crate::clock::SystemClock;
use crate::evidence::package::{self, PackedFinding};
use crate::evidence::{Claim, stamp, verify};
use crate::finding::Evidence;
use crate::store::{FindingFilter, Store, journal_lines};

pub(super) fn folder(shell: &Shell, ca: Option<&Path>) -> Outcome {
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
    let stamps = Stamps::read(stamp::kept(&workspace.data)?);
    let mut chain = Chain::read(store.journal()?, &stamps, &BTreeSet::new());
    if chain.fault.is_none() {
        chain.fault = store.verify_journal().err();
    }
    show(shell, &verified.problems);
    let mut vouched = true;
    for Claim { finding, place } in &claims {
        if chain.fault.is_none() && !chain.vouches(finding, &place.sha256) {
            shell.problem(format_args!(
                "journal: no line says that {} proves finding {finding}",
                place.sha256
            ));
            vouched = false;
        }
    }
    shell.say(format_args!(
        "{} files, {} records read; {} of {claimed} findings proven{}",
        verified.files,
        verified.records,
        verified.proven,
        if without > 0 { format!(", {without} have no evidence") } else { String::new() }
    ));
    let unbroken = chain.tell(shell) & chain.tell_time(shell, &stamps, ca);
    let sound = verified.problems.is_empty() && verified.proven == claimed as u64 && vouched && unbroken;
    if sound {
        shell.good("the evidence is as it was written");
    }
    Ok(if sound { Exit::Done } else { Exit::Findings })
}

pub(super) fn package(shell: &Shell, path: &Path, ca: Option<&Path>) -> Outcome {
    let package = package::open(path)?;
    let exchanges: usize = package.findings.iter().map(|packed| packed.evidence.len()).sum();
    let stamps = Stamps::read(package.stamps);
    let ids = package.findings.iter().map(|packed| packed.finding.id.clone()).collect();
    let chain =
        Chain::read(journal_lines(Cursor::new(package.journal), &path.join("journal")), &stamps, &ids);
    show(shell, &package.problems);
    let mut vouched = true;
    for packed in &package.findings {
        for fault in unvouched(&chain, packed) {
            shell.problem(format_args!("finding {}: {fault}", harmless(&packed.finding.id)));
            vouched = false;
        }
    }
    if package.findings.is_empty() {
        shell.problem("the package proves nothing: there is no finding in it that can be read");
    }
    shell.say(format_args!(
        "{} findings; {} of {exchanges} exchanges proven; {} records read",
        package.findings.len(),
        package.proven,
        package.records
    ));
    let unbroken = chain.tell(shell) & chain.tell_time(shell, &stamps, ca);
    let sound = package.problems.is_empty()
        && !package.findings.is_empty()
        && package.proven == exchanges as u64
        && vouched
        && unbroken;
    if !package.manifest_sha256.is_empty() {
        shell.say(format_args!("made {}; manifest {}", harmless(&package.created), package.manifest_sha256));
    }
    if sound {
        shell.good("the package is whole, and everything in it fits together");
        shell.say(
            "  That it is the one that was handed out, only the manifest's digest tells: compare it with what the sender \
             says by another way.",
        );
    }
    Ok(if sound { Exit::Done } else { Exit::Findings })
}

/// What the journal does not say of a finding.
fn unvouched(chain: &Chain, packed: &PackedFinding) -> Vec<String> {
    let PackedFinding { finding, evidence } = packed;
    let mut faults: Vec<String> = evidence
        .iter()
        .filter(|place| !chain.vouches(&finding.id, &place.sha256))
        .map(|place| format!("no line of the journal says that {} proves it", harmless(&place.sha256)))
        .collect();
    let stated = serde_json::to_value(finding).ok().map(content);
    let written = chain.findings.get(&finding.id).cloned().map(content);
    if written.is_none() || stated != written {
        faults.push("the journal says something else of it than the package".to_owned());
    }
    faults
}

/// A finding without what changes at each sight.
fn content(mut finding: Value) -> Value {
    if let Some(fields) = finding.as_object_mut() {
        for name in ["first_seen", "last_seen", "evidence"] {
            fields.shift_remove(name);
        }
    }
    finding
}
