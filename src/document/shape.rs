//! What a file may hold: every key with the kind of its value, what it is for, and an example.
//!
//! Readers and JSON Schemas are made from the same [`Keys`]: a reader that asks for a key which is not among them, or
//! for another kind of value, fails in every test that runs it; unknown and missing keys are reported from them.

/// A value's kind.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// One line for people: not empty, not endless.
    Line,
    /// A text of this form (a regular expression that JSON Schema and people read the same).
    Form(&'static str),
    /// A whole number within bounds, both inclusive.
    Whole(i64, i64),
    /// A number within bounds, both inclusive.
    Number(f64, f64),
    /// An exact decimal: a number, or a text such as `"39.90"`.
    Decimal,
    /// `true` or `false`.
    Flag,
    /// A day.
    Day,
    /// One of a few names.
    Choice(&'static [&'static str]),
    /// Two capitals of ISO 3166.
    Country,
    /// Two or three small letters of ISO 639, or `*` for every language.
    Language,
    /// A list.
    List(&'static Shape),
    /// One, or a list of several.
    OneOrMore(&'static Shape),
    /// A table.
    Table(&'static Keys),
    /// A list of tables.
    Tables(&'static Keys),
    /// Tables `[key.NAME]`, whose names have this form.
    Named(&'static str, &'static Keys),
    /// A table whose keys are the author's own, of this form, and whose values are of one kind.
    Map(&'static str, &'static Shape),
}

/// The keys of a table.
#[derive(Debug, Clone, Copy)]
pub struct Keys {
    /// What the table is for, in plain words.
    pub about: &'static str,
    /// The keys, in the order in which people write them.
    pub keys: &'static [Key],
    /// At least one of these must be there; none: nothing is asked.
    pub any_of: &'static [&'static str],
    /// Exactly one of these must be there; none: nothing is asked.
    pub one_of: &'static [&'static str],
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// How it is written.
    pub name: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// What it is for, in plain words; editors show it.
    pub about: &'static str,
    /// For a key that must be there, what to write after `key =`; `STEM` stands for the file's name without its end.
    pub required: Option<&'static str>,
}

impl Keys {
    /// A table whose keys may all be left out or not as each says.
    pub const fn new(about: &'static str, keys: &'static [Key]) -> Self {
        Self { about, keys, any_of: &[], one_of: &[] }
    }

    /// A table that needs one of these keys at least.
    #[must_use]
    pub const fn any_of(mut self, names: &'static [&'static str]) -> Self {
        self.any_of = names;
        self
    }

    /// A table that needs exactly one of these keys.
    #[must_use]
    pub const fn one_of(mut self, names: &'static [&'static str]) -> Self {
        self.one_of = names;
        self
    }

    /// The key of this name.
    pub fn get(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl Key {
    /// A key that may be left out.
    pub const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, shape, about, required: None }
    }

    /// A key that must be there; `example` is shown to whoever forgot it.
    #[must_use]
    pub const fn required(mut self, example: &'static str) -> Self {
        self.required = Some(example);
        self
    }
}

/// The names of a table of choices, for [`Shape::Choice`].
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a wrong index does not compile")]
pub const fn names<T: Copy, const N: usize>(choices: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut at = 0;
    while at < N {
        names[at] = choices[at].0;
        at += 1;
    }
    names
}
