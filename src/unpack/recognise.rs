//! Recognises what a file or stream is by its first bytes, and never by its name.
//!
//! [`TABLE`] lists the beginnings of all formats; the first row that matches decides. Anything that no row matches is text,
//! unless [`binary`](super::binary) finds so many control characters in it that it cannot be.
//!
//! Invariants:
//! * The order is archives, compressed data, formats that cannot be read, damaged compressed data, text, binary data.
//!   Archives come before compressed data because a tar archive begins with the name of its first file, which can be
//!   spelled like the beginning of anything.
//! * Text must never be mistaken for anything else: skipping a log is worse than searching a picture in vain. A row whose
//!   bytes are letters therefore requires something more that no text has.
//! * [`HEAD_BYTES`] are enough to decide everything but text or binary data, which takes [`SAMPLE_BYTES`].
//!
//! # Signatures
//!
//! All begin at offset 0 unless an offset is given. `.` stands for any byte.
//!
//! | format | bytes | specification |
//! |---|---|---|
//! | zip | `PK 03 04`, or `PK 05 06` without members, or `PK 07 08` or `PK00` in front of `PK 03 04` | APPNOTE 4.3.7, 4.3.16, 8.5 |
//! | 7z | `7z BC AF 27 1C` | 7zFormat.txt, SignatureHeader |
//! | cab | `MSCF`, and reserved zeros at 4 or version 1.3 at 24 | \[MS-CAB\], CFHEADER |
//! | tar | `ustar` at 257 among octal numbers, or a block with the right checksum | POSIX pax, ustar |
//! | gzip | `1F 8B 08` | RFC 1952, 2.3.1 |
//! | zstd | `28 B5 2F FD` | RFC 8878, 3.1.1 |
//! | zstd, lz4 | `5. 2A 4D 18`, a skippable frame | RFC 8878, 3.1.2 |
//! | bzip2 | `BZh`, `1` to `9`, and then `31 41 59 26 53 59` or, if it is empty, `17 72 45 38 50 90` | none; bzip2(1) |
//! | xz | `FD 7zXZ 00` | The .xz File Format, 2.1.1.1 |
//! | lz4 | `04 22 4D 18` | LZ4 Frame Format, General Structure |
//! | evtx | `ElfFile 00` | libevtx |
//!
//! Data that begin with one of the compressed formats but for a single wrong bit are reported as damaged. They would otherwise
//! be read as text, in which nothing is found.
//!
//! Events that Windows has exported as XML are recognised by the namespace in the first tag of an event, which may follow the start of
//! the document, and events exported as text by the labels or headings at their beginning.

use std::fmt;

use memchr::memmem;
use serde::{Deserialize, Serialize};

use self::Recognised as Is;
use super::archive::{begins_mail, begins_tar, crc32};
use super::binary::{has_control, is_control, is_not_text};
use super::event_log;
use super::fault::damaged;
use crate::problem::{Kind, Loss, Remedy};
use crate::units::Units;

/// How many first bytes [`recognise`] needs for everything but text and binary data.
pub const HEAD_BYTES: usize = 512;
/// How many first bytes [`recognise`] needs to distinguish text from binary data.
pub const SAMPLE_BYTES: usize = 8 << 10;

/// How many first bytes of a program are searched for an archive that follows it. The programs of self-extracting archives
/// are shorter.
pub(crate) const PROGRAM_BYTES: usize = 1 << 20;
/// How many last bytes of a file [`by_trailer`] needs: the length of the trailers of VHD and DMG images.
pub(crate) const TRAILER_BYTES: usize = 512;

/// The name of binary data of an unknown format.
pub(crate) const NOT_TEXT: &str = "not text";

/// The name of compound files, as older Office documents are.
const OFFICE: &str = "Office document or installer";

