//! What the files of the rules folder may hold.

use super::parser::{BOUND_NAMES, FIELD_FORM, FOLD_NAMES, STATUS_NAMES};
use super::taxonomy_file::{AUTHORITY_NAMES, NOTICE_NAMES, SEVERITY_NAMES};
use crate::document::code;
use crate::document::shape::{Key, Keys, Shape};

const FORMAT: Key =
    Key::new("format", Shape::Whole(1, 1), "The version of this kind of file: always 1.").required("1");
/// The form of a rule's id.
const RULE_ID: &str = "^[a-z0-9._-]{1,80}$";
/// The form of the name of a pattern or exception.
const PATTERN_NAME: &str = "^[a-z][a-z0-9_]{0,79}$";
/// The form of a class's name.
const CLASS_NAME: &str = r"^[a-z0-9-]{1,40}\.[a-z0-9-]{1,40}$";
const DIGEST: Shape = Shape::Form("^[0-9a-f]{64}$");
const TEXTS: Shape = Shape::List(&Shape::Text);
/// Texts by language.
const BY_LANGUAGE: Shape = Shape::Map("^[a-z]{2,3}$", &Shape::Text);
const ALLOW_KEY: Key =
    Key::new("allow", Shape::Tables(&ALLOW), "Warnings that are wrong here, each with the reason.");

/// `packs/PACK/ID.toml`
pub const RULE: Keys = Keys::new(
    "One rule: words to look for, a condition that joins them, exceptions, and tests.",
    &[
        FORMAT,
        Key::new("id", Shape::Form(RULE_ID), "The file's name without .toml.").required("\"STEM\""),
        Key::new("title", Shape::Line, "One line that officers read beside a finding.")
            .required("\"what an officer should know the rule by\""),
        Key::new(
            "status",
            Shape::Choice(&STATUS_NAMES),
            "draft: tried by its author only. trial: runs and flags. active: as trial, and measured. deprecated: kept, \
             does not run.",
        )
        .required("\"draft\""),
        Key::new(
            "class",
            Shape::Form(CLASS_NAME),
            "The kind of danger, from taxonomy.toml. Severity, authority, law and notices come from there.",
        )
        .required("\"medicine.erectile\""),
        Key::new(
            "langs",
            Shape::List(&Shape::Language),
            "The languages of listings that the rule is for, as [\"de\", \"fr\"]. Left out or [\"*\"]: all.",
        ),
        Key::new(
            "markets",
            Shape::List(&Shape::Country),
            "The countries that the offers are aimed at, as [\"DE\"]. Left out: all.",
        ),
        Key::new(
            "when",
            Shape::Text,
            "What must be there for the rule to flag, such as \"drug and (no_rx or price_eur < 60)\": names of patterns, \
             and, or, not, 2 of (a, b, c), near(a, b, 40), count(a) >= 2, price_eur, category, has, missing.",
        )
        .required("\"name of a pattern\""),
        Key::new("replaced_by", Shape::Form(RULE_ID), "For a deprecated rule: the rule that took its place."),
        Key::new("reason", Shape::Line, "For a deprecated rule: why it was withdrawn."),
        ALLOW_KEY,
        Key::new(
            "pat",
            Shape::Named(PATTERN_NAME, &PATTERN),
            "The patterns: [pat.NAME] with words to look for. The condition calls them by NAME.",
        )
        .required("a table [pat.name] with `terms = [\"…\"]`"),
        Key::new(
            "except",
            Shape::Named(PATTERN_NAME, &EXCEPTION),
            "The exceptions: [except.NAME] with words that let an offer off, and why.",
        ),
        Key::new("bar", Shape::Table(&BAR), "What the author promises of the rule."),
        Key::new("test", Shape::Tables(&TEST), "Listings that show what the rule flags and what it lets pass."),
    ],
);

const LIST_KEY: Key = Key::new(
    "list",
    Shape::OneOrMore(&Shape::Text),
    "The name of a shared list of words, or several: \"pde5-names\" is lists/pde5-names.toml.",
);
const TERMS: Key =
    Key::new("terms", TEXTS, "Words and phrases, found as a whole: [\"no prescription\", \"ohne rezept\"].");
const STEMS: Key = Key::new(
    "stems",
    TEXTS,
    "Beginnings of words, for inflection and compounds: [\"sildenafil\"] also finds sildenafilum.",
);
const REGEX: Key = Key::new(
    "regex",
    Shape::OneOrMore(&Shape::Text),
    "A regular expression, or several. Write it between '…', so that \\ stands for itself.",
);
const NUMBER_KEY: Key =
    Key::new("number", Shape::Table(&NUMBER), "Counts a match only if a number in it lies within bounds.");
