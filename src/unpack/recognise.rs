//! What a file or stream is, judged by its first bytes and never by its name.
//!
//! [`TABLE`] lists every format by what it begins with; the first row that fits decides. What no row fits is text,
//! unless [`binary`](super::binary) finds control characters in it as no text has them.
//!
//! Invariants:
//! * The order is archives, compression, formats that cannot be read, damaged compression, text, binary formats. An archive comes before
//!   compression because a tar archive begins with the name of its first member, which may be spelled like anything.
//! * Text is never taken for anything else, because a log passed over is worse than a picture searched in vain. A row
//!   whose bytes are letters asks for something more that no text has.
//! * [`HEAD_BYTES`] decide all but whether something is binary, which takes [`SAMPLE_BYTES`].

use std::fmt;

use memchr::memmem;

use self::Recognised as Is;
use super::archive::{begins_tar, crc32};
use super::binary::{has_control, is_not_text};
use super::fault::damaged;
use crate::problem::{Kind, Loss, Remedy};

/// How many bytes decide what something is unless it is text or binary.
pub const HEAD_BYTES: usize = 512;
/// How many bytes decide whether something is text or binary.
pub const SAMPLE_BYTES: usize = 8 << 10;

/// How many bytes of a program are looked at for an archive behind it: more than those that unpack themselves have.
pub(crate) const PROGRAM_BYTES: usize = 1 << 20;
/// How many bytes the last ones are by which some disk images are known.
pub(crate) const TRAILER_BYTES: usize = 512;

/// The name of what is only known not to be text.
pub(crate) const NOT_TEXT: &str = "not text";

/// What something is by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// An archive to be read member by member.
    Archive(Format),
    /// Data to be decompressed.
    Codec(Codec),
    /// Compressed data whose first bytes are wrong.
    Damaged(Codec),
    /// An archive or compressed data of a format that cannot be read.
    Unsupported(Unsupported),
    /// Something that holds no text, and the name of what it is.
    Binary(&'static str),
    /// Anything else.
    Text,
}

/// An archive format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// PKWARE's, as everybody writes it.
    Zip,
    /// As POSIX and GNU write it, and as it was before.
    Tar,
    /// 7-Zip's own.
    SevenZip,
    /// Microsoft's cabinet.
    Cab,
}

/// A compressed format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// What bzip2(1) writes.
    Bzip2,
    /// The .xz format, not the older .lzma.
    Xz,
    /// The LZ4 frame format, not the legacy one.
    Lz4,
}

/// A format that cannot be read. Logs may be in it, so it is reported as a loss, while a picture is only skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// An archive, named with its article.
    Archive(&'static str),
    /// A compressed format.
    Codec(&'static str),
    /// Something else that files may be in, named with its article.
    Container(&'static str),
    /// A Windows event log.
    EventLog,
    /// A later part of an archive, which is recognised by its name, as nothing else tells what it is.
    LaterPart,
}

/// What something is that begins with `head`, its first [`SAMPLE_BYTES`] or all of it.
#[must_use]
pub fn recognise(head: &[u8]) -> Recognised {
    first(head, Some).unwrap_or_else(|| if is_not_text(head) { Recognised::Binary(NOT_TEXT) } else { Recognised::Text })
}

/// Whether it begins like a binary format whose signature is more than what damaged data begin with now and then.
pub(crate) fn is_certainly_binary(head: &[u8]) -> bool {
    let binary = TABLE.iter().filter(|row| matches!(row.is, Recognised::Binary(_)));
    binary.filter(|row| row.bytes.len() >= 4).any(|row| row.begins(head))
}

/// Whether a binary format of this name is that of programs, behind which something may be packed.
pub(crate) fn is_program(kind: &str) -> bool {
    kind.ends_with("executable")
}

/// What is packed behind a program that begins with `program`, its first [`PROGRAM_BYTES`] or all of it, apart from a zip.
pub(crate) fn packed_behind(program: &[u8]) -> Option<Unsupported> {
    let begins = |signature: &'static [u8], is: fn(&[u8]) -> bool| {
        memmem::find_iter(program, signature).any(|at| is(&program[at..]))
    };
    if begins(b"7z\xbc\xaf\x27\x1c", is_start_of_7z) {
        return Some(Unsupported::Archive("a self-extracting 7z"));
    }
    begins(b"Rar!\x1a\x07", is_start_of_rar).then_some(Unsupported::Archive("a self-extracting RAR"))
}

/// What something is that ends with `end`, its last [`TRAILER_BYTES`], and begins like nothing else.
pub(crate) fn by_trailer(end: &[u8]) -> Option<Unsupported> {
    let image = match end.get(..8)? {
        [b'k', b'o', b'l', b'y', 0, 0, 0, 4] => "a disk image (DMG)",
        b"conectix" => "a disk image (VHD)",
        _ => return None,
    };
    Some(Unsupported::Container(image))
}

/// Whether something of that name is a later part of an archive: `x.7z.002`, `x.zip.010`, `x.z01`, `x.r00`.
pub(crate) fn is_named_as_later_part(name: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else { return false };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match ending.strip_prefix(['z', 'Z', 'r', 'R']) {
        Some(digits) => digits.len() == 2 && is_number(digits),
        None => ending.len() == 3 && is_number(ending) && ending != "000" && ending != "001",
    }
}

impl Format {
    /// The format of an archive that begins with `head`, its first [`HEAD_BYTES`] or all of it.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Format> {
        first(head, |is| if let Recognised::Archive(format) = is { Some(format) } else { None })
    }
}

