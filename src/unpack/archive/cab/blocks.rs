//! Unpacks the blocks of a cab folder, one after another. A block unpacks to at most 32 KiB, and refers to data in earlier blocks.
//!
//! Each block is a CFDATA structure (\[MS-CAB\], section 2.4). Numbers are little-endian:
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 4 | checksum, or 0 if there is none |
//! | 4 | 2 | packed length n in bytes |
//! | 6 | 2 | unpacked length in bytes; 0 if the block continues in the next archive |
//! | 8 | | reserved bytes; the header of the archive has their number |
//! | … | n | packed data |
//!
//! The folder states the method of its blocks:
//!
//! | method | name | data |
//! |---|---|---|
//! | 0 | stored | unpacked |
//! | 1 | MSZIP, \[MS-MCI\] | `CK`, then deflate data that refer to earlier blocks |
//! | 2 | Quantum | not supported |
//! | 3 | LZX, \[MS-PATCH\] | LZX with a window of 2^15 to 2^21 bytes |

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress};
use lzxd::{Lzxd, WindowSize};

use super::Folder;
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::archive::dos::{u16_at, u32_at};
use crate::unpack::archive::held::Held;
use crate::unpack::archive::{Format, refused};
use crate::unpack::fault::damaged;
use crate::unpack::input::Input;

/// The length of the header of a block in bytes, without the reserved bytes.
pub(super) const HEADER_BYTES: u64 = 8;

/// The greatest unpacked length of a block in bytes, which is also the size of the window of deflate.
const BLOCK_BYTES: usize = 32 << 10;

/// A reader of the unpacked data of a folder.
pub(super) struct Blocks {
    input: Input,
    /// The number of blocks that have not been unpacked yet.
    left: u16,
    /// The number of reserved bytes in the header of each block.
    reserve: u8,
    method: Method,
    /// The data of the block that was unpacked last.
    block: Vec<u8>,
    /// The number of bytes of `block` that have been returned.
    used: usize,
    /// The error to return after `block`.
    fault: Option<io::Error>,
}

/// A compression method, with the state that it keeps from block to block.
enum Method {
    Stored,
    MsZip(Box<MsZip>),
    Lzx(Box<Lzxd>),
}

impl Method {
    /// Decodes the method field of a CFFOLDER. Returns a loss if the method is not supported.
    fn of(number: u16) -> Result<Method, Loss> {
        const UNSUPPORTED: &str = "it is compressed by a method that is not supported";
        const WINDOWS: [WindowSize; 7] = [
            WindowSize::KB32,
            WindowSize::KB64,
            WindowSize::KB128,
            WindowSize::KB256,
            WindowSize::KB512,
            WindowSize::MB1,
            WindowSize::MB2,
        ];
        let window = usize::from((number >> 8) & 0x1f).checked_sub(15).and_then(|at| WINDOWS.get(at));
        match (number & 15, window) {
            (0, _) => Ok(Method::Stored),
            (1, _) => Ok(Method::MsZip(Box::default())),
            (2, _) => Err(refused(&format!("{UNSUPPORTED} (Quantum)"), Remedy::Unpack)),
            (3, Some(window)) => Ok(Method::Lzx(Box::new(Lzxd::new(*window)))),
            _ => Err(refused(&format!("{UNSUPPORTED} (number {number})"), Remedy::Unpack)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Method::Stored => "stored",
            Method::MsZip(_) => "mszip",
            Method::Lzx(_) => "lzx",
        }
    }

    /// Unpacks a block into `out`, which must be empty. `len` is the unpacked length that the block states. If there is a fault,
    /// `out` still has the data before it.
    fn unpack(&mut self, packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Method::Stored => out.extend_from_slice(packed),
            Method::MsZip(decoder) => decoder.unpack(packed, len, out)?,
            Method::Lzx(decoder) => {
                out.extend_from_slice(decoder.decompress_next(packed, len).map_err(|error| error.to_string())?);
            }
        }
        if out.len() == len { Ok(()) } else { Err("the length of a block does not match".to_owned()) }
    }
}

impl Blocks {
    /// Creates a reader of `folder`. Returns a loss if its method is not supported.
    pub(super) fn new(folder: Folder, held: &Held, reserve: u8) -> Result<Blocks, Loss> {
        let method = Method::of(folder.method)?;
        let input = held.input(folder.start, u64::MAX);
        Ok(Blocks { input, left: folder.blocks, reserve, method, block: Vec::new(), used: 0, fault: None })
    }

