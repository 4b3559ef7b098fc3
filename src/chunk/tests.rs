//! Tests that the ranges of a source own the lines that a naive reader finds, however the source is split.

use proptest::prelude::*;

use super::*;

/// Returns the lines, and the pieces of overlong lines, that a reader of the whole source would find, with their offsets.
fn naive(source: &[u8], line_bytes: usize) -> Vec<(u64, Vec<u8>)> {
    let mut offset = 0;
    let mut pieces = Vec::new();
    for line in source.split_inclusive(|&byte| byte == b'\n') {
        for piece in line.chunks(line_bytes) {
            pieces.push((offset, piece.to_vec()));
            offset += piece.len() as u64;
        }
    }
    pieces
}

/// Returns the lines and pieces of lines in all chunks, if ranges are split at `splits` and reads return at most `read_bytes`.
fn chunked(source: &[u8], splits: &[usize], limits: Limits, read_bytes: usize) -> Vec<(u64, Vec<u8>)> {
    let mut starts: Vec<u64> = splits.iter().map(|&split| split as u64).chain([0]).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().copied().skip(1).chain([u64::MAX]).collect::<Vec<_>>();
    let mut pieces = Vec::new();
    let mut buffer = Vec::new();
    for (start, end) in starts.into_iter().zip(ends) {
        let span = Span { start, end };
        let from = usize::try_from(span.read_from(Units::Bytes)).unwrap().min(source.len());
        let mut chunks = Chunks::new(
            Slow { source: &source[from..], read_bytes },
            span,
            limits,
            Units::Bytes,
            std::mem::take(&mut buffer),
        );
        while let Some(chunk) = chunks.next_chunk().unwrap() {
            let mut offset = chunk.offset;
            for line in chunk.owned().split_inclusive(|&byte| byte == b'\n') {
                pieces.push((offset, line.to_vec()));
                offset += line.len() as u64;
            }
            let seen_ahead = chunk.with_lookahead().len() - chunk.owned().len();
            let left = source.len() - usize::try_from(offset).unwrap();
            assert!(seen_ahead >= left.min(limits.lookahead_bytes), "lookahead of {seen_ahead}, {left} left");
        }
        buffer = chunks.into_buffer();
        assert!(buffer.len() <= limits.line_bytes + limits.lookahead_bytes + 1);
    }
    pieces
}

struct Slow<'s> {
    source: &'s [u8],
    read_bytes: usize,
}

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.read_bytes);
        self.source.read(&mut buffer[..len])
    }
}

proptest! {
    #[test]
    fn any_split_owns_the_lines_of_the_source(
        source in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), Just(b'b')], 0..200),
        splits in proptest::collection::vec(1_usize..220, 0..6),
        block_bytes in 1_usize..40,
        line_bytes in 1_usize..40,
        lookahead_bytes in 0_usize..12,
        read_bytes in 1_usize..40,
    ) {
        let limits = Limits { block_bytes, line_bytes, lookahead_bytes };
        prop_assert_eq!(chunked(&source, &splits, limits, read_bytes), naive(&source, line_bytes));
    }
}

/// Writes text in these units.
fn encoded(text: &str, units: Units) -> Vec<u8> {
    match units {
        Units::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Units::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => text.as_bytes().to_vec(),
    }
}

/// The text of a line with its offset.
type Line = (u64, String);

/// Returns the lines that the spans between `splits` own, with their offsets, and the changes of the encoding.
fn changing(source: &[u8], first: Units, splits: &[usize], limits: Limits, read_bytes: usize) -> (Vec<Line>, u64) {
    let mut bounds: Vec<u64> = splits.iter().map(|&split| split.min(source.len()) as u64).collect();
    bounds.extend([0, source.len() as u64]);
    bounds.sort_unstable();
    let (mut lines, mut changes) = (Vec::new(), 0);
    for pair in bounds.windows(2) {
        let span = Span { start: pair[0], end: pair[1] };
        let mut all = Chunks::changing(source, Start::of_source(first), Span::ALL, limits, first, Vec::new());
        // An error means that the last unit is incomplete.
        let start = all.first_line_from(span.start).or_else(|_| all.first_line_from(span.start)).unwrap();
        let reader = Slow { source: &source[usize::try_from(start.offset).unwrap()..], read_bytes };
        let mut chunks = Chunks::changing(reader, start, span, limits, first, Vec::new());
        while let Some(chunk) = chunks.next_chunk().unwrap_or_default() {
            let mut offset = chunk.offset;
            for line in chunk.owned().split_inclusive(|&byte| byte == b'\n') {
                lines.push((offset, String::from_utf8_lossy(line).into_owned()));
                offset += chunk.written.units.source_bytes(line);
            }
        }
        changes += chunks.changes().count;
    }
    (lines, changes)
}

