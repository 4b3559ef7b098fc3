//! Runs the program over the same log in every encoding.

use std::path::Path;
use std::process::Command;

fn callcodes(args: &[&str], path: &Path) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_callcodes")).args(args).arg("--no-config").arg(path).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stderr), "");
    String::from_utf8(run.stdout).unwrap().replace("\r\n", "\n")
}

/// Returns three fixtures in one text, with 25 results, and one more line with a result. See `fixtures/README.md`.
fn fixture() -> String {
    let mut text = String::new();
    for name in ["mfa1/MultiFactorAuthRadiusSvc.log", "mfa1/MultiFactorAuthSvc.log", "web2/responses.xml"] {
        text += &std::fs::read_to_string(Path::new("fixtures/logs").join(name)).unwrap();
    }
    // Umlauts, and a character outside the Basic Multilingual Plane, for which UTF-16 has a surrogate pair.
    text + "2017-02-14T05:00:00Z für Jürgen \u{1f4de}: Call Status: 13\r\n"
}

#[test]
fn every_encoding_gives_the_same_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = fixture();
    let utf16 = |mark: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
        format!("{mark}{text}").encode_utf16().flat_map(unit).collect()
    };
    let rows = |bytes: Vec<u8>| {
        let path = folder.path().join("x.log");
        std::fs::write(&path, bytes).unwrap();
        callcodes(&["scan", "--format", "csv"], &path)
    };
    let plain = rows(text.clone().into_bytes());
    // 10 + 12 + 3, counted by hand, and the added one; but three of the second log are twins of results of the first.
    let sum: u64 = plain.lines().skip(1).map(|row| row.split(',').nth(4).unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(sum, 23);
    for (name, bytes) in [
        ("UTF-8 with BOM", format!("\u{feff}{text}").into_bytes()),
        ("UTF-16LE with BOM", utf16("\u{feff}", u16::to_le_bytes)),
        ("UTF-16BE with BOM", utf16("\u{feff}", u16::to_be_bytes)),
        ("UTF-16LE", utf16("", u16::to_le_bytes)),
        ("UTF-16BE", utf16("", u16::to_be_bytes)),
        ("LF for CRLF", text.replace("\r\n", "\n").into_bytes()),
        ("a stray NUL byte in front", format!("\0{text}").into_bytes()),
    ] {
        assert_eq!(rows(bytes), plain, "{name}");
    }
}

#[test]
fn lines_are_shown_in_the_encoding_of_their_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let shown = |bytes: &[u8], args: &[&str]| {
        std::fs::write(&path, bytes).unwrap();
        callcodes(&[&["lines"], args].concat(), &path).replace(&path.display().to_string(), "x.log")
    };
    let expected = "x.log:1: [13 Got Voicemail] für Jürgen: Call Status: 13\n";
    let utf16: Vec<u8> = "für Jürgen: Call Status: 13\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let code_page = b"f\xFCr J\xFCrgen: Call Status: 13\r\n";
    assert_eq!(shown("für Jürgen: Call Status: 13".as_bytes(), &[]), expected);
    assert_eq!(shown(&utf16, &[]), expected);
    assert_eq!(shown(code_page, &[]), expected);
    assert_eq!(shown(code_page, &["-E", "utf-8"]), expected.replace('ü', "\u{fffd}"));
    assert_eq!(shown(code_page, &["-E", "windows-1251"]), expected.replace('ü', "ь"));
    let chinese = "\u{7535}\u{8bdd}\u{547c}\u{53eb}\u{7684}\u{7ed3}\u{679c}".repeat(9) + " callStatus=13\n";
    let utf16: Vec<u8> = chinese.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for args in [&[][..], &["-E", "utf-16be"]] {
        assert_eq!(shown(&utf16, args), format!("x.log:1: [13 Got Voicemail] {chinese}"));
    }
}

/// Writes `bytes` to the file and returns what `lines` prints for it, with the path as `x.log`.
fn lines_in(path: &Path, bytes: &[u8], args: &[&str]) -> String {
    std::fs::write(path, bytes).unwrap();
    callcodes(&[&["lines"], args].concat(), path).replace(&path.display().to_string(), "x.log")
}

