//! Tests the user's configuration file in the standard folder of the platform.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DOOR: &str = "door north rang ann: 102\n";

/// Runs `lines` on a line that only the pattern `door` matches, with `home` as the folder for configuration files.
fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.arg("lines").args(args);
    command.env("XDG_CONFIG_HOME", home).env("APPDATA", home).env("NO_COLOR", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run with an invalid configuration does not read its input.
    let _ = child.stdin.take().unwrap().write_all(DOOR.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Returns a folder for configuration files, and the path of the user's file in it, which contains `text`.
fn home(text: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("callcodes").join("config.toml");
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    (home, file)
}

fn found() -> (Option<i32>, String, String) {
    (Some(0), format!("stdin:1: [102 Phone Unreachable, user ann, host north] {DOOR}"), String::new())
}

fn not_found() -> (Option<i32>, String, String) {
    (Some(0), String::new(), "callcodes: no result codes found in 1 file (25 B)\n".to_owned())
}

#[test]
fn the_users_file_is_read_unless_an_option_disables_it() {
    let (home, _) = home(&fs::read_to_string("fixtures/patterns/door.toml").unwrap());
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(empty.path(), &[]), not_found());
    assert_eq!(run(home.path(), &[]), found());
    assert_eq!(run(home.path(), &["--pattern", "door"]), found());
    assert_eq!(run(home.path(), &["--no-pattern", "door"]), not_found());
    assert_eq!(run(home.path(), &["--no-config"]), not_found());
    let other = empty.path().join("other.toml");
    fs::write(&other, "[[pattern]]\nname = \"other\"\nregex = 'other (?<code>\\d+)'\n").unwrap();
    assert_eq!(run(home.path(), &["--config", other.to_str().unwrap()]), not_found());
    assert_eq!(run(empty.path(), &["--config", "fixtures/patterns/door.toml"]), found());
}

#[test]
fn an_error_in_the_file_is_reported_and_nothing_is_read() {
    let (home, file) = home("[[pattern]]\nname = \"door\"\nregexp = 'door (?<code>\\d+)'\n");
    let (status, stdout, stderr) = run(home.path(), &[]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.starts_with("error: "), "{stderr}");
    assert!(stderr.contains(&format!("{}:3:1", file.display())), "{stderr}");
    assert!(stderr.contains("regexp"), "{stderr}");
    let around = "\n\nhelp: to continue without your configuration file, add --no-config\n";
    assert!(stderr.ends_with(around), "{stderr}");
    // Users who cannot fix the file now can still work.
    assert_eq!(run(home.path(), &["--no-config"]), not_found());
}

#[test]
fn no_config_is_suggested_for_any_error_in_the_file_and_for_no_other_error() {
    let around = "add --no-config\n";
    let example = "examples = [ { line = 'x 1', code = 2 } ]\n";
    let (failing, _) = home(&format!("[[pattern]]\nname = 'x'\nregex = 'x (?<code>\\d)'\n{example}"));
    let (_, _, stderr) = run(failing.path(), &[]);
    assert!(stderr.starts_with("error: an example of") && stderr.ends_with(around), "{stderr}");
    let (unreadable, file) = home("");
    fs::write(file, b"# caf\xE9").unwrap();
    let (_, _, stderr) = run(unreadable.path(), &[]);
    assert!(stderr.contains("is not UTF-8") && stderr.ends_with(around), "{stderr}");
    let (sound, _) = home("");
    let (_, _, stderr) = run(sound.path(), &["-f", "no-such.toml"]);
    assert!(stderr.contains("no-such.toml") && !stderr.contains(around), "{stderr}");
}

/// `>` in PowerShell writes UTF-16.
#[test]
fn the_users_file_may_be_in_utf_16() {
    let (home, file) = home("");
    let text = format!("\u{feff}{}", fs::read_to_string("fixtures/patterns/door.toml").unwrap());
    fs::write(file, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()).unwrap();
    assert_eq!(run(home.path(), &[]), found());
}

#[test]
fn a_file_with_an_extension_that_windows_hides_is_reported() {
    let (home, file) = home("");
    fs::remove_file(&file).unwrap();
    let named = file.with_file_name("config.toml.txt");
    fs::copy("fixtures/patterns/door.toml", &named).unwrap();
    let note = format!(
        "callcodes: {} was not read, because its name ends in .txt, which Windows may hide. Rename it to config.toml\n",
        named.display()
    );
    let (status, stdout, stderr) = not_found();
    assert_eq!(run(home.path(), &[]), (status, stdout, note + &stderr));
    assert_eq!(run(home.path(), &["--no-config"]), not_found());
    // If there is a file with the right name, the other file may be anything.
    fs::copy("fixtures/patterns/door.toml", &file).unwrap();
    assert_eq!(run(home.path(), &[]), found());
}

#[test]
fn a_users_pattern_replaces_the_built_in_one_of_the_same_name() {
    let (home, _) = home("[[pattern]]\nname = \"mfa-result\"\nregex = 'rang \\w+: (?<code>\\d+)'\n");
    // This pattern captures no user.
    let (status, stdout, stderr) = found();
    let found = (status, stdout.replace(", user ann, host north", ""), stderr);
    assert_eq!(run(home.path(), &["--pattern", "mfa-result"]), found);
}
