//! Tests `plan`, `scan --partial` and `merge` as users run them on many machines: the result is that of one run, and what is missing,
//! damaged, old or foreign is named with what to do about it.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use callcodes::unpack::{Codec, Format};
use tempfile::TempDir;

use crate::packing::{compress, pack};
use crate::sealed::sealed;

/// What a run has printed.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    /// Without the notes about the logs of a [`fleet`], which are always the same.
    stderr: String,
    /// All of standard error.
    notes: String,
}

/// Runs the program in a folder. Backslashes are returned as slashes, because the messages have paths.
fn run_with(folder: &Path, args: &[&str], stdin: &[u8]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.current_dir(folder).args(args).env("NO_COLOR", "1").env("COLUMNS", "100");
    for variable in ["XDG_CONFIG_HOME", "APPDATA", "HOME", "USERPROFILE"] {
        command.env(variable, "no-such-folder");
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that is refused may not read its input.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    let notes = text(output.stderr).replace('\\', "/");
    let about = [": a copy of ", " of a call status but holds no result", SCAN_ONLY.trim_end()];
    let is_about_logs = |line: &&str| about.iter().any(|about| line.contains(about));
    let stderr = notes.split_inclusive('\n').filter(|line| !is_about_logs(line)).collect();
    Run { status: output.status.code(), stdout: text(output.stdout), stderr, notes }
}

/// What a merge of the logs of a [`fleet`] says about an option that is suggested and that it does not have.
const SCAN_ONLY: &str = "callcodes: pass --keep-copies to callcodes scan --partial, because merge reads no logs\n";

fn run(folder: &Path, args: &[&str]) -> Run {
    run_with(folder, args, b"")
}

#[track_caller]
fn assert_refused(run: &Run, message: &str) {
    assert_eq!(
        (run.status, run.stdout.as_str(), run.stderr.as_str()),
        (Some(2), "", format!("error: {message}\n").as_str())
    );
}

/// The logs of three machines. The second has a copy of a log of the first, and the third has the logs of another program.
const LOGS: [(&str, &str); 6] = [
    ("PC1/radius.log", "fixtures/logs/mfa1/MultiFactorAuthRadiusSvc.log"),
    ("PC1/svc.log", "fixtures/logs/mfa1/MultiFactorAuthSvc.log"),
    ("PC2/old/radius.log", "fixtures/logs/mfa1/MultiFactorAuthRadiusSvc.log"),
    ("PC2/svc.log", "fixtures/logs/mfa2/MultiFactorAuthSvc.log"),
    ("PC3/host-log.txt", "fixtures/logs/netop/host-log.txt"),
    ("PC3/near.log", ""),
];

/// Returns a folder with the logs of the machines in `logs`, and a partial of each in `partials`.
fn fleet() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, fixture) in LOGS {
        let path = folder.path().join("logs").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if fixture.is_empty() {
            fs::write(path, "2017-02-14T08:00:00Z second factor: callStatus unreadable for somebody\n").unwrap();
        } else {
            fs::copy(fixture, path).unwrap();
        }
    }
    fs::create_dir(folder.path().join("partials")).unwrap();
    for machine in ["PC1", "PC2", "PC3"] {
        let done = run(
            &folder.path().join("logs").join(machine),
            &scan(machine, &["-o", &format!("../../partials/{machine}.ccp")]),
        );
        assert_eq!((done.status, done.stdout.as_str(), done.stderr.as_str()), (Some(0), "", ""));
    }
    folder
}

/// Returns the arguments that write a partial of the logs of one of the [`fleet`]. The paths of the logs have no folder in front, so that
/// they are the same as in one run.
fn scan<'a>(machine: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let logs: &[&str] = match machine {
        "PC1" => &["radius.log", "svc.log"],
        "PC2" => &[if cfg!(windows) { r"old\radius.log" } else { "old/radius.log" }, "svc.log"],
        _ => &["host-log.txt", "near.log"],
    };
    let kind: &[&str] = if more.contains(&"--partial-line") { &[] } else { &["--partial"] };
    [&["scan", "--machine", machine][..], kind, logs, more].concat()
}

fn partial(folder: &TempDir, machine: &str) -> PathBuf {
    folder.path().join("partials").join(format!("{machine}.ccp"))
}

/// Changes the text of a partial, and the digest at its end.
fn changed(folder: &TempDir, machine: &str, from: &str, to: &str) {
    let text = fs::read_to_string(partial(folder, machine)).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(partial(folder, machine), sealed(text.replacen(from, to, 1).as_bytes(), false)).unwrap();
}

/// The ways of counting and printing that are compared.
const WAYS: [&[&str]; 5] = [
    &["--format", "json"],
    &["--by", "host,code"],
    &["--by", "user", "--format", "csv"],
    &["--near-misses", "--no-findings"],
    &["--by", "file", "--since", "2017-02-14 03:00", "--format", "json"],
];

/// Returns what one run over the logs of these machines prints.
fn in_one_run(folder: &TempDir, machines: &[&str], way: &[&str]) -> Run {
    let args = [&["scan"], way, machines].concat();
    run(&folder.path().join("logs"), &args)
}

#[test]
fn the_partials_of_machines_print_the_bytes_of_one_run() {
    let folder = fleet();
    for way in WAYS {
        let merged = run(folder.path(), &[&["merge"], way, &["partials"]].concat());
        let expected = in_one_run(&folder, &["PC1", "PC2", "PC3"], way);
        // Commands to type and line numbers of near misses are those of logs, which partials do not have.
        assert_eq!(merged.stdout, expected.stdout.replace("PC1 PC2 PC3", "PATH"), "{way:?}");
        assert_eq!((merged.status, merged.notes), (expected.status, expected.notes + SCAN_ONLY), "{way:?}");
    }
}

#[test]
fn every_form_of_partials_gives_the_same_result() {
    let folder = fleet();
    let expected = run(folder.path(), &["merge", "--format", "json", "partials"]);
    let read = |machine| fs::read(partial(&folder, machine)).unwrap();
    let text = String::from_utf8(read("PC1")).unwrap();
    assert!(text.is_ascii());
    let windows = text.replace('\n', "\r\n");
    let utf16 =
        |text: &str| -> Vec<u8> { format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let marked = [&b"\xEF\xBB\xBF"[..], text.as_bytes()].concat();
    for form in [windows.clone().into_bytes(), utf16(&windows), marked, compress(Codec::Gzip, text.as_bytes())] {
        fs::write(partial(&folder, "PC1"), form).unwrap();
        let merged = run(folder.path(), &["merge", "--format", "json", "partials"]);
        assert_eq!((merged.status, merged.stderr.as_str(), &merged.stdout), (Some(0), "", &expected.stdout));
    }
    // All in one file, in another order, piped in.
    let all = [read("PC3"), read("PC2"), text.into_bytes()].concat();
    let merged = run_with(folder.path(), &["merge", "--format", "json", "-"], &all);
    assert_eq!((merged.stderr.as_str(), &merged.stdout), ("", &expected.stdout));
}

#[test]
fn lines_are_found_wherever_they_are_and_give_the_same_result() {
    let folder = fleet();
    let expected = run(folder.path(), &["merge", "--format", "json", "partials"]);
    let mut rows = vec!["Device,Status,Output,Code".to_owned()];
    for machine in ["PC1", "PC2", "PC3"] {
        let done = run(&folder.path().join("logs").join(machine), &scan(machine, &["--partial-line"]));
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""), "{done:?}");
        let line = done.stdout.trim_end_matches('\n');
        assert!(line.len() <= 2000 && line.starts_with("CC1:") && !line.contains('\n'), "{line}");
        rows.push(format!("{machine},Succeeded,\"found: {line}\",0"));
    }
    let csv = rows.join("\r\n") + "\r\n";
    fs::create_dir(folder.path().join("answers")).unwrap();
    let write = |bytes: &[u8]| fs::write(folder.path().join("answers/all.csv"), bytes).unwrap();
    let merge = || run(folder.path(), &["merge", "--format", "json", "answers"]);
    let utf16: Vec<u8> = format!("\u{feff}{csv}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for form in [csv.clone().into_bytes(), utf16, compress(Codec::Gzip, csv.as_bytes())] {
        write(&form);
        let merged = merge();
        assert_eq!((merged.status, merged.stderr.as_str(), &merged.stdout), (Some(0), "", &expected.stdout));
    }
    // A host that printed something else is said.
    write(format!("{csv}PC4,Failed,Access denied\r\n").as_bytes());
    let said = "callcodes: answers/all.csv: line 5 has no partial. It begins with: PC4,Failed,Access denied\n";
    let merged = merge();
    assert_eq!((merged.stderr.as_str(), &merged.stdout), (said, &expected.stdout));
    write(format!("{csv}PC4,Failed,Access denied\r\nPC5,Failed,Timeout\r\n").as_bytes());
    let said = "callcodes: answers/all.csv: 2 lines have no partial, such as line 5, which begins with: PC4,Failed,Access denied\n";
    assert_eq!(merge().stderr, said);
    // Lines of which a tool returns the end, the beginning, or other characters.
    let begin = rows[2].find("CC1:").unwrap();
    let cut = |row: String| {
        write([&rows[..2], &[row], &rows[3..]].concat().join("\n").as_bytes());
        merge().stderr
    };
    let what = |what: &str, begins: &str| {
        format!(
            "error: answers/all.csv:3: the {what}. The line begins with: {begins}. To count the others, pass --allow-missing\n"
        )
    };
    let cut_end = cut(rows[2][..rows[2].len() - 30].to_owned());
    let missing = "end of the partial is missing. The tool that collected it has cut or wrapped the line: collect it again with longer lines";
    assert_eq!(cut_end, what(missing, "PC2,Succeeded,\"found: CC1:"));
    let cut_beginning = cut(format!("PC2,{}", &rows[2][begin + 40..]));
    let missing = "beginning of the partial is missing. The tool that collected it has kept only the end of the line: print nothing after the \
                   line, or collect a file instead";
    assert!(
        cut_beginning.starts_with(&format!("error: answers/all.csv:3: the {missing}. The line begins with: PC2,")),
        "{cut_beginning}"
    );
    let other = if rows[2].as_bytes()[begin + 100] == b'A' { "B" } else { "A" };
    let damaged = cut(format!("{}{other}{}", &rows[2][..begin + 100], &rows[2][begin + 101..]));
    assert_eq!(damaged, what("partial is damaged. Collect it again", "PC2,Succeeded,\"found: CC1:"));
    // The others count, and the host is named.
    let lenient = run(folder.path(), &["merge", "--allow-missing", "--format", "csv", "answers"]);
    assert_eq!(lenient.status, Some(3), "{lenient:?}");
    assert!(lenient.stderr.contains("answers/all.csv:3: the partial is damaged"), "{lenient:?}");
}

