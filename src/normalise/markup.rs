//! HTML that was left over in a text: entities and tags, read backwards from their last byte.
//!
//! Folding asks after every `;` and `>` that it writes, so a folded text never contains a whole entity or known tag.

/// Longest entity that is looked for, from `&` to `;`.
const MAX_ENTITY_BYTES: usize = 12;
/// Longest tag that is looked for; a `>` further from its `<` is more likely a comparison.
const MAX_TAG_BYTES: usize = 200;

const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("apos", '\''),
    ("bull", '•'),
    ("copy", '©'),
    ("emsp", ' '),
    ("ensp", ' '),
    ("euro", '€'),
    ("gt", '>'),
    ("hellip", '…'),
    ("laquo", '«'),
    ("ldquo", '"'),
    ("lsquo", '\''),
    ("lt", '<'),
    ("mdash", '-'),
    ("micro", 'µ'),
    ("middot", '·'),
    ("nbsp", ' '),
    ("ndash", '-'),
    ("quot", '"'),
    ("raquo", '»'),
    ("rdquo", '"'),
    ("reg", '®'),
    ("rsquo", '\''),
    ("shy", '\u{ad}'),
    ("szlig", 'ß'),
    ("thinsp", ' '),
    ("trade", '™'),
    ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

/// Letter plus accent, as in `&eacute;`; folding strips the accent anyhow.
const ACCENTS: &[&str] = &["acute", "grave", "circ", "uml", "tilde", "ring", "cedil", "caron", "slash"];

/// Tags that do not part words.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "em", "font", "i", "ins", "mark", "s", "small",
    "span", "strike", "strong", "sub", "sup", "tt", "u", "wbr",
];
/// Tags that part words.
const BLOCK: &[&str] = &[
    "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p", "pre",
    "section", "table", "tbody", "td", "th", "thead", "tr", "ul",
];

/// The entity that `text`, which ends in `;`, ends with: where it starts and the character it means.
pub(super) fn entity_at_end(text: &[u8]) -> Option<(usize, char)> {
    let from = text.len().saturating_sub(MAX_ENTITY_BYTES);
    let start = from + memchr::memrchr(b'&', text.get(from..)?)?;
    let name = std::str::from_utf8(text.get(start + 1..text.len() - 1)?).ok()?;
    let letter = if let Some(number) = name.strip_prefix('#') {
        let point = match number.strip_prefix('x') {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok()?,
            None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok()?,
            _ => return None,
        };
        char::from_u32(point)?
    } else if let Ok(at) = NAMED.binary_search_by_key(&name, |entry| entry.0) {
        NAMED.get(at)?.1
    } else {
        let letter = name.chars().next().filter(char::is_ascii_lowercase)?;
        ACCENTS.contains(&name.get(1..)?).then_some(letter)?
    };
    Some((start, letter))
}

/// The known tag that `text`, which ends in `>`, ends with: where it starts and whether it parts words.
pub(super) fn tag_at_end(text: &[u8]) -> Option<(usize, bool)> {
    let from = text.len().saturating_sub(MAX_TAG_BYTES);
    let start = from + memchr::memrchr(b'<', text.get(from..)?)?;
    let inside = text.get(start + 1..text.len() - 1)?;
    let inside = inside.strip_prefix(b"/").unwrap_or(inside);
    let length = inside.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = std::str::from_utf8(inside.get(..length)?).ok()?;
    if !matches!(inside.get(length), None | Some(b' ' | b'/')) {
        return None;
    }
    if INLINE.contains(&name) { Some((start, false)) } else { BLOCK.contains(&name).then_some((start, true)) }
}
