//! What a rule means once it has been read: plain data that the matcher compiles. No TOML, no I/O.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::taxonomy::Taxonomy;
use crate::listing::Information;

/// Every rule that is switched on, with the taxonomy that its classes come from.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    /// Sound rules only, ordered by id. Broken ones are diagnostics.
    pub rules: Vec<Rule>,
    /// The classes.
    pub taxonomy: Taxonomy,
    /// What a euro is worth.
    pub rates: Rates,
}

/// Fixed exchange rates of one day, so that the same listing gets the same verdict on every day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rates {
    /// The day they were taken (ISO date); empty when there are none.
    pub date: String,
    /// ISO 4217 code → units of that currency for one euro. Always positive; `EUR` is 1.
    pub per_euro: BTreeMap<String, Decimal>,
}

/// Patterns, a condition, and what it means when the condition holds.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Unique name, same as the file's name without `.toml`.
    pub id: String,
    /// One line for officers.
    pub title: String,
    /// How far the rule has come.
    pub status: Status,
    /// The class in the taxonomy.
    pub class: String,
    /// The folder of rules it belongs to.
    pub pack: String,
    /// BCP 47 primary subtags; empty means every language.
    pub langs: Vec<String>,
    /// ISO 3166 alpha-2 codes; empty means every market.
    pub markets: Vec<String>,
    /// Named patterns, in file order. Conditions and exceptions name them by index.
    pub patterns: Vec<Pattern>,
    /// What must hold.
    pub when: Condition,
    /// What suppresses a hit.
    pub exceptions: Vec<Exception>,
    /// The precision that the author promises, 0 to 1.
    pub bar_precision: Option<f64>,
    /// Inline tests.
    pub tests: Vec<RuleTest>,
}

/// How far a rule has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Only runs under `rules`.
    Draft,
    /// Runs and flags; not yet measured against its bar.
    Trial,
    /// Runs and flags; measured (`rules.lock`).
    Active,
    /// Kept for old findings; does not run.
    Deprecated,
}

/// A named set of terms, stems and regexes that are looked for in some fields.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Its name in the rule (`drug`); an exception's pattern bears the exception's name.
    pub name: String,
    /// Words and phrases, those of lists included, as written.
    pub terms: Vec<String>,
    /// Word beginnings: found at the start of a word, the span runs to the word's end.
    pub stems: Vec<String>,
    /// Regular expressions over the standard view, case-insensitive.
    pub regexes: Vec<String>,
    /// A bound on a number that a regex captures.
    pub number: Option<NumberFilter>,
    /// Where to look.
    pub fields: Vec<Field>,
    /// Where `fields` has the attributes: only those of these names, after folding; empty: all.
    pub attributes: Vec<String>,
    /// What must stand beside a term.
    pub bound: Bound,
    /// How much disguise is undone.
    pub fold: Fold,
}

/// Keeps a regex match only when a captured number lies within bounds, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberFilter {
    /// The capture group, from 1.
    pub group: usize,
    /// Smallest number that counts.
    pub min: Option<Decimal>,
    /// Largest number that counts.
    pub max: Option<Decimal>,
}

/// A part of a listing that patterns look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// The title.
    Title,
    /// The description.
    Description,
    /// The attributes' values: of all, or of those that [`Pattern::attributes`] names.
    Attributes,
    /// Every element of the category path.
    Category,
    /// The brand.
    Brand,
    /// The seller's name.
    Seller,
}

/// What must stand beside a term for it to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bound {
    /// No word character on either side.
    Word,
    /// No word character before it.
    Start,
    /// Nothing: a substring counts.
    None,
    /// Word, but none beside CJK and Thai letters.
    Auto,
}

/// How much disguise is undone before a term is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fold {
    /// The raw text.
    Exact,
    /// Case, width, marks, invisible characters.
    Standard,
    /// Standard, look-alikes, and letters pulled apart.
    Evasive,
}

/// What must hold for a rule to hit. Patterns are indices into [`Rule::patterns`].
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The pattern occurs.
    Pattern(usize),
    /// It does not hold.
    Not(Box<Condition>),
    /// All hold.
    And(Vec<Condition>),
    /// At least one holds.
    Or(Vec<Condition>),
    /// At least `n` distinct patterns of the set occur (`2 of (a, b, c)`, `any of`, `all of`).
    AtLeast {
        /// How many.
        n: usize,
        /// Of which.
        of: Vec<usize>,
    },
    /// Both occur in one field with at most `distance` original characters between their spans.
    Near {
        /// One pattern.
        a: usize,
        /// The other.
        b: usize,
        /// Characters (Unicode scalar values) between the spans.
        distance: usize,
    },
    /// Non-overlapping occurrences of a pattern, over all its fields.
    Count {
        /// Which pattern.
        pattern: usize,
        /// How they compare.
        comparison: Comparison,
        /// With what.
        value: Decimal,
    },
    /// The price in euro at the fixed, dated rates of `rules/rates.toml`. False without a price or a rate.
    PriceEur {
        /// How it compares.
        comparison: Comparison,
        /// With what.
        value: Decimal,
    },
    /// A value of the listing equals one of these after folding (any element, for lists). False when absent.
    FieldIn {
        /// Which value.
        attribute: Attribute,
        /// One of these.
        values: Vec<String>,
    },
    /// The listing has the value (`has gtin`); `missing gtin` is its negation.
    Has(Attribute),
}

/// `<`, `<=`, `==`, `!=`, `>=`, `>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

impl Comparison {
    /// Whether `left` stands so to `right`.
    pub fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::AtLeast => left >= right,
            Self::More => left > right,
        }
    }
}

/// A value that a condition asks for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Attribute {
    /// `category`: any element of the path.
    Category,
    /// `seller`: the seller's name.
    Seller,
    /// `brand`
    Brand,
    /// `language`: BCP 47; a primary subtag matches its regions.
    Language,
    /// `market`: where the offer is aimed, ISO 3166 alpha-2, from the source.
    Market,
    /// `gtin`
    Gtin,
    /// `mpn`
    Mpn,
    /// `sku`
    Sku,
    /// `price`
    Price,
    /// `description`
    Description,
    /// `images`
    Images,
    /// `manufacturer`, `responsible_person`, `warnings`, `identifier`: what an offer must tell.
    Information(Information),
}

/// A pattern that lets a hit off.
#[derive(Debug, Clone)]
pub struct Exception {
    /// What to look for; its name is the exception's name.
    pub pattern: Pattern,
    /// Patterns of the rule that keep the hit in spite of the exception.
    pub unless: Vec<usize>,
    /// Why it is let off, for officers.
    pub why: String,
    /// The day after which lint asks for it to be looked at again (ISO date). Matching knows no clock.
    pub until: Option<String>,
}

/// A listing and what the rule must say of it.
#[derive(Debug, Clone)]
pub struct RuleTest {
    /// What it shows.
    pub name: String,
    /// The listing.
    pub listing: crate::listing::Listing,
    /// Whether the rule must flag it.
    pub flag: bool,
    /// Pattern name → the original text that one of its matches must cover exactly.
    pub hits: Vec<(String, String)>,
    /// Where the offer is aimed, for rules that ask.
    pub market: Option<String>,
    /// The 1-based line of the rule file that it stands on.
    pub line: usize,
}
