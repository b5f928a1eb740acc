//! Removes content-encodings (gzip, deflate, br, zstd, stacked) within caps on size, ratio and depth. Pure.

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use ruzstd::decoding::errors::FrameDecoderError;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Encodings stacked on one body, at most. Two are seen where a proxy compresses again; three leaves room.
const MAX_LAYERS: usize = 3;
/// Output below this many bytes is never called a bomb: a small page may well be very repetitive.
const RATIO_FROM: usize = 1 << 20;
/// Bytes read from a decoder at a time.
const CHUNK: usize = 32 << 10;
/// The window that a zstd frame may ask for: RFC 9659 allows no more in a content-encoding, because a decoder has to set
/// as much memory aside before it has seen anything.
const MAX_ZSTD_WINDOW: u64 = 8 << 20;
/// Zstd frames (and skipped ones) in one body, at most: a frame of nothing costs six bytes and a new start each.
const MAX_ZSTD_FRAMES: usize = 1000;

/// How much decoding may produce.
#[derive(Debug, Clone, Copy)]
pub struct Caps {
    /// Bytes after decoding, at most.
    pub bytes: usize,
    /// Decoded bytes per encoded byte, at most; looked at above one megabyte only.
    pub ratio: usize,
}

impl Default for Caps {
    /// 16 MiB, which is far above any product page, and 200:1, which is above what repetitive real pages reach (about
    /// 100:1) and far below what bombs need (deflate goes to 1032:1).
    fn default() -> Self {
        Self { bytes: 16 << 20, ratio: 200 }
    }
}

/// What is wrong with an encoded body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not an encoding that is read.
    #[error("content-encoding {0:?} is not supported")]
    Unknown(String),
    /// More encodings than anybody needs.
    #[error("more than {MAX_LAYERS} stacked content-encodings, or a thousand frames in one")]
    TooDeep,
    /// The data ends before its encoding does.
    #[error("the {0} data ends too early")]
    Truncated(&'static str),
    /// The data is no such encoding, or its checksum fails.
    #[error("the {encoding} data is damaged: {why}")]
    Corrupt {
        /// Which encoding.
        encoding: &'static str,
        /// What the decoder said.
        why: String,
    },
    /// A decoder would have to set more memory aside than the standard lets it ask for.
    #[error("the {encoding} data asks for a window of {asked} bytes; {cap} are allowed")]
    Window {
        /// Which encoding.
        encoding: &'static str,
        /// In bytes.
        asked: u64,
        /// In bytes.
        cap: u64,
    },
    /// More output than the cap.
    #[error("it decodes to more than {0} bytes")]
    TooLarge(usize),
    /// More output per input than the cap.
    #[error("it decodes to more than {0} times its size")]
    Ratio(usize),
}

impl Fault {
    /// True when the body was made to exhaust whoever reads it, or would do so.
    pub fn is_bomb(&self) -> bool {
        matches!(self, Self::TooDeep | Self::TooLarge(_) | Self::Ratio(_) | Self::Window { .. })
    }
}

/// An encoded body that could not be decoded whole.
#[derive(Debug, thiserror::Error)]
#[error("{fault}")]
pub struct DecodeError {
    /// What is wrong.
    pub fault: Fault,
    /// What the failing layer gave before the fault. It is the page's own beginning when no layer lies below.
    pub partial: Vec<u8>,
}

/// Removes the encodings that a `Content-Encoding` value names: a comma-separated list in the order in which they were
/// applied. An empty body stays empty whatever the list says. Bytes after the end of a gzip stream are passed over.
pub fn decode(encodings: &str, body: &[u8], caps: Caps) -> Result<Vec<u8>, DecodeError> {
    let layers = layers(encodings).map_err(|fault| DecodeError { fault, partial: Vec::new() })?;
    let limit = Limit { bytes: caps.bytes, ratio: caps.ratio, encoded: body.len() };
    let mut decoded: Option<Vec<u8>> = None;
    for layer in layers.into_iter().rev() {
        let input = decoded.as_deref().unwrap_or(body);
        if input.is_empty() {
            break;
        }
        let mut output = Vec::new();
        match layer.read(input, &mut output, limit) {
            Ok(()) => decoded = Some(output),
            Err(fault) => return Err(DecodeError { fault, partial: output }),
        }
    }
    Ok(decoded.unwrap_or_else(|| body.to_vec()))
}

