//! What comes out, where a data file of `tests/cmd` cannot show it: files written whole or not at all, the same bytes
//! with any number of threads, a reader that goes away, lines beyond the limit.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CSV_HEAD: &str = "code,name,description,known,count,share,first_seen,last_seen,files,candidates\n";
/// Longer than the 1 MiB up to which a line is searched in one piece.
const LONG_LINE_BYTES: usize = 1_300_000;

fn callcodes(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.args(args).arg("--no-config").stdin(Stdio::null());
    command
}

/// Exit status, standard output and standard error.
fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = callcodes(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn done() -> (Option<i32>, String, String) {
    (Some(0), String::new(), String::new())
}

fn names_in(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn an_existing_file_is_replaced_and_its_folder_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.csv");
    fs::write(&target, "much longer than what takes its place\n".repeat(100)).unwrap();
    fs::write(folder.path().join("neighbour.csv"), "untouched").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let args = ["fixtures/logs/netop", "--pattern", "mfa-result", "--format", "csv", "-o", path(&target)];
    assert_eq!(run(&args), done());
    let rows = "102,,Phone Unreachable,true,1,0.25,2017-02-14T03:20:44Z,2017-02-14T03:20:44Z,1,\n\
                108,,User Hung Up the Phone,true,1,0.25,2017-02-14T03:24:30Z,2017-02-14T03:24:30Z,1,\n\
                120,,Text Message Could Not Be Sent,true,1,0.25,2017-02-14T03:22:01Z,2017-02-14T03:22:01Z,1,\n\
                133,,Mobile App No Response,true,1,0.25,2017-02-14T03:26:15Z,2017-02-14T03:26:15Z,1,\n";
    assert_eq!(fs::read_to_string(&target).unwrap(), format!("{CSV_HEAD}{rows}"));
    assert_eq!(names_in(folder.path()), ["folder", "neighbour.csv", "result.csv"]);
    assert_eq!(fs::read_to_string(folder.path().join("neighbour.csv")).unwrap(), "untouched");
}

#[test]
fn every_command_writes_the_same_to_a_file_as_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result");
    for args in [
        &["fixtures/logs"][..],
        &["scan", "fixtures/logs", "--format=json"],
        &["lines", "fixtures/logs"],
        &["lines", "fixtures/logs", "--format=jsonl"],
        &["codes"],
        &["codes", "--format=json", "voicemail"],
    ] {
        let (status, stdout, stderr) = run(args);
        assert_eq!((status, stderr.as_str()), (Some(0), ""), "{args:?}");
        assert_eq!(run(&[args, &["-o", path(&target)]].concat()), done(), "{args:?}");
        assert!(!stdout.is_empty() && fs::read_to_string(&target).unwrap() == stdout, "{args:?}");
    }
}

#[test]
fn a_file_has_its_old_content_until_the_new_one_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.txt");
    fs::write(&target, "old").unwrap();
    let mut command = callcodes(&["lines", "-", "-o", path(&target)]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than any buffer in between holds, so that what is written shows up somewhere, if not yet under its name.
    let line = "call_status: 108\n";
    stdin.write_all(line.repeat(100_000).as_bytes()).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let unfinished_bytes = || -> u64 {
        let others = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
        others
            .filter(|entry| entry.file_name() != "result.txt")
            .map(|entry| fs::metadata(entry.path()).unwrap().len())
            .sum()
    };
    while unfinished_bytes() == 0 {
        assert!(Instant::now() < deadline, "nothing is written beside the target");
        std::thread::yield_now();
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "old");
    drop(stdin);
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
    let written = fs::read_to_string(&target).unwrap();
    assert_eq!(written.lines().count(), 100_000);
    assert_eq!(written.lines().last(), Some("stdin:100000: [108 User Hung Up the Phone] call_status: 108"));
    assert_eq!(names_in(folder.path()), ["result.txt"]);
}

#[test]
fn what_fails_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.txt");
    for args in [&["fixtures/logs", "--pattern", "nosuch"][..], &["fixtures/logs", "--nosuch"], &["codes", "110-100"]] {
        let args = [args, &["-o", path(&target)]].concat();
        assert_eq!(run(&args).0, Some(2), "{args:?}");
        assert_eq!(names_in(folder.path()), Vec::<String>::new(), "{args:?}");
    }
    fs::write(&target, "old").unwrap();
    assert_eq!(run(&["fixtures/logs", "--pattern", "nosuch", "-o", path(&target)]).0, Some(2));
    assert_eq!(fs::read_to_string(&target).unwrap(), "old");
    assert_eq!(names_in(folder.path()), ["result.txt"]);
}

