//! What officers did with a finding ([`Review`]), and which step may follow which ([`Review::apply`]). Pure: the store
//! runs it within the change that writes it down, so that of two officers who decide at once one hears of the other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Finding, State};
use crate::clock::Timestamp;
use crate::listing::Listing;

/// Steps kept with a finding; the journal holds all. More is a quarrel, not a case.
pub const MAX_STEPS: usize = 200;
/// Bytes of one note: two printed pages.
pub const MAX_NOTE: usize = 8_000;
/// Bytes of a name (an officer, an authority).
pub const MAX_NAME: usize = 200;

/// Where a finding stands with the officers, and how it came there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Review {
    /// Counts the steps ever taken. Who decides names the one that they saw ([`Step::seen`]).
    pub revision: u64,
    /// Whose it is.
    #[serde(default)]
    pub assignee: Option<String>,
    /// Out of the queue until then, or until the offer changes.
    #[serde(default)]
    pub snoozed: Option<Timestamp>,
    /// What was decided on, or laid aside; a finding that says something else by now comes back.
    #[serde(default)]
    pub about: Option<Subject>,
    /// What was done, oldest first. At most [`MAX_STEPS`]: the first and the newest.
    #[serde(default)]
    pub steps: Vec<Taken>,
}

/// What a decision is about: the offer's words and the classes it was flagged for. Not the rules' ids or versions, so that
/// an edited rule brings nothing back, and not the price, which changes daily.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// [`content_digest`] of the listing.
    pub content: String,
    /// Families (`medicine`) of the unsuppressed hits.
    pub families: BTreeSet<String>,
}

/// A step that somebody wants to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Who: an account's name, or `cli:USER`.
    pub by: String,
    /// The revision that they saw; `None` does not care.
    pub seen: Option<u64>,
    /// What.
    pub action: Action,
    /// In their words.
    pub note: Option<String>,
}

/// What can be done with a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Somebody looks at it.
    Start,
    /// It is what it was flagged for.
    Confirm,
    /// It is not, or nothing is to be done.
    Dismiss {
        /// Why.
        reason: Reason,
    },
    /// Another authority deals with it.
    Refer {
        /// Which.
        to: String,
    },
    /// The offer is dealt with.
    Close,
    /// Back to the queue.
    Reopen,
    /// Out of the queue until then, or until the offer changes.
    Snooze {
        /// Until when.
        until: Timestamp,
    },
    /// Back in the queue before its time.
    Wake,
    /// Give it to somebody, or to nobody.
    Assign {
        /// Whom.
        to: Option<String>,
    },
    /// Only a note.
    Note,
    /// Take the last decision back.
    Undo,
    /// The offer changed since the decision. The store does this, nobody else.
    Changed,
}

/// Why a finding is dismissed. The first three say something of the offer and become labels of the corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The product is what was thought, and its sale is lawful.
    Lawful,
    /// The words mean something else (a book, a holder, a costume).
    OtherMeaning,
    /// Nothing is offered (news, a warning, a wanted notice).
    NoOffer,
    /// The same offer as another finding.
    Duplicate,
    /// It was gone before anybody could look.
    Gone,
    /// Not this authority's matter.
    NotOurs,
    /// As the note says.
    Other,
}

impl Reason {
    /// All reasons, in the order in which they are offered.
    pub const ALL: [Self; 7] = [
        Self::Lawful,
        Self::OtherMeaning,
        Self::NoOffer,
        Self::Duplicate,
        Self::Gone,
        Self::NotOurs,
        Self::Other,
    ];

    /// The name used in files, commands and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lawful => "lawful",
            Self::OtherMeaning => "other-meaning",
            Self::NoOffer => "no-offer",
            Self::Duplicate => "duplicate",
            Self::Gone => "gone",
            Self::NotOurs => "not-ours",
            Self::Other => "other",
        }
    }

    /// Whether it says that the offer should not have been flagged.
    pub fn is_label(self) -> bool {
        matches!(self, Self::Lawful | Self::OtherMeaning | Self::NoOffer)
    }
}

impl std::str::FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is not one of {names}")
        })
    }
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What.
    pub action: Action,
    /// In their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The state before.
    pub from: State,
    /// The state after.
    pub to: State,
}

/// Why a step cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Somebody was faster.
    #[error("it was changed by {by} since you looked ({state} now); look again")]
    Outrun {
        /// Who took the last step.
        by: String,
        /// Where it stands.
        state: &'static str,
    },
    /// The step does not follow from the state.
    #[error("it is {state}, and {what} does not follow from that; {instead}")]
    NotFrom {
        /// Where it stands.
        state: &'static str,
        /// What was wanted.
        what: &'static str,
        /// What could be done.
        instead: &'static str,
    },
    /// What was typed cannot be kept.
    #[error("{0}")]
    Text(String),
}

