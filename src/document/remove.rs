//! Taking an item out of a list in a file's text, so that what is left looks as if it had never been there.

use std::ops::Range;

use super::Edit;

/// See [`super::Document::without_item`].
pub(super) fn item(text: &str, item: &Range<usize>) -> Vec<Edit> {
    let (Some(before), Some(after)) = (text.get(..item.start), text.get(item.end..)) else {
        return Vec::new();
    };
    let gap = after.len() - skip_blank(after).len();
    let has_comma = skip_blank(after).starts_with(',');
    let removed = |span: Range<usize>| Edit { span, text: String::new() };
    if !has_comma {
        // The last item: the comma before it goes, where nothing but spaces stand between.
        let kept = before.trim_end_matches([' ', '\t', '\r', '\n']);
        let start = if kept.ends_with(',') && !has_comment(before) { kept.len() - 1 } else { item.start };
        return vec![removed(start..item.end)];
    }
    let comma = item.end + gap;
    if after.get(..gap).is_some_and(|between| between.contains('#')) {
        // A comment stands between the item and its comma.
        return vec![removed(item.clone()), removed(comma..comma + 1)];
    }
    let rest = text.get(comma + 1..).unwrap_or_default();
    let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let ends_line = rest.get(spaces..).is_some_and(|rest| rest.starts_with('\n') || rest.starts_with("\r\n"));
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let alone = before.get(line_start..).is_some_and(|lead| lead.trim().is_empty());
    if alone && ends_line {
        let line_break = rest.get(spaces..).unwrap_or_default().find('\n').map_or(0, |at| at + 1);
        return vec![removed(line_start..comma + 1 + spaces + line_break)];
    }
    let closes = rest.get(spaces..).is_some_and(|rest| rest.starts_with(']'));
    if ends_line || closes {
        // Others stand before it on its line: the space before it goes instead.
        let kept = before.trim_end_matches([' ', '\t']).len();
        return vec![removed(kept..comma + 1)];
    }
    vec![removed(item.start..comma + 1 + spaces)]
}

/// What follows white space and comments.
fn skip_blank(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if !rest.starts_with('#') {
            return rest;
        }
        rest = rest.find('\n').and_then(|at| rest.get(at..)).unwrap_or_default();
    }
}

/// Whether the end of `before`, from the last line with something on it, may be a comment.
fn has_comment(before: &str) -> bool {
    let kept = before.trim_end();
    let line = kept.rfind('\n').map_or(0, |at| at + 1);
    kept.get(line..).is_some_and(|line| line.contains('#'))
}

#[cfg(test)]
mod tests {
    use super::item;

    #[test]
    fn what_is_left_looks_untouched() {
        for (text, expected) in [
            ("a = [X, \"b\"]", "a = [\"b\"]"),
            ("a = [\"a\", X, \"b\"]", "a = [\"a\", \"b\"]"),
            ("a = [\"a\", X]", "a = [\"a\"]"),
            ("a = [\"a\", X,]", "a = [\"a\",]"),
            ("a = [X]", "a = []"),
            ("a = [\n  \"a\",\n  X,\n  \"b\",\n]", "a = [\n  \"a\",\n  \"b\",\n]"),
            ("a = [\n  \"a\",\n  X\n]", "a = [\n  \"a\"\n]"),
            ("a = [\n  \"a\", X,\n  \"b\",\n]", "a = [\n  \"a\",\n  \"b\",\n]"),
            ("a = [\n  X, # said twice\n  \"b\",\n]", "a = [\n  # said twice\n  \"b\",\n]"),
            ("a = [\n  \"a\", # first\n  X\n]", "a = [\n  \"a\", # first\n  \n]"),
            ("a = [\n  X # odd\n  , \"b\"]", "a = [\n   # odd\n   \"b\"]"),
            ("a = [\r\n  X,\r\n  \"b\"\r\n]", "a = [\r\n  \"b\"\r\n]"),
        ] {
            let at = text.find('X').unwrap();
            let mut left = text.to_owned();
            let mut edits = item(text, &(at..at + 1));
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
            for edit in edits {
                left.replace_range(edit.span, &edit.text);
            }
            assert_eq!(left, expected, "{text}");
            assert!(toml::from_str::<toml::Table>(&left).is_ok(), "{left}");
        }
    }
}
