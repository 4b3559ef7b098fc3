//! Reads the packed data of one zip member, by finding their end and decrypting them.
//!
//! [`Packed`] owns the input of the whole archive while the member is read, and returns it at the end of the data, so that the walk
//! can continue from there.
//!
//! If data are encrypted, there are more bytes before and after them. These are included in the packed size:
//!
//! | encryption | before the data | after the data |
//! |---|---|---|
//! | traditional (APPNOTE, section 6.1) | 12 encrypted bytes, the last of which verifies the password | |
//! | AES (WinZip's "AES Encryption Information") | salt of 8, 12 or 16 bytes; 2 bytes that verify the password | authentication code of 10 bytes |

use std::any::Any;
use std::io::{self, Read};

use super::crypt::{AES_MAC_BYTES, AES_PROOF_BYTES, Aes, CLASSIC_HEADER_BYTES, Classic, Crypt};
use super::data::{self, Data};
use super::record::{Descriptor, Encryption, Record};
use crate::problem::{Loss, Remedy};
use crate::unpack::archive::{Options, encrypted};
use crate::unpack::input::{Input, Part};

/// The number of bytes in which the end of the data is searched for at once.
const LOOK_BYTES: usize = 4096;

/// The place where the packed data end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// The data end after this many more bytes.
    Known(u64),
    /// The length is not known. The data end at the first descriptor whose packed size is the number of bytes before it.
    Open,
    /// The data end here. This descriptor follows.
    Found(Descriptor),
}

/// The bytes before encrypted data, which verify a password.
enum Lock {
    Classic { header: [u8; CLASSIC_HEADER_BYTES] },
    Aes { strength: u8, salt: [u8; 16], proof: [u8; AES_PROOF_BYTES] },
}

impl Lock {
    /// Returns a decryptor, or `None` if the password is wrong. With traditional encryption, where `proof` is the expected byte, one
    /// in 256 wrong passwords passes. With AES, it is one in 65,536.
    fn open(&self, password: &str, proof: u8) -> Option<Crypt> {
        let password = password.as_bytes();
        match self {
            Lock::Classic { header } => Classic::new(password, *header, proof).map(Crypt::Classic),
            Lock::Aes { strength, salt, proof } => {
                let salt = &salt[..Aes::key_len(*strength) / 2];
                Aes::new(password, *strength, salt, *proof).map(|aes| Crypt::Aes(Box::new(aes)))
            }
        }
    }
}

/// A reader of the packed data of one member.
pub(super) struct Packed {
    /// The input of the archive.
    pub(super) outer: Input,
    extent: Extent,
    /// The number of bytes that have been read since the end of the local header.
    taken: u64,
    crypt: Option<Crypt>,
    /// The loss to report instead of damage, because a wrong password may have been accepted.
    pub(super) doubt: Option<Loss>,
    /// Whether `outer` is after the data and their descriptor.
    is_passed: bool,
    /// The length of the authentication code of AES at the end of the extent, or 0 if there is none.
    mac_bytes: u64,
}

/// What follows the packed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The input ends before the end of the data.
    Cut,
    /// An authentication code of AES follows that does not match the data.
    Forged,
    /// A descriptor follows.
    Descriptor(Descriptor),
    /// Nothing follows that belongs to this member.
    Nothing,
}

impl Packed {
    /// Creates a reader of the data at the current position of `outer`.
    pub(super) fn new(outer: Input, extent: Extent) -> Packed {
        Packed { outer, extent, taken: 0, crypt: None, doubt: None, is_passed: false, mac_bytes: 0 }
    }

