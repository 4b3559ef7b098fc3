//! Decompresses whole streams: all frames one after another and, if a stream was compressed several times, as many times.
//!
//! Here, *frame* also stands for a gzip member and for a bzip2 or xz stream. All frames are read, as by the tools for each format:
//! two concatenated gzip files give the text of both.

use std::io::{self, Read};

use super::decoder::{Decoder, Ended, skip_frame};
use super::fault::{passed_on, trailing};
use super::input::Input;
use super::recognise::{Codec, HEAD_BYTES, Recognised, recognise};
use crate::problem::{Kind, Loss, Remedy};

/// The most times that data may have been compressed, one time within the other as in `x.log.gz.xz`. More are reported as a
/// [`Loss`].
pub const MAX_LAYERS: u8 = 3;

impl Codec {
    /// Whether this format has skippable frames.
    pub(super) fn has_skippable_frames(self) -> bool {
        matches!(self, Codec::Zstd | Codec::Lz4)
    }

    /// Whether a frame of the codec `found` can follow in data that were recognised as this codec. zstd and lz4 have the same
    /// skippable frames, so before the first other frame, the data may be of either codec.
    fn may_be(self, found: Codec, is_first: bool) -> bool {
        found == self || (is_first && found.has_skippable_frames() && self.has_skippable_frames())
    }
}

/// Returns a reader of the decompressed data of `reader`. Data that are not compressed are returned unchanged. Data that were
/// compressed several times, up to [`MAX_LAYERS`], are decompressed as many times.
///
/// The format is recognised by the first bytes. The amount of decompressed data is not limited. If there is a fault in the data,
/// the reader returns everything before it, and then an error that contains a [`Loss`].
///
/// # Examples
///
/// ```
/// use std::io::Read;
///
/// // A gzip member that stores its text.
/// let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x03\0\xfc\xffabc\xc2\x41\x24\x35\x03\0\0\0";
/// let mut text = String::new();
/// callcodes::unpack::decompressed(Box::new(&gzip[..])).read_to_string(&mut text)?;
/// assert_eq!(text, "abc");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn decompressed(reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    Box::new(unpacked(Input::new(reader), 1, |_, frames| Box::new(frames)).into_reader())
}

/// Like [`decompressed`], for an [`Input`]. `wrap` is called for each time that the data were compressed, and may put its own
/// reader around the [`Frames`], for example to count bytes. `threads` is how many threads may convert the same event log.
pub(crate) fn unpacked(
    mut input: Input,
    threads: usize,
    mut wrap: impl FnMut(Codec, Frames) -> Box<dyn Read + Send>,
) -> Input {
    let mut layers = 0;
    while let Recognised::Codec(codec) = recognise(input.peek(HEAD_BYTES)) {
        if layers == MAX_LAYERS {
            return Input::failed(too_deep().into());
        }
        input = Input::new(wrap(codec, Frames { threads, ..Frames::new(codec, input) }));
        layers += 1;
    }
    input
}

fn too_deep() -> Loss {
    let what = format!("it was compressed more than {MAX_LAYERS} times over and was not read");
    Loss::new(Kind::OverLimit, what, Remedy::Decompress)
}

/// A reader of the decompressed data of one compressed stream, through all of its frames.
pub(crate) struct Frames {
    codec: Codec,
    input: Input,
    state: State,
    /// How many threads may be used.
    threads: usize,
    /// The number of decompressed bytes that have been returned.
    delivered: u64,
}

/// The position of the reader in the stream.
enum State {
    /// The reader is between two frames, or before the first one.
    Between { is_first: bool },
    /// The reader is within a frame.
    In(Decoder),
    /// The reader is at the end. Contains the error that it has not returned yet, if there is one.
    Ended(Option<io::Error>),
}

impl Read for Frames {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match &mut self.state {
                State::Ended(reason) => return reason.take().map_or(Ok(0), Err),
                State::Between { is_first } => {
                    let is_first = *is_first;
                    self.state = self.next_frame(is_first);
                }
                State::In(decoder) => {
                    let (len, step) = decoder.step(&mut self.input, out);
                    self.delivered += len as u64;
                    match step {
                        Ok(()) => {}
                        Err(Ended::Complete) => self.state = State::Between { is_first: false },
                        Err(ended) => self.state = self.ended(ended),
                    }
                    if len > 0 {
                        return Ok(len);
                    }
                }
            }
        }
    }
}

impl Frames {
    fn new(codec: Codec, input: Input) -> Frames {
        Frames { codec, input, state: State::Between { is_first: true }, threads: 1, delivered: 0 }
    }

    /// Moves to the next frame or to the end. If something else follows, the reader ends with an error. Zeros are padding, which
    /// tapes and block devices add.
    fn next_frame(&mut self, is_first: bool) -> State {
        let mut padding = 0;
        loop {
            match skip_frame(self.codec, &mut self.input) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(ended) => return self.ended(ended),
            }
            let head = self.input.peek(Codec::HEAD_BYTES);
            let codec = self.codec;
            let found = Codec::of(head).filter(|found| codec.may_be(*found, is_first));
            if let Some(codec) = found {
                self.codec = codec;
                let begun = Decoder::begin(codec, &mut self.input).map(|decoder| decoder.using_threads(self.threads));
                return begun.map_or_else(|ended| self.ended(ended), State::In);
            } else if head.is_empty() {
                return State::Ended(self.input.failure().map(|error| passed_on(error, Some(self.delivered))));
            } else if head.len() < Codec::HEAD_BYTES && self.codec.may_begin(head) {
                return self.ended(Ended::Short);
            } else if head[0] == 0 {
                self.input.consume(1);
                padding += 1;
            } else {
                let rest = self.input.skip(u64::MAX);
                return self.trailing(padding + rest);
            }
        }
    }

    /// Ends the reader with the failure of the input or, if it has not failed, with the error for `len` bytes after the last frame.
    fn trailing(&mut self, len: u64) -> State {
        if let Some(error) = self.input.failure() {
            return State::Ended(Some(passed_on(error, Some(self.delivered))));
        }
        State::Ended(Some(trailing(len, format_args!("the {} data", self.codec)).into()))
    }

    /// Ends the reader with the error for `ended`. If the input is too short because it has failed, that failure is the error.
    fn ended(&mut self, ended: Ended) -> State {
        let delivered = Some(self.delivered);
        let reason = match ended {
            Ended::Short => match self.input.failure() {
                Some(error) => Some(passed_on(error, delivered)),
                None => {
                    let what = format!("the {} data is cut short", self.codec);
                    Some(Loss { kind: Kind::Truncated, what, delivered, remedy: Remedy::AskAgain }.into())
                }
            },
            ended => ended.into_loss(&self.codec.to_string(), delivered).map(io::Error::from),
        };
        State::Ended(reason)
    }
}