/// The answer of [`recognise`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// An archive, to be read member by member.
    Archive(Format),
    /// Compressed data, to be decompressed.
    Codec(Codec),
    /// Compressed data whose first bytes are wrong.
    Damaged(Codec),
    /// An archive or compressed data of a format that cannot be read.
    Unsupported(Unsupported),
    /// Data that hold no text, with the name of their kind, such as `PNG picture`.
    Binary(&'static str),
    /// Events that Windows has exported as XML or text. They are text, but an event may be any part of a line or several lines.
    Events,
    /// Anything else, which is searched for results.
    Text,
}

/// An archive format that can be read. It is displayed as its usual short name, such as `7z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// zip, by PKWARE.
    Zip,
    /// tar, as written by POSIX, by GNU, and by Unix before POSIX.
    Tar,
    /// 7z, by 7-Zip.
    SevenZip,
    /// cab, the cabinet of Windows.
    Cab,
    /// A mail, whose files are its text and its attachments.
    Mail,
}

/// A compressed or other binary format that can be read as text. It is displayed as its usual name in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codec {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// bzip2, as written by bzip2(1).
    Bzip2,
    /// The .xz format, not the older .lzma.
    Xz,
    /// The LZ4 frame format, not the legacy one.
    Lz4,
    /// A Windows event log, which is read as text with a line for each event.
    EventLog,
}

/// A format that cannot be read. Because it may contain logs, it is reported as a loss, while a picture is just skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// An archive; the name includes the article, as in `a RAR`.
    Archive(&'static str),
    /// Compressed data, with the name of the format.
    Codec(&'static str),
    /// Another container of files, such as a disk image; the name includes the article.
    Container(&'static str),
    /// An event log of Windows before Vista.
    EventLog,
    /// A message that Outlook has saved. Its format is that of Office documents, so only its name tells them apart.
    Message,
    /// The second or a later part of a split archive. It is recognised by its name alone: its bytes continue the part before.
    LaterPart,
}

/// Recognises data by `head`: their first [`SAMPLE_BYTES`], or all of them if they are shorter.
///
/// # Examples
///
/// ```
/// use callcodes::unpack::{Codec, Recognised, recognise};
///
/// assert_eq!(recognise(b"\x1f\x8b\x08\0\0\0\0\0\0\x03"), Recognised::Codec(Codec::Gzip));
/// assert_eq!(recognise(b"2017-02-14 02:57:24 rawCallStatus = 21\r\n"), Recognised::Text);
/// ```
#[must_use]
pub fn recognise(head: &[u8]) -> Recognised {
    first(head, Some).unwrap_or_else(|| match head {
        _ if is_not_text(head) => Recognised::Binary(NOT_TEXT),
        _ => Recognised::Text,
    })
}

/// Whether `head` begins with the signature of a binary format that is too long, at four bytes or more, to occur by chance in
/// data whose beginning is damaged or missing.
pub(crate) fn is_certainly_binary(head: &[u8]) -> bool {
    let binary = TABLE.iter().filter(|row| matches!(row.is, Recognised::Binary(_)));
    binary.filter(|row| row.bytes.len() >= 4).any(|row| row.begins(head))
}

/// Whether `kind`, the name of a binary format, is that of a program. An archive may follow a program.
pub(crate) fn is_program(kind: &str) -> bool {
    kind.ends_with("executable")
}

/// Returns the archive that follows a program, as in a self-extracting file, unless it is a zip archive. `program` is the
/// first [`PROGRAM_BYTES`] of the file, or all of it.
pub(crate) fn packed_after(program: &[u8]) -> Option<Unsupported> {
    let begins = |signature: &'static [u8], is: fn(&[u8]) -> bool| {
        memmem::find_iter(program, signature).any(|at| is(&program[at..]))
    };
    if begins(b"7z\xbc\xaf\x27\x1c", is_start_of_7z) {
        return Some(Unsupported::Archive("a self-extracting 7z"));
    }
    begins(b"Rar!\x1a\x07", is_start_of_rar).then_some(Unsupported::Archive("a self-extracting RAR"))
}

/// Returns the position of a zip archive that follows other data, such as the header of a message or a program. `data` is the beginning
/// of the whole.
pub(crate) fn zip_after(data: &[u8]) -> Option<usize> {
    let is_local_header = |at: &usize| {
        let Some(&[version, _, _, flags, method, high, ..]) = data.get(at + 4..at + 30) else { return false };
        let name = data.get(at + 26..at + 28).map_or(0, |len| usize::from(u16::from_le_bytes([len[0], len[1]])));
        let is_name = (1..=1024).contains(&name) && data.get(at + 30).is_some_and(|first| *first >= b' ');
        version <= 63
            && flags < 0x40
            && high == 0
            && matches!(method, 0 | 8 | 9 | 12 | 14 | 93 | 95 | 98 | 99)
            && is_name
    };
    memmem::find_iter(data, b"PK\x03\x04").find(is_local_header)
}

/// Recognises a disk image that has its signature at the end, and a zip archive after other data. `end` is the last
/// [`TRAILER_BYTES`] of the file. Only in a file on disk can such a zip be read.
pub(crate) fn by_trailer(end: &[u8]) -> Option<Unsupported> {
    if memmem::rfind(end, b"PK\x05\x06").is_some_and(|at| is_end_of_zip(&end[at..])) {
        return Some(Unsupported::Archive("a prefixed zip"));
    }
    let image = match end.get(..8)? {
        [b'k', b'o', b'l', b'y', 0, 0, 0, 4] => "a disk image (DMG)",
        b"conectix" => "a disk image (VHD)",
        _ => return None,
    };
    Some(Unsupported::Container(image))
}

/// Whether data of this `kind` under this `name` are a message of Outlook.
pub(crate) fn is_message(kind: &str, name: &str) -> bool {
    kind == OFFICE && name.len() > 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".msg")
}

