mod passwords;

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;

use lzma_rust2::{LzmaOptions, LzmaWriter, XzOptions, XzWriter};

use super::super::testing::*;
use super::super::{Container, Format, Item, Label, Options, unix_time};
use super::*;

/// The place where a member states its sizes.
#[derive(Clone, Copy, PartialEq)]
enum Sizes {
    Before,
    Zip64,
    After,
    BehindUnsigned,
    AfterZip64,
}

/// A member to write into an archive. Each of its fields may be wrong.
#[derive(Clone)]
struct Made {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    packed: Vec<u8>,
    size: u64,
    extra: Vec<u8>,
    sizes: Sizes,
    /// The system on which the archive is said to be written, and the mode of the file.
    system: u8,
    mode: u32,
}

fn crc(data: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum()
}

fn made(name: &str, method: u16, data: &[u8], packed: Vec<u8>) -> Made {
    let (crc, size) = (crc(data), data.len() as u64);
    let name = name.as_bytes().to_vec();
    Made {
        name,
        flags: 0,
        method,
        crc,
        packed,
        size,
        extra: Vec::new(),
        sizes: Sizes::Before,
        system: 3,
        mode: 0o100_644,
    }
}

fn stored(name: &str, data: &[u8]) -> Made {
    made(name, 0, data, data.to_vec())
}

fn deflated(name: &str, data: &[u8]) -> Made {
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(data).unwrap();
    made(name, 8, data, writer.finish().unwrap())
}

fn bzipped(name: &str, data: &[u8]) -> Made {
    let mut writer = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
    writer.write_all(data).unwrap();
    made(name, 12, data, writer.finish().unwrap())
}

fn lzma(name: &str, data: &[u8], has_end_mark: bool) -> Made {
    let options = LzmaOptions { dict_size: 1 << 16, ..LzmaOptions::with_preset(6) };
    let mut writer = LzmaWriter::new_no_header(Vec::new(), &options, has_end_mark).unwrap();
    writer.write_all(data).unwrap();
    let properties = [9, 20, 5, 0, options.get_props(), 0, 0, 1, 0];
    let packed = [&properties[..], &writer.finish().unwrap()].concat();
    Made { flags: if has_end_mark { 2 } else { 0 }, ..made(name, 14, data, packed) }
}

fn xz(name: &str, data: &[u8]) -> Made {
    let mut writer = XzWriter::new(Vec::new(), XzOptions::with_preset(6)).unwrap();
    writer.write_all(data).unwrap();
    made(name, 95, data, writer.finish().unwrap())
}

fn zstd(name: &str, data: &[u8]) -> Made {
    // Two frames, as written by programs that compress in parallel, each after a frame without data, as 7-Zip ZS writes it.
    let (one, other) = data.split_at(data.len() / 2);
    let frame = |data| ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest);
    let skipped = [&0x184d_2a50_u32.to_le_bytes()[..], &[4, 0, 0, 0, 1, 2, 3, 4]].concat();
    made(name, 93, data, [&skipped, &frame(one), &skipped, &frame(other), &skipped].map(|frame| &frame[..]).concat())
}

/// Returns `len` times an `a`, as a match that only deflate64 has: with 16 extra bits for its length.
fn deflate64(name: &str, len: usize) -> Made {
    let mut bits = Vec::new();
    // Codes begin with their highest bit, numbers with their lowest.
    let mut code = |code: u32, len: u32| bits.extend((0..len).rev().map(|bit| code >> bit & 1));
    code(0b110, 3); // The last block, with fixed codes (number 1, lowest bit first).
    code(0x30 + u32::from(b'a'), 8);
    code(0b1100_0101, 8); // Symbol 285: three and the number that follows.
    code((u32::try_from(len - 4).unwrap() << 16).reverse_bits(), 16);
    code(0, 5); // The distance: one byte.
    code(0, 7); // The end.
    made(name, 9, &vec![b'a'; len], bytes_of_bits(&bits))
}

