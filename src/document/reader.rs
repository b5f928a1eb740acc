//! A TOML table under a reader's hands: typed accessors that report what is wrong. Which keys there are, and which must
//! be there, its [`Keys`] say.

use std::ops::Range;

use jiff::civil::Date;
use rust_decimal::Decimal;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::shape::{Key, Keys, Shape};
use super::{Document, Located, Problem, code};

/// A table that is being read. Unknown and missing keys were reported when it was opened.
#[derive(Debug)]
pub struct Table<'d> {
    document: &'d Document<'d>,
    values: &'d DeTable<'d>,
    span: Range<usize>,
    name: String,
    /// `None`: the keys are the author's own.
    keys: Option<&'static Keys>,
}

/// A key and its value in a table whose keys are names that the author chose, such as `[pat]`.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'d> {
    document: &'d Document<'d>,
    key: &'d Spanned<toml::de::DeString<'d>>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Table<'d> {
    pub(super) fn root(document: &'d Document<'d>, values: &'d DeTable<'d>, keys: &'static Keys) -> Self {
        Self::open(document, values, 0..0, String::new(), Some(keys))
    }

    fn open(
        document: &'d Document<'d>,
        values: &'d DeTable<'d>,
        span: Range<usize>,
        name: String,
        keys: Option<&'static Keys>,
    ) -> Self {
        let table = Self { document, values, span, name, keys };
        if let Some(keys) = keys {
            table.report_missing(keys);
            table.report_unknown(keys);
        }
        table
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

    fn report_missing(&self, keys: &Keys) {
        for key in keys.keys.iter().filter(|key| !self.has(key.name)) {
            let Some(example) = key.required else { continue };
            let example = example.replace("STEM", self.document.stem());
            let help = match key.shape {
                Shape::Named(..) => format!("write {example}"),
                _ => format!("write `{} = {example}`", key.name),
            };
            let message = format!("`{}` is missing{}", key.name, self.place());
            let problem = Problem::error(code::MISSING_KEY, self.span(), message).help(help);
            self.document.report(problem);
        }
    }

    /// Reports every key that means nothing here, with the nearest one that does.
    fn report_unknown(&self, keys: &Keys) {
        for entry in self.entries() {
            let key = entry.key.get_ref().as_ref();
            if keys.get(key).is_some() {
                continue;
            }
            let known = || keys.keys.iter().map(|key| key.name);
            let help = match self.document.nearest(key, known()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("known here: {}", known().collect::<Vec<_>>().join(", ")),
            };
            let message = format!("unknown key `{}`{}", short(key), self.place());
            self.document.report(Problem::error(code::UNKNOWN_KEY, entry.key.span(), message).help(help));
        }
    }

    fn place(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) }
    }

    /// The shape of a key that a reader asks for. A reader that asks for what no schema shows is a mistake in this
    /// program, which tests must find.
    pub(super) fn shape(&self, key: &str, fits: impl Fn(&Shape) -> bool) -> Option<&'static Key> {
        let found = self.keys?.get(key);
        debug_assert!(
            found.is_some_and(|key| fits(&key.shape)),
            "`{key}` in [{}] is read as what it is not",
            self.name
        );
        found
    }

    /// A string.
    pub fn string(&self, key: &'static str) -> Option<Located<String>> {
        self.shape(key, |shape| {
            use Shape::{Choice, Country, Form, Language, Line, Text};
            matches!(shape, Text | Line | Form(_) | Choice(_) | Country | Language)
        });
        self.written(key)?.string()
    }

    /// A list of strings.
    pub fn strings(&self, key: &'static str) -> Option<Vec<Located<String>>> {
        self.shape(key, |shape| matches!(shape, Shape::List(_) | Shape::OneOrMore(_)));
        let entry = self.written(key)?;
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
    pub fn one_or_more(&self, key: &'static str) -> Option<Vec<Located<String>>> {
        self.shape(key, |shape| matches!(shape, Shape::OneOrMore(_)));
        let entry = self.written(key)?;
        if let DeValue::String(_) = entry.value.get_ref() {
            return entry.string().map(|text| vec![text]);
        }
        self.strings(key)
    }

    /// A whole number.
    pub fn integer(&self, key: &'static str) -> Option<Located<i64>> {
        self.shape(key, |shape| matches!(shape, Shape::Whole(..)));
        let entry = self.written(key)?;
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

    /// A whole number within the bounds of its shape.
    pub fn integer_within(&self, key: &'static str) -> Option<i64> {
        let number = self.integer(key)?;
        let Shape::Whole(least, most) = self.keys?.get(key)?.shape else { return None };
        if (least..=most).contains(&number.value) {
            return Some(number.value);
        }
        let message = format!("`{key}` must lie between {least} and {most}");
        self.document.report(Problem::error(code::BAD_VALUE, number.span, message));
        None
    }

    /// A number with or without a point. May be infinite or not a number.
    pub fn number(&self, key: &'static str) -> Option<Located<f64>> {
        self.shape(key, |shape| matches!(shape, Shape::Number(..)));
        let entry = self.written(key)?;
        let text = entry.number_text()?;
        let Ok(value) = text.parse::<f64>() else {
            entry.wrong_type("a number", None);
            return None;
        };
        Some(Located { value, span: entry.value.span() })
    }

    /// An exact decimal, from a number or from a string such as `"39.90"`.
    pub fn decimal(&self, key: &'static str) -> Option<Located<Decimal>> {
        self.shape(key, |shape| matches!(shape, Shape::Decimal));
        self.written(key)?.decimal()
    }

    /// `true` or `false`.
    pub fn boolean(&self, key: &'static str) -> Option<bool> {
        self.shape(key, |shape| matches!(shape, Shape::Flag));
        let entry = self.written(key)?;
        let value = entry.value.get_ref().as_bool();
        if value.is_none() {
            entry.wrong_type("true or false", None);
        }
        value
    }

    /// A day, as a TOML date or as a string.
    pub fn date(&self, key: &'static str) -> Option<Located<Date>> {
        self.shape(key, |shape| matches!(shape, Shape::Day));
        let entry = self.written(key)?;
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
    pub fn table(&self, key: &'static str) -> Option<Table<'d>> {
        use Shape::{Map, Named, Table};
        let key = self.shape(key, |shape| matches!(shape, Table(_) | Named(..) | Map(..)))?;
        let keys = if let Table(keys) = key.shape { Some(keys) } else { None };
        self.written(key.name)?.table(self.name_of(key.name), keys)
    }

    /// A list of tables (`[[key]]`).
    pub fn tables(&self, key: &'static str) -> Option<Vec<Table<'d>>> {
        let key = self.shape(key, |shape| matches!(shape, Shape::Tables(_)))?;
        let Shape::Tables(keys) = key.shape else { return None };
        let name = self.name_of(key.name);
        let entry = self.written(key.name)?;
        if let DeValue::Array(items) = entry.value.get_ref() {
            let table = |value| Entry { value, ..entry }.table(name.clone(), Some(keys));
            return Some(items.iter().filter_map(table).collect());
        }
        entry.wrong_type(&format!("a list of tables; each begins with [[{name}]]"), None);
        None
    }

    /// The tables `[key.NAME]`, in file order, with their names; an error where there are more than `most`. Those that
    /// `is_sound` refuses, and reports, are not looked into.
    pub fn named_tables(
        &self,
        key: &'static str,
        most: usize,
        is_sound: impl Fn(&Entry<'d>) -> bool,
    ) -> Vec<(Located<String>, Table<'d>)> {
        let Some(Shape::Named(_, keys)) =
            self.shape(key, |shape| matches!(shape, Shape::Named(..))).map(|key| key.shape)
        else {
            return Vec::new();
        };
        let Some(group) = self.table(key) else { return Vec::new() };
        let entries = group.entries();
        if entries.len() > most {
            let message = format!("more than {most} tables [{key}.…]");
            self.document.report(Problem::error(code::BAD_VALUE, group.span(), message));
        }
        entries
            .into_iter()
            .take(most)
            .filter(|entry| is_sound(entry))
            .filter_map(|entry| {
                let name = entry.key();
                let table = entry.table(format!("{key}.{}", short(&name.value)), Some(keys))?;
                Some((name, table))
            })
            .collect()
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
    pub fn entry(&self, key: &'static str) -> Option<Entry<'d>> {
        self.shape(key, |_| true);
        self.written(key)
    }

    fn written(&self, key: &str) -> Option<Entry<'d>> {
        let (key, value) = self.values.get_key_value(key)?;
        Some(Entry { document: self.document, key, value })
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

    /// The file that the entry stands in.
    pub fn document(&self) -> &'d Document<'d> {
        self.document
    }

    /// Where the value stands.
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// The value if it is a text; nothing is reported.
    pub fn text(&self) -> Option<&'d str> {
        self.value.get_ref().as_str()
    }

    /// Whether the value is a table.
    pub fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
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

    /// The value as a table of the given full name, if it is one; nothing is reported, and nothing asked of its keys.
    pub fn try_table(&self) -> Option<Table<'d>> {
        let DeValue::Table(values) = self.value.get_ref() else { return None };
        let name = self.key.get_ref().to_string();
        Some(Table::open(self.document, values, self.value.span(), name, None))
    }

    /// The value as a table of the given full name and keys; without keys, they are the author's own.
    pub fn table(&self, name: String, keys: Option<&'static Keys>) -> Option<Table<'d>> {
        if let DeValue::Table(values) = self.value.get_ref() {
            return Some(Table::open(self.document, values, self.value.span(), name, keys));
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
