//! Tests users' own patterns, starting from pattern files that the program writes.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use callcodes::config;

/// Runs the program in `folder`, where no configuration is found.
fn callcodes(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callcodes"))
        .args(args)
        .current_dir(folder)
        .envs(["HOME", "XDG_CONFIG_HOME", "APPDATA", "USERPROFILE"].map(|name| (name, folder)))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text").replace("\r\n", "\n")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text").replace("\r\n", "\n")
}

#[test]
fn the_file_that_new_writes_can_be_checked_and_used_and_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let written = callcodes(folder.path(), &["patterns", "new", "netop-guest"]);
    let user_file = folder.path().join("callcodes").join("config.toml");
    let expected = format!(
        "callcodes: wrote netop-guest.toml. Open it in an editor and follow its comments. Then

  check it        callcodes patterns check netop-guest.toml
  try it          callcodes patterns test -f netop-guest.toml
  use it          callcodes -f netop-guest.toml PATH
  use it always   copy it into {}
",
        user_file.display()
    );
    assert_eq!((stdout(&written), stderr(&written)), (String::new(), expected));

    let text = fs::read_to_string(folder.path().join("netop-guest.toml")).unwrap();
    let (line_ends, windows_ends) = (text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(windows_ends, if cfg!(windows) { line_ends } else { 0 });

    let checked = callcodes(folder.path(), &["patterns", "check", "netop-guest.toml"]);
    let expected = "netop-guest.toml: 1 pattern, 2 examples and 1 counter-example pass\n";
    assert_eq!((stdout(&checked), stderr(&checked)), (expected.to_owned(), String::new()));
    assert!(checked.status.success());

    let again = callcodes(folder.path(), &["patterns", "new", "other", "-o", "netop-guest.toml"]);
    assert_eq!(again.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("netop-guest.toml")).unwrap(), text);

    // In the place that `new` names, the file always applies.
    fs::create_dir_all(user_file.parent().unwrap()).unwrap();
    fs::copy(folder.path().join("netop-guest.toml"), &user_file).unwrap();
    let listed = stdout(&callcodes(folder.path(), &["patterns"]));
    let first = listed.lines().nth(2).unwrap_or_default();
    assert!(first.starts_with(&format!("netop-guest         {}  fast  ", user_file.display())), "{listed}");
}

#[test]
fn new_notes_a_name_that_a_built_in_pattern_has() {
    let folder = tempfile::tempdir().unwrap();
    let message = stderr(&callcodes(folder.path(), &["patterns", "new", "mfa-result"]));
    let note = "callcodes: note: pattern `mfa-result` replaces the built-in one of that name";
    assert_eq!(message.lines().last(), Some(note));
}

#[test]
fn new_prints_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let printed = callcodes(folder.path(), &["patterns", "new", "own", "-o", "-"]);
    callcodes(folder.path(), &["patterns", "new", "own", "-o", "with blank.toml"]);
    assert_eq!(printed.stdout, fs::read(folder.path().join("with blank.toml")).unwrap());
    assert_eq!(stderr(&printed), "");
}

#[test]
fn every_built_in_pattern_can_be_copied_to_a_users_file() {
    let folder = tempfile::tempdir().unwrap();
    for definition in config::built_in() {
        let (name, file) = (&definition.name, format!("{}.toml", definition.name));
        let shown = callcodes(folder.path(), &["patterns", "show", name, "-o", &file]);
        assert!(shown.status.success(), "{name}");
        let checked = callcodes(folder.path(), &["patterns", "check", &file]);
        let (examples, counter_examples) = (definition.examples.len(), definition.counter_examples.len());
        let plural = |count| if count == 1 { "" } else { "s" };
        let expected = format!(
            "{file}: 1 pattern, {examples} example{} and {counter_examples} counter-example{} pass\n",
            plural(examples),
            plural(counter_examples)
        );
        let note = format!("callcodes: note: pattern `{name}` replaces the built-in one of that name\n");
        assert_eq!((stdout(&checked), stderr(&checked)), (expected, note), "{name}");
    }
}

