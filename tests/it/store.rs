//! The store from outside: runs, jobs, findings and listings, across restarts.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caveat::clock::{Clock, FixedClock, Timestamp};
use caveat::finding::{Evidence, Finding, NoEvidence, Ruling, Severity, State, WarcPlace, finding_id};
use caveat::listing::{Listing, Price, Seller};
use caveat::store::{
    Child, FindingFilter, GateState, Job, JobResult, KeptListing, Outcome, RobotsCopy, Seed, Seen, Store,
    StoreError, UrlStatus, VerdictSummary,
};
use proptest::prelude::*;

pub(crate) const NOW: Timestamp = Timestamp(1_764_000_000_000);

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, Arc::new(FixedClock::new(NOW))).unwrap()
}

pub(crate) fn seed(url: &str, gate: &str, priority: u8) -> Seed {
    Seed { key: url.to_owned(), url: url.to_owned(), gate: gate.to_owned(), priority }
}

pub(crate) fn child(url: &str, gate: &str) -> Child {
    Child { key: url.to_owned(), url: url.to_owned(), gate: gate.to_owned(), depth: 1, priority: 100 }
}

pub(crate) fn finding(url: &str, severity: Severity, score: u8) -> Finding {
    Finding {
        id: finding_id("shop", url),
        url: url.to_owned(),
        source: "shop".to_owned(),
        state: State::New,
        class: "medicine.erectile".to_owned(),
        severity,
        score,
        hits: Vec::new(),
        listing: Listing { title: "V i a g r a".to_owned(), ..Listing::default() },
        first_seen: NOW,
        last_seen: NOW,
        evidence: Evidence::Warc(WarcPlace { warc: "w".to_owned(), offset: 7, sha256: "ab".to_owned() }),
    }
}

pub(crate) fn listing(url: &str, ruling: Ruling, seen_at: Timestamp) -> KeptListing {
    let verdict = VerdictSummary { ruling, score: 0, severity: None, class: None };
    let listing =
        Listing { title: format!("title of {url}"), url: Some(url.to_owned()), ..Listing::default() };
    KeptListing {
        source: "shop".to_owned(),
        url: url.to_owned(),
        seen_at,
        first_seen: seen_at,
        verdict,
        listing,
    }
}

fn urls(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.url.as_str()).collect()
}

fn done(store: &Store, job: Job) {
    store.settle(Outcome::of(job, JobResult::Done)).wait().unwrap();
}

#[test]
fn jobs_come_by_gate_by_priority_then_first_come_and_only_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let seeds = vec![
        seed("u/late", "a", 9),
        seed("u/1", "a", 5),
        seed("u/2", "a", 5),
        seed("u/other", "b", 0),
        seed("u/1", "a", 0),
    ];
    let run = store.begin_or_resume_run("shop", seeds).wait().unwrap();
    assert_eq!((run.resumed, run.tally.queued), (None, 4));
    assert_eq!(urls(&store.take("shop", "a", 2, NOW).unwrap()), ["u/1", "u/2"]);
    assert_eq!(urls(&store.take("shop", "a", 9, NOW).unwrap()), ["u/late"]);
    assert!(store.take("shop", "a", 9, NOW).unwrap().is_empty());
    assert!(store.take("other", "a", 9, NOW).unwrap().is_empty());
    let gates = store.gates_with_work("shop", NOW).unwrap();
    let told: Vec<_> =
        gates.iter().map(|gate| (gate.gate.as_str(), gate.ready, gate.leased, gate.next)).collect();
    assert_eq!(told, [("a", 0, 3, None), ("b", 1, 0, Some(NOW))]);
}

