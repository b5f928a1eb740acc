//! Paths into the JSON that is embedded in a page: `$.product.offers[0].price`.

use serde_json::Value;

use super::text;

/// Values that one path leads to.
const MATCHES_MAX: usize = 1000;

/// `$.a.b[0].c`, `[*]`, `['key']`, `..key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath {
    steps: Vec<Step>,
    written: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    At(usize),
    All,
    Anywhere(String),
}

impl JsonPath {
    /// Reads a path.
    pub(super) fn parse(written: &str) -> Result<Self, String> {
        let mut rest = written.trim().strip_prefix('$').ok_or("it does not begin with $")?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("..") {
                let (name, tail) = name_of(after)?;
                steps.push(Step::Anywhere(name));
                rest = tail;
            } else if let Some(after) = rest.strip_prefix('.') {
                if let Some(tail) = after.strip_prefix('*') {
                    steps.push(Step::All);
                    rest = tail;
                } else {
                    let (name, tail) = name_of(after)?;
                    steps.push(Step::Key(name));
                    rest = tail;
                }
            } else if let Some(after) = rest.strip_prefix('[') {
                // A quoted name may hold a bracket of its own.
                let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
                let quoted = quote.and_then(|quote| {
                    let name = after.get(1..)?;
                    let end = name.find(quote)?;
                    Some((name.get(..end)?, name.get(end + 1..)?.strip_prefix(']')?))
                });
                let (inner, tail) = match quoted {
                    Some(found) => found,
                    None => after.split_once(']').ok_or("a [ has no ]")?,
                };
                let inner = if quoted.is_some() { inner } else { inner.trim() };
                steps.push(if quoted.is_some() {
                    Step::Key(inner.to_owned())
                } else if inner == "*" {
                    Step::All
                } else {
                    Step::At(inner.parse().map_err(|_| format!("[{inner}] is neither a number nor *"))?)
                });
                rest = tail;
            } else {
                return Err(format!("{rest:?} does not begin with . or ["));
            }
        }
        if steps.is_empty() {
            return Err("it names nothing below $".to_owned());
        }
        Ok(Self { steps, written: written.to_owned() })
    }

    /// The path as it was written.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// The values of the first document in which the path leads somewhere.
    pub(super) fn find_in(&self, documents: &[Value]) -> Vec<String> {
        documents
            .iter()
            .map(|document| self.find(document))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// Whether the path leads to anything at all.
    pub(super) fn leads(&self, document: &Value) -> bool {
        !self.reach(document).is_empty()
    }

    /// Everything the path leads to in one document, as text.
    pub(super) fn find(&self, document: &Value) -> Vec<String> {
        self.reach(document)
            .into_iter()
            .filter_map(|value| match value {
                Value::String(written) => Some(text::line(written)),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(truth) => Some(truth.to_string()),
                _ => None,
            })
            .filter(|value| !value.is_empty())
            .collect()
    }

    fn reach<'v>(&self, document: &'v Value) -> Vec<&'v Value> {
        let mut at = vec![document];
        for step in &self.steps {
            let mut next = Vec::new();
            for value in at {
                match step {
                    Step::Key(key) => next.extend(value.get(key)),
                    Step::At(place) => next.extend(value.get(place)),
                    Step::All => match value {
                        Value::Array(list) => next.extend(list),
                        Value::Object(node) => next.extend(node.values()),
                        _ => {}
                    },
                    Step::Anywhere(key) => anywhere(value, key, 0, &mut next),
                }
                next.truncate(MATCHES_MAX);
            }
            at = next;
        }
        at
    }
}

fn anywhere<'v>(value: &'v Value, key: &str, depth: usize, found: &mut Vec<&'v Value>) {
    if depth > 60 || found.len() >= MATCHES_MAX {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|item| anywhere(item, key, depth + 1, found)),
        Value::Object(node) => {
            found.extend(node.get(key));
            node.values().for_each(|item| anywhere(item, key, depth + 1, found));
        }
        _ => {}
    }
}

fn name_of(text: &str) -> Result<(String, &str), String> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() { Err("a dot names nothing".to_owned()) } else { Ok((name.to_owned(), rest)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_paths_lead_where_they_say() {
        let document = json!({"a": {"b": [{"c": 1}, {"c": "x"}], "d e": true}, "[x=y]": {"z": 2}});
        for (path, expected) in [
            ("$.a.b[0].c", vec!["1"]),
            ("$.a.b[*].c", vec!["1", "x"]),
            ("$['a']['d e']", vec!["true"]),
            ("$..c", vec!["1", "x"]),
            ("$.a.nothing", vec![]),
            ("$['[x=y]'].z", vec!["2"]),
        ] {
            assert_eq!(JsonPath::parse(path).unwrap().find(&document), expected, "{path}");
        }
        for path in ["a.b", "$", "$.a[x]", "$.a[", "$.", "$a"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
