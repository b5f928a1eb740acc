//! A TOML file cut into what stands on lines of their own: blanks, comments, headers, keys with their values.

/// One of them. Texts are as written, without white space around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Blank,
    Comment(&'t str),
    Header { text: &'t str, comment: Option<&'t str> },
    Pair { key: &'t str, value: &'t str, comment: Option<&'t str> },
}

impl Piece<'_> {
    /// How many comments it holds.
    pub(super) fn comments(&self) -> usize {
        match self {
            Self::Blank => 0,
            Self::Comment(_) => 1,
            Self::Header { comment, .. } => usize::from(comment.is_some()),
            Self::Pair { value, comment, .. } => {
                usize::from(comment.is_some()) + super::array::comments(value)
            }
        }
    }
}

/// Cuts a sound file; `None` for what is none.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        let trimmed = line.trim();
        if trimmed.is_empty() {
            pieces.push(Piece::Blank);
            rest = after;
        } else if trimmed.starts_with('#') {
            pieces.push(Piece::Comment(trimmed));
            rest = after;
        } else {
            let is_header = trimmed.starts_with('[');
            let equals = if is_header { 0 } else { outside_of_texts(rest, '=')? };
            let end = value_end(rest.get(equals..)?)? + equals;
            let (statement, after) = rest.split_at_checked(end)?;
            let (line_rest, after) = after.split_once('\n').unwrap_or((after, ""));
            let comment = Some(line_rest.trim()).filter(|comment| comment.starts_with('#'));
            if comment.is_none() && !line_rest.trim().is_empty() {
                return None;
            }
            pieces.push(if is_header {
                Piece::Header { text: statement.trim(), comment }
            } else {
                let (key, value) = statement.split_at_checked(equals)?;
                Piece::Pair { key: key.trim(), value: value.strip_prefix('=')?.trim(), comment }
            });
            rest = after;
        }
    }
    Some(pieces)
}

/// Where `wanted` first stands outside of quotation marks, on the first line.
fn outside_of_texts(text: &str, wanted: char) -> Option<usize> {
    let mut at = 0;
    while let Some(letter) = text.get(at..)?.chars().next() {
        match letter {
            '\n' => return None,
            '"' | '\'' => at += text_end(text.get(at..)?)?,
            _ if letter == wanted => return Some(at),
            _ => at += letter.len_utf8(),
        }
    }
    None
}

/// The end of a header or value: where its line ends, or a comment begins, outside of texts and brackets.
fn value_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(letter) = text.get(at..)?.chars().next() {
        match letter {
            '"' | '\'' => {
                at += text_end(text.get(at..)?)?;
                continue;
            }
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.checked_sub(1)?,
            '\n' | '#' if depth == 0 => return Some(at),
            '#' => {
                at += text.get(at..)?.find('\n')?;
                continue;
            }
            _ => {}
        }
        at += letter.len_utf8();
    }
    (depth == 0).then_some(text.len())
}

/// The length of a text in quotation marks that begins here.
pub(super) fn text_end(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let opening = text.chars().take(3).take_while(|letter| *letter == quote).count();
    // Two in a row are an empty text; three begin one that may go over lines.
    let opened = if opening == 3 { 3 } else { 1 };
    let mut at = opened;
    loop {
        let rest = text.get(at..)?;
        let closing = rest.chars().take(5).take_while(|letter| *letter == quote).count();
        if closing >= opened {
            // Up to two quotation marks may stand just before the three that end it.
            return Some(at + if opened == 3 { closing } else { 1 });
        }
        let letter = rest.chars().next()?;
        at += letter.len_utf8();
        if quote == '"' && letter == '\\' {
            at += text.get(at..)?.chars().next()?.len_utf8();
        }
    }
}