#[test]
fn an_outcome_is_settled_whole_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0)]).wait().unwrap();
    let job = store.take("shop", "a", 1, NOW).unwrap().remove(0);
    let mut outcome = Outcome::of(job.clone(), JobResult::Done);
    let gate = GateState {
        gate: "a".to_owned(),
        next_allowed: Timestamp(5),
        hold: Some("breaker".to_owned()),
        gap_ms: 2_000,
        slow_percent: 150,
        failures: 3,
        pauses: 1,
    };
    let long = format!("u/{}", "x".repeat(5_000));
    outcome.children = vec![child("u/0", "a"), child("u/1", "a"), child("u/1", "a"), child(&long, "a")];
    outcome.listings = vec![listing("u/0", Ruling::Flag, NOW)];
    outcome.findings = vec![finding("u/0", Severity::High, 80)];
    outcome.counters = BTreeMap::from([("fetched".to_owned(), 1)]);
    outcome.gates = vec![gate.clone()];
    let settled = store.settle(outcome.clone()).wait().unwrap();
    assert_eq!((settled.new_urls, settled.known_urls, settled.bad_urls, settled.new_findings), (1, 2, 1, 1));

    let again = store.settle(outcome).wait().unwrap_err();
    assert!(matches!(again, StoreError::NotQueued { .. }), "{again}");
    let run = store.runs(Some("shop")).unwrap().remove(0);
    assert_eq!((run.tally.queued, run.tally.done, run.counters["fetched"]), (1, 1, 1));
    assert_eq!(store.gates().unwrap(), [gate]);
    assert_eq!(store.listings(Some("shop")).collect::<Result<Vec<_>, _>>().unwrap().len(), 1);
    let state = store.url_state("shop", "u/1").unwrap().unwrap();
    assert_eq!(
        (state.status, state.depth, state.found_on.as_deref()),
        (UrlStatus::Queued { not_before: Timestamp(0), reason: None }, 1, Some("u/0"))
    );
}

#[test]
fn spellings_with_one_key_are_one_job_and_a_redirect_marks_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let spelled = |key: &str, url: &str| Child { key: key.to_owned(), ..child(url, "a") };
    store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0)]).wait().unwrap();
    let mut outcome = Outcome::of(store.take("shop", "a", 1, NOW).unwrap().remove(0), JobResult::Done);
    outcome.children = vec![
        spelled("k1", "u/1?utm_source=x"),
        spelled("k1", "u/1"),
        spelled("k2", "u/2"),
        spelled("k3", "u/3"),
    ];
    let settled = store.settle(outcome).wait().unwrap();
    assert_eq!((settled.new_urls, settled.known_urls), (3, 1));
    let mut jobs = store.take("shop", "a", 2, NOW).unwrap();
    assert_eq!((jobs[0].key.as_str(), jobs[0].url.as_str()), ("k1", "u/1?utm_source=x"));

    // k1 redirects to a new address, to k3 which waits, and to k2 which another worker holds.
    let seen = |key: &str, url: &str| Seen { key: key.to_owned(), url: url.to_owned(), gate: "a".to_owned() };
    let mut outcome = Outcome::of(jobs.remove(0), JobResult::Done);
    outcome.also_seen = vec![seen("k9", "u/9"), seen("k3", "u/3"), seen("k2", "u/2"), seen("k1", "u/1")];
    outcome.children = vec![spelled("k9", "u/9"), spelled("k3", "u/3")];
    assert_eq!(store.settle(outcome).wait().unwrap().new_urls, 0);
    let status = |key: &str| store.url_state("shop", key).unwrap().unwrap().status;
    assert_eq!(
        [status("k9"), status("k3"), status("k2")],
        [UrlStatus::Done, UrlStatus::Done, UrlStatus::Leased]
    );
    assert_eq!(store.url_state("shop", "k9").unwrap().unwrap().url, "u/9");
    assert!(store.take("shop", "a", 9, NOW).unwrap().is_empty());
    done(&store, jobs.remove(0));
    let tally = store.runs(None).unwrap().remove(0).tally;
    assert_eq!((tally.queued, tally.done), (0, 5));
    assert_eq!(store.queue_counts("shop"), caveat::store::QueueCounts::default());
}

#[test]
fn a_refused_change_leaves_nothing_behind_and_keeps_the_lease() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0)]).wait().unwrap();
    let job = store.take("shop", "a", 1, NOW).unwrap().remove(0);
    let mut outcome = Outcome::of(job.clone(), JobResult::Done);
    outcome.children = vec![child("u/1", "a")];
    outcome.listings = vec![listing("", Ruling::Pass, NOW)];
    let error = store.settle(outcome).wait().unwrap_err();
    assert!(matches!(error, StoreError::BadKey { .. }), "{error}");
    assert_eq!(store.totals().unwrap().urls, 1);
    assert_eq!(store.url_state("shop", "u/1").unwrap(), None);
    assert!(store.take("shop", "a", 1, NOW).unwrap().is_empty());
    done(&store, job);
    assert_eq!(store.queue_counts("shop"), caveat::store::QueueCounts::default());
}

