//! Decompresses one frame, or the compressed data of one member of an archive, without losing data before a fault.
//!
//! Here, *frame* also stands for a gzip member, for a bzip2 or xz stream and for an event log. [`Decoder::step`] decompresses a piece of a frame, and
//! [`frames`](super::frames) reads all frames of a file. [`Frames`] is the state of a decoder for frames within an archive, and not
//! the reader [`frames::Frames`](super::frames::Frames).
//!
//! If its crate allows it, a decoder gets slices of compressed bytes rather than a reader. If a reader fails, a decoder loses
//! everything that it has decompressed in the same call.
//!
//! # gzip
//!
//! The format is described in RFC 1952, section 2.3. Numbers are little-endian.
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 2 | magic, `1F 8B` |
//! | 2 | 1 | method, 8 for deflate; no other exists |
//! | 3 | 1 | flags: 2 header checksum, 4 extra field, 8 name, 16 comment; the upper three bits are reserved |
//! | 4 | 4 | time of modification, ignored |
//! | 8 | 2 | level and operating system, ignored |
//! | 10 | 2 + n | extra field, if flagged: its length n and n bytes |
//! | … | n + 1 | name, if flagged, ended by a NUL |
//! | … | n + 1 | comment, if flagged, ended by a NUL |
//! | … | 2 | checksum of the header, if flagged; not verified |
//! | … | | deflate data |
//! | … | 4 | CRC-32 of the decompressed data |
//! | … | 4 | length of the decompressed data, modulo 2^32 |
//!
//! # Skippable frames
//!
//! zstd (RFC 8878, section 3.1.2) and lz4 (LZ4 Frame Format, "Skippable Frames") have frames that decoders ignore.
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 4 | magic, `5. 2A 4D 18`, where `.` is any hexadecimal digit |
//! | 4 | 4 | length n of the data, little-endian |
//! | 8 | n | data for other programs, ignored |

use std::io::Read;

use deflate64::InflaterManaged;
use flate2::{Crc, Decompress, FlushDecompress};
use lzma_rust2::{Action, Lzma2Stream, LzmaStream, StreamResult, XzStream};
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::event_log::EventLog;
use super::fault;
use super::input::Input;
use super::recognise::Codec;
use crate::problem::{Kind, Loss, Remedy};

/// The greatest size in bytes of the window or dictionary of a decoder. `zstd -d` has the same limit, and `xz -9` needs half of it.
/// Data that need more are reported as a [`Loss`].
pub const WINDOW_LIMIT: u64 = 128 << 20;

/// The number of compressed bytes that an LZMA decoder gets in each call.
///
/// If a call finds a fault, the decoder loses everything that it has decoded in this call. With 16 bytes, that is about one line of
/// a log. With whole buffers of 64 KiB, it could be most of a megabyte of text, and with single bytes, decoding is noticeably
/// slower.
const LZMA_STEP_BYTES: usize = 16;

/// The number of bytes that [`Bzip2`] decompresses at once.
const BZIP2_STEP_BYTES: usize = 32 << 10;

