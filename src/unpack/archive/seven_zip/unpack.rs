//! Unpacks a block of a 7z archive, by connecting its coders to each other and to the packed data.
//!
//! | method | name (Methods.txt) | properties |
//! |---|---|---|
//! | `00` | stored | |
//! | `03` | Delta | distance minus 1 (1 byte) |
//! | `03 01 01` | LZMA | properties byte, size of the dictionary (4 bytes) |
//! | `21` | LZMA2 | size of the dictionary as a code (1 byte) |
//! | `03 04 01` | PPMd | order (1 byte), memory (4 bytes) |
//! | `04 01 08`, `04 01 09` | deflate, Deflate64 | |
//! | `04 02 02` | bzip2 | |
//! | `04 F7 11 01`, `04 F7 11 04` | zstd, lz4 (7-Zip ZS) | |
//! | `06 F1 07 01` | AES-256 | see below |
//! | `03 03 01 1B` | BCJ2, which reads four streams | |
//! | `03 03 ..`, `04` to `0B` | filters for the machine code of x86, PowerPC, IA-64, ARM, SPARC and RISC-V | |
//!
//! The code c of LZMA2 stands for (2 + c mod 2) · 2^(c / 2 + 11) bytes, except that 40 stands for 4 GiB - 1.
//!
//! AES runs in CBC mode. Its key is the SHA-256 over 2^p rounds, each of which is the salt, the password in UTF-16 and the number of
//! the round (8 bytes). If p is 63, the key is the salt and the password themselves. Its properties are:
//!
//! | offset | size | meaning |
//! |---|---|---|
//! | 0 | 1 | p in the lower six bits; 64 adds 1 to the length of the vector, 128 adds 1 to that of the salt |
//! | 1 | 1 | length of the salt in the upper four bits, of the vector in the lower four |
//! | 2 | | the salt, then the initialisation vector, which is padded to 16 bytes with zeros |

use std::collections::VecDeque;
use std::io::{self, Read};

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt as _, KeyInit as _};
use lzma_rust2::filter::bcj::BcjReader;
use lzma_rust2::filter::bcj2::Bcj2Reader;
use lzma_rust2::filter::delta::DeltaReader;
use ppmd_rust::Ppmd7Decoder;
use sha2::{Digest as _, Sha256};

use super::directory::{Coder, NextBlock};
use crate::problem::{Loss, Remedy};
use crate::unpack::archive::held::Held;
use crate::unpack::archive::{Format, Passwords, encrypted, refused};
use crate::unpack::decoder::WINDOW_LIMIT;
use crate::unpack::decoder::{Decoder, Ended};
use crate::unpack::input::Input;
use crate::unpack::recognise::Codec;

/// The length of the header at the start of an archive in bytes. The packed data follow it.
pub(super) const START_BYTES: u64 = 32;

/// The method of AES encryption.
const AES: &[u8] = &[6, 0xf1, 7, 1];

/// Derives the keys of encrypted blocks from passwords. Deriving a key takes about half a million rounds, so recent keys are kept.
#[derive(Default)]
pub(super) struct Keys {
    known: VecDeque<Key>,
    /// The last password that was right for a block.
    last_right: Option<String>,
}

/// A key, and what it was derived from.
struct Key {
    password: String,
    /// The binary logarithm of the number of rounds.
    power: u8,
    salt: Vec<u8>,
    key: [u8; 32],
}

impl Keys {
    /// Returns the passwords in the order in which they are tried. The last one that was right comes first, because most archives
    /// have only one password.
    pub(super) fn in_turn<'p>(&self, passwords: &'p Passwords) -> Vec<&'p str> {
        let mut all: Vec<&str> = passwords.iter().collect();
        all.sort_by_key(|password| self.last_right.as_deref() != Some(*password));
        all
    }

    /// Records that `password` was right for a block.
    pub(super) fn opened_by(&mut self, password: &str) {
        self.last_right = Some(password.to_owned());
    }

    /// Returns the key for a password, the power p and a salt, deriving it unless it is known.
    fn get(&mut self, password: &str, power: u8, salt: &[u8]) -> Result<[u8; 32], Loss> {
        /// The number of keys that are kept: one for each password that may be given.
        const KEYS_LIMIT: usize = 100;
        let is_that = |known: &&Key| known.password == password && known.power == power && known.salt == salt;
        if let Some(known) = self.known.iter().find(is_that) {
            return Ok(known.key);
        }
        let key = derive_key(password, power, salt)?;
        if self.known.len() == KEYS_LIMIT {
            self.known.pop_front();
        }
        self.known.push_back(Key { password: password.to_owned(), power, salt: salt.to_vec(), key });
        Ok(key)
    }
}