/// Returns the loss for a file with this `name` whose first bytes are damaged: the name is that of an archive or of compressed data,
/// but the content is neither that nor text. `is` is what its first bytes, `head`, look like.
pub(crate) fn damaged_beginning(is: Recognised, head: &[u8], name: &str) -> Option<Loss> {
    let (_, ending) = name.rsplit_once('.')?;
    let why = "its first bytes are wrong";
    let loss = match ending.to_ascii_lowercase().as_str() {
        "gz" | "tgz" => damaged(Codec::Gzip, why, None),
        "zst" | "tzst" => damaged(Codec::Zstd, why, None),
        "bz2" | "tbz" | "tbz2" => damaged(Codec::Bzip2, why, None),
        "xz" | "txz" => damaged(Codec::Xz, why, None),
        "lz4" => damaged(Codec::Lz4, why, None),
        "7z" => Format::SevenZip.damaged(why),
        "cab" => Format::Cab.damaged(why),
        _ => return None,
    };
    let is_unknown = matches!(is, Recognised::Text | Recognised::Binary(NOT_TEXT));
    // Text that only has such a name is read. UTF-16 has NULs, too.
    let odd = head.iter().filter(|byte| **byte == 0 || is_control(**byte)).count();
    (is_unknown && odd * 50 > head.len() && !is_utf16_or_32(head)).then_some(loss)
}

/// Whether `head` is text in UTF-16 or UTF-32.
fn is_utf16_or_32(head: &[u8]) -> bool {
    Units::of(head) != Units::Bytes
}

/// Whether `name` is that of a later part of a split archive: `x.7z.002`, `x.zip.010`, `x.z01`, `x.r00`.
pub(crate) fn is_named_as_later_part(name: &str) -> bool {
    let Some((_, ending)) = name.rsplit_once('.') else { return false };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match ending.strip_prefix(['z', 'Z', 'r', 'R']) {
        Some(digits) => digits.len() == 2 && is_number(digits),
        None => ending.len() == 3 && is_number(ending) && ending != "000" && ending != "001",
    }
}

impl Format {
    /// Returns the format of an archive by `head`: its first [`HEAD_BYTES`], or all of it.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Format> {
        first(head, |is| if let Recognised::Archive(format) = is { Some(format) } else { None })
    }
}