/// The reason why a decoder has ended.
pub(super) enum Ended {
    /// The data are complete.
    Complete,
    /// The input ends or fails before the end of the data.
    Short,
    /// The data are damaged. Contains the reason for a message.
    Damaged(String),
    /// The data need a window of more than [`WINDOW_LIMIT`].
    Window,
    /// The data need a dictionary that they do not contain.
    Dictionary,
    /// The data are valid but use a feature that is not supported. Contains the feature for a message.
    Unsupported(&'static str),
    /// Some of the data were lost, although the decoder has continued after them. Contains the loss to report.
    Lost(Loss),
}

/// The result of one step: the number of decompressed bytes, and an error with the reason if no more can follow.
pub(super) type Step = (usize, Result<(), Ended>);

/// A decoder of one frame, or of the data of a member of an archive.
pub(super) enum Decoder {
    Gzip { inflate: Decompress, crc: Crc },
    Zstd { decoder: Box<FrameDecoder>, len: u64, ended: Option<Ended> },
    Bzip2(Box<Bzip2>),
    Xz(Box<XzStream>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<Input>>),
    EventLog(Box<EventLog>),
    // The following occur only in archives.
    Frames { codec: Codec, state: Frames },
    Stored,
    Deflate(Decompress),
    Deflate64(Box<InflaterManaged>),
    Lzma(Box<LzmaStream>),
    Lzma2(Box<Lzma2Stream>),
}

impl Ended {
    /// Returns the loss to report. Returns `None` for [`Ended::Complete`], and for [`Ended::Short`] because only the caller knows
    /// why its input is short. `data` is the name of the format, and `delivered` the number of decompressed bytes before the end.
    pub(super) fn into_loss(self, data: &str, mut delivered: Option<u64>) -> Option<Loss> {
        let (kind, what, remedy) = match self {
            Ended::Complete | Ended::Short => return None,
            Ended::Damaged(why) => return Some(fault::damaged(data, why, delivered)),
            Ended::Lost(loss) => return Some(loss),
            Ended::Window => {
                let what =
                    format!("the {data} data needs a decompression window of more than {} MiB", WINDOW_LIMIT >> 20);
                (Kind::OverLimit, what, Remedy::DecompressData)
            }
            Ended::Dictionary => {
                delivered = delivered.filter(|&bytes| bytes > 0);
                let what = format!("the {data} data needs a dictionary that is not in the file");
                (Kind::Unreadable, what, Remedy::DecompressWithDictionary)
            }
            Ended::Unsupported(what) => {
                delivered = delivered.filter(|&bytes| bytes > 0);
                let what = format!("the {data} data uses {what}");
                (Kind::Unreadable, what, Remedy::DecompressData)
            }
        };
        Some(Loss { kind, what, delivered, remedy })
    }
}

/// Calls one of the decoders of lzma-rust2, which have the same methods but no common trait.
macro_rules! lzma {
    ($stream:expr, $input:expr, $out:expr) => {{
        let before = ($stream.total_in(), $stream.total_out());
        let available = $input.peek(LZMA_STEP_BYTES);
        let at_end = available.is_empty();
        let result = $stream.process(available, $out, if at_end { Action::Finish } else { Action::Run });
        $input.consume(difference($stream.total_in(), before.0));
        lzma_step(result, difference($stream.total_out(), before.1), at_end)
    }};
}

impl Decoder {
    /// Creates a decoder of the frame of this codec at the start of `input`.
    ///
    /// # Errors
    ///
    /// Returns the reason if the frame cannot be read, for example because its header is damaged or it needs too large a window.
    pub(super) fn begin(codec: Codec, input: &mut Input) -> Result<Decoder, Ended> {
        Ok(match codec {
            Codec::Gzip => {
                gzip_header(input)?;
                Decoder::Gzip { inflate: Decompress::new(false), crc: Crc::new() }
            }
            Codec::Zstd => {
                let mut decoder = FrameDecoder::new();
                decoder.set_max_window_size(WINDOW_LIMIT);
                decoder.init(&mut *input).map_err(|error| zstd_ended(&error, input))?;
                Decoder::Zstd { decoder: Box::new(decoder), len: 0, ended: None }
            }
            Codec::Bzip2 => Decoder::Bzip2(Box::default()),
            Codec::Xz => {
                // The limit is in KiB. The extra MiB is for tables of the decoder, which count as part of the dictionary.
                let limit = u32::try_from(WINDOW_LIMIT >> 10).unwrap_or(u32::MAX) + 1024;
                Decoder::Xz(Box::new(XzStream::new_mem_limit(false, limit)))
            }
            Codec::Lz4 => Decoder::Lz4(Box::new(lz4_flex::frame::FrameDecoder::new(Input::default()))),
            Codec::EventLog => Decoder::EventLog(Box::new(EventLog::begin(input)?)),
        })
    }

