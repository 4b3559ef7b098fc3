//! Compressed streams, recognised by their first bytes and decompressed in memory, whatever their name.
//!
//! Invariants: every member, frame or stream of a file counts, one after another, as in the tools of each format; what
//! was decompressed before a fault is delivered before the fault is; the fault is an [`io::Error`] that carries a
//! [`Loss`]; memory is bounded by a window of at most [`WINDOW_LIMIT`](super::WINDOW_LIMIT) for each layer, and by nothing that a header says.

use std::io::{self, Read};
use std::sync::Arc;

use super::budget::{Budget, Charged, Limits};
use super::chain::{Chain, Layer};
use super::input::Input;
use super::member::{Member, Stop};
use super::recognise::{self, Codec, Recognised, recognise};
use crate::problem::{Kind, Loss, Remedy};

/// How often a file may have been compressed over.
pub const MAX_LAYERS: u8 = 3;

pub(super) const ASK_AGAIN: Remedy = Remedy::AskAgain;

impl Codec {
    /// Whether skippable frames may stand between its frames.
    fn has_skippable_frames(self) -> bool {
        matches!(self, Codec::Zstd | Codec::Lz4)
    }

    /// Whether a member found in this codec's data is one of them. Skippable frames left open which codec it is.
    fn may_be(self, found: Codec, is_first: bool) -> bool {
        found == self || (is_first && found.has_skippable_frames() && self.has_skippable_frames())
    }
}

fn is_skippable(head: &[u8]) -> bool {
    head.len() >= 4 && head[0] & 0xF0 == 0x50 && head[1..4] == [0x2A, 0x4D, 0x18]
}

/// What `reader` delivers, decompressed as often as it was compressed, up to [`MAX_LAYERS`] times; itself if it is not
/// compressed. Without a limit on what comes out, which sources have.
#[must_use]
pub fn decompressed(reader: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
    let limits = Limits { unpacked_bytes: u64::MAX, ratio: u64::MAX, ..Limits::default() };
    let input = unpacked(Input::new(reader), &mut Chain::default(), &Budget::new(limits, 0, ""));
    Box::new(input.into_reader())
}

/// The same within a budget, noting the layers in `chain`. Reads as far as is needed to tell what they are.
pub(super) fn unpacked(mut input: Input, chain: &mut Chain, budget: &Arc<Budget>) -> Input {
    let mut layers = 0;
    while let Recognised::Codec(codec) = recognise(input.peek(recognise::HEAD_BYTES)) {
        if layers == MAX_LAYERS {
            return Input::failed(too_deep().into());
        }
        let layer = Layer::Codec(codec);
        let members = Members::new(codec, input);
        input = Input::new(Box::new(Charged::new(members, budget, chain.len(), layer)));
        chain.push(layer);
        layers += 1;
    }
    input
}

fn too_deep() -> Loss {
    Loss {
        kind: Kind::OverLimit,
        what: format!("it was compressed more than {MAX_LAYERS} times over and was not read"),
        delivered: None,
        remedy: Remedy::Decompress,
    }
}

/// The members of one compressed stream.
struct Members {
    codec: Codec,
    input: Input,
    state: State,
    delivered: u64,
}

enum State {
    /// Before the first member or behind one.
    Between {
        is_first: bool,
    },
    In(Member),
    /// Nothing follows but, once, the reason.
    Ended(Option<io::Error>),
}

impl Read for Members {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match &mut self.state {
                State::Ended(reason) => return reason.take().map_or(Ok(0), Err),
                State::Between { is_first } => {
                    let is_first = *is_first;
                    self.state = self.next_member(is_first);
                }
                State::In(member) => {
                    let (len, step) = member.step(&mut self.input, out);
                    self.delivered += len as u64;
                    match step {
                        Ok(()) => {}
                        Err(Stop::End) => self.state = State::Between { is_first: false },
                        Err(stop) => self.state = self.ended(stop),
                    }
                    if len > 0 {
                        return Ok(len);
                    }
                }
            }
        }
    }
}

impl Members {
    fn new(codec: Codec, input: Input) -> Members {
        Members { codec, input, state: State::Between { is_first: true }, delivered: 0 }
    }

    /// What follows: another member, the end, or something else. Zeros are padding, as from tapes and block devices.
    fn next_member(&mut self, is_first: bool) -> State {
        let mut padding = 0;
        loop {
            let head = self.input.peek(Codec::HEAD_BYTES);
            let codec = self.codec;
            let found = Codec::of(head).filter(|found| codec.may_be(*found, is_first));
            if self.codec.has_skippable_frames() && is_skippable(head) {
                let len = self.input.array::<8>().map(|[.., a, b, c, d]| u64::from(u32::from_le_bytes([a, b, c, d])));
                if len.is_none_or(|len| self.input.skip(len) < len) {
                    return self.ended(Stop::Short);
                }
            } else if let Some(codec) = found {
                self.codec = codec;
                return Member::begin(codec, &mut self.input).map_or_else(|stop| self.ended(stop), State::In);
            } else if head.is_empty() {
                return State::Ended(self.input.failure().map(|error| passed_on(error, Some(self.delivered))));
            } else if head.len() < Codec::HEAD_BYTES && self.codec.may_begin(head) {
                return self.ended(Stop::Short);
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
        let (bytes, were) = if len == 1 { ("byte", "was") } else { ("bytes", "were") };
        let what = format!("{len} {bytes} behind the {} data {were} not read", self.codec);
        let remedy = Remedy::CutOut;
        State::Ended(Some(Loss { kind: Kind::TrailingBytes, what, delivered: None, remedy }.into()))
    }

    fn ended(&mut self, stop: Stop) -> State {
        let delivered = Some(self.delivered);
        let reason = match stop {
            Stop::Short => match self.input.failure() {
                Some(error) => Some(passed_on(error, delivered)),
                None => {
                    let what = format!("the {} data break off", self.codec);
                    Some(Loss { kind: Kind::Truncated, what, delivered, remedy: ASK_AGAIN }.into())
                }
            },
            stop => stop.into_loss(&self.codec.to_string(), delivered).map(io::Error::from),
        };
        State::Ended(reason)
    }
}

/// An error of the layer below, told with the place in this one, if it has one.
pub(super) fn passed_on(mut error: io::Error, delivered: Option<u64>) -> io::Error {
    if let Some(loss) = error.get_mut().and_then(|inner| inner.downcast_mut::<Loss>()) {
        loss.delivered = loss.delivered.and(delivered);
    }
    error
}
