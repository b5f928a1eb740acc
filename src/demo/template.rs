//! Page templates: blocks of one file a shop, filled with values that are escaped unless asked otherwise.
//!
//! `{{key}}` is escaped for HTML text and attributes, `{{{key}}}` is put in as it is, and
//! `{{?key}}…{{/key}}` stays only where `key` has a value. A key without a value stays visible, so that the
//! test that looks for leftover braces finds it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::MarketError;
use super::catalogue::{text, wrong};

const BLOCK_OPEN: &str = "<!-- block ";
const BLOCK_CLOSE: &str = " -->";

/// Values by key.
pub(super) type Values<'a> = BTreeMap<&'a str, String>;

/// The blocks of one template file.
#[derive(Debug)]
pub(super) struct Template(BTreeMap<&'static str, &'static str>);

impl Template {
    /// Reads `templates/NAME.html`.
    pub(super) fn read(name: &str) -> Result<Self, MarketError> {
        let file = format!("templates/{name}.html");
        let mut blocks = BTreeMap::new();
        for part in text(&file)?.split(BLOCK_OPEN).skip(1) {
            let (block, body) =
                part.split_once(BLOCK_CLOSE).ok_or_else(|| wrong(&file, "a block's name is not closed"))?;
            blocks.insert(block.trim(), body.trim());
        }
        Ok(Self(blocks))
    }

    pub(super) fn has(&self, block: &str) -> bool {
        self.0.contains_key(block)
    }

    /// A block with its places filled; a missing block is empty.
    pub(super) fn fill(&self, block: &str, values: &Values) -> String {
        self.0.get(block).map(|body| fill(body, values)).unwrap_or_default()
    }
}

/// Fills the places of a template text.
pub(super) fn fill(template: &str, values: &Values) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        if let Some((key, tail)) = after.strip_prefix('{').and_then(|raw| raw.split_once("}}}")) {
            match values.get(key) {
                Some(value) => out.push_str(value),
                None => out.extend(["{{{", key, "}}}"]),
            }
            rest = tail;
            continue;
        }
        let Some((key, tail)) = after.split_once("}}") else {
            out.push_str("{{");
            rest = after;
            continue;
        };
        if let Some(key) = key.strip_prefix('?') {
            let end = format!("{{{{/{key}}}}}");
            let (inner, after_section) = tail.split_once(&end).unwrap_or((tail, ""));
            if values.get(key).is_some_and(|value| !value.is_empty()) {
                out.push_str(&fill(inner, values));
            }
            rest = after_section;
        } else {
            match values.get(key) {
                Some(value) => out.push_str(&escape(value)),
                None => out.extend(["{{", key, "}}"]),
            }
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// Escapes text for HTML text, quoted attributes and XML.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(letter),
        }
    }
    out
}

/// JSON for the inside of a script element: no value can close it.
pub(super) fn script_json(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_unless_asked_otherwise() {
        let values = Values::from([("a", "<b> & \"c\"".to_owned()), ("none", String::new())]);
        assert_eq!(fill("{{a}}", &values), "&lt;b&gt; &amp; &quot;c&quot;");
        assert_eq!(fill("{{{a}}}", &values), "<b> & \"c\"");
        assert_eq!(
            fill("x{{?a}}[{{a}}]{{/a}}y{{?none}}never{{/none}}z", &values),
            "x[&lt;b&gt; &amp; &quot;c&quot;]yz"
        );
        assert_eq!(fill("{{missing}} {{{missing}}} {{", &values), "{{missing}} {{{missing}}} {{");
    }

    #[test]
    fn json_cannot_close_its_script_element() {
        let value = serde_json::json!({"title": "</script><script>alert(1)</script>"});
        let json = script_json(&value);
        assert!(!json.contains('<'));
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }
}