proptest! {
    #[test]
    fn lines_are_the_same_for_any_split_wherever_the_encoding_changes(
        parts in proptest::collection::vec(
            (prop::sample::select(vec![Units::Bytes, Units::Utf16Le, Units::Utf16Be]), any::<bool>(), 1_usize..4),
            1..6,
        ),
        block_bytes in 1_usize..600,
        read_bytes in 1_usize..600,
        lookahead_bytes in 0_usize..40,
        splits in proptest::collection::vec(1_usize..1500, 0..4),
    ) {
        let (mut source, mut expected, mut changes) = (Vec::new(), Vec::new(), 0);
        let mut last = None;
        for (index, (units, has_mark, lines)) in parts.iter().enumerate() {
            if *has_mark && (*units != Units::Bytes || index == 0) {
                source.extend(units.byte_order_mark());
            }
            changes += u64::from(last.is_some_and(|last| last != *units));
            last = Some(*units);
            for line in 0..*lines {
                let text = format!("2017-02-14 02:57:{index}{line} für Jürgen: callStatus={line}\r\n");
                expected.push((source.len() as u64, text.clone()));
                source.extend(encoded(&text, *units));
            }
        }
        let limits = Limits { block_bytes, line_bytes: 1 << 20, lookahead_bytes };
        let found = changing(&source, parts[0].0, &splits, limits, read_bytes);
        prop_assert_eq!(found, (expected, changes));
    }

    #[test]
    fn any_bytes_give_the_same_lines_for_any_split(
        parts in proptest::collection::vec(
            (prop::sample::select(vec![
                &b"callStatus=21\r\n"[..],
                b"c\0a\0l\0l\0S\0t\0a\0t\0u\0s\0=\x002\x001\0\r\0\n\0",
                b"\0c\0a\0l\0l\0S\0t\0a\0t\0u\0s\0=\x002\x001\0\n",
                b"\xFF\xFE",
                b"\xFE\xFF",
                b"\0",
                b"x",
                b"\n",
                b"\n\0",
                b"\xD6\x5E",
                b"\x3F\x04\x40\x04\x20\0",
            ]), 1_usize..4),
            0..30,
        ),
        block_bytes in 1_usize..600,
        read_bytes in 1_usize..600,
        line_bytes in prop_oneof![Just(40_usize), Just(1 << 20)],
        splits in proptest::collection::vec(1_usize..1500, 0..4),
        first in prop::sample::select(vec![Units::Bytes, Units::Utf16Le, Units::Utf16Be]),
    ) {
        let source: Vec<u8> = parts.iter().flat_map(|(part, times)| part.repeat(*times)).chain(*b"\r\n\r\n").collect();
        let limits = Limits { block_bytes: 1 << 20, line_bytes, lookahead_bytes: 0 };
        let whole = &source[..source.len() & !1];
        let expected = changing(whole, first, &[], limits, 1 << 20);
        let found = changing(whole, first, &splits, Limits { block_bytes, ..limits }, read_bytes);
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn a_line_as_long_as_the_limit_is_whole_and_a_longer_one_is_cut() {
    let limits = Limits { block_bytes: 3, line_bytes: 4, lookahead_bytes: 0 };
    let cuts = |source: &[u8]| {
        let mut chunks = Chunks::new(source, Span::ALL, limits, Units::Bytes, Vec::new());
        let mut cuts = Vec::new();
        while let Some(chunk) = chunks.next_chunk().unwrap() {
            cuts.push((chunk.owned().len(), chunk.cut));
        }
        cuts
    };
    assert_eq!(cuts(b"abc\n"), [(4, Cut::AtLineEnd)]);
    assert_eq!(cuts(b"abcd"), [(4, Cut::AtLineEnd)]);
    assert_eq!(cuts(b"abcd\n"), [(4, Cut::FirstPiece), (1, Cut::AtLineEnd)]);
    assert_eq!(cuts(b"abcdefghi\n"), [(4, Cut::FirstPiece), (4, Cut::FurtherPiece), (2, Cut::AtLineEnd)]);
}

#[test]
fn an_error_in_the_middle_keeps_the_whole_lines_before_it() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 > 1 {
                return Err(io::Error::other("the disk is gone"));
            }
            buffer[..7].copy_from_slice(b"one\ntwo");
            Ok(7)
        }
    }
    let mut chunks = Chunks::new(Failing(0), Span::ALL, Limits::default(), Units::Bytes, Vec::new());
    assert_eq!(chunks.next_chunk().unwrap_err().to_string(), "the disk is gone");
    let mut rest = Vec::new();
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        rest.extend_from_slice(chunk.owned());
    }
    assert_eq!(rest, b"one\n");
}

/// The first line is incomplete, so nothing was read in the wrong encoding.
#[test]
fn an_error_in_the_first_line_ends_a_source_whose_mark_contradicts_its_encoding() {
    struct Failing(&'static [u8]);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk is gone")),
                len => Ok(len),
            }
        }
    }
    for (source, units) in [(&b"\xFF\xFEa\0"[..], Units::Utf16Be), (b"\xFE\xFF\0a", Units::Bytes)] {
        let mut chunks = Chunks::new(Failing(source), Span::ALL, Limits::default(), units, Vec::new());
        assert_eq!(chunks.next_chunk().unwrap_err().to_string(), "the disk is gone");
        assert!(chunks.next_chunk().unwrap().is_none());
    }
    // Of a line that is read, it is reported once.
    let mut chunks = Chunks::new(&b"\xFF\xFEa\0"[..], Span::ALL, Limits::default(), Units::Utf16Be, Vec::new());
    assert!(chunks.next_chunk().unwrap().is_some());
    assert!(chunks.next_chunk().is_err());
    assert!(chunks.next_chunk().unwrap().is_none());
}
