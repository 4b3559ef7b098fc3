//! Tests that nothing is lost silently: if a run finds no result and reports no problem, everything was read as text.
//!
//! A run may be silent about an empty file, and about a file that is text or is so short or plain that it passes for text,
//! because these files were searched. A run is never silent about a compressed file or an archive, however damaged it is, as
//! long as its format can be detected. Any other file that is not text is reported as binary.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use callcodes::catalogue::Catalogue;
use callcodes::chunk::Limits;
use callcodes::pattern::PatternSet;
use callcodes::pipeline::summarise::summarise;
use callcodes::pipeline::{Options, Outcome};
use callcodes::report::problems::detail;
use callcodes::source::select::Content;
use callcodes::source::{Selection, Walk};
use callcodes::unpack::{Codec, Format, SAMPLE_BYTES};
use proptest::prelude::*;

use crate::packing::events::{Event, event_log};
use crate::packing::{CODECS, FORMATS, compress, pack};

static SET: LazyLock<PatternSet> = LazyLock::new(|| PatternSet::compile(&callcodes::config::built_in()).unwrap());

/// Returns a log in which all lines are different and each has a result.
fn log(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|line| format!("2017-02-14T02:57:24Z {line:x} callStatus={}\n", line % 40).into_bytes())
        .collect()
}

fn scan(bytes: &[u8]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), bytes).unwrap();
    let options = Options { threads: NonZeroUsize::new(1), ..Options::default() };
    summarise(Walk::new(vec![folder.path().to_owned()]), &SET, Catalogue::built_in(), &options).unwrap()
}

fn is_silent(outcome: &Outcome) -> bool {
    outcome.summary.results() == 0 && outcome.problems.is_empty()
}

/// A log in every format.
static PACKED: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let mut packed = Vec::new();
    for lines in [1, 40, 4000] {
        let log = log(lines);
        let mut once = vec![("log".to_owned(), log.clone())];
        once.extend(CODECS.map(|codec| (codec.to_string(), compress(codec, &log))));
        let event = Event { values: &[("", "call result = 102, MFA")], ..Event::default() };
        let blocks: Vec<_> = vec![event; lines.min(100)].chunks(40).map(<[Event<'_>]>::to_vec).collect();
        once.push(("evtx".to_owned(), event_log(&blocks.iter().map(Vec::as_slice).collect::<Vec<_>>())));
        for (what, bytes) in once {
            for format in FORMATS {
                let archive = pack(format, &[("host7/a.log", &bytes), ("b.log", &log)]);
                packed.push((format!("{format} of {what}, {lines} lines"), archive.clone()));
                let outer = pack(Format::Zip, &[("inner", &archive)]);
                packed.push((format!("zip of {format} of {what}, {lines} lines"), outer));
            }
            if what != "log" {
                packed.push((format!("{what}, {lines} lines"), bytes));
            }
        }
    }
    packed
});