/// Packs bits into bytes, the lowest bit first.
fn bytes_of_bits(bits: &[u32]) -> Vec<u8> {
    let byte = |bits: &[u32]| bits.iter().rev().fold(0, |sum, bit| sum * 2 + u8::try_from(*bit).unwrap());
    bits.chunks(8).map(byte).collect()
}

/// Returns `count` times an `a`, then an invalid length (symbol 286), and as many zeros.
fn broken_deflate64(name: &str, count: usize) -> Made {
    let mut bits = vec![1, 1, 0];
    let literal = (0..8).rev().map(|bit| (0x30 + u32::from(b'a')) >> bit & 1);
    bits.extend(literal.cycle().take(8 * count));
    bits.extend([1, 1, 0, 0, 0, 1, 1, 0]);
    bits.extend(vec![0; 8 * count]);
    made(name, 9, &vec![b'a'; 2 * count], bytes_of_bits(&bits))
}

impl Made {
    fn with(self, sizes: Sizes) -> Made {
        Made { sizes, ..self }
    }

    fn has_descriptor(&self) -> bool {
        !matches!(self.sizes, Sizes::Before | Sizes::Zip64)
    }

    /// Returns the fields from the flags to the lengths.
    fn common(&self, is_header: bool) -> Vec<u8> {
        let (mut crc, mut packed, mut size) =
            (self.crc, u32::try_from(self.packed.len()).unwrap(), u32::try_from(self.size).unwrap());
        if is_header && self.has_descriptor() {
            (crc, packed, size) = (0, 0, 0);
        }
        if self.sizes == Sizes::Zip64 {
            (packed, size) = (u32::MAX, u32::MAX);
        }
        let flags = self.flags | if self.has_descriptor() { 8 } else { 0 };
        let mut bytes = Vec::new();
        // 2017-02-14 02:57:24.
        for number in [flags, self.method, (2 << 11) | (57 << 5) | 12, (37 << 9) | (2 << 5) | 14] {
            bytes.extend(number.to_le_bytes());
        }
        for number in [crc, packed, size] {
            bytes.extend(number.to_le_bytes());
        }
        for len in [self.name.len(), self.all_extra().len()] {
            bytes.extend(u16::try_from(len).unwrap().to_le_bytes());
        }
        bytes
    }

    fn all_extra(&self) -> Vec<u8> {
        let mut extra = self.extra.clone();
        if self.sizes == Sizes::Zip64 {
            extra.extend([1, 0, 16, 0]);
            extra.extend(self.size.to_le_bytes());
            extra.extend((self.packed.len() as u64).to_le_bytes());
        }
        extra
    }

    fn header(&self) -> Vec<u8> {
        [&b"PK\x03\x04\x14\0"[..], &self.common(true), &self.name, &self.all_extra()].concat()
    }

    fn descriptor(&self) -> Vec<u8> {
        let (crc, packed) = (self.crc.to_le_bytes(), self.packed.len() as u64);
        let long = [&crc[..], &packed.to_le_bytes(), &self.size.to_le_bytes()].concat();
        let short = [&crc[..], &packed.to_le_bytes()[..4], &self.size.to_le_bytes()[..4]].concat();
        match self.sizes {
            Sizes::Before | Sizes::Zip64 => Vec::new(),
            Sizes::After => [b"PK\x07\x08", &short[..]].concat(),
            Sizes::BehindUnsigned => short,
            Sizes::AfterZip64 => [b"PK\x07\x08", &long[..]].concat(),
        }
    }

    fn listed(&self, offset: usize) -> Vec<u8> {
        let version = [b"PK\x01\x02\x3f", &[self.system][..], b"\x14\0"].concat();
        let rest = [&[0; 6][..], &(self.mode << 16).to_le_bytes(), &u32::try_from(offset).unwrap().to_le_bytes()];
        [version, self.common(false), rest[..1].concat(), rest[1..].concat(), self.name.clone(), self.all_extra()]
            .concat()
    }
}

