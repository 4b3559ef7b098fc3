//! Tells files that hold no text (pictures, executables, databases) by their first bytes.
//!
//! Rule: a file is binary if it begins like a known binary format, or if its first 8 KiB hold control characters as no
//! text does: at least four different ones, which together make up more than 4% of its bytes. Compressed or encrypted
//! data has all of them and about 9%.
//!
//! Invariants: text is never taken for binary, because a log passed over is worse than a picture searched in vain.
//! So NUL bytes count neither for nor against: logs get blocks of them by a crash or a careless rotation, and in UTF-16
//! every second byte is one. Nor does a single control character that comes often, as it is somebody's separator. Text in
//! UTF-16 without a mark is recognised before the control characters are counted, as its halves look like them.
//!
//! Compressed files are not judged here: what matters is what is in them.

use fearless_simd::{Level, dispatch};

use crate::units::Units;

/// How much of a file is looked at, in bytes.
pub const SAMPLE_BYTES: usize = 8 << 10;

/// Text in which a format's beginning could also stand counts only together with a control character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The bytes themselves say it.
    Alone,
    /// They are letters: a control character has to follow soon.
    WithControl,
}

use Proof::{Alone, WithControl};

struct Magic {
    at: usize,
    bytes: &'static [u8],
    proof: Proof,
    name: &'static str,
}

const fn magic(at: usize, bytes: &'static [u8], proof: Proof, name: &'static str) -> Magic {
    Magic { at, bytes, proof, name }
}

/// What is found beside logs in support folders.
const BINARY: &[Magic] = &[
    magic(0, b"\x89PNG\r\n\x1a\n", Alone, "PNG picture"),
    magic(0, b"\xff\xd8\xff", Alone, "JPEG picture"),
    magic(0, b"GIF87a", WithControl, "GIF picture"),
    magic(0, b"GIF89a", WithControl, "GIF picture"),
    magic(0, b"BM", WithControl, "BMP picture"),
    magic(0, b"II*\0", Alone, "TIFF picture"),
    magic(0, b"MM\0*", Alone, "TIFF picture"),
    magic(0, b"\0\0\x01\0", Alone, "icon"),
    magic(0, b"RIFF", WithControl, "sound, film or WebP picture"),
    magic(4, b"ftyp", WithControl, "film"),
    magic(0, b"ID3", WithControl, "sound"),
    magic(0, b"OggS", WithControl, "sound or film"),
    magic(0, b"wOFF", WithControl, "font"),
    magic(0, b"wOF2", WithControl, "font"),
    magic(0, b"MZ", WithControl, "Windows executable"),
    magic(0, b"\x7fELF", Alone, "executable"),
    magic(0, b"\xcf\xfa\xed\xfe", Alone, "executable"),
    magic(0, b"\xca\xfe\xba\xbe", Alone, "executable"),
    magic(0, b"\0asm", Alone, "executable"),
    magic(0, b"!<arch>\n", Alone, "library"),
    magic(0, b"L\0\0\0\x01\x14\x02\0", Alone, "Windows shortcut"),
    magic(0, b"%PDF-", Alone, "PDF document"),
    magic(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Alone, "Office document or installer"),
    magic(0, b"SQLite format 3\0", Alone, "SQLite database"),
    magic(4, b"\xef\xcd\xab\x89", Alone, "Windows database"),
    magic(0, b"regf", WithControl, "registry hive"),
    magic(0, b"ElfFile\0", Alone, "Windows event log"),
    magic(4, b"LfLe", WithControl, "Windows event log"),
    magic(0, b"MDMP", WithControl, "memory dump"),
    magic(0, b"PAGEDU", WithControl, "memory dump"),
    magic(0, b"\xd4\xc3\xb2\xa1", Alone, "network capture"),
    magic(0, b"\xa1\xb2\xc3\xd4", Alone, "network capture"),
    magic(0, b"\n\r\r\n", WithControl, "network capture"),
    magic(0, b"TZif", WithControl, "time zone"),
    magic(1, b"\r\r\n\0\0\0\0", Alone, "compiled Python"),
];

