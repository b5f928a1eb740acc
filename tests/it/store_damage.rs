//! What must never happen: a store that lost something and opens as if nothing were missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use caveat::clock::FixedClock;
use caveat::finding::{Ruling, Severity};
use caveat::store::{Check, JobResult, Outcome, Store, StoreError, StoreOptions};

use crate::store::{NOW, child, finding, listing, open, seed};

/// A data folder with a little of everything, closed.
fn filled(dir: &Path) {
    let store = open(dir);
    let seeds = (0..20).map(|n| seed(&format!("u/{n}"), "a", 0)).collect();
    store.begin_or_resume_run("shop", seeds).wait().unwrap();
    for (n, job) in store.take("shop", "a", 10, NOW).unwrap().into_iter().enumerate() {
        let url = job.url.clone();
        let mut outcome = Outcome::of(job, JobResult::Done);
        outcome.children = vec![child(&format!("{url}/child"), "b")];
        outcome.listings = vec![listing(&url, if n == 0 { Ruling::Flag } else { Ruling::Pass }, NOW)];
        outcome.findings = vec![finding(&url, Severity::High, 50)];
        outcome.counters = BTreeMap::from([("fetched".to_owned(), 1)]);
        store.settle(outcome).wait().unwrap();
    }
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn reopened(dir: &Path) -> Result<Store, StoreError> {
    Store::open(dir, Arc::new(FixedClock::new(NOW)))
}

fn checks(dir: &Path) -> Vec<Check> {
    Store::doctor(dir, Arc::new(FixedClock::new(NOW)))
}

#[test]
fn the_doctor_finds_a_sound_store_sound() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let told: Vec<String> = checks(dir.path())
        .into_iter()
        .filter(|check| check.name != "disk")
        .map(|check| format!("{} {} {}", check.ok, check.name, check.message))
        .collect();
    assert_eq!(
        told[1..],
        [
            "true journal 10 lines, every one follows the one before",
            "true frontier 30 URLs, 20 of them queued, indexes agree",
            "true findings 10 findings, index agrees",
            "true listings 10 listings, index agrees",
        ]
    );
    let store = open(dir.path());
    let held = checks(dir.path());
    let last = held.last().unwrap();
    assert!(!last.ok && last.message.contains("another caveat process") && last.cure.is_some(), "{held:?}");
    drop(store);
}

#[test]
fn a_store_that_lost_something_is_refused() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage, &str); 7] = [
        (
            "sled is gone",
            |dir| fs::remove_dir_all(dir.join("store")).unwrap(),
            "STATE tells of a store, but there is none",
        ),
        (
            "sled was emptied",
            |dir| {
                fs::remove_dir_all(dir.join("store")).unwrap();
                let empty = tempfile::tempdir().unwrap();
                drop(open(empty.path()));
                copied(&empty.path().join("store"), &dir.join("store"));
            },
            "the store is at generation 0, STATE at",
        ),
        ("STATE is gone", |dir| fs::remove_file(dir.join("STATE")).unwrap(), "but STATE is missing"),
        (
            "STATE is torn",
            |dir| fs::write(dir.join("STATE"), "half a line").unwrap(),
            "neither half of STATE is whole",
        ),
        ("journal is gone", |dir| fs::remove_file(dir.join("journal.jsonl")).unwrap(), "its tail was cut"),
        (
            "journal is cut",
            |dir| {
                let text = fs::read_to_string(dir.join("journal.jsonl")).unwrap();
                let (kept, _) = text.trim_end().rsplit_once('\n').unwrap();
                fs::write(dir.join("journal.jsonl"), format!("{kept}\n")).unwrap();
            },
            "its tail was cut",
        ),
        (
            "journal is another",
            |dir| {
                let text = fs::read_to_string(dir.join("journal.jsonl")).unwrap();
                fs::write(dir.join("journal.jsonl"), text.replace("u/9", "u/8")).unwrap();
            },
            "is not the one that the store knows",
        ),
    ];
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path());
    for (name, damage, told) in cases {
        let dir = tempfile::tempdir().unwrap();
        copied(whole.path(), dir.path());
        drop(reopened(dir.path()).unwrap());
        damage(dir.path());
        let error = reopened(dir.path()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(told) && error.contains("caveat doctor"), "{name}: {error:?}");
        let found = checks(dir.path());
        let open = found.iter().find(|check| check.name == "open").unwrap();
        assert!(
            !open.ok && open.cure.as_ref().is_some_and(|cure| cure.contains("copy")),
            "{name}: {found:?}"
        );
    }
}

/// sled's own file, cut anywhere: refused, or opened with everything that was acknowledged.
#[test]
fn a_cut_database_never_opens_with_less() {
    let whole = tempfile::tempdir().unwrap();
    filled(whole.path());
    let db = fs::read(whole.path().join("store/db")).unwrap();
    let used = db.iter().rposition(|byte| *byte != 0).unwrap();
    let mut refused = 0;
    for part in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        copied(whole.path(), dir.path());
        let at = used * part / 12;
        fs::write(dir.path().join("store/db"), &db[..at]).unwrap();
        match reopened(dir.path()) {
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("caveat doctor"), "cut at {at}: {error}");
            }
            Ok(store) => {
                let totals = store.totals().unwrap();
                assert_eq!((totals.urls, totals.findings), (30, 10), "cut at {at} of {used}");
                drop(store);
                let found = checks(dir.path());
                assert!(found.iter().all(|check| check.ok || check.name == "disk"), "cut at {at}: {found:?}");
            }
        }
    }
    assert!(refused > 0, "no cut was noticed");
}

#[test]
fn a_full_disk_stops_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let full = StoreOptions { min_free_bytes: u64::MAX, ..StoreOptions::default() };
    let error = Store::open_with(dir.path(), Arc::new(FixedClock::new(NOW)), full).err().unwrap();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
    assert_eq!(open(dir.path()).totals().unwrap().urls, 30);
}

#[test]
fn folders_that_cannot_be_used_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "no folder").unwrap();
    for path in [file.clone(), file.join("data"), Path::new("/proc/caveat").to_owned()] {
        let error = reopened(&path).err().unwrap();
        let text = error.to_string();
        assert!(matches!(error, StoreError::Unusable { .. }), "{text}");
        assert!(text.contains(&path.display().to_string()) && text.contains("you may write there"), "{text}");
    }
}