    /// Lets the decoder use this many threads, if it can.
    pub(super) fn using_threads(mut self, threads: usize) -> Decoder {
        if let Decoder::EventLog(log) = &mut self {
            log.use_threads(threads);
        }
        self
    }

    /// Returns a decoder of all consecutive frames of this codec. It ends before anything that is not a frame.
    pub(super) fn frames(codec: Codec) -> Decoder {
        Decoder::Frames { codec, state: Frames::First }
    }

    /// Returns a decoder of deflate data without a header (RFC 1951).
    pub(super) fn deflate() -> Decoder {
        Decoder::Deflate(Decompress::new(false))
    }

    /// Returns a decoder of Deflate64 data without a header.
    pub(super) fn deflate64() -> Decoder {
        Decoder::Deflate64(Box::new(InflaterManaged::new()))
    }

    /// Returns a decoder of LZMA data without a header. The archive states the arguments. `len` is the length of the decompressed
    /// data, or `None` if the data end with an end marker.
    ///
    /// # Errors
    ///
    /// Returns [`Ended::Window`] if the dictionary is too large, and [`Ended::Damaged`] if the properties are invalid.
    pub(super) fn lzma(properties: u8, dictionary_bytes: u32, len: Option<u64>) -> Result<Decoder, Ended> {
        if u64::from(dictionary_bytes) > WINDOW_LIMIT {
            return Err(Ended::Window);
        }
        // The window grows with the decompressed data, so stating a large dictionary takes no memory.
        let stream = LzmaStream::new_with_props(len.unwrap_or(u64::MAX), properties, dictionary_bytes, None);
        stream.map(|stream| Decoder::Lzma(Box::new(stream))).map_err(|error| damaged(&error.to_string()))
    }

    /// Returns a decoder of LZMA2 data without a header.
    ///
    /// # Errors
    ///
    /// Returns [`Ended::Window`] if the dictionary is too large.
    pub(super) fn lzma2(dictionary_bytes: u32) -> Result<Decoder, Ended> {
        if u64::from(dictionary_bytes) > WINDOW_LIMIT {
            return Err(Ended::Window);
        }
        Ok(Decoder::Lzma2(Box::new(Lzma2Stream::new(dictionary_bytes))))
    }

    /// Decompresses some bytes into `out`, which must not be empty. Before the end, a step may also return no bytes.
    pub(super) fn step(&mut self, input: &mut Input, out: &mut [u8]) -> Step {
        match self {
            Decoder::Gzip { inflate, crc } => gzip(inflate, crc, input, out),
            Decoder::Zstd { decoder, len, ended } => zstd(decoder, len, ended, input, out),
            Decoder::Bzip2(decoder) => decoder.step(input, out),
            Decoder::Xz(decoder) => xz(lzma!(decoder, input, out)),
            Decoder::Lz4(decoder) => lz4(decoder, input, out),
            Decoder::EventLog(log) => log.step(input, out),
            Decoder::Frames { codec, state } => frames(*codec, state, input, out),
            Decoder::Stored => stored(input, out),
            Decoder::Deflate(inflate) => deflate(inflate, input, out),
            Decoder::Deflate64(inflate) => deflate64(inflate, input, out),
            Decoder::Lzma(decoder) => lzma!(decoder, input, out),
            Decoder::Lzma2(decoder) => lzma!(decoder, input, out),
        }
    }
}

fn damaged(what: &str) -> Ended {
    Ended::Damaged(what.to_string())
}

/// Returns by how much a decoder's counter of bytes has grown in one call.
fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}

/// Reads the header of a gzip member, up to its deflate data. The documentation of this module has its layout.
fn gzip_header(input: &mut Input) -> Result<(), Ended> {
    const HEADER_CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    let [_, _, method, flags, ..] = input.array::<10>().ok_or(Ended::Short)?;
    if method != 8 || flags >= 32 {
        return Err(damaged("unknown method or flags"));
    }
    if flags & EXTRA != 0 {
        let len = u64::from(u16::from_le_bytes(input.array().ok_or(Ended::Short)?));
        if input.skip(len) < len {
            return Err(Ended::Short);
        }
    }
    for text in [NAME, COMMENT] {
        while flags & text != 0 && input.byte().ok_or(Ended::Short)? != 0 {}
    }
    if flags & HEADER_CRC != 0 {
        input.array::<2>().ok_or(Ended::Short)?;
    }
    Ok(())
}