#[test]
fn a_retry_waits_for_its_time_then_goes_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0), seed("u/1", "a", 1)]).wait().unwrap();
    let job = store.take("shop", "a", 1, NOW).unwrap().remove(0);
    let later = NOW.after(Duration::from_mins(1));
    let retry = JobResult::Retry { not_before: later, reason: "503".to_owned() };
    store.settle(Outcome::of(job, retry)).wait().unwrap();
    let soon = NOW.after(Duration::from_secs(59));
    assert_eq!(urls(&store.take("shop", "a", 9, soon).unwrap()), ["u/1"]);
    let gate = store.gates_with_work("shop", soon).unwrap().remove(0);
    assert_eq!((gate.ready, gate.waiting, gate.leased, gate.next), (0, 1, 1, Some(later)));
    let job = store.take("shop", "a", 9, later).unwrap().remove(0);
    assert_eq!((job.url.as_str(), job.attempts), ("u/0", 1));
    store.release(&job);
    assert_eq!(store.take("shop", "a", 9, later).unwrap(), [job]);
}

#[test]
fn a_run_ends_only_when_nothing_is_queued_and_the_next_one_fetches_all_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let run = store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0)]).wait().unwrap();
    let finish = |run| store.finish_run("shop", run, serde_json::json!({"pages": 1})).wait();
    let job = store.take("shop", "a", 1, NOW).unwrap().remove(0);
    let error = finish(run.id).unwrap_err();
    assert!(matches!(error, StoreError::Unfinished { queued: 1, leased: 1, .. }), "{error}");
    done(&store, job.clone());
    let ended = finish(run.id).unwrap();
    assert_eq!((ended.finished, ended.report), (Some(NOW), Some(serde_json::json!({"pages": 1}))));
    assert!(matches!(finish(run.id).unwrap_err(), StoreError::NoRun { .. }));
    assert!(matches!(
        store.settle(Outcome::of(job, JobResult::Done)).wait().unwrap_err(),
        StoreError::NotQueued { .. }
    ));

    let next = store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0)]).wait().unwrap();
    assert_eq!((next.id, next.tally.queued), (run.id + 1, 1));
    assert_eq!(store.totals().unwrap().urls, 1, "a URL that is fetched again is no new URL");
    let runs: Vec<u64> = store.runs(None).unwrap().iter().map(|run| run.id).collect();
    assert_eq!(runs, [2, 1]);
}

#[test]
fn a_used_up_budget_refuses_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let seeds = (0..50).map(|n| seed(&format!("u/{n}"), if n % 2 == 0 { "a" } else { "b" }, 0)).collect();
    let run = store.begin_or_resume_run("shop", seeds).wait().unwrap();
    let flying = store.take("shop", "a", 1, NOW).unwrap().remove(0);
    assert_eq!(store.refuse_queued("shop", "budget", 30).wait().unwrap(), 30);
    assert_eq!(store.refuse_queued("shop", "budget", 30).wait().unwrap(), 19);
    assert_eq!(store.refuse_queued("shop", "budget", 30).wait().unwrap(), 0);
    done(&store, flying);
    let run = store.finish_run("shop", run.id, serde_json::Value::Null).wait().unwrap();
    assert_eq!((run.tally.done, run.tally.refused, run.tally.queued), (1, 49, 0));
    let state = store.url_state("shop", "u/49").unwrap().unwrap();
    assert_eq!(state.status, UrlStatus::Refused("budget".to_owned()));
}

#[test]
fn a_restart_queues_leased_jobs_again_and_resumes_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let first = {
        let store = open(dir.path());
        let run =
            store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0), seed("u/1", "a", 0)]).wait().unwrap();
        let mut jobs = store.take("shop", "a", 2, NOW).unwrap();
        let mut outcome = Outcome::of(jobs.remove(0), JobResult::Done);
        outcome.counters = BTreeMap::from([("fetched".to_owned(), 1)]);
        store.settle(outcome).wait().unwrap();
        run
    };
    let store = open(dir.path());
    let run =
        store.begin_or_resume_run("shop", vec![seed("u/0", "a", 0), seed("u/2", "a", 0)]).wait().unwrap();
    assert_eq!((run.id, run.resumed, run.tally.queued), (first.id, Some(NOW), 2));
    assert_eq!(run.counters["fetched"], 1);
    assert_eq!(urls(&store.take("shop", "a", 9, NOW).unwrap()), ["u/1", "u/2"]);
}

#[test]
fn a_second_opener_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let error = Store::open(dir.path(), Arc::new(FixedClock::new(NOW))).err().unwrap().to_string();
    assert_eq!(
        error,
        format!(
            "another caveat process (process {}) holds the data folder {}; wait until it has finished, stop it, \
             or choose another folder with --data",
            std::process::id(),
            dir.path().display()
        )
    );
    drop(store);
    drop(open(dir.path()));
}

