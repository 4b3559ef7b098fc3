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

proptest! {
    #[test]
    fn another_encoding_at_the_end_is_reported_once_for_any_reads(
        block_bytes in 1_usize..9000,
        line_bytes in 1_usize..9000,
        lookahead_bytes in 0_usize..40,
        read_bytes in 1_usize..9000,
        lines in 0_usize..400,
        start in prop_oneof![Just(0), 1_u64..6000],
    ) {
        let line = "2017-02-14 02:57:24 callStatus=21\r\n";
        // The last line alone is not enough to detect the encoding.
        let appended: Vec<u8> = (line.repeat(130) + "ok\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let source = [line.repeat(lines).as_bytes(), &appended].concat();
        let span = Span { start, end: source.len() as u64 };
        let from = usize::try_from(span.read_from(Units::Bytes)).unwrap();
        let limits = Limits { block_bytes, line_bytes, lookahead_bytes };
        let reader = Slow { source: &source[from..], read_bytes };
        let mut chunks = Chunks::new(reader, span, limits, Units::Bytes, Vec::new()).checking_the_end();
        let told = loop {
            match chunks.next_chunk() {
                Ok(chunk) => prop_assert!(chunk.is_some(), "nothing is told"),
                Err(error) => break Loss::of(&error).unwrap().kind,
            }
        };
        prop_assert_eq!(told, Kind::MixedEncodings);
        prop_assert_eq!(chunks.next_chunk().unwrap(), None);
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
