//! Decrypts zip members. There are two methods:
//!
//! * PKWARE's traditional encryption (APPNOTE, section 6.1). Three 32-bit keys are updated with each byte of the password, and then
//!   with each decrypted byte. Each byte is decrypted with a mask that is computed from the third key. One byte verifies the
//!   password.
//! * WinZip's AES ("AES Encryption Information"). PBKDF2 with HMAC-SHA1 and 1000 rounds derives, from the password and a salt, the
//!   key of the cipher, the key of the authentication code, and two bytes that verify the password. The cipher is AES in counter
//!   mode, with a little-endian counter that starts at 1. The authentication code is the first 10 bytes of the HMAC-SHA1 of the
//!   encrypted data.

use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
use aes::{Aes128, Aes192, Aes256};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

/// The length in bytes of the header before data with traditional encryption.
pub(super) const CLASSIC_HEADER_BYTES: usize = 12;
/// The number of bytes that verify the password for AES.
pub(super) const AES_PROOF_BYTES: usize = 2;
/// The length of the authentication code for AES in bytes.
pub(super) const AES_MAC_BYTES: usize = 10;

/// A decryptor whose password has been verified.
pub(super) enum Crypt {
    Classic(Classic),
    Aes(Box<Aes>),
}

impl Crypt {
    /// Decrypts the next bytes in place.
    pub(super) fn decrypt(&mut self, bytes: &mut [u8]) {
        match self {
            Crypt::Classic(classic) => bytes.iter_mut().for_each(|byte| *byte = classic.decrypt(*byte)),
            Crypt::Aes(aes) => aes.decrypt(bytes),
        }
    }
}

/// The state of traditional encryption: its three keys.
pub(super) struct Classic([u32; 3]);

impl Classic {
    /// Creates a decryptor by decrypting the header. Returns `None` if the password is wrong, so that the last byte of the header is
    /// not `proof`.
    pub(super) fn new(password: &[u8], mut header: [u8; CLASSIC_HEADER_BYTES], proof: u8) -> Option<Classic> {
        let mut keys = Classic::begin(password);
        header.iter_mut().for_each(|byte| *byte = keys.decrypt(*byte));
        (header[CLASSIC_HEADER_BYTES - 1] == proof).then_some(keys)
    }

    /// Returns the keys after they have been updated with the password.
    pub(super) fn begin(password: &[u8]) -> Classic {
        let mut keys = Classic([0x1234_5678, 0x2345_6789, 0x3456_7890]);
        password.iter().for_each(|byte| keys.update(*byte));
        keys
    }

    /// Returns the mask that decrypts the next byte.
    pub(super) fn mask(&self) -> u8 {
        let key = self.0[2] | 2;
        let [_, mask, ..] = key.wrapping_mul(key ^ 1).to_le_bytes();
        mask
    }

    fn decrypt(&mut self, byte: u8) -> u8 {
        let byte = byte ^ self.mask();
        self.update(byte);
        byte
    }

    /// Updates the keys with a byte of the password or a decrypted byte.
    pub(super) fn update(&mut self, byte: u8) {
        let [one, two, three] = &mut self.0;
        *one = crc32(*one, byte);
        *two = two.wrapping_add(*one & 0xff).wrapping_mul(134_775_813).wrapping_add(1);
        *three = crc32(*three, two.to_le_bytes()[3]);
    }
}

/// Updates a CRC-32 with one byte, without inverting the bits before the first byte and after the last one.
fn crc32(sum: u32, byte: u8) -> u32 {
    CRC_TABLE[usize::from(sum.to_le_bytes()[0] ^ byte)] ^ (sum >> 8)
}

/// The look-up table for a CRC-32: an entry for each value of a byte.
const CRC_TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut sum = index;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 0 { sum >> 1 } else { (sum >> 1) ^ 0xedb8_8320 };
            bit += 1;
        }
        table[index as usize] = sum;
        index += 1;
    }
    table
};

/// A decryptor for AES in counter mode, which also computes the authentication code of the encrypted data.
pub(super) struct Aes {
    cipher: Cipher,
    /// The value of the counter for `mask`.
    counter: u128,
    /// The encrypted counter, which decrypts the current block.
    mask: [u8; 16],
    /// The number of bytes of `mask` that have been used.
    used: usize,
    sum: Hmac<Sha1>,
}

enum Cipher {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

impl Aes {
    /// Returns the length of a key in bytes: 16, 24 or 32 for strength 1, 2 or 3. The salt is half as long.
    pub(super) fn key_len(strength: u8) -> usize {
        8 + 8 * usize::from(strength)
    }

    /// Creates a decryptor by deriving its keys. Returns `None` if `proof` shows that the password is wrong.
    pub(super) fn new(password: &[u8], strength: u8, salt: &[u8], proof: [u8; AES_PROOF_BYTES]) -> Option<Aes> {
        // The number of rounds is fixed by the format.
        const ROUNDS: u32 = 1000;
        let len = Aes::key_len(strength);
        let mut keys = [0; 2 * 32 + AES_PROOF_BYTES];
        let keys = keys.get_mut(..2 * len + AES_PROOF_BYTES)?;
        pbkdf2::pbkdf2_hmac::<Sha1>(password, salt, ROUNDS, keys);
        let (key, rest) = keys.split_at(len);
        let (sum_key, expected) = rest.split_at(len);
        if expected != proof {
            return None;
        }
        let cipher = match strength {
            1 => Cipher::Aes128(Aes128::new_from_slice(key).ok()?),
            2 => Cipher::Aes192(Aes192::new_from_slice(key).ok()?),
            _ => Cipher::Aes256(Aes256::new_from_slice(key).ok()?),
        };
        let sum = Hmac::new_from_slice(sum_key).ok()?;
        Some(Aes { cipher, counter: 0, mask: [0; 16], used: 16, sum })
    }

    fn decrypt(&mut self, bytes: &mut [u8]) {
        self.sum.update(bytes);
        for byte in bytes {
            if self.used == self.mask.len() {
                self.next_mask();
            }
            *byte ^= self.mask[self.used];
            self.used += 1;
        }
    }

    /// Computes the mask of the next block, which is the encrypted counter.
    fn next_mask(&mut self) {
        self.counter = self.counter.wrapping_add(1);
        let mut block = self.counter.to_le_bytes().into();
        match &self.cipher {
            Cipher::Aes128(cipher) => cipher.encrypt_block(&mut block),
            Cipher::Aes192(cipher) => cipher.encrypt_block(&mut block),
            Cipher::Aes256(cipher) => cipher.encrypt_block(&mut block),
        }
        self.mask = block.into();
        self.used = 0;
    }

    /// Whether `mac` is the authentication code of everything that has been decrypted.
    pub(super) fn proves(&self, mac: [u8; AES_MAC_BYTES]) -> bool {
        self.sum.clone().verify_truncated_left(&mac).is_ok()
    }
}
