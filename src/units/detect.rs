//! Detects UTF-16 without a byte order mark.
//!
//! In UTF-16, each ASCII character contains a NUL, always in the same byte of its unit. Even if little of a text is ASCII, its
//! line ends are, and usually blanks and digits. So text counts as UTF-16 if its NULs are on the same side of its units, and if
//! it does not look like single-byte text whose NULs happen to be on one side. The exact conditions are, for one of the two byte
//! orders:
//!
//! * At least one unit in a hundred is ASCII. Line ends alone suffice if lines have up to 100 (LF) or 200 (CR LF) characters.
//! * Hardly any unit would be ASCII in the other byte order, except for U+3000 and U+4E00, the blank and the "one" of Chinese and
//!   Japanese. There are no more line feeds in the other byte order than in this one.
//! * At most one unit in 32 is a control character, half of a surrogate pair or for private use. One in four may be if there are
//!   at most three different ones, because some programs separate fields with such characters.
//! * NUL units, if any, form long blocks, such as a crash leaves, and do not alternate with other units, as they do in UTF-32.
//! * Not only line feeds have a NUL, because each line of a single-byte text may end with one.
//! * More than half of the units are ASCII, or else, of the units without a NUL,
//!     * at most half look like two bytes of text: two ASCII characters (with exceptions for Hiragana and Han characters), two
//!       letters of a code page, or a part of a UTF-8 character, and
//!     * no more contain a blank than there are ASCII units.
//!
//! In addition, the text must not begin with a line of single-byte ASCII.
//!
//! The text must have a certain length: four Chinese characters could just as well be a line of ASCII.
//!
//! The same conditions detect whether a line of a text has other units than the lines before it (see [`change`](super::change)). A
//! few units can look like anything, so a larger share of them must be ASCII, and several in a row.

use memchr::memchr;

use super::change::{is_line_in_bytes, utf16_at_line_start};
use super::{Units, rows};

/// At the beginning of UTF-16 text, at least one unit in this many is ASCII.
pub(super) const SHARE_AT_BEGINNING: usize = 100;

/// Returns how many units there may be for each ASCII unit in a line of `units` units of UTF-16.
fn share_in_line(units: usize) -> usize {
    match units {
        ..32 => 2,
        32..64 => 4,
        _ => 8,
    }
}

/// The smallest number of bytes that can be recognised as single-byte text: `callStatus=21` and a line end.
const PLAIN_BYTES_LEAST: usize = 15;

/// The smallest number of characters that can be recognised as UTF-32.
const UTF_32_LEAST: usize = 8;

/// Detects the units of `text`, which has no byte order mark and starts at the start of a unit.
pub(super) fn detect(text: &[u8]) -> Units {
    // Nearly all files contain no NUL. If a line of single-byte text comes first, UTF-16 was appended to it later.
    if memchr(0, text).is_none() {
        return Units::Bytes;
    }
    if let Some(units) = utf32(text) {
        return units;
    }
    let first_row = text.split(|byte| !is_plain(*byte)).next();
    let first_line = memchr(b'\n', text).map(|end| (&text[..=end], text.get(end + 1)));
    // A line in single bytes that was never ended may be followed by UTF-16 in the same line.
    let is_long = |row: &[u8]| row.len() > PLAIN_BYTES_LEAST && !is_one_block(row);
    if is_plain_text(first_row)
        || first_row.is_some_and(is_long)
        || first_line.is_some_and(|(line, next)| is_line_in_bytes(line, next))
    {
        return Units::Bytes;
    }
    match detect_by(text, SHARE_AT_BEGINNING) {
        // Other encodings may follow after a few lines of UTF-16.
        Units::Bytes => match utf16_at_line_start(text) {
            Some((0, units)) => units,
            _ => Units::Bytes,
        },
        units => units,
    }
}

/// Whether `text` has all signs of UTF-16 in the byte order of `units`. It may be a single line.
pub(super) fn is_utf16(units: Units, text: &[u8]) -> bool {
    // The NULs with which records in single bytes are filled rarely follow each other in this way, and each line that contains a result
    // has words or digits in ASCII.
    units.has_ascii_word(text) && detect_by(text, share_in_line(text.len() / 2)) == units
}

