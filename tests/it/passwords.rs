//! Tests encrypted archives on the command line: the problems without a password and with a wrong one, the sources of passwords,
//! and that no password is ever printed.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use zip::AesMode;
use zip::write::SimpleFileOptions;

/// Returns a zip archive of these members, each given by its name, its text and its password, if it is encrypted.
fn zip(members: &[(&str, &str, Option<&str>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text, password) in members {
        let options = SimpleFileOptions::default();
        let options = match password {
            Some(password) => options.with_aes_encryption(AesMode::Aes256, password),
            None => options,
        };
        archive.start_file(*name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Returns a folder with an archive and a password file.
fn folder(passwords: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let members = [
        ("a.log", "callStatus=102\n", Some("Gr\u{fc}n 1")),
        ("b.log", "callStatus=102\ncallStatus=108\n", Some("blue")),
        ("c.log", "callStatus=4\n", None),
    ];
    fs::write(folder.path().join("x.zip"), zip(&members)).unwrap();
    fs::write(folder.path().join("pw.txt"), passwords).unwrap();
    folder
}

fn run(folder: &Path, args: &[&str], stdin: &[u8]) -> Output {
    run_as("csv", folder, args, stdin)
}

fn run_as(format: &str, folder: &Path, args: &[&str], stdin: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_callcodes"))
        .args(["--no-config", "--format", format])
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The program may end without reading its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    for secret in ["Gr\u{fc}n", "blue", "red"] {
        for printed in [&output.stdout, &output.stderr] {
            assert!(!String::from_utf8_lossy(printed).contains(secret), "a password is printed");
        }
    }
    output
}

/// Returns the exit status, the number of results and the problems.
fn outcome(output: &Output) -> (Option<i32>, usize, String) {
    let rows = String::from_utf8(output.stdout.clone()).unwrap().lines().count().saturating_sub(1);
    (output.status.code(), rows, String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn each_encrypted_file_is_reported_on_its_own_line() {
    let folder = folder(b"red\n");
    let outcome = |args: &[&str]| outcome(&run(folder.path(), args, b""));
    let missing = "callcodes: gone.log: no such file or folder\n";
    let expected = format!(
        "{missing}callcodes: 2 encrypted archives or files in them could not be read; first: x.zip!/a.log: it is \
         encrypted; save its password in a text file and pass that with --password-file (-v lists all)\n"
    );
    assert_eq!(outcome(&["gone.log", "x.zip"]), (Some(3), 1, expected));
    let wrong = |name: &str| {
        format!(
            "x.zip!/{name}: it is encrypted with a password other than the one given; add its password to the \
             password file, on a line of its own"
        )
    };
    let expected = format!("{missing}callcodes: {}\ncallcodes: {}\n", wrong("a.log"), wrong("b.log"));
    assert_eq!(outcome(&["-v", "gone.log", "x.zip", "--password-file", "pw.txt"]), (Some(3), 1, expected));
}

#[test]
fn encrypted_files_have_a_kind_of_their_own_in_json() {
    let folder = folder(b"");
    let output = run_as("json", folder.path(), &["x.zip"], b"");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let problem = |name: &str| {
        let detail = "it is encrypted; save its password in a text file and pass that with --password-file";
        serde_json::json!({ "path": format!("x.zip!/{name}"), "kind": "encrypted", "detail": detail })
    };
    assert_eq!(json["problems"], serde_json::json!([problem("a.log"), problem("b.log")]));
}

#[test]
fn each_line_of_the_password_file_is_tried() {
    // The second form is that of editors on Windows.
    for passwords in ["Gr\u{fc}n 1\nred\n\nblue", "\u{feff}red\r\nblue\r\nGr\u{fc}n 1\r\n"] {
        let folder = folder(passwords.as_bytes());
        let expected = (Some(0), 3, String::new());
        assert_eq!(outcome(&run(folder.path(), &["x.zip", "--password-file", "pw.txt"], b"")), expected);
        // Through a pipe, the result is the same.
        let args = ["x.zip", "--password-file", "-"];
        assert_eq!(outcome(&run(folder.path(), &args, passwords.as_bytes())), expected);
    }
    // `>` in PowerShell writes this encoding.
    let wide: Vec<u8> = "\u{feff}blue\r\nGr\u{fc}n 1\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = folder(&wide);
    let output = run(folder.path(), &["x.zip", "--password-file", "pw.txt"], b"");
    assert_eq!(outcome(&output), (Some(0), 3, String::new()));
}

#[test]
fn an_invalid_password_file_ends_the_run() {
    let long = "red\n".repeat(101);
    let large = "red".repeat(30_000);
    let cases: [(&[u8], &str); 5] = [
        (b"", "is empty. It must contain at least one password, one per line"),
        (b"\n\r\n", "is empty. It must contain at least one password, one per line"),
        (b"red \xff", "is not UTF-8. Save it as UTF-8: in Notepad, choose Save As and the encoding UTF-8"),
        (long.as_bytes(), "has more than 100 lines. Keep only the passwords that may be right"),
        (large.as_bytes(), "is larger than 64 KiB. It must contain only passwords, one per line"),
    ];
    for (passwords, why) in cases {
        let folder = folder(passwords);
        let (status, _, stderr) = outcome(&run(folder.path(), &["x.zip", "--password-file", "pw.txt"], b""));
        assert_eq!((status, stderr), (Some(2), format!("error: the password file pw.txt {why}\n")));
        let (status, _, stderr) = outcome(&run(folder.path(), &["x.zip", "--password-file", "-"], passwords));
        let expected = format!("error: the list of passwords on standard input {why}\n");
        assert_eq!((status, stderr), (Some(2), expected));
    }
}

#[test]
fn standard_input_is_either_the_log_or_the_passwords() {
    let folder = folder(b"red\n");
    let expected = "error: standard input cannot be both the log and the password file. Save the passwords in a \
                    file, or pass the log as a file\n";
    for args in [&["-", "--password-file", "-"][..], &["x.zip", "-", "--password-file", "-"], &["--password-file", "-"]]
    {
        let (status, _, stderr) = outcome(&run(folder.path(), args, b"red\n"));
        assert_eq!((status, stderr.as_str()), (Some(2), expected), "{args:?}");
    }
}