impl Review {
    /// Takes one step; answers the new state. Nothing changes when it is refused.
    pub fn apply(&mut self, finding: &mut Finding, step: Step, now: Timestamp) -> Result<Taken, Refusal> {
        check_text(&step)?;
        if step.seen.is_some_and(|seen| seen != self.revision) {
            let by = self.steps.last().map_or_else(|| "somebody".to_owned(), |last| last.by.clone());
            return Err(Refusal::Outrun { by, state: finding.state.name() });
        }
        let from = finding.state;
        let to = self.after(from, &step.action, now)?;
        match &step.action {
            Action::Assign { to } => self.assignee.clone_from(to),
            // Who starts takes it, unless it is somebody's already.
            Action::Start => {
                self.assignee.get_or_insert_with(|| step.by.clone());
            }
            Action::Note => {}
            Action::Snooze { until } => self.snoozed = Some(*until),
            _ => self.snoozed = None,
        }
        let aside = self.snoozed.is_some() || to.is_decided();
        if !aside {
            self.about = None;
        } else if from != to
            || self.about.is_none()
            || matches!(step.action, Action::Snooze { .. } | Action::Changed)
        {
            self.about = Some(Subject::of(finding));
        }
        finding.state = to;
        self.revision += 1;
        let taken = Taken { at: now, by: step.by, action: step.action, note: step.note, from, to };
        self.steps.push(taken.clone());
        if self.steps.len() > MAX_STEPS {
            self.steps.remove(1);
        }
        Ok(taken)
    }

    /// Whether the finding says something else than what was decided on, so that somebody must look again.
    pub fn is_outdated(&self, finding: &Finding) -> bool {
        let now = Subject::of(finding);
        let differs = |then: &Subject| now.content != then.content || !now.families.is_subset(&then.families);
        self.about.as_ref().is_some_and(differs)
    }

    /// Whether it waits for a day that has not come.
    pub fn is_snoozed(&self, now: Timestamp) -> bool {
        self.snoozed.is_some_and(|until| until > now)
    }

    /// The last step that moved it, if it can be taken back: nothing but notes and assignments came after it.
    fn undoable(&self) -> Option<&Taken> {
        self.steps
            .iter()
            .rev()
            .find(|taken| taken.from != taken.to)
            .filter(|taken| !matches!(taken.action, Action::Changed | Action::Undo))
    }

    fn after(&self, from: State, action: &Action, now: Timestamp) -> Result<State, Refusal> {
        use State::{Closed, Confirmed, Dismissed, InReview, New, Referred};

        let no = |what, instead| Err(Refusal::NotFrom { state: from.name(), what, instead });
        match action {
            Action::Start if from == New => Ok(InReview),
            Action::Start => no("starting", "reopen it first if it must be looked at again"),
            Action::Confirm if matches!(from, New | InReview) => Ok(Confirmed),
            Action::Confirm => no("confirming", "reopen it first"),
            Action::Dismiss { .. } if matches!(from, New | InReview) => Ok(Dismissed),
            Action::Dismiss { .. } => no("dismissing", "reopen it first"),
            Action::Refer { .. } if matches!(from, New | InReview | Confirmed) => Ok(Referred),
            Action::Refer { .. } => no("referring", "reopen it first"),
            Action::Close if matches!(from, Confirmed | Referred) => Ok(Closed),
            Action::Close => no("closing", "confirm, refer or dismiss it first"),
            Action::Reopen if matches!(from, Confirmed | Dismissed | Referred | Closed) => Ok(InReview),
            Action::Reopen => no("reopening", "it is open"),
            Action::Snooze { until } if matches!(from, New | InReview | Confirmed | Referred) => {
                if *until > now {
                    Ok(from)
                } else {
                    Err(Refusal::Text(format!("{until} is not in the future")))
                }
            }
            Action::Snooze { .. } => no("snoozing", "it is not in the queue"),
            Action::Wake if self.snoozed.is_some() => Ok(from),
            Action::Wake => no("waking", "it is not snoozed"),
            Action::Undo => match self.undoable() {
                Some(last) => Ok(last.from),
                None => no("undoing", "there is no decision to take back"),
            },
            Action::Changed if matches!(from, Dismissed | Closed) => Ok(New),
            // What another authority or the platform was told stays told; the officer sees the step.
            Action::Changed | Action::Assign { .. } | Action::Note => Ok(from),
        }
    }
}

impl Subject {
    /// What a finding says now.
    pub fn of(finding: &Finding) -> Self {
        let hits = finding.hits.iter().filter(|hit| hit.suppressed_by.is_none());
        let families = hits.map(|hit| family(&hit.class).to_owned()).collect();
        Self { content: content_digest(&finding.listing), families }
    }
}

