//! tar: headers of 512 bytes, each followed by the data of its member.
//!
//! Links have no data of their own: what they lead to is another member, or lies elsewhere. Each is told under its name, for
//! whoever chose that name. Every member counts, also behind an end mark, as where archives were concatenated. An archive that ends without a
//! mark may have been cut between two members, and is reported; a header that does not match its checksum ends the walk, as
//! nothing says where the next one is.
//!
//! The structure is simple and the `tar` crate's reader does not tell a cut from an end, so it is read here.

use std::io::{self, Read};
use std::ops::ControlFlow;

use super::{Entry, Format, Item, Options, UNPACK, Visit, refused, unix_time, without_dots};
use crate::problem::{Kind, Loss};
use crate::source::compression::passed_on;
use crate::source::input::Input;
use crate::source::name::shown_bytes;

const BLOCK: u64 = 512;
const BLOCK_BYTES: usize = 512;

/// How long a name or a list of attributes may be that stands before a header, in bytes.
const EXTENSION_LIMIT: u64 = 1 << 20;

type Block = [u8; BLOCK_BYTES];

/// Whether `head`, the first 512 bytes of a file or all of it, begins a tar archive.
pub(super) fn begins(head: &[u8]) -> bool {
    let field = |start: usize, end: usize| head.get(start..end).and_then(number).is_some();
    let has_magic = head.get(257..265).is_some_and(|magic| magic.starts_with(b"ustar\0") || magic == b"ustar  \0");
    // The letters alone might stand in a text, but hardly between numbers and before a NUL.
    if has_magic && field(100, 108) && field(124, 136) && field(148, 156) {
        return true;
    }
    let Some(block) = head.first_chunk::<BLOCK_BYTES>() else { return false };
    block[0] != 0 && block.contains(&0) && field(100, 108) && field(124, 136) && Header::of(block).is_some()
}

/// A header whose checksum is right.
struct Header<'b> {
    block: &'b Block,
    size: u64,
    type_flag: u8,
}

impl Header<'_> {
    fn of(block: &Block) -> Option<Header<'_>> {
        let stored = number(&block[148..156])?;
        // Some old writers took bytes for signed.
        let (mut unsigned, mut signed) = (0_i64, 0_i64);
        for (at, &byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        if ![unsigned, signed].contains(&stored) {
            return None;
        }
        let size = u64::try_from(number(&block[124..136])?).ok()?;
        Some(Header { block, size, type_flag: block[156] })
    }

    fn name(&self) -> Vec<u8> {
        let name = text(&self.block[..100]);
        let is_posix = self.block[257..].starts_with(b"ustar\0");
        let prefix = if is_posix { text(&self.block[345..500]) } else { b"" };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }
}

/// A text that ends at a NUL or fills its field.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A number: octal between spaces and NULs, or in GNU's binary form. An empty field is zero.
fn number(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // Two's complement, of which the highest bit is the mark of this form.
        let sign = if first & 0x40 == 0 { 0 } else { -1 };
        let first = i64::from(first & 0x3f) | (sign << 6);
        return rest.iter().try_fold(first, |sum, byte| sum.checked_mul(256)?.checked_add(i64::from(*byte)));
    }
    let field = field.trim_ascii_start();
    let end = field.iter().position(|byte| matches!(byte, 0 | b' ')).unwrap_or(field.len());
    field[..end].iter().try_fold(0_i64, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(i64::from(byte - b'0')),
        _ => None,
    })
}

/// What stands before a header and overrules it.
#[derive(Clone, Default)]
struct Attributes {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
    modified: Option<i64>,
    is_sparse: bool,
}

impl Attributes {
    /// Takes pax records, each of which says its length, a key and a value.
    fn take(&mut self, mut records: &[u8]) -> Option<()> {
        while !records.is_empty() {
            let (len, _) = split_at_byte(records, b' ')?;
            let (record, rest) = records.split_at_checked(decimal(len)?)?;
            let (key, value) = split_at_byte(record.get(len.len() + 1..)?.strip_suffix(b"\n")?, b'=')?;
            match key {
                b"path" | b"GNU.sparse.name" => self.name = Some(text(value).to_vec()),
                b"linkpath" => self.target = Some(text(value).to_vec()),
                b"size" => self.size = Some(decimal(value)?),
                b"mtime" => {
                    let whole = value.split(|byte| *byte == b'.').next().unwrap_or_default();
                    self.modified = decimal(whole);
                }
                _ => {}
            }
            self.is_sparse |= key.starts_with(b"GNU.sparse.");
            records = rest;
        }
        Some(())
    }
}

