//! Tests Ctrl-C, which is sent as a signal while the program waits for a pipe. On Windows, one program cannot send Ctrl-C to
//! another without `unsafe`, but the program behaves the same there. `interrupted.rs` tests the part of the library.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A line of 17 bytes with one result.
const LINE: &str = "call_status: 108\n";

/// The exit status, standard output and standard error of a run.
type Ran = (Option<i32>, String, String);

fn callcodes(folder: &Path, args: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_callcodes");
    // A process in the background of a script ignores SIGINT, and its children inherit that unless it is reset.
    let mut command = if is_ignored_here() {
        let mut env = Command::new("env");
        env.args(["--default-signal=INT", program]);
        env
    } else {
        Command::new(program)
    };
    command.args(args).arg("--no-config").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Whether this process ignores SIGINT. False if the system does not report it.
fn is_ignored_here() -> bool {
    const SIGINT_BIT: u64 = 1 << (2 - 1);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & SIGINT_BIT != 0)
}

fn interrupt(child: &Child) {
    send(child, "INT");
}

fn send(child: &Child, signal: &str) {
    let killed = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
}

fn ran(mut child: Child) -> Ran {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stdout, stderr)
}

/// Returns a folder with two logs and a pipe, which sorts between them.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), LINE.repeat(3)).unwrap();
    fs::write(folder.path().join("c.log"), LINE.repeat(5)).unwrap();
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap().success());
    folder
}

/// Runs the program until it has opened the pipe, and sends SIGINT.
fn interrupted_at_the_pipe(folder: &Path, args: &[&str]) -> Ran {
    let child = callcodes(folder, args).spawn().unwrap();
    // This blocks until the program opens the other end. With one thread, it has then read everything before the pipe.
    let pipe = File::options().write(true).open(folder.join("pipe")).unwrap();
    interrupt(&child);
    let ran = ran(child);
    drop(pipe);
    ran
}

const INPUTS: [&str; 4] = ["-j1", "a.log", "pipe", "c.log"];

fn args<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [more, &INPUTS].concat()
}

#[test]
fn the_table_of_the_results_so_far_is_printed_and_marked_as_partial() {
    let folder = tree();
    let expected = "\
PARTIAL RESULT: the run was interrupted; this is what had been read by then.

3 results, 1 code, 1 file

Code  Description             Count   Share  First seen  Last seen  Files
-------------------------------------------------------------------------
 108  User Hung Up the Phone      3  100.0%  -           -              1

1 file read, 51 B
3 results have no readable time and do not count for first and last seen.
A code says what happened to the call or message, not whether the sign-in succeeded.
";
    let message = "callcodes: 2 inputs were not read to the end; first: c.log: neither this nor what follows was read, \
                because \
                the run was interrupted; run callcodes again to read it (-v lists all)\n";
    let (status, stdout, stderr) = interrupted_at_the_pipe(folder.path(), &args(&["scan"]));
    assert_eq!((stdout.as_str(), stderr.as_str(), status), (expected, message, Some(130)));
}

#[test]
fn json_and_problems_report_what_was_cut_short_and_what_was_not_read() {
    let folder = tree();
    let (status, stdout, stderr) = interrupted_at_the_pipe(folder.path(), &args(&["-v", "--format", "json"]));
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((status, &report["partial"], &report["totals"]["results"]), (Some(130), &true.into(), &3.into()));
    let kinds: Vec<_> = report["problems"].as_array().unwrap().iter().map(|one| (&one["path"], &one["kind"])).collect();
    assert_eq!(kinds, [(&"c.log".into(), &"interrupted".into()), (&"pipe".into(), &"interrupted".into())]);
    let message = "\
callcodes: c.log: neither this nor what follows was read, because the run was interrupted; run callcodes again to read it
callcodes: pipe: reading was interrupted; run callcodes again to read all of it
";
    assert_eq!(stderr, message);
}

#[test]
fn the_list_of_files_is_marked_as_partial() {
    let folder = tree();
    let (status, stdout, stderr) = interrupted_at_the_pipe(folder.path(), &args(&["files"]));
    let expected = "\
PARTIAL RESULT: the run was interrupted; this is what had been read by then.

File   What it is  Size  Lines  First time  Last time  Results
--------------------------------------------------------------
a.log  ASCII text  51 B      3  -           -                3
pipe   reading was interrupted
c.log  neither this nor what follows was read, because the run was interrupted

1 file read, 2 could not be read, 51 B, 3 lines, 3 results
";
    assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(130), expected, 1));

    let (status, stdout, _) = interrupted_at_the_pipe(folder.path(), &args(&["files", "--format=json"]));
    let list: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!((status, &list["partial"], &list["totals"]["files_read"]), (Some(130), &true.into(), &1.into()));
}

