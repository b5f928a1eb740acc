//! What a file holds that was taken for a page and is none: told by its first bytes, so that it is not counted as a
//! page that offers nothing.

/// What the bytes are, if they are surely no page, and what to do.
pub(super) fn no_page(bytes: &[u8]) -> Option<String> {
    if let Some((_, what, cure)) = SIGNATURES.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return Some(format!("is {what}, not a page; {cure}"));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(format!("is a tar archive, not a page; {UNPACK}"));
    }
    if encoding_mark(bytes).is_some() {
        return None;
    }
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    // Text of any encoding but UTF-16 and UTF-32 has hardly any of these.
    let odd = start.iter().filter(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31)).count();
    (odd * ODD_SHARE > start.len()).then(|| {
        "is binary data, or UTF-16 without a byte order mark, not a page; save the page as UTF-8".to_owned()
    })
}

/// The encoding that a byte order mark names, and the mark's length.
pub(super) fn encoding_mark(bytes: &[u8]) -> Option<(&'static str, usize)> {
    const MARKS: [(&[u8], &str); 3] =
        [(b"\xef\xbb\xbf", "UTF-8"), (b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16")];
    MARKS.iter().find(|(mark, _)| bytes.starts_with(mark)).map(|(mark, name)| (*name, mark.len()))
}

/// Bytes looked at; headers of binary files are shorter.
const LOOKED_AT: usize = 4096;
/// One control character in this many bytes is no text any more.
const ODD_SHARE: usize = 50;

const UNPACK: &str = "unpack it and scan the folder";
const OTHER: &str = "leave it out, or save the page itself";

const SIGNATURES: [(&[u8], &str, &str); 15] = [
    (b"\x1f\x8b", "gzip within gzip", "inflate it once"),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
    (b"PK\x05\x06", "an empty ZIP archive", OTHER),
    (b"BZh", "bzip2 data", "inflate it (bunzip2)"),
    (b"\xfd7zXZ\0", "xz data", "inflate it (unxz)"),
    (b"\x28\xb5\x2f\xfd", "zstd data", "inflate it (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"filedesc://", "an ARC file", "convert it to WARC (warcio recompress)"),
    (b"%PDF-", "a PDF", OTHER),
    (b"\x89PNG", "a picture (PNG)", OTHER),
    (b"\xff\xd8\xff", "a picture (JPEG)", OTHER),
    (b"GIF8", "a picture (GIF)", OTHER),
    (b"RIFF", "a picture or sound (RIFF)", OTHER),
    (b"bplist00", "a web archive (Safari)", "save the page as HTML"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_told_from_pages() {
        let utf16: Vec<u8> = "<html><h1>Offer</h1>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut tar = vec![b'a'; 512];
        tar.splice(257..262, *b"ustar");
        let none: [&[u8]; 6] =
            [b"PK\x03\x04\x14\0", b"BZh91AY", b"\x1f\x8b\x08", &tar, &utf16, b"\0\x01\x02\x03\x04\x05"];
        for bytes in none {
            assert!(no_page(bytes).is_some(), "{:?}", bytes.get(..20));
        }
        let marked = [b"\xff\xfe".to_vec(), utf16.clone()].concat();
        let pages: [&[u8]; 5] = [
            b"",
            b"<html>",
            b"PKs and other dogs",
            &marked,
            b"<p>a stray \0 and \x1b in a long enough text of a page</p>",
        ];
        for bytes in pages {
            assert_eq!(no_page(bytes), None, "{:?}", bytes.get(..20));
        }
    }
}
