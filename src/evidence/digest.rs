//! Digests as WARC tools write them: `sha256:` and base 32 (RFC 4648); hexadecimal is accepted too.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What our own digests begin with.
pub(super) const LABEL: &str = "sha256:";

/// `sha256:BASE32` of some bytes.
pub(super) fn labelled(bytes: &[u8]) -> String {
    label(&Sha256::digest(bytes))
}

/// `sha256:BASE32` of a digest.
pub(super) fn label(digest: &[u8]) -> String {
    format!("{LABEL}{}", base32(digest))
}

pub(super) fn hex(digest: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Whether a stated digest fits; `None` when it was made with another algorithm.
pub(super) fn fits(stated: &str, digest: &[u8]) -> Option<bool> {
    let (algorithm, value) = stated.split_once(':')?;
    if !algorithm.eq_ignore_ascii_case("sha256") && !algorithm.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let value = value.trim();
    let plain = value.trim_end_matches('=');
    Some(
        value.eq_ignore_ascii_case(&hex(digest))
            || plain.eq_ignore_ascii_case(base32(digest).trim_end_matches('=')),
    )
}

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        let bits = bits << (8 * (5 - group.len()));
        let letters = (group.len() * 8).div_ceil(5);
        for place in 0..8 {
            let letter = ALPHABET.get(((bits >> (35 - 5 * place)) & 31) as usize);
            text.push(if place < letters { letter.map_or('=', |letter| char::from(*letter)) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        let cases = [
            ("", ""),
            ("f", "MY======"),
            ("fo", "MZXQ===="),
            ("foo", "MZXW6==="),
            ("foob", "MZXW6YQ="),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI======"),
        ];
        for (text, expected) in cases {
            assert_eq!(base32(text.as_bytes()), expected);
        }
    }

    #[test]
    fn both_spellings_fit_and_other_algorithms_are_not_judged() {
        let digest = Sha256::digest(b"abc");
        for stated in [label(&digest), format!("sha256:{}", hex(&digest)), label(&digest).replace('=', "")] {
            assert_eq!(fits(&stated, &digest), Some(true), "{stated}");
        }
        assert_eq!(fits(&labelled(b"abd"), &digest), Some(false));
        assert_eq!(fits("sha1:B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A", &digest), None);
        assert_eq!(fits("no digest", &digest), None);
    }
}