/// Writes `bytes` to the file and returns how many results a scan finds in it.
fn results_in(path: &Path, bytes: &[u8], args: &[&str]) -> u64 {
    std::fs::write(path, bytes).unwrap();
    scanned(path, args).0
}

/// In each code page, the letters of the same regex have other bytes.
#[test]
fn letters_outside_ascii_are_found_in_code_pages() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let lines = |bytes: &[u8], args: &[&str]| lines_in(&path, bytes, args);
    let found_in = |bytes: &[u8], args: &[&str]| results_in(&path, bytes, args);
    let german = r"Rückgabe für (?<user>\w+): (?<code>\d+)";
    let text = "x Rückgabe für ann: 13\r\n";
    let expected = "x.log:1: [13 Got Voicemail, user ann] x Rückgabe für ann: 13\n";
    let western = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    assert_eq!(lines(text.as_bytes(), &["-e", german]), expected);
    assert_eq!(lines(&western, &["-e", german]), expected);
    assert_eq!(lines(&western, &["-E", "windows-1252", "-e", german]), expected);
    let jsonl = lines(&western, &["--format", "jsonl", "-e", german]);
    assert!(jsonl.contains(r#""line":1,"offset":2,"#) && jsonl.contains(r#""user":"ann""#), "{jsonl}");
    // A class with letters, a group that captures letters, and a line that contains UTF-8 as well.
    let class = r"(?u)f[äöü]r (?<user>\w+): (?<code>\d+)";
    let mixed = [&b"f\xFCr J\xFCrgen: 13 \xC3\xBC\n"[..], "für Jürgen: 102 \n".as_bytes()].concat();
    let shown = lines(&mixed, &["--format", "jsonl", "-e", class]);
    assert_eq!(shown.matches(r#""user":"Jürgen""#).count(), 2, "{shown}");

    let russian = r"Код вызова: (?<code>\d+)";
    let text = "Код вызова: 13 »\n";
    let cyrillic = encoding_rs::WINDOWS_1251.encode(text).0.into_owned();
    let expected = "x.log:1: [13 Got Voicemail] Код вызова: 13 »\n";
    assert_eq!(lines(&cyrillic, &["-E", "windows-1251", "-e", russian]), expected);
    assert_eq!(lines(&cyrillic, &["-e", russian]).matches("[13 Got Voicemail]").count(), 1);
    let koi8 = encoding_rs::KOI8_R.encode("Код вызова: 13\n").0;
    assert_eq!(lines(&koi8, &["-E", "koi8-r", "-e", russian]), expected.replace(" »", ""));
    // With `-E utf-8`, no code page is tried.
    assert_eq!(found_in(&western, &["-E", "utf-8", "-e", german]), 0);

    let chinese = r"电话结果(?<code>\d+)";
    for page in ["gb18030", "big5", "euc-jp"] {
        let encoding = encoding_rs::Encoding::for_label(page.as_bytes()).unwrap();
        let text = if page == "gb18030" { "电话结果13\n" } else { "電話結果13\n" };
        let (bytes, _, is_replaced) = encoding.encode(text);
        assert!(!is_replaced, "{page}");
        let regex = if page == "gb18030" { chinese } else { r"電話結果(?<code>\d+)" };
        let expected = format!("x.log:1: [13 Got Voicemail] {text}");
        assert_eq!(lines(&bytes, &["-E", page, "-e", regex]), expected, "{page}");
    }
}

/// In GB 18030, the second and fourth bytes of a four-byte character are ASCII digits. In other encodings, the second byte of
/// two may be an ASCII letter.
#[test]
fn bytes_within_a_character_are_not_matched_as_ascii() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let lines = |bytes: &[u8], args: &[&str]| lines_in(&path, bytes, args);
    let found_in = |bytes: &[u8], args: &[&str]| results_in(&path, bytes, args);
    // This letter is 81 30 8A 31.
    let bytes = encoding_rs::GB18030.encode("status=ä status=ä13\n").0.into_owned();
    let expected = "x.log:1: [13 Got Voicemail] status=ä status=ä13\n";
    assert_eq!(lines(&bytes, &["-E", "gb18030", "-e", r"status=[^\d ]*(?<code>\d+)"]), expected);
    // The second byte of this character is an ASCII `c`.
    for page in ["gb18030", "shift_jis"] {
        assert_eq!(found_in(b"\x8EcallStatus=13\n", &["-E", page]), 0, "{page}");
        assert_eq!(lines(b"\x8Ec callStatus=13\n", &["-E", page]).matches("[13 ").count(), 1, "{page}");
        // A word can begin after such a character.
        assert_eq!(lines(b"\x8EccallStatus=13\n", &["-E", page]).matches("[13 ").count(), 1, "{page}");
    }
}

/// The unit tests go through the scripts. This test covers the way from the first bytes to the results.
#[test]
fn a_log_in_another_script_needs_no_byte_order_mark() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let russian = "2017-02-14 02:57:24 Пользователь Иванов: результат вызова, проверка подлинности пользователя завершена; \
                   rawCallStatus = 21\r\n";
    let ascii = "2017-02-14 02:57:24 rawCallStatus = 21\r\n";
    let chinese = "\u{7528}\u{6237}\u{8eab}\u{4efd}\u{9a8c}\u{8bc1}\u{7684}\u{8bb0}\u{5f55}\r\n";
    for text in [russian.repeat(300), "Привет мир лог\r\n".repeat(600) + ascii, chinese.repeat(600) + ascii]
    {
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            std::fs::write(&path, text.encode_utf16().flat_map(unit).collect::<Vec<u8>>()).unwrap();
            let results = text.matches("rawCallStatus").count();
            assert_eq!(callcodes(&["lines"], &path).lines().count(), results);
        }
    }
}