/// Derives a key. Returns a loss if that would take too long.
fn derive_key(password: &str, power: u8, salt: &[u8]) -> Result<[u8; 32], Loss> {
    /// The greatest power that 7-Zip itself accepts.
    const POWER_LIMIT: u8 = 24;
    /// The power that means that nothing is hashed.
    const NO_POWER: u8 = 63;
    let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut key = [0; 32];
    if power == NO_POWER {
        for (byte, given) in key.iter_mut().zip(salt.iter().chain(&password)) {
            *byte = *given;
        }
    } else if power > POWER_LIMIT {
        return Err(refused("its key takes too long to compute", Remedy::Unpack));
    } else {
        let mut hash = Sha256::new();
        for round in 0..1_u64 << power {
            hash.update(salt);
            hash.update(&password);
            hash.update(round.to_le_bytes());
        }
        key = hash.finalize().into();
    }
    Ok(key)
}

/// Whether a block is encrypted.
pub(super) fn is_encrypted(block: &NextBlock<'_>) -> bool {
    block.block.coders.iter().any(|coder| coder.method == AES)
}

/// Starts unpacking a block, with `password` if it is encrypted.
///
/// # Errors
///
/// Returns a loss if a coder is not supported, its properties are invalid, or the password is missing.
pub(super) fn unpack(
    block: &NextBlock<'_>,
    held: &Held,
    keys: &mut Keys,
    password: Option<&str>,
) -> Result<Input, Loss> {
    let last = block.block.last_coder().ok_or_else(contradiction)?;
    Unpacker { block, held, keys, password, coders_left: block.block.coders.len() }.coder(last)
}

/// Returns the loss for a directory that is invalid.
pub(super) fn contradiction() -> Loss {
    Format::SevenZip.damaged("its table of contents is inconsistent")
}

/// Connects the coders of a block, starting with the last one.
struct Unpacker<'u> {
    block: &'u NextBlock<'u>,
    held: &'u Held,
    keys: &'u mut Keys,
    password: Option<&'u str>,
    /// The number of coders that have not been connected yet. Connecting more would mean that there is a cycle.
    coders_left: usize,
}

