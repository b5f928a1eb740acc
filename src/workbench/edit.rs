//! Changing lines of corpus files in place: what is not changed stays byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::kept::replace;

/// What becomes of one line.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// It goes.
    Remove,
    /// These keys get these values; the others and their order stay.
    Set(Vec<(&'static str, Value)>),
}

/// Applies edits by 1-based line to a file, in one step: all or none. Answers how many lines changed.
pub fn apply(file: &Path, edits: &BTreeMap<usize, Edit>) -> io::Result<usize> {
    if edits.is_empty() {
        return Ok(0);
    }
    let text = fs::read(file)?;
    let (changed, count) = changed(&text, edits)?;
    replace(file, &changed)?;
    Ok(count)
}

fn changed(text: &[u8], edits: &BTreeMap<usize, Edit>) -> io::Result<(Vec<u8>, usize)> {
    let mut out = Vec::with_capacity(text.len() + edits.len() * 32);
    let mut count = 0;
    for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match edits.get(&(number + 1)) {
            None => out.extend_from_slice(line),
            Some(Edit::Remove) => count += 1,
            Some(Edit::Set(values)) => {
                let (mark, line) = line
                    .strip_prefix(b"\xef\xbb\xbf")
                    .map_or((&b""[..], line), |rest| (&b"\xef\xbb\xbf"[..], rest));
                let mut object: Map<String, Value> = serde_json::from_slice(line)?;
                for (key, value) in values {
                    object.insert((*key).to_owned(), value.clone());
                }
                out.extend_from_slice(mark);
                serde_json::to_writer(&mut out, &object)?;
                out.push(b'\n');
                count += 1;
            }
        }
    }
    Ok((out, count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_lines_and_other_keys_stay_as_they_are() {
        let text = b"{\"id\":\"a\",  \"x\":1.50}\n\n{\"id\":\"b\",\"label\":null,\"z\":[1]}\n{\"id\":\"c\"}";
        let edits = BTreeMap::from([
            (3, Edit::Set(vec![("label", Value::from("flag")), ("class", Value::from("toy.magnet"))])),
            (4, Edit::Remove),
        ]);
        let (changed, count) = changed(text, &edits).unwrap();
        let expected = "{\"id\":\"a\",  \"x\":1.50}\n\n{\"id\":\"b\",\"label\":\"flag\",\"z\":[1],\"class\":\"toy.magnet\"}\n";
        assert_eq!((String::from_utf8(changed).unwrap().as_str(), count), (expected, 2));
    }
}