#[derive(Debug, Clone, Copy)]
enum Layer {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

#[derive(Clone, Copy)]
struct Limit {
    bytes: usize,
    ratio: usize,
    encoded: usize,
}

impl Limit {
    /// Adds a piece to the output, as far as it fits.
    fn take(self, output: &mut Vec<u8>, piece: &[u8]) -> Result<(), Fault> {
        let room = self.bytes.saturating_sub(output.len());
        output.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if piece.len() > room {
            return Err(Fault::TooLarge(self.bytes));
        }
        if output.len() > RATIO_FROM && output.len() / self.ratio.max(1) > self.encoded {
            return Err(Fault::Ratio(self.ratio));
        }
        Ok(())
    }
}

fn layers(encodings: &str) -> Result<Vec<Layer>, Fault> {
    let mut layers = Vec::new();
    for name in encodings.split(',').map(str::trim) {
        layers.push(match name.to_ascii_lowercase().as_str() {
            // Character sets and "none" stand here on misconfigured servers and change nothing.
            "" | "identity" | "none" | "utf-8" | "utf8" | "iso-8859-1" => continue,
            "gzip" | "x-gzip" => Layer::Gzip,
            "deflate" => Layer::Deflate,
            "br" => Layer::Brotli,
            "zstd" => Layer::Zstd,
            other => return Err(Fault::Unknown(other.chars().take(40).collect())),
        });
        if layers.len() > MAX_LAYERS {
            return Err(Fault::TooDeep);
        }
    }
    Ok(layers)
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }

    fn read(self, input: &[u8], output: &mut Vec<u8>, limit: Limit) -> Result<(), Fault> {
        match self {
            Self::Gzip => gunzip(input, output, limit),
            Self::Deflate => inflate(input, output, limit),
            Self::Brotli => drain(self, &mut Decompressor::new(input, CHUNK), output, limit),
            Self::Zstd => unzstd(input, output, limit),
        }
    }
}

/// Every frame of a zstd stream, block by block; skippable frames (RFC 8878, 3.1.2) are skipped.
fn unzstd(input: &[u8], output: &mut Vec<u8>, limit: Limit) -> Result<(), Fault> {
    let name = Layer::Zstd.name();
    let corrupt = |why: String| Fault::Corrupt { encoding: name, why };
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(MAX_ZSTD_WINDOW);
    let mut chunk = vec![0; CHUNK];
    let mut rest = input;
    for _ in 0..MAX_ZSTD_FRAMES {
        if rest.is_empty() {
            return Ok(());
        }
        // A skippable frame: magic number, length, and what nobody reads.
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, after @ ..] = rest {
            let length = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            rest = after.get(length..).ok_or(Fault::Truncated(name))?;
            continue;
        }
        decoder.init(&mut rest).map_err(|error| match error {
            FrameDecoderError::WindowSizeTooBig { requested, .. } => {
                Fault::Window { encoding: name, asked: requested, cap: MAX_ZSTD_WINDOW }
            }
            _ if rest.is_empty() => Fault::Truncated(name),
            error => corrupt(error.to_string()),
        })?;
        while !decoder.is_finished() {
            let block = decoder.decode_blocks(&mut rest, BlockDecodingStrategy::UptoBlocks(1));
            block.map_err(|error| match error {
                _ if rest.is_empty() => Fault::Truncated(name),
                error => corrupt(error.to_string()),
            })?;
            loop {
                match decoder.read(&mut chunk).map_err(|error| corrupt(error.to_string()))? {
                    0 => break,
                    read => limit.take(output, chunk.get(..read).unwrap_or_default())?,
                }
            }
        }
        let (said, found) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
        if said.is_some() && said != found {
            return Err(corrupt("its checksum fails".to_owned()));
        }
    }
    Err(Fault::TooDeep)
}

/// Every member of a gzip stream.
fn gunzip(input: &[u8], output: &mut Vec<u8>, limit: Limit) -> Result<(), Fault> {
    let mut rest = input;
    loop {
        let mut decoder = GzDecoder::new(rest);
        drain(Layer::Gzip, &mut decoder, output, limit)?;
        rest = decoder.into_inner();
        if !rest.starts_with(&[0x1f, 0x8b]) {
            return Ok(());
        }
    }
}

/// `deflate` means zlib (RFC 9110, 8.4.1.2), but some servers send the bare stream.
fn inflate(input: &[u8], output: &mut Vec<u8>, limit: Limit) -> Result<(), Fault> {
    if has_zlib_header(input) {
        let result = drain(Layer::Deflate, &mut ZlibDecoder::new(input), output, limit);
        if result.is_ok() || !output.is_empty() {
            return result;
        }
    }
    drain(Layer::Deflate, &mut DeflateDecoder::new(input), output, limit)
}