impl Codec {
    /// How many bytes [`Codec::of`] looks at.
    pub(super) const HEAD_BYTES: usize = 10;

    /// The format of compressed data that begin with `head`, their first 10 bytes or all of them.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Codec> {
        first(head, |is| if let Recognised::Codec(codec) = is { Some(codec) } else { None })
    }

    /// Whether `rest`, the last bytes of a file, may be the beginning of more of this codec's data.
    pub(super) fn may_begin(self, rest: &[u8]) -> bool {
        let mut own = TABLE.iter().filter(|row| row.at == 0 && row.is == Recognised::Codec(self));
        !rest.is_empty() && own.any(|row| row.bytes.starts_with(rest))
    }
}

impl Recognised {
    /// Why nothing of it can be read, if nothing can.
    pub(crate) fn loss(self) -> Option<Loss> {
        match self {
            Recognised::Damaged(codec) => Some(damaged(codec, "its first bytes are wrong", None)),
            Recognised::Unsupported(format) => Some(format.loss()),
            _ => None,
        }
    }
}

impl Unsupported {
    pub(crate) fn loss(self) -> Loss {
        let (what, remedy) = match self {
            Unsupported::Archive(name) => (format!("it is {name} archive, which is not supported"), Remedy::Unpack),
            Unsupported::Codec(name) => (format!("it is compressed by {name}, which is not supported"), Remedy::Unpack),
            Unsupported::Container(name) => (format!("it is {name}, which is not supported"), Remedy::Unpack),
            Unsupported::EventLog => {
                ("it is a Windows event log, which is not supported".to_owned(), Remedy::ExportEvents)
            }
            Unsupported::LaterPart => {
                ("its name marks it as a part of a split archive".to_owned(), Remedy::UnpackAllParts)
            }
        };
        Loss::new(Kind::Unreadable, what, remedy)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Zip => "zip",
            Format::Tar => "tar",
            Format::SevenZip => "7z",
            Format::Cab => "cab",
        })
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Bzip2 => "bzip2",
            Codec::Xz => "xz",
            Codec::Lz4 => "lz4",
        })
    }
}

/// A row of the table: bytes at an offset, what else has to be true of the beginning, and what it then is.
struct Signature {
    at: usize,
    bytes: &'static [u8],
    also: fn(&[u8]) -> bool,
    is: Recognised,
}

impl Signature {
    fn begins(&self, head: &[u8]) -> bool {
        head.get(self.at..).is_some_and(|rest| rest.starts_with(self.bytes))
    }
}