fn gzip(inflate: &mut Decompress, crc: &mut Crc, input: &mut Input, out: &mut [u8]) -> Step {
    let (len, step) = deflate(inflate, input, out);
    crc.update(&out[..len]);
    match step {
        Err(Ended::Complete) => (len, Err(gzip_trailer(crc, input))),
        step => (len, step),
    }
}

/// The state of [`Decoder::Frames`].
pub(super) enum Frames {
    /// The decoder is before the first frame, which must exist.
    First,
    /// The decoder is within a frame.
    In(Box<Decoder>),
    /// The decoder is after a frame. Another one may follow.
    Between,
}

fn frames(codec: Codec, state: &mut Frames, input: &mut Input, out: &mut [u8]) -> Step {
    if let Frames::In(frame) = state {
        let (len, step) = frame.step(input, out);
        return match step {
            Err(Ended::Complete) => {
                *state = Frames::Between;
                (len, Ok(()))
            }
            step => (len, step),
        };
    }
    let begun = loop {
        match skip_frame(codec, input) {
            Ok(true) => *state = Frames::Between,
            Ok(false) if matches!(state, Frames::First) || Codec::of(input.peek(Codec::HEAD_BYTES)) == Some(codec) => {
                break Decoder::begin(codec, input);
            }
            Ok(false) => break Err(Ended::Complete),
            Err(ended) => break Err(ended),
        }
    };
    (0, begun.map(|begun| *state = Frames::In(Box::new(begun))))
}

/// Skips a skippable frame, if there is one at the start of `input`. Returns whether there was. They may be anywhere among the
/// frames of zstd and lz4.
pub(super) fn skip_frame(codec: Codec, input: &mut Input) -> Result<bool, Ended> {
    let head = input.peek(Codec::HEAD_BYTES);
    if !codec.has_skippable_frames() || head.len() < 4 || head[0] & 0xf0 != 0x50 || head[1..4] != [0x2a, 0x4d, 0x18] {
        return Ok(false);
    }
    let [.., a, b, c, d] = input.array::<8>().ok_or(Ended::Short)?;
    let len = u64::from(u32::from_le_bytes([a, b, c, d]));
    if input.skip(len) < len { Err(Ended::Short) } else { Ok(true) }
}

/// Copies data that are not compressed. They end at the end of the input.
fn stored(input: &mut Input, out: &mut [u8]) -> Step {
    // `Input` never returns an error.
    let len = input.read(out).unwrap_or(0);
    (len, if len == 0 { Err(Ended::Complete) } else { Ok(()) })
}

fn deflate64(inflate: &mut InflaterManaged, input: &mut Input, out: &mut [u8]) -> Step {
    let available = input.available();
    let at_end = available.is_empty();
    let result = inflate.inflate(available, out);
    input.consume(result.bytes_consumed);
    // The decoder returns data from before a fault only in the next call.
    let step = if result.data_error && inflate.available_output() == 0 {
        Err(damaged("invalid deflate64 data"))
    } else if result.data_error {
        Ok(())
    } else if inflate.finished() {
        Err(Ended::Complete)
    } else if at_end && result.bytes_written == 0 {
        Err(Ended::Short)
    } else {
        Ok(())
    };
    (result.bytes_written, step)
}

fn deflate(inflate: &mut Decompress, input: &mut Input, out: &mut [u8]) -> Step {
    let before = (inflate.total_in(), inflate.total_out());
    let available = input.available();
    let at_end = available.is_empty();
    let result = inflate.decompress(available, out, FlushDecompress::None);
    input.consume(difference(inflate.total_in(), before.0));
    let len = difference(inflate.total_out(), before.1);
    let step = match result {
        Ok(flate2::Status::StreamEnd) => Err(Ended::Complete),
        Ok(_) if at_end && len == 0 => Err(Ended::Short),
        Ok(_) => Ok(()),
        Err(_) => Err(damaged("invalid deflate data")),
    };
    (len, step)
}

