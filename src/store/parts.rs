//! Large values: deflated, and cut into parts, so that a leaf of sled stays inside a segment.
//!
//! The first part begins with the row's version (1 byte), the number of parts (2) and the inflated size (4).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::rows::{Row, RowFault};

/// sled holds up to 17 values in a leaf, and writes a leaf above a quarter of its segment (128 KB) into a file of its own,
/// which it does not sync. Seventeen of these with the longest keys stay below that.
const PART: usize = 5_000;
/// Inflated size of one value. A listing is capped far below by extraction; robots.txt has 500 KiB.
pub(super) const MAX_VALUE: usize = 16 << 20;
const HEADER: usize = 7;

/// The parts of a row, the first with the header; or the row's size, when it is above [`MAX_VALUE`].
pub(super) fn split<R: Row>(row: &R) -> Result<Vec<Vec<u8>>, usize> {
    let json = super::rows::encode(row);
    let json = json.get(1..).unwrap_or_default();
    if json.len() > MAX_VALUE {
        return Err(json.len());
    }
    let mut encoder = DeflateEncoder::new(vec![0; HEADER], Compression::fast());
    // Writing into memory does not fail; were it to, the value would be refused like one that is too large.
    let packed = encoder.write_all(json).and_then(|()| encoder.finish()).map_err(|_| json.len())?;
    let mut parts: Vec<Vec<u8>> = packed.chunks(PART).map(<[u8]>::to_vec).collect();
    let count = u16::try_from(parts.len()).map_err(|_| json.len())?;
    let size = u32::try_from(json.len()).map_err(|_| json.len())?;
    let header = [&[R::VERSION][..], &count.to_be_bytes(), &size.to_be_bytes()].concat();
    if let Some(front) = parts.first_mut().and_then(|first| first.get_mut(..HEADER)) {
        front.copy_from_slice(&header);
    }
    Ok(parts)
}

/// How many parts a value has, read from its first part.
pub(super) fn count(first: &[u8]) -> u16 {
    match first {
        [_, high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

/// The row from its parts in order.
pub(super) fn join<R: Row>(parts: &[impl AsRef<[u8]>]) -> Result<R, RowFault> {
    let first = parts.first().map(AsRef::as_ref).unwrap_or_default();
    let [version, _, _, a, b, c, d, ..] = *first else {
        return Err(RowFault::Content("the value has no header".to_owned()));
    };
    if version != R::VERSION {
        return Err(RowFault::Version(version));
    }
    let size = u32::from_be_bytes([a, b, c, d]) as usize;
    if size > MAX_VALUE {
        return Err(RowFault::Content(format!("the value claims {size} bytes")));
    }
    let mut packed = Vec::with_capacity(parts.iter().map(|part| part.as_ref().len()).sum());
    for part in parts {
        packed.extend_from_slice(part.as_ref());
    }
    let mut json = Vec::with_capacity(size);
    // One byte more than promised is enough to notice a value that is too long.
    DeflateDecoder::new(packed.get(HEADER..).unwrap_or_default())
        .take(size as u64 + 1)
        .read_to_end(&mut json)
        .map_err(|error| RowFault::Content(error.to_string()))?;
    if json.len() != size {
        return Err(RowFault::Content(format!("the value has {} of {size} bytes", json.len())));
    }
    serde_json::from_slice(&json).map_err(|error| RowFault::Content(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Timestamp;
    use crate::store::rows::RobotsRow;

    fn robots(bytes: Vec<u8>) -> RobotsRow {
        let why = String::new();
        let (fresh_until, not_before) = (Timestamp(5), Timestamp(0));
        RobotsRow { fresh_until, failures: 0, why, not_before, text: None, bytes: Some(bytes) }
    }

    #[test]
    fn incompressible_values_come_back_from_several_parts() {
        let mut noise = fastrand::Rng::with_seed(7);
        let body: Vec<u8> = (0..500_000).map(|_| noise.u8(..)).collect();
        let parts = split(&robots(body.clone())).unwrap();
        assert!(parts.len() > 100);
        assert!(parts.iter().all(|part| part.len() <= PART));
        assert_eq!(usize::from(count(&parts[0])), parts.len());
        assert_eq!(join::<RobotsRow>(&parts).unwrap().bytes.unwrap(), body);
        assert!(matches!(join::<RobotsRow>(&parts[..2]), Err(RowFault::Content(_))));
    }

    #[test]
    fn an_unknown_version_is_told_apart_from_damage() {
        let mut parts = split(&robots(vec![1, 2, 3])).unwrap();
        parts[0][0] = 9;
        assert!(matches!(join::<RobotsRow>(&parts), Err(RowFault::Version(9))));
    }

    proptest! {
        #[test]
        fn damaged_values_are_errors_not_panics(
            body in proptest::collection::vec(any::<u8>(), 0..300), at: usize, byte: u8
        ) {
            let mut parts = split(&robots(body)).unwrap();
            let at = at % parts[0].len();
            parts[0][at] = byte;
            drop(join::<RobotsRow>(&parts));
        }
    }
}