    /// Prepares decryption if the member is encrypted: reads the bytes before the data and chooses the password.
    ///
    /// # Errors
    ///
    /// Returns a loss if the encryption is not supported or every password is wrong.
    pub(super) fn unlock(&mut self, record: &Record, options: &Options) -> Result<(), Loss> {
        match record.encryption {
            Encryption::None => return Ok(()),
            Encryption::Unknown => {
                return Err(encrypted("it is encrypted in a way that is not supported", Remedy::Unpack));
            }
            _ if options.passwords.is_empty() => return Err(encrypted("it is encrypted", Remedy::GivePassword)),
            _ => {}
        }
        let lock = self.read_lock(record.encryption)?;
        let fitting: Vec<&str> =
            options.passwords.iter().filter(|password| lock.open(password, record.proof).is_some()).collect();
        let password = if fitting.len() > 1 { self.best(record, &lock, fitting) } else { fitting.first().copied() };
        let open = password.and_then(|password| lock.open(password, record.proof));
        self.crypt = Some(open.ok_or_else(|| options.passwords.wrong("it is"))?);
        self.doubt = (record.encryption == Encryption::Classic).then(|| options.passwords.wrong("it is damaged, or"));
        Ok(())
    }

    /// Reads the bytes before encrypted data.
    fn read_lock(&mut self, encryption: Encryption) -> Result<Lock, Loss> {
        let Encryption::Aes { strength } = encryption else {
            let mut header = [0; CLASSIC_HEADER_BYTES];
            self.read_exactly(&mut header)?;
            return Ok(Lock::Classic { header });
        };
        let Extent::Known(_) = self.extent else {
            return Err(encrypted("it is encrypted, and its length is not stored before its data", Remedy::Unpack));
        };
        let mut salt = [0; 16];
        let salt_len = Aes::key_len(strength) / 2;
        let mut proof = [0; AES_PROOF_BYTES];
        self.read_exactly(&mut salt[..salt_len])?;
        self.read_exactly(&mut proof)?;
        self.mac_bytes = AES_MAC_BYTES as u64;
        Ok(Lock::Aes { strength, salt, proof })
    }