/// Returns an archive with these members, and with a directory that contains `listed`.
fn write(members: &[Made], listed: &[(usize, Made)], count: u16) -> Vec<u8> {
    let mut archive: Vec<u8> =
        members.iter().flat_map(|made| [made.header(), made.packed.clone(), made.descriptor()].concat()).collect();
    let offset = archive.len();
    archive.extend(listed.iter().flat_map(|(offset, made)| made.listed(*offset)));
    let len = archive.len() - offset;
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    archive.extend(u32::try_from(len).unwrap().to_le_bytes());
    archive.extend(u32::try_from(offset).unwrap().to_le_bytes());
    archive.extend([0, 0]);
    archive
}

fn with_offsets(members: &[Made]) -> Vec<(usize, Made)> {
    let mut offset = 0;
    let mut listed = Vec::new();
    for made in members {
        listed.push((offset, made.clone()));
        offset += made.header().len() + made.packed.len() + made.descriptor().len();
    }
    listed
}

fn zip(members: &[Made]) -> Vec<u8> {
    write(members, &with_offsets(members), u16::try_from(members.len()).unwrap())
}

fn seen(members: &[Made]) -> Seen {
    from_both(Format::Zip, &zip(members), &options())
}

fn every_method(sizes: Sizes) -> Vec<Made> {
    let [a, b] = two_logs();
    let mut members = vec![
        stored("stored.log", &a.1),
        stored("empty.log", b""),
        deflated("deflate.log", &b.1),
        deflate64("deflate64.log", 40_000),
        bzipped("bzip2.log", &b.1),
        lzma("lzma.log", &b.1, true),
        zstd("zstd.log", &b.1),
        xz("xz.log", &b.1),
    ];
    if sizes == Sizes::Before {
        members.push(lzma("unmarked.log", &b.1, false));
    }
    members.into_iter().map(|made| made.with(sizes)).collect()
}

#[test]
fn every_method_is_read_wherever_the_sizes_are_stated() {
    let [a, b] = two_logs();
    for sizes in [Sizes::Before, Sizes::Zip64, Sizes::After, Sizes::BehindUnsigned, Sizes::AfterZip64] {
        let mut members = vec![whole("stored.log", &a.1), whole("empty.log", b""), whole("deflate.log", &b.1)];
        members.push(whole("deflate64.log", &[b'a'; 40_000]));
        members.extend(["bzip2.log", "lzma.log", "zstd.log", "xz.log"].map(|name| whole(name, &b.1)));
        if sizes == Sizes::Before {
            members.push(whole("unmarked.log", &b.1));
        }
        assert_eq!(seen(&every_method(sizes)), Seen { members, end: None });
    }
}

#[test]
fn names_sizes_and_times_reach_the_visitor() {
    let mut with_time = stored("b.log", b"y");
    with_time.extra = [&[0x55, 0x54, 5, 0, 1][..], &1_487_041_045_u32.to_le_bytes()].concat();
    let mut link = stored("link", b"b.log");
    link.mode = 0o120_777;
    let a = deflated("logs/a.log", &[b'a'; 28]);
    let packed = a.packed.len() as u64;
    let members = [stored("logs/", b""), a, with_time, link];
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&zip(&members)).unwrap();
    let len = file.metadata().unwrap().len();
    let zip = ZipFile::open(Arc::new(file.into()), 0, len, &options()).unwrap().unwrap();
    let entries: Vec<Label> = zip.labels().cloned().collect();
    let label = |name: &str, size: u64, packed: u64, modified: i64| Label {
        name: name.to_owned(),
        size: Some(size),
        packed: Some(packed),
        modified: unix_time(modified),
    };
    let expected = [
        label("logs/a.log", 28, packed, 1_487_041_044),
        label("b.log", 1, 1, 1_487_041_045),
        label("link", 5, 5, 1_487_041_044),
    ];
    assert_eq!(entries, expected);
    let mut met = Vec::new();
    for index in (0..entries.len()).rev() {
        let flow = zip.read(index, &mut |item| {
            met.push(meet(item).0);
            ControlFlow::Continue(())
        });
        assert_eq!(flow.unwrap(), ControlFlow::Continue(()));
    }
    assert_eq!(met, ["link", "b.log", "logs/a.log"]);
}

