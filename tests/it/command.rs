//! Running the real binary and reading what it says.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The binary with arguments, in a folder.
pub(crate) fn caveat(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_caveat"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs it to the end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    caveat(folder, arguments).output().unwrap()
}

/// Runs it to the end with something on standard input.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = caveat(folder, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A process that ends early closes its end; what it says matters, not that it did not read all.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

/// Standard output of a run that must have ended well.
#[track_caller]
pub(crate) fn succeed(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}\n{}", output.status, out(output), err(output));
    out(output)
}

/// Standard output.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// One JSON value a line.
#[track_caller]
pub(crate) fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}
