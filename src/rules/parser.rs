//! A rule file's tables read into a [`WrittenRule`]. Knows the keys and the shape of each value; whether names
//! lead anywhere is for `meaning`.

use super::common;
use super::listing_test;
use super::model::{Bound, Field, Fold, NumberFilter, Status};
use super::written::{WrittenException, WrittenPattern, WrittenRule};
use crate::document::{Located, Problem, Table, code, shape};

/// Patterns and exceptions a rule, each. Nobody oversees more, and conditions are checked against all of them.
const MAX_PATTERNS: usize = 200;
/// Regexes a pattern; each is compiled.
const MAX_REGEXES: usize = 200;
/// Inline tests a rule.
const MAX_TESTS: usize = 1000;

/// Reads a rule file. `stem` is the file's name without `.toml`. What is wrong is reported to the table's document;
/// a value that is missing or unreadable is absent, so that the rest can be checked in the same pass.
pub fn read_rule(table: &Table<'_>, stem: &str) -> WrittenRule {
    common::format(table);
    let id = table.string("id");
    if let Some(id) = &id {
        table.check_id(id, stem, &['.', '-', '_']);
    }
    let title = table.line("title");
    let status = table.choice("status", &STATUSES);
    let class = table.string("class");
    let langs = table.languages("langs");
    let markets = table.countries("markets");
    let when = table.string("when");
    let replaced_by = table.string("replaced_by");
    let reason = table.line("reason");
    let allow = common::allowed(table);
    let patterns = patterns(table);
    let misread = misread(table, &patterns);
    let exceptions = exceptions(table);
    let bar_precision = bar(table);
    let names: Vec<&str> = patterns.iter().map(|pattern| pattern.name.value.as_str()).collect();
    let mut tests = Vec::new();
    for (number, test) in table.tables("test").unwrap_or_default().into_iter().enumerate() {
        if number == MAX_TESTS {
            let message = format!("more than {MAX_TESTS} tests");
            table.document().report(Problem::error(code::BAD_VALUE, test.span(), message));
            break;
        }
        tests.extend(listing_test::read(&test, &names));
    }
    if let Some(status) = &status {
        check_withdrawal(table, status, replaced_by.is_some() || reason.is_some());
    }
    let absent = || Located::absent(String::new());
    WrittenRule {
        id: id.unwrap_or_else(absent),
        title: title.unwrap_or_default(),
        status: status.unwrap_or(Located::absent(Status::Draft)),
        class: class.unwrap_or_else(absent),
        langs,
        markets,
        when: when.unwrap_or_else(absent),
        patterns,
        misread,
        exceptions,
        bar_precision,
        tests,
        replaced_by,
        reason,
        allow,
    }
}

pub(super) const STATUS_NAMES: [&str; 4] = shape::names(&STATUSES);
const STATUSES: [(&str, Status); 4] = [
    ("draft", Status::Draft),
    ("trial", Status::Trial),
    ("active", Status::Active),
    ("deprecated", Status::Deprecated),
];

/// The names of [`FIELDS`], and of single attributes.
pub(super) const FIELD_FORM: &str = "^(title|description|attributes|attributes\\..+|category|brand|seller)$";
const FIELDS: [(&str, Field); 6] = [
    ("title", Field::Title),
    ("description", Field::Description),
    ("attributes", Field::Attributes),
    ("category", Field::Category),
    ("brand", Field::Brand),
    ("seller", Field::Seller),
];

pub(super) const BOUND_NAMES: [&str; 4] = shape::names(&BOUNDS);
const BOUNDS: [(&str, Bound); 4] =
    [("word", Bound::Word), ("start", Bound::Start), ("none", Bound::None), ("auto", Bound::Auto)];

pub(super) const FOLD_NAMES: [&str; 3] = shape::names(&FOLDS);
const FOLDS: [(&str, Fold); 3] =
    [("exact", Fold::Exact), ("standard", Fold::Standard), ("evasive", Fold::Evasive)];

/// A withdrawn rule says why; another has nothing to say about it.
fn check_withdrawal(table: &Table<'_>, status: &Located<Status>, explained: bool) {
    let withdrawn = status.value == Status::Deprecated;
    let problem = if withdrawn && !explained {
        Problem::error(code::MISSING_KEY, status.span.clone(), "a deprecated rule says why it was withdrawn")
            .help("write `replaced_by = \"id of the new rule\"` or `reason = \"…\"`")
    } else if !withdrawn && explained {
        Problem::error(
            code::BAD_VALUE,
            status.span.clone(),
            "only a deprecated rule has `replaced_by` or `reason`",
        )
        .help("remove those keys, or write `status = \"deprecated\"`")
    } else {
        return;
    };
    table.document().report(problem);
}

fn bar(table: &Table<'_>) -> Option<f64> {
    let bar = table.table("bar")?;
    let precision = bar.number("precision");
    if let Some(precision) = &precision
        && !(0.0..=1.0).contains(&precision.value)
    {
        let problem = Problem::error(code::BAD_VALUE, precision.span.clone(), "a precision lies from 0 to 1")
            .help("write 0.90 for nine right flags in ten");
        bar.document().report(problem);
    }
    precision.map(|precision| precision.value)
}