/// Only the directory states that a member is a link, and one wrong bit there turns a log into a link.
#[test]
fn a_link_is_read_as_a_file_however_the_archive_is_read() {
    let link = Made { mode: 0o120_777, ..stored("link", b"logs/a.log") };
    let flipped = Made { mode: 0o120_644, ..stored("a.log", b"call result = 102\n") };
    let members = vec![whole("link", b"logs/a.log"), whole("a.log", b"call result = 102\n")];
    assert_eq!(seen(&[link, flipped]), Seen { members, end: None });
}

#[test]
fn names_are_read_in_their_encodings() {
    let named = |name: &[u8]| Made { name: name.to_vec(), ..stored("", b"x") };
    let unicode = [&[0x75, 0x70, 10, 0, 1][..], &crc(b"?.log").to_le_bytes(), "é.lo".as_bytes()].concat();
    let members = [
        named(b"caf\x82.log"),
        named("café.log".as_bytes()),
        Made { flags: 1 << 11, ..named(b"caf\x82.log") },
        Made { extra: unicode, ..named(b"?.log") },
        Made { extra: vec![1], ..named("../a.log".as_bytes()) },
    ];
    let names = ["café.log", "café.log", r"caf\x82.log", "é.lo", "../a.log"];
    let expected = Seen { members: names.iter().map(|name| whole(name, b"x")).collect(), end: None };
    assert_eq!(seen(&members), expected);
    // Only the directory states that the archive was written on Windows.
    let dos = Made { system: 0, ..named(br"logs\a.log") };
    let unix = named(br"logs\b.log");
    let expected = Seen { members: vec![whole("logs/a.log", b"x"), whole(r"logs\b.log", b"x")], end: None };
    assert_eq!(from_file(Format::Zip, &zip(&[dos, unix]), &options()), expected);
}

#[test]
fn archives_may_be_empty_or_follow_each_other_or_have_comments() {
    assert_eq!(seen(&[]), Seen { members: vec![], end: None });
    let (one, other) = (zip(&[stored("a.log", b"x")]), zip(&[stored("b.log", b"y").with(Sizes::After)]));
    let expected = Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end: None };
    assert_eq!(from_both(Format::Zip, &[&one[..], &other].concat(), &options()), expected);
    let mut commented = one.clone();
    let at = commented.len() - 2;
    commented[at] = 9;
    commented.extend(b"a comment");
    let expected = Seen { members: vec![whole("a.log", b"x")], end: None };
    assert_eq!(from_both(Format::Zip, &commented, &options()), expected);
    assert_eq!(from_both(Format::Zip, &[&b"PK\x07\x08"[..], &one].concat(), &options()).members, expected.members);
}

#[test]
fn faults_of_a_member_are_reported_and_the_others_are_read() {
    let after = || stored("b.log", b"y");
    let text = b"call result = 102 call result = 102\n";
    let mut broken = deflated("a.log", text);
    // An invalid type of block.
    broken.packed[0] |= 6;
    let mut short = deflated("a.log", text);
    short.packed.truncate(10);
    // Three bits for the header of the block, and eight for each letter.
    let short_text = &text[..(10 * 8 - 3) / 8];
    let cases = [
        (
            Made { method: 98, ..stored("a.log", text) },
            &text[..0],
            format!("it is compressed by a method that is not supported (PPMd); {UNPACK}"),
        ),
        (
            Made { method: 77, ..stored("a.log", text) },
            b"",
            format!("it is compressed by a method that is not supported (number 77); {UNPACK}"),
        ),
        (
            Made { flags: 1 | 64, ..stored("a.log", text) },
            b"",
            format!("it is encrypted in a way that is not supported; {UNPACK}"),
        ),
        (broken, b"", damage("deflate", "invalid deflate data", 0)),
        (broken_deflate64("a.log", 5), b"aaaaa", damage("deflate64", "invalid deflate64 data", 5)),
        (Made { crc: 1, ..stored("a.log", text) }, text, damage("stored", "the checksum does not match", 36)),
        (Made { size: 40, ..stored("a.log", text) }, text, damage("stored", "the length does not match", 36)),
        (
            Made { size: 3, ..deflated("a.log", text) },
            &text[..3],
            damage("deflate", "it unpacks to more bytes than the archive states", 3),
        ),
        (short, short_text, damage("deflate", "it ends too early", short_text.len())),
    ];
    for (made, data, why) in cases {
        let members = vec![lost("a.log", data, &why), whole("b.log", b"y")];
        assert_eq!(seen(&[made, after()]), Seen { members, end: None });
    }
}