impl Codec {
    /// How many first bytes [`Codec::of`] needs.
    pub(super) const HEAD_BYTES: usize = 10;

    /// Returns the format of compressed data by `head`: their first 10 bytes, or all of them.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Codec> {
        first(head, |is| if let Recognised::Codec(codec) = is { Some(codec) } else { None })
    }

    /// Whether `rest`, the last bytes of a file, can be the beginning of a frame of this codec that was cut off.
    pub(super) fn may_begin(self, rest: &[u8]) -> bool {
        let mut own = TABLE.iter().filter(|row| row.at == 0 && row.is == Recognised::Codec(self));
        !rest.is_empty() && own.any(|row| row.bytes.starts_with(rest))
    }
}

impl Recognised {
    /// Returns why nothing can be read of data of this kind; `None` if they can be read, or hold no text anyway.
    pub(crate) fn loss(self) -> Option<Loss> {
        match self {
            Recognised::Damaged(codec) => Some(damaged(codec, "its first bytes are wrong", None)),
            Recognised::Unsupported(format) => Some(format.loss()),
            _ => None,
        }
    }
}

impl Unsupported {
    /// Returns the loss that reports such a file, with what the user can do to get it read.
    pub(crate) fn loss(self) -> Loss {
        let (what, remedy) = match self {
            Unsupported::Archive(name) => (format!("it is {name} archive, which is not supported"), Remedy::Unpack),
            Unsupported::Codec(name) => (format!("it is compressed by {name}, which is not supported"), Remedy::Unpack),
            Unsupported::Container(name) => (format!("it is {name}, which is not supported"), Remedy::Unpack),
            Unsupported::EventLog => (
                "it is an event log in the old format (.evt), which is not supported".to_owned(),
                Remedy::ConvertEvents,
            ),
            Unsupported::Message => {
                ("it is an Outlook message, which is not supported".to_owned(), Remedy::SaveAttachments)
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
            Format::Mail => "mail",
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
            Codec::EventLog => "evtx",
        })
    }
}

/// A row of [`TABLE`].
struct Signature {
    /// The offset of `bytes`.
    at: usize,
    bytes: &'static [u8],
    /// What else has to be true of the first bytes.
    also: fn(&[u8]) -> bool,
    /// What the data are if all of this is true.
    is: Recognised,
}

impl Signature {
    /// Whether `bytes` are at their offset in `head`. Does not check `also`.
    fn begins(&self, head: &[u8]) -> bool {
        head.get(self.at..).is_some_and(|rest| rest.starts_with(self.bytes))
    }
}

/// Returns the answer of the first row that matches `head`. Rows for which `asked` returns `None` are left out.
fn first<T>(head: &[u8], asked: impl Fn(Recognised) -> Option<T>) -> Option<T> {
    TABLE.iter().find_map(|row| asked(row.is).filter(|_| row.begins(head) && (row.also)(head)))
}

const fn row(at: usize, bytes: &'static [u8], also: fn(&[u8]) -> bool, is: Recognised) -> Signature {
    Signature { at, bytes, also, is }
}