/// `patterns test -` and `codes -` decode their input as `scan -` does.
#[test]
fn piped_input_is_decoded_as_a_log_is() {
    let line = "rawCallStatus = 102 von Jürgen\r\n";
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let ansi = line.chars().map(|character| u8::try_from(character).unwrap()).collect::<Vec<u8>>();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&wide(&format!("\u{feff}{line}"))).unwrap();
    let inputs = [line.as_bytes().to_vec(), wide(line), wide(&format!("\u{feff}{line}")), ansi, gzip.finish().unwrap()];
    let folder = tempfile::tempdir().unwrap();
    for input in inputs {
        let piped = |args: &[&str]| {
            let mut child = Command::new(env!("CARGO_BIN_EXE_callcodes"))
                .args(args)
                .arg("--no-config")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(&input).unwrap();
            let output = child.wait_with_output().unwrap();
            (stdout(&output), stderr(&output))
        };
        let (tried, message) = piped(&["patterns", "test", "-"]);
        let expected = "1  rawCallStatus = 102 von Jürgen
   ^^^^^^^^^^^^^^^^^^^
   raw-call-status: 102 Phone Unreachable

1 of 1 line has a result
";
        assert_eq!((tried.as_str(), message.as_str()), (expected, ""), "{input:x?}");
        // The same applies to a file.
        fs::write(folder.path().join("log"), &input).unwrap();
        let file = folder.path().join("log");
        assert_eq!(piped(&["patterns", "test", file.to_str().unwrap()]).0, expected, "{input:x?}");
        let (explained, message) = piped(&["codes", "-"]);
        assert!(
            explained.starts_with("102  Phone Unreachable\n") && message.is_empty(),
            "{input:x?}: {explained}{message}"
        );
    }
}

#[test]
fn only_the_first_lines_of_a_log_are_tested() {
    let folder = tempfile::tempdir().unwrap();
    let tried = |text: String| {
        fs::write(folder.path().join("log"), text).unwrap();
        let output = callcodes(folder.path(), &["patterns", "test", "log"]);
        (stdout(&output).lines().last().map(str::to_owned), stderr(&output))
    };
    let cut = "callcodes: only the first 1,000 lines, and at most 1 MiB of them, were tested. Use `callcodes lines` \
               for whole logs\n";
    let line = "rawCallStatus = 21\n";
    assert_eq!(tried(line.repeat(1000)), (Some("1,000 of 1,000 lines have a result".to_owned()), String::new()));
    assert_eq!(tried(line.repeat(1001)), (Some("1,000 of 1,000 lines have a result".to_owned()), cut.to_owned()));

    // One MiB exactly, and one byte more. The long line itself is not explained.
    let unexplained =
        "callcodes: of the lines without a match, only the first 50 that have at most 4 KiB are explained\n";
    let long = |len| format!("{line}{}", "x".repeat(len - line.len()));
    let last = Some("1 of 2 lines have a result".to_owned());
    assert_eq!(tried(long(1 << 20)), (last.clone(), unexplained.to_owned()));
    assert_eq!(tried(long((1 << 20) + 1)), (last, format!("{cut}{unexplained}")));
}

/// A line of an invented product, which no built-in pattern takes.
const DOOR: &str = "2024-05-01 10:15:30 doorkeeper: second factor for user Jürgen: answer=102";

