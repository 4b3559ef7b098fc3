mod passwords;

use std::io::Write as _;
use std::ops::ControlFlow;

use lzma_rust2::{Lzma2Options, Lzma2Writer, LzmaOptions, LzmaWriter};

use super::super::testing::*;
use super::super::{Container, Item, Label, Options, unix_time};
use super::*;

/// A block to write into an archive: one coder, and the files that it packs.
struct Made {
    method: &'static [u8],
    properties: Vec<u8>,
    packed: Vec<u8>,
    files: Vec<(&'static str, Vec<u8>)>,
}

impl Made {
    fn new(
        method: &'static [u8],
        properties: &[u8],
        files: &[(&'static str, Vec<u8>)],
        pack: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Made {
        let data: Vec<u8> = files.iter().flat_map(|(_, data)| data.clone()).collect();
        Made { method, properties: properties.to_vec(), packed: pack(&data), files: files.to_vec() }
    }

    fn size(&self) -> usize {
        self.files.iter().map(|(_, data)| data.len()).sum()
    }
}

fn copied(files: &[(&'static str, Vec<u8>)]) -> Made {
    Made::new(&[0], &[], files, <[u8]>::to_vec)
}

fn lzma2(files: &[(&'static str, Vec<u8>)]) -> Made {
    // Property 8 stands for a window of 64 KiB.
    Made::new(&[0x21], &[8], files, |data| {
        let lzma_options = LzmaOptions { dict_size: 1 << 16, ..LzmaOptions::with_preset(6) };
        let options = Lzma2Options { lzma_options, ..Lzma2Options::default() };
        let mut writer = Lzma2Writer::new(Vec::new(), options);
        writer.write_all(data).unwrap();
        writer.finish().unwrap()
    })
}

fn lzma(files: &[(&'static str, Vec<u8>)]) -> Made {
    let options = LzmaOptions { dict_size: 1 << 16, ..LzmaOptions::with_preset(6) };
    Made::new(&[3, 1, 1], &[options.get_props(), 0, 0, 1, 0], files, |data| {
        let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, false).unwrap();
        writer.write_all(data).unwrap();
        writer.finish().unwrap()
    })
}

fn deflated(files: &[(&'static str, Vec<u8>)]) -> Made {
    Made::new(&[4, 1, 8], &[], files, |data| {
        let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(data).unwrap();
        writer.finish().unwrap()
    })
}

fn bzipped(files: &[(&'static str, Vec<u8>)]) -> Made {
    // Two streams, as written by programs that compress in parallel.
    Made::new(&[4, 2, 2], &[], files, |data| {
        let stream = |data: &[u8]| {
            let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            writer.write_all(data).unwrap();
            writer.finish().unwrap()
        };
        let (one, other) = data.split_at(data.len() / 2);
        [stream(one), stream(other)].concat()
    })
}

fn zstd(files: &[(&'static str, Vec<u8>)]) -> Made {
    Made::new(&[4, 0xf7, 0x11, 1], &[1, 5, 3, 0, 0], files, |data| {
        let frame = ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest);
        [SKIPPED, &frame, SKIPPED].concat()
    })
}

/// A frame without data, which 7-Zip ZS writes before the others.
const SKIPPED: &[u8] = &[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];

fn lz4(files: &[(&'static str, Vec<u8>)]) -> Made {
    Made::new(&[4, 0xf7, 0x11, 4], &[1, 9, 1, 0, 0], files, |data| {
        let frame = |data: &[u8]| {
            let mut writer = lz4_flex::frame::FrameEncoder::new(Vec::new());
            writer.write_all(data).unwrap();
            writer.finish().unwrap()
        };
        let (one, other) = data.split_at(data.len() / 2);
        [SKIPPED, &frame(one), SKIPPED, &frame(other)].concat()
    })
}

/// Encodes a number, in nine bytes if one is not enough.
fn number(value: usize) -> Vec<u8> {
    let bytes = (value as u64).to_le_bytes();
    if value < 0x80 { vec![bytes[0]] } else { [&[0xff][..], &bytes].concat() }
}

/// Returns a directory that is not packed.
fn directory(blocks: &[Made]) -> Vec<u8> {
    let numbers = |numbers: Vec<usize>| numbers.into_iter().flat_map(number).collect::<Vec<u8>>();
    let mut bytes = vec![1, 4, 6, 0];
    bytes.extend(number(blocks.len()));
    bytes.push(9);
    bytes.extend(numbers(blocks.iter().map(|made| made.packed.len()).collect()));
    bytes.extend([0, 7, 11]);
    bytes.extend(number(blocks.len()));
    bytes.push(0);
    for Made { method, properties, .. } in blocks {
        bytes.extend([1, u8::try_from(method.len()).unwrap() | if properties.is_empty() { 0 } else { 32 }]);
        bytes.extend(*method);
        if !properties.is_empty() {
            bytes.extend(number(properties.len()));
            bytes.extend(properties);
        }
    }
    bytes.push(12);
    bytes.extend(numbers(blocks.iter().map(Made::size).collect()));
    bytes.extend([0, 8, 13]);
    bytes.extend(numbers(blocks.iter().map(|made| made.files.len()).collect()));
    bytes.push(9);
    let all_but_last =
        |made: &Made| made.files.iter().rev().skip(1).rev().map(|(_, data)| data.len()).collect::<Vec<_>>();
    bytes.extend(numbers(blocks.iter().flat_map(all_but_last).collect()));
    bytes.extend([10, 1]);
    let files: Vec<&(&str, Vec<u8>)> = blocks.iter().flat_map(|made| &made.files).collect();
    bytes.extend(files.iter().flat_map(|(_, data)| crc32(data).to_le_bytes()));
    bytes.extend([0, 0]);
    bytes.push(5);
    bytes.extend(number(files.len() + 2));
    // Then a folder and an empty file: both have no data, and the second is a file.
    let empty: Vec<u8> = (0..files.len() + 2).map(|index| u8::from(index >= files.len())).collect();
    let bits = |bits: &[u8]| {
        bits.chunks(8)
            .map(|bits| bits.iter().enumerate().fold(0, |sum, (at, bit)| sum | bit << (7 - at)))
            .collect::<Vec<u8>>()
    };
    property(&mut bytes, 14, &bits(&empty));
    property(&mut bytes, 15, &bits(&[0, 1]));
    let names = files.iter().map(|(name, _)| *name).chain(["logs", "logs/empty.log"]);
    let names: Vec<u8> = names.flat_map(|name| name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes)).collect();
    property(&mut bytes, 17, &[&[0], &names[..]].concat());
    // 2017-02-14 02:57:24 as a time of Windows, for the first file only.
    let first: Vec<u8> = (0..files.len() + 2).map(|index| u8::from(index == 0)).collect();
    let ticks = (1_487_041_044_u64 + 11_644_473_600) * 10_000_000;
    property(&mut bytes, 20, &[&[0], &bits(&first)[..], &[0], &ticks.to_le_bytes()].concat());
    bytes.extend([0, 0]);
    bytes
}

fn property(bytes: &mut Vec<u8>, kind: u8, data: &[u8]) {
    bytes.push(kind);
    bytes.extend(number(data.len()));
    bytes.extend(data);
}

fn with_directory(packed: &[u8], directory: &[u8]) -> Vec<u8> {
    let place = [(packed.len() as u64).to_le_bytes(), (directory.len() as u64).to_le_bytes()].concat();
    let place = [&place[..], &crc32(directory).to_le_bytes()].concat();
    [b"7z\xbc\xaf\x27\x1c\0\x04", &crc32(&place).to_le_bytes()[..], &place, packed, directory].concat()
}

fn seven_zip(blocks: &[Made]) -> Vec<u8> {
    let packed: Vec<u8> = blocks.iter().flat_map(|made| made.packed.clone()).collect();
    with_directory(&packed, &directory(blocks))
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    two_logs().to_vec()
}

fn seen(blocks: &[Made]) -> Seen {
    from_both(Format::SevenZip, &seven_zip(blocks), &options())
}

#[test]
fn every_method_is_read() {
    let methods = [copied, lzma2, lzma, deflated, bzipped, zstd, lz4];
    let blocks = methods.map(|made| made(&files()));
    let [a, b] = two_logs();
    let mut members: Vec<Met> = Vec::new();
    for _ in &blocks {
        members.extend([whole(a.0, &a.1), whole(b.0, &b.1)]);
    }
    members.push(whole("logs/empty.log", b""));
    assert_eq!(seen(&blocks), Seen { members, end: None });
}

/// The first log, packed by 7-Zip 22.01 with `7zz a -m0=PPMd:o=4:mem=64k -mhc=off`.
const PPMD: &str = "377abcaf271c0004dc272dc21f000000000000005200000000000000f24a88f70031fd4e7ba79b59325eb82677f202a0d3c4c6273ccdd434\
    5b1c16ee5c78000104060001091f00070b010001230304010504000001000c1d00080a01336f2e32000005011906000000000000110d0061002e006c006f\
    0067000000140a010000422f116e86d201150601002080a4810000";

/// Packed with `7zz a -psecret -mhe=on`: LZMA2 and AES, with a directory that is packed and encrypted, too.
const AES: &str = "377abcaf271c00047fa87117a0000000000000002e00000000000000836e1d6b012a7feb4a07d92aee9377c137f94aa6b4f525b30cbf1cc74\
    acee11b391309fdf4533e2343f3644c474dcf5887c8034e739b974c1a78e36f3f6805e96f38ff0f966db7ce32fb828f8c93f4a4d2aef942e01c866ea07fc8\
    399c656c5750208af115080bf7caca39866b0c31035f2b4850ad34056808ff0c09493d878bd71ae7b5d2358a134188363d3de6a091237cf2d8d90b6c27bc\
    f7af12eb7034956cd5cd5017063001097000070b0100012406f1070112530fc64bc16898d9d2c95c743e8f60eaaa4b0c620a019a96eb8b0000";

/// A program, packed with `7zz a -m0=BCJ2 -m1=LZMA -m2=LZMA -m3=LZMA -mb0s0:1 -mb0s1:2 -mb0s2:3 -mhc=off`.
const BCJ2: &str = "377abcaf271c0004113a85c830000000000000007400000000000000f9a7e4040026968e7e0f1f3b5f61189e0682bd0a78b90d8e1d60f8c800\
    00005438d93f000000000000006803c0f6c5bca9f440000104060004091a05050c00070b01000423030101055d0010000023030101055d00100000230301\
    01055d00100000140303011b0401050004010302020601000c0c00263200080a0184fdddb200000501190b0000000000000000000000111300740069006e\
    0079002e0065007800650000000000";

/// The program: its magic bytes, and four times a call and a jump.
const PROGRAM: &str =
    "4d5a90e8640000000f840700000090e85e0000000f840700000090e8580000000f840700000090e8520000000f8407000000";

#[test]
fn archives_by_7_zip_are_read() {
    let log = two_logs()[0].1.clone();
    for (hex, name, data) in [(PPMD, "a.log", log.clone()), (AES, "a.log", log), (BCJ2, "tiny.exe", bytes(PROGRAM))] {
        let archive = bytes(hex);
        let expected = Seen { members: vec![whole(name, &data)], end: None };
        assert_eq!(from_both(Format::SevenZip, &archive, &with_password("secret")), expected);
    }
    cuts_are_reported(Format::SevenZip, &bytes(PPMD), &options());
    flips_are_survived(Format::SevenZip, &bytes(PPMD), &options());
    flips_are_survived(Format::SevenZip, &bytes(BCJ2), &options());
}

#[test]
fn names_sizes_and_times_reach_the_visitor_and_unread_files_are_skipped() {
    let mut entries = Vec::new();
    let mut met = Vec::new();
    let mut file = tempfile::tempfile().unwrap();
    let single = [("c.log", b"z".to_vec())];
    let archive = seven_zip(&[lzma2(&files()), copied(&single)]);
    file.write_all(&archive).unwrap();
    let container = Container::File { file: std::sync::Arc::new(file.into()), start: 0, len: archive.len() as u64 };
    super::super::walk(Format::SevenZip, container, &options(), &mut |item| {
        let Item::Member(label, data) = item else { panic!("all can be read") };
        if label.name == "b.log" {
            data.read_to_end(&mut met).unwrap();
        }
        entries.push(label);
        ControlFlow::Continue(())
    })
    .unwrap();
    let [a, b] = two_logs();
    let label =
        |name: &str, len: usize| Label { name: name.to_owned(), size: Some(len as u64), packed: None, modified: None };
    let first = Label { modified: unix_time(1_487_041_044), ..label(a.0, a.1.len()) };
    let third = Label { packed: Some(1), ..label("c.log", 1) };
    assert_eq!(entries, [first, label(b.0, b.1.len()), third, label("logs/empty.log", 0)]);
    assert_eq!(met, b.1);
}

#[test]
fn damage_is_reported_and_the_other_blocks_are_read() {
    let [a, b] = two_logs();
    let after = ("c.log", b"z".to_vec());
    let mut block = bzipped(&[a.clone(), b.clone(), after.clone()]);
    // The magic bytes of a bzip2 block in the second stream, which begins in the middle of the second file.
    let stream = block.packed.windows(3).rposition(|bytes| bytes == b"BZh").unwrap();
    block.packed[stream + 4] ^= 0xff;
    let seen = seen(&[block, copied(&[after])]);
    let [first, second, third, other, empty] = &seen.members[..] else { panic!("{seen:?}") };
    assert_eq!(*first, whole(a.0, &a.1));
    let half = usize::midpoint(a.1.len(), b.1.len() + 1) - a.1.len();
    let message = "the bzip2 data is damaged (";
    assert!(second.1 == b.1[..half] && second.2.as_ref().unwrap().starts_with(message), "{second:?}");
    let message = format!("it follows unreadable data in the same compressed block; {ASK}");
    assert_eq!(*third, lost("c.log", b"", &message));
    assert_eq!(*other, whole("c.log", b"z"));
    assert_eq!(*empty, whole("logs/empty.log", b""));
}

#[test]
fn faults_of_a_file_are_reported_in_full() {
    let text = || vec![("a.log", b"call result = 102\n".to_vec())];
    let mut changed = copied(&text());
    changed.packed[0] ^= 1;
    let mut short = copied(&text());
    short.packed.truncate(5);
    let wide = |bytes| Made { properties: vec![bytes], ..lzma2(&[("a.log", vec![b'x'; 18])]) };
    let cases = [
        (
            changed,
            &b"ball result = 102\n"[..],
            format!(
                "the unpacked data is damaged (the checksum does not match); only the whole lines in the 18 bytes \
                 before that were read, and some of them may be wrong; {ASK}"
            ),
        ),
        (
            short,
            b"call ",
            format!(
                "the stored data is damaged (it ends too early); only the whole lines in the 5 bytes before that \
                 were read, and some of them may be wrong; {ASK}"
            ),
        ),
        (
            Made { method: &[9, 9], ..copied(&text()) },
            b"",
            "it is compressed by a method that is not supported (09 09); extract it and scan the extracted \
             files"
                .to_owned(),
        ),
        (
            Made { method: &[3, 4, 1], properties: vec![4, 0, 0, 0, 0x10], ..copied(&text()) },
            b"",
            "the ppmd data needs a decompression window of more than 128 MiB; decompress the file with another \
             program and scan the result"
                .to_owned(),
        ),
    ];
    for (made, data, why) in cases {
        let members = vec![lost("a.log", data, &why), whole("logs/empty.log", b"")];
        assert_eq!(seen(&[made]), Seen { members, end: None });
    }
    // The properties state a window of 4 GiB, which the data cannot need.
    let members = vec![whole("a.log", &[b'x'; 18]), whole("logs/empty.log", b"")];
    assert_eq!(seen(&[wide(40)]), Seen { members, end: None });
}

/// An entry with data whose attributes are those of a folder.
#[test]
fn entries_with_data_are_read_whatever_their_attributes_are() {
    let made = [copied(&[("a.log", b"x".to_vec())])];
    let mut listed = directory(&made);
    // The attributes of three files, and the rest of the property.
    listed.truncate(listed.len() - 2);
    let folder = 0x10_u32.to_le_bytes();
    property(&mut listed, 21, &[&[1, 0][..], &folder, &folder, &[0; 4]].concat());
    listed.extend([0, 0]);
    let members = vec![whole("a.log", b"x"), whole("logs/empty.log", b"")];
    let archive = with_directory(&made[0].packed, &listed);
    assert_eq!(from_both(Format::SevenZip, &archive, &options()), Seen { members, end: None });
}

#[test]
fn unlisted_data_are_reported() {
    let made = [copied(&[("a.log", b"x".to_vec())])];
    let intact = directory(&made);
    let message =
        format!("the 7z archive is damaged (it contains data that its table of contents does not list); {ASK}");
    let replaced = |from: &[u8], to: &[u8]| {
        let at = intact.windows(from.len()).position(|bytes| bytes == from).unwrap();
        let listed = [&intact[..at], to, &intact[at + from.len()..]].concat();
        from_both(Format::SevenZip, &with_directory(b"xy", &listed), &options())
    };
    // The first of three files loses its data, so that the next entry without data becomes a file.
    let members = vec![whole("logs", b"")];
    assert_eq!(replaced(&[14, 1, 0x60], &[14, 1, 0xe0]), Seen { members, end: Some(message.clone()) });
    // Another packed stream of one byte, which belongs to no block.
    let members = vec![whole("a.log", b"x"), whole("logs/empty.log", b"")];
    assert_eq!(replaced(&[6, 0, 1, 9, 1], &[6, 0, 2, 9, 1, 1]), Seen { members, end: Some(message) });
}

#[test]
fn faults_of_the_archive_are_reported_in_full() {
    let blocks = [lzma2(&files())];
    let archive = seven_zip(&blocks);
    let only = |why: &str| Seen { members: vec![], end: Some(why.to_owned()) };
    let message = format!(
        "the 7z archive is cut short: the table of contents at its end is missing; none of it could be read; {ASK}"
    );
    assert_eq!(from_both(Format::SevenZip, &archive[..archive.len() - 1], &options()), only(&message));
    assert_eq!(
        from_both(Format::SevenZip, &archive[..10], &options()),
        only(&format!("the 7z archive is cut short; {ASK}"))
    );
    let last = archive.len() - 1;
    for (at, why) in [
        (12, "the checksum of its header does not match"),
        (last, "the checksum of its table of contents does not match"),
    ] {
        let mut changed = archive.clone();
        changed[at] ^= 1;
        let message = format!("the 7z archive is damaged ({why}); {ASK}");
        assert_eq!(from_both(Format::SevenZip, &changed, &options()), only(&message));
    }
    let message = format!("the 7z archive is damaged (its table of contents is inconsistent); {ASK}");
    assert_eq!(from_both(Format::SevenZip, &with_directory(b"", &[1, 5, 3]), &options()), only(&message));
    assert_eq!(from_both(Format::SevenZip, &with_directory(b"", b""), &options()), Seen { members: vec![], end: None });

    let trailing = [&archive[..], b"?"].concat();
    let message = "1 byte after the end of the 7z archive was not read; if they are part of the log, save them to a \
                separate file and scan that";
    assert_eq!(from_both(Format::SevenZip, &trailing, &options()).end.as_deref(), Some(message));

    let limited = Options { held_bytes: 100, ..options() };
    let message = "the 7z archive has to be kept in memory as a whole and is larger than 0 MiB; extract it and scan \
                the extracted files";
    assert_eq!(from_stream(Format::SevenZip, &archive, &limited), only(message));
    assert_eq!(from_file(Format::SevenZip, &archive, &limited).end, None);
    let limited = Options { max_members: 1, ..options() };
    let message = "the 7z archive has more than 1 files, and the rest was not read; raise --max-members to read more";
    let seen = from_both(Format::SevenZip, &archive, &limited);
    assert_eq!((seen.members.len(), seen.end.as_deref()), (1, Some(message)));
}

#[test]
fn an_archive_cut_at_any_byte_is_read_up_to_there_and_reported() {
    cuts_are_reported(Format::SevenZip, &seven_zip(&[lzma2(&files()), deflated(&files())]), &options());
}

/// The checksums of the directory are corrected, so that damage in it reaches the decoder.
#[test]
fn a_wrong_bit_anywhere_is_reported_or_changes_nothing() {
    let blocks = [lzma2(&files()), lzma(&[("c.log", b"zzzz".to_vec())]), copied(&[("d.log", b"z".to_vec())])];
    let archive = seven_zip(&blocks);
    flips_are_survived(Format::SevenZip, &archive, &options());
    let packed: Vec<u8> = blocks.iter().flat_map(|made| made.packed.clone()).collect();
    let mut directory = directory(&blocks);
    // Without the empty files, which damage can turn into folders.
    let all_data = |seen: &Seen| seen.members.iter().map(|(_, data, _)| &**data).collect::<Vec<_>>().concat();
    let intact = all_data(&from_stream(Format::SevenZip, &archive, &options()));
    for at in 0..directory.len() {
        for flip in [1 << (at % 8), 0x80, 0xff] {
            directory[at] ^= flip;
            let seen = from_stream(Format::SevenZip, &with_directory(&packed, &directory), &options());
            let data = all_data(&seen);
            assert!(seen.is_reported() || data == intact, "{at} {flip}: {seen:?}");
            assert!(data.len() < 1 << 20, "{at} {flip}");
            directory[at] ^= flip;
        }
    }
}
