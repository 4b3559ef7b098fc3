//! Tests that files with the same bytes count once, wherever they are and however they are packed, and that a file that a
//! longer one begins with is a copy of that.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Returns a log in which all lines are different and each has a result.
fn log(lines: usize) -> Vec<u8> {
    (0..lines).flat_map(|line| format!("2017-02-14T02:57:24Z line {line}: callStatus=102\n").into_bytes()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The names and contents of files.
type Files<'f> = &'f [(&'f str, &'f [u8])];

/// Runs the program next to a folder `t` that contains these files. Returns standard output and standard error.
fn run(files: Files<'_>, args: &[&str], stdin: &[u8]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join("t").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    run_in(folder.path(), args, stdin)
}

fn run_in(folder: &Path, args: &[&str], stdin: &[u8]) -> (String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_callcodes"))
        .args(args)
        .arg("--no-config")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Standard input is closed right after it has been written; the output is read at the end.
    program.stdin.take().unwrap().write_all(stdin).unwrap();
    let output = program.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace('\r', "").replace('\\', "/");
    (text(output.stdout), text(output.stderr))
}

/// Returns the number of results and the number of files read, from a report in JSON.
fn counted(stdout: &str) -> (u64, u64) {
    let report: serde_json::Value = serde_json::from_str(stdout).unwrap();
    (report["totals"]["results"].as_u64().unwrap(), report["totals"]["files_read"].as_u64().unwrap())
}

#[test]
fn the_same_log_counts_once_however_it_is_packed() {
    let log = log(100);
    let packed = gzip(&log);
    let bundle = gzip(&tar(&[("host7/x.log", &log), ("host7/x.log.gz", &packed)]));
    let files: [(&str, &[u8]); 4] =
        [("x (2).log", &log), ("x.log", &log), ("y.log.gz", &packed), ("z.tar.gz", &bundle)];
    for threads in ["-j1", "-j2", "-j5"] {
        let (stdout, stderr) = run(&files, &["t", "--format", "json", threads, "-v"], b"");
        assert_eq!(counted(&stdout), (100, 1));
        // The log has 10 lines of 44 bytes and 90 of 45.
        let reported = ["x (2).log", "y.log.gz", "z.tar.gz!/host7/x.log", "z.tar.gz!/host7/x.log.gz"].map(|name| {
            format!("callcodes: t/{name}: a copy of t/x.log (4490 bytes), not counted; use --keep-copies to count it\n")
        });
        assert_eq!(stderr, reported.concat());
    }
    let (_, stderr) = run(&files, &["t"], b"");
    assert_eq!(
        stderr,
        "callcodes: 4 copies of files already read, 17.5 KiB, not counted (use --keep-copies to count them, -v to \
         list them)\n"
    );
    let (stdout, stderr) = run(&files, &["t", "--format", "json", "--keep-copies"], b"");
    assert_eq!((counted(&stdout), stderr.as_str()), ((500, 5), ""));
}

#[test]
fn the_original_counts_and_not_its_copy() {
    let log = log(1);
    let names = ["app (2).log", "app - Kopie.log", "Copy of app.log", "app.log", "other (1).log"];
    let files: Vec<(&str, &[u8])> = names[..4].iter().map(|name| (*name, &log[..])).collect();
    let reported = |folder: &str| {
        let copies = ["Copy of app.log", "app (2).log", "app - Kopie.log"].map(|name| {
            format!(
                "callcodes: {folder}{name}: a copy of {folder}app.log (44 bytes), not counted; use --keep-copies to \
                 count it\n"
            )
        });
        copies.concat()
    };
    let zip = crate::packing::pack(callcodes::unpack::Format::Zip, &files);
    let named: Vec<_> = names[..4].iter().map(|name| format!("t/{name}")).collect();
    for threads in ["-j1", "-j2", "-j5"] {
        assert_eq!(run(&files, &["t", threads, "-v"], b"").1, reported("t/"));
        assert_eq!(run(&[("a.zip", &zip)], &["t", threads, "-v"], b"").1, reported("t/a.zip!/"));
        // The names in the order in which a shell expands `*.log`.
        let args: Vec<_> = named.iter().map(String::as_str).chain([threads, "-v"]).collect();
        assert_eq!(run(&files, &args, b"").1, reported("t/"));
    }
    // The names of folders and archives mark copies, too.
    let files: [(&str, &[u8]); 4] = [
        ("a (1).zip", &zip),
        ("a.zip", &zip),
        ("logs - Copy/app.log", b"callStatus=4\n"),
        ("logs/app.log", b"callStatus=4\n"),
    ];
    let (stdout, _) = run(&files, &["lines", "t", "--format", "jsonl"], b"");
    let read: Vec<_> = stdout.lines().map(|line| line.split('"').nth(3).unwrap().replace("//", "/")).collect();
    assert_eq!(read, ["t/a.zip!/app.log", "t/logs/app.log"]);
}

#[test]
fn files_that_share_only_a_part_are_no_copies() {
    let log = log(100);
    let grown = [log.clone(), b"2017-02-14T02:57:25Z callStatus=102\n".to_vec()].concat();
    // The same length, with a different last line.
    let mut changed = log.clone();
    let last = changed.len() - 2;
    changed[last] = b'8';
    let (grown_packed, changed_packed) = (gzip(&grown), gzip(&changed));
    let files: [(&str, &[u8]); 4] = [
        ("a.log.1", &changed),
        ("a.log.2", &grown),
        ("b/a.log.1.gz", &changed_packed),
        ("b/a.log.2.gz", &grown_packed),
    ];
    let (stdout, _) = run(&files[..2], &["t", "--format", "json"], b"");
    assert_eq!(counted(&stdout), (201, 2));
    let (stdout, stderr) = run(&files, &["t", "--format", "json", "-v"], b"");
    assert_eq!(counted(&stdout), (201, 2));
    assert_eq!(
        stderr,
        "callcodes: t/b/a.log.1.gz: a copy of t/a.log.1 (4490 bytes), not counted; use --keep-copies to count it\n\
         callcodes: t/b/a.log.2.gz: a copy of t/a.log.2 (4526 bytes), not counted; use --keep-copies to count it\n\
         callcodes: t/a.log.2: 99 of its lines with results are also in t/a.log.1, byte for byte; all count\n"
    );
}

/// Returns the report of lines in common for logs with these ranges of lines, which is the same for any number of threads.
fn in_common(ranges: &[std::ops::Range<usize>], args: &[&str]) -> String {
    let all = log(ranges.iter().map(|range| range.end).max().unwrap());
    let lines: Vec<&[u8]> = all.split_inclusive(|&byte| byte == b'\n').collect();
    let logs: Vec<(String, Vec<u8>)> =
        (0..).zip(ranges).map(|(name, range)| (format!("{name}.log"), lines[range.clone()].concat())).collect();
    let files: Vec<(&str, &[u8])> = logs.iter().map(|(name, log)| (&**name, &**log)).collect();
    let reports = ["-j1", "-j2", "-j5"].map(|threads| {
        let (stdout, stderr) = run(&files, &[&["t", "--format", "json", "-v", threads], args].concat(), b"");
        assert_eq!(counted(&stdout).0, ranges.iter().map(|range| range.len() as u64).sum::<u64>());
        stderr
    });
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
    reports[0].clone()
}

#[test]
fn logs_with_a_part_in_common_are_reported() {
    let report = |log, lines, other| {
        format!(
            "callcodes: t/{log}.log: {lines} of its lines with results are also in t/{other}, byte for byte; all count\n"
        )
    };
    assert_eq!(in_common(&[0..400, 200..600], &[]), report(1, 200, "0.log"));
    assert_eq!(in_common(&[0..400, 390..600, 591..700], &[]), report(1, 10, "0.log"), "9 lines prove nothing");
    let reports = [report(1, 100, "0.log"), report(2, 150, "1.log and another file")].concat();
    assert_eq!(in_common(&[0..400, 300..600, 350..500], &[]), reports);
    assert_eq!(in_common(&[0..400, 200..600], &["--keep-copies"]), "");
}

#[test]
fn single_lines_in_common_prove_nothing() {
    // In the same second, hosts often write the same line, and several times.
    let log = |host: usize| -> Vec<u8> {
        let line = |second: usize| match second % 10 {
            0 => format!("2017-02-14T02:57:24Z host {host}, {second}: callStatus=102\n"),
            _ => format!("2017-02-14T02:57:24Z {second}: callStatus=102\n").repeat(30),
        };
        (1..100).map(line).collect::<String>().into_bytes()
    };
    let (_, stderr) = run(&[("host1.log", &log(1)), ("host2.log", &log(2))], &["t", "-v"], b"");
    assert_eq!(stderr, "");
}

#[test]
fn of_many_lines_some_are_compared() {
    let report = in_common(&[0..100_000, 60_000..150_000], &[]);
    let about = report.strip_prefix("callcodes: t/1.log: about ").expect(&report);
    let lines: f64 = about.split(' ').next().unwrap().parse().unwrap();
    assert!((lines / 40_000.0 - 1.0).abs() < 0.05, "{report}");
}

#[test]
fn a_file_that_a_longer_one_begins_with_is_a_copy() {
    let (monday, wednesday) = (log(300), log(600));
    let packed = gzip(&monday);
    let cases: [[(&str, &[u8]); 2]; 4] = [
        [("1-monday.log", &monday), ("2-wednesday.log", &wednesday)],
        [("1-wednesday.log", &wednesday), ("2-monday.log", &monday)],
        [("1-monday.log.gz", &packed), ("2-wednesday.log", &wednesday)],
        [("1-wednesday.log", &wednesday), ("2-monday.log.gz", &packed)],
    ];
    for files in cases {
        let (short, long) = if files[0].0.contains("monday") { (0, 1) } else { (1, 0) };
        let (short, long) = (files[short].0, files[long].0);
        let reported = format!(
            "callcodes: t/{short}: a copy of the beginning of t/{long} ({} bytes), not counted; use --keep-copies to \
             count it\n",
            monday.len()
        );
        for threads in ["-j1", "-j5"] {
            let (stdout, stderr) = run(&files, &["t", "--format", "json", threads], b"");
            assert_eq!((counted(&stdout), &stderr), ((600, 1), &reported), "{short} {threads}");
            // With a filter, other code decides what counts.
            let (stdout, stderr) =
                run(&files, &["t", "--format", "json", "--code", "102", "--by", "file", threads], b"");
            assert_eq!((counted(&stdout), &stderr), ((600, 1), &reported), "{short} {threads}");
            assert!(
                !stdout.replace("t/2-", "t/1-").contains(&format!("\"file\": \"t/{}\"", short.replace('2', "1"))),
                "{stdout}"
            );
            let (stdout, stderr) = run(&files, &["lines", "t", threads], b"");
            assert!(stdout.lines().all(|line| line.starts_with(&format!("t/{long}:"))), "{short} {threads}");
            assert_eq!((stdout.lines().count(), &stderr), (600, &reported));
            for filter in [&[][..], &["--code", "102"]] {
                let (stdout, _) = run(&files, &[&["files", "t", "--format", "json", threads], filter].concat(), b"");
                let report: serde_json::Value = serde_json::from_str(&stdout).unwrap();
                let entries = report["files"].as_array().unwrap();
                let results: u64 = entries.iter().filter_map(|entry| entry["results"].as_u64()).sum();
                assert_eq!((entries.len(), results), (2, 600), "{stdout}");
                assert!(stdout.contains("a copy of the beginning of t/"), "{stdout}");
            }
        }
        let (stdout, stderr) = run(&files, &["t", "--format", "json", "--keep-copies"], b"");
        assert_eq!((counted(&stdout), stderr.as_str()), ((900, 2), ""));
    }
    // What has been printed cannot be taken back.
    let (stdout, stderr) = run(&cases[0], &["lines", "--no-join", "t"], b"");
    assert_eq!(stdout.lines().count(), 900);
    assert_eq!(
        stderr,
        "callcodes: t/1-monday.log: a copy of the beginning of t/2-wednesday.log, counted anyway: it was read first\n"
    );
}

#[test]
fn a_file_in_an_archive_that_may_repeat_another_one_is_reported() {
    let (monday, wednesday) = (log(300), log(600));
    let (archive, packed) = (tar(&[("1.log", &monday), ("2.log", &wednesday)]), gzip(&wednesday));
    let other_way = tar(&[("1.log", &wednesday), ("2.log", &monday)]);
    let cases: [(Files<'_>, &str); 3] = [
        (
            &[("a.tar", &archive)],
            "callcodes: t/a.tar!/2.log: begins like t/a.tar!/1.log and may repeat its lines; both count; extract the \
             outermost archive and scan the folder\n",
        ),
        (
            &[("a.tar", &other_way)],
            "callcodes: t/a.tar!/2.log: begins like t/a.tar!/1.log and may repeat its lines; both count; extract the \
             outermost archive and scan the folder\n",
        ),
        (
            &[("1.log", &monday), ("2.log.gz", &packed)],
            "callcodes: t/2.log.gz: begins like t/1.log and may repeat its lines; both count; decompress it with \
             another program and scan the result\n",
        ),
    ];
    for (files, reported) in cases {
        for threads in ["-j1", "-j5"] {
            let (stdout, stderr) = run(files, &["t", "--format", "json", threads], b"");
            assert_eq!((counted(&stdout), stderr.as_str()), ((900, 2), reported));
        }
        let (_, stderr) = run(files, &["t", "--keep-copies"], b"");
        assert_eq!(stderr, "");
    }
    // Only the heading is the same.
    let heading = b"# heading\n".repeat(60);
    let logs = ["one", "two"].map(|word| {
        let log = String::from_utf8(log(30)).unwrap().replace("line", word);
        [&heading[..], log.as_bytes()].concat()
    });
    let (stdout, stderr) = run(
        &[("a.tar", &tar(&[("1.log", &logs[0]), ("2.log", &logs[1]), ("3.log", &[&logs[1][..], b"x\n"].concat())]))],
        &["t", "--format", "json"],
        b"",
    );
    assert_eq!(counted(&stdout), (90, 3));
    assert!(
        stderr.starts_with("callcodes: t/a.tar!/3.log: begins like t/a.tar!/2.log and") && stderr.lines().count() == 1,
        "{stderr}"
    );
}

#[test]
fn a_log_that_was_collected_every_day_counts_once() {
    let days: Vec<Vec<u8>> = [100, 200, 300, 400].map(log).to_vec();
    let names = ["1.log", "2.log", "3.log", "4.log"];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
        let files: Vec<(&str, &[u8])> = names.iter().zip(order).map(|(name, day)| (*name, &days[day][..])).collect();
        let (stdout, _) = run(&files, &["t", "--format", "json"], b"");
        assert_eq!(counted(&stdout), (400, 1), "{order:?}");
    }
}

#[test]
fn files_with_the_same_heading_all_count() {
    let heading = b"# heading\n".repeat(60);
    let logs: Vec<(String, Vec<u8>)> =
        (0..40).map(|number| (format!("{number}.log"), [&heading[..], &log(number + 1), b"end\n"].concat())).collect();
    let files: Vec<(&str, &[u8])> = logs.iter().map(|(name, log)| (name.as_str(), &log[..])).collect();
    let (stdout, stderr) = run(&files, &["t", "--format", "json", "-v"], b"");
    assert_eq!(counted(&stdout), ((1..=40).sum(), 40));
    // They have lines in common as well, each of which was first in another log.
    assert_eq!(stderr.lines().count(), 30, "{stderr}");
    let last =
        "t/39.log: 39 of its lines with results are also in t/10.log and 30 other files, byte for byte; all count";
    assert!(stderr.contains(last), "{stderr}");
}

#[test]
fn of_two_files_of_the_same_name_in_an_archive_the_later_counts() {
    let (old, new) = (log(3), log(5));
    let archive = tar(&[("x.log", &old), ("y.log", b"callStatus=4\n"), ("x.log", &new)]);
    let packed = gzip(&archive);
    for (name, bytes) in [("a.tar", &archive), ("a.tgz", &packed)] {
        let files: [(&str, &[u8]); 1] = [(name, bytes)];
        let (stdout, stderr) = run(&files, &["t", "--format", "json"], b"");
        assert_eq!(counted(&stdout), (6, 2));
        assert_eq!(
            stderr,
            format!(
                "callcodes: t/{name}!/x.log: replaced by a later file of this name in the archive ({} bytes), not \
                 counted; use --keep-copies to count it\n",
                old.len()
            )
        );
        let (stdout, _) = run(&files, &["t", "--format", "json", "--keep-copies"], b"");
        assert_eq!(counted(&stdout), (9, 3));
    }
    // If both are the same, the later one is a copy.
    let (stdout, _) = run(&[("a.tar", &tar(&[("x.log", &old), ("x.log", &old)]))], &["t", "--format", "json"], b"");
    assert_eq!(counted(&stdout), (3, 1));
}

#[test]
fn lines_of_a_copy_are_printed_once_and_in_order() {
    let log = log(3);
    let (packed, bundle) = (gzip(&log), tar(&[("c.log", &log), ("d.log", b"callStatus=4\n")]));
    let files: [(&str, &[u8]); 4] = [("a.log", &log), ("b.log", &log), ("b.log.gz", &packed), ("c.tar", &bundle)];
    for threads in ["-j1", "-j3"] {
        let (stdout, _) = run(&files, &["lines", "t", threads], b"");
        assert_eq!(
            stdout,
            "t/a.log:1: [102 Phone Unreachable] 2017-02-14T02:57:24Z line 0: callStatus=102\n\
             t/a.log:2: [102 Phone Unreachable] 2017-02-14T02:57:24Z line 1: callStatus=102\n\
             t/a.log:3: [102 Phone Unreachable] 2017-02-14T02:57:24Z line 2: callStatus=102\n\
             t/c.tar!/d.log:1: [4 No Phone Input - Timed Out] callStatus=4\n"
        );
    }
}

#[test]
fn a_truncated_copy_counts_up_to_where_it_ends() {
    let log = log(100);
    let packed = gzip(&log);
    let cut = &packed[..packed.len() * 3 / 4];
    let (stdout, stderr) = run(&[("a.log", &log), ("b.log.gz", cut)], &["t", "--format", "json"], b"");
    let (results, files) = counted(&stdout);
    assert!(results > 100 && results < 200, "{results}");
    assert_eq!(files, 2);
    assert!(stderr.starts_with("callcodes: t/b.log.gz: the gzip data is cut short;"), "{stderr}");
}

#[test]
fn piped_input_counts_once_whether_it_comes_first_or_last() {
    // More than one block, so that different tasks read the beginning and the end.
    let (log, other) = (log(20_000), b"callStatus=4\n");
    let packed = gzip(&log);
    let cases: [(&[&str], &str); 4] = [
        (&["t/a.log", "-"], "stdin: a copy of t/a.log"),
        (&["-", "t/a.log"], "t/a.log: a copy of stdin"),
        (&["t/a.log.gz", "-"], "stdin: a copy of t/a.log.gz"),
        (&["-", "t/b.log", "t/a.log.gz"], "t/a.log.gz: a copy of stdin"),
    ];
    let files: [(&str, &[u8]); 3] = [("a.log", &log), ("a.log.gz", &packed), ("b.log", other)];
    for (inputs, reported) in cases {
        for threads in ["-j1", "-j3"] {
            let args = [inputs, &["--format", "json", threads]].concat();
            let (stdout, stderr) = run(&files, &args, &log);
            let (results, _) = counted(&stdout);
            assert_eq!(results, 20_000 + u64::from(inputs.contains(&"t/b.log")), "{args:?}");
            assert_eq!(
                stderr,
                format!("callcodes: {reported} ({} bytes), not counted; use --keep-copies to count it\n", log.len())
            );
        }
    }
    let (stdout, stderr) = run(&files, &["t/a.log", "-", "--keep-copies", "--format", "json"], &log);
    assert_eq!((counted(&stdout), stderr.as_str()), ((40_000, 2), ""));
    // The piped input has one byte more than the file.
    let grown = [log.as_slice(), b"x"].concat();
    let (stdout, stderr) = run(&files, &["t/a.log", "-", "--format", "json"], &grown);
    assert_eq!(counted(&stdout), (40_000, 2));
    assert_eq!(stderr, "callcodes: stdin: begins like t/a.log and may repeat its lines; both count\n");
}

#[test]
fn empty_files_are_no_copies() {
    let (stdout, stderr) = run(&[("b.log", b""), ("c.log", b"")], &["t", "-", "--format", "json"], b"");
    assert_eq!((counted(&stdout), stderr.as_str()), ((0, 3), ""));
}

#[test]
fn a_copy_with_more_lines_than_are_held_back_is_printed_and_reported() {
    // The printed lines take about 20 MiB.
    let log = log(250_000);
    let packed = gzip(&log);
    let files: [(&str, &[u8]); 2] = [("a.log", &log), ("b.gz", &packed)];
    let (stdout, stderr) = run(&files, &["lines", "--no-join", "t"], b"");
    assert_eq!(stdout.lines().count(), 500_000);
    assert_eq!(
        stderr,
        "callcodes: t/b.gz: a copy of t/a.log, counted anyway: it holds too many results to wait for its end\n"
    );
    // More are held back if they wait for their sign-ins anyway.
    let (stdout, _) = run(&files, &["lines", "t"], b"");
    assert_eq!(stdout.lines().count(), 250_000);
    let (stdout, _) = run(&files, &["t", "--format", "json"], b"");
    assert_eq!(counted(&stdout), (250_000, 1));
}