#[test]
fn a_learned_pattern_is_added_to_the_configuration_file_and_counts_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("door.log"), format!("{DOOR}\n{}\n", DOOR.replace("102", "21"))).unwrap();
    let learn = ["patterns", "learn", DOOR, "--code", "102", "--write"];
    let user_file = folder.path().join("callcodes").join("config.toml");

    // The folder does not exist yet.
    let learned = callcodes(folder.path(), &learn);
    let expected = format!("callcodes: added the pattern `doorkeeper-answer` to {}\n", user_file.display());
    assert_eq!((stderr(&learned), learned.status.code()), (expected, Some(0)));
    let scanned = callcodes(folder.path(), &["--by", "user", "door.log", "-o", "-"]);
    assert!(stdout(&scanned).contains("Jürgen"), "{}", stdout(&scanned));
    assert!(stdout(&scanned).contains("2 results"), "{}", stdout(&scanned));

    let again = callcodes(folder.path(), &learn);
    let expected =
        "callcodes: the pattern `doorkeeper-answer` already finds the code in this line, so no new one is needed\n";
    assert_eq!((stdout(&again), stderr(&again), again.status.code()), (String::new(), expected.to_owned(), Some(0)));

    // A second pattern comes after the first, with an empty line between them.
    let other = callcodes(folder.path(), &["patterns", "learn", "SMS gateway answer: 120", "--code", "120", "--write"]);
    assert!(stderr(&other).contains("`sms-answer`"), "{}", stderr(&other));
    let text = fs::read_to_string(&user_file).unwrap().replace("\r\n", "\n");
    assert_eq!(text.matches("[[pattern]]\n").count(), 2);
    assert!(text.contains("]\n\n[[pattern]]\nname = 'sms-answer'\n"), "{text}");
    let checked = callcodes(folder.path(), &["patterns", "check", "callcodes/config.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
}

#[test]
fn a_configuration_file_keeps_its_comments_its_encoding_and_its_line_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.toml");
    let learn = ["patterns", "learn", DOOR, "--code", "102", "--config", "own.toml", "--write"];
    let own = "# Prüfung, nicht ändern\r\n[[pattern]]\r\nname = 'own'\r\nregex = 'own (?<code>a)' # mine";
    let utf_16 = |text: &str| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    fs::write(&file, own).unwrap();
    assert_eq!(callcodes(folder.path(), &learn).status.code(), Some(0));
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.starts_with(&format!("{own}\r\n\r\n[[pattern]]\r\nname = 'doorkeeper-answer'\r\n")), "{text}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());

    fs::write(&file, utf_16(own)).unwrap();
    assert_eq!(callcodes(folder.path(), &learn).status.code(), Some(0));
    assert_eq!(fs::read(&file).unwrap(), utf_16(&text));
    let checked = callcodes(folder.path(), &["patterns", "check", "own.toml"]);
    assert_eq!(stdout(&checked), "own.toml: 2 patterns, 1 example and 2 counter-examples pass\n");
}

#[test]
fn a_configuration_file_that_could_not_be_read_afterwards_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let list = "pattern = [ { name = 'own', regex = 'own (?<code>a)' } ]\n";
    fs::write(folder.path().join("own.toml"), list).unwrap();
    let learn = ["patterns", "learn", DOOR, "--code", "102", "--config", "own.toml", "--write"];
    let learned = callcodes(folder.path(), &learn);
    let expected =
        "callcodes: own.toml was not changed, because it would no longer be valid with the pattern at its end\n";
    assert!(stderr(&learned).starts_with(expected), "{}", stderr(&learned));
    assert_eq!(learned.status.code(), Some(2));
    assert_eq!(fs::read_to_string(folder.path().join("own.toml")).unwrap(), list);
}

#[test]
fn what_learn_prints_is_a_pattern_file_that_scans_skip() {
    let folder = tempfile::tempdir().unwrap();
    let learned = callcodes(folder.path(), &["patterns", "learn", DOOR, "--code", "102"]);
    fs::write(folder.path().join("own.toml"), &learned.stdout).unwrap();
    let checked = callcodes(folder.path(), &["patterns", "check", "own.toml"]);
    assert_eq!(stdout(&checked), "own.toml: 1 pattern, 1 example and 2 counter-examples pass\n");
    let scanned = callcodes(folder.path(), &["-f", "own.toml", "-v", "own.toml"]);
    assert!(stderr(&scanned).contains("own.toml: skipped, written by callcodes itself"), "{}", stderr(&scanned));
}