/// Compressed files and archives, which are not binary, whatever their bytes look like.
const CONTAINERS: &[(usize, &[u8])] = &[
    (0, b"\x1f\x8b"),
    (0, b"\x28\xb5\x2f\xfd"),
    (0, b"BZh"),
    (0, b"\xfd7zXZ\0"),
    (0, b"\x04\x22\x4d\x18"),
    (0, b"PK\x03\x04"),
    (0, b"PK\x05\x06"),
    (0, b"PK\x07\x08"),
    (0, b"PK00PK\x03\x04"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"MSCF\0\0\0\0"),
    (257, b"ustar"),
];

/// Byte order marks: whoever writes one writes text.
const MARKS: &[&[u8]] = &[b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// How soon after its beginning a binary format shows a control character, in bytes.
const PROOF_BYTES: usize = 64;

/// What kind of binary file begins with `sample`, its first [`SAMPLE_BYTES`] or all of it; `None` for text, and for
/// what holds something else.
#[must_use]
pub fn kind(sample: &[u8]) -> Option<&'static str> {
    if MARKS.iter().any(|mark| sample.starts_with(mark)) || CONTAINERS.iter().any(|(at, bytes)| has(sample, *at, bytes))
    {
        return None;
    }
    let proved = |magic: &Magic| {
        magic.proof == Alone || sample.iter().take(PROOF_BYTES).any(|&byte| byte == 0 || is_control(byte))
    };
    if let Some(magic) = BINARY.iter().find(|magic| has(sample, magic.at, magic.bytes) && proved(magic)) {
        return Some(magic.name);
    }
    // Nearly all files are told by the first of these alone.
    (is_full_of_controls(sample) && !Units::are_utf16_somewhere(sample)).then_some("not text")
}

/// Whether what made a file binary is more than what damaged data begin like now and then.
pub(super) fn is_certain(sample: &[u8]) -> bool {
    BINARY.iter().any(|magic| magic.bytes.len() >= 4 && has(sample, magic.at, magic.bytes))
}

fn has(sample: &[u8], at: usize, bytes: &[u8]) -> bool {
    sample.get(at..).is_some_and(|rest| rest.starts_with(bytes))
}

/// Control characters that text has no use for. White space, backspace and the escape of terminal colours it has.
#[inline(always)]
fn is_control(byte: u8) -> bool {
    // Without branches, for files are judged by thousands of bytes.
    let is_text = (byte == 0) | ((8..14).contains(&byte)) | (byte == 0x1b);
    ((byte < b' ') & !is_text) | (byte == 0x7f)
}