#[test]
fn what_could_be_read_is_written_even_if_some_could_not() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.txt");
    let args = ["lines", "fixtures/logs/web2/selfservice.log", "no-such.log", "-o", path(&target)];
    let told = "callcodes: no-such.log: no such file or folder\n".to_owned();
    assert_eq!(run(&args), (Some(3), String::new(), told));
    assert_eq!(fs::read_to_string(&target).unwrap().lines().count(), 2);
}

#[test]
fn the_file_that_is_written_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.csv");
    fs::write(folder.path().join("a.log"), "call_status: 108\n").unwrap();
    let expected = format!("{CSV_HEAD}108,,User Hung Up the Phone,true,1,1,,,1,\n");
    // The second time it holds a result of the first.
    for _ in 0..2 {
        assert_eq!(run(&[path(folder.path()), "--format=csv", "-o", path(&target)]), done());
        assert_eq!(fs::read_to_string(&target).unwrap(), expected);
    }
    let lines = folder.path().join("lines.txt");
    for _ in 0..2 {
        assert_eq!(run(&["lines", path(folder.path()), "-o", path(&lines)]), done());
        assert_eq!(fs::read_to_string(&lines).unwrap().lines().count(), 1);
    }
}

#[test]
fn a_log_in_the_folder_is_not_replaced_by_what_is_found_there() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, "call_status: 108\n").unwrap();
    let told = format!(
        "error: -o would replace {}, which lies in a folder that is read and is no earlier result. Name another file, or \
         delete that one first\n",
        path(&log),
    );
    for command in ["scan", "lines", "files"] {
        assert_eq!(
            run(&[command, path(folder.path()), "-o", path(&log)]),
            (Some(2), String::new(), told.clone()),
            "{command}"
        );
        assert_eq!(fs::read_to_string(&log).unwrap(), "call_status: 108\n");
    }
    // An earlier result, whatever its format and whatever comes first in it, may be replaced.
    let target = folder.path().join("result");
    fs::write(folder.path().join("Z.log"), "call_status: 1234567\n").unwrap();
    fs::write(folder.path().join("0.log"), "call_status: \"a new name\"\n").unwrap();
    for args in [
        &["scan"][..],
        &["scan", "--format=csv"],
        &["scan", "--format=json"],
        &["lines"],
        &["lines", "--format=jsonl"],
        &["files"],
        &["files", "--format=csv"],
        &["files", "--format=json"],
        &["lines", "--color=always"],
        &["scan", "--color=always"],
        &["scan", "-g", "*.none"],
        &["files", "-g", "*.none"],
    ] {
        for _ in 0..2 {
            assert_eq!(run(&[args, &[path(folder.path()), "-o", path(&target)]].concat()), done(), "{args:?}");
        }
    }
}

