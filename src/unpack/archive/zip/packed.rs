//! Reads the packed data of one member: finds their end and decrypts them.
//!
//! [`Packed`] owns the input of the whole archive while its member is read, and gives it back at the end of the data, so that the
//! walk can go on from there.
//!
//! Encrypted data are laid out like this:
//!
//! | encryption | before the data | after the data |
//! |---|---|---|
//! | traditional (APPNOTE, section 6.1) | 12 encrypted bytes, the last of which verifies the password | |
//! | AES (WinZip's "AES Encryption Information") | salt of 8, 12 or 16 bytes; 2 bytes that verify the password | 10 bytes of authentication code |
//!
//! All of these count as packed size.

use std::any::Any;
use std::io::{self, Read};

use super::crypt::{AES_MAC_BYTES, AES_PROOF_BYTES, Aes, CLASSIC_HEADER_BYTES, Classic, Crypt};
use super::data::{self, Data};
use super::record::{Descriptor, Encryption, Record};
use crate::problem::{Loss, Remedy};
use crate::unpack::archive::{Options, encrypted};
use crate::unpack::input::{Input, Part};

/// How many bytes are searched at once for the end of the data.
const LOOK_BYTES: usize = 4096;

/// Where the packed data end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// After this many more bytes.
    Known(u64),
    /// Unknown: at the first descriptor that states as many bytes as there were before it.
    Open,
    /// Here, at this descriptor.
    Found(Descriptor),
}

/// What precedes encrypted data and verifies a password.
enum Lock {
    Classic { header: [u8; CLASSIC_HEADER_BYTES] },
    Aes { strength: u8, salt: [u8; 16], proof: [u8; AES_PROOF_BYTES] },
}

impl Lock {
    /// Returns a decryptor, or `None` if the password is wrong. A wrong one passes once in 256 times with traditional
    /// encryption, where `proof` is the expected byte, and once in 65,536 times with AES.
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
    /// How many bytes were consumed since the end of the local header.
    taken: u64,
    crypt: Option<Crypt>,
    /// The loss to report instead of damage, which may come from a wrong password.
    pub(super) doubt: Option<Loss>,
    /// Whether `outer` is after the data and their descriptor.
    is_passed: bool,
    /// How many bytes at the end of the extent are the authentication code of AES, and not data.
    mac_bytes: u64,
}

/// What was found after the packed data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The input ends in the middle of the data.
    Cut,
    /// An authentication code of AES that does not match the data.
    Forged,
    Descriptor(Descriptor),
    /// Nothing that belongs to this member.
    Nothing,
}

impl Packed {
    /// Returns a reader of the data at which `outer` is.
    pub(super) fn new(outer: Input, extent: Extent) -> Packed {
        Packed { outer, extent, taken: 0, crypt: None, doubt: None, is_passed: false, mac_bytes: 0 }
    }

    /// Prepares decryption if the member is encrypted: consumes what precedes the data, and chooses the password.
    ///
    /// # Errors
    ///
    /// Returns a loss if the encryption is not supported or no password fits.
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

    /// Consumes what precedes encrypted data.
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

    /// Returns the password that opens the data, out of several that fit the lock. A wrong one fits now and then, because a lock
    /// has only one or two bytes, so the data decide: the first password with which all of them can be unpacked and have the
    /// right checksum, or else the one that gets furthest.
    ///
    /// No password is preferred because it opened another member. Members are read by several threads, and the result must
    /// not depend on their timing.
    fn best<'p>(&mut self, record: &Record, lock: &Lock, fitting: Vec<&'p str>) -> Option<&'p str> {
        let sensible: Vec<&str> =
            fitting.iter().copied().filter(|password| self.makes_sense(record, lock, password)).collect();
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

    /// Whether the first bytes of the data can be unpacked after decryption with this password.
    fn makes_sense(&mut self, record: &Record, lock: &Lock, password: &str) -> bool {
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
        data::makes_sense(record, begin, is_whole)
    }

    /// Fills `out` with data, or returns the loss for an encrypted member that is too short.
    fn read_exactly(&mut self, out: &mut [u8]) -> Result<(), Loss> {
        let short = |_| super::damaged("the data of an encrypted file is too short");
        self.read_exact(out).map_err(short)
    }

    /// Skips the rest of the data and the descriptor, if there is one. Returns what was found, the first time.
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

    /// Does the same as [`Packed::pass`] after all data were read, and verifies the authentication code of AES.
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

    /// Whether the input has ended in the middle of the data.
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
            // A descriptor has a signature or, at this offset, the right size. One byte of each rules out nearly all positions.
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
