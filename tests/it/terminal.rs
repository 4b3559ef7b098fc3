//! Tests that no command prints control characters, wherever they come from.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Control characters, and marks that break a line or change its direction. Listed independently of the program.
fn obeyed() -> impl Iterator<Item = char> {
    ('\0'..='\u{1f}')
        .chain('\u{7f}'..='\u{9f}')
        .chain('\u{2028}'..='\u{202e}')
        .chain('\u{2066}'..='\u{2069}')
        // File names and arguments cannot contain a NUL, and a line feed ends a line.
        .filter(|character| !"\0\n".contains(*character))
}

/// Returns the standard output and standard error of a command.
fn output(folder: &Path, args: &[&str], stdin: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.current_dir(folder).args(args).env("NO_COLOR", "1").env("XDG_CONFIG_HOME", folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that fails early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn no_control_character_reaches_the_terminal() {
    let all: String = obeyed().collect();
    let lines: String = obeyed()
        .map(|one| format!("2017-02-14T02:57:24Z {one}x call_status: 102 {one}x\ncall_status: \"a {one}x\" x\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plain.log"), &lines).unwrap();
    fs::write(folder.path().join("binary.log"), format!("{all}\0\u{1}\u{2}")).unwrap();
    let with_breaks = format!("{all} \u{b}");
    let quoted = |text: &str| {
        let escaped: String = text.chars().map(|one| format!("\\u{:04X}", u32::from(one))).collect();
        format!("\"{escaped}\"")
    };
    let pattern = format!(
        "[[pattern]]\nname = 'own'\ndescription = {}\nregex = {}\nexamples = [{{ line = {}, code = 21 }}]\n",
        quoted(&with_breaks),
        quoted(&format!("[{all}] (?<code>[0-9]+)")),
        quoted("\u{9b} 21"),
    );
    let wrong = pattern.replace("code = 21", "code = 22");
    let raw = format!("[[pattern]]\nname = '{}\u{9b}\u{202e}\u{2028}'\n", "x");
    for (name, text) in [("own.toml", &pattern), ("wrong.toml", &wrong), ("raw.toml", &raw)] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut named = Vec::new();
    for one in obeyed() {
        let name = format!("z{one}y.log");
        // Windows does not allow control characters in file names.
        if fs::write(folder.path().join(&name), format!("call_status: 108\n{one}")).is_ok() {
            named.push(name);
        }
    }
    assert!(named.len() > 10, "{named:?}");
    let missing = format!("no{all}.log");
    let pasted = format!("{lines}{}", all.replace('\t', ""));
    let own = ["-f", "own.toml", "--no-config"];
    let cases: &[&[&str]] = &[
        &["scan", "."],
        &["scan", "--format=csv", "."],
        &["scan", "--format=json", ".", &missing],
        &["scan", "-v", ".", &missing],
        &["scan", "-e", &all, "."],
        &["scan", "--code", &all, "."],
        &["scan", "-o", &missing, "."],
        &["lines", "."],
        &["lines", "--format=jsonl", "."],
        &["lines", "-v", &missing],
        &["files", "."],
        &["files", "--format=csv", "."],
        &["files", "--format=json", ".", &missing],
        &["codes", "-"],
        &["codes", "--format=json", "-"],
        &["codes", &all],
        &["patterns", "list"],
        &["patterns", "show", "own"],
        &["patterns", "show", &all],
        &["patterns", "check", "own.toml"],
        &["patterns", "check", "wrong.toml"],
        &["patterns", "check", "raw.toml", &missing],
        &["patterns", "test"],
        &["patterns", "check", "own.toml", ".", "-v"],
        &["patterns", "learn", &format!("z{all} answer of {all}: 102"), "--code", "102"],
        &["patterns", "learn", &format!("102{all}102 answer: 5"), "--code", "102"],
        &["patterns", "learn", "x call answer: 102", ".", "--code", "102", "-v"],
        &["patterns", "learn", "x call answer: 102", &missing, "--code", &all],
        &["patterns", "learn", "x call answer: 102", "--code", "102", "--name", &all],
        &["patterns", "new", &all],
        &["patterns", "new", "x", "-o", &format!("none/{all}")],
        &[&missing],
        &["scan", &named[0], "-o", &named[0]],
    ];
    let mut passed = Vec::new();
    for args in cases {
        for with in [&[][..], &own] {
            let output = output(folder.path(), &[args, with].concat(), &pasted);
            assert!(!output.is_empty(), "{args:?}");
            let of: String =
                output.chars().filter(|one| obeyed().any(|obeyed| obeyed == *one) && *one != '\t').collect();
            if !of.is_empty() {
                passed.push((args.join(" "), of));
            }
        }
    }
    assert!(passed.is_empty(), "{passed:#?}");
}

/// A Windows console without UTF-8, or a terminal with `LC_ALL=C`, shows only ASCII correctly.
#[test]
fn all_text_of_the_program_itself_is_ascii() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{} MFA result: 102 {}\n", "x".repeat(9000), "y".repeat(9000));
    fs::write(folder.path().join("long.log"), &long).unwrap();
    fs::write(folder.path().join("wrong.toml"), "[[pattern]]\nname = 1\nexamples = 2\n").unwrap();
    fs::write(folder.path().join("broken.gz"), b"\x1f\x8b\x08\0\0").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in ["fixtures/ticket.zip", "fixtures/patterns/door.toml"] {
        let file = root.join(file);
        fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    }
    let runs: [&[&str]; 20] = [
        &["."],
        &["--format", "json", "."],
        &["files", "."],
        &["files", "--format", "json", "."],
        &["files", "--format", "csv", "."],
        &["lines", "."],
        &["lines", "--format", "jsonl", "."],
        &["codes"],
        &["codes", "0-145"],
        &["patterns"],
        &["patterns", "new", "own", "-o", "-"],
        &["patterns", "check", "wrong.toml"],
        &["patterns", "check", "door.toml"],
        &["patterns", "learn", "MFA answer: 102", "long.log", "--code", "102"],
        &["patterns", "test", "long.log"],
        &["patterns", "test", "--no-pattern", "mfa-result", "long.log"],
        &["help", "files"],
        &["help", "output"],
        &["generate", "man"],
        &["generate", "schema"],
    ];
    for args in runs {
        let output = output(folder.path(), args, "");
        assert!(output.len() > 50, "{args:?}: {output}");
        let strange: BTreeSet<char> = output.chars().filter(|character| !character.is_ascii()).collect();
        assert_eq!(strange, BTreeSet::new(), "{args:?}: {output}");
    }
}