/// Whether a row of printable ASCII bytes, tabs and line ends is single-byte text. It may be UTF-16 instead: there, every line
/// end contains a NUL, and a tab or line feed that is half of a character, as in Hindi or Gujarati, occurs in nearly every unit.
fn is_plain_text(row: Option<&[u8]>) -> bool {
    row.is_some_and(|row| {
        let controls = row.iter().filter(|byte| **byte < b' ').count();
        row.len() >= PLAIN_BYTES_LEAST && row.contains(&b'\n') && controls * 4 <= row.len()
    })
}

/// Whether most bytes at every second position of `row` are the same printable byte, tab or line end, as in UTF-16 whose characters are
/// in the same block of 256, such as Hindi, Gujarati and Hiragana. In these, both bytes of many characters look like ASCII.
pub(super) fn is_one_block(row: &[u8]) -> bool {
    (0..2_usize).any(|first| {
        let every_second = || row.iter().copied().skip(first).step_by(2);
        // The most frequent byte, if one makes up more than half.
        let (most, _) = every_second().fold((0, 0_usize), |(most, votes), byte| match votes {
            0 => (byte, 1),
            _ if byte == most => (most, votes + 1),
            _ => (most, votes - 1),
        });
        is_plain(most) && every_second().filter(|byte| *byte == most).count() * 3 >= every_second().count() * 2
    })
}

/// Whether a byte is a printable ASCII character, a tab or part of a line end.
pub(super) fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// Detects the units of `text`. It is UTF-16 only if at least one unit in `share` is ASCII.
pub(super) fn detect_by(text: &[u8], share: usize) -> Units {
    if memchr(0, text).is_none() {
        return Units::Bytes;
    }
    let pairs = text.as_chunks::<2>().0;
    let in_utf8 = in_utf8(text);
    let low_first = Census::of(pairs.iter().copied(), in_utf8);
    let high_first = Census::of(pairs.iter().map(|&[high, low]| [low, high]), in_utf8);
    match (low_first.is_utf16(share), high_first.is_utf16(share)) {
        (true, false) => Units::Utf16Le,
        (false, true) => Units::Utf16Be,
        // Text that fits both byte orders is not UTF-16.
        _ => Units::Bytes,
    }
}

/// Counts the units of a text by what they look like, for one of the two byte orders.
#[derive(Default)]
struct Census {
    /// The number of all units.
    all: usize,
    /// The number of units with a NUL as high byte: ASCII, and letters of Western Europe.
    ascii: usize,
    /// The number of units with a NUL as low byte. They would be ASCII in the other byte order.
    swapped: usize,
    /// The number of units that are line feeds.
    line_feeds: usize,
    /// The number of units that would be line feeds in the other byte order.
    swapped_line_feeds: usize,
    /// The number of units without a NUL.
    wide: usize,
    /// The number of units without a NUL that look like two bytes of text.
    text: usize,
    /// The number of units without a NUL that look like a blank and a visible character.
    blanks: usize,
    /// The number of runs of NUL units. In UTF-32, half of the units are such runs.
    nul_runs: usize,
    /// The number of characters that hardly ever occur in text, such as control characters.
    odd: usize,
    /// The number of different characters among those that `odd` counts.
    odd_kinds: usize,
}

