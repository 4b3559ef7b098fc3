use proptest::prelude::*;

use super::super::tests::{end, header, member, records, seen, summed};
use super::*;
use crate::unpack::archive::testing::*;
use crate::unpack::archive::{Container, unix_time};

/// The offset and the length of each segment of data.
type Pieces = [(u64, u64)];

/// A function that writes a member `sparse.log` from its segments, its size with the holes, and its stored data.
type Write = fn(&Pieces, u64, &[u8]) -> Vec<u8>;

const FORMATS: [(&str, Write); 4] =
    [("old GNU", old_gnu), ("pax 0.0", pax_0_0), ("pax 0.1", pax_0_1), ("pax 1.0", pax_1_0)];

/// Writes four pairs in the header and 21 in each block, each time followed by a byte that is 1 if another block follows.
fn old_gnu(map: &Pieces, size: u64, data: &[u8]) -> Vec<u8> {
    let pairs = |map: &Pieces| -> Vec<u8> {
        map.iter().flat_map(|(start, len)| format!("{start:011o}\0{len:011o}\0").into_bytes()).collect()
    };
    let (first, more) = map.split_at(map.len().min(4));
    let mut block = header("sparse.log", b'S', data.len());
    block[257..265].copy_from_slice(b"ustar  \0");
    block[386..386 + 24 * first.len()].copy_from_slice(&pairs(first));
    block[482] = u8::from(!more.is_empty());
    block[483..495].copy_from_slice(format!("{size:011o}\0").as_bytes());
    let mut archive = summed(block).to_vec();
    for (index, pieces) in more.chunks(21).enumerate() {
        let mut block = [0; BLOCK_BYTES];
        block[..24 * pieces.len()].copy_from_slice(&pairs(pieces));
        block[504] = u8::from(21 * (index + 1) < more.len());
        archive.extend(block);
    }
    [archive, filled(data)].concat()
}

/// Writes an attribute for every number. The name is that of an ordinary member.
fn pax_0_0(map: &Pieces, size: u64, data: &[u8]) -> Vec<u8> {
    let mut texts = vec![format!("GNU.sparse.size={size}"), format!("GNU.sparse.numblocks={}", map.len())];
    for (start, len) in map {
        texts.extend([format!("GNU.sparse.offset={start}"), format!("GNU.sparse.numbytes={len}")]);
    }
    [attributes(&texts), member("sparse.log", b'0', data)].concat()
}

/// Writes one attribute for all numbers, and another one for the name.
fn pax_0_1(map: &Pieces, size: u64, data: &[u8]) -> Vec<u8> {
    let numbers: Vec<String> = map.iter().map(|(start, len)| format!("{start},{len}")).collect();
    let texts = [
        format!("GNU.sparse.size={size}"),
        format!("GNU.sparse.numblocks={}", map.len()),
        "GNU.sparse.name=sparse.log".to_owned(),
        format!("GNU.sparse.map={}", numbers.join(",")),
    ];
    [attributes(&texts), member("./GNUSparseFile.1/sparse.log", b'0', data)].concat()
}

/// Writes the numbers before the data.
fn pax_1_0(map: &Pieces, size: u64, data: &[u8]) -> Vec<u8> {
    let lines: Vec<String> = map.iter().map(|(start, len)| format!("{start}\n{len}\n")).collect();
    with_lines(&format!("{}\n{}", map.len(), lines.concat()), size, data)
}

fn with_lines(lines: &str, size: u64, data: &[u8]) -> Vec<u8> {
    let texts = [
        "GNU.sparse.major=1".to_owned(),
        "GNU.sparse.minor=0".to_owned(),
        "GNU.sparse.name=sparse.log".to_owned(),
        format!("GNU.sparse.realsize={size}"),
    ];
    let stored = [&filled(lines.as_bytes()), data].concat();
    [attributes(&texts), member("./GNUSparseFile.1/sparse.log", b'0', &stored)].concat()
}

fn attributes(texts: &[String]) -> Vec<u8> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    member("./PaxHeaders/sparse.log", b'x', &records(&texts))
}

/// Pads data to a whole block.
fn filled(data: &[u8]) -> Vec<u8> {
    [data, &vec![0; usize::try_from(padding(data.len() as u64)).unwrap()]].concat()
}

/// Reads a sparse member, and checks that the member after it is read, too.
fn read(sparse: Vec<u8>) -> Met {
    let mut seen = seen(&[sparse, member("a.log", b'0', b"x"), end()]);
    assert_eq!((seen.members.len(), seen.members.pop(), seen.end), (2, Some(whole("a.log", b"x")), None));
    seen.members.remove(0)
}

