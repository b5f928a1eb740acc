//! As much of DER (X.690) as a time stamp needs: values of known tags, one after the other or inside each other.

use super::StampFault;

/// The tags that occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Tag {
    Boolean = 0x01,
    Integer = 0x02,
    Octets = 0x04,
    Null = 0x05,
    Oid = 0x06,
    Utf8 = 0x0c,
    /// `GeneralizedTime`
    Time = 0x18,
    Sequence = 0x30,
    Set = 0x31,
    Explicit0 = 0xa0,
}

/// What has not been read yet of some values.
pub(super) struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next value, whatever it is; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<(u8, &'a [u8])>, StampFault> {
        let short = StampFault::Malformed("it ends too early, or is not DER");
        let [tag, length, rest @ ..] = self.0 else {
            return if self.0.is_empty() { Ok(None) } else { Err(short) };
        };
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            // Up to four bytes of length; 0x80 would be an indefinite one, which DER has not.
            0x81..=0x84 => {
                let (digits, rest) =
                    rest.split_at_checked(usize::from(length - 0x80)).ok_or(short.clone())?;
                (digits.iter().fold(0, |length, digit| (length << 8) | usize::from(*digit)), rest)
            }
            _ => return Err(short),
        };
        let (value, rest) = rest.split_at_checked(length).ok_or(short)?;
        self.0 = rest;
        Ok(Some((*tag, value)))
    }

    /// The next value, which must have this tag.
    pub(super) fn take(&mut self, tag: Tag) -> Result<&'a [u8], StampFault> {
        match self.next()? {
            Some((found, value)) if found == tag as u8 => Ok(value),
            _ => Err(StampFault::Malformed("a part is missing or of another kind")),
        }
    }

    /// What lies inside the next value.
    pub(super) fn inside(&mut self, tag: Tag) -> Result<Self, StampFault> {
        self.take(tag).map(Self)
    }
}

/// A number that is not negative and has 64 bits at most.
pub(super) fn small(bytes: &[u8]) -> Option<u64> {
    let negative = bytes.first().is_none_or(|first| *first >= 0x80);
    let digits = bytes.strip_prefix(&[0]).unwrap_or(bytes);
    (!negative && digits.len() <= 8)
        .then(|| digits.iter().fold(0, |number, digit| (number << 8) | u64::from(*digit)))
}

/// A value with its tag and length.
pub(super) fn value(tag: Tag, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    let mut bytes = vec![tag as u8];
    match digits.as_slice() {
        [] => bytes.push(0),
        [short @ 0..=0x7f] => bytes.push(*short),
        // A length has eight bytes at most.
        digits => {
            bytes.push(0x80 | u8::try_from(digits.len()).unwrap_or(8));
            bytes.extend_from_slice(digits);
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

pub(super) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    value(Tag::Sequence, &parts.concat())
}

pub(super) fn integer(number: u64) -> Vec<u8> {
    let mut digits: Vec<u8> = number.to_be_bytes().into_iter().skip_while(|digit| *digit == 0).collect();
    // The first bit is the sign.
    if digits.first().is_none_or(|first| *first >= 0x80) {
        digits.insert(0, 0);
    }
    value(Tag::Integer, &digits)
}