const UNPACK: &str = "extract it and scan the extracted files";

fn damage(method: &str, why: &str, delivered: usize) -> String {
    let place = match delivered {
        0 => "none of it could be read".to_owned(),
        len => format!("only the whole lines in the {len} bytes before that were read, and some of them may be wrong"),
    };
    format!("the {method} data is damaged ({why}); {place}; {ASK}")
}

#[test]
fn a_directory_that_contradicts_the_archive_is_reported_and_all_members_are_read() {
    let members = [stored("a.log", b"x"), stored("b.log", b"y")];
    let listed = with_offsets(&members);
    let end = Some(format!("the zip archive is damaged (its table of contents does not match the files in it); {ASK}"));
    let expected = Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end };
    // A member that is not listed, a listed one that does not exist, and a wrong count.
    assert_eq!(from_both(Format::Zip, &write(&members, &listed[1..], 1), &options()), expected);
    assert_eq!(from_both(Format::Zip, &write(&members, &listed[..1], 1), &options()), expected);
    let three = [&members[..1], &[deflated("c.log", b"z").with(Sizes::After)], &members[1..]].concat();
    let mut outer = with_offsets(&three);
    outer.remove(1);
    let Seen { members: read, end } = from_both(Format::Zip, &write(&three, &outer, 2), &options());
    assert_eq!((read, &end), (vec![whole("a.log", b"x"), whole("c.log", b"z"), whole("b.log", b"y")], &expected.end));
    let more = [&listed[..], &[(7, stored("c.log", b"z"))]].concat();
    assert_eq!(from_stream(Format::Zip, &write(&members, &more, 3), &options()), expected);
    let miscounted = from_file(Format::Zip, &write(&members, &listed, 7), &options());
    assert_eq!(miscounted, Seen { end: None, ..expected });
}

/// Bytes between members that are no member: a descriptor after a long extra field, padding, and a block of signatures.
#[test]
fn other_bytes_between_members_are_skipped() {
    let extra = [&[0xca, 0xfe, 60, 0][..], &[b'P'; 60]].concat();
    let aligned = Made { extra, ..stored("a.log", b"x") }.with(Sizes::AfterZip64);
    let (before, after) = ([aligned.header(), aligned.packed.clone(), aligned.descriptor()].concat(), [7; 9000]);
    // Only the header has the extra field.
    let listed = vec![(0, Made { extra: Vec::new(), ..aligned.clone() }), (before.len() + 40, stored("b.log", b"y"))];
    let padded = Made { packed: [&b"x"[..], &aligned.descriptor(), &[0; 40]].concat(), ..aligned.with(Sizes::Before) };
    let signed = Made { packed: [&b"y"[..], &after].concat(), ..stored("b.log", b"y") };
    let mut archive = write(&[padded, signed], &listed, 2);
    archive[..before.len()].copy_from_slice(&before);
    // The size of the second member, in its local header.
    let size = before.len() + 40 + 18;
    archive[size..size + 4].copy_from_slice(&1_u32.to_le_bytes());
    let expected = Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end: None };
    assert_eq!(from_file(Format::Zip, &archive, &options()), expected);
}