/// Returns the number of results and the problems from the JSON, the whole of standard error, and the exit status.
fn scanned(path: &Path, args: &[&str]) -> (u64, Vec<String>, String, Option<i32>) {
    let scan = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
        command.args(["scan", "--no-config", format]).args(args).arg(path).output().unwrap()
    };
    let report: serde_json::Value = serde_json::from_slice(&scan("--format=json").stdout).unwrap();
    let kinds =
        report["problems"].as_array().unwrap().iter().map(|problem| problem["kind"].as_str().unwrap().to_owned());
    let run = scan("--format=csv");
    let message = String::from_utf8(run.stderr).unwrap().replace(&path.display().to_string(), "x.log");
    (report["totals"]["results"].as_u64().unwrap(), kinds.collect(), message, run.status.code())
}

/// Returns what is reported for a file whose encoding changes at these places.
fn changes(times: &str, places: &str) -> String {
    format!("callcodes: x.log: its encoding changes{times}: {places}; each part was read in its own encoding\n")
}

const KINDS: [&str; 1] = ["encoding-changes"];
const BYTES: &str = "UTF-8 or an ANSI code page";

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn a_log_that_ends_in_another_encoding_is_read_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let ansi = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(3).into_bytes();
    let le = utf16(&"callStatus=102\r\n".repeat(2), u16::to_le_bytes);
    let be = utf16(&"callStatus=102\r\n".repeat(2), u16::to_be_bytes);
    let (marked_le, marked_be) = ([b"\xFF\xFE", &*le].concat(), [b"\xFE\xFF", &*be].concat());
    for (parts, results, units, at) in [
        // A line of ANSI has 40 bytes, and one of UTF-16 has 32.
        ([&*ansi, &le], 5, "UTF-16LE", 120),
        ([&*ansi, &marked_le], 5, "UTF-16LE", 120),
        ([&*ansi, &be], 5, "UTF-16BE", 120),
        ([&*ansi, &marked_be], 5, "UTF-16BE", 120),
        ([&ansi[1..], &le], 5, "UTF-16LE", 119),
        ([&ansi[1..], &be], 5, "UTF-16BE", 119),
        ([&ansi[..40], &le.repeat(20)], 41, "UTF-16LE", 40),
        ([&*marked_le, &ansi], 5, BYTES, 66),
        ([&*marked_be, &ansi[1..]], 5, BYTES, 66),
        ([&*le, &be], 4, "UTF-16BE", 64),
        ([&*be, &le], 4, "UTF-16LE", 64),
    ] {
        std::fs::write(&path, parts.concat()).unwrap();
        let kinds = KINDS.map(str::to_owned).to_vec();
        let message = changes("", &format!("to {units} at byte {at}"));
        assert_eq!(scanned(&path, &[]), (results, kinds, message, Some(0)), "{units} at {at}");
    }
    // With -E, everything is read in the given encoding.
    std::fs::write(&path, [&*ansi, &le].concat()).unwrap();
    assert_eq!(scanned(&path, &["-E", "utf-8"]), (3, vec![], String::new(), Some(0)));
    assert_eq!(scanned(&path, &["-E", "utf-16le"]), (2, vec![], String::new(), Some(0)));
    // A byte order mark is evidence against it.
    for (bytes, results, encoding, mark, read) in [
        (&marked_le, 0, "utf-8", "UTF-16LE", BYTES),
        (&marked_le, 0, "utf-16be", "UTF-16LE", "UTF-16BE"),
        (&marked_be, 0, "windows-1252", "UTF-16BE", BYTES),
        (&[b"\xEF\xBB\xBF", &*ansi].concat(), 0, "utf-16le", "UTF-8", "UTF-16LE"),
        (&[b"\xEF\xBB\xBF", &*ansi].concat(), 3, "utf-8", "", ""),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let expected = format!(
            "callcodes: x.log: it begins with the byte order mark of {mark}, but was read in {read}; scan it without -E\n"
        );
        let expected = if mark.is_empty() {
            (results, vec![], String::new(), Some(0))
        } else {
            (results, vec!["mixed-encodings".to_owned()], expected, Some(3))
        };
        assert_eq!(scanned(&path, &["-E", encoding]), expected, "{encoding}");
    }
    // With --binary, the same is read, because the file begins like text.
    std::fs::write(&path, [&*ansi, &le].concat()).unwrap();
    let (results, kinds, _, status) = scanned(&path, &["--binary"]);
    assert_eq!((results, kinds, status), (5, KINDS.map(str::to_owned).to_vec(), Some(0)));
}

