//! Unpacks the data of one zip member, and verifies them with the checksum and the sizes that the archive states.
//!
//! | method | name (APPNOTE, section 4.4.5) | data |
//! |---|---|---|
//! | 0 | stored | unpacked |
//! | 8 | deflate | deflate without a header |
//! | 9 | deflate64 | deflate without a header, with a window of 64 KiB |
//! | 12 | bzip2 | a whole bzip2 stream |
//! | 14 | lzma | a header (section 5.8), then LZMA without a header of its own |
//! | 20, 93 | zstd | zstd frames; 20 was its first number and is deprecated |
//! | 95 | xz | a whole xz stream |
//!
//! The header of LZMA data takes 9 bytes: the version of the program that wrote it (2 bytes, ignored), the length of the properties
//! (2 bytes, always 5), the properties byte, and the size of the dictionary (4 bytes, little-endian). If flag 2 of the member is
//! set, the data end with an end marker. Otherwise they end at the unpacked size.

use std::io::{self, Cursor, Read};

use flate2::Crc;

use super::packed::{After, Extent, Packed};
use super::record::{Descriptor, Record};
use crate::problem::{Kind, Loss, Remedy};
use crate::unpack::archive::{Format, MemberData};
use crate::unpack::decoder::{Decoder, Ended};
use crate::unpack::fault::damaged;
use crate::unpack::input::Input;
use crate::unpack::recognise::Codec;

const STORED: u16 = 0;
const DEFLATE: u16 = 8;
const DEFLATE64: u16 = 9;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
/// The first number of zstd, which is deprecated.
const ZSTD_OLD: u16 = 20;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

/// Returns the loss if a method is not supported, and otherwise `None`.
pub(super) fn refuses(method: u16) -> Option<Loss> {
    let name = match method {
        _ if method_name(method).is_some() => return None,
        1 => "Shrink",
        2..=5 => "Reduce",
        6 => "Implode",
        10 => "DCL Implode",
        18 => "TERSE",
        19 => "LZ77",
        94 => "MP3",
        96 => "JPEG",
        97 => "WavPack",
        98 => "PPMd",
        _ => &format!("number {method}"),
    };
    let what = format!("it is compressed by a method that is not supported ({name})");
    Some(Loss::new(Kind::Unreadable, what, Remedy::Unpack))
}

/// Returns the name of a method if it is supported, and otherwise `None`.
fn method_name(method: u16) -> Option<&'static str> {
    Some(match method {
        STORED => "stored",
        DEFLATE => "deflate",
        DEFLATE64 => "deflate64",
        BZIP2 => "bzip2",
        LZMA => "lzma",
        ZSTD_OLD | ZSTD => "zstd",
        XZ => "xz",
        _ => return None,
    })
}

/// Creates a decoder for the data at the start of `input`. `size` is the unpacked size, if it is known before the data.
fn begin(record: &Record, size: Option<u64>, input: &mut Input) -> Result<Decoder, Ended> {
    match record.method {
        BZIP2 => Ok(Decoder::frames(Codec::Bzip2)),
        ZSTD_OLD | ZSTD => Ok(Decoder::frames(Codec::Zstd)),
        XZ => Ok(Decoder::frames(Codec::Xz)),
        DEFLATE => Ok(Decoder::deflate()),
        DEFLATE64 => Ok(Decoder::deflate64()),
        LZMA => {
            // The version, the length of the properties, and the properties themselves.
            let [_, _, len, 0, properties, one, two, three, four] = input.array().ok_or(Ended::Short)? else {
                return Err(Ended::Damaged("its properties".to_owned()));
            };
            if len != 5 {
                return Err(Ended::Damaged("its properties".to_owned()));
            }
            let dictionary = u32::from_le_bytes([one, two, three, four]);
            Decoder::lzma(properties, dictionary, size.filter(|_| !record.has_end_mark))
        }
        _ => Ok(Decoder::Stored),
    }
}

/// Whether `packed`, which is the start of the decrypted data, can be unpacked. This shows whether the password may be right. If
/// `is_whole`, `packed` is all of the data, and the checksum must match as well.
pub(super) fn can_be_unpacked(record: &Record, packed: Vec<u8>, is_whole: bool) -> bool {
    /// The most bytes that are unpacked.
    const ENOUGH: u64 = 1 << 20;
    let mut input = Input::new(Box::new(Cursor::new(packed)));
    let Ok(mut decoder) = begin(record, Some(record.size).filter(|_| !record.has_descriptor), &mut input) else {
        return false;
    };
    let (mut out, mut crc, mut len) = (vec![0; 1 << 12], Crc::new(), 0);
    let ended = loop {
        let (step_len, step) = decoder.step(&mut input, &mut out);
        crc.update(&out[..step_len]);
        len += step_len as u64;
        match step {
            Ok(()) if len <= ENOUGH => {}
            Ok(()) => return true,
            Err(ended) => break ended,
        }
    };
    match ended {
        // If the checksum is in a descriptor, the header should have zero, but some programs write the checksum there as well.
        Ended::Complete if is_whole && (record.crc != Some(0) || !record.has_descriptor) => {
            record.crc.is_none_or(|sum| sum == crc.sum())
        }
        Ended::Complete => true,
        Ended::Short => !is_whole,
        Ended::Damaged(_) | Ended::Window | Ended::Dictionary | Ended::Unsupported(_) | Ended::Lost(_) => false,
    }
}

