//! JSON as shops write it: read strictly where it is sound, repaired where it is not.
//!
//! The repairing parser takes comments, CDATA and HTML comment wrappers, control characters in strings, bad escapes,
//! missing values and commas, trailing commas and semicolons, unquoted keys, single quotes, quotes inside values,
//! JavaScript literals, and text that stops early. It reads each byte a bounded number of times.

use serde_json::{Map, Number, Value};

use super::entity;

/// Nesting kept; deeper values become null. Real documents stay below 40.
const DEPTH_MAX: usize = 100;
/// Further documents read from one text.
const DOCUMENTS_MAX: usize = 64;
/// How far white space is skipped to decide whether a quote closes a string: keeps the decision linear.
const QUOTE_LOOKAHEAD: usize = 256;

/// How quotes inside a string are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Markup written by templates: an unescaped quote inside a value happens.
    Markup,
    /// Program text: quotes are escaped properly; keys may be bare words.
    Script,
}

/// All values of `text`, in order; empty where it holds none.
pub fn read(text: &str) -> Vec<Value> {
    let trimmed = text.trim_start_matches('\u{FEFF}').trim();
    if let Ok(value) = serde_json::from_str(trimmed) {
        return vec![value];
    }
    let found = read_loosely(trimmed);
    if found.is_empty() || (!trimmed.contains('"') && trimmed.contains("&quot;")) {
        // The whole block went through an HTML escaper.
        let decoded = entity::decode(trimmed);
        if decoded != trimmed {
            if let Ok(value) = serde_json::from_str(&decoded) {
                return vec![value];
            }
            return read_loosely(&decoded);
        }
    }
    found
}

fn read_loosely(text: &str) -> Vec<Value> {
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, dialect: Dialect::Markup, sound: true };
    let mut values = Vec::new();
    while values.len() < DOCUMENTS_MAX {
        parser.skip_space();
        while matches!(parser.peek(), Some(b',' | b';')) {
            parser.at += 1;
            parser.skip_space();
        }
        if !matches!(parser.peek(), Some(b'{' | b'[')) {
            break;
        }
        values.push(parser.value(0));
    }
    values
}

/// The object or array of program text that starts at byte `at`, and where it ends. `None` where what stands there is
/// program code rather than data; then the place tells how far was read to know it.
pub(super) fn literal(text: &str, at: usize) -> (Option<Value>, usize) {
    if !matches!(text.as_bytes().get(at), Some(b'{' | b'[')) {
        return (None, at);
    }
    let mut parser = Parser { text, bytes: text.as_bytes(), at, dialect: Dialect::Script, sound: true };
    let value = parser.value(0);
    (parser.sound.then_some(value), parser.at)
}