const FIELDS: Key = Key::new(
    "fields",
    Shape::OneOrMore(&Shape::Form(FIELD_FORM)),
    "Where to look: title, description, attributes, one attribute as \"attributes.Material\", category, brand, seller. \
     Left out: title, description and attributes.",
);
const BOUND: Key = Key::new(
    "bound",
    Shape::Choice(&BOUND_NAMES),
    "What may stand beside a word. word: no letter or digit. start: none before it. none: anything. Left out: word, \
     but none beside Chinese, Japanese and Thai letters.",
);
const FOLD: Key = Key::new(
    "fold",
    Shape::Choice(&FOLD_NAMES),
    "How much disguise is undone. exact: none. standard (the default): case, accents, width, invisible characters. \
     evasive: also look-alike letters, digits for letters, and letters pulled apart.",
);
const SOMETHING: &[&str] = &["list", "terms", "stems", "regex"];

const PATTERN: Keys = Keys::new(
    "A pattern: it occurs when any of its words or regexes is found in one of its fields.",
    &[LIST_KEY, TERMS, STEMS, REGEX, NUMBER_KEY, FIELDS, BOUND, FOLD],
)
.any_of(SOMETHING);

const EXCEPTION: Keys = Keys::new(
    "An exception: when it occurs, the hit is suppressed. Officers still see it, and that it was let off.",
    &[
        LIST_KEY,
        TERMS,
        STEMS,
        REGEX,
        NUMBER_KEY,
        FIELDS,
        BOUND,
        FOLD,
        Key::new(
            "unless",
            Shape::OneOrMore(&Shape::Form(PATTERN_NAME)),
            "Patterns that keep the hit all the same, so that a seller who writes \"poster\" is not let off.",
        ),
        Key::new("why", Shape::Line, "Why such offers are let off. Officers read it.")
            .required("\"why such offers are let off\""),
        Key::new(
            "until",
            Shape::Day,
            "A day after which `rules lint` asks for the exception to be looked at again.",
        ),
    ],
)
.any_of(SOMETHING);

const NUMBER: Keys = Keys::new(
    "Bounds on a number that the regex captures, both inclusive.",
    &[
        Key::new(
            "group",
            Shape::Whole(1, 99),
            "Which parentheses of the regex hold the number, from 1. Left out: 1.",
        ),
        Key::new("min", Shape::Decimal, "The smallest number that counts."),
        Key::new("max", Shape::Decimal, "The greatest number that counts."),
    ],
)
.any_of(&["min", "max"]);

const BAR: Keys = Keys::new(
    "What the author promises of the rule; measured before it becomes active.",
    &[Key::new(
        "precision",
        Shape::Number(0.0, 1.0),
        "The part of flagged offers that is right, from 0 to 1.",
    )],
);

const TEST: Keys = Keys::new(
    "A listing, and what the rule must say of it.",
    &[
        Key::new("name", Shape::Line, "What the test shows.").required("\"what the test shows\""),
        Key::new("flag", Shape::Table(&LISTING), "A listing that the rule must flag."),
        Key::new("pass", Shape::Table(&LISTING), "A listing that the rule must let pass."),
        Key::new(
            "hits",
            Shape::Map(PATTERN_NAME, &Shape::Text),
            "Which text a pattern must mark exactly, as { drug = \"V i a g r a\" }.",
        ),
        Key::new("market", Shape::Country, "The country that the offer is aimed at, for rules that ask."),
    ],
)
.one_of(&["flag", "pass"]);

/// A listing as an author writes it. Its keys are those of [`crate::listing::Listing`] that say something of an offer.
pub const LISTING: Keys = Keys::new("A listing. Only the title is needed.", &LISTING_KEYS);

const LISTING_KEYS: [Key; 15] = [
    Key::new("id", Shape::Text, "Your own name for it."),
    Key::new("url", Shape::Text, "The page's address."),
    Key::new("title", Shape::Text, "The product's name as the page shows it.")
        .required("\"the product's name\""),
    Key::new("description", Shape::Text, "The description as plain text."),
    Key::new("price", Shape::Table(&PRICE), "The price, as { amount = \"39.90\", currency = \"EUR\" }."),
    Key::new(
        "availability",
        Shape::Choice(&["InStock", "OutOfStock", "PreOrder", "Unknown"]),
        "Whether it can be bought now.",
    ),
    Key::new("brand", Shape::Text, "The brand."),
    Key::new("gtin", TEXTS, "Barcode numbers."),
    Key::new("mpn", Shape::Text, "The manufacturer's number."),
    Key::new("sku", Shape::Text, "The shop's own number."),
    Key::new("category", TEXTS, "The path of categories, outermost first."),
    Key::new("images", TEXTS, "Addresses of pictures."),
    Key::new("attributes", Shape::Map("^", &Shape::Text), "Named properties, as { Material = \"latex\" }."),
    Key::new("seller", Shape::Table(&SELLER), "Who sells it, as { name = \"…\" }."),
    Key::new("language", Shape::Text, "The language of the text, such as \"de\"."),
];

