//! Compressed files and archives that are recognised by their first bytes and cannot be read.
//!
//! Logs may be in them, so they are told as a loss, while a picture is just skipped. A rule takes four bytes at least, or two and
//! what else the format says of its beginning: a text is none of them.

use crate::problem::{Kind, Loss, Remedy};

/// What is in such a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Members,
    Text,
}

/// What is in a file that begins with `head`, its first [`HEAD_BYTES`] or all of it, and what there is to tell of it, if it is of
/// such a format.
pub(super) fn format_of(head: &[u8]) -> Option<(Holds, Loss)> {
    let (holds, what) = match (archive(head), codec(head)) {
        (Some(name), _) => (Holds::Members, format!("it is {name} archive, which is not supported")),
        (None, Some(name)) => (Holds::Text, format!("it is compressed by {name}, which is not supported")),
        (None, None) => return None,
    };
    let remedy = Remedy::Unpack;
    Some((holds, Loss { kind: Kind::Unreadable, what, delivered: None, remedy }))
}

/// How many bytes [`format_of`] needs to see, if there are so many.
pub(super) const HEAD_BYTES: usize = 16;

/// With its article.
fn archive(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"Rar!\x1a\x07") {
        Some("a RAR")
    } else if head.starts_with(b"MSWIM\0\0\0") {
        Some("a WIM")
    } else if is_arj(head) {
        Some("an ARJ")
    } else {
        None
    }
}

fn codec(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(&[2, 0x21, 0x4C, 0x18]) {
        Some("lz4 in its legacy format")
    } else if head.starts_with(b"LZIP\x01") {
        Some("lzip")
    } else if head.starts_with(b"\x89LZO\0\r\n\x1a\n") {
        Some("lzop")
    } else if head.starts_with(b"\xff\x06\0\0sNaPpY") {
        Some("snappy")
    } else if is_compress(head) {
        Some("compress (.Z)")
    } else if is_lzma(head) {
        Some("lzma (.lzma)")
    } else {
        None
    }
}

/// Its flags tell how long codes become, in bits, and leave two bits out.
fn is_compress(head: &[u8]) -> bool {
    head.len() > 3 && head.starts_with(&[0x1F, 0x9D]) && head[2] & 0x60 == 0 && (9..=16).contains(&(head[2] & 0x1F))
}

/// Properties as everybody uses them, a dictionary of a size that there is, how long the text is, if that is told, and the
/// first byte of the data, which is always zero.
fn is_lzma(head: &[u8]) -> bool {
    let Some(&[0x5D, a, b, c, d, e, f, g, h, i, j, k, l, 0]) = head.first_chunk() else { return false };
    let dictionary = u32::from_le_bytes([a, b, c, d]);
    let is_usual = dictionary.is_power_of_two() || (dictionary % 3 == 0 && (dictionary / 3).is_power_of_two());
    let len = u64::from_le_bytes([e, f, g, h, i, j, k, l]);
    dictionary >= 1 << 12 && is_usual && (len == u64::MAX || len < 1 << 40)
}

/// A main header: how long it is, and its first part, then a version and more, and that it is one.
fn is_arj(head: &[u8]) -> bool {
    let Some(&[0x60, 0xEA, low, high, first, .., kind]) = head.first_chunk::<11>() else { return false };
    let len = u16::from_le_bytes([low, high]);
    (30..=2600).contains(&len) && (30..=46).contains(&first) && kind == 2
}

#[cfg(test)]
mod tests {
    use crate::render::problems::detail;

    use super::*;

    fn told(head: &[u8]) -> Option<String> {
        format_of(head).map(|(_, loss)| detail(&loss.of_input("")))
    }

    #[test]
    fn each_format_is_told_by_its_name() {
        let cases: [(&[u8], &str); 9] = [
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
            let expected = format!("{what}, which is not supported; unpack it and name the result");
            assert_eq!(told(head), Some(expected));
            // Not by less than what makes it one.
            assert_eq!(told(&head[..2]), None, "{what}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        let cases: [&[u8]; 8] = [
            b"",
            b"2017-02-14 call result = 102\r\n",
            b"LZIP 2017-02-14 call result = 102\r\n",
            b"Rar! 2017-02-14 call result = 102\r\n",
            // A length, a size, a dictionary and a number of bits that there are not.
            b"\x60\xea\x02\0\x22\x0b\x01\x02\x10\0\x02",
            b"\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\x7f\0\x31",
            b"\x5d\0\0\x85\0\xff\xff\xff\xff\xff\xff\xff\xff\0\x31",
            b"\x1f\x9d\x9f\x32\x60",
        ];
        for head in cases {
            assert_eq!(told(head), None, "{head:?}");
        }
    }
}
