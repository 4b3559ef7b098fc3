//! Tests output that the cases in `tests/cmd` cannot test: files that are written completely or not at all, the same bytes with
//! any number of threads, a reader that closes its pipe, and lines over the limit.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const CSV_HEAD: &str = "code,name,description,known,count,share,first_seen,last_seen,files,candidates,group,hosts,median_ms,p95_ms,pattern_kind,family\n";
const WRITTEN_BY_CALLCODES: &str =
    "skipped, written by callcodes itself; delete it, move it elsewhere, or pipe it in to read it anyway";
/// More than 1 MiB, above which a line is searched in pieces.
const LONG_LINE_BYTES: usize = 1_300_000;

fn callcodes(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.args(args).arg("--no-config").stdin(Stdio::null());
    command
}

/// Returns the exit status, standard output and standard error.
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
fn an_existing_file_is_replaced_and_nothing_else_in_its_folder_changes() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.csv");
    fs::write(&target, "much longer than what takes its place\n".repeat(100)).unwrap();
    fs::write(folder.path().join("neighbour.csv"), "untouched").unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    let args = ["fixtures/logs/netop", "--pattern", "mfa-result", "--format", "csv", "-o", path(&target)];
    assert_eq!(run(&args), done());
    let rows = "102,,Phone Unreachable,true,1,0.25,2017-02-14T03:20:44Z,2017-02-14T03:20:44Z,1,,not-reached,,,,general,mfa\n\
                108,,User Hung Up the Phone,true,1,0.25,2017-02-14T03:24:30Z,2017-02-14T03:24:30Z,1,,persons-action,,,,general,mfa\n\
                120,,Text Message Could Not Be Sent,true,1,0.25,2017-02-14T03:22:01Z,2017-02-14T03:22:01Z,1,,not-reached,,,,general,mfa\n\
                133,,Mobile App No Response,true,1,0.25,2017-02-14T03:26:15Z,2017-02-14T03:26:15Z,1,,not-reached,,,,general,mfa\n";
    assert_eq!(fs::read_to_string(&target).unwrap(), format!("\u{feff}{CSV_HEAD}{rows}"));
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

/// For every command, the file extension selects the same format as `--format`.
#[test]
fn the_file_extension_selects_the_format() {
    let folder = tempfile::tempdir().unwrap();
    for (args, name, format) in [
        (&["scan", "fixtures/logs"][..], "a.csv", "csv"),
        (&["scan", "fixtures/logs"], "a.JSON", "json"),
        (&["scan", "fixtures/logs"], "a.txt", "table"),
        (&["files", "fixtures/logs"], "b.csv", "csv"),
        (&["files", "fixtures/logs"], "b.json", "json"),
        (&["lines", "fixtures/logs"], "c.csv", "csv"),
        (&["lines", "fixtures/logs"], "c.ndjson", "jsonl"),
        (&["lines", "fixtures/logs"], "c.log", "text"),
        (&["codes", "102"], "d.json", "json"),
    ] {
        let target = folder.path().join(name);
        let (status, stdout, stderr) = run(&[args, &["--format", format]].concat());
        assert_eq!((status, stderr.as_str()), (Some(0), ""), "{args:?}");
        assert_eq!(run(&[args, &["-o", path(&target)]].concat()), done(), "{args:?}");
        // A spreadsheet needs a byte order mark, and a program that reads standard output could do without one.
        let mark = if format == "csv" { "\u{feff}" } else { "" };
        let written = fs::read_to_string(&target).unwrap();
        assert!(!stdout.is_empty() && written == format!("{mark}{stdout}"), "{args:?} {name}");
    }
    let html = folder.path().join("e.html");
    for command in ["scan", "lines", "files", "codes"] {
        let (status, stdout, stderr) = run(&[command, "fixtures/logs", "-o", path(&html)]);
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{command}");
        assert!(
            stderr.starts_with("error: -o: cannot write a file that ends in .html. Use a name that ends in "),
            "{stderr}"
        );
        assert!(!html.exists(), "{command}");
    }
    let args = ["scan", "fixtures/logs", "--format", "table", "-o", path(&html)];
    assert_eq!(run(&args), done());
    let table = fs::read_to_string(&html).unwrap();
    assert!(table.contains(" results, ") && table.contains("\n\nFindings\n1  "), "{table}");
}

