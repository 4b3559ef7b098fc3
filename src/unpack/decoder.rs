//! One gzip member, zstd frame, bzip2 stream, xz stream or lz4 frame, or the bare data of an archive's member: the step
//! from compressed bytes to decompressed ones, with nothing lost before a fault.
//!
//! Where the crate allows it, its decoder is fed by hand instead of being read from: a reader that fails drops what it
//! had decompressed in the same call.

use std::io::Read;

use deflate64::InflaterManaged;
use flate2::{Crc, Decompress, FlushDecompress};
use lzma_rust2::{Action, Lzma2Stream, LzmaStream, StreamResult, XzStream};
use ruzstd::decoding::errors::{FrameDecoderError, FrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::fault;
use super::input::Input;
use super::recognise::Codec;
use crate::problem::{Kind, Loss, Remedy};

/// The largest window or dictionary that is granted, in bytes: what `zstd -d` grants, and twice what `xz -9` uses.
pub const WINDOW_LIMIT: u64 = 128 << 20;

/// How much an LZMA decoder is given at once, in bytes. What a call had decoded before it met a fault stays in the decoder,
/// so this is what may get lost: about a line of a log. All that is there would be up to 64 KiB, or most of a megabyte
/// of text; a single byte costs a third of the speed and these cost a fifteenth.
const LZMA_STEP_BYTES: usize = 16;

/// How much bzip2 is decompressed at once, in bytes.
const BZIP2_STEP_BYTES: usize = 32 << 10;

/// Why a member delivers no more.
pub(super) enum Ended {
    /// It is complete.
    Complete,
    /// The input ends, or fails, in the middle of it.
    Short,
    /// It contradicts itself; what is wrong with it.
    Damaged(String),
    /// It needs a larger window than is granted.
    Window,
    /// It needs a dictionary that does not come with it.
    Dictionary,
    /// It is valid and uses what is not supported; that, with these words.
    Unsupported(&'static str),
}

/// How many bytes were decompressed, and whether there are more.
pub(super) type Step = (usize, Result<(), Ended>);

pub(super) enum Decoder {
    Gzip { inflate: Decompress, crc: Crc },
    Zstd { decoder: Box<FrameDecoder>, len: u64, ended: Option<Ended> },
    Bzip2(Box<Bzip2>),
    Xz(Box<XzStream>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<Input>>),
    // In archives only:
    Frames { codec: Codec, state: Frames },
    Stored,
    Deflate(Decompress),
    Deflate64(Box<InflaterManaged>),
    Lzma(Box<LzmaStream>),
    Lzma2(Box<Lzma2Stream>),
}

impl Ended {
    /// What to tell of it, for `data` of any kind. [`Ended::Short`] is left to whoever knows why the input ended.
    pub(super) fn into_loss(self, data: &str, mut delivered: Option<u64>) -> Option<Loss> {
        let (kind, what, remedy) = match self {
            Ended::Complete | Ended::Short => return None,
            Ended::Damaged(why) => return Some(fault::damaged(data, why, delivered)),
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

/// A call of one of the decoders of lzma-rust2, which are alike but have no trait.
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
    /// Begins a member of this codec, at its magic bytes.
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
                // The decoder counts, in KiB, some of its own tables with the dictionary.
                let limit = u32::try_from(WINDOW_LIMIT >> 10).unwrap_or(u32::MAX) + 1024;
                Decoder::Xz(Box::new(XzStream::new_mem_limit(false, limit)))
            }
            Codec::Lz4 => Decoder::Lz4(Box::new(lz4_flex::frame::FrameDecoder::new(Input::default()))),
        })
    }

    /// Frames of this codec, one after another, up to what is none.
    pub(super) fn frames(codec: Codec) -> Decoder {
        Decoder::Frames { codec, state: Frames::First }
    }

    pub(super) fn deflate() -> Decoder {
        Decoder::Deflate(Decompress::new(false))
    }

    pub(super) fn deflate64() -> Decoder {
        Decoder::Deflate64(Box::new(InflaterManaged::new()))
    }

    /// LZMA without any header. `properties` and `dictionary_bytes` come from one; `len` is what it unpacks to, unless its
    /// end is marked.
    pub(super) fn lzma(properties: u8, dictionary_bytes: u32, len: Option<u64>) -> Result<Decoder, Ended> {
        if u64::from(dictionary_bytes) > WINDOW_LIMIT {
            return Err(Ended::Window);
        }
        // The window grows with what is decompressed.
        let stream = LzmaStream::new_with_props(len.unwrap_or(u64::MAX), properties, dictionary_bytes, None);
        stream.map(|stream| Decoder::Lzma(Box::new(stream))).map_err(|error| damaged(&error.to_string()))
    }

    /// LZMA2 without any header.
    pub(super) fn lzma2(dictionary_bytes: u32) -> Result<Decoder, Ended> {
        if u64::from(dictionary_bytes) > WINDOW_LIMIT {
            return Err(Ended::Window);
        }
        Ok(Decoder::Lzma2(Box::new(Lzma2Stream::new(dictionary_bytes))))
    }

    /// Decompresses some more into `out`, which is not empty.
    pub(super) fn step(&mut self, input: &mut Input, out: &mut [u8]) -> Step {
        match self {
            Decoder::Gzip { inflate, crc } => gzip(inflate, crc, input, out),
            Decoder::Zstd { decoder, len, ended } => zstd(decoder, len, ended, input, out),
            Decoder::Bzip2(decoder) => decoder.step(input, out),
            Decoder::Xz(decoder) => xz(lzma!(decoder, input, out)),
            Decoder::Lz4(decoder) => lz4(decoder, input, out),
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

fn difference(after: u64, before: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}

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

/// Where the decoder of a member's frames is.
pub(super) enum Frames {
    First,
    In(Box<Decoder>),
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

/// Skips a frame that holds no data, as zstd and lz4 allow before, between and after the others, if there is one.
pub(super) fn skip_frame(codec: Codec, input: &mut Input) -> Result<bool, Ended> {
    let head = input.peek(Codec::HEAD_BYTES);
    if !codec.has_skippable_frames() || head.len() < 4 || head[0] & 0xf0 != 0x50 || head[1..4] != [0x2a, 0x4d, 0x18] {
        return Ok(false);
    }
    let [.., a, b, c, d] = input.array::<8>().ok_or(Ended::Short)?;
    let len = u64::from(u32::from_le_bytes([a, b, c, d]));
    if input.skip(len) < len { Err(Ended::Short) } else { Ok(true) }
}

/// What is stored ends where its input does.
fn stored(input: &mut Input, out: &mut [u8]) -> Step {
    // The input never fails.
    let len = input.read(out).unwrap_or(0);
    (len, if len == 0 { Err(Ended::Complete) } else { Ok(()) })
}

fn deflate64(inflate: &mut InflaterManaged, input: &mut Input, out: &mut [u8]) -> Step {
    let available = input.available();
    let at_end = available.is_empty();
    let result = inflate.inflate(available, out);
    input.consume(result.bytes_consumed);
    // What it had unpacked before a fault it gives only when it is asked again.
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

fn gzip_trailer(crc: &Crc, input: &mut Input) -> Ended {
    match (input.array(), input.array()) {
        (Some(sum), Some(len)) if u32::from_le_bytes(sum) == crc.sum() && u32::from_le_bytes(len) == crc.amount() => {
            Ended::Complete
        }
        (Some(_), Some(_)) => damaged("the checksum does not match"),
        _ => Ended::Short,
    }
}

/// Decompresses bzip2 into a buffer of its own.
///
/// A damaged block may show itself by its order only while it is written out, and the decoder then drops what it wrote in
/// that call. So what a call writes must not depend on how much the reader has room for, or else the same file would give
/// one result with one thread and another with two.
pub(super) struct Bzip2 {
    decoder: bzip2::Decompress,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
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
        // A slice never fails.
        let len = (&self.buffer[self.head..]).read(out).unwrap_or(0);
        self.head += len;
        let ended = if len == 0 { self.ended.take() } else { None };
        (len, ended.map_or(Ok(()), Err))
    }

    /// Fills the buffer, unless the data have ended.
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

/// What the decoder says of valid data that it does not know, and what they use. That it is damage is ruled out: headers have
/// checksums, which are right by then.
const UNKNOWN_TO_XZ: [(&str, &str); 6] = [
    ("unsupported XZ check type", "a checksum that is not supported"),
    ("Unsupported filter type", "a filter that is not supported"),
    ("XZ block's last filter must be a LZMA2 filter", "a filter that is not supported"),
    ("multiple non-LZMA2 filters not supported yet for stream API", "several filters, which is not supported"),
    ("invalid XZ stream flags", "a version of the format that is not supported"),
    ("reserved block flag bits are set", "a version of the format that is not supported"),
];

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
    // The decoder owns its reader: it gets the input for the length of this call.
    std::mem::swap(decoder.get_mut(), input);
    let result = decoder.read(out);
    std::mem::swap(decoder.get_mut(), input);
    match result {
        // It takes an end between two blocks for the end of the frame.
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
        // The decoder keeps back a window while the frame goes on.
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
            // An empty last block and any checksum: the decoder then gives out what it kept back.
            const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
            let _ = decoder.decode_blocks(&LAST_BLOCK[..], BlockDecodingStrategy::UptoBlocks(1));
        }
    }
}

fn zstd_end(decoder: &FrameDecoder, total: u64) -> Ended {
    let sum = decoder.get_checksum_from_data();
    if sum.is_some() && sum != decoder.get_calculated_checksum() {
        return damaged("the checksum does not match");
    }
    // Zero is also what it says where the frame does not tell.
    if ![0, total].contains(&decoder.content_size()) {
        return damaged("the length does not match");
    }
    Ended::Complete
}
