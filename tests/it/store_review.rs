//! What officers decide, as the store keeps it: in the journal, across restarts, and against offers that change.

use std::fs;

use caveat::finding::{Action, Finding, Reason, Severity, State, Step};
use caveat::store::{FindingFilter, Store, StoreError};

use crate::store::{finding, open};

fn step(action: Action) -> Step {
    Step { by: "anna".to_owned(), seen: None, action, note: None }
}

fn take(store: &Store, finding: &Finding, action: Action) -> Result<State, StoreError> {
    let mut answers = store.decide(vec![(finding.id.clone(), step(action))]).wait().unwrap();
    answers.remove(0).map(|taken| taken.to)
}

fn standing(store: &Store, states: Vec<State>) -> Vec<String> {
    let filter = FindingFilter { states, ..FindingFilter::default() };
    store.findings(filter).map(|finding| finding.unwrap().url).collect()
}

#[test]
fn decisions_survive_a_restart_and_stand_in_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (finding("u/1", Severity::High, 50), finding("u/2", Severity::High, 40));
    let store = open(dir.path());
    store.put_findings(vec![one.clone(), two.clone()]).wait().unwrap();
    let lines = store.verify_journal().unwrap();
    assert_eq!(take(&store, &one, Action::Dismiss { reason: Reason::Lawful }).unwrap(), State::Dismissed);
    assert_eq!(take(&store, &two, Action::Assign { to: Some("ben".to_owned()) }).unwrap(), State::New);
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.verify_journal().unwrap(), lines + 2);
    assert_eq!(standing(&store, vec![State::Dismissed]), ["u/1"]);
    assert_eq!(standing(&store, vec![State::New, State::InReview]), ["u/2"]);
    let record = store.finding(&one.id).unwrap();
    assert_eq!((record.review.revision, record.review.steps[0].by.as_str()), (1, "anna"));
    let mine = FindingFilter { assignee: Some("ben".to_owned()), ..FindingFilter::default() };
    assert_eq!(store.findings(mine).count(), 1);
    let journal = fs::read_to_string(dir.path().join("journal.jsonl")).unwrap();
    assert!(journal.contains("\"reason\":\"lawful\""), "{journal}");
}

#[test]
fn one_refusal_refuses_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let (one, two) = (finding("u/1", Severity::High, 50), finding("u/2", Severity::High, 40));
    store.put_findings(vec![one.clone(), two.clone()]).wait().unwrap();
    take(&store, &one, Action::Confirm).unwrap();
    let confirm = |id: &str| (id.to_owned(), step(Action::Confirm));
    let answers = store.decide(vec![confirm(&one.id), confirm("nobody"), confirm(&two.id)]).wait().unwrap();
    assert!(matches!(answers[0], Err(StoreError::Refused { .. })));
    assert!(matches!(answers[1], Err(StoreError::NotOne { .. })));
    assert_eq!(answers[2].as_ref().unwrap().to, State::Confirmed);
    assert_eq!(standing(&store, vec![State::Confirmed]), ["u/1", "u/2"]);
}

#[test]
fn a_changed_offer_comes_back_and_an_unchanged_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let dismissed = finding("u/1", Severity::High, 50);
    store.put_findings(vec![dismissed.clone()]).wait().unwrap();
    take(&store, &dismissed, Action::Dismiss { reason: Reason::OtherMeaning }).unwrap();
    let mut again = Finding { score: 90, severity: Severity::Critical, ..dismissed.clone() };
    store.put_findings(vec![again.clone()]).wait().unwrap();
    assert_eq!(standing(&store, vec![State::Dismissed]), ["u/1"], "another score, by another rule");
    again.listing.description = "now without prescription".to_owned();
    store.put_findings(vec![again.clone()]).wait().unwrap();
    assert_eq!(standing(&store, vec![State::New]), ["u/1"]);
    let steps = store.finding(&dismissed.id).unwrap().review.steps;
    assert_eq!(steps.last().unwrap().action, Action::Changed);
    store.put_findings(vec![again]).wait().unwrap();
    assert_eq!(store.finding(&dismissed.id).unwrap().review.steps.len(), steps.len(), "once");
}
