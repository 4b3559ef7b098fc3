use super::super::testing::*;
use super::super::unix_time;
use super::*;

/// A block: its packed data, and its unpacked length.
type Block = (Vec<u8>, usize);

struct Made {
    method: u16,
    blocks: Vec<Block>,
    /// The names, offsets and sizes of files.
    files: Vec<(&'static str, usize, usize)>,
}

fn stored(files: &[(&'static str, &[u8])]) -> Made {
    let data: Vec<u8> = files.iter().flat_map(|(_, data)| data.to_vec()).collect();
    let blocks = data.chunks(100).map(|block| (block.to_vec(), block.len())).collect();
    Made { method: 0, blocks, files: places(files) }
}

fn places(files: &[(&'static str, &[u8])]) -> Vec<(&'static str, usize, usize)> {
    let mut offset = 0;
    let place = |(name, data): &(&'static str, &[u8])| {
        offset += data.len();
        (*name, offset - data.len(), data.len())
    };
    files.iter().map(place).collect()
}

/// Returns a folder whose blocks are deflated independently.
fn mszip(files: &[(&'static str, &[u8])], block_bytes: usize) -> Made {
    use std::io::Write as _;
    let data: Vec<u8> = files.iter().flat_map(|(_, data)| data.to_vec()).collect();
    let block = |data: &[u8]| {
        let mut writer = flate2::write::DeflateEncoder::new(b"CK".to_vec(), flate2::Compression::default());
        writer.write_all(data).unwrap();
        (writer.finish().unwrap(), data.len())
    };
    Made { method: 1, blocks: data.chunks(block_bytes).map(block).collect(), files: places(files) }
}

/// Returns a folder with one block that LZX stores without compression. The rest of LZX is left to its crate.
fn lzx(name: &'static str, data: &[u8]) -> Made {
    let size = u32::try_from(data.len()).unwrap();
    // No translation of calls (1 bit), a stored block (3), the size (24), and padding up to a word.
    let bits = (0b0011_u32 << 28) | (size << 4);
    let [one, two, three, four] = bits.to_be_bytes();
    let mut packed = vec![two, one, four, three];
    // The three most recent distances.
    packed.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    packed.extend(data);
    Made { method: 3 | 15 << 8, blocks: vec![(packed, data.len())], files: places(&[(name, data)]) }
}

fn cab(folders: &[Made]) -> Vec<u8> {
    let file_count: usize = folders.iter().map(|made| made.files.len()).sum();
    let mut list = Vec::new();
    for (number, made) in folders.iter().enumerate() {
        for (name, offset, size) in &made.files {
            list.extend(u32::try_from(*size).unwrap().to_le_bytes());
            list.extend(u32::try_from(*offset).unwrap().to_le_bytes());
            // A number of 100 or more is one of the special ones.
            let number = u16::try_from(number).unwrap();
            // 2017-02-14 02:57:24.
            for field in [number, (37 << 9) | (2 << 5) | 14, (2 << 11) | (57 << 5) | 12, 0] {
                list.extend(field.to_le_bytes());
            }
            list.extend(name.as_bytes());
            list.push(0);
        }
    }
    let list_at = HEADER_BYTES + 8 * folders.len();
    let mut data = Vec::new();
    let mut starts = Vec::new();
    for made in folders {
        starts.push(list_at + list.len() + data.len());
        for (packed, len) in &made.blocks {
            let lens = [u16::try_from(packed.len()).unwrap().to_le_bytes(), u16::try_from(*len).unwrap().to_le_bytes()];
            let lens = lens.concat();
            data.extend(blocks::checksum(&lens, blocks::checksum(packed, 0)).to_le_bytes());
            data.extend(lens);
            data.extend(packed);
        }
    }
    let len = list_at + list.len() + data.len();
    let mut bytes = b"MSCF\0\0\0\0".to_vec();
    bytes.extend(u32::try_from(len).unwrap().to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(u32::try_from(list_at).unwrap().to_le_bytes());
    bytes.extend([0, 0, 0, 0, 3, 1]);
    bytes.extend(u16::try_from(folders.len()).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(file_count).unwrap().to_le_bytes());
    bytes.extend([0; 6]);
    for (made, start) in folders.iter().zip(starts) {
        bytes.extend(u32::try_from(start).unwrap().to_le_bytes());
        bytes.extend(u16::try_from(made.blocks.len()).unwrap().to_le_bytes());
        bytes.extend(made.method.to_le_bytes());
    }
    [bytes, list, data].concat()
}

fn seen(folders: &[Made]) -> Seen {
    from_both(Format::Cab, &cab(folders), &options())
}

#[test]
fn every_method_is_read() {
    let [a, b] = two_logs();
    let files: [(&'static str, &[u8]); 2] = [(r"logs\a.log", &a.1), (b.0, &b.1)];
    let folders = [stored(&files), mszip(&files, 100), lzx("c.log", &b.1)];
    let twice = [whole(a.0, &a.1), whole(b.0, &b.1)];
    let members = [&twice[..], &twice, &[whole("c.log", &b.1)]].concat();
    assert_eq!(seen(&folders), Seen { members, end: None });
}

#[test]
fn blocks_refer_to_earlier_ones() {
    let random: Vec<u8> =
        (0..32_768_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0]).collect();
    let mut made = mszip(&[("a.log", &random)], 32_768);
    // Fixed codes: a match of 258 bytes from 32768 before (distance code 29, with all of its 13 bits), then the end.
    let mut bits: Vec<u32> = vec![1, 1, 0];
    let mut code = |code: u32, len: u32| bits.extend((0..len).rev().map(|bit| code >> bit & 1));
    code(0b1100_0101, 8);
    code(29, 5);
    code(0x1fff, 13);
    code(0, 7);
    let byte = |bits: &[u32]| bits.iter().rev().fold(0, |sum, bit| sum * 2 + u8::try_from(*bit).unwrap());
    made.blocks.push(([b"CK".to_vec(), bits.chunks(8).map(byte).collect()].concat(), 258));
    made.files.push(("b.log", 32_768, 258));
    let members = vec![whole("a.log", &random), whole("b.log", &random[..258])];
    assert_eq!(seen(&[made]), Seen { members, end: None });
}

#[test]
fn names_sizes_and_times_reach_the_visitor() {
    let mut archive = cab(&[stored(&[("caf?.log", b"x")])]);
    let name = archive.windows(4).position(|bytes| bytes == b"caf?").unwrap();
    archive[name + 3] = 0xe9;
    let mut entries = Vec::new();
    let stream = Container::Stream(Box::new(io::Cursor::new(archive)));
    super::super::walk(Format::Cab, stream, &options(), &mut |item| {
        let Item::Member(label, _) = item else { panic!("it can be read") };
        entries.push(label);
        ControlFlow::Continue(())
    })
    .unwrap();
    let label = Label { name: "café.log".to_owned(), size: Some(1), packed: None, modified: unix_time(1_487_041_044) };
    assert_eq!(entries, [label]);
}

#[test]
fn files_in_several_archives_are_reported() {
    let mut archive = cab(&[stored(&[("a.log", b"aaa"), ("b.log", b"bbb"), ("c.log", b"ccc")])]);
    let mut set = |name: &[u8], folder: u16| {
        let at = archive.windows(name.len()).position(|bytes| bytes == name).unwrap();
        archive[at - 8..at - 6].copy_from_slice(&folder.to_le_bytes());
    };
    set(b"a.log", FROM_BEFORE);
    set(b"c.log", TO_NEXT);
    // The block continues in the next archive.
    let block = archive.len() - 9;
    archive[block - 2..block].fill(0);
    let before = "it begins in another archive of the set, which has to be extracted as a whole; extract it and scan \
                  the extracted files";
    let next =
        "it continues in another archive of the set; none of it could be read; extract it and scan the extracted files";
    let after = format!("it follows unreadable data in the same compressed block; {ASK}");
    let members = vec![lost("b.log", b"", next), lost("a.log", b"", before), lost("c.log", b"", &after)];
    // Files come in the order of the folders. Those in other archives are last.
    assert_eq!(from_both(Format::Cab, &archive, &options()), Seen { members, end: None });
}

#[test]
fn faults_are_reported_in_full_and_the_other_folders_are_read() {
    let text = b"call result = 102\n";
    let one = |method| Made { method, ..stored(&[("a.log", text)]) };
    let mut broken = mszip(&[("a.log", text)], 10);
    broken.blocks[1].0[2] |= 6;
    let mut unmarked = mszip(&[("a.log", text)], 10);
    unmarked.blocks[1].0[0] = b'?';
    let mut long = mszip(&[("a.log", text)], 10);
    long.blocks[1].1 += 1;
    let missing = Made { blocks: vec![(text[..5].to_vec(), 5)], ..one(0) };
    let damage = |method: &str, why: &str, len: usize| {
        let place = match len {
            0 => "none of it could be read".to_owned(),
            len => {
                format!("only the whole lines in the {len} bytes before that were read, and some of them may be wrong")
            }
        };
        format!("the {method} data is damaged ({why}); {place}; {ASK}")
    };
    let unsupported = |name: &str| {
        format!("it is compressed by a method that is not supported ({name}); extract it and scan the extracted files")
    };
    let cases = [
        (one(2), 0, unsupported("Quantum")),
        (one(4), 0, unsupported("number 4")),
        (broken, 10, damage("mszip", "invalid deflate data", 10)),
        (unmarked, 10, damage("mszip", "the signature of a block is wrong", 10)),
        (long, 18, damage("mszip", "the length of a block does not match", 18)),
        (missing, 5, damage("unpacked", "it ends too early", 5)),
    ];
    for (made, len, why) in cases {
        let mut expected = vec![lost("a.log", &text[..len], &why), whole("b.log", b"y")];
        let mut end = None;
        if len == text.len() {
            // The whole file is there, and the missing data do not belong to it.
            expected[0].2 = None;
            end = Some(format!("the mszip data is damaged (the length of a block does not match); {ASK}"));
        }
        assert_eq!(seen(&[made, stored(&[("b.log", b"y")])]), Seen { members: expected, end });
    }
    let mut changed = cab(&[stored(&[("a.log", text)])]);
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let why = damage("stored", "the checksum of a block does not match", 0);
    let expected = Seen { members: vec![lost("a.log", b"", &why)], end: None };
    assert_eq!(from_both(Format::Cab, &changed, &options()), expected);
    let overlapping = Made { files: vec![("a.log", 0, 5), ("b.log", 4, 5), ("c.log", 9, 9)], ..one(0) };
    let why = format!("the cab archive is damaged (files overlap); {ASK}");
    let members = vec![whole("a.log", &text[..5]), lost("b.log", b"", &why), whole("c.log", &text[9..])];
    assert_eq!(seen(&[overlapping]), Seen { members, end: None });
}

/// The list has no checksum, so a wrong bit in it can leave data that belong to no file.
#[test]
fn unlisted_data_are_read_and_reported() {
    let texts: [&[u8]; 3] = [b"call result = 102\n", b"call result = 103\n", b"call result = 104\n"];
    let [a, b, c] = texts;
    let files = || mszip(&[("a.log", a), ("b.log", b), ("c.log", c)], 20);
    let listed = |files: &[(&'static str, usize, usize)], mut made: Made| {
        made.files = files.to_vec();
        made
    };
    let (listed_a, listed_b, listed_c) = (("a.log", 0, 18), ("b.log", 18, 18), ("c.log", 36, 18));
    let message = |why: &str| Some(format!("the cab archive is damaged ({why}); {ASK}"));
    let left_out = message("it contains data that its table of contents does not list");
    let cases = [
        // At the end, in the middle, at the beginning, and the end of a file.
        (vec![listed_a, listed_b], vec![whole("a.log", a), whole("b.log", b), whole(UNLISTED, c)]),
        (vec![listed_a, listed_c], vec![whole("a.log", a), whole(UNLISTED, b), whole("c.log", c)]),
        (vec![listed_b, listed_c], vec![whole(UNLISTED, a), whole("b.log", b), whole("c.log", c)]),
        (
            vec![("a.log", 0, 16), listed_b, listed_c],
            vec![whole("a.log", &a[..16]), whole(UNLISTED, &a[16..]), whole("b.log", b), whole("c.log", c)],
        ),
        // A whole folder.
        (vec![], vec![whole(UNLISTED, &texts.concat())]),
    ];
    for (list, members) in cases {
        assert_eq!(seen(&[listed(&list, files())]), Seen { members, end: left_out.clone() });
    }
    // The data of a file that cannot be read are listed.
    let crowded = listed(&[("a.log", 0, 30), listed_b, listed_c], files());
    let seen_crowded = seen(&[crowded]);
    assert_eq!((seen_crowded.members.len(), seen_crowded.end), (3, None));
    // Damage in data that belong to no file.
    let mut broken = listed(&[listed_a], files());
    broken.blocks.truncate(2);
    broken.blocks[1].0[0] = b'?';
    let why = "the signature of a block is wrong";
    let message = format!(
        "the mszip data is damaged ({why}); only the whole lines in the 2 bytes before that were read, and some of \
         them may be wrong; {ASK}"
    );
    let members = vec![whole("a.log", a), lost(UNLISTED, &b[..2], &message)];
    assert_eq!(seen(&[broken]), Seen { members, end: left_out });
    let unsupported =
        "it is compressed by a method that is not supported (Quantum); extract it and scan the extracted files";
    let quantum = Made { method: 2, ..listed(&[], files()) };
    assert_eq!(seen(&[quantum]), Seen { members: vec![], end: Some(unsupported.to_owned()) });
}

#[test]
fn faults_of_the_archive_are_reported_in_full() {
    let archive = cab(&[stored(&[("a.log", b"x"), ("b.log", b"y")])]);
    let message = "1 byte after the end of the cab archive was not read; if they are part of the log, save them to a \
                separate file and scan that";
    assert_eq!(from_both(Format::Cab, &[&archive[..], b"?"].concat(), &options()).end.as_deref(), Some(message));
    let message = format!("the cab archive is cut short; {ASK}");
    let expected = Seen { members: vec![], end: Some(message) };
    assert_eq!(from_both(Format::Cab, &archive[..30], &options()), expected);
    let limited = Options { max_members: 1, ..options() };
    let message = "the cab archive has more than 1 files, and the rest was not read; raise --max-members to read more";
    let expected = Seen { members: vec![whole("a.log", b"x")], end: Some(message.to_owned()) };
    assert_eq!(from_both(Format::Cab, &archive, &limited), expected);
    let limited = Options { held_bytes: 10, ..options() };
    let message = "the cab archive has to be kept in memory as a whole and is larger than 0 MiB; extract it and scan \
                the extracted files";
    assert_eq!(from_stream(Format::Cab, &archive, &limited), Seen { members: vec![], end: Some(message.to_owned()) });
    let mut crowded = archive;
    crowded[HEADER_BYTES + 4] = 200;
    let message = format!("the cab archive is damaged (folders overlap); {ASK}");
    assert_eq!(from_both(Format::Cab, &crowded, &options()), Seen { members: vec![], end: Some(message) });
}

fn small() -> Vec<u8> {
    let [a, b] = two_logs();
    let files: [(&'static str, &[u8]); 2] = [(a.0, &a.1), (b.0, &b.1[..300])];
    cab(&[mszip(&files, 100), stored(&[("c.log", b"zz")]), lzx("d.log", &b.1[..100])])
}

#[test]
fn an_archive_cut_at_any_byte_is_read_up_to_there_and_reported() {
    cuts_are_reported(Format::Cab, &small(), &options());
}

/// The blocks have no checksums, so that damage reaches the decoders.
#[test]
fn a_wrong_bit_anywhere_is_reported_or_changes_nothing() {
    let archive = small();
    flips_are_survived(Format::Cab, &archive, &options());
    let mut unsummed = archive.clone();
    for made in [archive.windows(2).position(|bytes| bytes == b"CK").unwrap(), archive.len() - 116] {
        unsummed[made - 8..made - 4].fill(0);
    }
    flips_keep(Format::Cab, &unsummed, &options(), <[u8]>::len);
}

#[test]
fn a_reserved_field_that_is_set_changes_nothing() {
    let plain = cab(&[stored(&[("a.log", b"call result = 102\n")])]);
    let expected = from_both(Format::Cab, &plain, &options());
    assert_eq!(expected, Seen { members: vec![whole("a.log", b"call result = 102\n")], end: None });
    for field in [4..8, 12..16, 20..24] {
        let mut set = plain.clone();
        set[field.clone()].copy_from_slice(&[1, 2, 3, 4]);
        assert_eq!(Format::of(&set), Some(Format::Cab), "{field:?}");
        assert_eq!(from_both(Format::Cab, &set, &options()), expected, "{field:?}");
    }
}