/// `Out-File -Append` and `Add-Content` of Windows PowerShell in turn, and other ways in which files are appended to.
#[test]
fn an_encoding_that_changes_often_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let line = "2017-02-14 02:57:24 für Jürgen: callStatus=13\r\n";
    let (le, be) = (utf16(line, u16::to_le_bytes), utf16(line, u16::to_be_bytes));
    let ansi = encoding_rs::WINDOWS_1252.encode(line).0.into_owned();
    let (marked, utf8) = ([b"\xFF\xFE", &*le].concat(), line.as_bytes().to_vec());
    // A line has 47 characters, two of which have two bytes in UTF-8.
    let cases: [(Vec<&[u8]>, u64, &str, &str); 5] = [
        (
            vec![&marked, &le, &ansi, &le, &ansi, &ansi, &le, &ansi],
            8,
            " 5 times",
            "to UTF-8 or an ANSI code page at byte 190, to UTF-16LE at byte 237, to UTF-8 or an ANSI code page at byte 331, \
             and 2 more",
        ),
        (
            vec![&ansi, &ansi, &ansi, &le, &le, &ansi, &ansi, &le, &ansi, &le, &le],
            11,
            " 5 times",
            "to UTF-16LE at byte 141, to UTF-8 or an ANSI code page at byte 329, to UTF-16LE at byte 423, and 2 more",
        ),
        (
            vec![&utf8, &marked, &utf8, &be, &utf8, &marked, &utf8, &be],
            8,
            " 7 times",
            "to UTF-16LE at byte 49, to UTF-8 or an ANSI code page at byte 145, to UTF-16BE at byte 194, and 4 more",
        ),
        // The last line was never ended, so the next one follows in the same line.
        (
            vec![&ansi[..45], &le, &ansi],
            3,
            " 2 times",
            "to UTF-16LE at byte 45, to UTF-8 or an ANSI code page at byte 139",
        ),
        // The first 26 characters of such a line are too few to be sure.
        (vec![&marked[..92], &ansi], 2, "", "to UTF-8 or an ANSI code page at byte 118"),
    ];
    for (parts, results, times, places) in cases {
        std::fs::write(&path, parts.concat()).unwrap();
        let expected = (results, KINDS.map(str::to_owned).to_vec(), changes(times, places), Some(0));
        assert_eq!(scanned(&path, &[]), expected, "{places}");
    }
    let both = [le.repeat(300), be.repeat(300)].concat();
    std::fs::write(&path, &both).unwrap();
    let expected = (600, KINDS.map(str::to_owned).to_vec(), changes("", "to UTF-16BE at byte 28200"), Some(0));
    assert_eq!(scanned(&path, &[]), expected);
}