/// If this were not reported, a larger size in the directory would hide the members that follow.
#[test]
fn a_directory_with_another_size_is_reported() {
    let members = [deflated("a.log", b"x"), stored("b.log", b"y"), stored("c.log", b"z")];
    let mut listed = with_offsets(&members);
    let hidden = listed.remove(1).1;
    listed[0].1.packed.extend([hidden.header(), hidden.packed].concat());
    let message = format!("the zip archive is damaged (the header of a file contradicts the table of contents); {ASK}");
    let expected = Seen { members: vec![lost("a.log", b"", &message), whole("c.log", b"z")], end: None };
    assert_eq!(from_file(Format::Zip, &write(&members, &listed, 2), &options()), expected);
}

#[test]
fn overlapping_members_are_not_read_twice() {
    let inner = stored("b.log", b"y");
    let mut outer = stored("a.log", &inner.header());
    outer.size += 1;
    let members = [Made { packed: [inner.header(), b"y".to_vec()].concat(), ..outer }];
    let listed = [(0, members[0].clone()), (members[0].header().len(), inner)];
    let message = format!("the zip archive is damaged (files overlap); {ASK}");
    let expected = Seen { members: vec![lost("a.log", b"", &message), whole("b.log", b"y")], end: None };
    assert_eq!(from_file(Format::Zip, &write(&members, &listed, 2), &options()), expected);
}

#[test]
fn faults_of_the_archive_are_reported_in_full() {
    let archive = zip(&[stored("a.log", b"x"), stored("b.log", b"y")]);
    let trailing = [&archive[..], b"?", &[0; 9]].concat();
    let message = "10 bytes after the end of the zip archive were not read; if they are part of the log, save them to a \
                separate file and scan that";
    assert_eq!(from_both(Format::Zip, &trailing, &options()).end.as_deref(), Some(message));
    assert_eq!(from_both(Format::Zip, &[&archive[..], &[0; 10]].concat(), &options()).end, None);

    let mut misled = archive.clone();
    misled[0] = b'?';
    let message = format!("the zip archive is damaged (there is other data where a file should begin); {ASK}");
    assert_eq!(
        from_stream(Format::Zip, &misled, &options()),
        Seen { members: vec![whole("b.log", b"y")], end: Some(message) }
    );
    let message = format!("the zip archive is damaged (a file is not where the table of contents states); {ASK}");
    let members = vec![lost("a.log", b"", &message), whole("b.log", b"y")];
    assert_eq!(from_file(Format::Zip, &misled, &options()), Seen { members, end: None });

    let message = format!("the zip archive is cut short; {ASK}");
    let members = vec![whole("a.log", b"x"), whole("b.log", b"y")];
    assert_eq!(from_both(Format::Zip, &archive[..archive.len() - 1], &options()), Seen { members, end: Some(message) });

    let message = "the zip archive has more than 1 files, and the rest was not read; raise --max-members to read more";
    let limited = Options { max_members: 1, ..options() };
    assert_eq!(
        from_both(Format::Zip, &archive, &limited),
        Seen { members: vec![whole("a.log", b"x")], end: Some(message.to_owned()) }
    );
}

#[test]
fn a_part_of_a_split_archive_is_reported_and_all_parts_joined_are_read() {
    let members = [stored("a.log", b"call result = 102\n"), stored("b.log", b"y")];
    let all = [whole("a.log", b"call result = 102\n"), whole("b.log", b"y")];
    let message = "it is one part of a split zip archive; put all parts in one folder, extract them with 7-Zip, and \
                scan the extracted files";
    // In the second part, which begins at the second member.
    let second = members[0].header().len() + members[0].packed.len();
    let mut archive =
        [&b"PK\x07\x08"[..], &write(&members, &[(4, members[0].clone()), (0, members[1].clone())], 2)].concat();
    let end = archive.len() - 22;
    archive[end + 4..end + 10].copy_from_slice(&[1, 0, 1, 0, 1, 0]);
    assert_eq!(from_both(Format::Zip, &archive, &options()), Seen { members: all.to_vec(), end: None });
    for (cut, count) in [(4, 0), (20, 0), (4 + second, 1)] {
        let expected = Seen { members: all[..count].to_vec(), end: Some(message.to_owned()) };
        assert_eq!(from_both(Format::Zip, &archive[..cut], &options()), expected, "{cut}");
    }
    let data = from_both(Format::Zip, &archive[..4 + second - 1], &options());
    assert_eq!((data.members.len(), data.end.as_deref()), (1, Some(message)));
    assert!(matches!(at_end(&archive[4 + second..]), Some(AtEnd::Part)));
}