/// RFC 1950, 2.2: method 8, and the first two bytes are a multiple of 31.
fn has_zlib_header(input: &[u8]) -> bool {
    match input {
        [method, flags, ..] => {
            method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31)
        }
        _ => false,
    }
}

fn drain(layer: Layer, decoder: &mut dyn Read, output: &mut Vec<u8>, limit: Limit) -> Result<(), Fault> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match decoder.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Fault::Truncated(layer.name()));
            }
            Err(error) => return Err(Fault::Corrupt { encoding: layer.name(), why: error.to_string() }),
        };
        limit.take(output, chunk.get(..read).unwrap_or_default())?;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    const PAGE: &[u8] = b"<html><body>An offer, an offer, an offer</body></html>";

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn raw(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    /// A brotli stream of one uncompressed meta-block (RFC 7932, 9.2): window bits 16, length, bytes, empty last block.
    fn brotli(data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len() - 1).unwrap();
        assert!(length < 1 << 16);
        // WBITS 0 · ISLAST 0 · MNIBBLES 00 (four nibbles) · MLEN-1 in 16 bits · ISUNCOMPRESSED 1
        let bits = length << 4 | 1 << 20;
        let mut stream = bits.to_le_bytes()[..3].to_vec();
        stream.extend_from_slice(data);
        stream.push(0b11);
        stream
    }

    /// A zstd frame (RFC 8878, 3.1.1) of one segment: a raw block, then one of repeated bytes.
    fn zstd(data: &[u8], repeated: u32) -> Vec<u8> {
        let size = u32::try_from(data.len()).unwrap() + repeated;
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0b1010_0000];
        frame.extend(size.to_le_bytes());
        let block =
            |size: u32, kind: u32, last: bool| (size << 3 | kind << 1 | u32::from(last)).to_le_bytes();
        frame.extend(&block(u32::try_from(data.len()).unwrap(), 0, repeated == 0)[..3]);
        frame.extend(data);
        if repeated > 0 {
            frame.extend(&block(repeated, 1, true)[..3]);
            frame.push(b'a');
        }
        frame
    }

    /// The same again and again: frames of 128 KiB out of some bytes.
    fn zstd_bomb(frames: usize) -> Vec<u8> {
        zstd(b"", 128 << 10).repeat(frames)
    }

    fn fault(encodings: &str, body: &[u8]) -> Fault {
        decode(encodings, body, Caps::default()).unwrap_err().fault
    }

    #[test]
    fn every_encoding_and_stack_is_read() {
        for (encodings, body) in [
            ("", PAGE.to_vec()),
            ("identity", PAGE.to_vec()),
            ("none, utf-8", PAGE.to_vec()),
            ("gzip", gzip(PAGE)),
            ("X-GZIP", gzip(PAGE)),
            ("deflate", zlib(PAGE)),
            ("deflate", raw(PAGE)),
            ("br", brotli(PAGE)),
            ("zstd", zstd(PAGE, 0)),
            ("gzip, zstd", zstd(&gzip(PAGE), 0)),
            ("gzip, deflate", zlib(&gzip(PAGE))),
            ("deflate, gzip, br", brotli(&gzip(&raw(PAGE)))),
        ] {
            assert_eq!(decode(encodings, &body, Caps::default()).unwrap(), PAGE, "{encodings}");
        }
    }

    #[test]
    fn members_are_joined_and_trailing_bytes_passed_over() {
        let mut body = gzip(b"one ");
        body.extend(gzip(b"two"));
        body.extend([0; 7]);
        assert_eq!(decode("gzip", &body, Caps::default()).unwrap(), b"one two");
    }

    #[test]
    fn zstd_frames_are_joined_and_skippable_ones_skipped() {
        let skippable = [&[0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"xyz"].concat();
        let body = [&skippable[..], &zstd(b"one ", 0), &skippable, &zstd(b"two", 5)].concat();
        assert_eq!(decode("zstd", &body, Caps::default()).unwrap(), b"one twoaaaaa");
    }

    #[test]
    fn zstd_that_is_cut_damaged_or_greedy_says_so() {
        let whole = zstd(PAGE, 9);
        for end in 1..whole.len() {
            let error = decode("zstd", &whole[..end], Caps::default()).unwrap_err();
            assert!(!error.fault.is_bomb() && PAGE.starts_with(&error.partial), "{end}: {error}");
        }
        assert_eq!(fault("zstd", &whole[..20]), Fault::Truncated("zstd"));
        assert_eq!(fault("zstd", &[0x50, 0x2a, 0x4d, 0x18, 9, 0, 0, 0]), Fault::Truncated("zstd"));
        assert!(matches!(fault("zstd", PAGE), Fault::Corrupt { encoding: "zstd", .. }));
        // No single segment; the window descriptor asks for 2^(10+31) bytes, then for 16 MiB.
        for window in [0xf8, 14 << 3] {
            let greedy = [&[0x28, 0xb5, 0x2f, 0xfd, 0, window][..], &[1, 0, 0]].concat();
            assert!(matches!(fault("zstd", &greedy), Fault::Window { .. }), "{}", fault("zstd", &greedy));
            assert!(fault("zstd", &greedy).is_bomb());
        }
        assert_eq!(fault("zstd", &zstd_bomb(200)), Fault::Ratio(200));
        assert_eq!(fault("zstd", &zstd(b"", 0).repeat(MAX_ZSTD_FRAMES + 1)), Fault::TooDeep);
        assert!(fault("zstd, gzip", &gzip(&zstd_bomb(200))).is_bomb());
    }

    #[test]
    fn an_empty_body_stays_empty() {
        assert_eq!(decode("gzip, br", &[], Caps::default()).unwrap(), b"");
    }

    #[test]
    fn a_truncated_stream_says_so_and_gives_what_it_had() {
        let data: Vec<u8> =
            (0..50_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
        for (encoding, body) in [("gzip", gzip(&data)), ("deflate", zlib(&data))] {
            let cut = &body[..body.len() / 2];
            let error = decode(encoding, cut, Caps::default()).unwrap_err();
            assert_eq!(error.fault, Fault::Truncated(encoding));
            assert!(
                error.partial.len() > 10_000 && data.starts_with(&error.partial),
                "{}",
                error.partial.len()
            );
        }
        assert!(decode("br", &brotli(PAGE)[..20], Caps::default()).is_err());
    }

    #[test]
    fn a_wrong_checksum_or_no_such_data_is_corrupt() {
        let mut body = gzip(PAGE);
        let at = body.len() - 6;
        body[at] ^= 1;
        assert!(matches!(fault("gzip", &body), Fault::Corrupt { encoding: "gzip", .. }));
        assert!(matches!(fault("gzip", PAGE), Fault::Corrupt { encoding: "gzip", .. }));
        assert!(matches!(fault("br", &[0xff; 40]), Fault::Corrupt { encoding: "br", .. }));
        assert!(!fault("gzip", PAGE).is_bomb());
    }

    #[test]
    fn unknown_and_too_many_encodings_are_refused() {
        assert_eq!(fault("lzma", PAGE), Fault::Unknown("lzma".into()));
        assert_eq!(fault("gzip,gzip,gzip,gzip", PAGE), Fault::TooDeep);
    }

    #[test]
    fn bombs_stop_at_the_caps() {
        let zeros = vec![0; 40 << 20];
        let bomb = gzip(&zeros);
        let error = decode("gzip", &bomb, Caps::default()).unwrap_err();
        assert_eq!(error.fault, Fault::Ratio(200));
        assert!(error.partial.len() <= 200 * bomb.len() + CHUNK);
        let stacked = gzip(&bomb);
        assert!(decode("gzip, gzip", &stacked, Caps::default()).unwrap_err().fault.is_bomb());
        let wide = Caps { bytes: 1 << 20, ratio: usize::MAX };
        let error = decode("gzip", &bomb, wide).unwrap_err();
        assert_eq!((error.fault, error.partial.len()), (Fault::TooLarge(1 << 20), 1 << 20));
    }

    proptest! {
        #[test]
        fn no_input_panics(names in "(gzip|deflate|br|zstd|identity|,| ){0,6}", body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&names, &body, Caps::default());
        }

        #[test]
        fn what_is_encoded_comes_back(data in prop::collection::vec(any::<u8>(), 1..2000)) {
            prop_assert_eq!(&decode("gzip", &gzip(&data), Caps::default()).unwrap(), &data);
            prop_assert_eq!(&decode("deflate", &zlib(&data), Caps::default()).unwrap(), &data);
            prop_assert_eq!(&decode("zstd", &zstd(&data, 0), Caps::default()).unwrap(), &data);
            prop_assert_eq!(&decode("br, deflate", &raw(&brotli(&data)), Caps::default()).unwrap(), &data);
        }
    }
}