    /// Unpacks the next block into `block`. If there is a fault, `block` still has the data before it.
    fn next_block(&mut self) -> Result<(), io::Error> {
        let name = self.method.name();
        // The reader of the file replaces the number of delivered bytes.
        let damaged = |why: &str| io::Error::from(damaged(name, why, Some(0)));
        self.block.clear();
        self.used = 0;
        self.left -= 1;
        let cut = |input: &mut Input| Format::Cab.cut(input, Some(0));
        let Some(header) = self.input.array::<8>() else { return Err(cut(&mut self.input)) };
        let (sum, packed_len) = (u32_at(&header, 0).unwrap_or(0), u16_at(&header, 4).unwrap_or(0));
        let len = usize::from(u16_at(&header, 6).unwrap_or(0));
        let reserve = u64::from(self.reserve);
        let is_whole = self.input.skip(reserve) == reserve;
        let Some(packed) = self.input.exactly(packed_len.into()).filter(|_| is_whole) else {
            return Err(cut(&mut self.input));
        };
        if len == 0 {
            let loss = Loss::new(Kind::Truncated, "it continues in another archive of the set", Remedy::Unpack);
            return Err(Loss { delivered: Some(0), ..loss }.into());
        }
        if sum != 0 && sum != checksum(&header[4..], checksum(&packed, 0)) {
            return Err(damaged("the checksum of a block does not match"));
        }
        if len > BLOCK_BYTES {
            return Err(damaged("a block is too long"));
        }
        self.method.unpack(&packed, len, &mut self.block).map_err(|why| damaged(&why))
    }
}

impl Read for Blocks {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.used == self.block.len() {
            if let Some(fault) = self.fault.take() {
                // Later blocks refer to this one, so they cannot be unpacked.
                self.left = 0;
                return Err(fault);
            }
            if self.left == 0 {
                return Ok(0);
            }
            self.fault = self.next_block().err();
        }
        let len = (&self.block[self.used..]).read(out)?;
        self.used += len;
        Ok(len)
    }
}

/// Computes the checksum of a block: the exclusive or of `start` and all four-byte words, which are little-endian. One to three
/// remaining bytes make a last word, which is big-endian.
pub(super) fn checksum(bytes: &[u8], start: u32) -> u32 {
    let (words, rest) = bytes.as_chunks();
    let sum = words.iter().fold(start, |sum, word| sum ^ u32::from_le_bytes(*word));
    sum ^ rest.iter().fold(0, |last, byte| last << 8 | u32::from(*byte))
}

/// A decoder of MSZIP. Each block is a complete stream of deflate data, but refers to the unpacked data of earlier blocks.
struct MsZip {
    inflate: Decompress,
    /// The last 32 KiB that were unpacked.
    history: Vec<u8>,
}

impl Default for MsZip {
    fn default() -> MsZip {
        MsZip { inflate: Decompress::new(false), history: Vec::new() }
    }
}

impl MsZip {
    /// Unpacks one block; see [`Method::unpack`].
    fn unpack(&mut self, packed: &[u8], len: usize, out: &mut Vec<u8>) -> Result<(), String> {
        let deflated = packed.strip_prefix(b"CK").ok_or("the signature of a block is wrong")?;
        self.inflate.reset(false);
        // The window of the decoder cannot be set directly, so it first unpacks the history as a stored block. That cannot fail.
        if let Some(len) = u16::try_from(self.history.len()).ok().filter(|len| *len > 0) {
            let header = [&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes()].concat();
            let _ = self.inflate(&[&header[..], &self.history].concat(), &mut [0; BLOCK_BYTES]);
        }
        out.resize(len, 0);
        let (len, result) = self.inflate(deflated, out);
        out.truncate(len);
        self.history.extend_from_slice(out);
        self.history.drain(..self.history.len().saturating_sub(BLOCK_BYTES));
        result
    }

    /// Inflates data until `out` is full, or until the data end or are invalid. Returns the number of unpacked bytes.
    fn inflate(&mut self, packed: &[u8], out: &mut [u8]) -> (usize, Result<(), String>) {
        let before = self.inflate.total_out();
        let result = self.inflate.decompress(packed, out, FlushDecompress::None);
        let len = usize::try_from(self.inflate.total_out() - before).unwrap_or(usize::MAX);
        (len, result.map(drop).map_err(|_| "invalid deflate data".to_owned()))
    }
}
