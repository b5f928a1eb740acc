//! The name that somebody probably meant.

/// Longer words are not compared: the effort grows with the square, and no known name is as long.
const MAX_WORD_BYTES: usize = 64;

/// The known name nearest to `word`, if one is near enough to be a slip of the fingers: at most a third of the
/// word's letters differ (at least one may), upper and lower case counting as equal.
pub fn nearest<'n>(word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let lower = word.to_lowercase();
    let most = (lower.chars().count() / 3).max(1);
    known
        .into_iter()
        .filter(|name| name.len() <= MAX_WORD_BYTES)
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, name)| (*distance, *name))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let known = ["title", "fields", "terms", "when"];
        for (word, expected) in [
            ("titel", Some("title")),
            ("Title", Some("title")),
            ("field", Some("fields")),
            ("wen", Some("when")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word:?}");
        }
        assert_eq!(nearest(&"t".repeat(1_000_000), known), None);
    }
}
