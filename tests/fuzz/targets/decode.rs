//! Decompression and UTF-16, of arbitrary bytes: the same whatever pieces they come in, and the same as others read.

#![no_main]

use std::io::{Cursor, Read};

use callcodes::chunk::{Chunks, Limits, Span};
use callcodes::problem::Problem;
use callcodes::source::{Codec, decompressed};
use callcodes::units::Units;
use encoding_rs::{UTF_16BE, UTF_16LE};
use libfuzzer_sys::fuzz_target;

/// How much is decompressed, in bytes: a few bytes may stand for gigabytes.
const READ_BYTES: usize = 256 << 10;

fuzz_target!(|bytes: &[u8]| {
    let at_once = read(Cursor::new(bytes.to_vec()), 100 << 10);
    let in_pieces = read(Few { left: Cursor::new(bytes.to_vec()), next: 0 }, 999);
    assert_eq!(in_pieces, at_once);
    if Codec::of(bytes).is_none() {
        assert_eq!(at_once, (bytes.to_vec(), None));
    }
    for units in [Units::Utf16Le, Units::Utf16Be] {
        check_utf16(bytes, units);
    }
});

/// What comes out, and why no more does. If that is more than is wanted, its beginning.
fn read(reader: impl Read + Send + 'static, step: usize) -> (Vec<u8>, Option<Problem>) {
    let mut reader = decompressed(Box::new(reader));
    let (mut all, mut block) = (Vec::new(), vec![0; step]);
    while all.len() < READ_BYTES {
        match reader.read(&mut block) {
            Ok(0) => return (all, None),
            Ok(len) => all.extend_from_slice(&block[..len]),
            Err(error) => {
                assert_eq!(reader.read(&mut block).expect("a fault is told once"), 0, "something follows a fault");
                return (all, Some(Problem::unreadable("x", &error)));
            }
        }
    }
    all.truncate(READ_BYTES);
    (all, None)
}

/// Delivers one byte, then two, and so on up to seven.
struct Few {
    left: Cursor<Vec<u8>>,
    next: usize,
}

impl Read for Few {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.next = self.next % 7 + 1;
        let few = out.len().min(self.next);
        self.left.read(&mut out[..few])
    }
}

/// Against two other readings.
fn check_utf16(bytes: &[u8], units: Units) {
    let (encoding, mark, unit): (_, &[u8], fn([u8; 2]) -> u16) = match units {
        Units::Utf16Le => (UTF_16LE, b"\xFF\xFE", u16::from_le_bytes),
        _ => (UTF_16BE, b"\xFE\xFF", u16::from_be_bytes),
    };
    let mut text = Vec::new();
    let mut chunks = Chunks::new(bytes, Span::ALL, Limits::default(), units, Vec::new());
    while let Some(chunk) = chunks.next_chunk().expect("a slice can be read") {
        text.extend_from_slice(chunk.owned());
    }
    let bare = bytes.strip_prefix(mark).unwrap_or(bytes);
    assert_eq!(String::from_utf8_lossy(&text), encoding.decode_without_bom_handling(bare).0);

    let (pairs, rest) = bare.as_chunks::<2>();
    let decoded = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)));
    let mut plain: String = decoded.map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    // Half a unit is no character, and neither is half a pair before it: both together are one fault to the decoder.
    let is_open = pairs.last().is_some_and(|pair| (0xD800..0xDC00).contains(&unit(*pair)));
    if !rest.is_empty() && !is_open {
        plain.push(char::REPLACEMENT_CHARACTER);
    }
    assert_eq!(text, plain.into_bytes());
}