/// All known beginnings, in the order in which they are tried. See the module's documentation for what the order guards.
const TABLE: &[Signature] = &[
    row(0, b"PK\x03\x04", alone, Is::Archive(Format::Zip)),
    // An archive without members consists only of its end. The other two are the first or the only part of a split archive.
    row(0, b"PK\x05\x06", alone, Is::Archive(Format::Zip)),
    row(0, b"PK\x07\x08PK\x03\x04", alone, Is::Archive(Format::Zip)),
    row(0, b"PK00PK\x03\x04", alone, Is::Archive(Format::Zip)),
    row(0, b"7z\xbc\xaf\x27\x1c", alone, Is::Archive(Format::SevenZip)),
    row(0, b"MSCF", is_cab, Is::Archive(Format::Cab)),
    row(0, b"", begins_tar, Is::Archive(Format::Tar)),
    row(0, b"\x1f\x8b\x08", alone, Is::Codec(Codec::Gzip)),
    row(0, b"\x28\xb5\x2f\xfd", alone, Is::Codec(Codec::Zstd)),
    // lz4 has the same skippable frames; the first other frame decides.
    row(1, b"\x2a\x4d\x18", |head| head[0] & 0xf0 == 0x50, Is::Codec(Codec::Zstd)),
    row(0, b"BZh", is_bzip2, Is::Codec(Codec::Bzip2)),
    row(0, b"\xfd7zXZ\0", alone, Is::Codec(Codec::Xz)),
    row(0, b"\x04\x22\x4d\x18", alone, Is::Codec(Codec::Lz4)),
    row(0, event_log::MAGIC, alone, Is::Codec(Codec::EventLog)),
    row(0, b"Rar!\x1a\x07", alone, Is::Unsupported(Unsupported::Archive("a RAR"))),
    row(0, b"MSWIM\0\0\0", alone, Is::Unsupported(Unsupported::Archive("a WIM"))),
    row(0, b"\x60\xea", is_arj, Is::Unsupported(Unsupported::Archive("an ARJ"))),
    row(2, b"-l", is_lha, Is::Unsupported(Unsupported::Archive("an LHA"))),
    row(
        0,
        b"\x78\x9f\x3e\x22",
        alone,
        Is::Unsupported(Unsupported::Container("an attachment of Outlook (winmail.dat)")),
    ),
    row(0, b"\xed\xab\xee\xdb", alone, Is::Unsupported(Unsupported::Archive("an RPM"))),
    row(0, b"0707", is_cpio, Is::Unsupported(Unsupported::Archive("a cpio"))),
    row(0, b"\xc7\x71", is_binary_cpio, Is::Unsupported(Unsupported::Archive("a cpio"))),
    row(0, b"xar!\0\x1c\0\x01", alone, Is::Unsupported(Unsupported::Archive("a xar"))),
    // Libraries are ar archives, too. They begin with their table of symbols.
    row(0, b"!<arch>\n", |head| !is_library(head), Is::Unsupported(Unsupported::Archive("an ar"))),
    row(0, b"vhdxfile", has_control, Is::Unsupported(Unsupported::Container("a disk image (VHDX)"))),
    row(0, b"conectix\0\0", alone, Is::Unsupported(Unsupported::Container("a disk image (VHD)"))),
    row(0, b"KDMV", has_control, Is::Unsupported(Unsupported::Container("a disk image (VMDK)"))),
    row(0, b"QFI\xfb\0\0\0", alone, Is::Unsupported(Unsupported::Container("a disk image (QCOW)"))),
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
    row(0, b"", is_lzma, Is::Unsupported(Unsupported::Codec("lzma (.lzma)"))),
    // gzip has never had another method than 8, so another one is damage.
    row(0, b"\x1f\x8b", alone, Is::Damaged(Codec::Gzip)),
    row(0, b"", |head| is_one_bit_off(head, b"\x1f\x8b\x08"), Is::Damaged(Codec::Gzip)),
    row(0, b"", |head| is_one_bit_off(head, b"\x28\xb5\x2f\xfd"), Is::Damaged(Codec::Zstd)),
    row(0, b"", |head| (b'1'..=b'9').any(|size| is_one_bit_off(head, &bzip2_head(size))), Is::Damaged(Codec::Bzip2)),
    row(0, b"BZh", |head| head.get(3).is_some_and(u8::is_ascii_digit) && has_control(head), Is::Damaged(Codec::Bzip2)),
    row(0, b"", |head| is_one_bit_off(head, b"\xfd7zXZ\0"), Is::Damaged(Codec::Xz)),
    row(0, b"", |head| is_one_bit_off(head, b"\x04\x22\x4d\x18"), Is::Damaged(Codec::Lz4)),
    row(0, b"", |head| is_one_bit_off(head, event_log::MAGIC) && has_control(head), Is::Damaged(Codec::EventLog)),
    // In UTF-32, most bytes are NULs, and letters may look like the beginnings of binary data.
    row(0, b"", |head| Units::utf32_of(&head[..head.len().min(HEAD_BYTES)]).is_some(), Is::Text),
    row(0, b"", |head| event_log::is_export(&head[..head.len().min(HEAD_BYTES)]), Is::Events),
    row(0, b"", begins_mail, Is::Archive(Format::Mail)),
    // Byte order marks, which only text has.
    row(0, b"\xef\xbb\xbf", alone, Is::Text),
    row(0, b"\xff\xfe", alone, Is::Text),
    row(0, b"\xfe\xff", alone, Is::Text),
    // Remains of archives are searched as text, whatever control characters they have.
    row(0, b"PK\x07\x08", alone, Is::Text),
    row(257, b"ustar", alone, Is::Text),
    // Files that are often found beside logs in support folders.
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
    row(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", alone, Is::Binary(OFFICE)),
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

/// Requires nothing more than the bytes of the row.
fn alone(_: &[u8]) -> bool {
    true
}

/// Whether `head` begins with `magic` except for exactly one bit, which a disk or a transmission has flipped.
fn is_one_bit_off(head: &[u8], magic: &[u8]) -> bool {
    let Some(head) = head.get(..magic.len()) else { return false };
    head.iter().zip(magic).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>() == 1
}

/// Returns the beginning of bzip2 data: `BZh`, the block size in units of 100 kB as a digit, and the magic bytes of the first
/// block, which are the digits of pi.
fn bzip2_head(size: u8) -> [u8; 10] {
    [b'B', b'Z', b'h', size, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
}

/// Whether the magic bytes of a block, or those of the end of the stream, follow `BZh` and a digit. The letters alone could
/// begin a text.
fn is_bzip2(head: &[u8]) -> bool {
    const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let Some((&[_, _, _, size @ b'1'..=b'9'], rest)) = head.split_first_chunk() else { return false };
    let rest = &rest[..rest.len().min(6)];
    !rest.is_empty() && (bzip2_head(size)[4..].starts_with(rest) || END.starts_with(rest))
}

/// Whether the third byte gives a possible length of codes, 9 to 16 bits, in its low five bits, and has zeros in the two
/// reserved bits above them.
fn is_compress(head: &[u8]) -> bool {
    head.len() > 3 && head[2] & 0x60 == 0 && (9..=16).contains(&(head[2] & 0x1F))
}

/// Whether the header of a .lzma file is plausible.
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 1 | properties, below 225; the default, 0x5D, unless the length is unknown |
/// | 1 | 4 | size of the dictionary in bytes: 2^n or 3 · 2^n, at least 4 KiB |
/// | 5 | 8 | decompressed length in bytes, below 1 TiB; all ones if unknown |
/// | 13 | 1 | first byte of the data, always 0 |
fn is_lzma(head: &[u8]) -> bool {
    let Some(&[properties, a, b, c, d, e, f, g, h, i, j, k, l, 0]) = head.first_chunk() else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let is_usual = dictionary.is_power_of_two() || (dictionary % 3 == 0 && (dictionary / 3).is_power_of_two());
    let len = u64::from_le_bytes([e, f, g, h, i, j, k, l]);
    let is_likely = if len == u64::MAX { properties < 225 } else { properties == 0x5d && len < 1 << 40 };
    dictionary >= 1 << 12 && is_usual && is_likely
}

/// Whether a main header follows the signature of ARJ: its length at 2, the length of its fixed part at 4, and its type, 2,
/// at 10.
fn is_arj(head: &[u8]) -> bool {
    let Some(&[_, _, low, high, first, .., kind]) = head.first_chunk::<11>() else { return false };
    let len = u16::from_le_bytes([low, high]);
    (30..=2600).contains(&len) && (30..=46).contains(&first) && kind == 2
}

/// Whether the reserved field at 4 is zero, as it should be, or the version at 24 is 1.3, the only one.
fn is_cab(head: &[u8]) -> bool {
    head.get(4..8) == Some(&[0; 4]) || head.get(24..26) == Some(&[3, 1])
}

/// Whether a method such as `-lh5-` stands at 2, and the level of the header, 0 to 3, at 20.
fn is_lha(head: &[u8]) -> bool {
    matches!(head.get(..21), Some(&[_, _, b'-', b'l', b'h' | b'z', _, b'-', .., 0..=3]))
}

/// Whether the header of an ASCII cpio archive consists of digits, and the name of a file, ended by a NUL, follows it. The
/// new format, magic `070701` or `070702`, has 110 hexadecimal digits; the old one, `070707`, has 76 octal digits.
fn is_cpio(head: &[u8]) -> bool {
    let (len, is_digit): (_, fn(&u8) -> bool) = match head.get(4..6) {
        Some(b"01" | b"02") => (110, u8::is_ascii_hexdigit),
        Some(b"07") => (76, |byte| (b'0'..=b'7').contains(byte)),
        _ => return false,
    };
    let Some((header, name)) = head.split_at_checked(len) else { return false };
    header.iter().all(is_digit) && name.iter().position(|&byte| byte == 0).is_some_and(|len| len > 0)
}

/// Whether the name of the first file in a binary cpio archive ends with a NUL exactly where its length, at 20, says. The
/// name begins at 26.
fn is_binary_cpio(head: &[u8]) -> bool {
    let Some(&[low, high]) = head.get(20..22) else { return false };
    let len = usize::from(u16::from_le_bytes([low, high]));
    len > 1 && head.get(25 + len) == Some(&0) && !head[26..25 + len].contains(&0)
}

/// Whether the first entry of an ar archive is a table of symbols, or has a name of the BSD kind, as in libraries.
fn is_library(head: &[u8]) -> bool {
    let first = head.get(8..).unwrap_or_default();
    [&b"/"[..], b"__.", b"#1/"].iter().any(|name| first.starts_with(name))
}

/// Whether the start header of a 7z archive has the right checksum: bytes 12 to 31 that at 8.
fn is_start_of_7z(bytes: &[u8]) -> bool {
    let Some(&[_, _, _, _, _, _, 0, _, a, b, c, d, ref header @ ..]) = bytes.first_chunk::<32>() else { return false };
    crc32(header) == u32::from_le_bytes([a, b, c, d])
}

/// Whether `end` is the end record of a zip archive in one part (APPNOTE 4.3.16): numbers of parts, which are 0, at 4 and 6,
/// equal numbers of members at 8 and 10, and the length of the comment, which is the rest, at 20.
fn is_end_of_zip(end: &[u8]) -> bool {
    let Some((&[_, _, _, _, 0, 0, 0, 0, low, high, a, b, .., c, d], comment)) = end.split_first_chunk::<22>() else {
        return false;
    };
    (low, high) != (0, 0) && (low, high) == (a, b) && comment.len() == usize::from(u16::from_le_bytes([c, d]))
}

/// Whether the header that follows the signature of RAR is a main header, in format 4 or 5, or the encryption header of
/// format 5.
fn is_start_of_rar(bytes: &[u8]) -> bool {
    matches!(bytes.get(6..), Some([0, _, _, 0x73, ..] | [1, 0, _, _, _, _, 3..=0x7f, 1 | 4, ..]))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pseudorandom bytes, the same every time (xorshift).
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
    fn utf_32_need_not_begin_with_ascii() {
        let text = "用户登录成功正在上传数据并删除一个文件".repeat(8) + "\r\ncallStatus=21\r\n";
        for group in [u32::to_le_bytes, u32::to_be_bytes] {
            let bytes: Vec<u8> = text.chars().flat_map(|char| group(char.into())).collect();
            assert_eq!(Units::utf32_of(&bytes[..HEAD_BYTES]), None);
            assert_eq!(recognise(&bytes), Recognised::Text);
        }
    }

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
            (b"0\0\0\0LfLe\x01\0\0\0", "it is an event log in the old format (.evt)"),
            (b"Rar!\x1a\x07\x01\0", "it is a RAR archive"),
            (b"MSWIM\0\0\0\xd0\0\0\0", "it is a WIM archive"),
            (b"\x60\xea\x2b\0\x22\x0b\x01\x02\x10\0\x02", "it is an ARJ archive"),
            (b"\x02\x21\x4c\x18\x10\0\0\0", "it is compressed by lz4 in its legacy format"),
            (b"LZIP\x01\x0c", "it is compressed by lzip"),
            (b"\x89LZO\0\r\n\x1a\n", "it is compressed by lzop"),
            (b"\xff\x06\0\0sNaPpY", "it is compressed by snappy"),
            (b"\x1f\x9d\x90\x32\x60", "it is compressed by compress (.Z)"),
            (b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x31", "it is compressed by lzma (.lzma)"),
            (b"\x2c\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x31", "it is compressed by lzma (.lzma)"),
        ];
        for (head, what) in cases {
            let loss = recognise(head).loss().map(|loss| (loss.what, loss.remedy));
            let remedy = if what.contains("event log") { Remedy::ConvertEvents } else { Remedy::Unpack };
            assert_eq!(loss, Some((format!("{what}, which is not supported"), remedy)));
            // A shorter beginning is not enough.
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
        let cases: [&[u8]; 7] = [
            b"",
            b"\xe1\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x31",
            b"\x2c\0\0\x80\0\0\x10\0\0\0\0\0\0\0\x31",
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
    fn compressed_data_with_one_wrong_bit_are_damaged_and_not_text() {
        let heads: [(&[u8], Codec); 6] = [
            (b"\x1f\x8b\x08", Codec::Gzip),
            (b"\x28\xb5\x2f\xfd", Codec::Zstd),
            (b"BZh91AY&SY", Codec::Bzip2),
            (b"\xfd7zXZ\0", Codec::Xz),
            (b"\x04\x22\x4d\x18", Codec::Lz4),
            (b"ElfFile\0", Codec::EventLog),
        ];
        for (head, codec) in heads {
            for bit in 0..head.len() * 8 {
                let mut head = [head, b" call result = 102\0"].concat();
                head[bit / 8] ^= 1 << (bit % 8);
                let is = recognise(&head);
                // Another digit is valid and stands for another size.
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
    fn archives_after_programs_are_recognised_by_more_than_their_signature() {
        let seven_zip = {
            let header = [&[7_u8][..], &[0; 19]].concat();
            let mut crc = flate2::Crc::new();
            crc.update(&header);
            [&b"7z\xbc\xaf\x27\x1c\0\x04"[..], &crc.sum().to_le_bytes(), &header].concat()
        };
        let program = [b"MZ\x90\0", noise(5000).as_slice()].concat();
        let behind = |archive: &[u8]| packed_after(&[&program, archive].concat());
        assert_eq!(behind(&seven_zip), Some(Unsupported::Archive("a self-extracting 7z")));
        let rar = Some(Unsupported::Archive("a self-extracting RAR"));
        assert_eq!(behind(b"Rar!\x1a\x07\0\xcf\x90\x73\0\0\x0d\0"), rar);
        assert_eq!(behind(b"Rar!\x1a\x07\x01\0\x33\x92\xb5\xe5\x0a\x01\x05"), rar);
        // A program that reads such archives contains their signatures.
        assert_eq!(
            behind(b"7z\xbc\xaf\x27\x1c\0\0\0\0\0\0Rar!\x1a\x07\0Rar!\x1a\x07\x01\0 and others, which it reads"),
            None
        );
    }

    #[test]
    fn messages_are_recognised_by_their_names() {
        let is_message = |name: &str| is_message("Office document or installer", name);
        assert!(is_message("a.msg") && is_message("b.zip!/A.MSG"));
        assert!(!is_message("a.msi") && !is_message("msg") && !is_message("ä.xls"));
        assert!(!super::is_message("PNG picture", "a.msg"));
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
            // Windows-1252 has characters for nearly all bytes from 0x80.
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