fn at_end(file: &[u8]) -> Option<AtEnd> {
    let mut on_disk = tempfile::tempfile().unwrap();
    on_disk.write_all(file).unwrap();
    AtEnd::of(&Arc::new(on_disk.into()), file.len() as u64, &options()).unwrap()
}

fn names_at_end(file: &[u8]) -> Vec<String> {
    let Some(AtEnd::Whole(zip)) = at_end(file) else { panic!("it is whole") };
    zip.labels().map(|label| label.name.clone()).collect()
}

#[test]
fn an_archive_is_found_after_the_program_that_unpacks_it() {
    let members = [stored("a.log", b"x"), stored("b.log", b"y")];
    // A program that unpacks archives contains the signature of members.
    let program = [&b"MZ\x90\0"[..], &[7; 100], b"PK\x03\x04", &[7; 100]].concat();
    let moved = |by: usize| with_offsets(&members).into_iter().map(|(at, made)| (at + by, made)).collect::<Vec<_>>();
    let adjusted = |by: usize| {
        let mut archive = [&program[..], &write(&members, &moved(by), 2)].concat();
        let offset = archive.len() - 6;
        let message = u32::from_le_bytes(*archive[offset..].first_chunk().unwrap()) + u32::try_from(by).unwrap();
        archive[offset..offset + 4].copy_from_slice(&message.to_le_bytes());
        archive
    };
    for by in [0, program.len()] {
        assert_eq!(names_at_end(&adjusted(by)), ["a.log", "b.log"]);
    }
    let mut misled = zip(&members);
    misled[0] = 0xff;
    assert_eq!(names_at_end(&misled), ["a.log", "b.log"]);
    // Its beginning is missing, or its directory leaves out a member.
    assert!(matches!(at_end(&misled[1..]), Some(AtEnd::Damaged)));
    let three = [&members[..1], &[stored("c.log", b"z")], &members[1..]].concat();
    for left_out in 0..3 {
        let mut listed = with_offsets(&three);
        listed.remove(left_out);
        let archive = [&program[..], &write(&three, &listed, 2)].concat();
        assert!(matches!(at_end(&archive), Some(AtEnd::Damaged)), "{left_out}");
    }
    for other in [&b""[..], b"MZ", &program, &misled[..misled.len() - 1], &[&program[..], &zip(&[])].concat()] {
        assert!(at_end(other).is_none());
    }
}

