//! Tables as spreadsheets write and read them: RFC 4180, with the separators and guards that they need.

/// Cells of one row; a listing has some thirty fields.
const MAX_CELLS: usize = 1_000;

/// A row and the 1-based line that it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it begins.
    pub line: usize,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Why a text is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// A quotation mark is never closed.
    #[error(
        "line {line}: a cell that begins with \" has no \" at its end; close it, or write \" twice inside of cells"
    )]
    OpenQuote {
        /// Where the cell begins.
        line: usize,
    },
    /// Something stands between the closing quotation mark and the separator.
    #[error("line {line}: text after a closing \"; write \" twice inside of cells")]
    AfterQuote {
        /// Where.
        line: usize,
    },
    /// A row has too many cells.
    #[error("line {line}: more than {MAX_CELLS} cells; is this a table?")]
    TooWide {
        /// Where.
        line: usize,
    },
}

/// Reads a table. The separator is what stands most often in the first line: comma, semicolon or tab.
pub fn read(text: &str) -> Result<Vec<Row>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let separator = separator(text);
    let mut rows = Vec::new();
    let mut letters = text.chars().peekable();
    let mut line = 1;
    while letters.peek().is_some() {
        let mut row = Row { line, cells: Vec::new() };
        loop {
            if row.cells.len() >= MAX_CELLS {
                return Err(CsvError::TooWide { line });
            }
            let mut cell = String::new();
            if letters.next_if_eq(&'"').is_some() {
                let begun = line;
                loop {
                    match letters.next() {
                        None => return Err(CsvError::OpenQuote { line: begun }),
                        Some('"') if letters.next_if_eq(&'"').is_some() => cell.push('"'),
                        Some('"') => break,
                        Some(letter) => {
                            line += usize::from(letter == '\n');
                            cell.push(letter);
                        }
                    }
                }
                if letters.peek().is_some_and(|next| *next != separator && !matches!(next, '\r' | '\n')) {
                    return Err(CsvError::AfterQuote { line });
                }
            } else {
                while let Some(letter) =
                    letters.next_if(|next| *next != separator && !matches!(next, '\r' | '\n'))
                {
                    cell.push(letter);
                }
            }
            row.cells.push(unguarded(cell));
            if letters.next_if_eq(&separator).is_none() {
                break;
            }
        }
        letters.next_if_eq(&'\r');
        letters.next_if_eq(&'\n');
        line += 1;
        // A blank line has one empty cell.
        if row.cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// One row, without a line break. A cell that a spreadsheet would run as a formula gets an apostrophe before it, which
/// [`read`] takes away again.
pub fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells = cells.into_iter().map(|cell| {
        let cell = if runs(cell) || guarded(cell) { format!("'{cell}") } else { cell.to_owned() };
        if cell.contains([',', '"', '\n', '\r', ';', '\t']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell
        }
    });
    cells.collect::<Vec<_>>().join(",")
}

fn runs(cell: &str) -> bool {
    cell.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
        && cell.parse::<f64>().is_err()
}

fn guarded(cell: &str) -> bool {
    cell.strip_prefix('\'').is_some_and(|rest| runs(rest) || guarded(rest))
}

fn unguarded(cell: String) -> String {
    match cell.strip_prefix('\'') {
        Some(rest) if runs(rest) || guarded(rest) => rest.to_owned(),
        _ => cell,
    }
}

fn separator(text: &str) -> char {
    let first = text.lines().next().unwrap_or_default();
    let count = |separator: char| first.matches(separator).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(',')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        read(text).unwrap().into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn what_spreadsheets_write_is_read() {
        let cases: [(&str, &[&[&str]]); 5] = [
            ("a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n", &[&["a", "b"], &["1", "x, \"y\"\nz"]]),
            ("\u{feff}a;b\n1,5;2\n", &[&["a", "b"], &["1,5", "2"]]),
            ("a\tb\n\n1\t\n", &[&["a", "b"], &["1", ""]]),
            ("a", &[&["a"]]),
            ("a,b\n'=1+1,'x", &[&["a", "b"], &["=1+1", "'x"]]),
        ];
        for (text, expected) in cases {
            assert_eq!(cells(text), expected, "{text:?}");
        }
        assert_eq!(read("a\n\"b\nc").unwrap_err(), CsvError::OpenQuote { line: 2 });
        assert_eq!(read("\"a\"b").unwrap_err(), CsvError::AfterQuote { line: 1 });
        assert_eq!(read("a\n\"b\nc\"\nd").unwrap().iter().map(|row| row.line).collect::<Vec<_>>(), [1, 2, 4]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(table in prop::collection::vec(prop::collection::vec("[a-c'=+\" ,;\t\r\n]{1,6}", 3..=3), 1..6)) {
            let text: String = table.iter().map(|cells| row(cells.iter().map(String::as_str)) + "\n").collect();
            // Without a header the separator would be guessed from foreign text.
            let text = format!("x,y,z\n{text}");
            let expected: Vec<_> = table.into_iter().filter(|cells| cells.iter().any(|cell| !cell.trim().is_empty())).collect();
            prop_assert_eq!(&cells(&text)[1..], &expected[..]);
        }
    }
}