#[test]
fn findings_are_renewed_and_listed_worst_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let all = vec![
        finding("u/low", Severity::Low, 99),
        finding("u/high", Severity::High, 70),
        Finding { class: "toy.magnet".to_owned(), ..finding("u/worse", Severity::High, 80) },
        Finding { source: "other".to_owned(), ..finding("u/other", Severity::Critical, 10) },
    ];
    assert_eq!(store.put_findings(all).wait().unwrap(), 4);
    let listed = |filter: FindingFilter| -> Vec<String> {
        store.findings(filter).map(|finding| finding.unwrap().url).collect()
    };
    let everything = FindingFilter::default();
    assert_eq!(listed(everything.clone()), ["u/other", "u/worse", "u/high", "u/low"]);
    let filters = [
        (FindingFilter { class: Some("medicine".to_owned()), ..everything.clone() }, "u/other u/high u/low"),
        (FindingFilter { class: Some("medicine.erect".to_owned()), ..everything.clone() }, ""),
        (FindingFilter { class: Some("toy.magnet".to_owned()), ..everything.clone() }, "u/worse"),
        (
            FindingFilter { min_severity: Some(Severity::High), ..everything.clone() },
            "u/other u/worse u/high",
        ),
        (FindingFilter { source: Some("other".to_owned()), ..everything.clone() }, "u/other"),
        (FindingFilter { since: Some(Timestamp(NOW.0 + 1)), ..everything.clone() }, ""),
        (FindingFilter { states: vec![State::New], ..everything.clone() }, "u/other u/worse u/high u/low"),
    ];
    for (filter, expected) in filters {
        assert_eq!(listed(filter.clone()).join(" "), expected, "{filter:?}");
    }

    let later = NOW.after(Duration::from_secs(9));
    let mut again = finding("u/low", Severity::Critical, 99);
    again.first_seen = later;
    again.last_seen = later;
    again.listing.price = Some(Price {
        amount: "9.90".parse().unwrap(),
        currency: Some("EUR".to_owned()),
        regular: None,
        max: None,
    });
    again.evidence = Evidence::None(NoEvidence::None);
    assert_eq!(store.put_findings(vec![again.clone()]).wait().unwrap(), 0);
    assert_eq!(listed(everything), ["u/low", "u/other", "u/worse", "u/high"]);
    let kept = store.finding(&again.id[..6]).unwrap();
    assert_eq!((kept.finding.first_seen, kept.finding.last_seen), (NOW, later));
    assert!(matches!(kept.finding.evidence, Evidence::Warc(_)), "an earlier proof is not forgotten");
    let prices: Vec<_> = kept.history.iter().map(|step| step.price.as_deref()).collect();
    assert_eq!(prices, [None, Some("9.90 EUR")]);
    // The first sight of four findings and one change; the same sight again is no line.
    assert_eq!(store.put_findings(vec![again]).wait().unwrap(), 0);
    assert_eq!(store.verify_journal().unwrap(), 5);
    for bad in ["", "zz"] {
        assert!(matches!(store.finding(bad), Err(StoreError::NotOne { count: 0, .. })));
    }
}

#[test]
fn a_finding_prefix_that_fits_several_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let named = |id: &str| Finding { id: id.to_owned(), ..finding(id, Severity::Low, 1) };
    store.put_findings(vec![named("aa11"), named("aa12"), named("aa1"), named("b")]).wait().unwrap();
    assert_eq!(store.finding("b").unwrap().finding.id, "b");
    assert_eq!(store.finding("aa12").unwrap().finding.id, "aa12");
    assert_eq!(store.finding("aa1").unwrap().finding.id, "aa1", "a whole id names itself");
    let error = store.finding("aa").unwrap_err();
    assert!(matches!(error, StoreError::NotOne { count: 2, .. }), "{error}");
}

#[test]
fn sellers_of_passed_listings_are_kept_as_a_hash_only() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.begin_or_resume_run("shop", vec![seed("u", "a", 0)]).wait().unwrap();
    let mut outcome = Outcome::of(store.take("shop", "a", 1, NOW).unwrap().remove(0), JobResult::Done);
    outcome.listings = ["u/passed", "u/flagged"].map(|url| listing(url, Ruling::Pass, NOW)).to_vec();
    outcome.listings[1].verdict.ruling = Ruling::Flag;
    let seller = Seller { name: Some("Anna Muster".to_owned()), ..Seller::default() };
    for kept in &mut outcome.listings {
        kept.listing.seller = Some(seller.clone());
    }
    store.settle(outcome).wait().unwrap();
    let sellers: Vec<Option<Seller>> =
        store.listings(None).map(|kept| kept.unwrap().listing.seller).collect();
    assert_eq!(sellers[0].as_ref(), Some(&seller), "u/flagged");
    let veiled = sellers[1].clone().unwrap();
    assert!(veiled.name.is_none() && veiled.id.unwrap().starts_with("hmac:"));
}

