//! Decodes what zip and cab have inherited from DOS: code page 437, dates and times, and little-endian numbers.
//!
//! A date and a time take two bytes each, in zip (APPNOTE, section 4.4.6) and in cab (\[MS-CAB\], CFFILE):
//!
//! | field | bits | meaning |
//! |---|---|---|
//! | date | 15–9 | years since 1980 |
//! | | 8–5 | month, 1 to 12 |
//! | | 4–0 | day, 1 to 31 |
//! | time | 15–11 | hour |
//! | | 10–5 | minute |
//! | | 4–0 | seconds divided by 2 |

use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::unix_time;

/// The characters 0x80 to 0xFF of code page 437.
const CP437: &str = concat!(
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»",
    "░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀",
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}",
);

/// Decodes text in code page 437. Bytes below 0x80 are ASCII, including control characters.
pub(super) fn cp437(bytes: &[u8]) -> String {
    let high = |byte: u8| CP437.chars().nth(usize::from(byte - 0x80)).unwrap_or(char::REPLACEMENT_CHARACTER);
    bytes.iter().map(|&byte| if byte < 0x80 { char::from(byte) } else { high(byte) }).collect()
}

/// Decodes a date and a time, which have no zone and are taken as UTC. Returns `None` if the date or the time does not exist.
pub(super) fn moment(date: u16, time: u16) -> Option<SystemTime> {
    // No field has more than seven bits, so each fits into an i8.
    let part = |field: u16, shift: u16, bits: u16| i8::try_from((field >> shift) & ((1 << bits) - 1)).ok();
    let year = i16::from(part(date, 9, 7)?) + 1980;
    let (hour, minute, second) = (part(time, 11, 5)?, part(time, 5, 6)?, part(time, 0, 5)?.checked_mul(2)?);
    let moment = DateTime::new(year, part(date, 5, 4)?, part(date, 0, 5)?, hour, minute, second, 0).ok()?;
    unix_time(TimeZone::UTC.to_timestamp(moment).ok()?.as_second())
}

/// Reads the little-endian number at offset `at`. Returns `None` if `bytes` are too short.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|bytes| u16::from_le_bytes(*bytes))
}

/// Reads the little-endian number at offset `at`. Returns `None` if `bytes` are too short.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// Reads the little-endian number at offset `at`. Returns `None` if `bytes` are too short.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_page_has_its_128_characters() {
        assert_eq!(CP437.chars().count(), 128);
        assert_eq!(cp437(b"caf\x82 \x84\x94\x81\xe1 \xb0\xff"), "café äöüß ░\u{a0}");
    }

    #[test]
    fn times_are_taken_as_utc() {
        // 2017-02-14 02:57:24, which is 1487041044.
        let (date, time) = ((37 << 9) | (2 << 5) | 14, (2 << 11) | (57 << 5) | 12);
        assert_eq!(moment(date, time), unix_time(1_487_041_044));
        assert_eq!(moment(0, 0), None, "there is no month 0");
        assert_eq!(moment(0xffff, 0xffff), None);
    }
}