/// Adds the zip64 records that archives of more than 65,534 members have at their end. The locator states `offset`, and the
/// count in the end record is all ones.
fn with_long_end(archive: &[u8], by: usize, offset: impl Fn(u64) -> u64) -> Vec<u8> {
    let (rest, end) = archive.split_at(archive.len() - 22);
    let number =
        |at: usize, len: usize| end[at..at + len].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    let (count, len, place) = (number(10, 2), number(12, 4), number(16, 4) + by as u64);
    let mut made = [rest, b"PK\x06\x06"].concat();
    made.extend(44_u64.to_le_bytes());
    made.extend([45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    made.extend([count, count, len, place].map(u64::to_le_bytes).concat());
    made.extend(b"PK\x06\x07\0\0\0\0");
    made.extend(offset((rest.len() + by) as u64).to_le_bytes());
    made.extend([1, 0, 0, 0]);
    made.extend([&end[..8], &[0xff; 4], &end[12..]].concat());
    made
}

#[test]
fn an_archive_of_many_members_is_found_after_the_program_that_unpacks_it() {
    let members = [stored("a.log", b"x"), stored("b.log", b"y")];
    let program = [&b"MZ\x90\0"[..], &[7; 100]].concat();
    let archive = with_long_end(&zip(&members), 0, |offset| offset);
    let all = Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end: None };
    assert_eq!(from_both(Format::Zip, &archive, &options()), all);
    assert_eq!(names_at_end(&[&program[..], &archive].concat()), ["a.log", "b.log"]);
    // The same if offsets count from the beginning of the program.
    let by = program.len();
    let moved: Vec<(usize, Made)> = with_offsets(&members).into_iter().map(|(at, made)| (at + by, made)).collect();
    let moved = with_long_end(&write(&members, &moved, 2), by, |offset| offset);
    assert_eq!(names_at_end(&[&program[..], &moved].concat()), ["a.log", "b.log"]);
}

/// The file is then read from start to end, as after any other fault in its directory.
#[test]
fn a_directory_beyond_the_end_is_not_searched_there() {
    let archive = zip(&[stored("a.log", b"x"), stored("b.log", b"y")]);
    let all = Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end: None };
    // The record is 98 bytes before the end. Offsets: the right one, one byte more, and beyond the end.
    for by in [0, 1, 42, 43, 98, 1 << 40, u64::MAX] {
        let misled = with_long_end(&archive, 0, |offset| offset.saturating_add(by));
        assert_eq!(from_both(Format::Zip, &misled, &options()), all, "{by}");
        let program = [&b"MZ\x90\0"[..], &misled].concat();
        assert!(matches!(at_end(&program), Some(AtEnd::Whole(_))) == (by == 0), "{by}");
    }
}

/// Fuzzing found this: if an offset was beyond the end, the file seemed to have become shorter, and nothing was read.
#[test]
fn a_member_beyond_the_end_does_not_affect_the_others() {
    let members = [stored("a.log", b"x"), stored("b.log", b"y")];
    for far in [600, 16 << 20, usize::try_from(u32::MAX - 1).unwrap()] {
        let mut listed = with_offsets(&members);
        listed[0].0 = far;
        let mut archive = [&b"MZ\x90\0"[..], &write(&members, &listed, 2)].concat();
        assert!(matches!(at_end(&archive), Some(AtEnd::Damaged)), "{far}: a member is left out");
        // Without the beginning of that member, nothing remains.
        archive[4..8].fill(0);
        assert_eq!(names_at_end(&archive), ["b.log", "a.log"], "{far}");
    }
}

#[test]
fn a_visit_may_end_the_walk_or_read_nothing() {
    let archive = zip(&every_method(Sizes::After));
    for stop in [1, 3, 8] {
        let mut names = 0;
        let stream = Container::Stream(Box::new(Cursor::new(archive.clone())));
        let result = super::super::walk(Format::Zip, stream, &options(), &mut |item| {
            assert!(matches!(item, Item::Member(..)));
            names += 1;
            if names == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(result.is_ok());
        assert_eq!(names, stop);
    }
}

/// Returns members of all kinds, small enough to test every cut and every wrong bit.
fn small() -> Vec<Made> {
    let text = b"call result = 102 call result = 102\n";
    vec![
        deflated("a.log", text),
        stored("b.log", text).with(Sizes::After),
        zstd("c.log", text).with(Sizes::BehindUnsigned),
        deflate64("d.log", 40),
        lzma("e.log", text, false).with(Sizes::Zip64),
        bzipped("f.log", text),
        xz("g.log", text),
    ]
}

#[test]
fn an_archive_cut_at_any_byte_is_read_up_to_there_and_reported() {
    cuts_are_reported(Format::Zip, &zip(&small()), &options());
}

#[test]
fn a_wrong_bit_anywhere_is_reported_or_changes_nothing() {
    flips_are_survived(Format::Zip, &zip(&small()), &options());
}