fn decimal<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn split_at_byte(bytes: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|byte| *byte == separator)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// See [`super::walk`].
pub(super) fn walk(input: Input, options: &Options, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut walk = Walk {
        input,
        everywhere: Attributes::default(),
        before: Attributes::default(),
        long_name: None,
        long_target: None,
    };
    let mut members = 0;
    while let Some(block) = walk.next_block()? {
        let header = Header::of(&block).ok_or_else(|| {
            Format::Tar.damaged("a header contradicts its checksum, and what follows it was not read")
        })?;
        if walk.take_extension(&header)? {
            continue;
        }
        members += 1;
        if members > options.max_members {
            return Err(Format::Tar.too_many_members(options.max_members).into());
        }
        if walk.member(&header, visit)?.is_break() {
            break;
        }
    }
    Ok(())
}

struct Walk {
    input: Input,
    /// Of all members that follow.
    everywhere: Attributes,
    /// Of the next one.
    before: Attributes,
    long_name: Option<Vec<u8>>,
    /// Of a link.
    long_target: Option<Vec<u8>>,
}

impl Walk {
    /// The next block that is not all zeros; `None` at the end.
    fn next_block(&mut self) -> io::Result<Option<Block>> {
        let mut is_marked = false;
        loop {
            if self.input.peek(1).is_empty() {
                return match self.input.failure() {
                    Some(error) => Err(passed_on(error, None)),
                    None if is_marked => Ok(None),
                    None => {
                        let what = "the tar archive ends without its end mark, so members may be missing".to_owned();
                        Err(Loss { what, ..Format::Tar.truncated(None) }.into())
                    }
                };
            }
            let Some(block) = self.input.array::<BLOCK_BYTES>() else {
                // What is shorter than a block and behind the mark is padding of another size.
                return if is_marked {
                    self.input.failure().map_or(Ok(None), |error| Err(passed_on(error, None)))
                } else {
                    Err(self.short())
                };
            };
            if block.iter().any(|byte| *byte != 0) {
                if is_marked && Header::of(&block).is_none() {
                    let block = Input::new(Box::new(io::Cursor::new(block)));
                    let mut rest = Input::new(Box::new(block.chain(std::mem::take(&mut self.input))));
                    return Format::Tar.trailing(&mut rest).map(|()| None);
                }
                return Ok(Some(block));
            }
            is_marked = true;
        }
    }

    fn short(&mut self) -> io::Error {
        Format::Tar.cut(&mut self.input, None)
    }