/// Reads the trailer of a gzip member and verifies the checksum and the length.
fn gzip_trailer(crc: &Crc, input: &mut Input) -> Ended {
    match (input.array(), input.array()) {
        (Some(sum), Some(len)) if u32::from_le_bytes(sum) == crc.sum() && u32::from_le_bytes(len) == crc.amount() => {
            Ended::Complete
        }
        (Some(_), Some(_)) => damaged("the checksum does not match"),
        _ => Ended::Short,
    }
}

/// A decoder of bzip2 data that always decompresses into its own buffer.
///
/// The crate finds some damage only while it writes a block, and then loses everything that it has written in that call. So the
/// size of a call must not depend on the caller's buffer. Otherwise the same file could give different results with one thread
/// and with two.
pub(super) struct Bzip2 {
    decoder: bzip2::Decompress,
    buffer: Vec<u8>,
    /// The number of bytes of the buffer that have been returned.
    head: usize,
    ended: Option<Ended>,
}

impl Default for Bzip2 {
    fn default() -> Bzip2 {
        Bzip2 { decoder: bzip2::Decompress::new(false), buffer: Vec::new(), head: 0, ended: None }
    }
}

impl Bzip2 {
    fn step(&mut self, input: &mut Input, out: &mut [u8]) -> Step {
        if self.head == self.buffer.len() && self.ended.is_none() {
            self.fill(input);
        }
        // Reading from a slice cannot fail.
        let len = (&self.buffer[self.head..]).read(out).unwrap_or(0);
        self.head += len;
        let ended = if len == 0 { self.ended.take() } else { None };
        (len, ended.map_or(Ok(()), Err))
    }

    /// Fills the buffer, or the start of it if fewer data are left.
    fn fill(&mut self, input: &mut Input) {
        self.head = 0;
        self.buffer.resize(BZIP2_STEP_BYTES, 0);
        let mut tail = 0;
        while tail < self.buffer.len() && self.ended.is_none() {
            let before = (self.decoder.total_in(), self.decoder.total_out());
            let available = input.available();
            let at_end = available.is_empty();
            let result = self.decoder.decompress(available, &mut self.buffer[tail..]);
            input.consume(difference(self.decoder.total_in(), before.0));
            let len = difference(self.decoder.total_out(), before.1);
            tail += len;
            self.ended = match result {
                Ok(bzip2::Status::StreamEnd) => Some(Ended::Complete),
                Ok(bzip2::Status::MemNeeded) => Some(damaged("not enough memory to decompress")),
                Ok(_) if at_end && len == 0 => Some(Ended::Short),
                Ok(_) => None,
                Err(error) => Some(damaged(error.to_string().trim_start_matches("bzip2: "))),
            };
        }
        self.buffer.truncate(tail);
    }
}

/// Converts the result of a decoder of lzma-rust2. `at_end` is whether the input had no more bytes.
fn lzma_step(result: lzma_rust2::Result<StreamResult>, len: usize, at_end: bool) -> Step {
    let step = match result {
        Ok(result) if result.status == lzma_rust2::Status::StreamEnd => Err(Ended::Complete),
        Ok(_) if at_end && len == 0 => Err(Ended::Short),
        Ok(_) => Ok(()),
        Err(error) => Err(match error.kind() {
            std::io::ErrorKind::OutOfMemory => Ended::Window,
            std::io::ErrorKind::UnexpectedEof if at_end => Ended::Short,
            _ => damaged(&error.to_string()),
        }),
    };
    (len, step)
}