#[test]
fn old_passed_listings_are_pruned_and_flagged_ones_stay() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.begin_or_resume_run("shop", vec![seed("u", "a", 0)]).wait().unwrap();
    let mut outcome = Outcome::of(store.take("shop", "a", 1, NOW).unwrap().remove(0), JobResult::Done);
    let old = Timestamp(NOW.0 - 1_000);
    outcome.listings = (0..10).map(|n| listing(&format!("u/{n}"), Ruling::Pass, old)).collect();
    outcome.listings.push(listing("u/flagged", Ruling::Flag, old));
    outcome.listings.push(listing("u/0", Ruling::Pass, NOW));
    outcome.listings.push(listing("u/1", Ruling::Flag, NOW));
    store.settle(outcome).wait().unwrap();
    assert_eq!(store.totals().unwrap().listings, 11);
    assert_eq!(store.prune_listings(NOW, 5).wait().unwrap(), 5);
    assert_eq!(store.prune_listings(NOW, 5).wait().unwrap(), 3);
    assert_eq!(store.prune_listings(NOW, 5).wait().unwrap(), 0);
    let left: Vec<String> = store.listings(None).map(|kept| kept.unwrap().url).collect();
    assert_eq!(left, ["u/0", "u/1", "u/flagged"]);
    assert_eq!(store.totals().unwrap().listings, 3);
}

#[test]
fn robots_files_of_any_bytes_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut noise = fastrand::Rng::with_seed(3);
    let mut noise = move || (0..500 << 10).map(|_| noise.u8(..)).collect::<Vec<u8>>();
    let copy = |origin: &str, body: Option<Vec<u8>>| RobotsCopy {
        origin: origin.to_owned(),
        failures: u32::from(body.is_none()),
        why: "it answered 500".to_owned(),
        body,
        fresh_until: NOW,
        not_before: Timestamp(7),
    };
    let mut copies = vec![
        copy("https://a", Some(b"User-agent: *\nDisallow: /\n".to_vec())),
        copy("https://b", None),
        copy("https://c:8080", Some(noise())),
    ];
    copies.extend((0..8).map(|n| copy(&format!("https://d{n}"), Some(noise()))));
    let kept = |store: &Store| store.robots().collect::<Result<Vec<_>, _>>().unwrap();
    {
        let store = open(dir.path());
        for copy in copies.clone() {
            store.put_robots(vec![copy]).wait().unwrap();
        }
        // A shorter copy leaves no part of the longer one behind.
        store.put_robots(vec![copy("https://c:8080", Some(vec![1]))]).wait().unwrap();
        assert_eq!(kept(&store)[2].body.as_deref(), Some(&[1][..]));
        store.put_robots(vec![copies[2].clone()]).wait().unwrap();
    }
    assert_eq!(kept(&open(dir.path())), copies);
    let unsynced = std::fs::read_dir(dir.path().join("store/blobs")).unwrap().count();
    assert_eq!(unsynced, 0, "sled does not sync what it writes into files of their own");
}

#[test]
fn receipts_can_be_awaited() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let run = runtime.block_on(async { store.begin_or_resume_run("shop", Vec::new()).await }).unwrap();
    assert_eq!(run.source, "shop");
}

#[test]
fn changes_from_many_threads_are_all_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let seeds = (0..400).map(|n| seed(&format!("u/{n}"), &format!("gate{}", n % 7), 0)).collect();
    store.begin_or_resume_run("shop", seeds).wait().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for gate in store.gates_with_work("shop", NOW).unwrap() {
                    while let Some(job) = store.take("shop", &gate.gate, 1, NOW).unwrap().pop() {
                        let mut outcome = Outcome::of(job, JobResult::Done);
                        outcome.children = vec![child("u/1", "gate1")];
                        outcome.counters = BTreeMap::from([("fetched".to_owned(), 1)]);
                        store.settle(outcome).wait().unwrap();
                    }
                }
            });
        }
    });
    let run = store.runs(None).unwrap().remove(0);
    assert_eq!((run.tally.done, run.tally.queued, run.counters["fetched"]), (400, 0, 400));
    assert!(store.gates_with_work("shop", NOW).unwrap().is_empty());
}

