//! A TOML table under a reader's hands: typed accessors that report what is wrong, and which keys nobody asked for.

use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Document, Located, Problem, code};

/// A table that is being read. Every accessor takes note of its key; [`Table::finish`] reports the others.
#[derive(Debug)]
pub struct Table<'d> {
    document: &'d Document<'d>,
    values: &'d DeTable<'d>,
    span: Range<usize>,
    name: String,
    known: Vec<&'static str>,
}

/// A key and its value in a table whose keys are names that the author chose, such as `[pat]`.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    document: &'d Document<'d>,
    key: &'d Spanned<toml::de::DeString<'d>>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Table<'d> {
    pub(super) fn root(document: &'d Document<'d>, values: &'d DeTable<'d>) -> Self {
        Self { document, values, span: 0..0, name: String::new(), known: Vec::new() }
    }

    /// The file that the table stands in.
    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Where the table begins: its header or its braces.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether the author wrote this key.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Reports a missing key, with an example of what to write.
    pub fn require(&mut self, key: &'static str, example: &str) {
        if !self.has(key) {
            let place = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
            let problem =
                Problem::error(code::MISSING_KEY, self.span(), format!("`{key}` is missing{place}"))
                    .help(format!("write `{key} = {example}`"));
            self.document.report(problem);
        }
    }

    /// A string.
    pub fn string(&mut self, key: &'static str) -> Option<Located<String>> {
        let entry = self.entry(key)?;
        entry.string()
    }

    /// A list of strings.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        let entry = self.entry(key)?;
        match entry.value.get_ref() {
            DeValue::Array(items) => {
                Some(items.iter().filter_map(|value| Entry { value, ..entry }.item_string()).collect())
            }
            DeValue::String(text) => {
                let help = format!("write `{key} = [{:?}]`", text.chars().take(40).collect::<String>());
                entry.wrong_type("a list of strings", Some(help));
                None
            }
            _ => {
                entry.wrong_type("a list of strings", None);
                None
            }
        }
    }

    /// A string, or a list of strings where several are meant.
    pub fn one_or_more(&mut self, key: &'static str) -> Option<Vec<Located<String>>> {
        let entry = self.entry(key)?;
        if let DeValue::String(_) = entry.value.get_ref() {
            return entry.string().map(|text| vec![text]);
        }
        self.strings(key)
    }

    /// A whole number.
    pub fn integer(&mut self, key: &'static str) -> Option<Located<i64>> {
        let entry = self.entry(key)?;
        if let DeValue::Integer(number) = entry.value.get_ref() {
            let digits = number.as_str();
            let Ok(value) = i64::from_str_radix(digits, number.radix()) else {
                let problem =
                    Problem::error(code::BAD_VALUE, entry.value.span(), format!("`{key}` is too large"));
                self.document.report(problem);
                return None;
            };
            return Some(Located { value, span: entry.value.span() });
        }
        entry.wrong_type("a whole number", None);
        None
    }

    /// A whole number within bounds, both inclusive.
    pub fn integer_between(&mut self, key: &'static str, least: i64, most: i64) -> Option<i64> {
        let number = self.integer(key)?;
        if (least..=most).contains(&number.value) {
            return Some(number.value);
        }
        let message = format!("`{key}` must lie between {least} and {most}");
        self.document.report(Problem::error(code::BAD_VALUE, number.span, message));
        None
    }

    /// A number with or without a point. May be infinite or not a number.
    pub fn number(&mut self, key: &'static str) -> Option<Located<f64>> {
        let entry = self.entry(key)?;
        let text = entry.number_text()?;
        let Ok(value) = text.parse::<f64>() else {
            entry.wrong_type("a number", None);
            return None;
        };
        Some(Located { value, span: entry.value.span() })
    }

    /// An exact decimal, from a number or from a string such as `"39.90"`.
    pub fn decimal(&mut self, key: &'static str) -> Option<Located<Decimal>> {
        self.entry(key)?.decimal()
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &'static str) -> Option<bool> {
        let entry = self.entry(key)?;
        let value = entry.value.get_ref().as_bool();
        if value.is_none() {
            entry.wrong_type("true or false", None);
        }
        value
    }

    /// A day, as a TOML date or as a string.
    pub fn date(&mut self, key: &'static str) -> Option<Located<Date>> {
        let entry = self.entry(key)?;
        let text = match entry.value.get_ref() {
            DeValue::Datetime(moment) if moment.time.is_none() => moment.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => {
                entry.wrong_type("a day such as 2026-11-24", None);
                return None;
            }
        };
        if let Ok(value) = text.parse::<Date>() {
            return Some(Located { value, span: entry.value.span() });
        }
        let problem = Problem::error(code::BAD_VALUE, entry.value.span(), format!("`{key}` is not a day"))
            .help("write year, month and day: 2026-11-24");
        self.document.report(problem);
        None
    }

    /// A table.
    pub fn table(&mut self, key: &'static str) -> Option<Table<'d>> {
        let name = self.name_of(key);
        self.entry(key)?.table(name)
    }

    /// A list of tables (`[[key]]`).
    pub fn tables(&mut self, key: &'static str) -> Option<Vec<Table<'d>>> {
        let name = self.name_of(key);
        let entry = self.entry(key)?;
        if let DeValue::Array(items) = entry.value.get_ref() {
            let table = |value| Entry { value, ..entry }.table(name.clone());
            return Some(items.iter().filter_map(table).collect());
        }
        entry.wrong_type(&format!("a list of tables; each begins with [[{name}]]"), None);
        None
    }

    /// The table's entries in file order, for tables whose keys the author chose.
    pub fn entries(&self) -> Vec<Entry<'d>> {
        let document = self.document;
        let mut entries: Vec<_> =
            self.values.iter().map(|(key, value)| Entry { document, key, value }).collect();
        entries.sort_by_key(|entry| entry.key.span().start);
        entries
    }

    /// The entry of one key, as it was written.
    pub fn entry(&mut self, key: &'static str) -> Option<Entry<'d>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let (found, value) = self.values.get_key_value(key)?;
        Some(Entry { document: self.document, key: found, value })
    }

    /// Reports every key that no accessor asked for, with the nearest one that some accessor did.
    pub fn finish(self) {
        for entry in self.entries() {
            let key = entry.key.get_ref().as_ref();
            if self.known.contains(&key) {
                continue;
            }
            let place = if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) };
            let help = match self.document.nearest(key, self.known.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", self.known.join(", ")),
            };
            let message = format!("unknown key `{}`{place}", short(key));
            self.document.report(Problem::error(code::UNKNOWN_KEY, entry.key.span(), message).help(help));
        }
    }

    fn name_of(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

impl<'d> Entry<'d> {
    /// The key and its place.
    pub fn key(&self) -> Located<String> {
        Located { value: self.key.get_ref().to_string(), span: self.key.span() }
    }

    /// Where the value stands.
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// The value as TOML gives it.
    pub fn value(&self) -> &'d Spanned<DeValue<'d>> {
        self.value
    }

    /// The value as a string.
    pub fn string(&self) -> Option<Located<String>> {
        if let DeValue::String(text) = self.value.get_ref() {
            return Some(Located { value: text.to_string(), span: self.value.span() });
        }
        let help = self.number_text_silent().map(|text| format!("write \"{text}\" in quotes"));
        self.wrong_type("a string", help);
        None
    }

    /// The value as a table, if it is one; nothing is reported.
    pub fn try_table(&self) -> Option<Table<'d>> {
        let DeValue::Table(values) = self.value.get_ref() else { return None };
        let name = self.key.get_ref().to_string();
        Some(Table { document: self.document, values, span: self.value.span(), name, known: Vec::new() })
    }

    /// The value as a table of the given full name.
    pub fn table(&self, name: String) -> Option<Table<'d>> {
        if let DeValue::Table(values) = self.value.get_ref() {
            let span = self.value.span();
            return Some(Table { document: self.document, values, span, name, known: Vec::new() });
        }
        let key = short(self.key.get_ref());
        let help = if let DeValue::Array(_) = self.value.get_ref() {
            format!("[[…]] begins a list of tables; write [{name}]")
        } else {
            format!("write `{key} = {{ … }}`, or its lines under a header [{name}]")
        };
        self.wrong_type("a table", Some(help));
        None
    }

    /// The value as an exact decimal.
    pub fn decimal(&self) -> Option<Located<Decimal>> {
        let text = match self.value.get_ref() {
            DeValue::String(text) => text.to_string(),
            _ => self.number_text()?,
        };
        if let Ok(value) = Decimal::from_str_exact(&text) {
            return Some(Located { value, span: self.value.span() });
        }
        let problem = Problem::error(
            code::BAD_VALUE,
            self.value.span(),
            format!("`{}` is not a decimal number", short(self.key.get_ref())),
        )
        .help("write digits with a point: 39.90");
        self.document.report(problem);
        None
    }

    /// Reports that the value should be `expected`.
    pub fn wrong_type(&self, expected: &str, help: Option<String>) {
        let is = match self.value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("`{}` must be {expected}", short(self.key.get_ref()));
        let problem = Problem::error(code::WRONG_TYPE, self.value.span(), message)
            .label(format!("this is {is}"))
            .maybe_help(help);
        self.document.report(problem);
    }

    fn item_string(&self) -> Option<Located<String>> {
        if let DeValue::String(text) = self.value.get_ref() {
            return Some(Located { value: text.to_string(), span: self.value.span() });
        }
        let help = self.number_text_silent().map(|text| format!("write \"{text}\" in quotes"));
        self.wrong_type("a list of strings", help);
        None
    }

    fn number_text(&self) -> Option<String> {
        let text = self.number_text_silent();
        if text.is_none() {
            self.wrong_type("a number", None);
        }
        text
    }

    fn number_text_silent(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            _ => None,
        }
    }
}

/// A name as a message shows it: a key may be as long as the file.
pub(super) fn short(name: &str) -> String {
    const MOST: usize = 60;
    if name.chars().nth(MOST).is_none() {
        return name.to_owned();
    }
    name.chars().take(MOST).chain(std::iter::once('…')).collect()
}