/// `medicine` of `medicine.erectile`.
fn family(class: &str) -> &str {
    class.split('.').next().unwrap_or(class)
}

/// SHA-256 (hexadecimal) over an offer's own words: title, description, brand, numbers, attributes, with runs of white
/// space as one space. Not the price, the stock, the pictures' addresses or the seller, which change or differ without
/// making it another offer.
pub fn content_digest(listing: &Listing) -> String {
    let mut digest = Sha256::new();
    let mut add = |name: &str, value: &str| {
        let words: Vec<&str> = value.split_whitespace().collect();
        if !words.is_empty() {
            // Lengths go in, so that no two lists of fields run together into the same bytes.
            let value = words.join(" ");
            digest.update(format!("{}:{name}{}:{value}", name.len(), value.len()));
        }
    };
    add("title", &listing.title);
    add("description", &listing.description);
    add("brand", listing.brand.as_deref().unwrap_or_default());
    add("mpn", listing.mpn.as_deref().unwrap_or_default());
    listing.gtin.iter().for_each(|gtin| add("gtin", gtin));
    listing.attributes.iter().for_each(|(name, value)| add(&format!("attributes.{name}"), value));
    super::hex(&digest.finalize())
}

fn check_text(step: &Step) -> Result<(), Refusal> {
    let refused = |text: String| Err(Refusal::Text(text));
    let short = |what: &str, name: &str| match name.trim() {
        "" => Err(Refusal::Text(format!("{what} is empty"))),
        _ if name.len() > MAX_NAME => Err(Refusal::Text(format!("{what} is longer than {MAX_NAME} bytes"))),
        _ if name.chars().any(char::is_control) => {
            Err(Refusal::Text(format!("{what} contains a line break or control character")))
        }
        _ => Ok(()),
    };
    short("the name of who decides", &step.by)?;
    match &step.action {
        Action::Refer { to } => short("the authority it is referred to", to)?,
        Action::Assign { to: Some(to) } => short("whom it is given to", to)?,
        _ => {}
    }
    let note = step.note.as_deref().map(str::trim).unwrap_or_default();
    match (&step.action, note.is_empty()) {
        (Action::Note, true) => refused("the note is empty".to_owned()),
        (Action::Dismiss { reason: Reason::Other }, true) => {
            refused("the reason \"other\" needs a note that says what it is".to_owned())
        }
        _ if note.len() > MAX_NOTE => refused(format!("the note is longer than {MAX_NOTE} bytes")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Evidence, Hit, NoEvidence, Severity};

    const NOW: Timestamp = Timestamp(1_000);

    fn finding() -> Finding {
        let hit = Hit {
            rule: "med.x".to_owned(),
            class: "medicine.erectile".to_owned(),
            severity: Severity::High,
            suppressed_by: None,
            matches: Vec::new(),
        };
        Finding {
            id: "f".to_owned(),
            url: "u".to_owned(),
            source: "s".to_owned(),
            state: State::New,
            class: "medicine.erectile".to_owned(),
            severity: Severity::High,
            score: 50,
            hits: vec![hit],
            listing: Listing { title: "Viagra 100 mg".to_owned(), ..Listing::default() },
            first_seen: NOW,
            last_seen: NOW,
            evidence: Evidence::None(NoEvidence::None),
        }
    }

    fn step(action: Action) -> Step {
        Step { by: "anna".to_owned(), seen: None, action, note: None }
    }

    fn dismiss() -> Action {
        Action::Dismiss { reason: Reason::Lawful }
    }

    fn refer() -> Action {
        Action::Refer { to: "customs".to_owned() }
    }

    #[test]
    fn only_what_follows_from_a_state_can_be_done_in_it() {
        use State::{Closed, Confirmed, Dismissed, InReview, New, Referred};
        let actions = [
            (Action::Start, vec![(New, InReview)]),
            (Action::Confirm, vec![(New, Confirmed), (InReview, Confirmed)]),
            (dismiss(), vec![(New, Dismissed), (InReview, Dismissed)]),
            (refer(), vec![(New, Referred), (InReview, Referred), (Confirmed, Referred)]),
            (Action::Close, vec![(Confirmed, Closed), (Referred, Closed)]),
            (
                Action::Reopen,
                vec![(Confirmed, InReview), (Dismissed, InReview), (Referred, InReview), (Closed, InReview)],
            ),
            (
                Action::Changed,
                State::ALL.map(|s| (s, if matches!(s, Dismissed | Closed) { New } else { s })).into(),
            ),
            (Action::Assign { to: Some("ben".to_owned()) }, State::ALL.map(|s| (s, s)).into()),
            (
                Action::Snooze { until: Timestamp(2_000) },
                [New, InReview, Confirmed, Referred].map(|s| (s, s)).into(),
            ),
        ];
        for (action, allowed) in actions {
            for from in State::ALL {
                let mut finding = Finding { state: from, ..finding() };
                let (mut review, before) = (Review::default(), finding.clone());
                let answer = review.apply(&mut finding, step(action.clone()), NOW);
                if let Some((_, to)) = allowed.iter().find(|(state, _)| *state == from) {
                    assert_eq!(answer.unwrap().to, *to, "{action:?} from {from:?}");
                    assert_eq!((finding.state, review.revision), (*to, 1));
                } else {
                    assert!(matches!(answer, Err(Refusal::NotFrom { .. })), "{action:?} from {from:?}");
                    assert_eq!((finding, review), (before, Review::default()), "nothing changed");
                }
            }
        }
    }

    #[test]
    fn a_decision_outlives_rule_edits_and_prices_but_not_other_words_or_another_family() {
        let (mut first, mut review) = (finding(), Review::default());
        review.apply(&mut first, step(dismiss()), NOW).unwrap();
        let outdated = |change: &dyn Fn(&mut Finding)| {
            let mut now = first.clone();
            change(&mut now);
            review.is_outdated(&now)
        };
        assert!(!outdated(&|_| {}));
        assert!(!outdated(&|f| f.hits[0].rule = "med.renamed".to_owned()), "a renamed rule");
        assert!(
            !outdated(&|f| f.hits[0].class = "medicine.opioid".to_owned()),
            "another class of the family"
        );
        assert!(!outdated(&|f| f.hits.clear()), "fewer rules");
        assert!(!outdated(&|f| f.listing.title = " Viagra  100\tmg ".to_owned()), "white space");
        assert!(outdated(&|f| f.listing.title = "Viagra 200 mg".to_owned()));
        assert!(outdated(&|f| f.listing.description = "no prescription".to_owned()));
        assert!(outdated(&|f| f.hits[0].class = "toy.magnet".to_owned()), "another family");
        assert!(outdated(&|f| {
            f.listing.attributes.insert("Dose".to_owned(), "200 mg".to_owned());
        }));
    }

    #[test]
    fn who_looked_at_an_older_state_hears_of_it() {
        let (mut finding, mut review) = (finding(), Review::default());
        review.apply(&mut finding, Step { seen: Some(0), ..step(Action::Confirm) }, NOW).unwrap();
        let late = Step { seen: Some(0), by: "ben".to_owned(), ..step(dismiss()) };
        let refused = review.apply(&mut finding, late, NOW).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "it was changed by anna since you looked (confirmed now); look again"
        );
    }

    #[test]
    fn the_last_decision_can_be_taken_back_once() {
        let (mut finding, mut review) = (finding(), Review::default());
        for action in [Action::Start, refer(), Action::Note] {
            let note = Some("told by telephone".to_owned());
            review.apply(&mut finding, Step { note, ..step(action) }, NOW).unwrap();
        }
        assert_eq!(review.apply(&mut finding, step(Action::Undo), NOW).unwrap().to, State::InReview);
        assert_eq!(review.about, None, "nothing is decided any more");
        let twice = review.apply(&mut finding, step(Action::Undo), NOW);
        assert!(matches!(twice, Err(Refusal::NotFrom { .. })), "{twice:?}");
    }

    #[test]
    fn what_cannot_be_kept_is_refused_with_the_reason() {
        let long = "x".repeat(MAX_NOTE + 1);
        let cases = [
            (step(Action::Note), "the note is empty"),
            (step(Action::Dismiss { reason: Reason::Other }), "the reason \"other\" needs a note"),
            (step(Action::Refer { to: " ".to_owned() }), "the authority it is referred to is empty"),
            (Step { by: "a\nb".to_owned(), ..step(Action::Start) }, "contains a line break"),
            (Step { note: Some(long), ..step(Action::Start) }, "the note is longer than 8000 bytes"),
            (step(Action::Snooze { until: Timestamp(999) }), "is not in the future"),
        ];
        for (step, expected) in cases {
            let refused = Review::default().apply(&mut finding(), step, NOW).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn the_list_of_steps_is_bounded_and_keeps_its_first() {
        let (mut finding, mut review) = (finding(), Review::default());
        for _ in 0..2 * MAX_STEPS {
            review.apply(&mut finding, step(Action::Assign { to: None }), NOW).unwrap();
        }
        assert_eq!((review.steps.len(), review.revision), (MAX_STEPS, 2 * MAX_STEPS as u64));
    }
}