/// The kinds of damage that occur to files.
#[derive(Clone, Debug)]
enum Damage {
    /// Only the beginning is left. Its length is given in 65536ths of the file, as are all positions below.
    Cut(u16),
    /// The beginning is missing, up to this position.
    Headless(u16),
    /// The byte at a position has another value.
    Byte(u16, u8),
    /// So many bytes from a position are zeros, as after a crash.
    Zeros(u16, u8),
    /// There are additional bytes at a position.
    Inserted(u16, Vec<u8>),
    Removed(u16, u8),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        let at = |place: &u16| len * usize::from(*place) / 65536;
        let end = |place: &u16, count: &u8| (at(place) + usize::from(*count)).min(len);
        match self {
            Damage::Cut(place) => bytes.truncate(at(place)),
            Damage::Headless(place) => drop(bytes.drain(..at(place))),
            Damage::Byte(place, byte) => bytes.iter_mut().skip(at(place)).take(1).for_each(|old| *old = *byte),
            Damage::Zeros(place, count) => bytes[at(place)..end(place, count)].fill(0),
            Damage::Inserted(place, some) => drop(bytes.splice(at(place)..at(place), some.iter().copied())),
            Damage::Removed(place, count) => drop(bytes.drain(at(place)..end(place, count))),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    // Damage at the beginning and at the end is more interesting, and therefore more frequent.
    let place = || prop_oneof![2 => any::<u16>(), 1 => 0..40_u16, 1 => 65_000..=65_535_u16];
    prop_oneof![
        2 => place().prop_map(Damage::Cut),
        1 => place().prop_map(Damage::Headless),
        3 => (place(), any::<u8>()).prop_map(|(place, byte)| Damage::Byte(place, byte)),
        1 => (place(), any::<u8>()).prop_map(|(place, count)| Damage::Zeros(place, count)),
        1 => (place(), prop::collection::vec(any::<u8>(), 1..9)).prop_map(|(place, some)| Damage::Inserted(place, some)),
        1 => (place(), any::<u8>()).prop_map(|(place, count)| Damage::Removed(place, count)),
    ]
}

/// Whether bytes without a signature may pass for text: few of the first ones are control characters, or they have the NULs
/// of UTF-16.
fn may_be_text(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let is_control = |byte: &u8| matches!(byte, 1..=7 | 14..=26 | 28..=31 | 127);
    let controls: BTreeSet<u8> = sample.iter().copied().filter(is_control).collect();
    let count = sample.iter().filter(|byte| is_control(byte)).count();
    controls.len() < 4 || count * 25 <= sample.len() || sample.contains(&0)
}

/// Cases that the property below has found.
#[test]
fn damage_that_left_nothing_to_read_is_reported() {
    // The magic bytes of the first block are wrong.
    let mut bzip2 = compress(Codec::Bzip2, &log(1));
    bzip2[4..8].fill(0);
    // According to the directory, all files are empty and there are no data.
    let mut cab = pack(Format::Cab, &[("a.log", &log(1))]);
    cab[36..60].fill(0);
    // The format of zstd before version 0.8.
    let zstd = b"\x27\xb5\x2f\xfd\x44\x08\0\0call result = 102".to_vec();
    for (bytes, expected) in [
        (
            bzip2,
            "the bzip2 data is damaged (its first bytes are wrong); ask the sender for a complete copy of the file",
        ),
        (
            cab,
            "the cab archive is damaged (it contains data that its table of contents does not list); ask the sender \
             for a complete copy of the file",
        ),
        (
            zstd,
            "it is compressed by zstd in a legacy format, which is not supported; extract it and scan the extracted \
             files",
        ),
    ] {
        let reported: Vec<String> = scan(&bytes).problems.iter().map(detail).collect();
        assert_eq!(reported, [expected]);
    }
}

#[test]
fn empty_files_and_text_without_results_are_silent() {
    for bytes in [&b""[..], b"x", b"nothing of interest\n", "für Jürgen\n".as_bytes(), b"\xff\xfea\0\n\0"] {
        assert!(is_silent(&scan(bytes)), "{bytes:?}");
    }
}

/// Returns a line in one of these encodings: UTF-8, Windows-1252, UTF-16LE and BE, UTF-32LE and BE.
fn line_in(encoding: usize, code: u32) -> Vec<u8> {
    let line = format!("2017-02-14T02:57:24Z für Иван callStatus={code}\r\n");
    let line = if encoding == 1 { line.replace("Иван ", "") } else { line };
    let utf16 = |unit: fn(u16) -> [u8; 2]| line.encode_utf16().flat_map(unit).collect();
    let utf32 = |unit: fn(u32) -> [u8; 4]| line.chars().flat_map(|char| unit(char.into())).collect();
    match encoding {
        0 => line.into_bytes(),
        1 => encoding_rs::WINDOWS_1252.encode(&line).0.into_owned(),
        2 => utf16(u16::to_le_bytes),
        3 => utf16(u16::to_be_bytes),
        4 => utf32(u32::to_le_bytes),
        _ => utf32(u32::to_be_bytes),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// With `--binary`, text in any encoding is found wherever it is in a binary file, however the file is divided.
    #[test]
    fn text_in_a_binary_file_is_read_in_each_encoding(
        begins in prop::sample::select(vec![
            &b"\xff\xd8\xff\xe0\0\x10JFIF\0"[..], b"MZ\x90\0\x03\0\0\0", b"\x7fELF\x02\x01\x01\0", b"\x89PNG\r\n\x1a\n",
        ]),
        parts in prop::collection::vec((0..6_usize, 1..4_u32, prop::collection::vec(prop_oneof![any::<u8>(), Just(0)], 0..40)), 1..9),
        range_bytes in prop_oneof![1..300_u64, Just(10_000)],
        block_bytes in 1..200_usize,
        threads in 1..4_usize,
    ) {
        let mut bytes = begins.to_vec();
        let mut expected = 0;
        for (encoding, lines, before) in &parts {
            bytes.extend(before);
            for line in 0..*lines {
                bytes.extend(line_in(*encoding, 100 + line));
                expected += 1;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x"), &bytes).unwrap();
        let limits = Limits { block_bytes, ..Limits::default() };
        let options = Options { threads: NonZeroUsize::new(threads), range_bytes, limits, ..Options::default() };
        let walk = Walk::new(vec![folder.path().to_owned()]).selecting(Selection { content: Content::Any, ..Selection::default() });
        let outcome = summarise(walk, &SET, Catalogue::built_in(), &options).unwrap();
        prop_assert_eq!(outcome.problems, []);
        prop_assert_eq!(outcome.summary.results(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_packed_log_is_never_skipped_silently(
        index in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 0..4),
    ) {
        let (what, whole) = index.get(&PACKED);
        let mut bytes = whole.clone();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        let outcome = scan(&bytes);
        let signature = &whole[..if what.starts_with("tar") { 512 } else { 8 }];
        let is_recognisable = bytes.starts_with(signature);
        prop_assert!(!is_silent(&outcome) || (!is_recognisable && may_be_text(&bytes)), "{what}, {} bytes: {:?}", bytes.len(), &bytes[..bytes.len().min(600)]);
    }
}
