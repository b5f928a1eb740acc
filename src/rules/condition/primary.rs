//! What a condition is made of: patterns, sets, near, count, prices, values of the listing.

use rust_decimal::Decimal;

use super::lexer::{Kind, Token};
use super::{MAX_UNKNOWN, Parser, Step};
use crate::document::{Edit, Problem, code, is_country, is_language, nearest};
use crate::listing::Information;
use crate::rules::model::{Attribute, Comparison, Condition};

/// Farther apart than this, two words of a listing have nothing to do with each other.
const MAX_DISTANCE: u32 = 10_000;
/// Texts in one `in […]`.
const MAX_VALUES: usize = 1000;

/// Values that a condition may ask for, and whether they can be compared with texts.
pub(super) const ATTRIBUTES: [(&str, Attribute, bool); 15] = [
    ("category", Attribute::Category, true),
    ("seller", Attribute::Seller, true),
    ("brand", Attribute::Brand, true),
    ("language", Attribute::Language, true),
    ("market", Attribute::Market, true),
    ("gtin", Attribute::Gtin, false),
    ("mpn", Attribute::Mpn, false),
    ("sku", Attribute::Sku, false),
    ("price", Attribute::Price, false),
    ("description", Attribute::Description, false),
    ("images", Attribute::Images, false),
    ("manufacturer", Attribute::Information(Information::Manufacturer), false),
    ("responsible_person", Attribute::Information(Information::ResponsiblePerson), false),
    ("warnings", Attribute::Information(Information::Warnings), false),
    ("identifier", Attribute::Information(Information::Identifier), false),
];

impl<'t> Parser<'t> {
    pub(super) fn primary(&mut self) -> Step<Condition> {
        let token = self.next();
        match token.kind {
            Kind::Symbol("(") => self.parenthesised(&token),
            Kind::Symbol("&&") => Err(self.fail(&token, "`&&` is written `and`", None)),
            Kind::Symbol("||") => Err(self.fail(&token, "`||` is written `or`", None)),
            Kind::Number(_) => {
                let of = self.peek();
                if of.kind != Kind::Word("of") {
                    let help = "write `2 of (a, b, c)`, or a comparison such as `count(a) >= 2`";
                    return Err(self.fail(&token, "a number cannot stand alone", Some(help.to_owned())));
                }
                let number = self.whole_number(&token)?;
                self.set(&token, Some(number))
            }
            Kind::Word(word) => self.word(&token, word),
            Kind::Text(_) => {
                let help = "write the text as a term of a pattern, and the pattern's name here";
                Err(self.fail(&token, "a text cannot stand alone", Some(help.to_owned())))
            }
            _ => {
                let message = format!("{} stands where a pattern's name should", self.shown(&token));
                Err(self.fail(&token, &message, None))
            }
        }
    }

    fn word(&mut self, token: &Token<'t>, word: &'t str) -> Step<Condition> {
        match word {
            "any" => self.set(token, Some(1)),
            "all" => self.set(token, None),
            "near" => self.near(token),
            "count" => self.count(),
            "price_eur" => {
                let (comparison, value) = self.comparison("price_eur < 60")?;
                Ok(Condition::PriceEur { comparison, value })
            }
            "has" => self.attribute_name("has gtin").map(Condition::Has),
            "missing" => {
                let attribute = self.attribute_name("missing brand")?;
                Ok(Condition::Not(Box::new(Condition::Has(attribute))))
            }
            "and" | "or" | "of" | "in" => {
                let message = format!("`{word}` needs something before it");
                Err(self.fail(token, &message, None))
            }
            _ => self.name(token, word),
        }
    }

    /// A pattern, or an attribute that is compared.
    fn name(&mut self, token: &Token<'t>, word: &'t str) -> Step<Condition> {
        if self.names.patterns.contains(&word) {
            return Ok(Condition::Pattern(self.pattern(token, word)));
        }
        if let Some((_, attribute, compared)) = ATTRIBUTES.iter().find(|(name, ..)| *name == word) {
            return self.attribute(token, word, *attribute, *compared);
        }
        if word == "price" || (word.starts_with("price_") && matches!(self.peek().kind, Kind::Symbol(_))) {
            let help = "prices are compared in euro: `price_eur < 60`".to_owned();
            return Err(self.fail(token, &format!("`{word}` cannot be compared"), Some(help)));
        }
        Ok(Condition::Pattern(self.pattern(token, word)))
    }

    /// The place of a pattern in the rule. An unknown one is noted, and reading goes on.
    fn pattern(&mut self, token: &Token<'t>, word: &str) -> usize {
        if let Some(place) = self.names.patterns.iter().position(|name| *name == word) {
            return place;
        }
        if self.problems.len() >= MAX_UNKNOWN {
            return 0;
        }
        let span = token.span.clone();
        let problem = if self.names.exceptions.contains(&word) {
            Problem::error(code::UNKNOWN_PATTERN, span, format!("`{word}` is an exception, not a pattern"))
                .help("exceptions apply by themselves; leave it out")
        } else {
            let known = ["price_eur", "category", "seller", "brand", "language", "market", "near", "count"];
            let names = self.names.patterns.iter().copied().chain(known);
            let help = match nearest(word, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None if self.names.patterns.is_empty() => "write a table [pat.name] first".to_owned(),
                None => format!("its patterns: {}", list(self.names.patterns)),
            };
            let short: String = word.chars().take(60).collect();
            Problem::error(code::UNKNOWN_PATTERN, span, format!("this rule has no pattern `{short}`"))
                .help(help)
        };
        self.problems.push(problem);
        0
    }

