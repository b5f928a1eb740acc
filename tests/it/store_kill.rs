//! kill -9 at random moments: nothing that was acknowledged is lost, and what is left hangs together.
//!
//! The writer is this test binary itself, run again with an environment variable. It crawls an imaginary shop with
//! evidence, and prints each acknowledgement; the parent kills it, opens the folder, and compares.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child as Process, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use caveat::clock::{Clock, SystemClock};
use caveat::evidence::{Claim, EvidenceWriter, verify};
use caveat::finding::{Evidence, Finding, Ruling, Severity};
use caveat::store::{FindingFilter, JobResult, Outcome, Store, UrlStatus};

use crate::store::{child, finding, listing, seed};

const FOLDER: &str = "CAVEAT_TEST_KILL_FOLDER";
const ROUNDS: usize = 24;
const SEEDS: usize = 1_000;

/// Not a test of its own: the process that is killed.
#[test]
fn writer_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open(folder, Arc::clone(&clock)).unwrap();
    let evidence = EvidenceWriter::open(folder, Arc::clone(&clock)).unwrap();
    let seeds =
        (0..SEEDS).map(|n| seed(&format!("http://shop.example/{n}"), &format!("g{}", n % 4), 0)).collect();
    store.begin_or_resume_run("shop", seeds).wait().unwrap();
    say("begun");
    std::thread::scope(|scope| {
        for gate in 0..4 {
            let (store, evidence, clock) = (&store, evidence.clone(), &clock);
            scope.spawn(move || {
                while let Some(job) = store.take("shop", &format!("g{gate}"), 1, clock.now()).unwrap().pop() {
                    let url = job.url.clone();
                    let place = evidence.append(&[page(&url)]).wait().unwrap();
                    let mut outcome = Outcome::of(job, JobResult::Done);
                    outcome.children = vec![child(&format!("{url}/again"), "later")];
                    outcome.listings = vec![listing(&url, Ruling::Flag, clock.now())];
                    outcome.findings =
                        vec![Finding { evidence: Evidence::Warc(place), ..finding(&url, Severity::High, 9) }];
                    outcome.counters = BTreeMap::from([("fetched".to_owned(), 1)]);
                    store.settle(outcome).wait().unwrap();
                    say(&url);
                }
            });
        }
    });
    say("end");
}

fn page(url: &str) -> caveat::page::Exchange {
    caveat::page::Exchange {
        url: url.parse().unwrap(),
        sent_at: SystemClock.now(),
        took: Duration::ZERO,
        remote: Some(SocketAddr::from(([127, 0, 0, 1], 80))),
        request_headers: Vec::new(),
        status: 200,
        response_headers: Vec::new(),
        body: url.repeat(40).into_bytes(),
        truncated: false,
    }
}

/// Past the test harness, which would hold output back.
fn say(line: &str) {
    let mut out = std::io::stderr().lock();
    out.write_all(format!("ack {line}\n").as_bytes()).unwrap();
}

fn start(folder: &Path) -> Process {
    Command::new(std::env::current_exe().unwrap())
        .args(["store_kill::writer_that_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let mut moment = fastrand::Rng::with_seed(0xCA_7E47);
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged: Vec<String> = Vec::new();
    let mut killed = 0;
    for round in 0..ROUNDS {
        let mut process = start(dir.path());
        let after = moment.usize(1..40);
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let mut heard = 0;
        let mut ended = false;
        let mut hear = |line: String| {
            let Some(line) = line.strip_prefix("ack ") else { return 0 };
            match line {
                "begun" => {}
                "end" => ended = true,
                url => acknowledged.push(url.to_owned()),
            }
            1
        };
        for line in lines.by_ref().map_while(Result::ok) {
            heard += hear(line);
            if heard >= after {
                break;
            }
        }
        process.kill().unwrap();
        // What was acknowledged between our last line and the kill counts as well.
        for line in lines.map_while(Result::ok) {
            hear(line);
        }
        process.wait().unwrap();
        killed += usize::from(!ended);
        compare(dir.path(), &acknowledged, round);
    }
    assert!(killed >= 20, "only {killed} rounds were killed in the middle; make SEEDS larger");
    assert!(acknowledged.len() > 100, "{} acknowledgements tell little", acknowledged.len());
}

fn compare(folder: &Path, acknowledged: &[String], round: usize) {
    let store = Store::open(folder, Arc::new(SystemClock)).unwrap();
    for url in acknowledged {
        let state = store.url_state("shop", url).unwrap().unwrap();
        assert_eq!(state.status, UrlStatus::Done, "round {round}: {url} was acknowledged");
    }
    // Each page is one transaction: done, its child, its listing, its finding and its count stand or fall together.
    let Some(run) = store.runs(Some("shop")).unwrap().pop() else { return };
    let done = run.tally.done;
    assert!(done >= acknowledged.len() as u64, "round {round}");
    assert_eq!(run.tally.queued + done, SEEDS as u64 + done, "round {round}: seeds and children");
    let totals = store.totals().unwrap();
    assert_eq!(
        (totals.findings, totals.listings, totals.urls),
        (done, done, SEEDS as u64 + done),
        "round {round}"
    );
    assert_eq!(run.counters.get("fetched").copied().unwrap_or(0), done, "round {round}");
    let claims: Vec<Claim> = store
        .findings(FindingFilter::default())
        .map(Result::unwrap)
        .map(|finding| match finding.evidence {
            Evidence::Warc(place) => Claim { finding: finding.id, place },
            Evidence::None(_) => panic!("round {round}: {} has no evidence", finding.url),
        })
        .collect();
    assert_eq!(claims.len() as u64, done);
    assert!(store.verify_journal().unwrap() >= done, "round {round}");
    drop(store);
    let checks = Store::doctor(folder, Arc::new(SystemClock));
    assert!(checks.iter().all(|check| check.ok || check.name == "disk"), "round {round}: {checks:?}");
    // Opening mends a torn end; then everything must prove.
    drop(EvidenceWriter::open(folder, Arc::new(SystemClock)).unwrap());
    let verified = verify(folder, &claims).unwrap();
    assert_eq!(
        (verified.proven, verified.problems.len()),
        (done, 0),
        "round {round}: {:?}",
        verified.problems
    );
}
