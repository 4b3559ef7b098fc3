//! The names of months, weekdays and zones in logs.

/// The names of each month in English, German, French, Spanish, Italian, Portuguese, Dutch and Scandinavian languages, in lower
/// case: the full names and the abbreviations, which may be followed by a full stop. No name means two months.
const MONTHS: [&[&str]; 12] = [
    &["jan", "january", "januar", "jänner", "janv", "janvier", "ene", "enero", "gen", "gennaio", "janeiro", "januari"],
    &["feb", "february", "februar", "févr", "fév", "février", "febrero", "febbraio", "fev", "fevereiro", "februari"],
    &["mar", "march", "mär", "mrz", "märz", "mars", "marzo", "março", "mrt", "maart", "marts"],
    &["apr", "april", "avr", "avril", "abr", "abril", "aprile"],
    &["may", "mai", "mayo", "mag", "maggio", "maio", "mei", "maj"],
    &["jun", "june", "juni", "juin", "junio", "giu", "giugno", "junho"],
    &["jul", "july", "juli", "juil", "juillet", "julio", "lug", "luglio", "julho"],
    &["aug", "august", "août", "aoû", "ago", "agosto", "augustus", "augusti"],
    &["sep", "sept", "september", "septembre", "septiembre", "set", "settembre", "setembro"],
    &["oct", "october", "okt", "oktober", "octobre", "octubre", "ott", "ottobre", "outubro"],
    &["nov", "november", "novembre", "noviembre", "novembro"],
    &[
        "dec",
        "december",
        "dez",
        "dezember",
        "déc",
        "décembre",
        "dic",
        "diciembre",
        "dicembre",
        "dezembro",
        "des",
        "desember",
    ],
];

/// The names of weekdays in English and German, in lower case, from Monday.
const WEEKDAYS: [&[&str]; 7] = [
    &["mon", "monday", "mo", "montag"],
    &["tue", "tues", "tuesday", "di", "dienstag"],
    &["wed", "wednesday", "mi", "mittwoch"],
    &["thu", "thur", "thurs", "thursday", "do", "donnerstag"],
    &["fri", "friday", "fr", "freitag"],
    &["sat", "saturday", "sa", "samstag", "sonnabend"],
    &["sun", "sunday", "so", "sonntag"],
];

/// Reads the name of a month at the start of `text`. Returns the number of the month, 1 to 12, and the length of the name.
pub(in crate::time) fn month(text: &[u8]) -> Option<(u16, usize)> {
    if let Some((&word, rest)) = text.split_first_chunk::<3>()
        && !rest.first().is_some_and(|&byte| is_letter(byte) || byte == b'.')
    {
        let number = match &word.map(|byte| byte | 0x20) {
            b"jan" => 1,
            b"feb" => 2,
            b"mar" => 3,
            b"apr" => 4,
            b"may" => 5,
            b"jun" => 6,
            b"jul" => 7,
            b"aug" => 8,
            b"sep" => 9,
            b"oct" => 10,
            b"nov" => 11,
            b"dec" => 12,
            _ => 0,
        };
        if number > 0 && word.iter().all(u8::is_ascii_alphabetic) {
            return Some((number, 3));
        }
    }
    if text.first()?.is_ascii_digit() { numbered_month(text) } else { in_list(text, &MONTHS) }
}

/// Reads the name of a month in Chinese, Japanese or Korean at the start of `text`, such as `2月`, in UTF-8 or in an ANSI code page.
#[cold]
fn numbered_month(text: &[u8]) -> Option<(u16, usize)> {
    const MARKS: [&[u8]; 6] = ["月".as_bytes(), "월".as_bytes(), b"\x8C\x8E", b"\xD4\xC2", b"\xA4\xEB", b"\xBF\xF9"];
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: u16 = str::from_utf8(text.get(..len.min(3))?).ok()?.parse().ok()?;
    let mark = MARKS.iter().find(|mark| text[len..].starts_with(mark))?;
    (1..=12).contains(&number).then_some((number, len + mark.len()))
}

/// Reads the name of a weekday at the start of `text`. Returns its number, 0 for Monday to 6, and the length of the name.
pub(in crate::time) fn weekday(text: &[u8]) -> Option<(u16, usize)> {
    in_list(text, &WEEKDAYS).map(|(number, len)| (number - 1, len))
}