#[test]
fn a_file_without_a_result_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (log, saved) = (folder.path().join("a.log"), folder.path().join("saved.csv"));
    fs::write(&log, "nothing here\n").unwrap();
    for (ending, is_seen) in [("csv", false), ("json", false), ("txt", true)] {
        let saved = saved.with_extension(ending);
        let (status, stdout, stderr) = run(&["--pattern", "mfa-result", "-o", path(&saved), path(&log)]);
        let note = "callcodes: No result codes found in 1 file (13 B). Searched for the pattern: mfa-result.\n";
        assert_eq!(
            (status, stdout.as_str(), stderr.as_str()),
            (Some(0), "", if is_seen { "" } else { note }),
            "{ending}"
        );
        assert_eq!(fs::read_to_string(&saved).unwrap().starts_with("No result codes"), is_seen, "{ending}");
    }
}

#[test]
fn a_file_keeps_its_old_content_until_the_new_content_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.txt");
    fs::write(&target, "old").unwrap();
    let mut command = callcodes(&["lines", "--no-join", "-", "-o", path(&target)]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than all buffers hold, so that some output is on disk, if not yet under the name of the file.
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
fn a_failed_run_does_not_change_the_output_file() {
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
fn a_result_is_written_even_if_some_input_could_not_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.txt");
    let args = ["lines", "fixtures/logs/web2/selfservice.log", "no-such.log", "-o", path(&target)];
    let message = "callcodes: no-such.log: no such file or folder\n".to_owned();
    assert_eq!(run(&args), (Some(3), String::new(), message));
    assert_eq!(fs::read_to_string(&target).unwrap().lines().count(), 2);
}

#[test]
fn an_old_result_is_kept_if_no_file_could_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let [old, new] = ["old.csv", "new.csv"].map(|name| folder.path().join(name));
    let kept = format!("callcodes: {} was not replaced, because no file could be read\n", old.display());
    for command in ["scan", "lines"] {
        fs::write(&old, "an earlier result").unwrap();
        let (status, _, message) = run(&[command, "nothing/here.log", "-o", path(&old)]);
        assert_eq!((status, message.contains(&kept)), (Some(3), true), "{message}");
        assert_eq!(fs::read_to_string(&old).unwrap(), "an earlier result");
        let (status, _, message) = run(&[command, "nothing/here.log", "-o", path(&new)]);
        assert_eq!((status, message.contains("replaced")), (Some(3), false), "{message}");
        fs::remove_file(&new).unwrap();
    }
    // The list of files says why none could be read.
    let (status, _, message) = run(&["files", "nothing/here.log", "-o", path(&old)]);
    assert_eq!((status, message.contains("replaced")), (Some(3), false), "{message}");
    assert!(fs::read_to_string(&old).unwrap().contains("nothing/here.log"));
}

#[test]
fn the_output_file_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("result.csv");
    fs::write(folder.path().join("a.log"), "call_status: 108\n").unwrap();
    let expected = format!("\u{feff}{CSV_HEAD}108,,User Hung Up the Phone,true,1,1,,,1,,persons-action,,,,,mfa\n");
    // In the second round, the file contains the result of the first.
    for _ in 0..2 {
        assert_eq!(run(&[path(folder.path()), "--format=csv", "-o", path(&target)]), done());
        assert_eq!(fs::read_to_string(&target).unwrap(), expected);
    }
    // Output that another command saved is reported, but the output file of this run is not.
    let lines = folder.path().join("lines.txt");
    let reported = format!("callcodes: {}: {WRITTEN_BY_CALLCODES}\n", path(&target));
    for _ in 0..2 {
        let written = run(&["lines", path(folder.path()), "-o", path(&lines)]);
        assert_eq!(written, (Some(0), String::new(), reported.clone()));
        assert_eq!(fs::read_to_string(&lines).unwrap().lines().count(), 1);
    }
}