pub(super) const PRICE: Keys = Keys::new(
    "A price. Amounts are decimals with a point.",
    &[
        Key::new("amount", Shape::Decimal, "What the buyer pays now, as \"39.90\".").required("\"39.90\""),
        Key::new("currency", Shape::Text, "Three capitals of ISO 4217, such as \"EUR\"."),
        Key::new("regular", Shape::Decimal, "The struck-through price."),
        Key::new("max", Shape::Decimal, "The highest price of a range."),
    ],
);

pub(super) const SELLER: Keys = Keys::new(
    "Who sells it.",
    &[
        Key::new("name", Shape::Text, "The name that buyers see."),
        Key::new("url", Shape::Text, "The seller's page."),
        Key::new("id", Shape::Text, "The marketplace's number for the seller."),
    ],
);

/// One line of a labelled corpus, in JSON.
pub const CORPUS_LINE: Keys = Keys::new(
    "One labelled listing, on which rules are measured.",
    &[
        Key::new("id", Shape::Text, "A name that no other line has.").required("\"…\""),
        Key::new("listing", Shape::Table(&WHOLE_LISTING), "The listing, as `caveat extract` writes it.")
            .required("{ … }"),
        Key::new(
            "label",
            Shape::Choice(&["flag", "pass"]),
            "What a person decided; nothing yet when left out.",
        ),
        Key::new("class", Shape::Form(CLASS_NAME), "For a flagged listing: its class."),
        Key::new(
            "split",
            Shape::Choice(&["train", "blind"]),
            "train: authors may look at it. blind: they may not.",
        ),
        Key::new(
            "slices",
            TEXTS,
            "Groups that are measured by themselves: a language, a trick, a near miss.",
        ),
        Key::new("note", Shape::Text, "What a reader should know."),
    ],
);

const WHOLE_LISTING: Keys = Keys::new("A listing.", &WHOLE_LISTING_KEYS);

/// [`LISTING_KEYS`], and what `extract` says of where they came from.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a wrong index does not compile")]
const WHOLE_LISTING_KEYS: [Key; 17] = {
    let provenance =
        Key::new("provenance", Shape::Map("^", &Shape::Text), "Which reader each field came from.");
    let conflicts =
        Key::new("conflicts", Shape::Tables(&CONFLICT), "Values that other readers gave and that lost.");
    let mut keys = [provenance; 17];
    let mut at = 0;
    while at < LISTING_KEYS.len() {
        keys[at] = LISTING_KEYS[at];
        at += 1;
    }
    keys[at] = conflicts;
    keys
};

const CONFLICT: Keys = Keys::new(
    "A value that lost.",
    &[
        Key::new("field", Shape::Text, "The listing's field.").required("\"price\""),
        Key::new("value", Shape::Text, "What the losing reader gave.").required("\"…\""),
        Key::new("source", Shape::Text, "Which reader that was.").required("\"json-ld\""),
    ],
);

const ALLOW: Keys = Keys::new(
    "A warning that is wrong here.",
    &[
        Key::new("lint", Shape::Choice(code::LINTS), "The warning's code.").required("\"short-term\""),
        Key::new("why", Shape::Line, "Why it is wrong here.").required("\"why the lint is wrong here\""),
    ],
);

/// `lists/NAME.toml`
pub const LIST: Keys = Keys::new(
    "A list of words that rules and searches share.",
    &[
        FORMAT,
        Key::new("title", Shape::Line, "What the list holds.").required("\"what the list holds\""),
        Key::new("source", Shape::Line, "Where the words come from.")
            .required("\"where the words come from\""),
        Key::new("licence", Shape::Line, "The licence under which they may be used.").required("\"CC0-1.0\""),
        Key::new("checked", Shape::Day, "The day on which somebody last went over the list."),
        Key::new(
            "langs",
            Shape::List(&Shape::Language),
            "The languages of the words, as [\"de\"]. Left out or [\"*\"]: they belong to none.",
        ),
        ALLOW_KEY,
        TERMS,
        STEMS,
    ],
)
.any_of(&["terms", "stems"]);