#[test]
fn a_partial_in_json_that_is_not_intact_among_lines_is_refused() {
    let folder = fleet();
    let line = run(&folder.path().join("logs/PC1"), &scan("PC1", &["--partial-line"])).stdout;
    let json = fs::read_to_string(partial(&folder, "PC3")).unwrap();
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let after = |line: &str, json: String| [line.as_bytes(), json.as_bytes()].concat();
    let joined = |lines: Vec<String>| lines.join("\n") + "\n";
    let prefixed = joined(json.lines().map(|line| format!("host2: {line}")).collect());
    let cells = joined(json.lines().map(|line| format!("PC3,\"{}\"", line.replace('"', "\"\""))).collect());
    let escaped = joined(json.lines().map(|line| format!("out={}", line.replace('"', "\\\""))).collect());
    let without_first: String = json.split_inclusive('\n').skip(1).collect();
    let last: Vec<String> = json.lines().rev().take(2).map(str::to_owned).collect();
    let in_json = "this is of a partial in JSON that is not as it was written, among other lines. Put the partial into a file of its own, or \
                   collect it again";
    let with_nul = "there is a NUL, as if text in UTF-16 had been added to text in another encoding. Put each into a file of its own";
    let merge = |bytes: &[u8]| {
        fs::write(folder.path().join("all"), bytes).unwrap();
        run(folder.path(), &["merge", "--format", "csv", "all"])
    };
    let files = [
        (1, after(line.trim_end(), json.clone()), in_json),
        (2, after(&line, without_first), in_json),
        (2, after(&line, joined(last.into_iter().rev().collect())), in_json),
        (2, after(&line, prefixed), in_json),
        (2, after(&line, cells), in_json),
        (2, after(&line, escaped), in_json),
        (2, [line.as_bytes(), &utf16(&format!("\u{feff}{json}"))].concat(), in_json),
        (2, [line.as_bytes(), &utf16(&line)].concat(), with_nul),
    ];
    for (number, bytes, what) in files {
        let merged = merge(&bytes);
        assert_eq!((merged.status, merged.stdout.as_str()), (Some(2), ""), "{merged:?}");
        assert!(
            merged
                .stderr
                .ends_with(&format!("error: all:{number}: {what}. To count the others, pass --allow-missing\n")),
            "{merged:?}"
        );
    }
    let other =
        "in line 2, a partial begins that is not in UTF-16, as the text before it is. Put each into a file of its own";
    for text in [&json, &line] {
        let merged = merge(&[&utf16(&format!("\u{feff}{line}")), text.as_bytes()].concat());
        assert_refused(&merged, &format!("all: {other}"));
    }
    // JSON of the tool that has collected a partial.
    let merged = merge(format!("[{{\"done\":true,\"output\":\"{}\"}}]\n", line.trim_end()).as_bytes());
    assert_eq!((merged.status, merged.stderr.as_str()), (Some(0), ""));
    // A partial in JSON is named once, and the line counts.
    let lenient = {
        fs::write(folder.path().join("all"), after(line.trim_end(), json)).unwrap();
        run(folder.path(), &["merge", "--allow-missing", "--format", "csv", "all"])
    };
    assert_eq!(lenient.status, Some(3));
    assert_eq!(lenient.stderr.matches("a partial in JSON").count(), 1, "{lenient:?}");
    assert_ne!(lenient.stdout, "");
}

#[test]
fn a_first_line_without_a_partial_is_named_unless_it_has_the_names_of_columns() {
    let folder = fleet();
    let lines = ["PC1", "PC2"].map(|machine| {
        let done = run(&folder.path().join("logs").join(machine), &scan(machine, &["--partial-line"]));
        done.stdout.trim_end().to_owned()
    });
    let merge = |text: String| {
        fs::write(folder.path().join("all"), text).unwrap();
        run(folder.path(), &["merge", "--format", "csv", "all"]).stderr
    };
    let [first, second] = &lines;
    let cut = &first[10..first.len() - 10];
    let said = |number, text: &str| format!("callcodes: all: line {number} has no partial. It begins with: {text}\n");
    assert_eq!(merge(format!("{cut}\n{second}\n")), said(1, &cut[..40]));
    assert_eq!(merge(format!("Device,Output\n{second}\n")), said(1, "Device,Output"));
    assert_eq!(merge(format!("Device;\"The; output\"\nPC2;{second}\n")), "");
    assert_eq!(merge(format!("Output\n{second}\n")), "");
    let both = merge(format!("{cut}\nPC3: failed\n{second}\n"));
    assert_eq!(
        both,
        format!("callcodes: all: 2 lines have no partial, such as line 1, which begins with: {}\n", &cut[..40])
    );
}

#[test]
fn machines_with_the_same_path_have_no_file_that_changed() {
    let folder = tempfile::tempdir().unwrap();
    for (machine, day) in [("A", 13), ("B", 14)] {
        fs::write(
            folder.path().join("Svc.log"),
            format!("2017-02-{day}T08:00:00Z callStatus=102 errorId=0 ann\n").repeat(day),
        )
        .unwrap();
        let done = run(
            folder.path(),
            &["scan", "--partial", "--machine", machine, "-o", &format!("{machine}.ccp"), "Svc.log"],
        );
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    }
    let merged = run(folder.path(), &["merge", "--format", "csv", "A.ccp", "B.ccp"]);
    assert_eq!((merged.status, merged.stderr.as_str()), (Some(0), ""));
}

#[test]
fn old_partials_and_missing_hosts_are_each_named_once() {
    let folder = fleet();
    for machine in ["PC2", "PC3"] {
        let text = fs::read_to_string(partial(&folder, machine)).unwrap();
        let at = text.find("\"written\":").unwrap() + 10;
        let written = text[at..].split(['}', ',']).next().unwrap().to_owned();
        changed(&folder, machine, &written, "1500000000");
    }
    fs::write(folder.path().join("hosts.txt"), "PC1\nPC2\nPC3\nPC4\n").unwrap();
    let merged = run(folder.path(), &["merge", "--format", "json", "--expect-hosts", "hosts.txt", "partials"]);
    let silent =
        "callcodes: PC4: no partial is of this host, which is in hosts.txt; run callcodes scan --partial on it\n";
    let old = "callcodes: 2 partials are old or from the future, and count; first: PC2: its partial was written at 2017-07-14T02:40:00Z, more than \
               1d before the newest, so later results are missing; run callcodes scan --partial on it again (-v lists all)\n";
    assert_eq!((merged.status, merged.stderr), (Some(3), format!("{silent}{old}")));
    assert!(merged.stdout.contains("\"kind\": \"no-partial\"") && merged.stdout.contains("\"kind\": \"old-partial\""));
}

#[test]
fn a_merge_with_a_plan_suggests_the_options_of_a_plan_for_it() {
    let folder = fleet();
    fs::write(folder.path().join("logs/x.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    assert_eq!(run(folder.path(), &["plan", "-o", "p", "logs"]).status, Some(0));
    assert_eq!(run(folder.path(), &["scan", "--partial", "--plan", "p", "-o", "x.ccp"]).status, Some(0));
    let merged = run(folder.path(), &["merge", "--plan", "p", "--format", "csv", "x.ccp"]);
    assert!(
        merged.stderr.ends_with("callcodes: pass --binary to callcodes plan, which says what is read\n"),
        "{merged:?}"
    );
    assert!(!merged.stderr.contains("to callcodes scan"), "{merged:?}");
}

#[test]
fn a_merge_of_a_plan_says_of_files_without_results_what_a_scan_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("l")).unwrap();
    fs::copy("fixtures/logs/mfa1/MultiFactorAuthSvc.log", path("l/b.log")).unwrap();
    fs::write(path("l/undecided.log"), "03/02/2017 02:57:24 hello\n".repeat(3)).unwrap();
    fs::write(path("l/year.log"), "Feb 14 02:57:24 host hello\n".repeat(3)).unwrap();
    // Two files that only begin alike.
    for (name, len) in [("l/x.log", 20_000), ("l/y.log", 60_000)] {
        fs::write(path(name), format!("{} callStatus=102 errorId=0 ann\n", "x".repeat(len)).repeat(2)).unwrap();
    }
    assert_eq!(run(folder.path(), &["plan", "--split-bytes", "8K", "-o", "p", "l"]).status, Some(0));
    assert_eq!(run(folder.path(), &["scan", "--partial", "--plan", "p", "-o", "x.ccp"]).status, Some(0));
    for way in [&[][..], &["--no-findings"], &["--near-misses"], &["--by", "file"]] {
        let merged = run(folder.path(), &[&["merge", "--format", "json", "--plan", "p", "x.ccp"], way].concat());
        let scanned = run(folder.path(), &[&["scan", "--format", "json", "l"], way].concat());
        assert_eq!((merged.stdout, merged.stderr), (scanned.stdout, scanned.stderr), "{way:?}");
    }
}

#[test]
fn a_host_with_too_many_results_for_a_line_is_refused_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..2000_u64).map(|number| {
        let (minute, second) = (number / 60, number % 60);
        format!(
            "2017-02-14T{:02}:{:02}:{second:02}.{:03}Z callStatus={} user=u{number}\n",
            minute / 60,
            minute % 60,
            number * number * 7919 % 997,
            number * number * 31 % 127
        )
    });
    fs::write(folder.path().join("a.log"), lines.collect::<String>()).unwrap();
    let done = run(folder.path(), &["scan", "--partial-line", "a.log"]);
    assert_eq!((done.status, done.stdout.as_str()), (Some(2), ""));
    let [start, end] = [
        "error: what was found needs a line of ",
        " characters, and --partial-line prints at most 2,000. Write a file with --partial -o FILE and collect it, or read fewer logs, \
         such as those of the last week with --newer-than 1w\n",
    ];
    assert!(done.stderr.starts_with(start) && done.stderr.ends_with(end), "{done:?}");
}

#[test]
fn a_month_with_thirty_results_fits_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..30_u32).map(|number| {
        let (day, hour) = (1 + number, number * 7 % 24);
        let (code, user, thread) = ([21, 108, 102, 133, 4][(number % 5) as usize], number * 13 % 9, 0x1934 + number % 4 * 8);
        format!("i,2017-01-{day:02}T{hour:02}:{:02}:{:02}.{:06}Z,[1412.{thread}] host log of user{user}: callStatus={code}\n", number * 17 % 60, number * 29 % 60, number * 7919 % 1_000_000)
    });
    fs::write(folder.path().join("a.log"), lines.collect::<String>()).unwrap();
    let done = run(folder.path(), &["scan", "--partial-line", "a.log"]);
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    assert!(done.stdout.len() < 1500, "{}", done.stdout.len());
}

#[test]
fn merges_of_merges_print_the_same() {
    let folder = fleet();
    let both = run(folder.path(), &["merge", "--partial", "-o", "both.ccp", "partials/PC3.ccp", "partials/PC1.ccp"]);
    assert_eq!((both.status, both.stdout.as_str(), both.stderr.as_str()), (Some(0), "", ""));
    let expected = run(folder.path(), &["merge", "--format", "json", "partials"]);
    let merged = run(folder.path(), &["merge", "--format", "json", "both.ccp", "partials/PC2.ccp"]);
    assert_eq!((merged.stderr.as_str(), &merged.stdout), ("", &expected.stdout));
    // What is there twice counts once.
    let merged = run(folder.path(), &["merge", "--format", "json", "both.ccp", "partials"]);
    assert_eq!(merged.stdout, expected.stdout);
    assert_eq!(merged.stderr, "callcodes: 2 pieces or partials are there more than once, and count once\n");
    // A partial may be written beside the others, but the next merge reads it, too.
    let beside = "callcodes: partials/all.ccp is in partials, so the next merge of that folder reads it, too. What is there twice counts once\n";
    for _ in 0..2 {
        let merged = run(folder.path(), &["merge", "--partial", "-o", "partials/all.ccp", "partials"]);
        assert_eq!((merged.status, merged.stderr.as_str()), (Some(0), beside));
    }
    let merged = run(folder.path(), &["merge", "--format", "json", "partials"]);
    assert_eq!(merged.stdout, expected.stdout);
    assert_eq!(merged.stderr, "callcodes: 3 pieces or partials are there more than once, and count once\n");
}