impl Unpacker<'_> {
    /// Returns the output of the coder with this index.
    fn coder(&mut self, index: u64) -> Result<Input, Loss> {
        self.coders_left = self.coders_left.checked_sub(1).ok_or_else(contradiction)?;
        let index = usize::try_from(index).ok();
        let coder = index.and_then(|index| self.block.block.coders.get(index)).ok_or_else(contradiction)?;
        let inputs = (0..coder.ins).map(|at| self.stream(coder.first_in + at));
        let mut inputs = inputs.collect::<Result<Vec<Input>, Loss>>()?;
        let step = if coder.method == [3, 3, 1, 0x1b] {
            Step::Bcj2(Box::new(Bcj2Reader::try_new(inputs, coder.size).map_err(|_| contradiction())?))
        } else {
            let Some(input) = inputs.pop().filter(|_| coder.ins == 1) else { return Err(contradiction()) };
            self.step(coder, input)?
        };
        Ok(Input::new(Box::new(Layer { step, left: coder.size, ended: None })))
    }

    /// Returns the input stream with this index, which is the output of another coder or packed data.
    fn stream(&mut self, index: u64) -> Result<Input, Loss> {
        if let Some(source) = self.block.block.source_of(index) {
            return self.coder(source);
        }
        let at = self.block.block.packed.iter().position(|packed| *packed == index).ok_or_else(contradiction)?;
        let (start, end) = self.block.packed.get(at).copied().ok_or_else(contradiction)?;
        Ok(self.held.input(START_BYTES.saturating_add(start), START_BYTES.saturating_add(end)))
    }

    /// Sets up a coder with one input stream.
    fn step(&mut self, coder: &Coder<'_>, input: Input) -> Result<Step, Loss> {
        let decoder = |name, decoder: Result<Decoder, Ended>, input| match decoder {
            Ok(decoder) => Ok(Step::Decoder { name, decoder, input }),
            Err(ended) => Err(ended.into_loss(name, None).unwrap_or_else(contradiction)),
        };
        // A window need not be larger than the data, even if the properties state a larger one.
        let window = |bytes: u32| bytes.min(u32::try_from(coder.size).unwrap_or(u32::MAX).max(4096));
        match (coder.method, coder.properties) {
            ([0], _) => decoder("stored", Ok(Decoder::Stored), input),
            ([3], [distance]) => Ok(Step::Delta(DeltaReader::new(input, usize::from(*distance) + 1))),
            ([3, 1, 1], [properties, one, two, three, four]) => {
                let window = window(u32::from_le_bytes([*one, *two, *three, *four]));
                decoder("lzma", Decoder::lzma(*properties, window, Some(coder.size)), input)
            }
            ([0x21], [properties @ 0..=39]) => {
                let bytes = (2 | u32::from(properties & 1)) << (properties / 2 + 11);
                decoder("lzma2", Decoder::lzma2(window(bytes)), input)
            }
            ([0x21], [40]) => decoder("lzma2", Decoder::lzma2(window(u32::MAX)), input),
            ([3, 4, 1], [order, one, two, three, four]) => {
                let bytes = u32::from_le_bytes([*one, *two, *three, *four]);
                if u64::from(bytes) > WINDOW_LIMIT {
                    return Err(Ended::Window.into_loss("ppmd", None).unwrap_or_else(contradiction));
                }
                let decoder = Ppmd7Decoder::new(input, u32::from(*order), bytes);
                Ok(Step::Ppmd(Box::new(decoder.map_err(|_| Format::SevenZip.damaged("the beginning of ppmd data"))?)))
            }
            ([4, 1, 8], _) => decoder("deflate", Ok(Decoder::deflate()), input),
            ([4, 1, 9], _) => decoder("deflate64", Ok(Decoder::deflate64()), input),
            ([4, 2, 2], _) => decoder("bzip2", Ok(Decoder::frames(Codec::Bzip2)), input),
            ([4, 0xf7, 0x11, 1], _) => decoder("zstd", Ok(Decoder::frames(Codec::Zstd)), input),
            ([4, 0xf7, 0x11, 4], _) => decoder("lz4", Ok(Decoder::frames(Codec::Lz4)), input),
            (AES, properties) => self.decrypt(properties, input),
            (method, properties) => match filter(method, properties, input) {
                Some(filter) => Ok(Step::Bcj(filter)),
                None => {
                    let number: Vec<String> = method.iter().map(|byte| format!("{byte:02x}")).collect();
                    let what = format!("it is compressed by a method that is not supported ({})", number.join(" "));
                    Err(refused(&what, Remedy::Unpack))
                }
            },
        }
    }

    /// Sets up a coder that decrypts `input`.
    fn decrypt(&mut self, properties: &[u8], input: Input) -> Result<Step, Loss> {
        let password = self.password.ok_or_else(|| encrypted("it is encrypted", Remedy::GivePassword))?;
        let [flags, lens, rest @ ..] = properties else { return Err(contradiction()) };
        let salt_len = usize::from((flags >> 7) + (lens >> 4));
        let vector_len = usize::from((flags >> 6 & 1) + (lens & 15));
        let (salt, vector) = rest.split_at_checked(salt_len).ok_or_else(contradiction)?;
        let mut previous = [0; 16];
        previous
            .get_mut(..vector_len)
            .ok_or_else(contradiction)?
            .copy_from_slice(vector.get(..vector_len).ok_or_else(contradiction)?);
        let key = self.keys.get(password, flags & 63, salt)?;
        Ok(Step::Decrypt(Box::new(Decrypt {
            input,
            cipher: Aes256::new(&key.into()),
            previous,
            block: [0; 16],
            used: 16,
        })))
    }
}

/// Sets up a filter for machine code. Such a filter converts addresses, which makes code easier to compress. Returns `None` if no
/// filter has this method.
fn filter(method: &[u8], properties: &[u8], input: Input) -> Option<BcjReader<Input>> {
    Some(match (method, properties) {
        ([3, 3, 1, 3] | [4], []) => BcjReader::new_x86(input, 0),
        ([3, 3, 2, 5] | [5], []) => BcjReader::new_ppc(input, 0),
        ([3, 3, 4, 1] | [6], []) => BcjReader::new_ia64(input, 0),
        ([3, 3, 5, 1] | [7], []) => BcjReader::new_arm(input, 0),
        ([3, 3, 7, 1] | [8], []) => BcjReader::new_arm_thumb(input, 0),
        ([3, 3, 8, 5] | [9], []) => BcjReader::new_sparc(input, 0),
        ([10], []) => BcjReader::new_arm64(input, 0),
        ([11], []) => BcjReader::new_riscv(input, 0),
        _ => return None,
    })
}