fn patterns(table: &Table<'_>) -> Vec<WrittenPattern> {
    let mut patterns = Vec::new();
    for (name, pattern) in table.named_tables("pat", MAX_PATTERNS, |_| true) {
        patterns.push(written_pattern(&pattern, name));
    }
    patterns
}

fn misread(table: &Table<'_>, patterns: &[WrittenPattern]) -> Vec<String> {
    let read = |name: &String| patterns.iter().any(|pattern| pattern.name.value == *name);
    let group = table.entry("pat").and_then(|entry| entry.try_table());
    let names =
        group.map(|group| group.entries()).unwrap_or_default().into_iter().map(|entry| entry.key().value);
    names.filter(|name| !read(name)).take(MAX_PATTERNS).collect()
}

fn exceptions(table: &Table<'_>) -> Vec<WrittenException> {
    let mut exceptions = Vec::new();
    for (name, exception) in table.named_tables("except", MAX_PATTERNS, |_| true) {
        let pattern = written_pattern(&exception, name);
        let unless = exception.one_or_more("unless").unwrap_or_default();
        let why = exception.line("why").unwrap_or_default();
        let until = exception.date("until");
        exceptions.push(WrittenException { pattern, unless, why, until });
    }
    exceptions
}

fn written_pattern(table: &Table<'_>, name: Located<String>) -> WrittenPattern {
    common::check_pattern_name(table, &name);
    let before = table.document().errors();
    let lists = table.one_or_more("list").unwrap_or_default();
    let terms = table.strings("terms").unwrap_or_default();
    let stems = table.strings("stems").unwrap_or_default();
    let mut regexes = table.one_or_more("regex").unwrap_or_default();
    // Words of the wrong type have been reported; without them the pattern is empty only for us.
    let is_empty = lists.is_empty() && terms.is_empty() && stems.is_empty() && regexes.is_empty();
    if is_empty && table.document().errors() == before {
        let message = format!("pattern `{}` looks for nothing", name.value);
        let problem = Problem::error(code::EMPTY_PATTERN, table.span(), message)
            .help("write `terms = [\"…\"]`, `stems = [\"…\"]`, `regex = '…'` or `list = \"name\"`");
        table.document().report(problem);
    }
    if let Some(first_too_many) = regexes.get(MAX_REGEXES) {
        let message = format!("more than {MAX_REGEXES} regexes in one pattern");
        let problem = Problem::error(code::TOO_MANY_TERMS, first_too_many.span.clone(), message)
            .help("join those that differ in a few letters, and write words as `terms`");
        table.document().report(problem);
        regexes.truncate(MAX_REGEXES);
    }
    let (fields, attributes) = fields(table);
    let bound = table.choice("bound", &BOUNDS).map_or(Bound::Auto, |bound| bound.value);
    let fold = table.choice("fold", &FOLDS).map_or(Fold::Standard, |fold| fold.value);
    let number = number(table);
    WrittenPattern {
        name,
        span: table.span(),
        lists,
        terms,
        stems,
        regexes,
        number,
        fields,
        attributes,
        bound,
        fold,
    }
}

/// The fields, and the names of single attributes.
fn fields(table: &Table<'_>) -> (Vec<Field>, Vec<String>) {
    let Some(names) = table.one_or_more("fields") else {
        return (vec![Field::Title, Field::Description, Field::Attributes], Vec::new());
    };
    let mut fields = Vec::new();
    let mut attributes = Vec::new();
    let mut all = false;
    for name in &names {
        let one = name.value.strip_prefix("attributes.").filter(|one| !one.trim().is_empty());
        let field = match one {
            Some(one) => {
                attributes.push(one.to_owned());
                Some(Field::Attributes)
            }
            None if name.value.starts_with("attribute") && name.value.contains('.') => {
                let problem = Problem::error(code::BAD_VALUE, name.span.clone(), "this is not a field").help(
                    "one attribute is written \"attributes.Material\", by the name that the page shows",
                );
                table.document().report(problem);
                None
            }
            None => table.find_choice("field", name, &FIELDS),
        };
        all |= one.is_none() && field == Some(Field::Attributes);
        fields.extend(field.filter(|field| !fields.contains(field)));
    }
    if all {
        attributes.clear();
    }
    if names.is_empty() {
        let problem =
            Problem::error(code::BAD_VALUE, table.span(), "`fields` is empty: there is nowhere to look")
                .help("leave it out for title, description and attributes");
        table.document().report(problem);
    }
    (fields, attributes)
}

fn number(table: &Table<'_>) -> Option<Located<NumberFilter>> {
    let number = table.table("number")?;
    let group = number.integer_within("group").unwrap_or(1);
    let (min, max) = (number.decimal("min"), number.decimal("max"));
    let span = number.span();
    if !number.has("min") && !number.has("max") {
        let problem = Problem::error(code::MISSING_KEY, span.clone(), "`number` has neither `min` nor `max`")
            .help("write `number = { group = 1, min = 50 }`");
        number.document().report(problem);
    }
    if let (Some(min), Some(max)) = (&min, &max)
        && min.value > max.value
    {
        let problem = Problem::error(code::BAD_VALUE, span.clone(), "`min` is greater than `max`")
            .help("no number lies between them; exchange the two");
        number.document().report(problem);
    }
    let filter = NumberFilter {
        group: usize::try_from(group).unwrap_or(1),
        min: min.map(|min| min.value),
        max: max.map(|max| max.value),
    };
    Some(Located { value: filter, span })
}
