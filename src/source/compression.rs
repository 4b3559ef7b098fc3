//! Compressed streams, recognised by their first bytes and decompressed in memory, whatever their name.
//!
//! Invariants: every member, frame or stream of a file counts, one after another, as in the tools of each format; what
//! was decompressed before a fault is delivered before the fault is; the fault is an [`io::Error`] that carries a
//! [`Loss`]; memory is bounded by a window of at most [`WINDOW_LIMIT`](super::WINDOW_LIMIT) for each layer, and by nothing that a header says.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use super::budget::{Budget, Charged, Limits};
use super::chain::{Chain, Layer};
use super::input::Input;
use super::member::{Member, Stop};
use crate::problem::{Kind, Loss, Remedy};

/// How often a file may have been compressed over.
pub const MAX_LAYERS: u8 = 3;

/// How many bytes [`Codec::of`] needs to see, if there are so many.
const HEAD_BYTES: usize = 10;

pub(super) const ASK_AGAIN: Remedy = Remedy::AskAgain;

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

impl Codec {
    /// The format of which a file that begins with `head` is.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Codec> {
        if head.starts_with(&[0x1F, 0x8B, 8]) {
            Some(Codec::Gzip)
        } else if head.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]) || is_skippable(head) {
            // Skippable frames are lz4's too; the first other frame decides.
            Some(Codec::Zstd)
        } else if is_bzip2(head) {
            Some(Codec::Bzip2)
        } else if head.starts_with(&[0xFD, b'7', b'z', b'X', b'Z', 0]) {
            Some(Codec::Xz)
        } else if head.starts_with(&[4, 0x22, 0x4D, 0x18]) {
            Some(Codec::Lz4)
        } else {
            None
        }
    }

    /// Whether skippable frames may stand between its frames.
    fn has_skippable_frames(self) -> bool {
        matches!(self, Codec::Zstd | Codec::Lz4)
    }

    /// Whether a member found in this codec's data is one of them. Skippable frames left open which codec it is.
    fn may_be(self, found: Codec, is_first: bool) -> bool {
        found == self || (is_first && found.has_skippable_frames() && self.has_skippable_frames())
    }

    /// Whether the last bytes of a file are the beginning of a further member.
    fn begins(self, rest: &[u8]) -> bool {
        let magic: &[u8] = match self {
            Codec::Gzip => &[0x1F, 0x8B, 8],
            Codec::Zstd => &[0x28, 0xB5, 0x2F, 0xFD],
            Codec::Bzip2 => b"BZh",
            Codec::Xz => &[0xFD, b'7', b'z', b'X', b'Z', 0],
            Codec::Lz4 => &[4, 0x22, 0x4D, 0x18],
        };
        !rest.is_empty() && magic.starts_with(rest)
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

fn is_skippable(head: &[u8]) -> bool {
    head.len() >= 4 && head[0] & 0xF0 == 0x50 && head[1..4] == [0x2A, 0x4D, 0x18]
}

/// The letters `BZh` and a digit may begin a text; what follows them in bzip2 does not.
fn is_bzip2(head: &[u8]) -> bool {
    const BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
    const END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];
    let Some((&[b'B', b'Z', b'h', b'1'..=b'9'], rest)) = head.split_first_chunk() else { return false };
    let rest = &rest[..rest.len().min(6)];
    !rest.is_empty() && (BLOCK.starts_with(rest) || END.starts_with(rest))
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
    while let Some(codec) = Codec::of(input.peek(HEAD_BYTES)) {
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
            let head = self.input.peek(HEAD_BYTES);
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
            } else if head.len() < HEAD_BYTES && self.codec.begins(head) {
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