/// The results in the temporary file of a killed run would count twice.
#[test]
fn the_temporary_file_of_a_killed_run_is_reported_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.log"), "call_status: 108\n").unwrap();
    let left = folder.path().join(".callcodes-a1B2c3");
    fs::write(&left, "a.log:1: [108 User Hung Up the Phone] call_status: 108\n").unwrap();
    let (status, stdout, stderr) = run(&["scan", "--format=csv", path(folder.path())]);
    assert_eq!(
        (status, stdout),
        (Some(0), format!("{CSV_HEAD}108,,User Hung Up the Phone,true,1,1,,,1,,persons-action,,,,,mfa\n"))
    );
    let message = "skipped, an unfinished result of callcodes; delete it unless callcodes is still running";
    assert_eq!(stderr, format!("callcodes: {}: {message}\n", path(&left)));
    // A file that is passed as an argument is read, unless it contains output.
    let (status, stdout, stderr) = run(&["lines", path(&left)]);
    assert_eq!((status, stdout.as_str()), (Some(0), ""));
    assert!(stderr.starts_with(&format!("callcodes: {}: {WRITTEN_BY_CALLCODES}\n", path(&left))), "{stderr}");
    fs::write(&left, "call_status: 108\n").unwrap();
    let (status, stdout, _) = run(&["lines", path(&left)]);
    assert_eq!((status, stdout.lines().count()), (Some(0), 1));
}

/// Results must not count twice, whatever format they were saved in and wherever the file is.
#[test]
fn saved_output_is_reported_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("a.log"), "2017-02-14T02:57:24Z call_status: 108 \"=x\"\nrawCallStatus = 21\n").unwrap();
    let count = || run(&["scan", "--format=csv", path(folder.path()), "-v"]);
    let (status, counted, _) = count();
    assert_eq!((status, counted.lines().count()), (Some(0), 3));
    let mut packed = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut names = Vec::new();
    for (command, ending) in [
        ("scan", "txt"),
        ("scan", "csv"),
        ("scan", "json"),
        ("files", "txt"),
        ("files", "csv"),
        ("files", "json"),
        ("lines", "txt"),
        ("lines", "csv"),
        ("lines", "jsonl"),
    ] {
        let name = format!("{command}.{ending}");
        assert_eq!(run(&[command, path(&file("a.log")), "-o", path(&file(&name))]), done());
        let saved = fs::read_to_string(file(&name)).unwrap();
        // Windows PowerShell redirects output in this encoding.
        let wide: Vec<u8> =
            format!("\u{feff}{saved}").replace('\n', "\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
        fs::write(file(&format!("wide-{name}")), &wide).unwrap();
        for (name, bytes) in [(name.clone(), saved.as_bytes()), (format!("wide-{name}"), &wide[..])] {
            packed.start_file(&*name, zip::write::SimpleFileOptions::default()).unwrap();
            packed.write_all(bytes).unwrap();
            names.extend([path(&file(&name)).to_owned(), format!("{}!/{name}", path(&file("x.zip")))]);
        }
    }
    fs::write(file("x.zip"), packed.finish().unwrap().into_inner()).unwrap();
    names.sort();
    let (status, again, stderr) = count();
    assert_eq!((status, again), (Some(0), counted));
    let reported: String = names.iter().map(|name| format!("callcodes: {name}: {WRITTEN_BY_CALLCODES}\n")).collect();
    assert_eq!(stderr, reported);
    // Saved output that is piped in is read.
    let stdin = fs::File::open(file("lines.txt")).unwrap();
    let output = callcodes(&["lines", "-"]).stdin(stdin).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 2);
}

