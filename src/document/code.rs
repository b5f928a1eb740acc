//! The catalogue of diagnostics. Each code has a golden file of its name in tests/golden/diagnostics and a section
//! in docs/rules.md. Codes are stable: scripts and `allow` tables name them.

macro_rules! codes {
    ($(#[$list_doc:meta])* $list:ident: $($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*
        $(#[$list_doc])*
        pub const $list: &[&str] = &[$($name),*];
    };
}

codes! {
    /// Faults for which a file, a rule or a part of it is not used, in the order of docs/rules.md.
    ERRORS:
    /// The system did not let us read the file.
    UNREADABLE = "unreadable";
    /// The file is larger than [`super::MAX_FILE_BYTES`].
    TOO_LARGE = "too-large";
    /// The file is not UTF-8.
    NOT_UTF8 = "not-utf8";
    /// More problems than are shown.
    TOO_MANY = "too-many";
    /// The file is not TOML.
    TOML_SYNTAX = "toml-syntax";
    /// A key that means nothing here.
    UNKNOWN_KEY = "unknown-key";
    /// A key that must be there is not.
    MISSING_KEY = "missing-key";
    /// A value of the wrong type.
    WRONG_TYPE = "wrong-type";
    /// A value of the right type that means nothing.
    BAD_VALUE = "bad-value";
    /// A file format that this program does not know.
    BAD_FORMAT = "bad-format";
    /// An id or name with characters that it must not have.
    BAD_NAME = "bad-name";
    /// The id is not the file's name.
    ID_NOT_FILE_NAME = "id-not-file-name";
    /// The rules folder lacks a file that it needs.
    MISSING_FILE = "missing-file";
    /// Two files bear the same id.
    DUPLICATE_ID = "duplicate-id";
    /// A pack that does not exist.
    UNKNOWN_PACK = "unknown-pack";
    /// A class that taxonomy.toml does not have.
    UNKNOWN_CLASS = "unknown-class";
    /// A list that rules/lists does not have.
    UNKNOWN_LIST = "unknown-list";
    /// A rule that does not exist.
    UNKNOWN_RULE = "unknown-rule";
    /// A pattern that the rule does not define.
    UNKNOWN_PATTERN = "unknown-pattern";
    /// Something sound that rests on something broken.
    BROKEN_REFERENCE = "broken-reference";
    /// A pattern that looks for nothing.
    EMPTY_PATTERN = "empty-pattern";
    /// A term without a letter, digit or sign.
    EMPTY_TERM = "empty-term";
    /// A term or a set of terms beyond the caps.
    TOO_MANY_TERMS = "too-many-terms";
    /// A regex that does not parse.
    BAD_REGEX = "bad-regex";
    /// A regex that matches where nothing stands.
    REGEX_MATCHES_NOTHING = "regex-matches-nothing";
    /// A regex whose automaton would be too large.
    REGEX_TOO_LARGE = "regex-too-large";
    /// `number` asks for a group that a regex does not have.
    UNKNOWN_GROUP = "unknown-group";
    /// A condition that does not parse.
    CONDITION_SYNTAX = "condition-syntax";
    /// A condition that is nested too deeply or is too long.
    CONDITION_TOO_LARGE = "condition-too-large";
    /// `N of (…)` with more than there is.
    SET_TOO_SMALL = "set-too-small";
    /// A test that says neither flag nor pass, or both.
    TEST_WITHOUT_VERDICT = "test-without-verdict";
    /// A test's listing that is no listing.
    BAD_LISTING = "bad-listing";
    /// `allow` names a lint that does not exist.
    UNKNOWN_LINT = "unknown-lint";
    /// A URL that cannot be fetched.
    BAD_URL = "bad-url";
    /// A CSS selector or JSON path that does not parse.
    BAD_SELECTOR = "bad-selector";
    /// A schedule that is no cron expression with a zone.
    BAD_SCHEDULE = "bad-schedule";
    /// A limit that cannot be kept.
    BAD_LIMIT = "bad-limit";
}

codes! {
    /// Warnings. A rule or list may allow each with a reason.
    LINTS:
    /// A file in the rules folder that belongs nowhere.
    STRAY_FILE = "stray-file";
    /// A pattern that neither `when` nor `unless` names.
    UNUSED_PATTERN = "unused-pattern";
    /// `allow` for something that does not occur.
    UNUSED_ALLOW = "unused-allow";
    /// A list that no rule uses.
    UNUSED_LIST = "unused-list";
    /// White space around a term.
    PADDED_TERM = "padded-term";
    /// The same term twice.
    REPEATED_TERM = "repeated-term";
    /// A character that nobody sees.
    INVISIBLE_CHARACTER = "invisible-character";
    /// Letters of two scripts in one word.
    MIXED_SCRIPT = "mixed-script";
    /// A short term that is found inside of words.
    SHORT_TERM = "short-term";
    /// A term with signs of regular expressions.
    REGEX_IN_TERM = "regex-in-term";
    /// A term that is cut at a sign.
    SPLIT_TERM = "split-term";
    /// An anchor that binds one branch of an alternation.
    ANCHOR_BINDS_ONE = "anchor-binds-one";
    /// A word boundary beside a script without spaces.
    BOUNDARY_BESIDE_CJK = "boundary-beside-cjk";
    /// A regex that must be tried on every listing.
    NO_REQUIRED_LITERAL = "no-required-literal";
    /// A regex that lists words.
    REGEX_LISTS_WORDS = "regex-lists-words";
    /// A pattern named twice in a set.
    REPEATED_PATTERN = "repeated-pattern";
    /// A condition that always holds.
    ALWAYS_TRUE = "always-true";
    /// A condition, or a branch of it, that never holds.
    NEVER_TRUE = "never-true";
    /// A condition that holds for a listing in which no pattern occurs.
    NEEDS_NO_PATTERN = "needs-no-pattern";
    /// A rule that flags nothing which another one does not flag.
    IMPLIED_RULE = "implied-rule";
    /// An exception that can never let a hit off.
    IDLE_EXCEPTION = "idle-exception";
    /// An exception that lets every hit off.
    EXCEPTION_TAKES_ALL = "exception-takes-all";
    /// An exception whose day has passed.
    EXPIRED_EXCEPTION = "expired-exception";
    /// A rule that runs without tests of both kinds.
    NO_TESTS = "no-tests";
    /// An active rule whose class names no law.
    NO_LEGAL_BASIS = "no-legal-basis";
    /// An active rule without a measurement.
    UNMEASURED = "unmeasured";
    /// A measurement of a rule that does not exist.
    UNUSED_MEASUREMENT = "unused-measurement";
    /// A provision that nobody has checked for long.
    STALE_LEGAL_CHECK = "stale-legal-check";
    /// A rule that compares prices, and no rates.
    NO_RATES = "no-rates";
    /// Terms that folding makes equal.
    SAME_AFTER_FOLDING = "same-after-folding";
    /// A term of which folding leaves nothing.
    LOST_IN_FOLDING = "lost-in-folding";
}

/// Errors that a key shows by itself, in the table that it stands in.
pub(super) const OF_ONE_KEY: &[&str] = &[UNKNOWN_KEY, WRONG_TYPE, BAD_NAME];

/// Errors that one value shows by itself, whatever stands around it.
pub(super) const OF_ONE_VALUE: &[&str] = &[
    BAD_VALUE,
    BAD_FORMAT,
    ID_NOT_FILE_NAME,
    BAD_REGEX,
    REGEX_MATCHES_NOTHING,
    REGEX_TOO_LARGE,
    EMPTY_TERM,
    CONDITION_SYNTAX,
    CONDITION_TOO_LARGE,
    UNKNOWN_CLASS,
    UNKNOWN_LIST,
    UNKNOWN_LINT,
    BAD_URL,
    BAD_SELECTOR,
    BAD_SCHEDULE,
    BAD_LIMIT,
];