    /// Takes what only says something of later members, and whether it was that.
    fn take_extension(&mut self, header: &Header<'_>) -> io::Result<bool> {
        match header.type_flag {
            b'L' => self.long_name = Some(text(&self.extension(header.size)?).to_vec()),
            b'x' | b'X' | b'g' => {
                let records = self.extension(header.size)?;
                let attributes = if header.type_flag == b'g' { &mut self.everywhere } else { &mut self.before };
                attributes.take(&records).ok_or_else(|| Format::Tar.damaged("the attributes of a member"))?;
            }
            b'K' => self.long_target = Some(text(&self.extension(header.size)?).to_vec()),
            // The volume's name.
            b'V' => self.pass(header.size)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn extension(&mut self, size: u64) -> io::Result<Vec<u8>> {
        if size > EXTENSION_LIMIT {
            let what = format!("a member's name or attributes take more than {} KiB", EXTENSION_LIMIT >> 10);
            return Err(Loss { kind: Kind::OverLimit, what, delivered: None, remedy: UNPACK }.into());
        }
        let mut bytes = Vec::new();
        self.input.by_ref().take(size).read_to_end(&mut bytes)?;
        let padding = padding(size);
        if (bytes.len() as u64) < size || self.input.skip(padding) < padding {
            return Err(self.short());
        }
        Ok(bytes)
    }

    /// Passes over data and what fills its last block.
    fn pass(&mut self, size: u64) -> io::Result<()> {
        let len = size.checked_add(padding(size)).ok_or_else(|| Format::Tar.damaged("the size of a member"))?;
        if self.input.skip(len) < len { Err(self.short()) } else { Ok(()) }
    }

    fn member(&mut self, header: &Header<'_>, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let before = std::mem::take(&mut self.before);
        let (long_name, long_target) = (self.long_name.take(), self.long_target.take());
        let size = before.size.or(self.everywhere.size).unwrap_or(header.size);
        let name = before.name.or_else(|| self.everywhere.name.clone()).or(long_name);
        let name = name.unwrap_or_else(|| header.name());
        let modified = before.modified.or(self.everywhere.modified).or_else(|| number(&header.block[136..148]));
        let entry = Entry {
            name: without_dots(&shown_bytes(&name)),
            size: Some(size),
            packed: Some(size),
            modified: modified.and_then(unix_time),
        };
        let flow = match header.type_flag {
            b'1' | b'2' => {
                let target = before.target.or(long_target).unwrap_or_else(|| text(&header.block[157..257]).to_vec());
                let flow = visit(Item::Unread(entry, link(&target)));
                // One to what is stored already has no data, whatever it says of a size.
                if header.type_flag == b'1' {
                    return Ok(flow);
                }
                flow
            }
            b'3'..=b'6' | b'D' => ControlFlow::Continue(()),
            // Before there were types, a folder was what ends with a slash.
            0 if name.ends_with(b"/") => ControlFlow::Continue(()),
            b'S' => {
                self.pass_sparse_map(header.block)?;
                visit(Item::Unread(entry, refused("it is stored without its holes (sparse)", UNPACK)))
            }
            _ if before.is_sparse || self.everywhere.is_sparse => {
                visit(Item::Unread(entry, refused("it is stored without its holes (sparse)", UNPACK)))
            }
            b'M' => visit(Item::Unread(entry, refused("it began in another volume of the tar archive", UNPACK))),
            _ => return self.data(entry, size, visit),
        };
        if flow.is_continue() {
            self.pass(size)?;
        }
        Ok(flow)
    }

    fn data(&mut self, entry: Entry, size: u64, visit: &mut Visit<'_>) -> io::Result<ControlFlow<()>> {
        let mut data = Data { input: &mut self.input, left: size, delivered: 0, is_faulty: false };
        let flow = visit(Item::Member(entry, &mut data));
        let Data { left, is_faulty, .. } = data;
        if flow.is_break() || is_faulty {
            return Ok(ControlFlow::Break(()));
        }
        let len = left.checked_add(padding(size)).ok_or_else(|| Format::Tar.damaged("the size of a member"))?;
        if self.input.skip(len) < len {
            return Err(self.short());
        }
        Ok(flow)
    }

    /// Passes over the blocks in which the map of a sparse file goes on.
    fn pass_sparse_map(&mut self, header: &Block) -> io::Result<()> {
        let mut goes_on = header[482];
        while goes_on != 0 {
            let block = self.input.array::<BLOCK_BYTES>().ok_or_else(|| self.short())?;
            goes_on = block[504];
        }
        Ok(())
    }
}

fn link(target: &[u8]) -> Loss {
    let what = format!("link to {}, not followed", shown_bytes(target));
    Loss {
        kind: Kind::Link,
        what,
        delivered: None,
        remedy: "what the archive holds of that is read under its own name",
    }
}

/// What fills the last block of data.
fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

/// The data of a member.
struct Data<'i> {
    input: &'i mut Input,
    left: u64,
    delivered: u64,
    is_faulty: bool,
}

impl Read for Data<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if wanted == 0 || self.is_faulty {
            return Ok(0);
        }
        let len = self.input.read(&mut out[..wanted])?;
        if len == 0 {
            self.is_faulty = true;
            return Err(Format::Tar.cut(self.input, Some(self.delivered)));
        }
        self.left -= len as u64;
        self.delivered += len as u64;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Container;
    use super::super::testing::*;
    use super::*;