#[test]
fn a_result_beside_the_partials_is_skipped_and_named() {
    let folder = fleet();
    let expected = run(folder.path(), &["merge", "--by", "host", "partials"]);
    let mut skipped = String::new();
    for name in ["a.csv", "b.json", "c.txt"] {
        let target = format!("partials/{name}");
        let written = run(folder.path(), &["merge", "--by", "host", "-o", &target, "partials"]);
        assert_eq!((written.status, written.stderr.as_str()), (expected.status, skipped.as_str()), "{name}");
        skipped += &format!("callcodes: {target}: skipped, because it is a result of callcodes and no partial\n");
    }
    let merged = run(folder.path(), &["merge", "--by", "host", "partials"]);
    assert_eq!((&merged.stdout, &merged.stderr), (&expected.stdout, &skipped));
    // A file that was passed by its name is meant.
    let passed = run(folder.path(), &["merge", "partials/a.csv"]);
    assert!(passed.stderr.starts_with("error: partials/a.csv:1: this is no partial of callcodes."), "{passed:?}");
}

#[test]
fn a_machine_whose_name_only_looks_like_one_with_a_domain_counts_and_is_named() {
    let folder = fleet();
    changed(&folder, "PC2", "\"machine\":\"PC2\"", "\"machine\":\"PC1.old\"");
    let expected = in_one_run(&folder, &["PC1", "PC2", "PC3"], &["--by", "code", "--format", "csv"]);
    let merge = ["merge", "--by", "code", "--format", "csv"];
    let merged = run(folder.path(), &[&merge[..], &["partials"]].concat());
    assert_eq!((merged.status, merged.stdout, merged.stderr), (Some(0), expected.stdout, String::new()));
    fs::remove_file(partial(&folder, "PC1")).unwrap();
    fs::write(folder.path().join("hosts.txt"), "PC1\nPC3.corp.example\n").unwrap();
    let merged = run(folder.path(), &[&merge[..], &["--expect-hosts", "hosts.txt", "partials"]].concat());
    let seen = "callcodes: answered under another name than that in hosts.txt: PC3.corp.example as PC3\n\
                callcodes: 1 machine is not in hosts.txt, and counted anyway: PC1.old\n\
                callcodes: PC1: no partial is of this host (but from PC1.old), which is in hosts.txt; run callcodes scan --partial on it\n";
    assert_eq!((merged.status, merged.stderr.as_str()), (Some(3), seen));
}

#[test]
fn a_machine_that_may_have_another_name_is_left_out_only_when_it_is_counted() {
    let folder = fleet();
    let write = |machine: &str, name: &str, target: &str| {
        let target = format!("../../{target}");
        let args = [&scan(machine, &["-o", &target])[..], &["--machine", name]].concat();
        let args: Vec<&str> = args.into_iter().filter(|arg| *arg != machine).collect();
        let args: Vec<&str> = [&args[..1], &args[2..]].concat();
        let done = run(&folder.path().join("logs").join(machine), &args);
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    };
    write("PC1", "pc", "1.ccp");
    write("PC2", "pc.a.example", "2.ccp");
    write("PC3", "pc.b.example", "3.ccp");
    let csv =
        |partials: &[&str]| run(folder.path(), &[&["merge", "--by", "host", "--format", "csv"], partials].concat());
    let join =
        |partials: &[&str]| run(folder.path(), &[&["merge", "--partial", "-o", "joined.ccp"], partials].concat());
    // The short name can only be that of the one machine, and is that of none of the two.
    let (two, three) = (csv(&["1.ccp", "2.ccp"]), csv(&["1.ccp", "2.ccp", "3.ccp"]));
    assert!(two.stderr.contains(" has 1 other partial: "), "{two:?}");
    assert_eq!(three.stderr, "");
    let joined = join(&["1.ccp", "2.ccp"]);
    assert_eq!((joined.status, joined.stderr.as_str()), (Some(0), ""));
    assert_eq!(csv(&["joined.ccp"]).stdout, two.stdout);
    assert_eq!(csv(&["joined.ccp", "3.ccp"]).stdout, three.stdout);
    // Each is a host of its own.
    let hosts = |run: &Run| -> BTreeSet<String> {
        run.stdout.lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect()
    };
    assert_eq!(hosts(&two).len(), 1);
    assert_eq!(hosts(&three), ["pc", "pc.a.example", "pc.b.example"].map(str::to_owned).into());
    assert_eq!(hosts(&csv(&["--host", "pc.b*", "1.ccp", "2.ccp", "3.ccp"])), ["pc.b.example".to_owned()].into());
}

#[test]
fn damaged_and_foreign_files_are_refused_with_the_remedy() {
    let folder = fleet();
    let merge = || run(folder.path(), &["merge", "partials"]);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join("partials").join(name), bytes).unwrap();
    let others = ". To count the others, pass --allow-missing";
    // Not a partial.
    write("notes.txt", b"Collected on Monday\n");
    let what = "this is no partial of callcodes. Make one with callcodes scan --partial -o FILE";
    assert_refused(&merge(), &format!("partials/notes.txt:1: {what}{others}"));
    write("notes.txt", b"");
    let what = "the file is empty. Was the disk full, or the run ended early? Write it again";
    assert_refused(&merge(), &format!("partials/notes.txt: {what}{others}"));
    write("notes.txt", b"{\"plan\":2,\"version\":\"0.1.0\"}\n");
    assert_refused(
        &merge(),
        &format!("partials/notes.txt:1: this is a plan and no partial. Pass it with --plan{others}"),
    );
    fs::remove_file(folder.path().join("partials/notes.txt")).unwrap();
    // Cut, without its beginning, and with another character.
    let whole = fs::read(partial(&folder, "PC2")).unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    write("PC2.ccp", &lines[..lines.len() - 1].concat());
    let what = "is incomplete. Copy or collect the whole file again, or write it again with -o";
    assert_refused(&merge(), &format!("partials/PC2.ccp:{}: the partial of PC2 {what}{others}", lines.len() - 1));
    write("PC2.ccp", &lines[1..].concat());
    let what = "the beginning of the partial is missing. Copy or collect the whole file again";
    assert_refused(&merge(), &format!("partials/PC2.ccp:1: {what}{others}"));
    write("PC2.ccp", &whole);
    changed(&folder, "PC2", "\"newlines\":", "\"newlines\":1");
    let damaged = "is damaged. Copy or collect the file again, or write it again with -o, because > in PowerShell may change characters";
    assert_refused(&merge(), &format!("partials/PC2.ccp:3: the partial of PC2 {damaged}{others}"));
    let lenient = run(folder.path(), &["merge", "--allow-missing", "--by", "code", "--format", "csv", "partials"]);
    let expected = in_one_run(&folder, &["PC1", "PC3"], &["--by", "code", "--format", "csv"]);
    assert_eq!((lenient.status, lenient.stdout), (Some(3), expected.stdout));
    assert_eq!(lenient.stderr, format!("callcodes: partials/PC2.ccp: line 3: the partial of PC2 {damaged}\n"));
    // The name of the machine.
    write("PC2.ccp", String::from_utf8(whole.clone()).unwrap().replacen("PC2", "PC9", 1).as_bytes());
    assert_refused(&merge(), &format!("partials/PC2.ccp:1: the partial of PC9 {damaged}{others}"));
    changed(&folder, "PC2", "\"newlines\":", "\"newlines\":1");
    // Two are refused.
    write("notes.txt", b"Collected on Monday\n");
    let message = format!("partials/PC2.ccp:3: the partial of PC9 {damaged}. 1 other is refused, too.{}", &others[1..]);
    assert_refused(&merge(), &message);
    // A gzip that is cut.
    write("PC2.ccp", &compress(Codec::Gzip, &whole)[..200]);
    let cut = run(folder.path(), &["merge", "partials/PC2.ccp"]);
    assert!(cut.stderr.starts_with("error: partials/PC2.ccp: the gzip data are damaged or incomplete"), "{cut:?}");
    assert_eq!(cut.status, Some(2));
}