/// The errors of the xz decoder for valid data that it does not support, each with the feature for a message. Damage cannot cause
/// these errors, because the decoder returns them only after it has verified the checksum of the header.
const UNKNOWN_TO_XZ: [(&str, &str); 6] = [
    ("unsupported XZ check type", "a checksum that is not supported"),
    ("Unsupported filter type", "a filter that is not supported"),
    ("XZ block's last filter must be a LZMA2 filter", "a filter that is not supported"),
    ("multiple non-LZMA2 filters not supported yet for stream API", "several filters, which is not supported"),
    ("invalid XZ stream flags", "a version of the format that is not supported"),
    ("reserved block flag bits are set", "a version of the format that is not supported"),
];

/// Converts errors of the xz decoder that stand for unsupported features rather than damage.
fn xz((len, step): Step) -> Step {
    let ended = |ended| match ended {
        Ended::Damaged(why) => match UNKNOWN_TO_XZ.iter().find(|(reason, _)| *reason == why) {
            Some((_, what)) => Ended::Unsupported(what),
            None => Ended::Damaged(why),
        },
        ended => ended,
    };
    (len, step.map_err(ended))
}

fn lz4(decoder: &mut lz4_flex::frame::FrameDecoder<Input>, input: &mut Input, out: &mut [u8]) -> Step {
    // The decoder owns its reader, so the input is moved into it for this call.
    std::mem::swap(decoder.get_mut(), input);
    let result = decoder.read(out);
    std::mem::swap(decoder.get_mut(), input);
    match result {
        // If the input ends between two blocks, the decoder mistakes this for the end of the frame.
        Ok(0) | Err(_) if input.was_short() => (0, Err(Ended::Short)),
        Ok(0) => (0, Err(Ended::Complete)),
        Ok(len) => (len, Ok(())),
        Err(error) => {
            let reason = error.get_ref().and_then(|inner| inner.downcast_ref::<lz4_flex::frame::Error>());
            let dictionary = matches!(reason, Some(lz4_flex::frame::Error::DictionaryNotSupported));
            (0, Err(if dictionary { Ended::Dictionary } else { damaged("invalid lz4 data") }))
        }
    }
}

/// Converts an error of the zstd decoder.
fn zstd_ended(error: &FrameDecoderError, input: &Input) -> Ended {
    match error {
        _ if input.was_short() => Ended::Short,
        FrameDecoderError::WindowSizeTooBig { .. }
        | FrameDecoderError::FrameHeaderError(FrameHeaderError::WindowTooBig { .. }) => Ended::Window,
        FrameDecoderError::DictNotProvided { .. } => Ended::Dictionary,
        _ => damaged("invalid zstd data"),
    }
}

fn zstd(
    decoder: &mut FrameDecoder,
    total: &mut u64,
    ended: &mut Option<Ended>,
    input: &mut Input,
    out: &mut [u8],
) -> Step {
    loop {
        // Before the end of the frame, the decoder keeps one window of decompressed data to itself.
        let len = decoder.read(out).unwrap_or(0);
        *total += len as u64;
        if len > 0 {
            return (len, Ok(()));
        }
        if let Some(ended) = ended.take() {
            return (0, Err(ended));
        }
        if decoder.is_finished() {
            return (0, Err(zstd_end(decoder, *total)));
        }
        if let Err(error) = decoder.decode_blocks(&mut *input, BlockDecodingStrategy::UptoBlocks(1)) {
            *ended = Some(zstd_ended(&error, input));
            // The decoder returns the data that it has kept once it gets a last block, which may be empty, and any checksum.
            const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
            let _ = decoder.decode_blocks(&LAST_BLOCK[..], BlockDecodingStrategy::UptoBlocks(1));
        }
    }
}

/// Verifies the checksum and the length of a complete zstd frame, if it has them.
fn zstd_end(decoder: &FrameDecoder, total: u64) -> Ended {
    let sum = decoder.get_checksum_from_data();
    if sum.is_some() && sum != decoder.get_calculated_checksum() {
        return damaged("the checksum does not match");
    }
    // A frame without a length also gives 0.
    if ![0, total].contains(&decoder.content_size()) {
        return damaged("the length does not match");
    }
    Ended::Complete
}