    /// A header in the format of POSIX, with its checksum.
    fn header(name: &str, type_flag: u8, size: usize) -> Block {
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

    fn summed(mut block: Block) -> Block {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block
    }

    fn member(name: &str, type_flag: u8, data: &[u8]) -> Vec<u8> {
        let padding = usize::try_from(padding(data.len() as u64)).unwrap();
        [&header(name, type_flag, data.len()), data, &vec![0; padding]].concat()
    }

    /// Records as of pax, each with its own length.
    fn records(texts: &[&str]) -> Vec<u8> {
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

    fn end() -> Vec<u8> {
        vec![0; 2 * BLOCK_BYTES]
    }

    fn two_members() -> Vec<u8> {
        let [a, b] = two_logs();
        [member(a.0, b'0', &a.1), member(b.0, b'0', &b.1), end()].concat()
    }

    fn seen(parts: &[Vec<u8>]) -> Seen {
        let archive = parts.concat();
        assert_eq!(Format::of(&archive[..archive.len().min(Format::HEAD_BYTES)]), Some(Format::Tar));
        from_both(Format::Tar, &archive, &options())
    }

    #[test]
    fn members_are_visited_with_what_is_told_of_them() {
        let mut entries = Vec::new();
        let stream = Container::Stream(Box::new(io::Cursor::new(two_members())));
        super::super::walk(Format::Tar, stream, &options(), &mut |item| {
            // Nothing is read: the walk passes over it.
            if let Item::Member(entry, _) = item {
                entries.push(entry);
            }
            ControlFlow::Continue(())
        })
        .unwrap();
        let [a, b] = two_logs();
        let entry = |name: &str, data: &[u8]| Entry {
            name: name.to_owned(),
            size: Some(data.len() as u64),
            packed: Some(data.len() as u64),
            modified: unix_time(1000),
        };
        assert_eq!(entries, [entry(a.0, &a.1), entry(b.0, &b.1)]);
    }

    #[test]
    fn what_holds_no_text_is_passed_over() {
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
    fn links_are_told_with_what_they_lead_to() {
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
        let told = |name: &str, target: &str| {
            let why =
                format!("link to {target}, not followed; what the archive holds of that is read under its own name");
            (name.to_owned(), Vec::new(), Some(why))
        };
        let members = vec![
            told("hard.log", "a.log"),
            told("soft.log", "../b.log"),
            told("gnu.log", &long),
            told("pax.log", "é.log"),
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
    fn a_size_may_stand_in_the_attributes_or_be_binary() {
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
    fn sparse_members_are_told_and_the_others_read() {
        let mut sparse = header("gnu.log", b'S', 4);
        sparse[482] = 1;
        let parts = [
            summed(sparse).to_vec(),
            vec![0; BLOCK_BYTES],
            [&b"text"[..], &[0; BLOCK_BYTES - 4]].concat(),
            member("pax", b'x', &records(&["GNU.sparse.major=1", "GNU.sparse.name=pax.log"])),
            member("cut", b'0', b"text"),
            member("a.log", b'0', b"x"),
            end(),
        ];
        let loss = "it is stored without its holes (sparse); unpack it and name the result";
        let unread = |name: &str| (name.to_owned(), Vec::new(), Some(loss.to_owned()));
        let members = vec![unread("gnu.log"), unread("pax.log"), whole("a.log", b"x")];
        assert_eq!(seen(&parts), Seen { members, end: None });
    }

    #[test]
    fn all_members_of_concatenated_archives_count() {
        let parts = [member("a.log", b'0', b"x"), end(), member("b.log", b'0', b"y"), end(), vec![0; 300]];
        assert_eq!(seen(&parts), Seen { members: vec![whole("a.log", b"x"), whole("b.log", b"y")], end: None });
    }

    #[test]
    fn what_is_wrong_is_told_whole() {
        let a = || member("a.log", b'0', b"x");
        let cases: [(Vec<Vec<u8>>, &str); 6] = [
            (
                vec![a()],
                "the tar archive ends without its end mark, so members may be missing; ask for the file again, copied whole",
            ),
            (vec![a(), vec![b'?'; 10]], "the tar archive breaks off; ask for the file again, copied whole"),
            (
                vec![a(), vec![b'?'; 600]],
                "the tar archive is damaged (a header contradicts its checksum, and what follows it was not read); ask for the file again, copied whole",
            ),
            (
                vec![a(), end(), vec![b'?'; 600]],
                "600 bytes behind the end of the tar archive were not read; if they belong to the log, cut them out and name them as a file",
            ),
            (
                vec![a(), member("pax", b'x', b"7 path\n"), end()],
                "the tar archive is damaged (the attributes of a member); ask for the file again, copied whole",
            ),
            (
                vec![a(), header("long", b'L', 1 << 21).to_vec()],
                "a member's name or attributes take more than 1024 KiB; unpack it and name the result",
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
        let end = "the tar archive has more than 1 members, and the others were not read; --max-members reads more";
        assert_eq!((seen.members.len(), seen.end.as_deref()), (1, Some(end)));
    }

    #[test]
    fn a_text_is_no_tar_archive() {
        let mut text = b"2017-02-14 02:57:24 call result = 102\r\n".repeat(20);
        assert_eq!(Format::of(&text), None);
        text[257..262].copy_from_slice(b"ustar");
        assert_eq!(Format::of(&text), None);
        assert_eq!(Format::of(&[0; 512]), None);
        // Before POSIX there was no magic.
        let mut old = header("a.log", 0, 0);
        old[257..265].fill(0);
        assert_eq!(Format::of(&summed(old)), Some(Format::Tar));
        assert_eq!(Format::of(&old), None, "the checksum");
    }

    #[test]
    fn cuts() {
        cuts_are_told(Format::Tar, &two_members(), &options());
    }

    #[test]
    fn flips() {
        flips_are_survived(Format::Tar, &two_members(), &options());
    }
}
