//! The data of one member, unpacked, and judged by what the archive says of them.

use std::io::{self, Cursor, Read};

use flate2::Crc;

use super::packed::{Behind, Extent, Packed};
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
/// Before it got a number of its own.
const ZSTD_OLD: u16 = 20;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

/// Why a method cannot be read, if it cannot.
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

/// The name of a method that can be read.
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

fn begin(record: &Record, size: Option<u64>, input: &mut Input) -> Result<Decoder, Ended> {
    match record.method {
        BZIP2 => Ok(Decoder::frames(Codec::Bzip2)),
        ZSTD_OLD | ZSTD => Ok(Decoder::frames(Codec::Zstd)),
        XZ => Ok(Decoder::frames(Codec::Xz)),
        DEFLATE => Ok(Decoder::deflate()),
        DEFLATE64 => Ok(Decoder::deflate64()),
        LZMA => {
            // A version, and how long the properties are.
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

/// Whether data that begin so can be unpacked. `is_whole`: whether that is all of them.
pub(super) fn makes_sense(record: &Record, packed: Vec<u8>, is_whole: bool) -> bool {
    /// So much of what they unpack to is looked at, in bytes.
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
        // Where it stands behind the data, some write it before them all the same.
        Ended::Complete if is_whole && (record.crc != Some(0) || !record.has_descriptor) => {
            record.crc.is_none_or(|sum| sum == crc.sum())
        }
        Ended::Complete => true,
        Ended::Short => !is_whole,
        Ended::Damaged(_) | Ended::Window | Ended::Dictionary | Ended::Unsupported(_) => false,
    }
}

/// A reader of the data.
pub(super) struct Data<'r> {
    record: &'r Record,
    phase: Phase,
    decoder: Option<Decoder>,
    /// What it unpacks to, if that is told before it.
    size: Option<u64>,
    crc: Crc,
    delivered: u64,
    fault: Option<io::Error>,
    /// Whether the fault is that the archive ends here.
    is_cut: bool,
}

enum Phase {
    Unpacking(Input),
    Done(Box<Packed>),
    /// The reader of the packed data got lost, which cannot be.
    Lost,
}

impl<'r> Data<'r> {
    pub(super) fn new(record: &'r Record, packed: Packed, extent: Extent) -> Data<'r> {
        let size = (extent != Extent::Open).then_some(record.size);
        let phase = Phase::Unpacking(Input::of_part(Box::new(packed)));
        Data { record, phase, decoder: None, size, crc: Crc::new(), delivered: 0, fault: None, is_cut: false }
    }

    /// Gives back where the data came from, and whether the archive was found to end in them.
    pub(super) fn close(self) -> Option<(Packed, bool)> {
        let packed = match self.phase {
            Phase::Unpacking(input) => input.into_part()?,
            Phase::Done(packed) => packed,
            Phase::Lost => return None,
        };
        Some((*packed, self.is_cut && self.fault.is_none()))
    }

    /// How many bytes there are before a fault, or else before the end, and whether that was reached without one.
    pub(super) fn measure(mut self) -> (u64, bool) {
        let is_whole = io::copy(&mut self, &mut io::sink()).is_ok();
        (self.delivered, is_whole)
    }

    /// Unpacks some more into `out`, of which so many bytes are data.
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
            step = Err(Ended::Damaged("it unpacks to more than the archive says".to_owned()));
        }
        self.crc.update(&out[..len]);
        self.delivered += len as u64;
        if let Err(ended) = step {
            self.end(ended);
        }
        len
    }

    fn end(&mut self, ended: Ended) {
        let Phase::Unpacking(input) = std::mem::replace(&mut self.phase, Phase::Lost) else { return };
        let Some(mut packed) = input.into_part::<Packed>() else { return };
        let delivered = Some(self.delivered);
        self.fault = match ended {
            Ended::Complete => {
                let behind = packed.finish(self.record);
                self.judge(behind, &mut packed)
            }
            Ended::Short if packed.is_cut() => self.cut(&mut packed),
            Ended::Short => self.damaged("it ends too early"),
            ended => ended.into_loss(self.name(), delivered).map(io::Error::from),
        };
        // A lock of one byte also opens to one wrong password in 256.
        if let (Some(doubt), Some(fault)) = (&packed.doubt, &self.fault)
            && Loss::of(fault).is_some_and(|loss| loss.kind == Kind::Damaged)
        {
            self.fault = Some(Loss { delivered, ..doubt.clone() }.into());
        }
        self.phase = Phase::Done(packed);
    }

    /// The fault in data that were unpacked to their end, if there is one.
    fn judge(&mut self, behind: Behind, packed: &mut Packed) -> Option<io::Error> {
        let (crc, size) = match behind {
            Behind::Cut => return self.cut(packed),
            Behind::Forged => return self.damaged("the authentication code does not match"),
            Behind::Descriptor(Descriptor { crc, size, .. }) => (self.record.crc.map(|_| crc), size),
            Behind::Nothing => (self.record.crc, self.record.size),
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

    fn cut(&mut self, packed: &mut Packed) -> Option<io::Error> {
        self.is_cut = true;
        Some(Format::Zip.cut(&mut packed.outer, Some(self.delivered)))
    }

    /// What the data are called where they are damaged.
    fn name(&self) -> &'static str {
        method_name(self.record.method).unwrap_or_default()
    }

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
