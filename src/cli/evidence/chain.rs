//! What the journal and its time stamps say, of a data folder or of an excerpt in a package.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::super::shell::Shell;
use super::super::terminal::harmless;
use crate::evidence::stamp::{self, Stamp};
use crate::store::{JournalLine, StoreError};

/// A journal that was read to its end, or to the first line that does not follow.
#[derive(Default)]
pub(super) struct Chain {
    /// Number of the first line, and of the last.
    pub(super) lines: Option<(u64, u64)>,
    /// Hash of the last line.
    pub(super) hash: String,
    /// Finding and SHA-256 of each exchange that a line vouches for.
    pub(super) vouched: BTreeSet<(String, String)>,
    /// The last whole state of each finding.
    pub(super) findings: BTreeMap<String, Value>,
    /// Hash → number of the line, of those that were stamped.
    stamped: BTreeMap<String, u64>,
    /// Why the reading ended early.
    pub(super) fault: Option<StoreError>,
}

impl Chain {
    /// Reads a journal. Of findings whose id is in `whole`, the content is held too.
    pub(super) fn read(
        lines: impl Iterator<Item = Result<JournalLine, StoreError>>,
        stamps: &Stamps,
        whole: &BTreeSet<String>,
    ) -> Self {
        let mut chain = Self::default();
        let imprints: BTreeSet<&str> =
            stamps.sound.iter().map(|(_, stamp, _)| stamp.sha256.as_str()).collect();
        for line in lines {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    chain.fault = Some(error);
                    break;
                }
            };
            let first = chain.lines.map_or(line.seq(), |(first, _)| first);
            chain.lines = Some((first, line.seq()));
            line.hash().clone_into(&mut chain.hash);
            if let Some(place) = line.evidence() {
                chain.vouched.insert((line.id().to_owned(), place.sha256));
            }
            if line.is_finding() && whole.contains(line.id()) && !line.payload().is_null() {
                chain.findings.insert(line.id().to_owned(), line.payload().clone());
            }
            if imprints.contains(line.hash()) {
                chain.stamped.insert(line.hash().to_owned(), line.seq());
            }
        }
        chain
    }

    /// Whether a line says that this exchange proves this finding.
    pub(super) fn vouches(&self, finding: &str, sha256: &str) -> bool {
        self.vouched.contains(&(finding.to_owned(), sha256.to_owned()))
    }

    /// Says what the journal is like; false when it is broken.
    pub(super) fn tell(&self, shell: &Shell) -> bool {
        if let Some(fault) = &self.fault {
            shell.problem(format_args!("journal: {}", harmless(&fault.to_string())));
        } else if let Some((first, last)) = self.lines {
            shell.say(format_args!(
                "journal: lines {first} to {last}, chain unbroken, ends with {}",
                self.hash
            ));
        } else {
            shell.say("journal: empty");
        }
        self.fault.is_none()
    }

    /// Says what is known of the time; false when a stamp is broken.
    pub(super) fn tell_time(&self, shell: &Shell, stamps: &Stamps, ca: Option<&Path>) -> bool {
        let mut sound = true;
        for (name, fault) in &stamps.broken {
            shell.problem(format_args!("time stamp {}: {}", harmless(name), harmless(fault)));
            sound = false;
        }
        let mut latest: Option<(u64, &str, &Stamp)> = None;
        for (name, stamp, token) in &stamps.sound {
            let Some(line) = self.stamped.get(&stamp.sha256) else {
                shell.problem(format_args!(
                    "time stamp {}: no line of this journal has the hash that it stamps; the journal was cut or is another",
                    harmless(name)
                ));
                sound = false;
                continue;
            };
            if let Some(ca) = ca
                && let Err(fault) = check_signature(token, stamp, ca)
            {
                shell.problem(format_args!("time stamp {}: {}", harmless(name), harmless(&fault)));
                sound = false;
                continue;
            }
            shell.detail(format_args!("time stamp {}: line {line}, {}", harmless(name), stamp.at));
            if latest.is_none_or(|(before, _, _)| before < *line) {
                latest = Some((*line, name, stamp));
            }
        }
        let last = self.lines.map_or(0, |(_, last)| last);
        match latest {
            None => shell.say(
                "time: no stamp; that the pages are as old as they say rests on this machine's clock and on the word of \
                 whoever kept them",
            ),
            Some((line, name, stamp)) => {
                let rest = if line < last { format!("; lines {} to {last} are not stamped", line + 1) } else { String::new() };
                shell.say(format_args!(
                    "time: everything up to line {line} existed on {}, says the authority ({}){rest}",
                    stamp.at,
                    harmless(name)
                ));
                shell.say(match ca {
                    Some(ca) => format!("      signature checked with {}", ca.display()),
                    None => format!(
                        "      its signature was NOT checked: give its certificate with --tsa-ca FILE, or run\n      \
                         openssl ts -verify -digest {} -in {} -CAfile FILE",
                        stamp.sha256,
                        harmless(name)
                    ),
                });
            }
        }
        sound
    }
}

/// Time stamps, read.
#[derive(Default)]
pub(super) struct Stamps {
    /// Name, what it says, token.
    pub(super) sound: Vec<(String, Stamp, Vec<u8>)>,
    /// Name and what is wrong.
    broken: Vec<(String, String)>,
}

impl Stamps {
    pub(super) fn read(tokens: Vec<(String, Vec<u8>)>) -> Self {
        let mut stamps = Self::default();
        for (name, token) in tokens {
            match stamp::read(&token) {
                Ok(stamp) => stamps.sound.push((name, stamp, token)),
                Err(fault) => stamps.broken.push((name, fault.to_string())),
            }
        }
        stamps
    }
}

/// Lets openssl check a token against an authority's certificate, as of the time that it states: certificates end, and
/// what they signed before stays true.
fn check_signature(token: &[u8], stamp: &Stamp, ca: &Path) -> Result<(), String> {
    let seconds = stamp.at.0.div_euclid(1000).to_string();
    let mut openssl = Command::new("openssl");
    openssl.args([
        "ts",
        "-verify",
        "-in",
        "/dev/stdin",
        "-digest",
        &stamp.sha256,
        "-attime",
        &seconds,
        "-CAfile",
    ]);
    let spawned =
        openssl.arg(ca).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(
            |error| format!("its signature cannot be checked: openssl does not start ({error}); install it"),
        )?;
    let failed = |error: std::io::Error| format!("its signature cannot be checked: {error}");
    let mut child = spawned;
    // Tokens are smaller than a pipe holds or openssl reads them whole; its own answer is short.
    child.stdin.take().map_or(Ok(()), |mut input| input.write_all(token)).map_err(failed)?;
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = said
        .lines()
        .find(|line| line.contains("error") || line.contains("rror:"))
        .unwrap_or("openssl says no");
    Err(format!("its signature does not hold with {}: {}", ca.display(), why.trim()))
}