/// What `asked` makes of the first row that fits, of those of which it makes something.
fn first<T>(head: &[u8], asked: impl Fn(Recognised) -> Option<T>) -> Option<T> {
    TABLE.iter().find_map(|row| asked(row.is).filter(|_| row.begins(head) && (row.also)(head)))
}

const fn row(at: usize, bytes: &'static [u8], also: fn(&[u8]) -> bool, is: Recognised) -> Signature {
    Signature { at, bytes, also, is }
}

/// Every known beginning, in the order in which they are tried.
const TABLE: &[Signature] = &[
    row(0, b"PK\x03\x04", alone, Is::Archive(Format::Zip)),
    // Only the end, of an archive without members; the mark of a first or only part of several.
    row(0, b"PK\x05\x06", alone, Is::Archive(Format::Zip)),
    row(0, b"PK\x07\x08PK\x03\x04", alone, Is::Archive(Format::Zip)),
    row(0, b"PK00PK\x03\x04", alone, Is::Archive(Format::Zip)),
    row(0, b"7z\xbc\xaf\x27\x1c", alone, Is::Archive(Format::SevenZip)),
    row(0, b"MSCF", is_cab, Is::Archive(Format::Cab)),
    row(0, b"", begins_tar, Is::Archive(Format::Tar)),
    row(0, b"\x1f\x8b\x08", alone, Is::Codec(Codec::Gzip)),
    row(0, b"\x28\xb5\x2f\xfd", alone, Is::Codec(Codec::Zstd)),
    // Skippable frames are lz4's too; the first other frame decides.
    row(1, b"\x2a\x4d\x18", |head| head[0] & 0xf0 == 0x50, Is::Codec(Codec::Zstd)),
    row(0, b"BZh", is_bzip2, Is::Codec(Codec::Bzip2)),
    row(0, b"\xfd7zXZ\0", alone, Is::Codec(Codec::Xz)),
    row(0, b"\x04\x22\x4d\x18", alone, Is::Codec(Codec::Lz4)),
    row(0, b"Rar!\x1a\x07", alone, Is::Unsupported(Unsupported::Archive("a RAR"))),
    row(0, b"MSWIM\0\0\0", alone, Is::Unsupported(Unsupported::Archive("a WIM"))),
    row(0, b"\x60\xea", is_arj, Is::Unsupported(Unsupported::Archive("an ARJ"))),
    row(2, b"-l", is_lha, Is::Unsupported(Unsupported::Archive("an LHA"))),
    row(0, b"\xed\xab\xee\xdb", alone, Is::Unsupported(Unsupported::Archive("an RPM"))),
    row(0, b"0707", is_cpio, Is::Unsupported(Unsupported::Archive("a cpio"))),
    row(0, b"\xc7\x71", is_binary_cpio, Is::Unsupported(Unsupported::Archive("a cpio"))),
    row(0, b"xar!\0\x1c\0\x01", alone, Is::Unsupported(Unsupported::Archive("a xar"))),
    // Libraries are ar archives too; what comes first in them is their table of symbols.
    row(0, b"!<arch>\n", |head| !is_library(head), Is::Unsupported(Unsupported::Archive("an ar"))),
    row(0, b"vhdxfile", has_control, Is::Unsupported(Unsupported::Container("a disk image (VHDX)"))),
    row(0, b"conectix\0\0", alone, Is::Unsupported(Unsupported::Container("a disk image (VHD)"))),
    row(0, b"KDMV", has_control, Is::Unsupported(Unsupported::Container("a disk image (VMDK)"))),
    row(0, b"QFI\xfb\0\0\0", alone, Is::Unsupported(Unsupported::Container("a disk image (QCOW)"))),
    row(0, b"ElfFile\0", alone, Is::Unsupported(Unsupported::EventLog)),
    row(4, b"LfLe", has_control, Is::Unsupported(Unsupported::EventLog)),
    row(0, b"\x02\x21\x4c\x18", alone, Is::Unsupported(Unsupported::Codec("lz4 in its legacy format"))),
    row(
        1,
        b"\xb5\x2f\xfd",
        |head| matches!(head[0], 0x1e | 0x22..=0x27),
        Is::Unsupported(Unsupported::Codec("zstd in a legacy format")),
    ),
    row(0, b"LZIP\x01", alone, Is::Unsupported(Unsupported::Codec("lzip"))),
    row(0, b"\x89LZO\0\r\n\x1a\n", alone, Is::Unsupported(Unsupported::Codec("lzop"))),
    row(0, b"\xff\x06\0\0sNaPpY", alone, Is::Unsupported(Unsupported::Codec("snappy"))),
    row(0, b"\x1f\x9d", is_compress, Is::Unsupported(Unsupported::Codec("compress (.Z)"))),
    row(0, b"\x5d", is_lzma, Is::Unsupported(Unsupported::Codec("lzma (.lzma)"))),
    // No other method has ever been used.
    row(0, b"\x1f\x8b", alone, Is::Damaged(Codec::Gzip)),
    row(0, b"", |head| is_one_bit_off(head, b"\x1f\x8b\x08"), Is::Damaged(Codec::Gzip)),
    row(0, b"", |head| is_one_bit_off(head, b"\x28\xb5\x2f\xfd"), Is::Damaged(Codec::Zstd)),
    row(0, b"", |head| (b'1'..=b'9').any(|size| is_one_bit_off(head, &bzip2_head(size))), Is::Damaged(Codec::Bzip2)),
    row(0, b"BZh", |head| head.get(3).is_some_and(u8::is_ascii_digit) && has_control(head), Is::Damaged(Codec::Bzip2)),
    row(0, b"", |head| is_one_bit_off(head, b"\xfd7zXZ\0"), Is::Damaged(Codec::Xz)),
    row(0, b"", |head| is_one_bit_off(head, b"\x04\x22\x4d\x18"), Is::Damaged(Codec::Lz4)),
    // Byte order marks: whoever writes one writes text.
    row(0, b"\xef\xbb\xbf", alone, Is::Text),
    row(0, b"\xff\xfe", alone, Is::Text),
    row(0, b"\xfe\xff", alone, Is::Text),
    // What is left of archives is not judged by its bytes.
    row(0, b"PK\x07\x08", alone, Is::Text),
    row(257, b"ustar", alone, Is::Text),
    // What is found beside logs in support folders.
    row(0, b"\x89PNG\r\n\x1a\n", alone, Is::Binary("PNG picture")),
    row(0, b"\xff\xd8\xff", alone, Is::Binary("JPEG picture")),
    row(0, b"GIF87a", has_control, Is::Binary("GIF picture")),
    row(0, b"GIF89a", has_control, Is::Binary("GIF picture")),
    row(0, b"BM", has_control, Is::Binary("BMP picture")),
    row(0, b"II*\0", alone, Is::Binary("TIFF picture")),
    row(0, b"MM\0*", alone, Is::Binary("TIFF picture")),
    row(0, b"\0\0\x01\0", alone, Is::Binary("icon")),
    row(0, b"RIFF", has_control, Is::Binary("sound, film or WebP picture")),
    row(4, b"ftyp", has_control, Is::Binary("film")),
    row(0, b"ID3", has_control, Is::Binary("sound")),
    row(0, b"OggS", has_control, Is::Binary("sound or film")),
    row(0, b"wOFF", has_control, Is::Binary("font")),
    row(0, b"wOF2", has_control, Is::Binary("font")),
    row(0, b"MZ", has_control, Is::Binary("Windows executable")),
    row(0, b"\x7fELF", alone, Is::Binary("executable")),
    row(0, b"\xcf\xfa\xed\xfe", alone, Is::Binary("executable")),
    row(0, b"\xca\xfe\xba\xbe", alone, Is::Binary("executable")),
    row(0, b"\0asm", alone, Is::Binary("executable")),
    row(0, b"!<arch>\n", alone, Is::Binary("library")),
    row(0, b"L\0\0\0\x01\x14\x02\0", alone, Is::Binary("Windows shortcut")),
    row(0, b"%PDF-", alone, Is::Binary("PDF document")),
    row(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", alone, Is::Binary("Office document or installer")),
    row(0, b"SQLite format 3\0", alone, Is::Binary("SQLite database")),
    row(4, b"\xef\xcd\xab\x89", alone, Is::Binary("Windows database")),
    row(0, b"regf", has_control, Is::Binary("registry hive")),
    row(0, b"MDMP", has_control, Is::Binary("memory dump")),
    row(0, b"PAGEDU", has_control, Is::Binary("memory dump")),
    row(0, b"\xd4\xc3\xb2\xa1", alone, Is::Binary("network capture")),
    row(0, b"\xa1\xb2\xc3\xd4", alone, Is::Binary("network capture")),
    row(0, b"\n\r\r\n", has_control, Is::Binary("network capture")),
    row(0, b"TZif", has_control, Is::Binary("time zone")),
    row(1, b"\r\r\n\0\0\0\0", alone, Is::Binary("compiled Python")),
];

/// The bytes of the row are enough.
fn alone(_: &[u8]) -> bool {
    true
}

/// Whether `head` begins with `magic` but for one bit. Where a disk or a line has flipped it, the data would otherwise be
/// read as text, in which nothing is found.
fn is_one_bit_off(head: &[u8], magic: &[u8]) -> bool {
    let Some(head) = head.get(..magic.len()) else { return false };
    head.iter().zip(magic).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>() == 1
}

/// How bzip2 data begin, for this digit.
fn bzip2_head(size: u8) -> [u8; 10] {
    [b'B', b'Z', b'h', size, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
}

/// The letters `BZh` and a digit may begin a text; what follows them in bzip2 does not.
fn is_bzip2(head: &[u8]) -> bool {
    const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let Some((&[_, _, _, size @ b'1'..=b'9'], rest)) = head.split_first_chunk() else { return false };
    let rest = &rest[..rest.len().min(6)];
    !rest.is_empty() && (bzip2_head(size)[4..].starts_with(rest) || END.starts_with(rest))
}

/// Whether the flags give a length that codes can reach, in bits, and leave the two reserved bits out.
fn is_compress(head: &[u8]) -> bool {
    head.len() > 3 && head[2] & 0x60 == 0 && (9..=16).contains(&(head[2] & 0x1F))
}

/// Whether the usual properties are followed by a dictionary size that there is, the length of the text, if that is given,
/// and the first byte of the data, which is always zero.
fn is_lzma(head: &[u8]) -> bool {
    let Some(&[_, a, b, c, d, e, f, g, h, i, j, k, l, 0]) = head.first_chunk() else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let is_usual = dictionary.is_power_of_two() || (dictionary % 3 == 0 && (dictionary / 3).is_power_of_two());
    let len = u64::from_le_bytes([e, f, g, h, i, j, k, l]);
    dictionary >= 1 << 12 && is_usual && (len == u64::MAX || len < 1 << 40)
}

/// Whether a main header follows: its length and that of its first part, then a version and more, and its type.
fn is_arj(head: &[u8]) -> bool {
    let Some(&[_, _, low, high, first, .., kind]) = head.first_chunk::<11>() else { return false };
    let len = u16::from_le_bytes([low, high]);
    (30..=2600).contains(&len) && (30..=46).contains(&first) && kind == 2
}

/// Whether the reserved field is zero, as it should be, or the version is the one that there is.
fn is_cab(head: &[u8]) -> bool {
    head.get(4..8) == Some(&[0; 4]) || head.get(24..26) == Some(&[3, 1])
}

/// Whether a method follows, as in `-lh5-`, and the level of the header, which is a control character.
fn is_lha(head: &[u8]) -> bool {
    matches!(head.get(..21), Some(&[_, _, b'-', b'l', b'h' | b'z', _, b'-', .., 0..=3]))
}

/// Whether a header of digits follows, and the name of a file that ends with a NUL.
fn is_cpio(head: &[u8]) -> bool {
    let (len, is_digit): (_, fn(&u8) -> bool) = match head.get(4..6) {
        Some(b"01" | b"02") => (110, u8::is_ascii_hexdigit),
        Some(b"07") => (76, |byte| (b'0'..=b'7').contains(byte)),
        _ => return false,
    };
    let Some((header, name)) = head.split_at_checked(len) else { return false };
    header.iter().all(is_digit) && name.iter().position(|&byte| byte == 0).is_some_and(|len| len > 0)
}

/// Whether the name of a file ends where the header says, with a NUL.
fn is_binary_cpio(head: &[u8]) -> bool {
    let Some(&[low, high]) = head.get(20..22) else { return false };
    let len = usize::from(u16::from_le_bytes([low, high]));
    len > 1 && head.get(25 + len) == Some(&0) && !head[26..25 + len].contains(&0)
}

fn is_library(head: &[u8]) -> bool {
    let first = head.get(8..).unwrap_or_default();
    [&b"/"[..], b"__.", b"#1/"].iter().any(|name| first.starts_with(name))
}

/// Whether the header that follows the signature has the checksum that it should have.
fn is_start_of_7z(bytes: &[u8]) -> bool {
    let Some(&[_, _, _, _, _, _, 0, _, a, b, c, d, ref header @ ..]) = bytes.first_chunk::<32>() else { return false };
    crc32(header) == u32::from_le_bytes([a, b, c, d])
}

/// Whether a main header follows the signature, of the older or the newer format, or in the newer one that of encryption.
fn is_start_of_rar(bytes: &[u8]) -> bool {
    matches!(bytes.get(6..), Some([0, _, _, 0x73, ..] | [1, 0, _, _, _, _, 3..=0x7f, 1 | 4, ..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    const LINE: &str = " 2017-02-14 call result = 102\r\n";

    #[test]
    fn archives_are_known_by_their_first_bytes() {
        let cases: [(&[u8], Format); 6] = [
            (b"PK\x03\x04\x14\0", Format::Zip),
            (b"PK\x05\x06\0\0", Format::Zip),
            (b"PK00PK\x03\x04\x14\0", Format::Zip),
            (b"7z\xbc\xaf\x27\x1c\0\x04", Format::SevenZip),
            (b"MSCF\0\0\0\0\x2c", Format::Cab),
            (b"MSCF\x01\x02\x03\x04\x2c\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\0\x03\x01", Format::Cab),
        ];
        for (head, format) in cases {
            assert_eq!((recognise(head), Format::of(head)), (Recognised::Archive(format), Some(format)), "{head:?}");
        }
    }

    #[test]
    fn formats_that_cannot_be_read_are_named() {
        let newc = [&b"070701"[..], &[b'0'; 104], b"a.log\0"].concat();
        let odc = [&b"070707"[..], &[b'0'; 70], b"a.log\0"].concat();
        let mut old = [&b"\xc7\x71"[..], &[0; 24], b"a.log\0"].concat();
        old[20] = 6;
        let cases: [(&[u8], &str); 22] = [
            (b"\x21\x5a-lh5-\x10\0\0\0\x20\0\0\0\0\0\0\0\x20\0\x05a.log", "it is an LHA archive"),
            (b"\xed\xab\xee\xdb\x03\0\0\0", "it is an RPM archive"),
            (&newc, "it is a cpio archive"),
            (&odc, "it is a cpio archive"),
            (&old, "it is a cpio archive"),
            (b"xar!\0\x1c\0\x01\0\0", "it is a xar archive"),
            (b"!<arch>\ndebian-binary   1410122664  0     0     100644  4         `\n2.0\n", "it is an ar archive"),
            (b"vhdxfileM\0i\0", "it is a disk image (VHDX)"),
            (b"conectix\0\0\0\x02", "it is a disk image (VHD)"),
            (b"KDMV\x01\0\0\0", "it is a disk image (VMDK)"),
            (b"QFI\xfb\0\0\0\x03", "it is a disk image (QCOW)"),
            (b"ElfFile\0\0\0", "it is a Windows event log"),
            (b"0\0\0\0LfLe\x01\0\0\0", "it is a Windows event log"),
            (b"Rar!\x1a\x07\x01\0", "it is a RAR archive"),
            (b"MSWIM\0\0\0\xd0\0\0\0", "it is a WIM archive"),
            (b"\x60\xea\x2b\0\x22\x0b\x01\x02\x10\0\x02", "it is an ARJ archive"),
            (b"\x02\x21\x4c\x18\x10\0\0\0", "it is compressed by lz4 in its legacy format"),
            (b"LZIP\x01\x0c", "it is compressed by lzip"),
            (b"\x89LZO\0\r\n\x1a\n", "it is compressed by lzop"),
            (b"\xff\x06\0\0sNaPpY", "it is compressed by snappy"),
            (b"\x1f\x9d\x90\x32\x60", "it is compressed by compress (.Z)"),
            (b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x31", "it is compressed by lzma (.lzma)"),
        ];
        for (head, what) in cases {
            let loss = recognise(head).loss().map(|loss| (loss.what, loss.remedy));
            let remedy = if what.ends_with("event log") { Remedy::ExportEvents } else { Remedy::Unpack };
            assert_eq!(loss, Some((format!("{what}, which is not supported"), remedy)));
            // Less than what makes it one is not enough.
            assert_eq!(recognise(&head[..2]), Recognised::Text, "{what}");
        }
    }

    #[test]
    fn text_that_begins_like_another_format_is_text() {
        let words = [
            "", "PK", "MSCF", "7z", "LZIP", "Rar!", "BZh9", "MZ", "BM", "GIF89a", "RIFF", "ID3", "regf", "MDMP",
            "OggS", "\n\r\r\n", "    ftyp", "x -lh5- ", "070701", "070707", "!<arch>", "xar!", "vhdxfile", "conectix",
            "KDMV", "    LfLe", "ElfFile",
        ];
        for word in words {
            assert_eq!(recognise(format!("{word}{LINE}").as_bytes()), Recognised::Text, "{word:?}");
        }
    }

    #[test]
    fn impossible_sizes_and_flags_are_text() {
        let cases: [&[u8]; 5] = [
            b"",
            b"\x60\xea\x02\0\x22\x0b\x01\x02\x10\0\x02",
            b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\x7f\0\x31",
            b"\x5d\0\0\x85\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x31",
            b"\x1f\x9d\x9f\x32\x60",
        ];
        for head in cases {
            assert_eq!(recognise(head), Recognised::Text, "{head:?}");
        }
    }

    #[test]
    fn one_wrong_bit_makes_compressed_data_damaged_and_no_text() {
        let heads: [(&[u8], Codec); 5] = [
            (b"\x1f\x8b\x08", Codec::Gzip),
            (b"\x28\xb5\x2f\xfd", Codec::Zstd),
            (b"BZh91AY&SY", Codec::Bzip2),
            (b"\xfd7zXZ\0", Codec::Xz),
            (b"\x04\x22\x4d\x18", Codec::Lz4),
        ];
        for (head, codec) in heads {
            for bit in 0..head.len() * 8 {
                let mut head = [head, b" call result = 102"].concat();
                head[bit / 8] ^= 1 << (bit % 8);
                let is = recognise(&head);
                // Another digit stands for another size.
                let is_sized = codec == Codec::Bzip2 && bit / 8 == 3 && is == Recognised::Codec(codec);
                assert!(is_sized || is == Recognised::Damaged(codec), "{codec}, bit {bit}: {is:?}");
            }
        }
    }

    #[test]
    fn binary_formats_are_named() {
        let cases: [(&[u8], &str); 11] = [
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "Office document or installer"),
            (b"!<arch>\n/               0           0     0     0       14        `\n\0", "library"),
            (b"TZif2\0\0\0", "time zone"),
            (b"\xa7\r\r\n\0\0\0\0", "compiled Python"),
            (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "JPEG picture"),
            (b"MZ\x90\0\x03\0\0\0", "Windows executable"),
            (b"%PDF-1.7\n", "PDF document"),
            (b"SQLite format 3\0\x10\0", "SQLite database"),
            (b"\0\0\0\x20ftypisom", "film"),
            (b"\xc1\x02\x03\x04\xef\xcd\xab\x89", "Windows database"),
        ];
        for (head, name) in cases {
            assert_eq!(recognise(head), Recognised::Binary(name));
        }
    }

    #[test]
    fn archives_behind_programs_are_recognised_by_more_than_their_signature() {
        let seven_zip = {
            let header = [&[7_u8][..], &[0; 19]].concat();
            let mut crc = flate2::Crc::new();
            crc.update(&header);
            [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &crc.sum().to_le_bytes(), &header].concat()
        };
        let program = [b"MZ\x90\0", noise(5000).as_slice()].concat();
        let behind = |archive: &[u8]| packed_behind(&[&program, archive].concat());
        assert_eq!(behind(&seven_zip), Some(Unsupported::Archive("a self-extracting 7z")));
        let rar = Some(Unsupported::Archive("a self-extracting RAR"));
        assert_eq!(behind(b"Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d\0"), rar);
        assert_eq!(behind(b"Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05"), rar);
        // A program that reads such archives has their signatures.
        assert_eq!(
            behind(b"7z\xbc\xaf\x27\x1c\0\0\0\0\0\0Rar!\x1a\x07\0Rar!\x1a\x07\x01\0 and others, which it reads"),
            None
        );
    }

    #[test]
    fn later_parts_are_recognised_by_their_names() {
        for name in ["a.7z.002", "bundle.zip!/logs.tar.gz.010", "A.Z01", "a.r00"] {
            assert!(is_named_as_later_part(name), "{name}");
        }
        for name in ["a.7z.001", "a.000", "a.log", "a.2017", "a.zip", "a.z1", "a.rar", "002", "a.r0x"] {
            assert!(!is_named_as_later_part(name), "{name}");
        }
    }

    #[test]
    fn four_bytes_of_a_binary_format_are_certain() {
        assert!(is_certainly_binary(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert!(is_certainly_binary(b"\0\0\0\x20ftypisom"));
        assert!(!is_certainly_binary(b"MZ\x90\0\x03\0\0\0"));
        assert!(!is_certainly_binary(&noise(512)));
    }

    #[test]
    fn noise_is_binary_and_compressed_noise_is_not_judged() {
        for len in [HEAD_BYTES, SAMPLE_BYTES] {
            assert_eq!(recognise(&noise(len)), Recognised::Binary("not text"), "{len}");
        }
        let cases: [(&[u8], Recognised); 6] = [
            (b"\x1f\x8b\x08", Recognised::Codec(Codec::Gzip)),
            (b"\x28\xb5\x2f\xfd", Recognised::Codec(Codec::Zstd)),
            (b"BZh91AY&SY", Recognised::Codec(Codec::Bzip2)),
            (b"\xfd7zXZ\0", Recognised::Codec(Codec::Xz)),
            (b"\x04\x22\x4d\x18", Recognised::Codec(Codec::Lz4)),
            (b"\xff\xfe", Recognised::Text),
        ];
        for (magic, is) in cases {
            assert_eq!(recognise(&[magic, &noise(4000)].concat()), is, "{magic:?}");
        }
    }

    fn utf16(text: &str, write: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(write).collect()
    }

    /// Log lines: a time, and a message in any language.
    fn lines() -> impl Strategy<Value = String> {
        prop::collection::vec("2017-02-14 02:57:24 \\PC{0,60}\r\n", 1..60).prop_map(|lines| lines.concat())
    }

    proptest! {
        #[test]
        fn text_is_never_taken_for_anything_else(
            text in lines(), at in any::<prop::sample::Index>(), nuls in 0_usize..600,
        ) {
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
                prop_assert_eq!(recognise(&bytes[..cut]), Recognised::Text, "{}", encoding);
                let at = at.index(bytes.len() / unit) * unit;
                bytes.splice(at..at, vec![0; nuls * unit]);
                let cut = bytes.len().min(SAMPLE_BYTES);
                prop_assert_eq!(recognise(&bytes[..cut]), Recognised::Text, "{} with NULs", encoding);
            }
        }
    }
}
