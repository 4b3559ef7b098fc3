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

#[test]
fn a_log_that_ends_in_another_encoding_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    let ansi = "2017-02-14 02:57:24 rawCallStatus = 21\r\n".repeat(3).into_bytes();
    let le: Vec<u8> = "callStatus=102\r\n".repeat(2).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = le.chunks(2).flat_map(|unit| [unit[1], unit[0]]).collect();
    let (marked_le, marked_be) = ([b"\xFF\xFE", &*le].concat(), [b"\xFE\xFF", &*be].concat());
    let two = "UTF-8 or an ANSI code page";
    for (parts, results, begins, ends, remedy) in [
        ([&*ansi, &le], 3, two, "UTF-16LE", ", or scan it again with -E utf-16le"),
        ([&*ansi, &be], 3, two, "UTF-16BE", ", or scan it again with -E utf-16be"),
        ([&ansi[1..], &le], 3, two, "UTF-16LE", ", and scan both parts"),
        // Less than 4 KiB, most of it in the encoding of the end.
        ([&ansi[..40], &le.repeat(20)], 1, two, "UTF-16LE", ", or scan it again with -E utf-16le"),
        ([&*marked_le, &ansi], 2, "UTF-16LE", two, ", or scan it again with -E utf-8"),
        ([&*marked_be, &ansi[1..]], 2, "UTF-16BE", two, ", or scan it again with -E utf-8"),
    ] {
        std::fs::write(&path, parts.concat()).unwrap();
        let message = format!(
            "callcodes: x.log: it begins in {begins} and ends in {ends}, which was not searched; split the file \
             where the encoding \
             changes{remedy}\n"
        );
        let kinds = vec!["mixed-encodings".to_owned()];
        assert_eq!(scanned(&path, &[]), (results, kinds, message, Some(3)), "{begins}, {ends}");
    }
    // With -E, the end is not examined.
    std::fs::write(&path, [&*ansi, &le].concat()).unwrap();
    assert_eq!(scanned(&path, &["-E", "utf-8"]), (3, vec![], String::new(), Some(0)));
    assert_eq!(scanned(&path, &["-E", "utf-16le"]), (2, vec![], String::new(), Some(0)));
    // A byte order mark is evidence against it.
    for (bytes, results, encoding, mark, read) in [
        (&marked_le, 0, "utf-8", "UTF-16LE", two),
        (&marked_le, 0, "utf-16be", "UTF-16LE", "UTF-16BE"),
        (&marked_be, 0, "windows-1252", "UTF-16BE", two),
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
    // With --binary the same is missing.
    std::fs::write(&path, [&*ansi, &le].concat()).unwrap();
    let (results, kinds, _, status) = scanned(&path, &["--binary"]);
    assert_eq!((results, kinds, status), (3, vec!["mixed-encodings".to_owned()], Some(3)));
}

#[test]
fn a_binary_file_is_searched_as_bytes() {
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
}

#[test]
fn utf_32_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log");
    for group in [u32::to_le_bytes, u32::to_be_bytes] {
        for mark in ["", "\u{feff}"] {
            let text = mark.to_owned() + "2017-02-14 02:57:24 rawCallStatus = 21\r\n";
            std::fs::write(&path, text.chars().flat_map(|char| group(char.into())).collect::<Vec<u8>>()).unwrap();
            let message =
                "callcodes: x.log: it is text in UTF-32, which is not supported; save it as UTF-8 and scan that file\n";
            assert_eq!(scanned(&path, &[]), (0, vec!["unreadable".to_owned()], message.to_owned(), Some(3)));
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
        assert_eq!((results, kinds, status), (lines as u64, vec!["mixed-encodings".to_owned()], Some(3)));
    }
}

#[test]
fn the_end_of_a_compressed_log_is_examined_despite_trailing_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.log.gz");
    let utf16: Vec<u8> = "callStatus=102\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &[b"rawCallStatus = 21\r\n", &*utf16].concat()).unwrap();
    std::fs::write(&path, [gzip.finish().unwrap(), b"garbage".to_vec()].concat()).unwrap();
    let (results, kinds, _, status) = scanned(&path, &[]);
    let expected = ["trailing-bytes", "mixed-encodings"].map(str::to_owned).to_vec();
    assert_eq!((results, kinds, status), (1, expected, Some(3)));
}

#[test]
fn the_end_is_examined_however_a_log_is_read() {
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
        let (_, kinds, _, status) = scanned(&path, &[]);
        assert_eq!((kinds, status), (vec!["mixed-encodings".to_owned()], Some(3)), "{}", path.display());
    }
    let piped = std::fs::File::open(write("piped.log", &mixed(9000))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = command.args(["--no-config", "--format=csv", "-"]).stdin(piped).output().unwrap();
    let message = "callcodes: stdin: it begins in UTF-8 or an ANSI code page and ends in UTF-16LE, which was not \
                searched; split the file where the encoding changes, or scan it again with -E utf-16le\n";
    assert_eq!((String::from_utf8(run.stderr).unwrap().as_str(), run.status.code()), (message, Some(3)));
}

#[test]
fn a_copy_of_a_log_that_ends_in_another_encoding_is_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let appended: Vec<u8> = "callStatus=102\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for name in ["a.log", "b.log"] {
        std::fs::write(folder.path().join(name), [b"rawCallStatus = 21\r\n", &*appended].concat()).unwrap();
    }
    let (results, kinds, ..) = scanned(folder.path(), &[]);
    assert_eq!((results, kinds), (1, vec!["mixed-encodings".to_owned(), "copy".to_owned()]));
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
    // After an additional byte, all units are misaligned.
    let stray = [&whole[..34], b"x", &whole[34..]].concat();
    assert_eq!(scan(&stray), (1, vec![message.to_owned()], Some(3)));
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let message = message.replace("LE", "BE");
    assert_eq!(scan(&big[..big.len() - 3]), (1, vec![message], Some(3)));
}