impl Census {
    /// Counts units. Each is given with its low byte first. `in_utf8` is the number of bytes that belong to UTF-8 characters
    /// beyond ASCII.
    fn of(pairs: impl Iterator<Item = [u8; 2]> + Clone, in_utf8: usize) -> Census {
        let mut census = Census { text: in_utf8 / 2, ..Census::default() };
        let mut before = [0, 0];
        for pair in pairs.clone() {
            census.all += 1;
            census.nul_runs += usize::from(pair == [0, 0] && before != [0, 0]);
            before = pair;
            match pair {
                [0, 0] => {}
                // Control characters, which the bytes of UTF-8 before a NUL look like.
                [0x80..0xA0, 0] => {}
                [low, 0] => {
                    census.ascii += 1;
                    census.line_feeds += usize::from(low == b'\n');
                }
                [0, high] => {
                    let is_ascii = matches!(high, b'\t'..=b'\r' | b' '..=b'~') && !matches!(high, 0x30 | 0x4E);
                    census.swapped += usize::from(is_ascii);
                    census.swapped_line_feeds += usize::from(high == b'\n');
                }
                [low, high] => {
                    census.wide += 1;
                    census.text += usize::from(is_text(low, high));
                    census.blanks += usize::from((low == b' ' && high > b' ') || (high == b' ' && low > b' '));
                }
            }
        }
        let units = pairs.map(u16::from_le_bytes).filter(|unit| *unit != 0);
        let chars = char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER));
        let mut odd: Vec<char> = chars.filter(|char| is_odd(*char)).collect();
        census.odd = odd.len();
        odd.sort_unstable();
        odd.dedup();
        census.odd_kinds = odd.len();
        census
    }

    /// Whether the counts meet the conditions in the module's documentation. `share` is the number of units for each ASCII unit.
    fn is_utf16(&self, share: usize) -> bool {
        let is_one_sided = self.ascii > 0
            && self.ascii * share >= self.all
            && self.swapped * 16 <= self.ascii
            && self.swapped_line_feeds <= self.line_feeds;
        let is_not_only_line_feeds = (self.ascii - self.line_feeds) * 2 >= self.line_feeds;
        // The text may begin and end within a character, so two odd characters are ignored.
        let chars = self.ascii + self.wide;
        let few_odd = self.odd * 4 <= chars && (self.odd_kinds < 4 || self.odd.saturating_sub(2) * 32 <= chars);
        let makes_sense = few_odd && self.nul_runs * 4 <= chars;
        let is_no_text = self.text * 2 <= self.wide && self.blanks <= self.ascii;
        is_one_sided && is_not_only_line_feeds && makes_sense && (self.ascii * 2 > self.all || is_no_text)
    }
}

/// Whether a unit looks more like two bytes of text: two ASCII characters, or two letters of a code page, which start at 0xC0.
fn is_text(low: u8, high: u8) -> bool {
    let is_letter = |byte: u8| byte >= 0xC0 && !matches!(byte, 0xD8..=0xDF);
    let is_printable = |byte: u8| matches!(byte, b' '..=b'~');
    match high {
        // Hiragana, because whole texts consist of it.
        0x30 if low >= b'A' => false,
        // Han characters. Many look like a letter and another character, but only one in eight looks like two letters.
        0x4E..=0x7E => high.is_ascii_alphabetic() && (low.is_ascii_alphanumeric() || low == b' '),
        _ => (is_printable(high) && is_printable(low)) || (is_letter(high) && low >= 0xC0),
    }
}

/// Detects UTF-32. The text starts with a row in UTF-32, or all characters at its beginning are plausible. With a byte order mark, that is enough. Without
/// one, at least one in 32 must be ASCII, or in longer texts one in 200, which the line ends provide.
pub(super) fn utf32(head: &[u8]) -> Option<Units> {
    let orders = [(Units::Utf32Le, u32::from_le_bytes as fn(_) -> _), (Units::Utf32Be, u32::from_be_bytes)];
    let fits = |group: fn([u8; 4]) -> u32| {
        let groups = head.as_chunks::<4>().0.iter();
        let chars = groups.map(|bytes| char::from_u32(group(*bytes)).filter(|char| *char != '\0' && !is_odd(*char)));
        let Some(chars) = chars.collect::<Option<Vec<_>>>() else { return false };
        if chars.first() == Some(&'\u{feff}') {
            return true;
        }
        let ascii = chars.iter().filter(|char| char.is_ascii()).count();
        let share = if chars.len() > 128 && chars.contains(&'\n') { 200 } else { 32 };
        chars.len() >= UTF_32_LEAST && ascii > 0 && ascii * share >= chars.len()
    };
    let all = orders.into_iter().find(|(_, group)| fits(*group)).map(|(units, _)| units);
    all.or_else(|| rows::utf32_at_start(head))
}