    /// `of (a, b)` after `any`, `all` or a number.
    fn set(&mut self, quantity: &Token<'t>, least: Option<usize>) -> Step<Condition> {
        let of = self.peek();
        if !self.take_word("of") {
            let help = Some("as in `any of (a, b)`".to_owned());
            return Err(self.fail(&of, "expected `of` here", help));
        }
        let them = self.peek();
        if matches!(them.kind, Kind::Word(_)) {
            let help = format!("write the set: `any of ({})`", list(self.names.patterns));
            return Err(self.fail(&them, "a set stands in parentheses", Some(help)));
        }
        self.expect_symbol("(", "any of (a, b)")?;
        let mut members = Vec::new();
        let mut all_known = true;
        loop {
            let before = self.comma_before();
            let token = self.next();
            let Kind::Word(word) = token.kind else {
                let message = format!("{} stands where a pattern's name should", self.shown(&token));
                let help = Some("a set has only names of patterns: `2 of (a, b, c)`".to_owned());
                return Err(self.fail(&token, &message, help));
            };
            let known = self.names.patterns.contains(&word);
            let place = self.pattern(&token, word);
            all_known &= known;
            if known && members.contains(&place) {
                let message = format!("`{word}` stands in this set already");
                let warning = Problem::warning(code::REPEATED_PATTERN, token.span.clone(), message)
                    .help("a set counts distinct patterns; use `count(a) >= 2` for two occurrences of one");
                let edit = Edit { span: before..token.span.end, text: String::new() };
                self.warnings.push(warning.fix([edit]));
            } else if known {
                members.push(place);
            }
            if !self.take_symbol(",") {
                break;
            }
        }
        self.expect_symbol(")", "any of (a, b)")?;
        let n = least.unwrap_or(members.len());
        if all_known && (n > members.len() || n == 0) {
            let (message, help) = if n == 0 {
                ("0 of a set always holds".to_owned(), "write a number from 1".to_owned())
            } else {
                let size = members.len();
                (format!("{n} of a set of {size} never hold"), format!("write a number up to {size}"))
            };
            let problem = Problem::error(code::SET_TOO_SMALL, quantity.span.clone(), message).help(help);
            self.problems.push(problem);
        }
        Ok(Condition::AtLeast { n, of: members })
    }

    fn near(&mut self, word: &Token<'t>) -> Step<Condition> {
        const EXAMPLE: &str = "near(a, b, 40)";
        self.expect_symbol("(", EXAMPLE)?;
        let a = self.pattern_name(EXAMPLE)?;
        self.expect_symbol(",", EXAMPLE)?;
        let b = self.pattern_name(EXAMPLE)?;
        self.expect_symbol(",", EXAMPLE)?;
        let token = self.next();
        let distance = self.whole_number(&token)?;
        self.expect_symbol(")", EXAMPLE)?;
        if distance > MAX_DISTANCE as usize {
            let message = format!("`near` reaches at most {MAX_DISTANCE} characters");
            self.problems.push(Problem::error(code::BAD_VALUE, token.span, message));
        }
        if a == b && self.problems.is_empty() {
            let problem = Problem::error(code::BAD_VALUE, word.span.clone(), "`near` wants two patterns")
                .help("a pattern is always near itself; use `count(a) >= 2` for two occurrences");
            self.problems.push(problem);
        }
        Ok(Condition::Near { a, b, distance })
    }

    fn count(&mut self) -> Step<Condition> {
        const EXAMPLE: &str = "count(a) >= 2";
        self.expect_symbol("(", EXAMPLE)?;
        let pattern = self.pattern_name(EXAMPLE)?;
        self.expect_symbol(")", EXAMPLE)?;
        let (comparison, value) = self.comparison(EXAMPLE)?;
        if value.fract() != Decimal::ZERO {
            let span = self.end().saturating_sub(1)..self.end();
            self.problems.push(Problem::error(
                code::BAD_VALUE,
                span,
                "occurrences are counted in whole numbers",
            ));
        }
        Ok(Condition::Count { pattern, comparison, value })
    }

    fn pattern_name(&mut self, example: &str) -> Step<usize> {
        let token = self.next();
        if let Kind::Word(word) = token.kind {
            return Ok(self.pattern(&token, word));
        }
        let message = format!("{} stands where a pattern's name should", self.shown(&token));
        Err(self.fail(&token, &message, Some(format!("as in `{example}`"))))
    }

