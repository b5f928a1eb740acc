//! Plain text out of values: markup stripped, character references decoded, names compared.

use super::entity;
use super::outline::collapse;
use super::scan;

/// A one-line value: references decoded (twice where a template escaped twice), tags out, space collapsed.
pub(super) fn line(value: &str) -> String {
    let once = entity::decode(value);
    let twice = if once.contains('&') { entity::decode(&once).into_owned() } else { once.into_owned() };
    if looks_like_markup(&twice) {
        return strip(&twice);
    }
    collapse(&twice)
}

/// Markup as plain text: block tags break words, inline tags do not.
pub(super) fn strip(markup: &str) -> String {
    let outline = scan::outline(markup);
    collapse(&entity::decode(&outline.text(0)))
}

fn looks_like_markup(text: &str) -> bool {
    text.match_indices('<').take(8).any(|(at, _)| {
        let rest = text.get(at + 1..).unwrap_or("");
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        let after = rest.get(name.len()..).and_then(|tail| tail.chars().next());
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.len() <= 10
            && after.is_some_and(|c| c == '>' || c == '/' || c.is_whitespace())
    })
}

/// A name for comparison: letters and digits only, lower case.
pub(super) fn key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in name.chars() {
        if letter.is_ascii() {
            if letter.is_ascii_alphanumeric() {
                key.push(letter.to_ascii_lowercase());
            }
        } else if letter.is_alphanumeric() {
            key.extend(letter.to_lowercase());
        }
    }
    key
}

/// The words of a name, lower case.
pub(super) fn words(name: &str) -> Vec<String> {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How much two names share: 1 for the same words, 0 for none (Jaccard over words, containment counts nearly full).
pub(super) fn likeness(a: &str, b: &str) -> f32 {
    Name::new(a).likeness(&Name::new(b))
}

/// A name ready to be compared with many others.
#[derive(Debug)]
pub(super) struct Name {
    key: String,
    words: Vec<String>,
}

impl Name {
    pub(super) fn new(name: &str) -> Self {
        Self { key: key(name), words: words(name) }
    }

    /// How much this name shares with another, as [`likeness`] says.
    pub(super) fn likeness(&self, other: &Self) -> f32 {
        if self.key.is_empty() || other.key.is_empty() {
            return 0.0;
        }
        if self.key == other.key {
            return 1.0;
        }
        let (a, b) = (&self.words, &other.words);
        let shared = a.iter().filter(|word| b.contains(word)).count();
        let smaller = a.len().min(b.len()).max(1);
        let larger = a.len().max(b.len()).max(1);
        let (short, long) =
            if self.key.len() < other.key.len() { (&self.key, &other.key) } else { (&other.key, &self.key) };
        if short.chars().count() >= 4 && long.contains(short.as_str()) {
            return 0.9;
        }
        #[expect(clippy::cast_precision_loss, reason = "word counts of a name are small")]
        let (shared, smaller, larger) = (shared as f32, smaller as f32, larger as f32);
        (shared / larger).max(if shared >= 2.0 { 0.8 * shared / smaller } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_plain_lines() {
        for (value, expected) in [
            ("Salt &amp; Pepper 26&quot;", "Salt & Pepper 26\""),
            ("80Ah stop &amp;#038; start", "80Ah stop & start"),
            ("<p>One</p><p>two <b>thr</b>ee</p>", "One two three"),
            ("&lt;p&gt;One&lt;/p&gt;two", "One two"),
            ("a < b > c", "a < b > c"),
            (" x\u{0}\n\ty ", "x y"),
        ] {
            assert_eq!(line(value), expected, "{value}");
        }
    }

    #[test]
    fn likeness_is_about_words() {
        assert!(likeness("Brother HL-L2350DW Laser", "brother HL L2350DW laser") > 0.99);
        assert!(likeness("Red Shoe 42", "Red Shoe 42 | Example Shop") > 0.8);
        assert!(likeness("Red Shoe", "Blue Hat") < 0.1);
    }
}