#[test]
fn a_partial_csv_has_the_usual_columns() {
    let folder = tree();
    let (status, stdout, stderr) = interrupted_at_the_pipe(folder.path(), &args(&["--format=csv"]));
    let expected = "\
code,name,description,known,count,share,first_seen,last_seen,files,candidates,group,hosts,median_ms,p95_ms,pattern_kind,family
108,,User Hung Up the Phone,true,3,1,,,1,,persons-action,,,,,mfa
";
    assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(130), expected, 1));
}

#[test]
fn the_lines_read_so_far_are_printed() {
    let folder = tree();
    let (status, stdout, stderr) = interrupted_at_the_pipe(folder.path(), &args(&["lines"]));
    let expected = "\
a.log:1: [108 User Hung Up the Phone] call_status: 108
a.log:2: [108 User Hung Up the Phone] call_status: 108
a.log:3: [108 User Hung Up the Phone] call_status: 108
";
    assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(130), expected, 1));
}

#[test]
fn a_partial_result_never_replaces_a_complete_one() {
    let folder = tree();
    for command in ["scan", "lines"] {
        fs::write(folder.path().join("result"), "old").unwrap();
        let (status, stdout, stderr) = interrupted_at_the_pipe(folder.path(), &args(&[command, "-o", "result"]));
        let message = "result was not written, because the run was interrupted";
        assert_eq!((status, stdout.as_str()), (Some(130), ""), "{command}");
        let first = stderr.lines().next().unwrap();
        assert!(first.starts_with("callcodes: ") && first.ends_with(message), "{first}");
        assert_eq!(fs::read_to_string(folder.path().join("result")).unwrap(), "old");
        let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a.log", "c.log", "pipe", "result"], "{command}");
    }
}

/// `kill` and `timeout` send SIGTERM, a closing terminal sends SIGHUP. Both work even if SIGINT is ignored.
#[test]
fn sigterm_and_sighup_leave_no_more_files_than_ctrl_c() {
    let folder = tree();
    for signal in ["TERM", "HUP"] {
        for ignored in ["", "--ignore-signal=INT"] {
            let mut command = Command::new("env");
            command.args(["--default-signal=HUP", "--default-signal=INT"]);
            command.args(Some(ignored).filter(|ignored| !ignored.is_empty()));
            command.arg(env!("CARGO_BIN_EXE_callcodes")).args(["lines", "-o", "result", "--no-config"]).args(INPUTS);
            command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = command.spawn().unwrap();
            let pipe = File::options().write(true).open(folder.path().join("pipe")).unwrap();
            send(&child, signal);
            let (status, stdout, stderr) = ran(child);
            drop(pipe);
            assert_eq!((status, stdout.as_str()), (Some(130), ""), "{signal} {ignored}: {stderr}");
            assert!(
                stderr.starts_with("callcodes: result was not written, because the run was interrupted\n"),
                "{stderr}"
            );
            let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["a.log", "c.log", "pipe"], "{signal} {ignored}");
        }
    }
}

#[test]
fn a_merge_ends_at_the_first_signal() {
    let folder = tree();
    for signal in ["INT", "TERM"] {
        for args in [&["merge", "-o", "result", "pipe"][..], &["merge", "--partial", "-o", "result", "pipe"]] {
            let child = callcodes(folder.path(), args).spawn().unwrap();
            let pipe = File::options().write(true).open(folder.path().join("pipe")).unwrap();
            send(&child, signal);
            assert_eq!(ran(child), (Some(130), String::new(), String::new()), "{signal} {args:?}");
            drop(pipe);
            let mut names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            assert_eq!(names, ["a.log", "c.log", "pipe"], "{signal} {args:?}");
        }
    }
}

#[test]
fn complete_lines_of_piped_input_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = callcodes(folder.path(), &["--format=json"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Much more than the pipe holds: once all is written, most has been read. The last line has no line end.
    let lines = 200_000;
    stdin.write_all(LINE.repeat(lines).as_bytes()).unwrap();
    stdin.write_all(b"call_status: 10").unwrap();
    interrupt(&child);
    let (status, stdout, stderr) = ran(child);
    drop(stdin);
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    let results = report["totals"]["results"].as_u64().unwrap();
    assert!((lines as u64 / 2..=lines as u64).contains(&results), "{results}");
    assert_eq!(report["totals"]["bytes"], results * LINE.len() as u64);
    assert_eq!(report["results"].as_array().unwrap().len(), 1);
    assert_eq!((status, &report["partial"]), (Some(130), &true.into()));
    assert_eq!(stderr, "callcodes: stdin: reading was interrupted; run callcodes again to read all of it\n");
}

#[test]
fn a_second_ctrl_c_ends_the_program_whatever_it_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), LINE.repeat(100_000)).unwrap();
    let mut child = callcodes(folder.path(), &["lines", "a.log"]).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, "a.log:1: [108 User Hung Up the Phone] call_status: 108\n");
    // Nothing reads the output any more, so the program is blocked in a write.
    interrupt(&child);
    let deadline = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it does not end");
        interrupt(&child);
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
