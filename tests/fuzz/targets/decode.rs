//! Decompresses arbitrary bytes, and decodes them as UTF-16. The output does not depend on how the bytes are divided into reads.

#![no_main]

mod marks;

use std::io::{Cursor, Read};

use callcodes::chunk::{Chunks, Limits, Span};
use callcodes::problem::Problem;
use callcodes::units::Units;
use callcodes::unpack::{Codec, decompressed};
use encoding_rs::{UTF_16BE, UTF_16LE};
use libfuzzer_sys::fuzz_target;
use marks::is_contradicted;

/// The most bytes that are decompressed, because a few bytes may expand to gigabytes.
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

/// Returns the first bytes of the output, and the error at its end, if any.
fn read(reader: impl Read + Send + 'static, step: usize) -> (Vec<u8>, Option<Problem>) {
    let mut reader = decompressed(Box::new(reader));
    let (mut all, mut block) = (Vec::new(), vec![0; step]);
    while all.len() < READ_BYTES {
        match reader.read(&mut block) {
            Ok(0) => return (all, None),
            Ok(len) => all.extend_from_slice(&block[..len]),
            Err(error) => {
                assert_eq!(
                    reader.read(&mut block).expect("an error is reported once"),
                    0,
                    "something follows an error"
                );
                return (all, Some(Problem::unreadable("x", &error)));
            }
        }
    }
    all.truncate(READ_BYTES);
    (all, None)
}

/// A reader that delivers one byte, then two, and so on up to seven.
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

/// Compares the output with that of two other decoders.
fn check_utf16(bytes: &[u8], units: Units) {
    let (encoding, mark, unit): (_, &[u8], fn([u8; 2]) -> u16) = match units {
        Units::Utf16Le => (UTF_16LE, b"\xFF\xFE", u16::from_le_bytes),
        _ => (UTF_16BE, b"\xFE\xFF", u16::from_be_bytes),
    };
    let (mut text, mut faults) = (Vec::new(), 0);
    let mut chunks = Chunks::new(bytes, Span::ALL, Limits::default(), units, Vec::new());
    loop {
        match chunks.next_chunk() {
            Ok(Some(chunk)) => text.extend_from_slice(chunk.owned()),
            Ok(None) => break,
            Err(_) => faults += 1,
        }
    }
    let (pairs, rest) = bytes.as_chunks::<2>();
    let is_faulty = !rest.is_empty() || is_contradicted(bytes, units);
    assert_eq!(faults, usize::from(is_faulty), "half a unit and the mark of another encoding are the only errors");
    // The line with half a unit at its end is dropped.
    let line_feed = pairs.iter().rposition(|pair| unit(*pair) == 0x0A);
    let read = if rest.is_empty() { bytes } else { &bytes[..line_feed.map_or(0, |at| 2 * (at + 1))] };
    let bare = read.strip_prefix(mark).unwrap_or(read);
    assert_eq!(String::from_utf8_lossy(&text), encoding.decode_without_bom_handling(bare).0);

    let decoded = char::decode_utf16(bare.as_chunks::<2>().0.iter().map(|pair| unit(*pair)));
    let plain: String = decoded.map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    assert_eq!(text, plain.into_bytes());
}