#[test]
fn a_log_that_is_named_is_not_replaced_by_what_is_found_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    let by_another_name = folder.path().join(".").join("a.log");
    fs::write(&log, "call_status: 108\n").unwrap();
    let told = format!("error: -o would replace the input {} by the result. Name another file\n", path(&log));
    for command in ["scan", "lines", "files"] {
        let args = [command, "no-such.log", path(&log), "-o", path(&by_another_name)];
        assert_eq!(run(&args), (Some(2), String::new(), told.clone()), "{command}");
        assert_eq!(fs::read_to_string(&log).unwrap(), "call_status: 108\n");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error() {
    for args in [
        &["fixtures/logs"][..],
        &["lines", "fixtures/logs"],
        &["files", "fixtures/logs"],
        &["codes"],
        &["generate", "man"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
        let output = command.args(args).args(["-o", "/dev/full"]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: cannot write to /dev/full: "), "{args:?}: {stderr}");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    // Big enough to be shared among threads, beside many small ones.
    let folder = tempfile::tempdir().unwrap();
    let filler = "2017-02-14T03:10:15Z|i|1388|5120|pfsvc|queue: 3 waiting, 8 workers\n".repeat(50);
    let mut big = String::new();
    for number in 0..2_000 {
        let code = [21, 102, 108, 64, 4][number % 5];
        big.push_str(&format!("2017-02-14T02:57:{:02}Z|0|1412|{number}|pfrad|rawCallStatus = {code}\n", number % 60));
        big.push_str(&filler);
    }
    assert!(big.len() > 5 << 20);
    fs::write(folder.path().join("big.log"), &big).unwrap();
    let inputs = [path(folder.path()), "fixtures/logs", "no-such.log", "fixtures/logs/mfa1"];
    for format in [
        &["scan", "--format=table"][..],
        &["scan", "--format=json"],
        &["scan", "--format=csv"],
        &["lines", "--format=text"],
        &["lines", "--format=jsonl"],
    ] {
        let args = [format, &inputs].concat();
        let by_default = run(&args);
        assert_eq!(by_default.0, Some(3), "{format:?}");
        assert!(by_default.1.len() > 3000, "{format:?}");
        for threads in ["-j1", "-j7"] {
            assert!(run(&[&args[..], &[threads]].concat()) == by_default, "{format:?} {threads}");
        }
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_the_run_without_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, "call_status: 108\n".repeat(200_000)).unwrap();
    for format in ["text", "jsonl"] {
        let mut command = callcodes(&["lines", "--format", format, path(&log)]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("call_status: 108"), "{first}");
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn a_line_beyond_the_limit_is_searched_in_pieces_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("long.log");
    let filler = "x".repeat(LONG_LINE_BYTES);
    let text = format!("call_status: 4\ncall_status: 108 {filler} call_status: 102\r\ncall_status: 21\n");
    fs::write(&log, &text).unwrap();
    let told = format!(
        "callcodes: {}: 1 line longer than 1048576 bytes was searched in pieces, the first at byte 15; a result that a \
         cut divides is missed\n",
        path(&log)
    );

    let (status, stdout, stderr) = run(&["lines", "--format=jsonl", path(&log)]);
    assert_eq!((status, &stderr), (Some(0), &told));
    let hits: Vec<serde_json::Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = hits
        .iter()
        .map(|hit| [&hit["line"], &hit["offset"], &hit["code"]].map(|value| value.as_u64().unwrap()))
        .collect();
    // Behind the first line 15 bytes; behind it, `call_status: 108 `, 17 bytes, the filler and a blank.
    let offset = 15 + 17 + LONG_LINE_BYTES as u64 + 1;
    assert_eq!(found, [[1, 0, 4], [2, 15, 108], [2, offset, 102], [3, offset + 16 + 2, 21]]);
    for hit in &hits {
        let text = hit["text"].as_str().unwrap();
        assert!(text.len() <= 4096 && text.contains(&format!("call_status: {}", hit["code"])), "{text}");
    }
    let cut: Vec<_> = hits.iter().map(|hit| hit.get("text_is_cut").is_some()).collect();
    assert_eq!(cut, [false, true, true, false]);

    let (status, stdout, stderr) = run(&["--format=json", path(&log)]);
    assert_eq!((status, &stderr), (Some(0), &told));
    let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["totals"]["results"], 4);
    assert_eq!(report["totals"]["bytes"], text.len());
    assert_eq!(report["problems"].as_array().unwrap().len(), 1);
    assert_eq!(report["problems"][0]["path"], path(&log));
    assert_eq!(report["problems"][0]["kind"], "long-line");

    let (_, stdout, _) = run(&["lines", path(&log)]);
    assert_eq!(stdout.lines().count(), 4);
    assert!(stdout.lines().all(|line| line.len() < 4096 + 1000), "lines are shown whole");
}

#[test]
fn statistics_go_to_standard_error() {
    let (_, table, _) = run(&["fixtures/logs"]);
    let (status, stdout, stderr) = run(&["--stats", "fixtures/logs"]);
    assert_eq!((status, stdout), (Some(0), table));
    let (size, time) = stderr.split_once(" in ").unwrap();
    assert_eq!(size, "callcodes: read 10.9 KiB");
    assert!(time.ends_with("/s\n") && stderr.lines().count() == 1, "{stderr}");
}

#[test]
fn progress_is_for_terminals_only() {
    // Here standard error is a pipe; the run takes longer than the half second after which a terminal would show something.
    for more in [&[][..], &["--no-progress"]] {
        let args = [&["scan", "-", "fixtures/logs/netop"][..], more].concat();
        let (stdin, stderr) = (Stdio::piped(), Stdio::piped());
        let mut child = callcodes(&args).stdin(stdin).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let enough = Instant::now() + Duration::from_millis(800);
        while Instant::now() < enough {
            stdin.write_all(b"call_status: 108\n").unwrap();
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
    }
}

#[test]
fn colour_sets_off_the_match_and_nothing_by_its_code() {
    let styled = |code: u32| {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("a.log");
        fs::write(&log, format!("the call_status: {code} and more\n")).unwrap();
        let (_, stdout, _) = run(&["lines", "--color=always", path(&log)]);
        let (_, shown) = stdout.split_once("] ").unwrap();
        shown.replace(&code.to_string(), "N")
    };
    assert_eq!(styled(21), "the \u{1b}[1m\u{1b}[36mcall_status: N\u{1b}[0m and more\n");
    assert_eq!(styled(108), styled(21));
    assert_eq!(styled(77), styled(21));
}