#[test]
fn holes_are_read_as_zeros() {
    let zeros = |len: usize| vec![0; len];
    let cases: [(&Pieces, u64, &[u8], Vec<u8>); 7] = [
        // Holes between segments and at the end, which GNU tar marks by an empty segment.
        (&[(0, 3), (600, 3), (1000, 0)], 1000, b"onetwo", [b"one", &zeros(597)[..], b"two", &zeros(397)].concat()),
        (&[(0, 3), (600, 3)], 1000, b"onetwo", [b"one", &zeros(597)[..], b"two", &zeros(397)].concat()),
        (&[(600, 3)], 603, b"one", [&zeros(600)[..], b"one"].concat()),
        // No hole.
        (&[(0, 3), (3, 3), (6, 0)], 6, b"onetwo", b"onetwo".to_vec()),
        // Nothing but a hole.
        (&[(700, 0)], 700, b"", zeros(700)),
        (&[(0, 0), (10, 0), (20, 0)], 700, b"", zeros(700)),
        (&[(0, 0)], 0, b"", Vec::new()),
    ];
    for (format, write) in FORMATS {
        for (map, size, data, log) in &cases {
            assert_eq!(read(write(map, *size, data)), whole("sparse.log", log), "{format}: {map:?}");
        }
    }
}

#[test]
fn a_map_may_be_long() {
    for pieces in [4, 5, 25, 26, 46, 47, 1000] {
        let map: Vec<(u64, u64)> = (0..pieces).map(|piece| (10 * piece + 3, 7)).collect();
        let data = b"2 lines".repeat(map.len());
        let log = b"\0\0\x002 lines".repeat(map.len());
        for (format, write) in FORMATS {
            assert_eq!(read(write(&map, 10 * pieces, &data)), whole("sparse.log", &log), "{format}: {pieces}");
        }
    }
}

#[test]
fn without_segments_the_whole_file_is_a_hole() {
    assert_eq!(read(pax_0_0(&[], 700, b"")), whole("sparse.log", &[0; 700]));
    assert_eq!(read(old_gnu(&[], 700, b"")), whole("sparse.log", &[0; 700]));
    assert_eq!(read(pax_1_0(&[], 700, b"")), whole("sparse.log", &[0; 700]));
}