/// All lines that follow are decoded from another byte than before.
#[test]
fn a_stray_byte_in_utf_16_damages_only_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let lines = "2017-02-14 02:57:24 callStatus=102 für Jürgen\r\n".repeat(3);
    // The first eight ASCII characters in a row that follow the byte are those after the second umlaut. In UTF-16LE, the umlaut is
    // read, too.
    for (unit, name, found) in [(u16::to_le_bytes as fn(u16) -> _, "UTF-16LE", 16), (u16::to_be_bytes, "UTF-16BE", 18)]
    {
        let text = utf16(&format!("\u{feff}{lines}"), unit);
        // A line has 94 bytes, and `=1` ends at 64. The byte is within the number.
        let at = 2 + 94 + 64;
        let (before, after) = text.split_at(at);
        std::fs::write(&path, [before, b"\xA9", after].concat()).unwrap();
        let after = "after a stray byte, whose line was not searched up to there";
        let message = changes("", &format!("to {name} at byte {}, {after}", at + 1 + found));
        let kinds = KINDS.map(str::to_owned).to_vec();
        assert_eq!(scanned(&path, &[]), (2, kinds, message, Some(0)), "{name}");
        let shown = callcodes_lossy(&["lines", "--format", "csv"], &path);
        let numbers: Vec<&str> = shown.lines().skip(1).map(|row| row.split(',').nth(1).unwrap()).collect();
        assert_eq!(numbers, ["1", "3"], "{shown}");
    }
}

/// Runs the program and returns standard output, whatever is reported.
fn callcodes_lossy(args: &[&str], path: &Path) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_callcodes")).args(args).arg("--no-config").arg(path).output().unwrap();
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn a_binary_file_is_searched_in_all_encodings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    // Its table looks like text in UTF-16.
    let utf16: Vec<u8> = "a table of 16 bits\n".repeat(20).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let pickle = [&b"\x80\x04\x95\x14\0\0\0\0\0\0\0"[..], &[0x8c, 2, b'x', 0x94].repeat(200)].concat();
    for before in
        [[&b"\xff\xd8\xff\xe0\0\x10JFIF\0\0"[..], &utf16].concat(), [&b"MZ\x90\0"[..], &utf16].concat(), pickle]
    {
        std::fs::write(&path, [&before, &b"\ncallStatus=21\n"[..]].concat()).unwrap();
        assert_eq!(scanned(&path, &["--binary"]), (1, vec![], String::new(), Some(0)), "{:?}", &before[..4]);
    }
    // Strings in a program, which end with a NUL and not with a line. Other scripts do not divide a line.
    let strings = ["callStatus=102\0", "\u{1}\u{2}", "2017-02-14T02:57:24Z Иван Петров: callStatus=13\r\n"];
    let strings: Vec<u8> = strings.concat().encode_utf16().flat_map(u16::to_le_bytes).collect();
    for stray in 0..4 {
        let program = [b"MZ\x90\0\x03\0\0\0", &[0x90; 101][..], &vec![0; stray], &strings, b"callStatus=4"].concat();
        std::fs::write(&path, program).unwrap();
        assert_eq!(scanned(&path, &["--binary"]), (3, vec![], String::new(), Some(0)), "{stray}");
        let lines = callcodes(&["lines", "--binary", "--format", "csv"], &path);
        assert!(lines.contains(",2017-02-14T02:57:24Z,"), "{lines}");
    }
}