fn is_full_of_controls(sample: &[u8]) -> bool {
    // Summed up in bytes, which is what makes the compiler take many at once.
    let count = |some: &[u8]| some.iter().fold(0, |sum, byte| sum + u8::from(is_control(*byte)));
    let count_all = || sample.chunks(128).map(|some| usize::from(count(some))).sum();
    let controls: usize = dispatch!(Level::new(), _simd => count_all());
    if controls == 0 {
        return false;
    }
    let bytes = sample.iter().filter(|byte| **byte != 0).count();
    let different = (0..=u8::MAX).filter(|byte| is_control(*byte) && sample.contains(byte)).count();
    controls * 25 > bytes && different >= 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_are_those_that_text_has_no_use_for() {
        let listed = |byte| matches!(byte, 0x01..=0x07 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
        assert!((0..=u8::MAX).all(|byte| is_control(byte) == listed(byte)));
    }

    /// Bytes without a pattern, the same every time (xorshift).
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        };
        std::iter::repeat_with(next).take(len).collect()
    }

    fn utf16(text: &str, write: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(write).collect()
    }

    #[test]
    fn known_formats_are_named() {
        let cases: [(&[u8], &str); 10] = [
            (b"TZif2\0\0\0", "time zone"),
            (b"\xa7\r\r\n\0\0\0\0", "compiled Python"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "JPEG picture"),
            (b"MZ\x90\0\x03\0\0\0", "Windows executable"),
            (b"%PDF-1.7\n", "PDF document"),
            (b"SQLite format 3\0\x10\0", "SQLite database"),
            (b"ElfFile\0\0\0", "Windows event log"),
            (b"\0\0\0\x20ftypisom", "film"),
            (b"\xc1\x02\x03\x04\xef\xcd\xab\x89", "Windows database"),
        ];
        for (sample, name) in cases {
            assert_eq!(kind(sample), Some(name));
        }
    }

    #[test]
    fn four_bytes_of_a_known_format_are_certain() {
        assert!(is_certain(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert!(is_certain(b"\0\0\0\x20ftypisom"));
        assert!(!is_certain(b"MZ\x90\0\x03\0\0\0"));
        assert!(!is_certain(&noise(512)));
    }

    #[test]
    fn noise_is_no_text_and_compressed_noise_is_not_judged() {
        for len in [512, SAMPLE_BYTES] {
            assert_eq!(kind(&noise(len)), Some("not text"), "{len}");
        }
        let compressed: [&[u8]; 5] =
            [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh9", b"\xfd7zXZ\0", b"\x04\x22\x4d\x18"];
        for magic in compressed {
            assert_eq!(kind(&[magic, &noise(4000)].concat()), None, "{magic:?}");
        }
    }

    #[test]
    fn a_table_of_small_numbers_is_no_text() {
        let table: Vec<u8> = (0..2000_u32).flat_map(|number| (number % 24).to_le_bytes()).collect();
        assert_eq!(kind(&table), Some("not text"));
        // One number in 64 bytes: the NULs between do not make text of it.
        let sparse: Vec<u8> = (0..100_u8).flat_map(|number| [&[number % 8 + 1][..], &[0; 63]].concat()).collect();
        assert_eq!(kind(&sparse), Some("not text"));
    }

    #[test]
    fn text_that_begins_like_a_binary_format_is_text() {
        for word in ["MZ", "BM", "GIF89a", "RIFF", "ID3", "regf", "MDMP", "OggS", "\n\r\r\n", "    ftyp"] {
            assert_eq!(kind(format!("{word} 2017-02-14 call result = 102\r\n").as_bytes()), None, "{word:?}");
        }
    }

    #[test]
    fn logs_with_blocks_of_nul_separators_and_colours_are_text() {
        let line = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(40);
        assert_eq!(kind(b""), None);
        assert_eq!(kind(&[0; SAMPLE_BYTES]), None);
        assert_eq!(kind(&[&[0; 8000], line.as_bytes()].concat()), None);
        assert_eq!(kind(line.replace(' ', "\x01").as_bytes()), None, "one separator");
        assert_eq!(kind(line.replace("24", "\x1b[31m24\x1b[0m").as_bytes()), None, "colours");
        assert_eq!(kind(&[b"\xff\xfe", noise(4000).as_slice()].concat()), None, "a mark");
    }

    /// Log lines: a time, and a message in any language.
    fn lines() -> impl Strategy<Value = String> {
        prop::collection::vec("2017-02-14 02:57:24 \\PC{0,60}\r\n", 1..60).prop_map(|lines| lines.concat())
    }

    proptest! {
        #[test]
        fn text_is_never_binary(text in lines(), at in any::<prop::sample::Index>(), nuls in 0_usize..600) {
            // Windows-1252 puts something on every byte from 0x80.
            let cp1252: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap_or(b'\x80' | u32::from(c).to_le_bytes()[0])).collect();
            let encodings = [
                ("UTF-8", text.clone().into_bytes(), 1),
                ("UTF-16LE", utf16(&text, u16::to_le_bytes), 2),
                ("UTF-16BE", utf16(&text, u16::to_be_bytes), 2),
                ("Windows-1252", cp1252, 1),
            ];
            for (encoding, mut bytes, unit) in encodings {
                let cut = bytes.len().min(SAMPLE_BYTES);
                prop_assert_eq!(kind(&bytes[..cut]), None, "{}", encoding);
                let at = at.index(bytes.len() / unit) * unit;
                bytes.splice(at..at, vec![0; nuls * unit]);
                let cut = bytes.len().min(SAMPLE_BYTES);
                prop_assert_eq!(kind(&bytes[..cut]), None, "{} with NULs", encoding);
            }
        }
    }
}