/// The text of the string literal that starts `text`, and where it ends.
pub(super) fn script_string(text: &str) -> Option<(String, usize)> {
    let quote = *text.as_bytes().first()?;
    let mut parser = Parser { text, bytes: text.as_bytes(), at: 0, dialect: Dialect::Script, sound: true };
    let value = parser.string(quote, false);
    Some((value, parser.at))
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    dialect: Dialect,
    /// False once program code was met: only `literal` asks.
    sound: bool,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or(&[])
    }

    fn skip_past(&mut self, needle: &[u8]) {
        self.at = memchr::memmem::find(self.rest(), needle)
            .map_or(self.bytes.len(), |o| self.at + o + needle.len());
    }

    /// White space, comments and the wrappers that templates put around data.
    fn skip_space(&mut self) {
        loop {
            let rest = self.rest();
            match rest.first() {
                Some(b) if b.is_ascii_whitespace() || b.is_ascii_control() => self.at += 1,
                Some(0xC2) if rest.starts_with("\u{A0}".as_bytes()) => self.at += 2,
                Some(0xE2 | 0xEF)
                    if rest.starts_with("\u{2028}".as_bytes()) || rest.starts_with("\u{FEFF}".as_bytes()) =>
                {
                    self.at += 3;
                }
                Some(b'/') if rest.starts_with(b"//") => self.skip_past(b"\n"),
                Some(b'/') if rest.starts_with(b"/*") => self.skip_past(b"*/"),
                Some(b'<') if rest.starts_with(b"<!--") => {
                    // A comment, or the wrapper of the whole block: then its end stands after the data.
                    let end = memchr::memmem::find(rest, b"-->");
                    let data = rest.iter().position(|b| matches!(b, b'{' | b'['));
                    if data.is_some_and(|data| end.is_none_or(|end| data < end)) && self.sound_wrapper() {
                        self.at += 4;
                    } else {
                        self.skip_past(b"-->");
                    }
                }
                Some(b'<') if rest.starts_with(b"<![CDATA[") => self.at += 9,
                Some(b']') if rest.starts_with(b"]]>") => self.at += 3,
                Some(b']') if rest.starts_with(b"]]&gt;") => self.at += 6,
                Some(b'-') if rest.starts_with(b"-->") => self.at += 3,
                _ => return,
            }
        }
    }

    /// Whether a `<!--` at the very start wraps the block: nothing but space follows its `-->`.
    fn sound_wrapper(&self) -> bool {
        let rest = self.rest();
        match memchr::memmem::find(rest, b"-->") {
            Some(end) => rest.get(end + 3..).is_none_or(|tail| tail.trim_ascii().len() < 3),
            None => true,
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        self.skip_space();
        match self.peek() {
            Some(b'{') if depth < DEPTH_MAX => self.object(depth),
            Some(b'[') if depth < DEPTH_MAX => self.array(depth),
            Some(b'{' | b'[') => {
                self.skip_nested();
                Value::Null
            }
            Some(quote @ (b'"' | b'\'' | b'`')) => Value::String(self.string(quote, false)),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut map = Map::new();
        while !self.ends(b'}', b']') {
            let before = self.at;
            let key = match self.peek() {
                Some(quote @ (b'"' | b'\'')) => self.string(quote, true),
                _ => self.bare_key(),
            };
            self.skip_space();
            if self.peek() == Some(b':') {
                self.at += 1;
                self.skip_space();
                let value = if matches!(self.peek(), Some(b',' | b'}' | b']') | None) {
                    Value::Null
                } else {
                    self.value(depth + 1)
                };
                map.insert(key, value);
            } else {
                self.sound = false;
                if self.at == before {
                    self.at += self.width();
                }
            }
            if self.dialect == Dialect::Script && !self.sound {
                break;
            }
        }
        Value::Object(map)
    }

    fn array(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut items = Vec::new();
        while !self.ends(b']', b'}') {
            let before = self.at;
            items.push(self.value(depth + 1));
            if self.at == before {
                self.at += self.width();
            }
            if self.dialect == Dialect::Script && !self.sound {
                break;
            }
        }
        Value::Array(items)
    }

    /// Passes separators; true at the end of an object or array, whose closing bracket is taken. The bracket of the
    /// other kind closes what lies around it.
    fn ends(&mut self, close: u8, outer: u8) -> bool {
        loop {
            self.skip_space();
            match self.peek() {
                None => return true,
                Some(byte) if byte == outer => return true,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return true;
                }
                Some(b',' | b';') => self.at += 1,
                Some(_) => return false,
            }
        }
    }

    /// The length of the character at `at`.
    fn width(&self) -> usize {
        self.text.get(self.at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    }

    fn bare_key(&mut self) -> String {
        let start = self.at;
        while let Some(b) = self.peek() {
            if b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'@' | b'-') || b >= 0x80 {
                self.at += 1;
            } else {
                break;
            }
        }
        self.text.get(start..self.at).unwrap_or("").to_owned()
    }

    fn string(&mut self, quote: u8, key: bool) -> String {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let Some(stop) = memchr::memchr2(quote, b'\\', rest) else {
                out.push_str(self.text.get(self.at..).unwrap_or(""));
                self.at = self.bytes.len();
                return out;
            };
            out.push_str(self.text.get(self.at..self.at + stop).unwrap_or(""));
            self.at += stop;
            if self.peek() == Some(b'\\') {
                self.escape(&mut out);
            } else {
                self.at += 1;
                if self.dialect == Dialect::Script || self.closes(quote, key) {
                    return out;
                }
                out.push(char::from(quote));
            }
        }
    }

    /// Whether the quote before `at` ends its string, from what follows.
    fn closes(&self, quote: u8, key: bool) -> bool {
        let mut following =
            self.rest().iter().take(QUOTE_LOOKAHEAD).filter(|b| !b.is_ascii_whitespace()).copied();
        match following.next() {
            Some(b':') => key,
            None | Some(b'}' | b']' | b';') => true,
            Some(b'/') => matches!(following.next(), Some(b'/' | b'*')),
            Some(b',') => {
                key || match following.next() {
                    None
                    | Some(
                        b'"'
                        | b'{'
                        | b'['
                        | b'}'
                        | b']'
                        | b'-'
                        | b'/'
                        | b','
                        | b'\''
                        | b'0'..=b'9'
                        | b't'
                        | b'f'
                        | b'n',
                    ) => true,
                    // A bare key: only where the author does not quote them.
                    Some(_) => quote == b'\'',
                }
            }
            // A key on a new line after a value without a comma.
            Some(b'"') => {
                let line_break =
                    self.rest().iter().take_while(|b| b.is_ascii_whitespace()).any(|b| *b == b'\n');
                line_break || (!key && self.rest().first() == Some(&b' ') && self.missing_comma())
            }
            Some(_) => false,
        }
    }

    /// `"value" "key":` — the quote after the space opens a key.
    fn missing_comma(&self) -> bool {
        let rest = self.rest();
        let mut parts =
            rest.get(..rest.len().min(QUOTE_LOOKAHEAD)).unwrap_or(&[]).split(|b| *b == b'"').skip(1);
        parts
            .next()
            .is_some_and(|name| name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'@' | b'_')))
            && parts.next().is_some_and(|after| matches!(after.trim_ascii_start().first(), Some(b':' | b'}')))
    }

    fn escape(&mut self, out: &mut String) {
        self.at += 1;
        let Some(letter) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else { return };
        self.at += letter.len_utf8();
        match letter {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{C}'),
            '\n' => {}
            'u' | 'x' => {
                let digits = if letter == 'u' { 4 } else { 2 };
                match self.hex(digits) {
                    Some(high @ 0xD800..=0xDBFF) if self.rest().starts_with(b"\\u") => {
                        self.at += 2;
                        match self.hex(4) {
                            Some(low @ 0xDC00..=0xDFFF) => {
                                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                                out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
                            }
                            _ => out.push('\u{FFFD}'),
                        }
                    }
                    Some(code) => out.push(char::from_u32(code).unwrap_or('\u{FFFD}')),
                    None => out.push(letter),
                }
            }
            other => out.push(other),
        }
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let code = u32::from_str_radix(self.text.get(self.at..self.at + digits)?, 16).ok()?;
        self.at += digits;
        Some(code)
    }

    fn number(&mut self) -> Value {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        let written = self.text.get(start..self.at).unwrap_or("");
        if let Ok(number) = serde_json::from_str::<Number>(written) {
            return Value::Number(number);
        }
        let loose = written.trim_start_matches('+');
        match loose.parse::<f64>().ok().and_then(Number::from_f64) {
            Some(number) => Value::Number(number),
            None => Value::String(written.to_owned()),
        }
    }

    /// A bare word: a literal, or program code, of which the value is null.
    fn word(&mut self) -> Value {
        let start = self.at;
        if self.rest().starts_with(b"!0") || self.rest().starts_with(b"!1") {
            let truth = self.rest().starts_with(b"!0");
            self.at += 2;
            return Value::Bool(truth);
        }
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.')) {
            self.at += 1;
        }
        let word = self.text.get(start..self.at).unwrap_or("");
        match word {
            "true" | "True" => return Value::Bool(true),
            "false" | "False" => return Value::Bool(false),
            "null" | "undefined" | "NaN" | "None" | "nil" => return Value::Null,
            _ => {}
        }
        if self.dialect == Dialect::Script {
            self.skip_space();
            // A name that stands alone is a variable whose value we cannot know; a call is code.
            let variable = !word.is_empty() && matches!(self.peek(), Some(b',' | b'}' | b']'));
            let empty = word == "void";
            if empty {
                while self.peek().is_some_and(|b| b.is_ascii_alphanumeric()) {
                    self.at += 1;
                }
            }
            self.sound &= variable || empty;
            return Value::Null;
        }
        while self.peek().is_some_and(|b| !matches!(b, b',' | b'}' | b']' | b'\n' | b'"')) {
            self.at += 1;
        }
        Value::Null
    }

    fn skip_nested(&mut self) {
        let mut depth = 0_usize;
        while let Some(b) = self.peek() {
            match b {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                b'"' => {
                    self.string(b'"', false);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn damaged_blocks_are_repaired() {
        for (text, expected) in [
            (r#"{"a":1};"#, json!({"a": 1})),
            ("{\"a\":\"x\ny\"}", json!({"a": "x\ny"})),
            ("{\"a\":1, // note\n//\"b\":2,\n/* c */\"c\":3,}", json!({"a": 1, "c": 3})),
            ("// <![CDATA[\n{\"a\":1}\n// ]]>", json!({"a": 1})),
            ("/*<![CDATA[*/\n{\"a\":1}\n/*]]>*/", json!({"a": 1})),
            ("<![CDATA[{\"a\":1}]]>", json!({"a": 1})),
            ("<!--\n{\"a\":1}\n-->", json!({"a": 1})),
            ("<!-- note {x} -->\n{\"a\":1}", json!({"a": 1})),
            ("{&quot;a&quot;:&quot;x &amp;amp; y&quot;}", json!({"a": "x &amp; y"})),
            (r#"{"a":"don\'t"}"#, json!({"a": "don't"})),
            (r#"{"w": , "h":}"#, json!({"w": null, "h": null})),
            (r#"{"h":"calls "him" bad","b":2}"#, json!({"h": "calls \"him\" bad", "b": 2})),
            ("{\"a\":\"x\"\n\"b\":2}", json!({"a": "x", "b": 2})),
            (r"{'a':'x', b: .5}", json!({"a": "x", "b": 0.5})),
            (r#"{"a":[1,2,],"#, json!({"a": [1, 2]})),
            (r#"{"a":"\ud83d\ude00 \ud83d"}x"#, json!({"a": "😀 \u{FFFD}"})),
            (r#"{"a":{"b":"unfinished"#, json!({"a": {"b": "unfinished"}})),
        ] {
            assert_eq!(read(text).first(), Some(&expected), "{text}");
        }
        assert_eq!(read("{\"a\":1}{\"b\":2},[3]").len(), 3);
        assert_eq!(read("no json at all"), Vec::<Value>::new());
    }

    #[test]
    fn script_literals_are_told_from_code() {
        let text = r#"window.x = {a: 1, 'b': "t", c: [!0, void 0, undefined, later], d: {e: null}}; f()"#;
        let (value, end) = literal(text, 11);
        assert_eq!(
            value.unwrap(),
            json!({"a": 1, "b": "t", "c": [true, null, null, null], "d": {"e": null}})
        );
        assert_eq!(text.get(end..), Some("; f()"));
        assert_eq!(literal("{ return f(x); }", 0).0, None);
        assert_eq!(literal("{a: f(1)}", 0).0, None);
        assert_eq!(literal("{ if (a) { b() } }", 0).0, None);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = format!("{}1{},", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(read(&deep).len(), 1);
        let deep = format!("{{\"a\":{}", "{\"a\":".repeat(100_000));
        assert_eq!(read(&deep).len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in r#"[\[{}\],:"'\\/*a1u<!>; \n-]{0,120}"#) {
            read(&text);
            literal(&text, 0);
        }
    }
}