#[test]
fn partials_that_differ_in_what_they_have_are_refused_with_the_remedy() {
    let folder = fleet();
    let merge = || run(folder.path(), &["merge", "partials"]);
    let whole = fs::read(partial(&folder, "PC2")).unwrap();
    let others = ". To count the others, pass --allow-missing";
    changed(&folder, "PC2", "\"version\":\"0.1.0\"", "\"version\":\"0.0.9\"");
    let version =
        "the partial of PC2 was written by callcodes 0.0.9, and this is 0.1.0. Use the same version on every machine";
    assert_refused(&merge(), &format!("partials/PC2.ccp:1: {version}{others}"));
    let lenient = run(folder.path(), &["merge", "--allow-missing", "partials"]);
    assert_eq!(
        (lenient.status, lenient.stderr),
        (Some(3), format!("callcodes: partials/PC2.ccp: line 1: {version}\n"))
    );
    for (before, other) in [(2, 1), (1, 3)] {
        changed(&folder, "PC2", &format!("\"format\":{before}"), &format!("\"format\":{other}"));
        let format = format!("the partial has format {other}, and this version of callcodes reads format 2");
        let remedy = "Write it with this version, or merge with version 0.0.9";
        assert_refused(&merge(), &format!("partials/PC2.ccp:1: {format}. {remedy}{others}"));
    }
    let again = |more: &[&str]| {
        fs::remove_file(partial(&folder, "PC2")).unwrap();
        let more = [more, &["-o", "../../partials/PC2.ccp"]].concat();
        let done = run(&folder.path().join("logs/PC2"), &scan("PC2", &more));
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    };
    again(&["-e", "x=(?<code>\\d+)"]);
    let patterns = "the partial of PC2 was written with other patterns or [[code]] tables. Merge with the options -e, -f, --pattern, \
                    --no-pattern and --config with which it was written";
    assert_refused(&merge(), &format!("partials/PC2.ccp:1: {patterns}{others}"));
    // The user's names decide which texts are results.
    let code = |happened: &str| {
        let text = format!(
            "[[code]]\nfamily = \"nps\"\nname = \"NO_ANSWER\"\ngroup = \"not-reached\"\nhappened = \"{happened}\"\n\
             checks = [{{ check = \"Ask the user.\", where = \"The user\" }}]\nwhose = [\"users-phone\"]\n"
        );
        fs::write(folder.path().join("own.toml"), text).unwrap();
    };
    code("Nobody answered.");
    again(&["-f", "../../own.toml"]);
    assert_refused(&merge(), &format!("partials/PC2.ccp:1: {patterns}{others}"));
    let merge_own = || run(folder.path(), &["merge", "-f", "own.toml", "partials/PC2.ccp"]);
    assert_eq!((merge_own().status, merge_own().stderr.as_str()), (Some(0), ""));
    code("Nobody was there.");
    assert_refused(&merge_own(), &format!("partials/PC2.ccp:1: {patterns}"));
    again(&["--display-tz", "Europe/Berlin"]);
    let zone = "the partial of PC2 was written with the hours of Europe/Berlin. Merge with --display-tz Europe/Berlin";
    assert_refused(&merge(), &format!("partials/PC2.ccp:1: {zone}{others}"));
    again(&["--tz", "Europe/Berlin"]);
    let zones = "callcodes: partials/PC2.ccp was written with another --tz or other [[tz]] tables than partials/PC1.ccp. That is right if the \
                 machines are in different zones\n";
    assert_eq!((merge().status, merge().stderr.as_str()), (Some(0), zones));
    let differs = |option: &str, value: &str| {
        assert_refused(
            &merge(),
            &format!(
                "partials were written with different options: --{option}{value} in partials/PC2.ccp; no --{option} in partials/PC1.ccp, \
                 partials/PC3.ccp. Write all in the same way"
            ),
        );
    };
    again(&["--date-order", "dmy"]);
    differs("date-order", " dmy");
    again(&["--binary"]);
    differs("binary", "");
    again(&["-E", "utf-8", "--year", "2017", "--tz", "Europe/Berlin"]);
    let what = "--encoding utf-8 and --year 2017 in partials/PC2.ccp; no --encoding and no --year in partials/PC1.ccp, partials/PC3.ccp";
    assert_refused(
        &merge(),
        &format!("partials were written with different options: {what}. Write all in the same way"),
    );
    again(&["--keep-copies"]);
    differs("keep-copies", "");
    fs::write(folder.path().join("own.toml"), "[[time]]\nname = \"own\"\nform = \"%d~%m~%Y %H:%M:%S\"\n").unwrap();
    again(&["-f", "../../own.toml"]);
    let tables = merge().stderr;
    assert!(
        tables.starts_with("error: partials were written with different options: [[time]] or [[tz]] tables of the"),
        "{tables}"
    );
    fs::write(folder.path().join("key"), "secret").unwrap();
    again(&["--redact-users", "../../key"]);
    let fingerprint = String::from_utf8(fs::read(partial(&folder, "PC2")).unwrap()).unwrap();
    let fingerprint = fingerprint.split("\"pseudonyms\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    differs("redact-users", &format!(" with the key of the fingerprint {fingerprint}"));
    // The same key on merging mends that.
    let merged = run(folder.path(), &["merge", "--redact-users", "key", "partials"]);
    assert_eq!((merged.status, merged.stderr.as_str()), (Some(0), ""));
    fs::write(partial(&folder, "PC2"), &whole).unwrap();
    assert_eq!(merge().status, Some(0));
}

#[test]
fn users_count_the_same_under_pseudonyms_and_no_name_is_left() {
    let folder = fleet();
    fs::write(folder.path().join("key"), "secret\n").unwrap();
    fs::create_dir(folder.path().join("redacted")).unwrap();
    for machine in ["PC1", "PC2", "PC3"] {
        let target = format!("../../redacted/{machine}.ccp");
        let done = run(
            &folder.path().join("logs").join(machine),
            &scan(machine, &["--redact-users", "../../key", "-o", &target]),
        );
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
        let text =
            fs::read_to_string(folder.path().join("redacted").join(format!("{machine}.ccp"))).unwrap().to_lowercase();
        for name in ["ann", "bob", "carol", "heidi", "niaj", "contoso", "example.com"] {
            assert!(!text.contains(name), "{name}: {text}");
        }
    }
    let by_user = |folder_of: &str, more: &[&str]| {
        run(folder.path(), &[&["merge", "--by", "user", "--format", "csv"], more, &[folder_of]].concat()).stdout
    };
    let (plain, redacted) = (by_user("partials", &[]), by_user("redacted", &[]));
    let counts = |csv: &str| {
        let mut rows: Vec<String> =
            csv.lines().map(|row| row.rsplit(',').take(6).collect::<Vec<&str>>().join(" ")).collect();
        rows.sort();
        rows
    };
    assert!(counts(&plain).len() > 10, "{plain}");
    assert_eq!(counts(&redacted), counts(&plain));
    // Where the names are replaced makes no difference.
    assert_eq!(by_user("partials", &["--redact-users", "key"]), redacted);
    let written = run(folder.path(), &["merge", "--partial", "--redact-users", "key", "-o", "all.ccp", "partials"]);
    assert_eq!((written.status, written.stderr.as_str()), (Some(0), ""));
    assert_eq!(by_user("all.ccp", &[]), redacted);
    fs::write(folder.path().join("key"), "\r\n").unwrap();
    let empty = "the key file key is empty. Write a long random text to it, the same on every machine";
    assert_refused(&run(folder.path(), &["merge", "--redact-users", "key", "partials"]), empty);
    let missing = run(folder.path(), &["merge", "--redact-users", "no-key", "partials"]);
    assert!(missing.stderr.starts_with("error: cannot read the key file no-key: "), "{missing:?}");
}

#[test]
fn hosts_that_did_not_answer_are_named() {
    let folder = fleet();
    let hosts = |text: &str| fs::write(folder.path().join("hosts.txt"), text).unwrap();
    let merge = |more: &[&str]| {
        run(
            folder.path(),
            &[&["merge", "-v", "--format", "csv", "--expect-hosts", "hosts.txt"], more, &["partials"]].concat(),
        )
    };
    hosts("pc1\r\nPC2.corp.example # Ann's\r\n# old ones\r\nPC3\r\n");
    let all = merge(&[]);
    let seen = "callcodes: answered under another name than that in hosts.txt: PC2.corp.example as PC2\n";
    assert_eq!((all.status, all.stderr.as_str()), (Some(0), seen));
    hosts("PC1\nPC2\nPC7\nPC8.corp.example\n");
    let some = merge(&[]);
    let silent = |host: &str| {
        format!(
            "callcodes: {host}: no partial is of this host, which is in hosts.txt; run callcodes scan --partial on it\n"
        )
    };
    let unexpected = "callcodes: 1 machine is not in hosts.txt, and counted anyway: PC3\n";
    assert_eq!(some.stderr, format!("{unexpected}{}{}", silent("PC7"), silent("PC8.corp.example")));
    assert_eq!((some.status, &some.stdout), (Some(3), &all.stdout));
    let few = run(folder.path(), &["merge", "--format", "csv", "--expect-hosts", "hosts.txt", "partials"]);
    let sum = "callcodes: 2 hosts have no partial: PC7, PC8.corp.example; run callcodes scan --partial there (-v tells more)\n";
    assert_eq!((few.status, few.stderr), (Some(3), format!("{unexpected}{sum}")));
    // Another version, and an old partial.
    hosts("PC1\nPC2\nPC3\n");
    changed(&folder, "PC2", "\"version\":\"0.1.0\"", "\"version\":\"0.0.9\"");
    let text = fs::read_to_string(partial(&folder, "PC3")).unwrap();
    let at = text.find("\"written\":").unwrap() + 10;
    let written = text[at..].split(['}', ',']).next().unwrap().to_owned();
    changed(&folder, "PC3", &written, "1500000000");
    let old = merge(&[]);
    let version =
        "the partial of PC2 was written by callcodes 0.0.9, and this is 0.1.0. Use the same version on every machine";
    let date = "its partial was written at 2017-07-14T02:40:00Z, more than 1d before the newest, so later results are missing; run \
                callcodes scan --partial on it again";
    assert_eq!(old.status, Some(3));
    let in_time = merge(&["--max-age", "100 years"]);
    assert_eq!(in_time.stderr, format!("callcodes: partials/PC2.ccp: line 1: {version}\n"));
    assert!(merge(&["--max-age", "52w"]).stderr.contains("more than 52w before the newest"));
    let wrong = merge(&["--max-age", "2017-02-14"]);
    assert!(wrong.stderr.contains("use an age such as 2h, 3d or 1w"), "{wrong:?}");
    assert_eq!(old.stderr, format!("callcodes: partials/PC2.ccp: line 1: {version}\ncallcodes: PC3: {date}\n"));
    // A clock that is fast makes no other partial old.
    changed(&folder, "PC3", "1500000000", "4102444800");
    let early = "its partial was written at 2100-01-01T00:00:00Z, which has not come yet by the clock here, so nobody knows how old it is; set \
                 the clock that is wrong";
    let fast = merge(&[]);
    let expected = format!("callcodes: partials/PC2.ccp: line 1: {version}\ncallcodes: PC3: {early}\n");
    assert_eq!((fast.status, fast.stderr), (Some(3), expected));
    changed(&folder, "PC3", "4102444800", "1500000000");
    // A machine that answered twice.
    let done = run(&folder.path().join("logs/PC3"), &scan("pc3", &["-o", "../../partials/new.ccp"]));
    assert_eq!(done.status, Some(0));
    let twice = "callcodes: pc3 has 1 other partial: partials/PC3.ccp. Only that in partials/new.ccp counts, the newest. To count several \
                 folders of a computer, pass all of them to one callcodes scan --partial. If they are of different computers, scan with \
                 --machine NAME\n";
    let merged = merge(&[]);
    assert_eq!(merged.stderr, format!("{twice}callcodes: partials/PC2.ccp: line 1: {version}\n"));
    // With its domain, it is the same machine.
    let done = run(&folder.path().join("logs/PC3"), &scan("pc3.corp.example", &["-o", "../../partials/new.ccp"]));
    assert_eq!(done.status, Some(0));
    let merged = merge(&[]);
    let twice = twice.replace("pc3 has", "pc3.corp.example has");
    assert_eq!(merged.stderr, format!("{twice}callcodes: partials/PC2.ccp: line 1: {version}\n"));
    hosts("# none\n");
    assert_refused(&merge(&[]), "the list of hosts hosts.txt has no name. Write one name a line");
}

/// Makes a plan of the logs in a [`fleet`], and returns its lines.
fn plan(folder: &TempDir) -> Vec<String> {
    let done = run(folder.path(), &["plan", "-o", "plan.jsonl", "logs"]);
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    fs::read_to_string(folder.path().join("plan.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn with_a_plan_every_piece_is_covered_once() {
    let folder = fleet();
    let plan = plan(&folder);
    assert_eq!(plan.len(), 8, "{plan:?}");
    fs::create_dir(folder.path().join("pieces")).unwrap();
    let piece = |lines: &[&str], name: &str| {
        let mut args = vec!["scan", "--partial", "-o", name];
        lines.iter().for_each(|line| args.extend(["--plan-line", line]));
        run(folder.path(), &args)
    };
    assert_eq!(piece(&[&plan[1], &plan[4]], "pieces/a.ccp").stderr, "");
    assert_eq!(piece(&[&plan[5], &plan[3], &plan[2]], "pieces/b.ccp").stderr, "");
    let merge = |more: &[&str]| {
        run(folder.path(), &[&["merge", "--plan", "plan.jsonl", "--format", "json"], more, &["pieces"]].concat())
    };
    let missing = "1 piece of the plan is missing: logs/PC3/near.log (piece 5). Scan it again with callcodes scan --partial --plan, or \
                   count the others with --allow-missing";
    assert_refused(&merge(&[]), missing);
    let lenient = merge(&["--allow-missing"]);
    let named = "callcodes: logs/PC3/near.log (piece 5): no partial has this piece of the plan\n";
    assert_eq!((lenient.status, lenient.stderr.as_str()), (Some(3), named));
    // The last piece, and one that is there already.
    assert_eq!(piece(&[&plan[6], &plan[1]], "pieces/c.ccp").stderr, "");
    let merged = merge(&[]);
    let expected = run(folder.path(), &["scan", "--format", "json", "logs"]);
    assert_eq!(merged.stderr, "callcodes: 1 piece or partial is there more than once, and counts once\n");
    assert_eq!(merged.stdout, expected.stdout);
    // Without the plan nobody would notice what is missing.
    let without =
        "pieces/a.ccp has pieces of a plan. Pass the plan with --plan FILE, so that missing pieces are noticed";
    assert_refused(&run(folder.path(), &["merge", "pieces"]), without);
    let written = run(folder.path(), &["merge", "--partial", "-o", "all.ccp", "pieces"]);
    assert_eq!(written.status, Some(0), "{written:?}");
    let again = run(folder.path(), &["merge", "--plan", "plan.jsonl", "--format", "json", "all.ccp"]);
    assert_eq!((again.stderr.as_str(), &again.stdout), ("", &merged.stdout));
    let mixed = run(folder.path(), &["merge", "--plan", "plan.jsonl", "pieces", "partials/PC1.ccp"]);
    assert_refused(
        &mixed,
        "partials were written with different options: --plan in pieces/a.ccp, pieces/b.ccp, pieces/c.ccp; no --plan in \
         partials/PC1.ccp. Write all in the same way",
    );
    let unplanned = run(folder.path(), &["merge", "--plan", "plan.jsonl", "--allow-missing", "partials/PC1.ccp"]);
    let what = "partials/PC1.ccp was not written for a plan. Leave out --plan, or write it again with callcodes scan --partial --plan FILE";
    assert_refused(&unplanned, what);
    // The plan of other logs.
    assert_eq!(run(folder.path(), &["plan", "-o", "plan.jsonl", "logs/PC1"]).status, Some(0));
    let foreign = merge(&[]);
    let what = "piece 4 is not in this plan. Pass the plan for which the partial was made, or scan again with this one";
    assert!(
        foreign.stderr.contains("pieces/") && foreign.stderr.contains(" is not in this plan. Pass the plan"),
        "{foreign:?} {what}"
    );
}

#[test]
fn templates_for_hosts_begin_where_they_do_in_one_run() {
    let folder = fleet();
    let templates = ["{host}/**", "*/{host}/**", "**/{host}/*.log", "{host}/old/*", "logs/{host}/**", "{host}-*.txt"];
    let inputs: [&[&str]; 5] = [
        &["logs"],
        &["./logs/"],
        &["logs/PC1", "logs/PC2"],
        &["logs", "logs/PC3"],
        &["logs/PC1", "logs/PC3/host-log.txt"],
    ];
    let by_host = ["--by", "host", "--format", "json", "--host-from"];
    fs::remove_dir_all(folder.path().join("partials")).unwrap();
    // The folder with the partials has the name of an input.
    fs::create_dir(folder.path().join("PC1")).unwrap();
    for inputs in inputs {
        assert_eq!(run(folder.path(), &[&["plan", "-o", "plan.jsonl"], inputs].concat()).status, Some(0));
        let scanned = run(folder.path(), &["scan", "--partial", "--plan", "plan.jsonl", "-o", "PC1/all.ccp"]);
        assert_eq!(scanned.status, Some(0), "{scanned:?}");
        for template in templates {
            let expected = run(folder.path(), &[&["scan"], &by_host[..], &[template], inputs].concat());
            let merged = [&["merge", "--plan", "plan.jsonl"], &by_host[..], &[template, "PC1"]].concat();
            let merged = run(folder.path(), &merged);
            assert_eq!(merged.stdout, expected.stdout, "{template} {inputs:?}");
        }
        fs::remove_file(folder.path().join("PC1/all.ccp")).unwrap();
    }
    // The name of a machine is the first part of the names of its sources.
    let done = run(&folder.path().join("logs/PC1"), &scan("PC1", &["-o", "../../PC1/x.ccp"]));
    assert_eq!(done.status, Some(0));
    let merged = run(folder.path(), &["merge", "--by", "host", "--format", "csv", "--host-from", "{host}/**", "PC1"]);
    assert!(merged.stdout.contains("\nPC1,"), "{merged:?}");
}

#[test]
fn a_plan_that_is_not_complete_is_refused() {
    let folder = fleet();
    let plan = plan(&folder);
    let done = run(folder.path(), &["scan", "--partial", "--plan", "plan.jsonl", "-o", "all.ccp"]);
    assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    let merge = || run(folder.path(), &["merge", "--plan", "plan.jsonl", "all.ccp"]);
    assert_eq!(merge().status, Some(0));
    let what = "the plan plan.jsonl is not complete: it was cut, or it has only some of the lines. Pass it as callcodes plan wrote it, so that \
                missing pieces are noticed";
    for lines in [&plan[..0], &plan[..plan.len() - 1], &plan[1..], &plan[2..4], &plan[..1]] {
        let text: String = lines.iter().map(|line| line.clone() + "\n").collect();
        fs::write(folder.path().join("plan.jsonl"), text).unwrap();
        assert_refused(&merge(), what);
    }
}

#[test]
fn the_reasons_are_on_standard_error_if_no_partial_could_be_read() {
    let folder = fleet();
    let whole = fs::read_to_string(partial(&folder, "PC2")).unwrap();
    let cut: Vec<&str> = whole.lines().take(3).collect();
    fs::write(partial(&folder, "PC2"), cut.join("\n")).unwrap();
    let reason = "callcodes: partials/PC2.ccp: line 3: the partial of PC2 is incomplete. Copy or collect the whole file again, or write it again \
                  with -o\n";
    for format in ["table", "csv", "json"] {
        let args = ["merge", "--allow-missing", "--format", format, "partials/PC2.ccp"];
        let done = run(folder.path(), &args);
        assert_eq!((done.status, done.stderr.as_str()), (Some(3), reason), "{done:?}");
        if format == "table" {
            assert_eq!(
                done.stdout,
                "No file could be read, so nothing was searched: standard error has the reasons.\n"
            );
        }
    }
}

/// Reading it would wait for a writer.
#[cfg(unix)]
#[test]
fn a_pipe_in_a_folder_is_not_read() {
    let folder = fleet();
    let expected = run(folder.path(), &["merge", "--format", "json", "partials"]);
    assert!(Command::new("mkfifo").arg(folder.path().join("partials/pipe")).status().unwrap().success());
    let done = run(folder.path(), &["merge", "--format", "json", "partials"]);
    let skipped = "callcodes: partials/pipe: skipped, because it is neither a file nor a folder\n";
    assert_eq!((done.status, done.stderr.as_str(), done.stdout), (Some(0), skipped, expected.stdout));
}

#[test]
fn each_machine_has_its_own_zone() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("a.log", "2017-02-14 08:00:00 callStatus=102\n");
    write("b.log", "2017-02-14 08:00:00 callStatus=108\n");
    write("own.toml", "[[tz]]\nhost = \"A\"\nzone = \"+02:00\"\n\n[[tz]]\nhost = \"B\"\nzone = \"-05:00\"\n");
    let scan = |machine: &str, log: &str, more: &[&str]| {
        let name = format!("{machine}.ccp");
        let done = run(folder.path(), &[&["scan", "--partial", "--machine", machine, "-o", &name, log], more].concat());
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    };
    let hours = || {
        let done = run(folder.path(), &["merge", "--by", "host,hour", "--format", "csv", "A.ccp", "B.ccp"]);
        assert_eq!(done.status, Some(0));
        let hours = ["A,2017-02-14T06", "B,2017-02-14T13"].map(|row| done.stdout.contains(row));
        assert_eq!(hours, [true, true], "{done:?}");
        done.stderr
    };
    scan("A", "a.log", &["-f", "own.toml"]);
    scan("B", "b.log", &["-f", "own.toml"]);
    assert_eq!(hours(), "");
    // Each has only its own.
    scan("A", "a.log", &["--tz", "+02:00"]);
    scan("B", "b.log", &["--tz", "-05:00"]);
    let note = "callcodes: B.ccp was written with another --tz or other [[tz]] tables than A.ccp. That is right if the machines are in different \
                zones\n";
    assert_eq!(hours(), note);
}

#[test]
fn times_without_a_zone_are_those_of_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let line = |clock: &str, code: u8| format!("2024-03-05 {clock} callStatus={code}\n");
    fs::write(folder.path().join("a.log"), line("08:30:00", 102) + &line("07:30:00", 108)).unwrap();
    fs::write(folder.path().join("b.log"), line("08:45:00", 117)).unwrap();
    let run = |args: &[&str]| run(folder.path(), args);
    let since = ["--since", "2024-03-05 08:00", "--by", "code", "--format", "csv"];
    let codes = |run: &Run| -> Vec<String> {
        run.stdout.lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect()
    };
    let berlin = ["--tz", "Europe/Berlin"];
    let scan = |machine: &str, log: &str, more: &[&str]| {
        let target = format!("{machine}.ccp");
        let args = [&["scan", "--partial", "--machine", machine, "-o", &target, log], more].concat();
        assert_eq!(run(&args).status, Some(0));
    };
    let in_one_run = run(&[&["scan", "a.log"], &since[..], &berlin].concat());
    assert_eq!(codes(&in_one_run), ["102"]);
    // Of a plan, of machines, and of merges.
    assert_eq!(run(&["plan", "-o", "plan.jsonl", "a.log"]).status, Some(0));
    assert_eq!(
        run(&[&["scan", "--partial", "--plan", "plan.jsonl", "-o", "0.ccp"], &berlin[..]].concat()).status,
        Some(0)
    );
    scan("A", "a.log", &berlin);
    scan("B", "b.log", &["--tz=Europe/Berlin"]);
    assert_eq!(run(&["merge", "--partial", "-o", "both.ccp", "A.ccp", "B.ccp"]).status, Some(0));
    let merged = |more: &[&str]| run(&[&["merge"], &since[..], more].concat());
    assert_eq!(merged(&["--plan", "plan.jsonl", "0.ccp"]).stdout, in_one_run.stdout);
    assert_eq!(codes(&merged(&["A.ccp", "B.ccp"])), ["102", "117"]);
    assert_eq!(codes(&merged(&["both.ccp"])), ["102", "117"]);
    // The zone of shown times takes precedence, as in one run.
    assert_eq!(codes(&merged(&["--display-tz", "UTC", "both.ccp"])), Vec::<String>::new());
    // If zones differ, nobody knows which is meant.
    scan("B", "b.log", &[]);
    let what = "times of --since and --until without a zone are in that of --tz, which is Europe/Berlin in A.ccp and UTC in B.ccp. Write \
                times with a zone, such as \"2024-03-05 08:00Z\", or pass --display-tz UTC";
    assert!(merged(&["A.ccp", "B.ccp"]).stderr.ends_with(&format!("error: {what}\n")));
    assert_eq!(codes(&merged(&["--display-tz", "UTC", "A.ccp", "B.ccp"])), ["117"]);
    let with_zone =
        run(&["merge", "--since", "2024-03-05 07:00Z", "--by", "code", "--format", "csv", "A.ccp", "B.ccp"]);
    assert_eq!(codes(&with_zone), ["102", "117"]);
    // What merge suggests is an option of scan.
    let none = run(&["merge", "--since", "2024-03-06 08:00", "B.ccp"]);
    assert!(none.stdout.contains("without a zone are in UTC; --display-tz or --tz changes that."), "{none:?}");
    assert_eq!(none.stderr, "callcodes: pass --tz to callcodes scan --partial, because merge reads no logs\n");
}

#[test]
fn a_damaged_log_is_reported_where_it_is_and_by_the_merge() {
    let folder = fleet();
    let log = fs::read(folder.path().join("logs/PC1/svc.log")).unwrap();
    let cut = compress(Codec::Gzip, &log);
    fs::write(folder.path().join("logs/PC1/cut.log.gz"), &cut[..cut.len() / 2]).unwrap();
    let expected = run(folder.path(), &["scan", "logs/PC1"]);
    assert_eq!(expected.status, Some(3));
    assert!(expected.stderr.contains("logs/PC1/cut.log.gz"), "{expected:?}");
    for kind in ["--partial", "--partial-line"] {
        let scanned = run(folder.path(), &["scan", kind, "-o", "all.ccp", "logs/PC1"]);
        assert_eq!((scanned.status, &scanned.stderr), (Some(3), &expected.stderr), "{kind}");
        let merged = run(folder.path(), &["merge", "-v", "all.ccp"]);
        assert_eq!(merged.status, Some(3));
        assert!(merged.stderr.contains("cut.log.gz"), "{merged:?}");
    }
    // A scheduler would do the piece again, and nothing would change.
    assert_eq!(run(folder.path(), &["plan", "-o", "plan.jsonl", "logs/PC1"]).status, Some(0));
    let scanned = run(folder.path(), &["scan", "--partial", "--plan", "plan.jsonl", "-o", "all.ccp"]);
    assert_eq!((scanned.status, scanned.stderr.as_str()), (Some(0), ""));
    let merged = run(folder.path(), &["merge", "--plan", "plan.jsonl", "all.ccp"]);
    assert_eq!((merged.status, merged.stderr, merged.stdout), (Some(3), expected.stderr, expected.stdout));
}

#[test]
fn commands_repeat_the_options_with_which_logs_were_read() {
    let folder = fleet();
    let logs: Vec<String> = (0..3).map(|day| format!("02/1{day}/2017 08:00:00 callStatus=133 user=ann\n")).collect();
    fs::write(folder.path().join("logs/PC1/old.log"), logs.concat()).unwrap();
    fs::write(folder.path().join("logs/PC1/old.txt"), "callStatus=102").unwrap();
    let reading = ["--tz", "Europe/Berlin", "--year", "2017", "--date-order", "mdy", "-E", "utf-8", "--keep-copies"];
    let files = ["-g", "!old.txt", "--binary"];
    let merged = |more: &[&str], partials: &str| {
        run(folder.path(), &[&["merge", "--format", "json"], more, &[partials]].concat())
    };
    // With a plan, all is known.
    assert_eq!(run(folder.path(), &[&["plan", "-o", "plan.jsonl"], &files[..], &["logs"]].concat()).status, Some(0));
    let partial = ["scan", "--partial", "--plan", "plan.jsonl", "-o", "all.ccp"];
    assert_eq!(run(folder.path(), &[&partial[..], &reading].concat()).status, Some(0));
    let way = ["--host-from", "logs/{host}/**"];
    let expected = [&["scan", "--format", "json"], &way[..], &reading, &files, &["logs"]].concat();
    let expected = run(folder.path(), &expected);
    assert!(expected.stdout.contains("--date-order mdy --year 2017 logs"), "{expected:?}");
    assert_eq!(merged(&[&["--plan", "plan.jsonl"], &way[..]].concat(), "all.ccp").stdout, expected.stdout);
    // The partials of machines name no paths, and may have been written with other options.
    let scan = |machine: &str, more: &[&str]| {
        let target = format!("partials/{machine}.ccp");
        let log = format!("logs/{machine}");
        let args = [&["scan", "--partial", "--machine", machine, "-o", &target], &reading[2..], more, &[&log]].concat();
        assert_eq!(run(folder.path(), &args).status, Some(0));
    };
    scan("PC1", &["--tz", "Europe/Berlin"]);
    scan("PC2", &["--tz", "Europe/London"]);
    scan("PC3", &["--tz", "Europe/Berlin", "--max-depth", "3"]);
    let command = |run: &Run| run.stdout.split("--finding 1 ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let common = "--encoding utf-8 --keep-copies --date-order mdy --year 2017 PATH";
    assert_eq!(command(&merged(&[], "partials")), common);
    // So do merges of merges.
    assert_eq!(run(folder.path(), &["merge", "--partial", "-o", "both.ccp", "partials"]).status, Some(0));
    assert_eq!(command(&merged(&[], "both.ccp")), common);
}

#[test]
fn what_only_an_older_partial_of_a_machine_has_is_named() {
    let folder = fleet();
    let scan = |log: &str, target: &str| {
        let done = run(&folder.path().join("logs/PC1"), &["scan", "--partial", "--machine", "PC1", "-o", target, log]);
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    };
    fs::remove_dir_all(folder.path().join("partials")).unwrap();
    fs::create_dir(folder.path().join("partials")).unwrap();
    scan("radius.log", "../../partials/PC1.ccp");
    changed(&folder, "PC1", "\"written\":", "\"written\":1");
    scan("svc.log", "../../partials/older.ccp");
    let merged = run(folder.path(), &["merge", "--format", "csv", "partials"]);
    let note = |older: &str, newest: &str| {
        format!(
            "callcodes: PC1 has 1 other partial: partials/{older}. Only that in partials/{newest} counts, the newest. To count several \
             folders of a computer, pass all of them to one callcodes scan --partial. If they are of different computers, scan with \
             --machine NAME\n"
        )
    };
    let lost = |log: &str| {
        format!(
            "callcodes: PC1/{log}: left out, because only an older partial has it; pass all folders of a machine to one callcodes scan \
             --partial\n"
        )
    };
    assert_eq!((merged.status, merged.stderr), (Some(0), note("older.ccp", "PC1.ccp") + &lost("svc.log")));
    assert_eq!(merged.stdout, run(folder.path(), &["merge", "--format", "csv", "partials/PC1.ccp"]).stdout);
    let json = run(folder.path(), &["merge", "--format", "json", "partials"]);
    assert!(json.stdout.contains("\"kind\": \"older-partial\""), "{json:?}");
    // Lines name the logs, too, and those in archives one by one.
    let logs = folder.path().join("logs/PC1");
    let member = |name: &'static str| (name, fs::read(logs.join("svc.log")).unwrap());
    let members = [member("one.log"), member("two.log")];
    let members: Vec<(&str, &[u8])> = members.iter().map(|(name, log)| (*name, log.as_slice())).collect();
    fs::write(logs.join("all.zip"), pack(Format::Zip, &members)).unwrap();
    fs::write(logs.join("cut.gz"), &compress(Codec::Gzip, b"callStatus=102\n")[..8]).unwrap();
    let write = |kind: &str, target: &str, names: &[&str]| {
        let target = format!("../../partials/{target}");
        run(&logs, &[&["scan", kind, "--machine", "PC1", "-o", &target], names].concat());
    };
    fs::remove_file(folder.path().join("partials/older.ccp")).unwrap();
    let all = ["all.zip", "cut.gz", "radius.log"];
    for (older, newest) in
        [("--partial", "--partial-line"), ("--partial-line", "--partial"), ("--partial-line", "--partial-line")]
    {
        let merged = |before: &[&str], after: &[&str]| {
            write(older, "a.ccp", before);
            // The times of writing are whole seconds.
            std::thread::sleep(std::time::Duration::from_millis(1100));
            write(newest, "b.ccp", after);
            let done = run(folder.path(), &["merge", "-v", "--format", "csv", "partials/a.ccp", "partials/b.ccp"]);
            done.stderr
                .lines()
                .filter(|line| line.contains("older partial has it"))
                .map(|line| line.to_owned() + "\n")
                .collect::<String>()
        };
        assert_eq!(merged(&all, &all), "");
        assert_eq!(merged(&["svc.log", "radius.log"], &all), lost("svc.log"));
        let of_zip =
            if older == "--partial" { lost("all.zip") } else { lost("all.zip!/one.log") + &lost("all.zip!/two.log") };
        assert_eq!(merged(&all, &["radius.log"]), of_zip + &lost("cut.gz"));
    }
}

#[test]
fn of_several_versions_of_a_file_that_changed_the_last_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("a.log");
    let write = |results: usize, seconds: u64| {
        fs::write(&log, "2017-02-14T08:00:00Z callStatus=102\n".repeat(results)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::options().write(true).open(&log).unwrap().set_modified(time).unwrap();
    };
    let scan = |name: &str| {
        let args = ["scan", "--partial", "--plan", "plan.jsonl", "--allow-changed", "--keep-copies", "-o", name];
        assert_eq!(run(folder.path(), &args).status, Some(0));
    };
    write(3, 1_500_000_000);
    assert_eq!(run(folder.path(), &["plan", "-o", "plan.jsonl", "a.log"]).status, Some(0));
    scan("planned.ccp");
    write(9, 1_400_000_000);
    scan("older.ccp");
    write(1, 1_600_000_000);
    scan("newer.ccp");
    fs::remove_file(&log).unwrap();
    scan("gone.ccp");
    let which = "done more than once, and not in the same way. The file that was modified last counts, and then the one with more lines";
    for (partials, counts, results) in [
        (["planned.ccp", "older.ccp"], "planned.ccp", 3),
        (["planned.ccp", "newer.ccp"], "newer.ccp", 1),
        (["older.ccp", "newer.ccp"], "newer.ccp", 1),
        (["older.ccp", "gone.ccp"], "older.ccp", 9),
    ] {
        let [first, second] = partials;
        for order in [[first, second], [second, first]] {
            let merge = |partials: &[&str], more: &[&str]| {
                run(folder.path(), &[&["merge", "--plan", "plan.jsonl"], more, partials].concat())
            };
            let merged = merge(&order, &["--by", "code", "--format", "csv"]);
            let said = format!("callcodes: {which}: a.log (piece 0) of {counts}\n");
            let is_new = counts != "planned.ccp";
            let changed = "callcodes: a.log: it changed after the plan was made, and all of its new version was read\n";
            let said = if is_new { said + changed } else { said };
            assert!(merged.stderr.ends_with(&said), "{order:?} {merged:?}");
            assert!(merged.stdout.lines().nth(1).unwrap().contains(&format!(",{results},")), "{order:?} {merged:?}");
            // The time is kept.
            assert_eq!(merge(&order, &["--partial", "-o", "both.ccp"]).status, Some(0));
            let again = merge(&["both.ccp", first, second], &["--by", "code", "--format", "csv"]);
            assert_eq!(again.stdout, merged.stdout);
        }
    }
}

#[test]
fn a_merge_names_files_that_changed_after_the_plan_was_made() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let write = |name: &str, lines: usize, seconds: u64| {
        let path = folder.path().join("logs").join(name);
        let code = if name == "whole.log" { 101 } else { 102 };
        fs::write(&path, format!("2017-02-14T08:00:00Z callStatus={code}\n").repeat(lines)).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    };
    let run = |args: &[&str]| run(folder.path(), args);
    write("divided.log", 100, 1_500_000_000);
    write("whole.log", 20, 1_500_000_000);
    assert_eq!(run(&["plan", "--split-bytes", "1K", "-o", "plan.jsonl", "logs"]).status, Some(0));
    let plan = fs::read_to_string(folder.path().join("plan.jsonl")).unwrap();
    let pieces: Vec<&str> = plan.lines().collect();
    let [_, first, others @ .., _] = &pieces[..] else { panic!("{plan}") };
    let scan = |lines: &[&str], name: &str| {
        let mut args = vec!["scan", "--partial", "--allow-changed", "-o", name];
        lines.iter().for_each(|line| args.extend(["--plan-line", line]));
        let done = run(&args);
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    };
    let merge = |partials: &[&str]| {
        let run = run(&[&["merge", "--plan", "plan.jsonl", "--format", "json"], partials].concat());
        let kinds: Vec<String> =
            run.stdout.split("\"kind\": \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
        let said: Vec<String> = run.stderr.lines().map(|line| line.replace('\\', "/")).collect();
        (run.status, kinds, said)
    };
    let [divided, whole] =
        ["divided", "whole"].map(|name| format!("callcodes: logs/{name}.log: it changed after the plan was made, and"));
    let remedy = "make a new plan with callcodes plan, and scan again";
    let whole = format!("{whole} all of its new version was read");
    scan(&[first], "first.ccp");
    scan(others, "planned.ccp");
    assert_eq!(merge(&["first.ccp", "planned.ccp"]), (Some(0), vec![], vec![]));
    // The same size, at another time.
    write("divided.log", 100, 1_600_000_000);
    scan(others, "changed.ccp");
    let mixed = "its pieces are of different versions, so results may be missing or count twice";
    let kinds = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>();
    let expected = (Some(3), kinds(&["changed"]), vec![format!("{divided} {mixed}; {remedy}")]);
    assert_eq!(merge(&["first.ccp", "changed.ccp"]), expected);
    // It has grown, as has another file.
    write("divided.log", 900, 1_700_000_000);
    write("whole.log", 30, 1_700_000_000);
    scan(others, "grown.ccp");
    let grown = format!("{divided} {mixed}; nothing after byte 3600 was read; {remedy}");
    let expected = (Some(3), kinds(&["changed", "changed-whole"]), vec![grown, whole.clone()]);
    assert_eq!(merge(&["first.ccp", "grown.ccp"]), expected);
    scan(&[first], "first-grown.ccp");
    let grown = format!("{divided} its pieces are of a new version; nothing after byte 3600 was read; {remedy}");
    let expected = (Some(3), kinds(&["changed", "changed-whole"]), vec![grown.clone(), whole.clone()]);
    assert_eq!(merge(&["first-grown.ccp", "grown.ccp"]), expected);
    assert_eq!(run(&["merge", "--partial", "-o", "all.ccp", "first-grown.ccp", "grown.ccp"]).status, Some(3));
    assert_eq!(merge(&["all.ccp"]), expected);
    // A file that was read whole is no loss.
    write("divided.log", 100, 1_500_000_000);
    scan(&[first], "first.ccp");
    scan(others, "others.ccp");
    assert_eq!(merge(&["first.ccp", "others.ccp"]), (Some(0), kinds(&["changed-whole"]), vec![whole]));
}

#[test]
fn a_plan_whose_options_leave_no_file_says_what_a_scan_says() {
    let folder = fleet();
    for options in [
        &["-g", "*.nope"][..],
        &["--newer-than", "1970-01-01", "--older-than", "1980-01-01"],
        &["--newer-than", "1980-01-01"],
    ] {
        let run = |args: &[&str], more: &[&str]| run(folder.path(), &[args, more].concat());
        assert_eq!(run(&["plan", "-o", "plan.jsonl", "logs"], options).status, Some(0));
        assert_eq!(run(&["scan", "--partial", "--plan", "plan.jsonl", "-o", "all.ccp"], &[]).status, Some(0));
        let merged = run(&["merge", "--plan", "plan.jsonl", "all.ccp", "--format", "table"], &[]);
        let scanned = run(&["scan", "logs", "--format", "table"], options);
        assert_eq!((merged.status, merged.stdout), (scanned.status, scanned.stdout), "{options:?}");
        assert_eq!(merged.stderr, scanned.stderr, "{options:?}");
    }
}

#[test]
fn files_that_changed_since_the_plan_are_named() {
    let folder = fleet();
    plan(&folder);
    let scan = |more: &[&str]| run(folder.path(), &[&["scan", "--partial", "--plan", "plan.jsonl"], more].concat());
    let remedy = "Make a new plan with callcodes plan, or read what is there with --allow-changed";
    fs::write(folder.path().join("logs/PC3/near.log"), "callStatus=102\n").unwrap();
    assert_refused(&scan(&[]), &format!("logs/PC3/near.log has changed since the plan was made. {remedy}"));
    assert_eq!(scan(&["--allow-changed"]).status, Some(0));
    fs::remove_file(folder.path().join("logs/PC1/svc.log")).unwrap();
    let gone = "logs/PC1/svc.log was there when the plan was made, and cannot be found now. Is the share connected? The same is true of 1 more \
                piece.";
    assert_refused(&scan(&[]), &format!("{gone} {remedy}"));
    fs::remove_file(folder.path().join("logs/PC2/svc.log")).unwrap();
    assert_refused(&scan(&[]), &format!("{} {remedy}", gone.replace("1 more piece", "2 more pieces")));
    let both = "--plan and --plan-line name the files to read, so no PATH can be passed. Leave out one of them";
    assert_refused(&scan(&["logs"]), both);
    // A plan that was cut or changed.
    let text = fs::read_to_string(folder.path().join("plan.jsonl")).unwrap();
    fs::write(folder.path().join("plan.jsonl"), text.replacen("PC1", "PC4", 1)).unwrap();
    assert_refused(&scan(&[]), "plan.jsonl:8: the plan is damaged or incomplete; make a new one with callcodes plan");
    fs::write(folder.path().join("plan.jsonl"), "PC1\n").unwrap();
    assert!(
        scan(&[]).stderr.starts_with("error: plan.jsonl:1: this is no line of a plan of callcodes"),
        "{:?}",
        scan(&[])
    );
}

#[test]
fn a_plan_has_the_options_about_files() {
    let folder = fleet();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join("logs").join(name), bytes).unwrap();
    let log = |count: usize| "2017-02-14T08:00:00Z callStatus=102\n".repeat(count).into_bytes();
    let packed = [("a.log", log(1)), ("b.txt", log(2)), ("deep/c.log", log(4)), ("big.log", log(500))];
    let members: Vec<(&str, &[u8])> = packed.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    write("all.zip", &pack(Format::Zip, &members));
    write("odd.bin", &[b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n".as_slice(), &log(8)].concat());
    write("old.log", &log(16));
    let old = fs::File::options().write(true).open(folder.path().join("logs/old.log")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    for options in [
        &["-g", "*.log"][..],
        &["-g", "!deep"],
        &["--iglob", "*.LOG", "-g", "!big*"],
        &["-g", "**/deep/*.log"],
        &["--max-depth", "1"],
        &["--max-filesize", "5K"],
        &["--newer-than", "2005-01-01"],
        &["--older-than", "2005-01-01"],
        &["--binary"],
        &["--binary", "-g", "odd*"],
    ] {
        let planned =
            run(folder.path(), &[&["plan", "-o", "plan.jsonl", "--split-bytes", "1K"], options, &["logs"]].concat());
        assert_eq!((planned.status, planned.stderr.as_str()), (Some(0), ""), "{options:?}");
        let plan = fs::read_to_string(folder.path().join("plan.jsonl")).unwrap();
        let mut lines: Vec<&str> = plan.lines().collect();
        lines.remove(0);
        lines.pop();
        let mut args = vec!["scan", "--partial", "-o", "all.ccp"];
        lines.iter().for_each(|line| args.extend(["--plan-line", line]));
        assert_eq!(run(folder.path(), &args).stderr, "", "{options:?}");
        let merged = run(folder.path(), &["merge", "--plan", "plan.jsonl", "--format", "json", "all.ccp"]);
        let expected = run(folder.path(), &[&["scan", "--format", "json"], options, &["logs"]].concat());
        assert!(expected.stdout.contains("\"results\": ["), "{expected:?}");
        let results = |run: &Run| run.stdout.split("\"results\": [").nth(1).map(str::to_owned);
        assert_eq!(results(&merged), results(&expected), "{options:?}");
    }
    // A glob that is not valid can only be a damaged one.
    let line = "{\"id\":0,\"path\":\"logs/all.zip\",\"select\":{\"globs\":[\"[a\"]}}";
    let done = run(folder.path(), &["scan", "--partial", "--allow-changed", "--plan-line", line]);
    assert!(done.stdout.contains("a glob of the plan is not valid: unclosed character class; missing ']'"), "{done:?}");
}

#[test]
fn options_that_have_no_effect_are_refused() {
    let folder = fleet();
    let run = |args: &[&str]| run(folder.path(), args);
    let by = "--by has no effect on a partial, which has all results.";
    assert_refused(&run(&["scan", "--partial", "--by", "host", "logs"]), &format!("{by} Pass it to callcodes merge"));
    let merged = run(&["merge", "--partial", "--by", "host", "partials"]);
    assert_refused(&merged, &format!("{by} Leave it out, or leave out --partial"));
    let audit = "--audit shows lines, which a partial does not have. Pass it to callcodes scan without --partial, where the logs are";
    let audited: [&[&str]; 3] =
        [&["merge", "partials"], &["merge", "--partial", "partials"], &["scan", "--partial", "logs"]];
    audited.iter().for_each(|args| assert_refused(&run(&[args, &["--audit", "3"][..]].concat()), audit));
    let host_from = "--host-from has no effect on a partial, which has all results.";
    let scanned = run(&["scan", "--partial", "--host-from", "{host}/**", "logs"]);
    assert_refused(&scanned, &format!("{host_from} Pass it to callcodes merge"));
    let merged = run(&["merge", "--partial", "--host-from", "{host}/**", "partials"]);
    assert_refused(&merged, &format!("{host_from} Leave it out, or leave out --partial"));
    for args in [&["scan", "--partial", "logs"][..], &["merge", "--partial", "partials"]] {
        let stats = "--stats is about counting, which is not done with --partial. Leave it out";
        assert_refused(&run(&[args, &["--stats"]].concat()), stats);
        for (name, format) in [("x.csv", "CSV"), ("x.JSON", "JSON")] {
            let ending = format!(
                "-o {name} would write a partial, which is no {format}. Choose an ending such as .ccp; callcodes merge -o writes {format}"
            );
            assert_refused(&run(&[args, &["-o", name]].concat()), &ending);
        }
    }
    let changed =
        "--allow-changed is about files that have changed since a plan was made. Leave it out, or pass the plan";
    assert_refused(&run(&["scan", "--partial", "--allow-changed", "logs"]), changed);
    plan(&folder);
    for (option, given) in [
        ("--glob", &["-g", "*.log"][..]),
        ("--iglob", &["--iglob", "*.log"]),
        ("--max-depth", &["--max-depth", "1"]),
        ("--max-filesize", &["--max-filesize", "1"]),
        ("--newer-than", &["--newer-than", "1d"]),
        ("--older-than", &["--older-than", "1d"]),
        ("--follow", &["-L"]),
        ("--binary", &["--binary"]),
    ] {
        let what = format!("{option} has no effect with a plan, which says what is read. Pass it to callcodes plan");
        assert_refused(&run(&[&["scan", "--partial", "--plan", "plan.jsonl"], given].concat()), &what);
        assert_refused(&run(&[&["scan", "--partial", "--plan-line", "{\"id\":0}"], given].concat()), &what);
    }
    // The template in a configuration is for the merge.
    fs::write(folder.path().join("own.toml"), "host_from = \"{host}/**\"\n").unwrap();
    let noted = run(&["scan", "--partial", "--config", "own.toml", "-o", "x.ccp", "logs"]);
    let note = "callcodes: host_from in the configuration has no effect on a partial. callcodes merge uses it if it is in the configuration \
                there, or pass it with --host-from\n";
    assert_eq!((noted.status, noted.stderr.as_str()), (Some(0), note));
    let name = "\"a/b\" cannot be the name of a machine in paths. Pass one without slashes and exclamation marks with --machine NAME";
    assert_refused(&run(&["scan", "--partial", "--machine", "a/b", "logs"]), name);
    fs::create_dir(folder.path().join("none")).unwrap();
    assert_refused(&run(&["merge", "none"]), "there are no partials. Make them with callcodes scan --partial -o FILE");
    assert!(run(&["merge", "no-such-file"]).stderr.starts_with("error: cannot read no-such-file: "));
}

#[test]
fn options_about_reading_are_those_of_scan() {
    let run = |args: &[&str]| run(Path::new("."), args);
    let given: [(&str, &[&str]); 14] = [
        ("--tz", &["--tz", "UTC"]),
        ("--tz", &["--tz=+01:00"]),
        ("--year", &["--year", "2017"]),
        ("--date-order", &["--date-order", "dmy"]),
        ("-E", &["-E", "utf-8"]),
        ("--encoding", &["--encoding", "utf-8"]),
        ("-g", &["-g*.log"]),
        ("--newer-than", &["--newer-than", "1d"]),
        ("--keep-copies", &["--keep-copies"]),
        ("--binary", &["--binary"]),
        ("-j", &["-j", "4"]),
        ("--password-file", &["--password-file", "x"]),
        ("--machine", &["--machine", "PC1"]),
        ("--allow-changed", &["--allow-changed"]),
    ];
    for (option, given) in given {
        let what = format!("{option} has no effect on merge, which reads no logs. Pass it to callcodes scan --partial");
        assert_refused(&run(&[&["merge"], given, &["x.ccp"]].concat()), &what);
    }
    let what = "--no-join has no effect on merge, which reads no logs. Leave it out";
    assert_refused(&run(&["merge", "--no-join", "x.ccp"]), what);
    let what =
        "--date-order has no effect on a plan, which has only the names of logs. Pass it to callcodes scan --partial";
    assert_refused(&run(&["plan", "--date-order", "dmy", "fixtures/logs"]), what);
    // An option of no command, and one of another.
    let unknown = run(&["merge", "--nosuch", "x.ccp"]);
    assert!(unknown.stderr.starts_with("error: unexpected argument '--nosuch' found"), "{unknown:?}");
    let unknown = run(&["plan", "--by", "host", "fixtures/logs"]);
    assert!(unknown.stderr.starts_with("error: unexpected argument '--by' found"), "{unknown:?}");
    let unknown = run(&["codes", "--tz", "UTC"]);
    assert!(unknown.stderr.starts_with("error: unexpected argument '--tz' found"), "{unknown:?}");
}

#[test]
fn a_plan_is_read_in_any_form() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("\u{e4}.log"), "2017-02-14T08:00:00Z callStatus=102\n").unwrap();
    fs::write(folder.path().join("b.log"), "2017-02-14T08:00:00Z callStatus=108\n").unwrap();
    let planned = run(folder.path(), &["plan", "-o", "plan", "."]);
    assert_eq!((planned.status, planned.stderr.as_str()), (Some(0), ""));
    let plan = fs::read_to_string(folder.path().join("plan")).unwrap();
    // Shells that decode it in another code page change nothing.
    assert!(plan.is_ascii(), "{plan}");
    let plan = plan.replace('\n', "\r\n");
    let utf16 = |bytes: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        mark.encode_utf16().chain(plan.encode_utf16()).flat_map(bytes).collect()
    };
    let scan = |args: &[&str], stdin: &[u8]| {
        run_with(folder.path(), &[&["scan", "--partial", "--plan"], args].concat(), stdin)
    };
    let expected = scan(&["plan"], b"");
    assert_eq!((expected.status, expected.stderr.as_str()), (Some(0), ""));
    assert!(expected.stdout.contains("\\u00e4.log"), "{expected:?}");
    for form in [
        format!("\u{feff}{plan}").into_bytes(),
        utf16(u16::to_le_bytes, "\u{feff}"),
        utf16(u16::to_be_bytes, "\u{feff}"),
        utf16(u16::to_le_bytes, ""),
        compress(Codec::Gzip, plan.as_bytes()),
    ] {
        fs::write(folder.path().join("form"), &form).unwrap();
        for read in [scan(&["form"], b""), scan(&["-"], &form)] {
            assert_eq!((read.status, read.stderr.as_str(), &read.stdout), (Some(0), "", &expected.stdout));
        }
        fs::write(folder.path().join("all.ccp"), &expected.stdout).unwrap();
        let merged = run(folder.path(), &["merge", "--plan", "form", "--format", "csv", "all.ccp"]);
        assert_eq!((merged.status, merged.stderr.as_str()), (Some(0), ""));
    }
}

#[test]
fn pieces_that_are_the_same_under_pseudonyms_are_the_same() {
    let folder = fleet();
    fs::write(folder.path().join("key"), "secret").unwrap();
    assert_eq!(run(folder.path(), &["plan", "-o", "plan.jsonl", "logs"]).status, Some(0));
    let scan = |more: &[&str]| {
        let done = run(folder.path(), &[&["scan", "--partial", "--plan", "plan.jsonl"], more].concat());
        assert_eq!((done.status, done.stderr.as_str()), (Some(0), ""));
    };
    scan(&["-o", "0.ccp"]);
    scan(&["-o", "1.ccp", "--redact-users", "key"]);
    let merge = |partials: &[&str]| {
        let args = ["merge", "--plan", "plan.jsonl", "--redact-users", "key", "--by", "user", "--format", "csv"];
        run(folder.path(), &[&args[..], partials].concat())
    };
    let (both, one) = (merge(&["0.ccp", "1.ccp"]), merge(&["1.ccp"]));
    assert_eq!(both.stderr, "callcodes: 6 pieces or partials are there more than once, and count once\n");
    assert_eq!(both.stdout, one.stdout);
    let text = fs::read_to_string(folder.path().join("0.ccp")).unwrap();
    let changed = text.replacen("\"newlines\":", "\"newlines\":1", 1);
    assert_ne!(changed, text);
    fs::write(folder.path().join("0.ccp"), sealed(changed.as_bytes(), true)).unwrap();
    let differing = merge(&["0.ccp", "1.ccp"]).stderr;
    assert!(differing.contains("done more than once, and not in the same way."), "{differing}");
}

#[test]
fn partials_and_plans_in_a_folder_are_not_scanned() {
    let folder = fleet();
    plan(&folder);
    let line = run(&folder.path().join("logs/PC3"), &scan("PC3", &["--partial-line"])).stdout;
    fs::write(folder.path().join("lines.txt"), &line).unwrap();
    fs::write(folder.path().join("PC3.ccp.gz"), compress(Codec::Gzip, &fs::read(partial(&folder, "PC3")).unwrap()))
        .unwrap();
    let scanned = run(folder.path(), &["scan", "-v", "--format", "csv", "."]);
    let logs = run(folder.path(), &["scan", "--format", "csv", "logs"]);
    assert_eq!(scanned.stdout, logs.stdout);
    let skipped = scanned.stderr.lines().filter(|line| line.contains("skipped, written by callcodes itself")).count();
    assert_eq!(skipped, 6, "{scanned:?}");
}

/// A full disk on the machine that scans or merges.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported() {
    let folder = fleet();
    for args in
        [&["scan", "--partial", "-o", "/dev/full", "logs"][..], &["merge", "--partial", "-o", "/dev/full", "partials"]]
    {
        let done = run(folder.path(), args);
        assert_eq!(done.status, Some(2));
        assert!(done.stderr.starts_with("error: cannot write to /dev/full: No space left on device"), "{done:?}");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    command.current_dir(folder.path()).args(["merge", "-"]).env("TMPDIR", "/no-such-folder");
    command.stdin(fs::File::open(partial(&folder, "PC1")).unwrap());
    let done = command.output().unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(2));
    assert!(stderr.contains("Set TMPDIR to a folder that exists and has room"), "{stderr}");
}

