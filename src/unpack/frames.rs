//! Compressed streams, recognised by their first bytes and decompressed in memory, whatever their name.
//!
//! A stream is one frame or several; a gzip member and a bzip2 or xz stream are called frames here, too. Invariant: every
//! frame counts, one after another, as in the tools of each format.

use std::io::{self, Read};

use super::decoder::{Decoder, Ended, skip_frame};
use super::fault::{passed_on, trailing};
use super::input::Input;
use super::recognise::{Codec, HEAD_BYTES, Recognised, recognise};
use crate::problem::{Kind, Loss, Remedy};

/// How often a file may have been compressed over.
pub const MAX_LAYERS: u8 = 3;

impl Codec {
    /// Whether skippable frames may stand between its frames.
    pub(super) fn has_skippable_frames(self) -> bool {
        matches!(self, Codec::Zstd | Codec::Lz4)
    }

    /// Whether a frame found in this codec's data is one of them. Skippable frames left open which codec it is.
    fn may_be(self, found: Codec, is_first: bool) -> bool {
        found == self || (is_first && found.has_skippable_frames() && self.has_skippable_frames())
    }
}

/// What `reader` delivers, decompressed as often as it was compressed, up to [`MAX_LAYERS`] times; itself if it is not
/// compressed. There is no limit on how much that is.
#[must_use]
pub fn decompressed(reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    Box::new(unpacked(Input::new(reader), |_, frames| Box::new(frames)).into_reader())
}

/// What `input` delivers, decompressed in the same way. Each layer is read through what `wrap` makes of it.
pub(crate) fn unpacked(mut input: Input, mut wrap: impl FnMut(Codec, Frames) -> Box<dyn Read + Send>) -> Input {
    let mut layers = 0;
    while let Recognised::Codec(codec) = recognise(input.peek(HEAD_BYTES)) {
        if layers == MAX_LAYERS {
            return Input::failed(too_deep().into());
        }
        input = Input::new(wrap(codec, Frames::new(codec, input)));
        layers += 1;
    }
    input
}

fn too_deep() -> Loss {
    let what = format!("it was compressed more than {MAX_LAYERS} times over and was not read");
    Loss::new(Kind::OverLimit, what, Remedy::Decompress)
}

/// The frames of one compressed stream.
pub(crate) struct Frames {
    codec: Codec,
    input: Input,
    state: State,
    delivered: u64,
}

enum State {
    /// Before the first frame or after one.
    Between {
        is_first: bool,
    },
    In(Decoder),
    /// Nothing follows but, once, the reason.
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
        Frames { codec, input, state: State::Between { is_first: true }, delivered: 0 }
    }

    /// What follows: another frame, the end, or something else. Zeros are padding, as from tapes and block devices.
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
                return Decoder::begin(codec, &mut self.input).map_or_else(|ended| self.ended(ended), State::In);
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

    fn trailing(&mut self, len: u64) -> State {
        if let Some(error) = self.input.failure() {
            return State::Ended(Some(passed_on(error, Some(self.delivered))));
        }
        State::Ended(Some(trailing(len, format_args!("the {} data", self.codec)).into()))
    }

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