    fn comparison(&mut self, example: &str) -> Step<(Comparison, Decimal)> {
        let token = self.next();
        let comparison = match token.kind {
            Kind::Symbol("<") => Comparison::Less,
            Kind::Symbol("<=") => Comparison::AtMost,
            Kind::Symbol("==") => Comparison::Equal,
            Kind::Symbol("!=") => Comparison::NotEqual,
            Kind::Symbol(">=") => Comparison::AtLeast,
            Kind::Symbol(">") => Comparison::More,
            _ => {
                let message = format!("expected a comparison, not {}", self.shown(&token));
                return Err(self.fail(&token, &message, Some(format!("as in `{example}`"))));
            }
        };
        let token = self.next();
        let Kind::Number(text) = token.kind else {
            let message = format!("expected a number, not {}", self.shown(&token));
            return Err(self.fail(&token, &message, Some(format!("as in `{example}`"))));
        };
        match Decimal::from_str_exact(text) {
            Ok(value) => Ok((comparison, value)),
            Err(_) => Err(self.fail(&token, "this is not a number", Some(format!("as in `{example}`")))),
        }
    }

    fn whole_number(&mut self, token: &Token<'t>) -> Step<usize> {
        if let Kind::Number(text) = token.kind
            && let Ok(number) = text.parse()
        {
            return Ok(number);
        }
        let message = format!("expected a whole number, not {}", self.shown(token));
        Err(self.fail(token, &message, None))
    }

    fn attribute_name(&mut self, example: &str) -> Step<Attribute> {
        let token = self.next();
        let names = ATTRIBUTES.iter().map(|(name, ..)| *name);
        let Kind::Word(word) = token.kind else {
            let message = format!("expected a value of the listing, not {}", self.shown(&token));
            return Err(self.fail(&token, &message, Some(format!("as in `{example}`"))));
        };
        if let Some((_, attribute, _)) = ATTRIBUTES.iter().find(|(name, ..)| *name == word) {
            return Ok(*attribute);
        }
        let help = if self.names.patterns.contains(&word) {
            format!("`{word}` is a pattern: write `{word}` or `not {word}`")
        } else {
            let all = names.clone().collect::<Vec<_>>().join(", ");
            nearest(word, names).map_or(format!("one of {all}"), |name| format!("did you mean `{name}`?"))
        };
        Err(self.fail(&token, &format!("a listing has no `{word}` to ask for"), Some(help)))
    }

    fn attribute(
        &mut self,
        name: &Token<'t>,
        word: &str,
        attribute: Attribute,
        compared: bool,
    ) -> Step<Condition> {
        let token = self.next();
        let example = match attribute {
            Attribute::Language => "language in [\"de\", \"en\"]",
            Attribute::Market => "market in [\"DE\", \"AT\"]",
            Attribute::Seller => "seller in [\"Example Ltd\"]",
            Attribute::Brand => "brand in [\"Example\"]",
            _ => "category in [\"Books\"]",
        };
        if !compared {
            let help = if attribute == Attribute::Price {
                "write `price_eur < 60`, `has price` or `missing price`".to_owned()
            } else {
                format!("write `has {word}` or `missing {word}`, or look for words in it with a pattern")
            };
            return Err(self.fail(name, &format!("`{word}` cannot be compared"), Some(help)));
        }
        match token.kind {
            Kind::Word("in") => self.expect_symbol("[", example)?,
            Kind::Symbol("==") => {
                let value = self.value(attribute, example)?;
                return Ok(Condition::FieldIn { attribute, values: vec![value] });
            }
            Kind::Symbol("!=") | Kind::Word("not") => {
                let help = format!("write `not {example}`; it also holds where there is no {word}");
                let message = "such a comparison is written with `not` before it";
                return Err(self.fail(&token, message, Some(help)));
            }
            _ => {
                let message = format!("`{word}` is compared with `in` or `==`");
                return Err(self.fail(&token, &message, Some(format!("as in `{example}`"))));
            }
        }
        let mut values = Vec::new();
        loop {
            values.push(self.value(attribute, example)?);
            if !self.take_symbol(",") {
                break;
            }
        }
        self.expect_symbol("]", example)?;
        if values.len() > MAX_VALUES {
            let message = format!("more than {MAX_VALUES} texts");
            return Err(self.fail(name, &message, None));
        }
        Ok(Condition::FieldIn { attribute, values })
    }

    fn value(&mut self, attribute: Attribute, example: &str) -> Step<String> {
        let token = self.next();
        let Kind::Text(text) = token.kind else {
            let message = format!("expected a text in quotation marks, not {}", self.shown(&token));
            return Err(self.fail(&token, &message, Some(format!("as in `{example}`"))));
        };
        let sound = match attribute {
            Attribute::Market => is_country(text),
            Attribute::Language => text.split('-').next().is_some_and(is_language),
            _ => !text.trim().is_empty(),
        };
        if !sound {
            let message = "no listing has this value";
            let problem =
                Problem::error(code::BAD_VALUE, token.span, message).help(format!("as in `{example}`"));
            self.problems.push(problem);
        }
        Ok(text.to_owned())
    }
}

/// The names of patterns as a person would list them, cut where nobody would read on.
fn list(names: &[&str]) -> String {
    const MOST: usize = 12;
    let mut text = names.iter().take(MOST).copied().collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(", …");
    }
    text
}