    /// Returns the right password out of several that fit the lock. A wrong one may fit, because a lock verifies only one or two
    /// bytes. So the data decide: the right password is the first with which all of them can be unpacked and have the right
    /// checksum or, if there is none, the one with which most of them can be unpacked.
    ///
    /// A password that was right for another member is not preferred. Several threads read members, and the result must not depend
    /// on their timing.
    fn best<'p>(&mut self, record: &Record, lock: &Lock, fitting: Vec<&'p str>) -> Option<&'p str> {
        let sensible: Vec<&str> =
            fitting.iter().copied().filter(|password| self.fits_data(record, lock, password)).collect();
        let left = if sensible.is_empty() { fitting } else { sensible };
        let mut best = left.first().map(|password| (0, *password));
        if left.len() > 1 {
            for password in left {
                let Some(outer) = self.outer.again() else { break };
                let crypt = lock.open(password, record.proof);
                let packed =
                    Packed { crypt, taken: self.taken, mac_bytes: self.mac_bytes, ..Packed::new(outer, self.extent) };
                let (len, is_proved) = Data::new(record, packed, self.extent).measure();
                if is_proved {
                    return Some(password);
                }
                best = best.filter(|(furthest, _)| *furthest >= len).or(Some((len, password)));
            }
        }
        best.map(|(_, password)| password)
    }

    /// Whether the start of the data can be unpacked if it is decrypted with this password.
    fn fits_data(&mut self, record: &Record, lock: &Lock, password: &str) -> bool {
        let Some(mut crypt) = lock.open(password, record.proof) else { return false };
        let window = self.outer.peek(Input::PEEK_LIMIT);
        let (len, is_whole) = match self.extent {
            Extent::Known(left) => {
                let data = usize::try_from(left.saturating_sub(self.mac_bytes)).unwrap_or(usize::MAX);
                (data.min(window.len()), data <= window.len())
            }
            Extent::Open | Extent::Found(_) => (window.len(), false),
        };
        let mut begin = window[..len].to_vec();
        crypt.decrypt(&mut begin);
        data::can_be_unpacked(record, begin, is_whole)
    }

    /// Fills `out` with data. Returns a loss if the data are too short.
    fn read_exactly(&mut self, out: &mut [u8]) -> Result<(), Loss> {
        let short = |_| super::damaged("the data of an encrypted file is too short");
        self.read_exact(out).map_err(short)
    }

    /// Skips the rest of the data and, if there is one, the descriptor. The first call returns what was found.
    pub(super) fn pass(&mut self, record: &Record) -> After {
        if std::mem::replace(&mut self.is_passed, true) {
            return After::Nothing;
        }
        if self.extent == Extent::Open {
            let mut unread = [0; LOOK_BYTES];
            while matches!(self.read(&mut unread), Ok(1..)) {}
        }
        match self.extent {
            Extent::Open => After::Cut,
            Extent::Found(descriptor) => {
                self.outer.skip(descriptor.len as u64);
                After::Descriptor(descriptor)
            }
            Extent::Known(left) => {
                self.extent = Extent::Known(0);
                self.taken += left;
                if self.outer.skip(left) < left {
                    return After::Cut;
                }
                let head = self.outer.peek(Descriptor::HEAD_BYTES);
                match Descriptor::of(head, self.taken).filter(|_| record.has_descriptor) {
                    Some(descriptor) => {
                        self.outer.skip(descriptor.len as u64);
                        After::Descriptor(descriptor)
                    }
                    None => After::Nothing,
                }
            }
        }
    }

    /// Like [`Packed::pass`], but also verifies the authentication code of AES. Called after all data have been unpacked.
    pub(super) fn finish(&mut self, record: &Record) -> After {
        if let Some(Crypt::Aes(_)) = &self.crypt {
            let mut unread = [0; LOOK_BYTES];
            while matches!(self.read(&mut unread), Ok(1..)) {}
            if self.extent == Extent::Known(self.mac_bytes) {
                let Some(mac) = self.outer.array() else { return After::Cut };
                self.extent = Extent::Known(0);
                self.taken += self.mac_bytes;
                if let Some(Crypt::Aes(aes)) = &self.crypt
                    && !aes.proves(mac)
                {
                    return After::Forged;
                }
            }
        }
        self.pass(record)
    }

    /// Whether the input has ended before the end of the data.
    pub(super) fn is_cut(&mut self) -> bool {
        match self.extent {
            Extent::Known(left) => left > self.mac_bytes && self.outer.peek(1).is_empty(),
            Extent::Open => true,
            Extent::Found(_) => false,
        }
    }

    /// Reads data of unknown length, up to the next descriptor.
    fn read_open(&mut self, out: &mut [u8]) -> usize {
        let window = self.outer.peek(LOOK_BYTES);
        let at_end = window.len() < LOOK_BYTES;
        let searched = if at_end { window.len() } else { window.len() - Descriptor::HEAD_BYTES };
        let searched = searched.min(out.len());
        let found = (0..=searched).find_map(|at| {
            let packed = self.taken + at as u64;
            // A descriptor starts with a signature or has the packed size at offset 4. Checking one byte of each excludes nearly all
            // positions.
            if window.get(at) != Some(&b'P') && window.get(at + 4) != Some(&packed.to_le_bytes()[0]) {
                return None;
            }
            let head = &window[at..window.len().min(at + Descriptor::HEAD_BYTES)];
            match Descriptor::of(head, packed) {
                Some(descriptor) => Some((at, Some(descriptor))),
                None => (at_end && Descriptor::is_cut(head, packed)).then_some((at, None)),
            }
        });
        let len = found.map_or(searched, |(at, _)| at);
        out[..len].copy_from_slice(&window[..len]);
        self.outer.consume(len);
        if let Some((_, Some(descriptor))) = found {
            self.extent = Extent::Found(descriptor);
        }
        len
    }
}

impl Read for Packed {
    /// Reads and decrypts data. Never fails, because [`Input`] does not.
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = match &mut self.extent {
            Extent::Known(left) => {
                let wanted = usize::try_from(*left - self.mac_bytes.min(*left)).unwrap_or(usize::MAX).min(out.len());
                let len = if wanted == 0 { 0 } else { self.outer.read(&mut out[..wanted])? };
                *left -= len as u64;
                len
            }
            Extent::Open => self.read_open(out),
            Extent::Found(_) => 0,
        };
        self.taken += len as u64;
        if let Some(crypt) = &mut self.crypt {
            crypt.decrypt(&mut out[..len]);
        }
        Ok(len)
    }
}

impl Part for Packed {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