/// What follows UTF-32 was not read.
#[test]
fn utf_32_may_be_followed_by_other_encodings() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let line = "2017-02-14 02:57:24 für Иван: callStatus=102\r\n";
    for (group, name) in [(u32::to_le_bytes as fn(u32) -> _, "UTF-32LE"), (u32::to_be_bytes, "UTF-32BE")] {
        for mark in ["", "\u{feff}"] {
            let utf32: Vec<u8> = (mark.to_owned() + line).chars().flat_map(|char| group(char.into())).collect();
            std::fs::write(&path, [&utf32, line.as_bytes(), &utf32, b"callStatus=4"].concat()).unwrap();
            let (results, kinds, message, status) = scanned(&path, &[]);
            assert_eq!((results, kinds, status), (4, KINDS.map(str::to_owned).to_vec(), Some(0)), "{message}");
            assert!(message.contains(&format!("to {BYTES} at byte {}", utf32.len())), "{name}: {message}");
        }
    }
}

#[test]
fn utf_32_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    for (group, name) in [(u32::to_le_bytes as fn(u32) -> _, "UTF-32LE"), (u32::to_be_bytes, "UTF-32BE")] {
        for (mark, offset) in [("", 0), ("\u{feff}", 4)] {
            let text = mark.to_owned() + &"2017-02-14 02:57:24 \u{1f4de} rawCallStatus = 21\r\n".repeat(300);
            let bytes: Vec<u8> = text.chars().flat_map(|char| group(char.into())).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(scanned(&path, &[]), (300, vec![], String::new(), Some(0)), "{name}");
            let first = callcodes(&["lines", "--format", "jsonl"], &path).lines().next().unwrap().to_owned();
            // The match begins 22 characters after the beginning of the line.
            assert!(first.contains(&format!(r#""line":1,"offset":{},"#, offset + 4 * 22)), "{first}");
            assert!(callcodes(&["files"], &path).contains(&format!("{name} text")), "{name}");
        }
    }
}

/// The second bytes of the letters look like control characters. Results before them must not be lost silently.
#[test]
fn a_log_with_another_script_appended_within_its_first_8_kib_is_no_binary_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let russian = "Ошибка: Пользователь Анна Борисова, Игорь Котов; callStatus=102\r\n".repeat(30);
    let utf16: Vec<u8> = russian.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for lines in [1, 60] {
        let ansi = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(lines);
        std::fs::write(&path, [ansi.as_bytes(), &utf16].concat()).unwrap();
        let (results, kinds, _, status) = scanned(&path, &[]);
        assert_eq!((results, kinds, status), (lines as u64 + 30, KINDS.map(str::to_owned).to_vec(), Some(0)));
    }
}

#[test]
fn a_change_in_a_compressed_log_is_found_despite_trailing_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log.gz");
    let utf16: Vec<u8> = "callStatus=102\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &[b"rawCallStatus = 21\r\n", &*utf16].concat()).unwrap();
    std::fs::write(&path, [gzip.finish().unwrap(), b"garbage".to_vec()].concat()).unwrap();
    let (results, kinds, _, status) = scanned(&path, &[]);
    let expected = ["trailing-bytes", "encoding-changes"].map(str::to_owned).to_vec();
    assert_eq!((results, kinds, status), (2, expected, Some(3)));
}