#[test]
fn a_result_does_not_overwrite_the_file_of_another_option() {
    let folder = fleet();
    plan(&folder);
    let files = [
        ("key", "secret"),
        ("hosts", "PC1\nPC2\nPC3\n"),
        ("own", "[[pattern]]\nname = \"own\"\nregex = 'own=(?<code>\\d+)'\n"),
        ("passwords", "secret\n"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let before = |name: &str| fs::read(folder.path().join(name)).unwrap();
    for (args, option, name) in [
        (&["scan", "--partial", "logs"][..], "--redact-users", "key"),
        (&["scan", "--partial"], "--plan", "plan.jsonl"),
        (&["scan", "--partial", "logs"], "-f", "own"),
        (&["merge", "partials"], "--redact-users", "key"),
        (&["merge", "--partial", "partials"], "--redact-users", "key"),
        (&["merge", "partials"], "--expect-hosts", "hosts"),
        (&["merge", "partials"], "--plan", "plan.jsonl"),
        (&["merge", "partials"], "--config", "own"),
        (&["scan", "logs"], "-f", "own"),
        (&["lines", "logs"], "--config", "own"),
        (&["files", "logs"], "--password-file", "passwords"),
        (&["codes", "102"], "-f", "own"),
        (&["patterns", "show", "own"], "-f", "own"),
    ] {
        let whole = before(name);
        let target = format!("./{name}");
        let done = run(folder.path(), &[args, &[option, name, "-o", &target]].concat());
        assert_refused(&done, &format!("-o would overwrite {name}, the file of {option}. Choose another file"));
        assert_eq!(before(name), whole, "{args:?}");
    }
    let log = if cfg!(windows) { r"logs\PC1\svc.log" } else { "logs/PC1/svc.log" };
    let done = run(folder.path(), &["scan", "--partial", "--plan", "plan.jsonl", "-o", log]);
    assert_refused(&done, "-o would overwrite logs/PC1/svc.log, a file of the plan. Choose another file");
}