/// One step of a random crawl.
#[derive(Debug, Clone)]
enum Step {
    Take { gate: u8, count: usize },
    Settle { pick: usize, result: u8, children: Vec<u8> },
    Release { pick: usize },
    Restart,
    NextHour,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3_u8, 1..4_usize).prop_map(|(gate, count)| Step::Take { gate, count }),
        6 => (any::<usize>(), 0..4_u8, proptest::collection::vec(0..60_u8, 0..4))
            .prop_map(|(pick, result, children)| Step::Settle { pick, result, children }),
        1 => any::<usize>().prop_map(|pick| Step::Release { pick }),
        1 => Just(Step::Restart),
        1 => Just(Step::NextHour),
    ]
}

fn gate_of(url: &str) -> String {
    format!("g{}", url.len() % 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever happens: each URL is in exactly one place, is given out to one holder at a time, and counts agree.
    #[test]
    fn the_frontier_behaves_like_a_plain_map(steps in proptest::collection::vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(FixedClock::new(NOW));
        let mut store = Some(Store::open(dir.path(), clock.clone()).unwrap());
        let mut model: BTreeMap<String, &str> = BTreeMap::from([("u".to_owned(), "queued")]);
        let mut held: Vec<Job> = Vec::new();
        let run = store.as_ref().unwrap().begin_or_resume_run("shop", vec![seed("u", &gate_of("u"), 0)]).wait().unwrap();
        for step in steps {
            let open = store.as_ref().unwrap();
            match step {
                Step::Take { gate, count } => {
                    for job in open.take("shop", &format!("g{gate}"), count, clock.now()).unwrap() {
                        prop_assert_eq!(model[&job.url], "queued");
                        prop_assert!(held.iter().all(|other| other.url != job.url));
                        held.push(job);
                    }
                }
                Step::Settle { pick, result, children } if !held.is_empty() => {
                    let job = held.remove(pick % held.len());
                    let (result, now) = match result {
                        0 => (JobResult::Done, "done"),
                        1 => (JobResult::Failed("x".to_owned()), "failed"),
                        2 => (JobResult::Refused("x".to_owned()), "refused"),
                        _ => {
                            let not_before = clock.now().after(Duration::from_mins(30));
                            (JobResult::Retry { not_before, reason: "x".to_owned() }, "queued")
                        }
                    };
                    model.insert(job.url.clone(), now);
                    let mut outcome = Outcome::of(job, result);
                    for child in children {
                        let url = "u".repeat(usize::from(child) + 1);
                        outcome.children.push(self::child(&url, &gate_of(&url)));
                        model.entry(url).or_insert("queued");
                    }
                    open.settle(outcome).wait().unwrap();
                }
                Step::Release { pick } if !held.is_empty() => {
                    let job = held.remove(pick % held.len());
                    open.release(&job);
                }
                // Nothing is held.
                Step::Settle { .. } | Step::Release { .. } => {}
                Step::Restart => {
                    drop(store.take());
                    held.clear();
                    store = Some(Store::open(dir.path(), clock.clone()).unwrap());
                }
                Step::NextHour => clock.advance(Duration::from_hours(1)),
            }
            let open = store.as_ref().unwrap();
            let tally = open.runs(Some("shop")).unwrap().remove(0).tally;
            let count = |status| model.values().filter(|now| **now == status).count() as u64;
            prop_assert_eq!(
                (tally.queued, tally.done, tally.failed, tally.refused),
                (count("queued"), count("done"), count("failed"), count("refused"))
            );
            let counts = open.queue_counts("shop");
            prop_assert_eq!(counts.leased, held.len() as u64);
            prop_assert_eq!(counts.ready + counts.waiting + counts.leased, tally.queued);
            prop_assert_eq!(open.totals().unwrap().queued, tally.queued);
        }
        // Everything that is queued can be worked off.
        let open = store.as_ref().unwrap();
        for job in held {
            open.release(&job);
        }
        clock.advance(Duration::from_hours(1));
        for gate in 0..3 {
            for job in open.take("shop", &format!("g{gate}"), 1_000, clock.now()).unwrap() {
                done(open, job);
            }
        }
        prop_assert!(open.finish_run("shop", run.id, serde_json::Value::Null).wait().is_ok());
    }
}
