//! Tests the behaviour that all commands that read inputs have in common.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

const COMMANDS: [&str; 3] = ["scan", "lines", "files"];

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.log", "b.log"] {
        fs::write(folder.path().join(name), format!("{name}: MFA result: 21\n")).unwrap();
    }
    folder
}

/// Returns the standard error and the exit status of a run in `folder`.
fn run(command: &mut Command, folder: &TempDir) -> (String, Option<i32>) {
    let output = command.current_dir(folder.path()).output().unwrap();
    (String::from_utf8(output.stderr).unwrap().replace('\r', ""), output.status.code())
}

#[test]
fn problems_of_a_kind_are_sorted_by_path() {
    let folder = folder();
    for command in COMMANDS {
        let mut program = Command::new(env!("CARGO_BIN_EXE_callcodes"));
        let (stderr, status) = run(program.args([command, "--no-config", "-v", "zz", "a.log", "aa"]), &folder);
        let expected = "callcodes: aa: no such file or folder\ncallcodes: zz: no such file or folder\n";
        assert_eq!((stderr.as_str(), status), (expected, Some(3)), "{command}");
    }
}

/// The message must not blame the output if the system cannot start threads.
#[cfg(target_os = "linux")]
#[test]
fn a_failure_to_start_threads_is_reported() {
    let folder = folder();
    for command in COMMANDS {
        // A few stacks exceed the limit of the address space. They are large, so that enough is left to report the error,
        // whatever the size of the program is.
        let limited = format!("ulimit -v 1000000; exec \"$0\" {command} --no-config -j 256 a.log b.log");
        let mut shell = Command::new("sh");
        shell.env("RUST_MIN_STACK", (256 * 1024 * 1024).to_string());
        let (stderr, status) = run(shell.args(["-c", &limited, env!("CARGO_BIN_EXE_callcodes")]), &folder);
        assert!(stderr.starts_with("error: cannot start threads: ") && stderr.ends_with(". Try -j 1\n"), "{stderr}");
        assert_eq!(status, Some(2), "{command}");
    }
}