/// A reader of the unpacked data of a member.
pub(super) struct Data<'r> {
    record: &'r Record,
    phase: Phase,
    decoder: Option<Decoder>,
    /// The unpacked size in bytes, if it is known before the data.
    size: Option<u64>,
    crc: Crc,
    delivered: u64,
    fault: Option<io::Error>,
    /// Whether the fault is that the archive ends within these data.
    is_cut: bool,
}

/// How far the data have been read.
enum Phase {
    /// There may be more data. The input contains the [`Packed`].
    Unpacking(Input),
    /// There are no more data.
    Done(Box<Packed>),
    /// The `Packed` could not be taken out of its input, which never happens.
    Lost,
}

impl<'r> Data<'r> {
    /// Creates a reader of the member with this header.
    pub(super) fn new(record: &'r Record, packed: Packed, extent: Extent) -> Data<'r> {
        let size = (extent != Extent::Open).then_some(record.size);
        let phase = Phase::Unpacking(Input::of_part(Box::new(packed)));
        Data { record, phase, decoder: None, size, crc: Crc::new(), delivered: 0, fault: None, is_cut: false }
    }

    /// Returns the packed data, and whether the reader has already returned the error for an archive that ends within them. Returns
    /// `None` if the data were lost.
    pub(super) fn close(self) -> Option<(Packed, bool)> {
        let packed = match self.phase {
            Phase::Unpacking(input) => input.into_part()?,
            Phase::Done(packed) => packed,
            Phase::Lost => return None,
        };
        Some((*packed, self.is_cut && self.fault.is_none()))
    }

    /// Unpacks everything. Returns the number of bytes before a fault or the end, and whether there was no fault.
    pub(super) fn measure(mut self) -> (u64, bool) {
        let is_whole = io::copy(&mut self, &mut io::sink()).is_ok();
        (self.delivered, is_whole)
    }

    /// Unpacks some bytes into `out` and returns their number, which may be 0 before the end.
    fn step(&mut self, out: &mut [u8]) -> usize {
        let Phase::Unpacking(input) = &mut self.phase else { return 0 };
        let (mut len, mut step) = match &mut self.decoder {
            Some(decoder) => decoder.step(input, out),
            None => match begin(self.record, self.size, input) {
                Ok(decoder) => {
                    self.decoder = Some(decoder);
                    (0, Ok(()))
                }
                Err(ended) => (0, Err(ended)),
            },
        };
        if let Some(size) = self.size
            && len as u64 > size - self.delivered
        {
            len = usize::try_from(size - self.delivered).unwrap_or(len);
            step = Err(Ended::Damaged("it unpacks to more bytes than the archive states".to_owned()));
        }
        self.crc.update(&out[..len]);
        self.delivered += len as u64;
        if let Err(ended) = step {
            self.end(ended);
        }
        len
    }

    /// Handles the end of the decoder: verifies the data and sets the fault, if there is one.
    fn end(&mut self, ended: Ended) {
        let Phase::Unpacking(input) = std::mem::replace(&mut self.phase, Phase::Lost) else { return };
        let Some(mut packed) = input.into_part::<Packed>() else { return };
        let delivered = Some(self.delivered);
        self.fault = match ended {
            Ended::Complete => {
                let after = packed.finish(self.record);
                self.verify(after, &mut packed)
            }
            Ended::Short if packed.is_cut() => self.cut(&mut packed),
            Ended::Short => self.damaged("it ends too early"),
            ended => ended.into_loss(self.name(), delivered).map(io::Error::from),
        };
        // With traditional encryption, one in 256 wrong passwords is accepted, so a wrong password may be the reason.
        if let (Some(doubt), Some(fault)) = (&packed.doubt, &self.fault)
            && Loss::of(fault).is_some_and(|loss| loss.kind == Kind::Damaged)
        {
            self.fault = Some(Loss { delivered, ..doubt.clone() }.into());
        }
        self.phase = Phase::Done(packed);
    }

    /// Verifies the checksum and the size of data that have been unpacked completely. Returns the fault, if there is one.
    fn verify(&mut self, after: After, packed: &mut Packed) -> Option<io::Error> {
        let (crc, size) = match after {
            After::Cut => return self.cut(packed),
            After::Forged => return self.damaged("the authentication code does not match"),
            After::Descriptor(Descriptor { crc, size, .. }) => (self.record.crc.map(|_| crc), size),
            After::Nothing => (self.record.crc, self.record.size),
        };
        let is_long = size > u64::from(u32::MAX);
        let delivered = if is_long { self.delivered } else { self.delivered & u64::from(u32::MAX) };
        if delivered != size {
            self.damaged("the length does not match")
        } else if crc.is_some_and(|crc| crc != self.crc.sum()) {
            self.damaged("the checksum does not match")
        } else {
            None
        }
    }

    /// Returns the fault for an archive that ends within these data.
    fn cut(&mut self, packed: &mut Packed) -> Option<io::Error> {
        self.is_cut = true;
        Some(Format::Zip.cut(&mut packed.outer, Some(self.delivered)))
    }

    /// Returns the name of the method that messages use.
    fn name(&self) -> &'static str {
        method_name(self.record.method).unwrap_or_default()
    }

    /// Returns the fault for damaged data. The message contains `why`.
    fn damaged(&self, why: &str) -> Option<io::Error> {
        Some(damaged(self.name(), why, Some(self.delivered)).into())
    }
}

impl MemberData for Data<'_> {}

impl Read for Data<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        while self.fault.is_none() && matches!(self.phase, Phase::Unpacking(_)) {
            let len = self.step(out);
            if len > 0 {
                return Ok(len);
            }
        }
        self.fault.take().map_or(Ok(0), Err)
    }
}