/// What is different about output files and the command line on Windows.
#[cfg(windows)]
mod windows {
    use std::os::windows::fs::OpenOptionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_another_program_has_open_is_reported_before_anything_is_read() {
        const SHARE_READ: u32 = 1;
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("out.csv");
        for shared in [0, SHARE_READ] {
            fs::write(&target, CSV_HEAD).unwrap();
            let held = fs::File::options().read(true).share_mode(shared).open(&target).unwrap();
            // Standard input never ends, so a program that reads first would not report the file.
            let mut command = callcodes(&["-", path(folder.path()), "-o", path(&target)]);
            let child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            let mut stderr = String::new();
            child.stderr.unwrap().read_to_string(&mut stderr).unwrap();
            let message = "another program has it open, perhaps a spreadsheet. Close it there, or choose another file";
            assert_eq!(stderr, format!("error: cannot write to {}: {message}\n", path(&target)));
            drop(held);
            assert_eq!(fs::read_to_string(&target).unwrap(), CSV_HEAD);
            assert_eq!(names_in(folder.path()), ["out.csv"]);
        }
    }

    #[test]
    fn the_null_device_and_a_long_new_path_can_be_written_to() {
        assert_eq!(run(&["fixtures/logs", "-o", "NUL"]), done());
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join(["a-folder-name-of-thirty-chars-"; 9].join("\\"));
        fs::create_dir_all(&long).unwrap();
        // Wine cannot canonicalize a path of this length.
        if long.canonicalize().is_err() {
            return;
        }
        let target = long.join("out.csv");
        assert!(path(&target).len() > 260);
        assert_eq!(run(&["fixtures/logs", "-o", path(&target)]), done());
        assert!(fs::read_to_string(&target).unwrap().starts_with(CSV_HEAD));
    }

    #[test]
    fn quotes_and_wildcards_on_the_command_line_are_understood() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("47 12");
        fs::create_dir(&logs).unwrap();
        fs::write(logs.join("a.log"), "call_status: 108\n").unwrap();
        // Windows passes this for `"…\47 12\" --format csv`.
        let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
        let output = command.arg("--no-config").arg(format!("{}\" --format csv", path(&logs))).output().unwrap();
        let expected = format!("{CSV_HEAD}108,,User Hung Up the Phone,true,1,1,,,1,,persons-action,,,,,mfa\n");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        let help = Command::new(env!("CARGO_BIN_EXE_callcodes")).args(["lines", "/?"]).output().unwrap();
        assert!(help.status.success() && String::from_utf8(help.stdout).unwrap().contains("Usage: "));
        // Wildcards are expanded for pattern files, too.
        let names = Command::new(env!("CARGO_BIN_EXE_callcodes"))
            .args(["patterns", "check", r"fixtures\patterns\d*.toml"])
            .output()
            .unwrap();
        assert!(names.status.success(), "{names:?}");
    }
}

#[cfg(unix)]
#[test]
fn standard_output_as_the_output_file_is_written_directly() {
    let (_, expected, _) = run(&["lines", "fixtures/logs"]);
    assert_eq!(run(&["lines", "fixtures/logs", "-o", "/dev/stdout"]), (Some(0), expected.clone(), String::new()));
    assert_eq!(run(&["lines", "fixtures/logs", "-o", "/dev/null"]), done());
    // If standard output is a file, the file is not replaced and keeps its content.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.txt");
    fs::write(&file, "before\n").unwrap();
    let stdout = fs::File::options().append(true).open(&file).unwrap();
    let status = callcodes(&["lines", "fixtures/logs", "-o", "/dev/stdout"]).stdout(stdout).status().unwrap();
    assert!(status.success());
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("before\n{expected}"));
    // A named pipe.
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut child = callcodes(&["lines", "fixtures/logs", "-o", path(&pipe)]).spawn().unwrap();
    assert_eq!(fs::read_to_string(&pipe).unwrap(), expected);
    assert!(child.wait().unwrap().success());
    assert_eq!(names_in(folder.path()), ["all.txt", "pipe"]);
}

