use super::super::Container;
use super::super::testing::*;
use super::*;
use crate::unpack::recognise;

/// Returns a header in the format of POSIX, with its checksum.
pub(super) fn header(name: &str, type_flag: u8, size: usize) -> Block {
    let mut block = [0; BLOCK_BYTES];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000001750\0");
    put(156, &[type_flag]);
    put(257, b"ustar\x0000");
    summed(block)
}

pub(super) fn summed(mut block: Block) -> Block {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

pub(super) fn member(name: &str, type_flag: u8, data: &[u8]) -> Vec<u8> {
    let padding = usize::try_from(padding(data.len() as u64)).unwrap();
    [&header(name, type_flag, data.len()), data, &vec![0; padding]].concat()
}

/// Encodes pax attributes, each with its length.
pub(super) fn records(texts: &[&str]) -> Vec<u8> {
    let record = |text: &&str| {
        let rest = text.len() + 2;
        let len = (1..).find(|len| len_of(*len) + rest == *len).unwrap();
        format!("{len} {text}\n").into_bytes()
    };
    texts.iter().flat_map(record).collect()
}

fn len_of(number: usize) -> usize {
    number.to_string().len()
}

pub(super) fn end() -> Vec<u8> {
    vec![0; 2 * BLOCK_BYTES]
}

fn two_members() -> Vec<u8> {
    let [a, b] = two_logs();
    [member(a.0, b'0', &a.1), member(b.0, b'0', &b.1), end()].concat()
}

pub(super) fn seen(parts: &[Vec<u8>]) -> Seen {
    let archive = parts.concat();
    assert_eq!(Format::of(&archive[..archive.len().min(recognise::HEAD_BYTES)]), Some(Format::Tar));
    from_both(Format::Tar, &archive, &options())
}

#[test]
fn names_sizes_and_times_reach_the_visitor() {
    let mut entries = Vec::new();
    let stream = Container::Stream(Box::new(io::Cursor::new(two_members())));
    super::super::walk(Format::Tar, stream, &options(), &mut |item| {
        // The visitor reads nothing, and the walk skips the data.
        if let Item::Member(label, _) = item {
            entries.push(label);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let [a, b] = two_logs();
    let label = |name: &str, data: &[u8]| Label {
        name: name.to_owned(),
        size: Some(data.len() as u64),
        packed: Some(data.len() as u64),
        modified: unix_time(1000),
    };
    assert_eq!(entries, [label(a.0, &a.1), label(b.0, &b.1)]);
}

#[test]
fn members_without_text_are_skipped() {
    let parts = [
        member("logs/", b'5', b""),
        header("device", b'3', 0).to_vec(),
        member("old/", 0, b""),
        member("volume", b'V', b""),
        member("a.log", 0, b"x"),
        member("reserved", b'Z', b"y"),
        end(),
    ];
    let expected = Seen { members: vec![whole("a.log", b"x"), whole("reserved", b"y")], end: None };
    assert_eq!(seen(&parts), expected);
}

#[test]
fn links_are_reported_with_their_targets() {
    let to = |name: &str, type_flag: u8, size: usize, target: &str| {
        let mut block = header(name, type_flag, size);
        block[157..157 + target.len()].copy_from_slice(target.as_bytes());
        summed(block).to_vec()
    };
    let long = "t".repeat(600);
    let parts = [
        to("hard.log", b'1', 5000, "a.log"),
        to("./soft.log", b'2', 0, "../b.log"),
        member("././@LongLink", b'K', format!("{long}\0").as_bytes()),
        to("gnu.log", b'1', 0, "cut"),
        member("pax", b'x', &records(&["linkpath=é.log"])),
        to("pax.log", b'2', 0, "cut"),
        member("./a.log", b'0', b"x"),
        end(),
    ];
    let message = |name: &str, target: &str| {
        let why =
            format!("link to {target}, not followed; if the file is in the archive, it is read under its own name");
        (name.to_owned(), Vec::new(), Some(why))
    };
    let members = vec![
        message("hard.log", "a.log"),
        message("soft.log", "../b.log"),
        message("gnu.log", &long),
        message("pax.log", "é.log"),
        whole("a.log", b"x"),
    ];
    assert_eq!(seen(&parts), Seen { members, end: None });
}

#[test]
fn names_may_be_long_or_not_unicode() {
    let long = format!("logs/{}.log", "n".repeat(600));
    let mut prefixed = header("name.log", b'0', 0);
    prefixed[345..351].copy_from_slice(b"folder");
    let mut filled = header(&"n".repeat(100), b'0', 0);
    filled[0] = 0xff;
    let parts = [
        member("././@LongLink", b'L', format!("{long}\0").as_bytes()),
        member("cut", b'0', b"gnu"),
        member("pax", b'x', &records(&["path=pax/é.log", "mtime=1000.5"])),
        member("cut", b'0', b"pax"),
        summed(prefixed).to_vec(),
        summed(filled).to_vec(),
        end(),
    ];
    let filled = format!("\\xff{}", "n".repeat(99));
    let members =
        vec![whole(&long, b"gnu"), whole("pax/é.log", b"pax"), whole("folder/name.log", b""), whole(&filled, b"")];
    assert_eq!(seen(&parts), Seen { members, end: None });
}

#[test]
fn a_size_may_be_in_the_attributes_or_binary() {
    let mut binary = header("binary.log", b'0', 0);
    binary[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
    let data = |text: &[u8]| [text, &vec![0; BLOCK_BYTES - text.len()]].concat();
    let parts = [
        member("pax", b'x', &records(&["size=4"])),
        header("pax.log", b'0', 0).to_vec(),
        data(b"four"),
        summed(binary).to_vec(),
        data(b"six"),
        end(),
    ];
    let members = vec![whole("pax.log", b"four"), whole("binary.log", b"six")];
    assert_eq!(seen(&parts), Seen { members, end: None });
}

#[test]
fn all_members_of_concatenated_archives_are_read() {
    let parts = [member("a.log", b'0', b"x"), end(), member("b.log", b'0', b"y"), end(), vec![0; 300]];
    assert_eq!(seen(&parts), Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end: None });
}

#[test]
fn faults_are_reported_in_full() {
    let a = || member("a.log", b'0', b"x");
    let cases: [(Vec<Vec<u8>>, &str); 6] = [
        (
            vec![a()],
            "the tar archive has no end marker, so files may be missing; ask the sender for a complete copy of the \
             file",
        ),
        (vec![a(), vec![b'?'; 10]], "the tar archive is cut short; ask the sender for a complete copy of the file"),
        (
            vec![a(), vec![b'?'; 600]],
            "the tar archive is damaged (the checksum of a header does not match, and what follows was not read); \
             ask the sender for a complete copy of the file",
        ),
        (
            vec![a(), end(), vec![b'?'; 600]],
            "600 bytes after the end of the tar archive were not read; if they are part of the log, save them to a \
             separate file and scan that",
        ),
        (
            vec![a(), member("pax", b'x', b"7 path\n"), end()],
            "the tar archive is damaged (the attributes of a file); ask the sender for a complete copy of the file",
        ),
        (
            vec![a(), header("long", b'L', 1 << 21).to_vec()],
            "the name or attributes of a file take more than 1024 KiB; extract it and scan the extracted files",
        ),
    ];
    for (parts, end) in cases {
        assert_eq!(seen(&parts), Seen { members: vec![whole("a.log", b"x")], end: Some(end.to_owned()) });
    }
}

#[test]
fn no_more_members_than_allowed_are_visited() {
    let options = Options { max_members: 1, ..options() };
    let seen = from_both(Format::Tar, &two_members(), &options);
    let end = "the tar archive has more than 1 files, and the rest was not read; raise --max-members to read more";
    assert_eq!((seen.members.len(), seen.end.as_deref()), (1, Some(end)));
}

#[test]
fn text_is_not_a_tar_archive() {
    let mut text = b"2017-02-14 02:57:24 call result = 102\r\n".repeat(20);
    assert_eq!(Format::of(&text), None);
    text[257..262].copy_from_slice(b"ustar");
    assert_eq!(Format::of(&text), None);
    assert_eq!(Format::of(&[0; 512]), None);
    // Before POSIX, there was no magic.
    let mut old = header("a.log", 0, 0);
    old[257..265].fill(0);
    assert_eq!(Format::of(&summed(old)), Some(Format::Tar));
    assert_eq!(Format::of(&old), None, "the checksum");
}

#[test]
fn an_archive_cut_at_any_byte_is_read_up_to_there_and_reported() {
    cuts_are_reported(Format::Tar, &two_members(), &options());
}

#[test]
fn a_wrong_bit_anywhere_is_reported_or_changes_nothing() {
    flips_keep(Format::Tar, &two_members(), &options(), <[u8]>::len);
}