/// A coder with its input.
enum Step {
    Decoder { name: &'static str, decoder: Decoder, input: Input },
    Bcj(BcjReader<Input>),
    Bcj2(Box<Bcj2Reader<Input>>),
    Delta(DeltaReader<Input>),
    Ppmd(Box<Ppmd7Decoder<Input>>),
    Decrypt(Box<Decrypt>),
}

/// A reader of the output of a coder.
struct Layer {
    step: Step,
    /// The number of bytes that the coder has not returned yet.
    left: u64,
    ended: Option<Ended>,
}

impl Step {
    /// Unpacks some bytes into `out`. Returns their number, and an error with the reason if no more can follow.
    fn run(&mut self, out: &mut [u8]) -> (usize, Result<(), Ended>) {
        let read = |result: io::Result<usize>| match result {
            Ok(0) => (0, Err(Ended::Short)),
            Ok(len) => (len, Ok(())),
            Err(error) => (0, Err(Ended::Damaged(error.to_string()))),
        };
        match self {
            Step::Decoder { decoder, input, .. } => decoder.step(input, out),
            Step::Bcj(reader) => read(reader.read(out)),
            Step::Bcj2(reader) => read(reader.read(out)),
            Step::Delta(reader) => read(reader.read(out)),
            // With a larger buffer, the decoder would lose what it has unpacked before a fault.
            Step::Ppmd(reader) => read(reader.read(&mut out[..1])),
            Step::Decrypt(reader) => read(reader.read(out)),
        }
    }

    /// Returns the input of the coder. If data are missing, its failure is the reason. The decoder of BCJ2 does not give access to
    /// its inputs.
    fn input(&mut self) -> Option<&mut Input> {
        match self {
            Step::Decoder { input, .. } => Some(input),
            Step::Bcj(reader) => Some(reader.inner_mut()),
            Step::Delta(reader) => Some(reader.inner_mut()),
            Step::Ppmd(reader) => Some(reader.get_mut()),
            Step::Decrypt(reader) => Some(&mut reader.input),
            Step::Bcj2(_) => None,
        }
    }

    /// Returns the word that messages use for the data that the coder reads, such as `lzma`.
    fn name(&self) -> &'static str {
        match self {
            Step::Decoder { name, .. } => name,
            Step::Ppmd(_) => "ppmd",
            Step::Bcj(_) | Step::Bcj2(_) | Step::Delta(_) => "filtered",
            Step::Decrypt(_) => "encrypted",
        }
    }
}

impl Layer {
    /// Returns the error for output that ended before all of it was returned.
    fn fault(&mut self, ended: Ended) -> io::Error {
        let early = || Ended::Damaged("it ends too early".to_owned());
        if let Ended::Short | Ended::Complete = ended
            && let Some(error) = self.step.input().and_then(Input::failure)
        {
            return error;
        }
        let name = self.step.name();
        // The reader of the file replaces the number of delivered bytes.
        let loss = ended.into_loss(name, Some(0)).or_else(|| early().into_loss(name, Some(0)));
        loss.unwrap_or_else(contradiction).into()
    }
}

impl Read for Layer {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let wanted = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let mut filled = 0;
        while filled < wanted && self.ended.is_none() {
            let (len, step) = self.step.run(&mut out[filled..wanted]);
            filled += len;
            self.ended = step.err();
            if len > 1 {
                break;
            }
        }
        self.left -= filled as u64;
        match self.ended.take() {
            Some(ended) if filled == 0 && wanted > 0 => Err(self.fault(ended)),
            ended => {
                self.ended = ended;
                Ok(filled)
            }
        }
    }
}

/// A reader that decrypts AES-256 in CBC mode.
struct Decrypt {
    input: Input,
    cipher: Aes256,
    /// The previous encrypted block, or the initialisation vector.
    previous: [u8; 16],
    /// The current decrypted block.
    block: [u8; 16],
    /// The number of bytes of `block` that have been returned.
    used: usize,
}

impl Read for Decrypt {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            if self.used == self.block.len() {
                let Some(packed) = self.input.array::<16>() else { break };
                let mut block = packed.into();
                self.cipher.decrypt_block(&mut block);
                self.block = block.into();
                for (byte, before) in self.block.iter_mut().zip(self.previous) {
                    *byte ^= before;
                }
                self.previous = packed;
                self.used = 0;
            }
            let len = (&self.block[self.used..]).read(&mut out[filled..])?;
            filled += len;
            self.used += len;
        }
        Ok(filled)
    }
}
