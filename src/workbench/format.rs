//! `rules fmt`: one layout for rules, lists and manifests, so that a change shows nothing but what it changes. Comments
//! stay where they are. What a file means never changes: that is checked on every run, and a file whose meaning would
//! change is left alone.

mod array;
mod pieces;

use crate::rules::folder::{Kind, RuleFile};
use pieces::{Piece, pieces};

/// Keys of rules are lined up at this width at least, that of `format` and `fields`.
const RULE_KEYS: usize = 6;

/// Why a file is not laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// The file is not TOML, or not UTF-8.
    #[error("it has errors; `caveat rules lint` shows them")]
    Unsound,
    /// Our own fault.
    #[error("its meaning would change, which is a fault of this program; the file is left as it is")]
    Changed,
}

/// Whether `rules fmt` lays out files of this kind: rules, lists and manifests. Taxonomy and rates are tables that
/// their authors arrange.
pub fn has_layout(file: &RuleFile) -> bool {
    matches!(file.kind(), Kind::Rule { .. } | Kind::List { .. } | Kind::Manifest { .. })
}

/// The file's text in its layout.
pub fn format(file: &RuleFile) -> Result<String, FormatError> {
    let bytes = file.text.as_ref().map_err(|_| FormatError::Unsound)?;
    let text = std::str::from_utf8(bytes).map_err(|_| FormatError::Unsound)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let before: toml::Table = toml::from_str(text).map_err(|_| FormatError::Unsound)?;
    let lined_up = matches!(file.kind(), Kind::Rule { .. });
    let laid_out = lay_out(text, lined_up).ok_or(FormatError::Changed)?;
    let after: Option<toml::Table> = toml::from_str(&laid_out).ok();
    let comments = |text: &str| pieces(text).map(|pieces| pieces.iter().map(Piece::comments).sum::<usize>());
    if after.as_ref() != Some(&before) || comments(text) != comments(&laid_out) {
        return Err(FormatError::Changed);
    }
    Ok(laid_out)
}

fn lay_out(text: &str, lined_up: bool) -> Option<String> {
    let pieces = pieces(text)?;
    let mut out = String::new();
    let mut waiting: Vec<&Piece<'_>> = Vec::new();
    let mut width = key_width(&pieces, lined_up);
    let mut blank = false;
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Blank => blank = true,
            Piece::Comment(_) => {
                if blank && !waiting.is_empty() {
                    // A comment on its own, parted from what follows.
                    flush(&mut out, &mut waiting);
                }
                if blank && !out.is_empty() {
                    out.push('\n');
                }
                blank = false;
                waiting.push(piece);
            }
            Piece::Header { text, comment } => {
                let parted = blank && !waiting.is_empty();
                if parted {
                    flush(&mut out, &mut waiting);
                }
                if !out.is_empty() && !out.ends_with("\n\n") {
                    out.push('\n');
                }
                flush(&mut out, &mut waiting);
                line(&mut out, text, *comment);
                let table = text.trim_start_matches('[');
                let lines_up = lined_up && (table.starts_with("pat.") || table.starts_with("except."));
                width = key_width(pieces.get(at + 1..).unwrap_or_default(), lines_up);
                blank = false;
            }
            Piece::Pair { key, value, comment } => {
                let after_header =
                    out.trim_end().lines().next_back().is_some_and(|last| last.starts_with('['));
                if blank && waiting.is_empty() && !out.is_empty() && !after_header && !out.ends_with("\n\n") {
                    out.push('\n');
                }
                if blank && !waiting.is_empty() {
                    flush(&mut out, &mut waiting);
                    out.push('\n');
                }
                flush(&mut out, &mut waiting);
                blank = false;
                let pad = " ".repeat(width.saturating_sub(key.chars().count()));
                line(&mut out, &format!("{key}{pad} = {}", array::lay_out(value)), *comment);
            }
        }
    }
    flush(&mut out, &mut waiting);
    while out.ends_with("\n\n") {
        out.pop();
    }
    Some(out)
}

fn flush(out: &mut String, waiting: &mut Vec<&Piece<'_>>) {
    for piece in waiting.drain(..) {
        if let Piece::Comment(text) = piece {
            line(out, text, None);
        }
    }
}

fn line(out: &mut String, text: &str, comment: Option<&str>) {
    out.push_str(text.trim_end());
    if let Some(comment) = comment {
        out.push_str("  ");
        out.push_str(comment.trim_end());
    }
    out.push('\n');
}

/// The width of the keys up to the next header.
fn key_width(pieces: &[Piece<'_>], lined_up: bool) -> usize {
    if !lined_up {
        return 0;
    }
    let table = pieces.iter().take_while(|piece| !matches!(piece, Piece::Header { .. }));
    let keys = table.filter_map(|piece| match piece {
        Piece::Pair { key, .. } => Some(key.chars().count()),
        _ => None,
    });
    keys.max().unwrap_or_default().max(RULE_KEYS)
}