#[test]
fn a_log_in_a_scanned_folder_is_not_overwritten_by_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, "call_status: 108\n").unwrap();
    let message = format!(
        "error: -o would overwrite {}, which is in a folder that is scanned and is not an earlier result. Choose \
         another file, or delete that one first\n",
        path(&log),
    );
    for command in ["scan", "lines", "files"] {
        assert_eq!(
            run(&[command, path(folder.path()), "-o", path(&log)]),
            (Some(2), String::new(), message.clone()),
            "{command}"
        );
        assert_eq!(fs::read_to_string(&log).unwrap(), "call_status: 108\n");
    }
    // An earlier result may be replaced, whatever its format and whatever its first row.
    let target = folder.path().join("result");
    fs::write(folder.path().join("Z.log"), "call_status: 1234567\n").unwrap();
    fs::write(folder.path().join("0.log"), "MFA call_status: \"a new name\"\n").unwrap();
    for args in [
        &["scan"][..],
        &["scan", "--format=csv"],
        &["scan", "--format=json"],
        &["lines"],
        &["lines", "--format=jsonl"],
        &["lines", "--format=csv"],
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
fn a_log_that_is_an_argument_is_not_overwritten_by_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    let by_another_name = folder.path().join(".").join("a.log");
    fs::write(&log, "call_status: 108\n").unwrap();
    let message = format!("error: -o would overwrite the input {}. Choose another file\n", path(&log));
    for command in ["scan", "lines", "files"] {
        let args = [command, "no-such.log", path(&log), "-o", path(&by_another_name)];
        assert_eq!(run(&args), (Some(2), String::new(), message.clone()), "{command}");
        assert_eq!(fs::read_to_string(&log).unwrap(), "call_status: 108\n");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
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
fn the_output_is_the_same_with_any_number_of_threads() {
    // One file is large enough to be divided among threads; many others are small.
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
        &["lines", "--format=csv"],
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
fn a_closed_pipe_ends_the_run_silently() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    fs::write(&log, "call_status: 108\n".repeat(200_000)).unwrap();
    for format in ["text", "jsonl", "csv"] {
        let mut command = callcodes(&["lines", "--format", format, path(&log)]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("call_status: 108") || first.starts_with("path,line,"), "{first}");
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{format}");
    }
}

#[test]
fn a_line_over_the_limit_is_searched_in_pieces_and_reported() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("long.log");
    let filler = "x".repeat(LONG_LINE_BYTES);
    let text = format!("call_status: 4\ncall_status: 108 {filler} call_status: 102\r\ncall_status: 21\n");
    fs::write(&log, &text).unwrap();
    let message = format!(
        "callcodes: {}: 1 line longer than 1048576 bytes was searched in pieces, the first at byte 15; a result that \
         is split between two pieces is missed\n",
        path(&log)
    );

    let (status, stdout, stderr) = run(&["lines", "--format=jsonl", path(&log)]);
    assert_eq!((status, &stderr), (Some(0), &message));
    let hits: Vec<serde_json::Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = hits
        .iter()
        .map(|hit| [&hit["line"], &hit["offset"], &hit["code"]].map(|value| value.as_u64().unwrap()))
        .collect();
    // The first line has 15 bytes. `call_status: 108 ` has 17, and the filler and a blank follow.
    let offset = 15 + 17 + LONG_LINE_BYTES as u64 + 1;
    assert_eq!(found, [[1, 0, 4], [2, 15, 108], [2, offset, 102], [3, offset + 16 + 2, 21]]);
    for hit in &hits {
        let text = hit["text"].as_str().unwrap();
        assert!(text.len() <= 4096 && text.contains(&format!("call_status: {}", hit["code"])), "{text}");
    }
    let cut: Vec<_> = hits.iter().map(|hit| hit.get("text_is_cut").is_some()).collect();
    assert_eq!(cut, [false, true, true, false]);

    let (status, stdout, stderr) = run(&["--format=json", path(&log)]);
    assert_eq!((status, &stderr), (Some(0), &message));
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
    // Standard error is a pipe here, and the run takes longer than the half second after which a terminal shows progress.
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
fn colour_marks_the_match_and_does_not_depend_on_the_code() {
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