/// Whether a character hardly ever occurs in text: a control character or one for private use.
fn is_odd(char: char) -> bool {
    let is_white_space = matches!(char, '\u{8}'..='\u{d}' | '\u{1b}');
    (char.is_control() && !is_white_space) || matches!(char, '\u{e000}'..='\u{f8ff}' | char::REPLACEMENT_CHARACTER)
}

/// Returns the number of bytes that belong to UTF-8 characters beyond ASCII, or 0 if most bytes beyond ASCII are not valid UTF-8.
fn in_utf8(text: &[u8]) -> usize {
    let beyond_ascii = |bytes: &[u8]| bytes.iter().filter(|byte| !byte.is_ascii()).count();
    let (whole, broken) = text.utf8_chunks().fold((0, 0), |(whole, broken), chunk| {
        (whole + beyond_ascii(chunk.valid().as_bytes()), broken + beyond_ascii(chunk.invalid()))
    });
    // In Korean text in a code page, nearly half of the bytes happen to be valid.
    if whole >= 2 * broken { whole } else { 0 }
}

#[cfg(test)]
mod tests {
    use encoding_rs::Encoding;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const HEAD_BYTES: usize = 4 << 10;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    fn head(bytes: &[u8]) -> &[u8] {
        &bytes[..bytes.len().min(HEAD_BYTES)]
    }

    #[track_caller]
    fn check_both_orders(text: &str) {
        assert_eq!(detect(head(&utf16(text, u16::to_le_bytes))), Units::Utf16Le, "{text}");
        assert_eq!(detect(head(&utf16(text, u16::to_be_bytes))), Units::Utf16Be, "{text}");
        assert_eq!(detect(head(text.as_bytes())), Units::Bytes, "{text}");
    }

    #[test]
    fn the_side_of_the_nul_bytes_decides() {
        for text in ["a", "rawCallStatus = 21\r\n", "Größe: 21 für Jürgen\r\n"] {
            check_both_orders(text);
        }
        // The beginning of a text, cut within a unit.
        assert_eq!(detect(b"a\0b\0c"), Units::Utf16Le);
    }

    #[test]
    fn a_few_ascii_characters_are_enough() {
        for line in [
            "2017-02-14 02:57:24 Пользователь Иванов: результат вызова, проверка подлинности завершена; rawCallStatus = 21\r\n",
            "Привет мир лог\n",
            "用户登录成功,正在上传数据并删除一个文件\r\n",
            "　一つの利用者は、認証できませんでした。\r\n",
            "ひらがなだけでかいたきろくです\r\n",
            "사용자 인증에 실패했습니다\n",
            "उपयोगकर्ता का सत्यापन विफल\n",
            "વપરાશકર્તાની ચકાસણી નિષ્ફળ\n",
            "ഉപയോക്താവിന്റെ പരിശോധന\n",
            "אימות המשתמש נכשל\n",
            "فشل التحقق من المستخدم\n",
            "การยืนยันตัวตนผู้ใช้ล้มเหลว\r\n",
            "📞📲 💬💀🚀🎉✅❌\n",
        ] {
            check_both_orders(&line.repeat(40));
        }
    }

    #[test]
    fn stray_nul_bytes_do_not_make_it_utf_16() {
        for text in [&b""[..], b"\0", b"\0\0\0\0", b"callStatus=21\0\0\0\n", b"a\0bcd\0efg", b"\0\0a\0\0\0\0b"] {
            assert_eq!(detect(text), Units::Bytes, "{text:?}");
        }
        // So little text is left at the end of a block that nothing can be decided.
        for len in HEAD_BYTES - 20..=HEAD_BYTES {
            let text = [&vec![0; len], &b"2017-02-14 02:57:24 callStatus=21\n"[..]].concat();
            assert_eq!(detect(head(&text)), Units::Bytes, "{len}");
        }
    }

