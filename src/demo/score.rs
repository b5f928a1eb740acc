//! How well a crawl of the demo market did, against the labels that lie beside its wares.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Label, Verdict};

/// What became of the labelled offers. Each list holds paths of product pages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Ought to be flagged, and were.
    pub found: Vec<String>,
    /// Ought to be flagged, were seen, and passed.
    pub missed: Vec<String>,
    /// Lawful, and passed.
    pub let_pass: Vec<String>,
    /// Lawful, and flagged all the same.
    pub falsely_flagged: Vec<String>,
    /// Ought to be flagged, but no listing was read of them.
    pub unseen_flag: Vec<String>,
    /// Lawful, and no listing was read of them.
    pub unseen_pass: Vec<String>,
    /// Of those found, how many in the labelled class.
    pub in_class: usize,
}

/// Compares labels with what was seen: path of the product page → the class in which it was flagged, if it was.
pub fn score(labels: &[Label], seen: &BTreeMap<String, Option<String>>) -> Score {
    let mut score = Score::default();
    for label in labels {
        let list = match (label.label, seen.get(&label.url_path)) {
            (Verdict::Flag, None) => &mut score.unseen_flag,
            (Verdict::Pass, None) => &mut score.unseen_pass,
            (Verdict::Flag, Some(None)) => &mut score.missed,
            (Verdict::Pass, Some(None)) => &mut score.let_pass,
            (Verdict::Pass, Some(Some(_))) => &mut score.falsely_flagged,
            (Verdict::Flag, Some(Some(class))) => {
                score.in_class += usize::from(label.class.as_ref() == Some(class));
                &mut score.found
            }
        };
        list.push(label.url_path.clone());
    }
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_counted_once() {
        let label = |path: &str, label, class: Option<&str>| Label {
            url_path: path.to_owned(),
            label,
            class: class.map(str::to_owned),
            slices: Vec::new(),
        };
        let labels = [
            label("/a", Verdict::Flag, Some("toy.magnet")),
            label("/b", Verdict::Flag, Some("toy.magnet")),
            label("/c", Verdict::Flag, Some("toy.magnet")),
            label("/d", Verdict::Pass, None),
            label("/e", Verdict::Pass, None),
            label("/f", Verdict::Pass, None),
        ];
        let seen = [("/a", Some("toy.magnet")), ("/b", None), ("/d", None), ("/e", Some("laser.pointer"))];
        let seen = seen.map(|(path, class)| (path.to_owned(), class.map(str::to_owned)));
        let score = score(&labels, &seen.into());
        let expected = Score {
            found: vec!["/a".to_owned()],
            missed: vec!["/b".to_owned()],
            let_pass: vec!["/d".to_owned()],
            falsely_flagged: vec!["/e".to_owned()],
            unseen_flag: vec!["/c".to_owned()],
            unseen_pass: vec!["/f".to_owned()],
            in_class: 1,
        };
        assert_eq!(score, expected);
    }
}
