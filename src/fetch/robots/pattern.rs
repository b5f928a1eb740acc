//! Path patterns with `*` and a final `$`, matched octet by octet after both sides were brought to one spelling.

use memchr::memmem;

/// Stands for `*` inside a pattern's text; a normalised text never contains it.
const WILDCARD: u8 = 0;

/// A path pattern as robots.txt rules and the `allow` and `deny` lists of sources use them: a prefix of path and query,
/// in which `*` stands for any octets and a final `$` for the end.
#[derive(Debug, Clone)]
pub struct PathPattern {
    /// Normalised octets, with [`WILDCARD`] for `*`.
    text: Box<[u8]>,
    /// True when the pattern ends with `$`.
    anchored: bool,
}

impl PathPattern {
    /// Reads a pattern. Every text is one.
    pub fn parse(written: &str) -> Self {
        Self::new(written.as_bytes())
    }

    /// How specific the pattern is, in octets, if it matches `target` (path and query, percent-encoded). Linear in the
    /// lengths of both.
    pub fn matches(&self, target: &str) -> Option<usize> {
        self.matches_normalised(&normalised_target(target.as_bytes())).then(|| self.octets())
    }

    pub(super) fn new(written: &[u8]) -> Self {
        let (body, anchored) = match written.strip_suffix(b"$") {
            Some(body) => (body, true),
            None => (written, false),
        };
        let mut text = Vec::with_capacity(body.len());
        for (index, piece) in body.split(|byte| *byte == b'*').enumerate() {
            if index > 0 && text.last() != Some(&WILDCARD) {
                text.push(WILDCARD);
            }
            text.extend(normalised_pattern(piece));
        }
        Self { text: text.into(), anchored }
    }

    /// How specific the pattern is: its length in octets.
    pub(super) fn octets(&self) -> usize {
        self.text.len() + usize::from(self.anchored)
    }

    /// Does the pattern match from the start of `target`, which went through [`normalised_target`]?
    ///
    /// Every piece between two wildcards is taken at its first place after the piece before. That never misses a match:
    /// an earlier place leaves more room for what follows. So no octet of the target is looked at twice, up to the
    /// constant factor of the substring search.
    pub(super) fn matches_normalised(&self, target: &[u8]) -> bool {
        let mut pieces = self.text.split(|byte| *byte == WILDCARD);
        let Some(mut rest) = target.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let Some(last) = pieces.next_back() else { return !self.anchored || rest.is_empty() };
        for piece in pieces {
            let Some(at) = memmem::find(rest, piece) else { return false };
            rest = rest.get(at + piece.len()..).unwrap_or_default();
        }
        if self.anchored { rest.ends_with(last) } else { memmem::find(rest, last).is_some() }
    }
}

/// One spelling for octets that mean the same (RFC 9309, 2.2.2): unreserved characters, `*` and `$` stand for
/// themselves, every other encoded octet in upper-case hexadecimal, and what a URL may not carry is encoded.
fn normalised_pattern(text: &[u8]) -> Vec<u8> {
    normalised(text, true)
}

/// The same for a target, except that octets beyond ASCII stay: they should have been encoded, and were not.
pub(super) fn normalised_target(text: &[u8]) -> Vec<u8> {
    normalised(text, false)
}

fn normalised(text: &[u8], encode_foreign: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'%'
            && let [high, low, after @ ..] = tail
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            rest = after;
            let octet = high << 4 | low;
            if is_unreserved(octet) || matches!(octet, b'*' | b'$') {
                out.push(octet);
            } else {
                push_encoded(&mut out, octet);
            }
        } else if is_plain(byte) || (!byte.is_ascii() && !encode_foreign) {
            out.push(byte);
        } else {
            push_encoded(&mut out, byte);
        }
    }
    out
}

fn push_encoded(out: &mut Vec<u8>, octet: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    out.extend([b'%', digit(octet >> 4), digit(octet & 15)]);
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// What may stand in a path or query as it is.
fn is_plain(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'%')
}

fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, target: &str) -> bool {
        PathPattern::parse(pattern).matches(target).is_some()
    }

    #[test]
    fn wildcards_and_anchors() {
        for (pattern, target, expected) in [
            ("/", "/anything", true),
            ("/fish", "/fishheads/yummy.html", true),
            ("/fish", "/Fish.asp", false),
            ("/fish*", "/fish", true),
            ("/fish/", "/fish", false),
            ("/*.php", "/folder/filename.php?parameters", true),
            ("/*.php", "/windows.PHP", false),
            ("/*.php$", "/filename.php", true),
            ("/*.php$", "/filename.php?x", false),
            ("/*.php$", "/a.php/b.php", true),
            ("/fish*.php", "/fishheads/catfish.php?p", true),
            ("/a$", "/a", true),
            ("/a$", "/ab", false),
            ("/a$b", "/a$bc", true),
            ("/a*$", "/abc", true),
            ("*", "/x", true),
            ("*.gif", "/x/y.gif", true),
            ("$", "/", false),
            ("/aba*ba$", "/aba", false),
            ("/aba*ba$", "/ababa", true),
            ("x", "/x", false),
            ("/a**b", "/a12b", true),
        ] {
            assert_eq!(matches(pattern, target), expected, "{pattern} on {target}");
        }
    }

    #[test]
    fn spellings_of_one_octet_are_equal() {
        for (pattern, target) in [
            ("/foo/bar/ツ", "/foo/bar/%E3%83%84"),
            ("/foo/bar/%e3%83%84", "/foo/bar/%E3%83%84"),
            ("/%62%61%7A", "/baz"),
            ("/baz", "/%62a%7a"),
            ("/~user", "/%7Euser"),
            ("/a%2ab", "/a*b"),
            ("/a%24", "/a$"),
            ("/a b", "/a%20b"),
            ("/100%", "/100%25"),
        ] {
            assert!(matches(pattern, target), "{pattern} on {target}");
        }
        assert!(!matches("/foo/ツ", "/foo/ツ"), "a target that is not encoded is not that URL");
        assert!(!matches("/a%2Fb", "/a/b"), "a reserved character is not its encoded form");
        assert!(!matches("/a%2ab", "/axb"), "an encoded star is no wildcard");
    }

    #[test]
    fn the_longer_pattern_is_the_more_specific() {
        let specificity = |pattern: &str| PathPattern::parse(pattern).matches("/p/1?review=2");
        assert_eq!(specificity("/p/"), Some(3));
        assert_eq!(specificity("/p/*?review"), Some(11));
        assert_eq!(specificity("/p/1?review=2$"), Some(14));
        assert_eq!(specificity("/c/"), None);
    }

    /// The plain definition, exponential in the number of stars.
    fn by_definition(pattern: &[u8], target: &[u8]) -> bool {
        match pattern.split_first() {
            None => true,
            Some((b'$', [])) => target.is_empty(),
            Some((b'*', rest)) => (0..=target.len()).any(|at| by_definition(rest, &target[at..])),
            Some((byte, rest)) => target.first() == Some(byte) && by_definition(rest, &target[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "/[ab/*]{0,8}[$]?", target in "/[ab/]{0,12}") {
            prop_assert_eq!(matches(&pattern, &target), by_definition(pattern.as_bytes(), target.as_bytes()));
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "[ -~é%]{0,30}") {
            let once = normalised_pattern(text.as_bytes());
            prop_assert_eq!(normalised_pattern(&once), once);
        }
    }
}