    #[test]
    fn tables_and_noise_are_not_utf_16() {
        // As in the catalogues of gettext and in tables of times, small numbers have their NULs on one side.
        let numbers = |step: u32| (1..500_u32).map(move |number| number * step);
        for step in [1, 17, 0x1234] {
            let (le, be) = (numbers(step).flat_map(u32::to_le_bytes), numbers(step).flat_map(u32::to_be_bytes));
            let text = &b"callStatus=21\n"[..];
            for table in [le.collect::<Vec<_>>(), be.collect()] {
                assert_eq!(detect(head(&[&table, text].concat())), Units::Bytes, "{step}");
            }
        }
        // Compressed data after a header with small numbers, as in 7z: every 64th unit has a NUL.
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(0x0019_660d).wrapping_add(0x3c6e_f35f);
            state.to_be_bytes()[0].max(1)
        });
        let mut bytes: Vec<u8> = noise.take(HEAD_BYTES).collect();
        bytes.iter_mut().skip(1).step_by(128).for_each(|byte| *byte = 0);
        assert_eq!(detect(&bytes), Units::Bytes);
        assert_eq!(detect(b"\0\x08\x01\0\x02\0\x03\0\0\0"), Units::Bytes);
    }

    #[test]
    fn separators_do_not_keep_text_from_being_utf_16() {
        check_both_orders(&"8=FIX.4.2\u{1}9=65\u{1}35=A\u{1}49=AB\u{1}\n".repeat(20));
    }

    #[test]
    fn utf_32_is_detected() {
        for text in
            ["callStatus=21\r\n".repeat(40), "Ошибка входа: 用户 📞; callStatus=21\n".to_owned(), "x=1;\n".repeat(2)]
        {
            for (units, group) in
                [(Units::Utf32Le, u32::to_le_bytes as fn(u32) -> _), (Units::Utf32Be, u32::to_be_bytes)]
            {
                for mark in ["", "\u{feff}"] {
                    let bytes: Vec<u8> =
                        (mark.to_owned() + &text).chars().flat_map(|char| group(char.into())).collect();
                    assert_eq!(detect(&bytes), units, "{text}");
                }
            }
            assert_eq!(utf32(text.as_bytes()), None);
            assert_eq!(utf32(&utf16(&text, u16::to_le_bytes)), None);
        }
        // Without ASCII at its beginning.
        let text = ("用户登录成功正在上传数据并删除一个文件".repeat(8) + "\r\n").repeat(10);
        let bytes: Vec<u8> = text.chars().flat_map(|char| u32::from(char).to_be_bytes()).collect();
        assert_eq!(utf32(&bytes), Some(Units::Utf32Be));
        // Tables of numbers.
        assert_eq!(utf32(&(1..100_u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()), None);
        assert_eq!(utf32(&(10..2000_u32).flat_map(|number| (number * 10).to_le_bytes()).collect::<Vec<_>>()), None);
    }

    /// The ranges of characters in each script.
    const SCRIPTS: &[(&str, &[(char, char)])] = &[
        ("Western", &[('a', 'z'), ('à', 'ö')]),
        ("Latin with accents", &[('a', 'z'), ('à', 'ö'), ('Ā', 'ſ'), ('Ạ', 'ỹ')]),
        ("Greek", &[('Α', 'Ρ'), ('Σ', 'ώ')]),
        ("Cyrillic", &[('А', 'я')]),
        ("Armenian", &[('Ա', 'Ֆ'), ('ա', 'և')]),
        ("Hebrew", &[('א', 'ת')]),
        ("Arabic", &[('ا', 'ي')]),
        ("Devanagari", &[('अ', 'ह'), ('ा', '्')]),
        ("Gurmukhi", &[('ਅ', 'ਊ'), ('ਕ', 'ਨ')]),
        ("Gujarati", &[('અ', 'ઍ'), ('ક', 'ન')]),
        ("Malayalam", &[('അ', 'ഌ'), ('ക', 'ഹ')]),
        ("Thai", &[('ก', 'ฺ'), ('เ', '๎')]),
        ("Georgian", &[('ა', 'ჰ')]),
        ("Ethiopic", &[('ሀ', 'ቆ')]),
        ("Hiragana", &[('ぁ', 'ん'), ('　', '。')]),
        ("Japanese", &[('ぁ', 'ん'), ('ァ', 'ヶ'), ('一', '龠'), ('　', '。')]),
        ("Chinese", &[('一', '龠')]),
        ("Chinese with rare characters", &[('一', '龠'), ('\u{20000}', '\u{2a6d6}')]),
        ("Korean", &[('가', '힣')]),
        ("emoji", &[('\u{1f300}', '\u{1f64f}'), ('\u{1f680}', '\u{1f6c5}')]),
    ];

    /// Returns lines in one script, some with a time before them and a result after them.
    fn written_in(script: &[(char, char)]) -> impl Strategy<Value = String> + use<> {
        let ranges: Vec<_> = script.iter().map(|&(first, last)| first..=last).collect();
        let word = prop::collection::vec(prop::char::ranges(ranges.into()), 3..28).prop_map(String::from_iter);
        let line =
            (prop::collection::vec(word, 1..4), select(vec![" ", ""]), any::<bool>(), select(vec!["\n", "\r\n"]));
        let line = line.prop_map(|(words, between, is_result, end)| match (words.join(between), is_result) {
            (words, true) => format!("2017-02-14 02:57:24 {words}: callStatus=21{end}"),
            (words, false) => words + end,
        });
        prop::collection::vec(line, 20..40).prop_map(|lines| lines.concat())
    }

    fn script(name: &str) -> &'static [(char, char)] {
        SCRIPTS.iter().find(|script| script.0 == name).unwrap().1
    }

    /// Returns text in ASCII, UTF-8 or a code page.
    fn single_bytes() -> impl Strategy<Value = Vec<u8>> {
        let ascii = select(vec![
            "2017-02-14 02:57:24,102 INFO user=ann@example.com rawCallStatus = 21\r\n",
            "{\"time\":\"2017-02-14T02:57:24Z\",\"code\":21,\"user\":\"ann\"}\n",
            "callStatus=21\n",
        ]);
        let ascii = ascii.prop_map(|line| line.repeat(40).into_bytes());
        let utf8 = select(SCRIPTS).prop_flat_map(|(_, script)| written_in(script)).prop_map(String::into_bytes);
        let code_pages = select(vec![
            ("windows-1251", "Cyrillic"),
            ("koi8-r", "Cyrillic"),
            ("windows-1253", "Greek"),
            ("windows-1255", "Hebrew"),
            ("windows-1252", "Western"),
        ]);
        let in_code_page = code_pages.prop_flat_map(|(page, name)| {
            let page = Encoding::for_label(page.as_bytes()).unwrap();
            written_in(script(name)).prop_map(move |text| page.encode(&text).0.into_owned())
        });
        prop_oneof![ascii, utf8, in_code_page]
    }

    /// How NUL bytes end up in single-byte text.
    #[derive(Clone, Debug)]
    enum Nuls {
        Stray(Vec<prop::sample::Index>),
        Block(prop::sample::Index, usize),
        AtLineEnds,
        BehindLineEnds,
        /// Records are padded to the same length, so that all NULs are on one side.
        Records {
            len: usize,
            used: usize,
            shift: usize,
        },
    }

    fn nuls() -> impl Strategy<Value = Nuls> {
        let records = (5_usize..40, any::<prop::sample::Index>(), 0_usize..2)
            .prop_map(|(half, used, shift)| Nuls::Records { len: 2 * half, used: 8 + used.index(2 * half - 8), shift });
        prop_oneof![
            prop::collection::vec(any::<prop::sample::Index>(), 1..30).prop_map(Nuls::Stray),
            (any::<prop::sample::Index>(), 1_usize..5000).prop_map(|(at, len)| Nuls::Block(at, len)),
            Just(Nuls::AtLineEnds),
            Just(Nuls::BehindLineEnds),
            records,
        ]
    }

    fn with_nuls(mut text: Vec<u8>, nuls: &Nuls) -> Vec<u8> {
        match nuls {
            Nuls::Stray(places) => {
                for at in places {
                    text.insert(at.index(text.len()), 0);
                }
            }
            Nuls::Block(at, len) => {
                let at = at.index(text.len());
                text.splice(at..at, vec![0; *len]);
            }
            Nuls::AtLineEnds => {
                text.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = 0);
            }
            Nuls::BehindLineEnds => {
                text = text.split_inclusive(|byte| *byte == b'\n').flat_map(|line| [line, b"\0"].concat()).collect();
            }
            &Nuls::Records { len, used, shift } => {
                let records = text[shift..].chunks(used).map(|part| [part, &vec![0; len - part.len()]].concat());
                text = [text[..shift].to_vec(), records.collect::<Vec<_>>().concat()].concat();
            }
        }
        text
    }

    const LAST_LINE: &str = "2017-02-14 02:57:24 callStatus=21\r\n";

    /// Returns the units of each part of `text`, which begins in `units`, with the offsets at which the parts start.
    fn parts(units: Units, text: &[u8]) -> Vec<(usize, Units)> {
        let mut parts = vec![(0_usize, units)];
        while let Some(&(start, units)) = parts.last()
            && let Some(change) =
                units.next_change(&text[start.saturating_sub(2)..start], &text[start..], text.len() - start, false)
        {
            parts.push((start + change.at, change.units));
        }
        parts
    }

    #[test]
    fn a_single_appended_line_is_recognised() {
        let log = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(200);
        let line = "callStatus=102\r\n";
        for (units, unit) in [(Units::Utf16Le, u16::to_le_bytes as fn(u16) -> _), (Units::Utf16Be, u16::to_be_bytes)] {
            for before in [log.clone(), log.clone() + "x"] {
                let appended = [before.as_bytes(), &utf16(line, unit)].concat();
                assert_eq!(parts(Units::Bytes, &appended), [(0, Units::Bytes), (before.len(), units)]);
                assert_eq!(detect(head(&appended)), Units::Bytes);
            }
            for line in [line, "callStatus=1\r\n"] {
                let appended = [&utf16(&log, unit), line.as_bytes()].concat();
                assert_eq!(parts(units, &appended), [(0, units), (2 * log.len(), Units::Bytes)]);
            }
            assert_eq!(parts(units, &utf16(&log, unit)), [(0, units)]);
        }
        assert_eq!(parts(Units::Bytes, log.as_bytes()), [(0, Units::Bytes)]);
    }

    #[test]
    fn a_value_in_utf_16_does_not_change_the_encoding() {
        let value = utf16("Access denied", u16::to_le_bytes);
        let line = [b"2017-02-14 02:57:24 reply: ", value.as_slice(), b"\r\n"].concat();
        for lines in [1, 20] {
            let log = [LAST_LINE.repeat(300).into_bytes(), line.repeat(lines)].concat();
            assert_eq!(parts(Units::Bytes, &log), [(0, Units::Bytes)]);
        }
    }

    #[test]
    fn lines_of_two_byte_characters_that_end_with_nul_are_bytes() {
        for page in ["big5", "shift_jis", "euc-kr", "gbk"] {
            let page = Encoding::for_label(page.as_bytes()).unwrap();
            for (time, end) in
                [("", "\r\n\0"), ("", "\n\0"), ("2017-02-14 02:57:24 ", "\r\n\0"), ("2017-02-14 02:57:24 ", "\n\0")]
            {
                // A blank is added where needed, so that all NULs are on one side.
                let line = |text: &str| {
                    let text = page.encode(&format!("{time}{text}")).0.into_owned();
                    let filling = if (text.len() + end.len()).is_multiple_of(2) { "" } else { " " };
                    [&text, filling.as_bytes(), end.as_bytes()].concat()
                };
                let log: Vec<u8> = (0..60).flat_map(|_| line("一二三四五六七八九十")).collect();
                assert_eq!(detect(head(&log)), Units::Bytes, "{page:?} {time} {end:?}");
            }
        }
    }

    #[test]
    fn single_byte_text_before_utf_16_makes_the_text_single_byte() {
        let text = [LAST_LINE.as_bytes(), &utf16(&LAST_LINE.repeat(100), u16::to_le_bytes)].concat();
        assert_eq!(detect(head(&text)), Units::Bytes);
        assert_eq!(parts(Units::Bytes, &text), [(0, Units::Bytes), (LAST_LINE.len(), Units::Utf16Le)]);
    }

    proptest! {
        #[test]
        fn appended_lines_in_any_script_are_recognised(
            before in single_bytes(),
            after in select(SCRIPTS).prop_flat_map(|script| written_in(script.1)),
            lines in 1_usize..40,
        ) {
            let after = after.split_inclusive('\n').take(lines).collect::<String>() + LAST_LINE;
            for (units, unit) in [(Units::Utf16Le, u16::to_le_bytes as fn(u16) -> _), (Units::Utf16Be, u16::to_be_bytes)] {
                for (first, text) in [
                    (Units::Bytes, [before.clone(), utf16(&after, unit)].concat()),
                    (units, [utf16(&after, unit), before.clone(), LAST_LINE.into()].concat()),
                ] {
                    let mut decoded = Vec::new();
                    first.decode_changing(&text, &mut decoded);
                    let results = |text: &[u8]| memchr::memmem::find_iter(text, "callStatus=21").count();
                    let expected = results(&before) + results(after.as_bytes()) + usize::from(first == units);
                    prop_assert_eq!(results(&decoded), expected, "{:?} of {}", parts(first, &text), before.len());
                }
            }
        }

        #[test]
        fn a_text_in_one_encoding_has_no_changes(
            bytes in single_bytes(),
            nuls in nuls(),
            text in select(SCRIPTS).prop_flat_map(|script| written_in(script.1)),
            cut in 0_usize..400,
        ) {
            let with_nuls = with_nuls(bytes, &nuls);
            let all = parts(Units::Bytes, &with_nuls);
            let at = all.last().unwrap().0;
            let around = &with_nuls[at.saturating_sub(40)..with_nuls.len().min(at + 500)];
            prop_assert_eq!(&all, &[(0, Units::Bytes)], "{:x?}", around);
            for (units, unit) in [(Units::Utf16Le, u16::to_le_bytes as fn(u16) -> _), (Units::Utf16Be, u16::to_be_bytes)] {
                let text = utf16(&text, unit);
                let text = &text[..text.len().saturating_sub(cut)];
                let all = parts(units, text);
                let at = all.last().unwrap().0;
                prop_assert_eq!(&all, &[(0, units)], "{:x?}", &text[at.saturating_sub(40)..text.len().min(at + 500)]);
            }
        }

        #[test]
        fn text_in_any_script_is_recognised_in_both_orders(
            ((name, _), text) in select(SCRIPTS).prop_flat_map(|script| (Just(script), written_in(script.1))),
        ) {
            prop_assert_eq!(detect(head(&utf16(&text, u16::to_le_bytes))), Units::Utf16Le, "{}", name);
            prop_assert_eq!(detect(head(&utf16(&text, u16::to_be_bytes))), Units::Utf16Be, "{}", name);
        }

        #[test]
        fn text_in_bytes_is_not_taken_for_utf_16(text in single_bytes(), nuls in nuls()) {
            prop_assert_eq!(detect(head(&with_nuls(text, &nuls))), Units::Bytes);
        }

        #[test]
        fn swapped_bytes_give_the_other_byte_order(pairs in prop::collection::vec(prop_oneof![
            any::<[u8; 2]>(),
            select(vec![[b'a', 0], [0, b'a'], [b'\n', 0], [0, b'\n'], [b'a', b'b'], [0, 0x30], [0x30, 0]]),
        ], 0..60)) {
            let swapped: Vec<u8> = pairs.iter().flat_map(|pair| [pair[1], pair[0]]).collect();
            let detected = [&pairs.concat(), &swapped].map(|text| detect_by(text, SHARE_AT_BEGINNING));
            let (le, be) = (Units::Utf16Le, Units::Utf16Be);
            prop_assert!(detected.contains(&Units::Bytes) || [[le, be], [be, le]].contains(&detected), "{detected:?}");
        }
    }
}