#[test]
fn the_visitor_gets_the_size_with_holes_and_the_stored_size() {
    for (format, write) in FORMATS {
        let archive = [write(&[(1 << 20, 3)], 1 << 31, b"one"), end()].concat();
        let mut entries = Vec::new();
        let stream = Container::Stream(Box::new(io::Cursor::new(archive)));
        crate::unpack::archive::walk(Format::Tar, stream, &options(), &mut |item| {
            if let Item::Member(label, data) = item {
                entries.push((label, data.hole()));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        let packed = if format == "pax 1.0" { 512 + 3 } else { 3 };
        let name = "sparse.log".to_owned();
        let label = Label { name, size: Some(1 << 31), packed: Some(packed), modified: unix_time(1000) };
        assert_eq!(entries, [(label, 1 << 20)], "{format}");
    }
}

/// For a long name, GNU tar writes both, in this order.
#[test]
fn the_name_comes_from_the_sparse_attributes() {
    let texts = [
        "GNU.sparse.size=3".to_owned(),
        "GNU.sparse.name=host7/long.log".to_owned(),
        "GNU.sparse.map=0,3".to_owned(),
        "path=host7/GNUSparseFile.1/long.log".to_owned(),
    ];
    assert_eq!(read([attributes(&texts), member("cut", b'0', b"one")].concat()), whole("host7/long.log", b"one"));
}

fn damage(why: &str, delivered: usize) -> String {
    let before = match delivered {
        0 => "none of it could be read".to_owned(),
        bytes => {
            format!("only the whole lines in the {bytes} bytes before that were read, and some of them may be wrong")
        }
    };
    format!("the tar archive is damaged (the data map of a sparse file {why}); {before}; {ASK}")
}

#[test]
fn an_invalid_map_is_reported_after_its_valid_part() {
    const BACKWARDS: &str = "goes backwards";
    const BEYOND: &str = "goes beyond its size";
    const MORE: &str = "lists more data than is stored";
    const LESS: &str = "leaves out some of its data";
    let cases: [(&Pieces, u64, &[u8], &str); 12] = [
        // Segments overlap, or are in the wrong order.
        (&[(0, 3), (2, 3)], 9, b"one", BACKWARDS),
        (&[(0, 3), (5, 3), (4, 0)], 9, b"one\0\0two", BACKWARDS),
        (&[(5, 3), (0, 3)], 9, b"\0\0\0\0\0one", BACKWARDS),
        (&[(0, 3), (5, 3)], 7, b"one", BEYOND),
        (&[(0, 3), (8, 0)], 7, b"one", BEYOND),
        (&[(8, 3)], 7, b"", BEYOND),
        // The first fault is reported.
        (&[(0, 3), (5, 3), (2, 3)], 7, b"one", BEYOND),
        (&[(0, 3), (2, 9)], 7, b"one", BACKWARDS),
        (&[(0, 3), (5, 4)], 9, b"one\0\0two", MORE),
        (&[(0, 6), (9, 1)], 10, b"onetwo\0\0\0", MORE),
        (&[(0, 3), (5, 2)], 9, b"one\0\0tw\0\0", LESS),
        (&[], 9, &[0; 9], LESS),
    ];
    for (format, write) in FORMATS {
        for (map, size, log, why) in cases {
            if format == "pax 0.1" && map.is_empty() {
                continue;
            }
            let message = lost("sparse.log", log, &damage(why, log.len()));
            assert_eq!(read(write(map, size, b"onetwo")), message, "{format}: {map:?} of {size}");
        }
    }
}

#[test]
fn a_map_that_cannot_be_read_is_reported() {
    const UNREADABLE: &str = "cannot be read";
    let pax = |texts: &[&str]| {
        let texts: Vec<String> = texts.iter().map(|text| format!("GNU.sparse.{text}")).collect();
        [attributes(&texts), member("sparse.log", b'0', b"onetwo")].concat()
    };
    let gnu = |at: usize, field: &[u8]| {
        let mut archive = old_gnu(&[(0, 3), (5, 3)], 8, b"onetwo");
        archive[at..at + field.len()].copy_from_slice(field);
        let block = summed(*archive.first_chunk().unwrap());
        [&block[..], &archive[BLOCK_BYTES..]].concat()
    };
    let lines = |lines: &str| with_lines(lines, 8, b"onetwo");
    let cases = [
        // Everything before the invalid number is used.
        (pax(&["size=8", "map=0,3,5"]), &b"one"[..]),
        (pax(&["size=8", "map=0,3,five,3"]), b"one"),
        (pax(&["size=8", "offset=0", "numbytes=3", "numbytes=3"]), b"one"),
        (pax(&["size=8", "offset=0", "numbytes=3", "offset=-5", "numbytes=3"]), b"one"),
        (pax(&["size=18446744073709551615", "map=0,3,18446744073709551615,3"]), b"one"),
        (pax(&["size=8", "map="]), b""),
        (gnu(410, b"5five"), b"one"),
        // Minus one.
        (gnu(410, &[0xff; 12]), b"one"),
        // The end of the lines is unknown, and so is the start of the data.
        (lines("2\n0\n3\n"), b""),
        (lines("2\n0\n3\n5\n3"), b""),
        (lines("2\n0\n3\n5\n\n"), b""),
        (lines("2\n0\n3\n5\n99999999999999999999\n"), b""),
        (lines("\n"), b""),
        (lines(""), b""),
        (lines("18446744073709551615\n0\n0\n"), b""),
        (lines("two\n"), b""),
    ];
    for (archive, log) in cases {
        assert_eq!(read(archive), lost("sparse.log", log, &damage(UNREADABLE, log.len())));
    }
    // The lines take a block, of which half is there.
    let texts = ["GNU.sparse.major=1".to_owned(), "GNU.sparse.realsize=8".to_owned()];
    let archive = [attributes(&texts), member("sparse.log", b'0', b"1\n0\n3\n")].concat();
    assert_eq!(read(archive), lost("sparse.log", b"", &damage(UNREADABLE, 0)));

    let message = |archive| read(archive).2.unwrap();
    let sizeless = format!("the tar archive is damaged (a sparse file has no size); none of it could be read; {ASK}");
    assert_eq!(message(pax(&["map=0,3,5,3"])), sizeless);
    assert_eq!(message(pax(&["size=-8", "map=0,3,5,3"])), sizeless);
    assert_eq!(message(gnu(483, &[0xff; 12])), sizeless);
}

#[test]
fn a_map_has_no_more_segments_than_allowed() {
    let mut map = vec![(4, 0); SEGMENT_LIMIT];
    map[0] = (0, 4);
    let over = {
        let mut map = map.clone();
        map.push((4, 0));
        map
    };
    let why = "it is a sparse file, stored in more than 65536 pieces; only the whole lines in the 4 bytes before \
               that were read; extract it and scan the extracted files";
    // With an attribute for each number, it would exceed the limit of attributes.
    for (format, write) in FORMATS.into_iter().filter(|(format, _)| *format != "pax 0.0") {
        assert_eq!(read(write(&map, 8, b"text")), whole("sparse.log", b"text\0\0\0\0"), "{format}");
        assert_eq!(read(write(&over, 8, b"text")), lost("sparse.log", b"text", why), "{format}");
    }
}

#[test]
fn other_formats_of_sparse_members_are_reported() {
    // star states in another place that the map continues.
    let mut star = header("sparse.log", b'S', 4);
    star[355] = 1;
    let star = [&summed(star)[..], &[0; BLOCK_BYTES], &filled(b"text")].concat();
    let later = ["GNU.sparse.major=2".to_owned(), "GNU.sparse.minor=0".to_owned()];
    let later = [attributes(&later), member("sparse.log", b'0', b"text")].concat();
    let why = "it is a sparse file in a form that is not supported; extract it and scan the extracted files";
    for archive in [star, later] {
        assert_eq!(read(archive), lost("sparse.log", b"", why));
    }
    let everywhere = member("global", b'g', &records(&["GNU.sparse.size=8", "GNU.sparse.map=0,4"]));
    let found = seen(&[everywhere, member("a.log", b'0', b"text"), end()]);
    assert_eq!(found, Seen { members: vec![lost("a.log", b"", why)], end: None });
}

/// Reads a map naively. Returns the text, and whether there was a fault.
fn naive(map: &Pieces, size: u64, mut data: &[u8]) -> (Vec<u8>, bool) {
    let len = |number: u64| usize::try_from(number).unwrap();
    let mut log = Vec::new();
    for (start, piece) in map {
        if len(*start) < log.len() || start + piece > size {
            return (log, true);
        }
        log.resize(len(*start), 0);
        let (stored, rest) = data.split_at(len(*piece).min(data.len()));
        log.extend(stored);
        if stored.len() < len(*piece) {
            return (log, true);
        }
        data = rest;
    }
    log.resize(len(size), 0);
    (log, !data.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_map_gives_the_same_as_a_naive_reader(
        gaps in prop::collection::vec((-1_i64..30, 0_u64..9), 1..40),
        beyond in -20_i64..100,
        missing in -1_i64..2,
    ) {
        let (mut map, mut end, mut stored) = (Vec::new(), 0_u64, 0);
        for (gap, len) in gaps {
            let start = end.saturating_add_signed(gap);
            map.push((start, len));
            (end, stored) = (start + len, stored + len);
        }
        let size = end.saturating_add_signed(beyond);
        let data: Vec<u8> = (1..=250).cycle().take(usize::try_from(stored.saturating_add_signed(missing)).unwrap()).collect();
        let (log, is_told) = naive(&map, size, &data);
        for (format, write) in FORMATS {
            let (_, read, message) = read(write(&map, size, &data));
            prop_assert_eq!((&read, message.is_some()), (&log, is_told), "{}: {:?}", format, message);
        }
    }
}

/// Normally, the checksum of the header reveals a wrong bit in the map. Here, the checksum is corrected, so that the wrong map is
/// used.
#[test]
fn any_byte_of_the_map_in_a_header_may_be_wrong() {
    let archive = old_gnu(&[(0, 3), (5, 3), (9, 3), (20, 3), (30, 3)], 40, b"one two three 4");
    for at in 386..495 {
        for value in [0, b' ', b'1', b'7', b'9', 0x80, 0xff] {
            let mut archive = archive.clone();
            archive[at] = value;
            let block = summed(*archive.first_chunk().unwrap());
            let (_, log, _) =
                from_stream(Format::Tar, &[&block[..], &archive[BLOCK_BYTES..]].concat(), &options()).members.remove(0);
            assert!(log.len() < 1 << 20, "{at} {value}");
        }
    }
}

/// Returns one archive in each format. In the old format, the map continues after the header.
fn small() -> [Vec<u8>; 4] {
    let map = [(2, 3), (7, 3), (10, 3), (15, 0), (15, 3), (20, 0)];
    FORMATS.map(|(_, write)| [write(&map, 20, b"1\n\n22\n33\n44\n"), vec![0; BLOCK_BYTES]].concat())
}

#[test]
fn an_archive_cut_at_any_byte_is_read_up_to_there_and_reported() {
    for archive in small() {
        cuts_are_reported(Format::Tar, &archive, &options());
    }
}

#[test]
fn a_wrong_bit_anywhere_is_reported_or_changes_nothing() {
    for archive in small() {
        // The map has no checksum, so a hole may become longer. All stored data are still there.
        flips_keep(Format::Tar, &archive, &options(), |data| data.iter().filter(|byte| **byte != 0).count());
    }
}