/// `packs/PACK/pack.toml`
pub const PACK: Keys = Keys::new(
    "What a folder of rules is for, and whether it is on.",
    &[
        FORMAT,
        Key::new("title", Shape::Line, "What the pack is called.").required("\"what the pack is called\""),
        Key::new("description", Shape::Text, "What it covers.").required("\"what it covers\""),
        Key::new("default", Shape::Flag, "Whether it is on where nobody says otherwise. Left out: true."),
        Key::new("markets", Shape::List(&Shape::Country), "Countries that it is meant for. Left out: all."),
    ],
);

/// `taxonomy.toml`
pub const TAXONOMY: Keys = Keys::new(
    "The classes of danger.",
    &[
        FORMAT,
        Key::new(
            "class",
            Shape::Named(CLASS_NAME, &CLASS),
            "The classes: [class.\"family.name\"], the name in quotation marks.",
        )
        .required("a table [class.\"medicine.erectile\"]"),
    ],
);

const CLASS: Keys = Keys::new(
    "A class of danger: how grave, who is competent, which law, which notices.",
    &[
        Key::new("severity", Shape::Choice(&SEVERITY_NAMES), "How grave it is.").required("\"high\""),
        Key::new("authority", Shape::Choice(&AUTHORITY_NAMES), "Who is competent.").required("\"medicines\""),
        Key::new("notices", Shape::List(&Shape::Choice(&NOTICE_NAMES)), "The kinds of notices that fit."),
        Key::new("title", BY_LANGUAGE, "What the class is called, by language; English must be there.")
            .required("{ en = \"…\" }"),
        Key::new("check", BY_LANGUAGE, "What an officer should check, by language."),
        Key::new("legal_basis", Shape::Tables(&PROVISION), "The law that such an offer may break."),
    ],
);

const PROVISION: Keys = Keys::new(
    "One provision.",
    &[
        Key::new(
            "provision",
            Shape::Line,
            "The act and the place in it: \"Directive 2001/83/EC, Article 85c\". National law begins with its country: \
             \"DE: AMG, § 43\".",
        )
        .required("\"Directive 2001/83/EC, Article 85c\""),
        Key::new("url", Shape::Form("^https?://"), "Where it can be read: its ELI at EUR-Lex, or a national address.")
            .required("\"https://eur-lex.europa.eu/eli/…\""),
        Key::new("checked", Shape::Day, "The day on which somebody last looked it up.").required("2026-11-24"),
    ],
);

/// `rates.toml`
pub const RATES: Keys = Keys::new(
    "What a euro was worth on one day. Fixed, so that the same listing gets the same verdict on every day.",
    &[
        FORMAT,
        Key::new("date", Shape::Day, "The day.").required("2026-11-24"),
        Key::new("source", Shape::Line, "Who published the rates.")
            .required("\"European Central Bank, euro foreign exchange reference rates\""),
        Key::new(
            "rates",
            Shape::Map("^[A-Z]{3}$", &Shape::Decimal),
            "For each currency, how many units of it one euro buys.",
        )
        .required("{ USD = \"1.08\" }"),
    ],
);

/// `rules.lock`
pub const LOCK: Keys = Keys::new(
    "What was measured of rules, and of which text of theirs. Written by `caveat rules promote`, not by hand.",
    &[FORMAT, Key::new("rule", Shape::Named(RULE_ID, &MEASURED), "The rules: [rule.\"ID\"].")],
);

const MEASURED: Keys = Keys::new(
    "One measurement of one rule.",
    &[
        Key::new(
            "content",
            DIGEST,
            "SHA-256 of what the rule means: patterns with their lists, condition, exceptions.",
        )
        .required("\"…\""),
        Key::new("corpus", DIGEST, "SHA-256 of the corpus that it was measured on.").required("\"…\""),
        Key::new("date", Shape::Day, "The day of the measurement.").required("2026-11-24"),
        Key::new("flagged", Shape::Whole(0, MAX_COUNT), "Listings of the corpus that the rule flagged.")
            .required("120"),
        Key::new("right", Shape::Whole(0, MAX_COUNT), "How many of them are labelled as flagged.")
            .required("118"),
        Key::new("missed", Shape::Whole(0, MAX_COUNT), "Listings of the rule's class that it did not flag.")
            .required("3"),
    ],
);

/// No corpus has more listings.
const MAX_COUNT: i64 = 1_000_000_000;