#[test]
fn a_change_is_found_however_a_log_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let appended: Vec<u8> = "callStatus=102\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mixed = |len: usize| {
        let mut log = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(len / 40 + 1).into_bytes();
        log.truncate(len - appended.len());
        [log, appended.clone()].concat()
    };
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("x.log", zip::write::SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, &mixed(9000)).unwrap();
    let range = 4 << 20;
    for path in [
        write("x.zip", &zip.finish().unwrap().into_inner()),
        // Ranges are read in parallel, and the border of two divides the appended text.
        write("two.log", &mixed(range + 10)),
        write("three.log", &mixed(2 * range + 5000)),
    ] {
        let (_, kinds, _, status) = scanned(&path, &["--code", "102"]);
        assert_eq!((kinds, status), (KINDS.map(str::to_owned).to_vec(), Some(0)), "{}", path.display());
        assert_eq!(callcodes_lossy(&["lines", "--code", "102"], &path).lines().count(), 1, "{}", path.display());
    }
    let piped = std::fs::File::open(write("piped.log", &mixed(9000))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = command.args(["--no-config", "--format=csv", "-"]).stdin(piped).output().unwrap();
    let at = 9000 - appended.len();
    let message = changes("", &format!("to UTF-16LE at byte {at}")).replace("x.log", "stdin");
    assert_eq!((String::from_utf8(run.stderr).unwrap().as_str(), run.status.code()), (message.as_str(), Some(0)));
}

/// The byte order mark is in the first range. The other ranges are searched in the given encoding, too.
#[test]
fn a_log_with_the_mark_of_another_encoding_is_read_to_its_end_in_any_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let log = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat((4 << 20) / 40 + 300);
    std::fs::write(&path, [b"\xFF\xFE", log.as_bytes()].concat()).unwrap();
    for encoding in ["utf-8", "windows-1252"] {
        let (results, kinds, _, status) = scanned(&path, &["-E", encoding]);
        let expected = log.lines().count() as u64;
        assert_eq!((results, kinds, status), (expected, vec!["mixed-encodings".to_owned()], Some(3)), "{encoding}");
    }
}

#[test]
fn a_copy_of_a_log_whose_encoding_changes_is_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let appended: Vec<u8> = "callStatus=102\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for name in ["a.log", "b.log"] {
        std::fs::write(folder.path().join(name), [b"rawCallStatus = 21\r\n", &*appended].concat()).unwrap();
    }
    let (results, kinds, ..) = scanned(folder.path(), &[]);
    assert_eq!((results, kinds), (2, vec!["encoding-changes".to_owned(), "copy".to_owned()]));
}

/// The last number may be cut short, so it must not count.
#[test]
fn the_incomplete_last_line_of_a_text_that_ends_within_a_character_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let text = "\u{feff}callStatus=21\r\ncallStatus=102";
    let message = "truncated: the UTF-16LE text ends within a character, so it is cut off or damaged, and its last line was \
                not read; ask the sender for a complete copy of the file";
    let scan = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
        let run = command.args(["--no-config", "--format=json"]).arg(&path).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let problem = |problem: &serde_json::Value| {
            format!("{}: {}", problem["kind"].as_str().unwrap(), problem["detail"].as_str().unwrap())
        };
        let problems: Vec<_> = report["problems"].as_array().unwrap().iter().map(problem).collect();
        (report["totals"]["results"].as_u64().unwrap(), problems, run.status.code())
    };
    let whole: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(scan(&whole), (2, vec![], Some(0)));
    assert_eq!(scan(&whole[..whole.len() - 1]), (1, vec![message.to_owned()], Some(3)));
    // After an additional byte, all units are misaligned. The rest of the line is read.
    let stray = [&whole[..34], b"x", &whole[34..]].concat();
    let changes = "encoding-changes: its encoding changes: to UTF-16LE at byte 35, after a stray byte, whose line was not \
                   searched up to there; each part was read in its own encoding";
    assert_eq!(scan(&stray), (1, vec![changes.to_owned()], Some(0)));
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let message = message.replace("LE", "BE");
    assert_eq!(scan(&big[..big.len() - 3]), (1, vec![message], Some(3)));
}
