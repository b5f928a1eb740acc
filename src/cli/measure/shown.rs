//! Shares and counts as people read them.

use super::super::terminal::{DIM, WARN, styled, table};
use crate::workbench::statistics::Share;

/// A share in words: `98 % 87–100 of 31`, and `few` where it says little.
pub(in crate::cli) fn share(share: Share) -> String {
    let (Some(value), Some((low, high))) = (share.value(), share.interval()) else {
        return styled("    —", DIM);
    };
    let text = format!(
        "{:>4} % {:>3}–{:<3} of {}",
        percent(value),
        percent(low),
        percent(high),
        observations(share.of)
    );
    if share.is_thin() { format!("{text} {}", styled("few", WARN)) } else { text }
}

/// The same for Markdown.
pub(in crate::cli) fn markdown_share(share: Share) -> String {
    let (Some(value), Some((low, high))) = (share.value(), share.interval()) else { return "—".to_owned() };
    let few = if share.is_thin() { " *few*" } else { "" };
    format!(
        "**{} %** ({}–{}) of {}{few}",
        percent(value),
        percent(low),
        percent(high),
        observations(share.of)
    )
}

/// Whole percents; what is nearly all or nearly nothing is not rounded to it.
pub(in crate::cli) fn percent(share: f64) -> String {
    if (0.995..1.0).contains(&share) {
        ">99".to_owned()
    } else if share > 0.0 && share < 0.005 {
        "<1".to_owned()
    } else {
        format!("{:.0}", share * 100.0)
    }
}

/// A number of observations: whole, unless shared sellers or texts make it otherwise.
pub(in crate::cli) fn observations(count: f64) -> String {
    if (count - count.round()).abs() < 0.05 { format!("{count:.0}") } else { format!("{count:.1}") }
}

/// A count; nothing is shown as a dot, so that the eye finds what is there.
pub(in crate::cli) fn count(count: usize) -> String {
    if count == 0 { "·".to_owned() } else { count.to_string() }
}

/// Rows under a header, the columns of `right` set to the right.
pub(in crate::cli) fn numbers(
    header: &[&str],
    rows: &[Vec<String>],
    right: std::ops::Range<usize>,
) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|title| title.chars().count())).max().unwrap_or(0)
    };
    let pad = |column: usize, text: &str| {
        if right.contains(&column) {
            format!("{text:>width$}", width = width(column))
        } else {
            text.to_owned()
        }
    };
    let header: Vec<String> = header.iter().enumerate().map(|(column, title)| pad(column, title)).collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().enumerate().map(|(column, cell)| pad(column, cell)).collect())
        .collect();
    table(&header, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_shown_as_they_are() {
        let shown = |part, of| anstream::adapter::strip_str(&share(Share { part, of })).to_string();
        assert_eq!(shown(0.0, 0.0).trim(), "—");
        assert_eq!(shown(3.0, 3.0).trim(), "100 %  44–100 of 3 few");
        assert_eq!(shown(999.0, 1000.0).trim(), ">99 %  99–>99 of 1000");
        assert_eq!(shown(10.25, 20.5).trim(), "50 %  30–70  of 20.5");
        assert_eq!(markdown_share(Share { part: 1.0, of: 20.0 }), "**5 %** (1–24) of 20");
    }
}