/// Looks up the word at the start of `text`. Returns the number of the list that contains it, counted from 1, and the length of
/// the word with a full stop after it.
#[cold]
fn in_list(text: &[u8], lists: &[&[&str]]) -> Option<(u16, usize)> {
    const LONGEST_BYTES: usize = 16;
    let len = text.iter().take(LONGEST_BYTES + 1).take_while(|&&byte| is_letter(byte)).count();
    let (word, rest) = text.split_at(len);
    let position = |fits: &dyn Fn(&str) -> bool| lists.iter().position(|names| names.iter().any(|name| fits(name)));
    let index = if word.is_ascii() {
        position(&|name| name.as_bytes().eq_ignore_ascii_case(word))?
    } else {
        // Names with other letters are in UTF-8 or in the ANSI code page of Western Europe.
        let word = match str::from_utf8(word) {
            Ok(word) => word.to_lowercase(),
            Err(_) => word.iter().map(|&byte| char::from(byte)).collect::<String>().to_lowercase(),
        };
        position(&|name| name == word)?
    };
    let point = usize::from(rest.first() == Some(&b'.'));
    Some((u16::try_from(index + 1).ok()?, len + point))
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || !byte.is_ascii()
}

/// The meaning of the abbreviation of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::time) enum ZoneName {
    /// An offset from UTC in seconds.
    Offset(i32),
    /// Several zones share this abbreviation.
    Ambiguous,
}

/// Returns the meaning of an abbreviation of a zone, such as `CET`, or `None` if it is not a known one.
pub(in crate::time) fn zone(name: &[u8]) -> Option<ZoneName> {
    let minutes = match name {
        b"UTC" | b"GMT" | b"UT" | b"WET" => 0,
        b"CET" | b"MEZ" | b"MET" | b"WEST" => 60,
        b"CEST" | b"MESZ" | b"MEST" | b"EET" | b"SAST" => 120,
        b"EEST" | b"MSK" | b"TRT" | b"IDT" => 180,
        b"PKT" => 300,
        b"NPT" => 345,
        b"WIB" => 420,
        b"AWST" | b"HKT" | b"SGT" => 480,
        b"JST" | b"KST" => 540,
        b"ACST" => 570,
        b"AEST" => 600,
        b"ACDT" => 630,
        b"AEDT" => 660,
        b"NZST" => 720,
        b"NZDT" => 780,
        b"NDT" => -150,
        b"BRT" => -180,
        b"EDT" => -240,
        b"EST" => -300,
        b"MDT" => -360,
        b"MST" | b"PDT" => -420,
        b"PST" | b"AKDT" => -480,
        b"AKST" => -540,
        b"HST" => -600,
        b"CST" | b"CDT" | b"IST" | b"BST" | b"AST" | b"ADT" | b"SST" => return Some(ZoneName::Ambiguous),
        _ => return None,
    };
    Some(ZoneName::Offset(minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_named_in_many_languages_and_two_encodings() {
        let cases: [(&[u8], u16, usize); 8] = [
            (b"Feb 14", 2, 3),
            (b"FEB-14", 2, 3),
            (b"February 14", 2, 8),
            ("févr. 14".as_bytes(), 2, 6),
            (b"f\xE9vr. 14", 2, 5),
            (b"M\xE4r 4", 3, 3),
            ("Mär 4".as_bytes(), 3, 4),
            (b"Okt", 10, 3),
        ];
        for (text, number, len) in cases {
            assert_eq!(month(text), Some((number, len)), "{}", text.escape_ascii());
        }
        assert_eq!(month("2月 -2017".as_bytes()), Some((2, 4)));
        assert_eq!(month(b"12\x8C\x8E-2017"), Some((12, 4)));
        for text in [&b"Foo 14"[..], b"Febr 14", b"", b"fe", "13月".as_bytes(), "0月".as_bytes(), b"2-2017"] {
            assert_eq!(month(text), None, "{}", text.escape_ascii());
        }
        assert_eq!(weekday(b"Tue Feb"), Some((1, 3)));
        assert_eq!(weekday(b"Di. 14"), Some((1, 3)));
        assert_eq!(weekday(b"Tux"), None);
    }

    #[test]
    fn no_name_means_two_months() {
        let mut all: Vec<&str> = MONTHS.concat();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }
}
