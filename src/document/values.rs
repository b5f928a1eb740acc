//! Values that files of several rooms hold: lines for people, names to choose from, ids, countries, languages, days.

use super::shape::Shape;
use super::{Located, Problem, Table, code};

/// Longer ids and names are hard to read in a table and make long file names.
const MAX_ID_CHARS: usize = 80;
/// Titles, reasons and the like are one line.
pub(super) const MAX_LINE_CHARS: usize = 500;

/// Two capitals, as in ISO 3166 alpha-2. Whether such a country exists is not asked.
pub fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Two or three lower-case letters, as in a BCP 47 primary language subtag.
pub fn is_language(text: &str) -> bool {
    matches!(text.len(), 2 | 3) && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

impl Table<'_> {
    /// A line of text for people: not empty, not endless.
    pub fn line(&self, key: &'static str) -> Option<String> {
        let text = self.string(key)?;
        let count = text.value.chars().take(MAX_LINE_CHARS + 1).count();
        if text.value.trim().is_empty() || count > MAX_LINE_CHARS {
            let message = format!("`{key}` must have 1 to {MAX_LINE_CHARS} characters");
            self.document().report(Problem::error(code::BAD_VALUE, text.span, message));
            return None;
        }
        Some(text.value)
    }

    /// One of a few names.
    pub fn choice<T: Copy>(&self, key: &'static str, choices: &[(&'static str, T)]) -> Option<Located<T>> {
        let names = || choices.iter().map(|(name, _)| *name);
        self.shape(key, |shape| matches!(shape, Shape::Choice(known) if known.iter().copied().eq(names())));
        let text = self.string(key)?;
        let value = self.find_choice(key, &text, choices)?;
        Some(Located { value, span: text.span })
    }

    /// What a name stands for; an error with the nearest name when it stands for nothing. `what` is what the name
    /// should be the name of.
    pub fn find_choice<T: Copy>(
        &self,
        what: &str,
        text: &Located<String>,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == text.value) {
            return Some(*value);
        }
        let article = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let names = choices.iter().map(|(name, _)| *name);
        let all = names.clone().collect::<Vec<_>>().join(", ");
        let mut help = format!("one of {all}");
        if let Some(name) = self.document().nearest(&text.value, names) {
            help = format!("did you mean \"{name}\"? ({help})");
        }
        let problem =
            Problem::error(code::BAD_VALUE, text.span.clone(), format!("this is not {article} {what}"));
        self.document().report(problem.help(help));
        None
    }

    /// Reports an id that is not made of small letters a to z, digits and `extra` characters, or that is not the
    /// file's name `stem`.
    pub fn check_id(&self, id: &Located<String>, stem: &str, extra: &[char]) {
        let plain =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || extra.contains(&letter);
        let problem = if id.value.is_empty()
            || id.value.chars().count() > MAX_ID_CHARS
            || !id.value.chars().all(plain)
        {
            let extra: Vec<String> = extra.iter().map(|letter| format!(", `{letter}`")).collect();
            let extra = extra.concat();
            let message = format!("an id has 1 to {MAX_ID_CHARS} characters: letters a to z, digits{extra}");
            Problem::error(code::BAD_NAME, id.span.clone(), message)
        } else if id.value != stem {
            let message = format!("the id is not the file's name, which is `{stem}.toml`");
            Problem::error(code::ID_NOT_FILE_NAME, id.span.clone(), message)
                .help(format!("write `id = \"{stem}\"`, or rename the file to `{}.toml`", id.value))
        } else {
            return;
        };
        self.document().report(problem);
    }

    /// A country code, in capitals.
    pub fn country(&self, key: &'static str) -> Option<String> {
        let country = self.string(key)?;
        self.sound_country(country)
    }

    /// Country codes, in capitals.
    pub fn countries(&self, key: &'static str) -> Vec<String> {
        let written = self.strings(key).unwrap_or_default();
        written.into_iter().filter_map(|country| self.sound_country(country)).collect()
    }

    fn sound_country(&self, country: Located<String>) -> Option<String> {
        if is_country(&country.value) {
            return Some(country.value);
        }
        let problem = Problem::error(code::BAD_VALUE, country.span, "this is not a country code")
            .help("write the two capitals of ISO 3166, such as \"DE\"");
        self.document().report(problem);
        None
    }

    /// Primary language subtags; none for every language, which may also be written `"*"`.
    pub fn languages(&self, key: &'static str) -> Vec<String> {
        let mut languages = Vec::new();
        let mut every = false;
        for language in self.strings(key).unwrap_or_default() {
            if language.value == "*" {
                every = true;
            } else if is_language(&language.value) {
                languages.push(language.value);
            } else {
                let problem = Problem::error(code::BAD_VALUE, language.span, "this is not a language").help(
                    "write the two or three letters of ISO 639, such as \"de\"; \"*\" means every language",
                );
                self.document().report(problem);
            }
        }
        if every { Vec::new() } else { languages }
    }
}
