//! Tests which files in a folder are read. The tests build folders, run the program over them and compare its complete messages.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use callcodes::unpack::Format;
use tempfile::TempDir;

use crate::packing::{FORMATS, pack};

const LINE: &str = "2017-02-14 02:57:24 rawCallStatus = 21\n";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR rawCallStatus = 21\n";

/// Returns a folder with these files. Each file has one line with one result.
fn tree(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        put(&folder, file, LINE.as_bytes());
    }
    folder
}

fn put(folder: &TempDir, file: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

/// The output of a run in a folder.
#[derive(Debug)]
struct Ran {
    stdout: String,
    stderr: String,
    status: Option<i32>,
}

fn run(folder: &TempDir, args: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    // All files contain the same line here; `copies.rs` tests copies.
    let output = command.args(args).args(["--no-config", "--keep-copies"]).current_dir(folder.path()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace('\r', "").replace('\\', "/");
    Ran { stdout: text(output.stdout), stderr: text(output.stderr), status: output.status.code() }
}

/// Returns the files whose lines were found, in order.
fn read(folder: &TempDir, args: &[&str]) -> Vec<String> {
    let ran = run(folder, &[&["lines", "--format", "jsonl"], args].concat());
    let path = |line: &str| {
        let line = line.strip_prefix(r#"{"path":""#).unwrap();
        line.split('"').next().unwrap().replace("//", "/")
    };
    ran.stdout.lines().map(path).collect()
}

/// Returns standard error and the exit status of a scan.
fn scan(folder: &TempDir, args: &[&str]) -> (String, Option<i32>) {
    let ran = run(folder, &[&["scan"], args].concat());
    (ran.stderr, ran.status)
}

#[test]
fn globs_are_relative_to_each_input_and_the_last_match_decides() {
    let folder = tree(&["t/a.log", "t/a.txt", "t/.hidden/B.LOG", "t/old/c.log", "t/deep/old/d.log"]);
    assert_eq!(read(&folder, &["t"]), ["t/.hidden/B.LOG", "t/a.log", "t/a.txt", "t/deep/old/d.log", "t/old/c.log"]);
    assert_eq!(read(&folder, &["t", "-g", "*.log"]), ["t/a.log", "t/deep/old/d.log", "t/old/c.log"]);
    assert_eq!(read(&folder, &["t", "--iglob", "*.log", "-g", "!old"]), ["t/.hidden/B.LOG", "t/a.log"]);
    assert_eq!(read(&folder, &["t", "-g", "/old/**"]), ["t/old/c.log"]);
    assert_eq!(read(&folder, &[".", "-g", "t/old/*"]), ["./t/old/c.log"]);
    assert_eq!(read(&folder, &["t/", "-g", "/a.*"]), ["t/a.log", "t/a.txt"]);
    assert_eq!(read(&folder, &["t", "-g", "*.log", "-g", "!c.*"]), ["t/a.log", "t/deep/old/d.log"]);
    assert_eq!(read(&folder, &["t", "-g", "!c.*", "-g", "*.log"]), ["t/a.log", "t/deep/old/d.log", "t/old/c.log"]);
    // Files left out are not reported. Globs do not apply to files that are passed as arguments.
    assert_eq!(scan(&folder, &["t", "t/a.txt", "-g", "*.log"]), (String::new(), Some(0)));
    assert_eq!(read(&folder, &["t/old", "t/a.txt", "-g", "*.log"]), ["t/old/c.log", "t/a.txt"]);
}

/// Returns an archive of `files` with one line each, and of `others`.
fn archive(format: Format, files: &[&str], others: &[(&str, &[u8])]) -> Vec<u8> {
    let files = files.iter().map(|&file| (file, LINE.as_bytes()));
    pack(format, &files.chain(others.iter().copied()).collect::<Vec<_>>())
}

/// Returns the same files in the folder `folder/host2` and in the archive `archive/host2`. In the archive, `in` is one, too.
fn twins(format: Format) -> TempDir {
    let (files, inner) = (["a.log", "b.txt", "deep/c.log", "deep/er/d.log"], ["deep/f.txt", "e.log"]);
    let folder = tempfile::tempdir().unwrap();
    for file in files.into_iter().chain(["in/deep/f.txt", "in/e.log"]) {
        put(&folder, &format!("folder/host2/{file}"), LINE.as_bytes());
    }
    put(&folder, "archive/host2", &archive(format, &files, &[("in", &archive(format, &inner, &[]))]));
    folder
}

/// Returns the files of an input that are read, as paths below `host2` in which archives look like folders.
fn read_below(folder: &TempDir, input: &str, options: &[&str]) -> Vec<String> {
    let read = read(folder, &[&[input], options].concat());
    read.iter().map(|path| path.replace("!/", "/").split_once("host2/").unwrap().1.to_owned()).collect()
}

#[test]
fn globs_select_in_an_archive_as_in_a_folder_with_the_same_name() {
    let cases: [(&[&str], usize); 12] = [
        (&[], 6),
        (&["*.log"], 4),
        (&["!*.log"], 2),
        (&["host2*/*.log"], 1),
        (&["host2/**", "!d.*"], 5),
        (&["host2/deep/*", "host2/in/deep/*"], 2),
        (&["**/deep/**", "!f.*"], 2),
        (&["!deep"], 3),
        (&["!host2/deep"], 4),
        (&["!host2"], 0),
        (&["in/*"], 0),
        (&["none"], 0),
    ];
    for format in FORMATS {
        let folder = twins(format);
        for (globs, count) in cases {
            let options: Vec<_> = globs.iter().flat_map(|glob| ["-g", glob]).collect();
            let expected = read_below(&folder, "folder", &options);
            assert_eq!(expected.len(), count, "{globs:?}: {expected:?}");
            assert_eq!(read_below(&folder, "archive", &options), expected, "{format} {globs:?}");
            let globs: Vec<_> = globs.iter().map(|glob| glob.replace("host2/", "/")).collect();
            let options: Vec<_> = globs.iter().flat_map(|glob| ["-g", glob]).collect();
            let expected = read_below(&folder, "folder/host2", &options);
            assert_eq!(read_below(&folder, "archive/host2", &options), expected, "{format} {globs:?}");
        }
    }
}

#[test]
fn a_glob_that_matches_an_archive_selects_everything_in_it() {
    let inner = archive(Format::Zip, &["deep/a.log", "b.txt"], &[]);
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "t/host2/logs.zip", &archive(Format::Zip, &["host2/deep/c.log", "d.txt"], &[("inner.zip", &inner)]));
    let all = ["host2/deep/c.log", "d.txt", "inner.zip!/deep/a.log", "inner.zip!/b.txt"];
    let read = |globs: &[&str]| {
        let options: Vec<_> = globs.iter().flat_map(|glob| ["-g", glob]).collect();
        let read = read(&folder, &[&["t"], &options[..]].concat());
        read.iter().map(|path| path.replace("t/host2/logs.zip!/", "")).collect::<Vec<_>>()
    };
    for taken in ["*.zip", "host2*/*", "logs*", "host2/logs.zip", "host2/logs.zip/**", "**/logs.zip!/**"] {
        assert_eq!(read(&[taken]), all, "{taken}");
    }
    assert_eq!(read(&["inner.*"]), all[2..]);
    assert_eq!(read(&["*.zip", "!*.txt"]), [all[0], all[2]]);
    assert_eq!(read(&["*.zip", "!inner.zip"]), all[..2]);
    assert_eq!(read(&["*.txt", "!**/inner.zip!/**"]), [all[1]]);
    assert_eq!(read(&["*.txt", "!**/inner.zip/**"]), [all[1]]);
}

#[test]
fn depth_in_an_archive_counts_from_the_folder_of_the_archive() {
    for format in FORMATS {
        let folder = twins(format);
        for (depth, expected) in [
            ("0", &[][..]),
            ("1", &["a.log", "b.txt", "in/e.log"]),
            ("2", &["a.log", "b.txt", "deep/c.log", "in/deep/f.txt", "in/e.log"]),
            ("3", &["a.log", "b.txt", "deep/c.log", "deep/er/d.log", "in/deep/f.txt", "in/e.log"]),
        ] {
            let options = ["--max-depth", depth];
            assert_eq!(read_below(&folder, "archive/host2", &options), expected, "{format} {depth}");
            assert_eq!(read_below(&folder, "archive", &options), expected, "{format} {depth}");
            // The folder that stands for the inner archive adds a level; the archive does not.
            let in_folder = read_below(&folder, "folder/host2", &options);
            let but_inner =
                |read: &[String]| read.iter().filter(|path| !path.starts_with("in/")).cloned().collect::<Vec<_>>();
            let expected: Vec<_> = expected.iter().map(|&path| path.to_owned()).collect();
            assert_eq!(but_inner(&in_folder), but_inner(&expected), "{format} {depth}");
        }
    }
}

#[test]
fn depth_counts_from_the_input() {
    let folder = tree(&["t/a.log", "t/b/c.log", "t/b/d/e.log"]);
    assert_eq!(read(&folder, &["t", "--max-depth", "1"]), ["t/a.log"]);
    assert_eq!(read(&folder, &["t", "--max-depth", "2"]), ["t/a.log", "t/b/c.log"]);
    // The folder is found twice, and the second time one more level of it is read.
    assert_eq!(read(&folder, &["t", "t/b", "--max-depth", "2"]), ["t/a.log", "t/b/c.log", "t/b/d/e.log"]);
}

#[test]
fn large_files_are_skipped_and_reported() {
    let folder = tree(&["t/a.log"]);
    put(&folder, "t/b.log", LINE.repeat(100).as_bytes());
    assert_eq!(read(&folder, &["t", "--max-filesize", "1K"]), ["t/a.log"]);
    let one = "callcodes: t/b.log: skipped, larger than --max-filesize\n".to_owned();
    assert_eq!(scan(&folder, &["t", "--max-filesize", "1K"]), (one, Some(0)));
    let two = "callcodes: 2 files larger than --max-filesize skipped (-v lists them)\n".to_owned();
    assert_eq!(scan(&folder, &["t", "--max-filesize", "5"]), (two, Some(0)));
    // A file exactly of this size is read, and so is one that is passed as an argument.
    assert_eq!(read(&folder, &["t", "--max-filesize", "39"]), ["t/a.log"]);
    assert_eq!(read(&folder, &["t/a.log", "--max-filesize", "38"]), ["t/a.log"]);
}

#[test]
fn files_are_selected_by_modification_time() {
    let folder = tree(&["t/new.log", "t/old.log"]);
    let old: SystemTime = SystemTime::now() - Duration::from_secs(3 * 86_400);
    File::options().write(true).open(folder.path().join("t/old.log")).unwrap().set_modified(old).unwrap();
    assert_eq!(read(&folder, &["t", "--newer-than", "2d"]), ["t/new.log"]);
    assert_eq!(read(&folder, &["t", "--older-than", "2d"]), ["t/old.log"]);
    assert_eq!(read(&folder, &["t", "--newer-than", "4d", "--older-than", "2d"]), ["t/old.log"]);
    assert_eq!(read(&folder, &["t", "--newer-than", "2001-01-01 10:00"]), ["t/new.log", "t/old.log"]);
    assert_eq!(read(&folder, &["t/old.log", "--newer-than", "2d"]), ["t/old.log"]);
    let skipped = "callcodes: t/old.log: skipped, last modified before --newer-than\n".to_owned();
    assert_eq!(scan(&folder, &["t", "--newer-than", "2d"]), (skipped, Some(0)));
    let skipped = "callcodes: t/new.log: skipped, last modified at or after --older-than\n".to_owned();
    assert_eq!(scan(&folder, &["t", "--older-than", "2d"]), (skipped, Some(0)));
}

/// A user may expect the option to filter by the times in the lines, or may have just extracted the logs.
#[test]
fn modification_times_that_select_nothing_or_everything_are_explained() {
    let folder = tree(&["t/a.log", "t/b.log"]);
    let why = "It looks at when a file in a folder or archive was last modified, which copying and unpacking may \
               change, and not at the times in its lines";
    let none = format!("callcodes: --newer-than excluded no file. {why}\n");
    assert_eq!(scan(&folder, &["t", "--newer-than", "2017-02-15"]), (none.clone(), Some(0)));
    for command in ["lines", "files"] {
        assert_eq!(run(&folder, &[command, "t", "--newer-than", "2017-02-15"]).stderr, none, "{command}");
    }
    let (stderr, _) = scan(&folder, &["t", "--older-than", "2017-02-15"]);
    let all = format!("callcodes: --older-than excluded every file. {why}");
    assert_eq!(stderr.lines().last(), Some(all.as_str()));
    let (stderr, _) = scan(&folder, &["t", "--newer-than", "2017-02-15", "--older-than", "9999-01-01"]);
    assert_eq!(stderr, format!("callcodes: --newer-than and --older-than excluded no file. {why}\n"));
    // If the option selects some files and leaves out others, no explanation is needed.
    let old = SystemTime::now() - Duration::from_secs(3 * 86_400);
    File::options().write(true).open(folder.path().join("t/b.log")).unwrap().set_modified(old).unwrap();
    let (stderr, _) = scan(&folder, &["t", "--newer-than", "2d"]);
    assert_eq!(stderr, "callcodes: t/b.log: skipped, last modified before --newer-than\n");
}

/// The unknown time zone may be ahead of UTC or behind it.
#[test]
fn a_file_in_an_archive_whose_time_may_be_local_is_reported_near_the_limit() {
    let ten = zip::DateTime::from_date_and_time(2024, 5, 1, 10, 0, 0).unwrap();
    let options = zip::write::SimpleFileOptions::default().last_modified_time(ten);
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["a.log", "b.log"] {
        archive.start_file(name, options).unwrap();
        archive.write_all(LINE.as_bytes()).unwrap();
    }
    let folder = tree(&["t/plain.log"]);
    put(&folder, "t/x.zip", &archive.finish().unwrap().into_inner());
    let doubt = |option: &str| {
        format!(
            "callcodes: {option} may be wrong about 2 files in zip or cab archives: these archives may store local \
             times of an unknown time zone, which are taken as UTC\n"
        )
    };
    let skipped = "callcodes: 2 files modified outside --newer-than or --older-than skipped (-v lists them)\n";
    let newer = |limit: &str| scan(&folder, &["t", "--newer-than", limit]).0;
    assert_eq!(newer("2024-05-01 12:00"), format!("{skipped}{}", doubt("--newer-than")));
    assert!(newer("2024-05-01 08:00").ends_with(&doubt("--newer-than")), "{}", newer("2024-05-01 08:00"));
    assert_eq!(newer("2024-05-02 00:01"), skipped, "no zone is that far away");
}

#[test]
fn newer_than_and_older_than_leave_no_gap() {
    let folder = tree(&["t/a.log"]);
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_714_564_800);
    File::options().write(true).open(folder.path().join("t/a.log")).unwrap().set_modified(noon).unwrap();
    assert_eq!(read(&folder, &["t", "--newer-than", "2024-05-01 12:00"]), ["t/a.log"]);
    assert_eq!(read(&folder, &["t", "--older-than", "2024-05-01 12:00"]), Vec::<String>::new());
    assert_eq!(read(&folder, &["t", "--older-than", "2024-05-01T12:00:01Z"]), ["t/a.log"]);
}

#[test]
fn binary_files_are_skipped_unless_asked_for() {
    let folder = tree(&["t/a.log"]);
    put(&folder, "t/b.png", PNG);
    assert_eq!(read(&folder, &["t"]), ["t/a.log"]);
    assert_eq!(read(&folder, &["t", "--binary"]), ["t/a.log", "t/b.png"]);
    let one = "callcodes: t/b.png: skipped, a binary file (PNG picture); use --binary to read it\n";
    assert_eq!(scan(&folder, &["t"]), (one.to_owned(), Some(0)));
    assert_eq!(scan(&folder, &["t/b.png"]), (one.to_owned(), Some(0)), "named");
    // Large enough to be divided among threads.
    let large = [PNG, &vec![b' '; 5 << 20]].concat();
    put(&folder, "t/c.png", &large);
    let two = "callcodes: 2 binary files skipped (use --binary to read them, -v to list them)\n";
    assert_eq!(scan(&folder, &["t"]), (two.to_owned(), Some(0)));
    let all = format!("{one}{}", one.replace("b.png", "c.png"));
    assert_eq!(scan(&folder, &["t", "-v"]), (all, Some(0)));
}

#[test]
fn all_skipped_files_are_in_json_and_in_no_total() {
    let folder = tree(&["t/a.log"]);
    put(&folder, "t/b.png", PNG);
    put(&folder, "t/c.png", PNG);
    let ran = run(&folder, &["scan", "t", "t/a.log", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout.replace("//", "/")).unwrap();
    let problem =
        |path: &str, kind: &str, detail: &str| serde_json::json!({"path": path, "kind": kind, "detail": detail});
    let picture = "skipped, a binary file (PNG picture); use --binary to read it";
    assert_eq!(
        value["problems"],
        serde_json::json!([
            problem("t/a.log", "read-already", "skipped, already read under this or another name"),
            problem("t/b.png", "binary", picture),
            problem("t/c.png", "binary", picture),
        ])
    );
    assert_eq!((&value["totals"]["files_read"], &value["totals"]["results"]), (&1.into(), &1.into()));
}

#[test]
fn nothing_is_read_twice_whatever_paths_lead_to_it() {
    let folder = tree(&["t/a.log", "t/b/c.log"]);
    assert_eq!(read(&folder, &["t/a.log", "t", "t/b/c.log"]), ["t/a.log", "t/b/c.log"]);
    let one = "callcodes: t/a.log: skipped, already read under this or another name\n".to_owned();
    assert_eq!(scan(&folder, &["t/a.log", "t"]), (one, Some(0)));
    let two =
        "callcodes: 2 inputs skipped because they were already read under the same or another name (-v lists them)\n";
    assert_eq!(scan(&folder, &["t/a.log", "t", "./t/b/../a.log"]), (two.to_owned(), Some(0)));
    // The same holds for a whole folder.
    let again = "callcodes: ./t: skipped, already read under this or another name\n".to_owned();
    assert_eq!(scan(&folder, &["t", "./t"]), (again, Some(0)));
    let below = "callcodes: t/b: skipped, already read under this or another name\n".to_owned();
    assert_eq!(scan(&folder, &["t/b", "t"]), (below, Some(0)));
    // A file that a glob left out the first time is read the second time.
    assert_eq!(read(&folder, &["t", "t/a.log", "-g", "!a.*"]), ["t/b/c.log", "t/a.log"]);
}

#[test]
fn invalid_values_are_refused_with_the_reason() {
    let folder = tree(&["a.log"]);
    let cases = [
        ("-g", "[a", "'--glob <GLOB>': unclosed character class; missing ']'"),
        ("--iglob", "{a", "'--iglob <GLOB>': unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"),
        ("--max-filesize", "10X", "'--max-filesize <SIZE>': 'X' is not a unit; use a size such as 500K, 10M or 1.5GiB"),
        (
            "--newer-than",
            "yesterday",
            "'--newer-than <WHEN>': use an age (2h, 3d, 1w) or a date (2024-05-01, '2024-05-01 10:00', UTC unless \
             it ends in a zone like +02:00)",
        ),
    ];
    for (flag, value, fault) in cases {
        let expected = format!("error: invalid value '{value}' for {fault}\n\nFor more information, try '--help'.\n");
        assert_eq!(scan(&folder, &["a.log", flag, value]), (expected, Some(2)));
    }
}

/// A relative and an absolute path of more than 260 characters, which was once the limit of Windows.
#[test]
fn long_paths_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let part = "a-folder-name-of-thirty-chars-";
    let long = format!("{}/x.log", [part; 12].join("/"));
    assert_eq!(long.len(), 12 * 31 + 5);
    put(&folder, &long, LINE.as_bytes());
    assert_eq!(read(&folder, &["."]), [format!("./{long}")]);
    assert_eq!(read(&folder, &[&long]), [long.as_str()]);
    let absolute = folder.path().join(&long);
    assert_eq!(read(&folder, &[absolute.to_str().unwrap()]).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_path_over_the_limit_of_the_system_is_reported_as_such() {
    let folder = tree(&["t/a.log"]);
    let long = "n".repeat(300);
    let expected = format!(
        "callcodes: {long}: the path is too long for this system; change into a folder closer to the file and use a \
         relative path\n"
    );
    assert_eq!(scan(&folder, &["t", &long]), (expected, Some(3)));
}

#[cfg(windows)]
#[test]
fn wildcards_are_expanded_where_the_shell_does_not_expand_them() {
    let folder = tree(&["a.log", "B.LOG", "c.txt", r"logs\x\d.log", r"logs\y\e.log", r"logs\y\f.txt"]);
    assert_eq!(read(&folder, &["*.log"]), ["B.LOG", "a.log"]);
    assert_eq!(read(&folder, &[r"logs\*\*.log"]), ["logs/x/d.log", "logs/y/e.log"]);
    assert_eq!(read(&folder, &["log?"]), ["logs/x/d.log", "logs/y/e.log", "logs/y/f.txt"]);
    assert_eq!(scan(&folder, &["*.none"]), ("callcodes: *.none: no such file or folder\n".to_owned(), Some(3)));
}

#[test]
fn the_output_file_is_not_read() {
    let folder = tree(&["t/a.log"]);
    // The file contains earlier output, to which the run appends.
    let path = put(&folder, "t/out.txt", b"callStatus=102\n");
    let file = File::options().append(true).open(&path).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let status = command.args(["lines", "t", "--no-config"]).current_dir(folder.path()).stdout(file).status().unwrap();
    assert_eq!(status.code(), Some(0));
    let printed = fs::read_to_string(path).unwrap().replace('\\', "/");
    assert_eq!(
        printed,
        "callStatus=102\nt/a.log:1: [21 Mobile App Authenticated] 2017-02-14 02:57:24 rawCallStatus = 21\n"
    );
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use super::*;

    #[test]
    fn links_to_folders_are_followed_only_if_asked_for() {
        let folder = tree(&["t/a.log", "elsewhere/b.log"]);
        symlink("../elsewhere", folder.path().join("t/link")).unwrap();
        assert_eq!(read(&folder, &["t"]), ["t/a.log"]);
        assert_eq!(read(&folder, &["t", "-L"]), ["t/a.log", "t/link/b.log"]);
        assert_eq!(read(&folder, &["t/link"]), ["t/link/b.log"], "named");
        assert_eq!(scan(&folder, &["t/link"]), (String::new(), Some(0)));
        let link = "callcodes: t/link: link to a folder, not followed; use -L to follow it\n";
        assert_eq!(scan(&folder, &["t"]), (link.to_owned(), Some(0)));
        // The link is reported only if files in its folder could be selected.
        assert_eq!(scan(&folder, &["t", "-g", "*.log"]), (link.to_owned(), Some(0)));
        assert_eq!(scan(&folder, &["t", "-g", "!link"]), (String::new(), Some(0)));
        assert_eq!(scan(&folder, &["t", "--max-depth", "1"]), (String::new(), Some(0)));
        assert_eq!(scan(&folder, &["t", "-L"]), (String::new(), Some(0)));
    }

    #[test]
    fn links_that_lead_back_are_reported_and_not_followed() {
        let folder = tree(&["t/b/a.log"]);
        symlink("..", folder.path().join("t/b/up")).unwrap();
        assert_eq!(read(&folder, &["t", "-L"]), ["t/b/a.log"]);
        let told_once = "callcodes: t/b/up: not followed: it leads back to t\n".to_owned();
        assert_eq!(scan(&folder, &["t", "-L"]), (told_once, Some(0)));
    }

    #[test]
    fn folders_that_link_to_each_other_are_read_once() {
        let folder = tree(&["t/0/a.log", "t/1/a.log", "t/2/a.log", "t/3/a.log", "t/4/a.log", "t/5/a.log"]);
        for (one, other) in (0..6).flat_map(|one| (0..6).map(move |other| (one, other))) {
            symlink(format!("../{other}"), folder.path().join(format!("t/{one}/to-{other}"))).unwrap();
        }
        assert_eq!(read(&folder, &["t", "-L"]).len(), 6);
        // 36 links: 5 lead to a folder for the first time, and 5 folders are found again in t.
        let (stderr, status) = scan(&folder, &["t", "-L", "-v"]);
        assert_eq!((stderr.lines().count(), status), (36 - 5 + 5, Some(0)));
        // With a depth limit or a glob, the same files are read, and not all 6! paths are followed.
        for args in [&["-g", "*.log"][..], &["--max-depth", "9"], &["-g", "!to-9", "--max-depth", "9"]] {
            assert_eq!(read(&folder, &[&["t", "-L"], args].concat()).len(), 6, "{args:?}");
        }
    }

    #[test]
    fn a_folder_with_many_paths_is_read_by_some_of_them_and_reported() {
        let folder = tree(&["t/b/a.log", "real/a.log"]);
        for number in 0..20 {
            symlink("../real", folder.path().join(format!("t/to-{number:02}"))).unwrap();
        }
        // The first eight paths of each file are tried until a glob matches one.
        assert_eq!(read(&folder, &["t", "-L", "-g", "/to-07/*.log"]), ["t/to-07/a.log"]);
        assert_eq!(read(&folder, &["t", "-L", "-g", "/to-08/*.log"]), [""; 0]);
        let one = "callcodes: 12 files exceed a limit; first: t/to-08: skipped: symbolic links lead to this folder \
                   by more than 8 paths; pass it as an argument to read it (-v lists all)\n";
        assert_eq!(scan(&folder, &["t", "-L", "-g", "/to-08/*.log"]), (one.to_owned(), Some(3)));
    }

    #[test]
    fn a_folder_that_was_too_deep_is_read_by_a_shorter_path() {
        let folder = tree(&["t/a/b/c.log"]);
        symlink("a/b", folder.path().join("t/link")).unwrap();
        assert_eq!(read(&folder, &["t", "-L", "--max-depth", "2"]), ["t/link/c.log"]);
    }

    #[test]
    fn a_file_with_several_links_is_read_once() {
        let folder = tree(&["t/a.log"]);
        symlink("a.log", folder.path().join("t/current.log")).unwrap();
        fs::hard_link(folder.path().join("t/a.log"), folder.path().join("t/hard.log")).unwrap();
        assert_eq!(read(&folder, &["t"]), ["t/a.log"]);
        let two = "callcodes: 2 inputs skipped because they were already read under the same or another name (-v \
                   lists them)\n";
        assert_eq!(scan(&folder, &["t"]), (two.to_owned(), Some(0)));
        assert_eq!(read(&folder, &["t", "-g", "current*"]), ["t/current.log"]);
    }

    #[test]
    fn broken_links_are_reported_as_a_loss() {
        let folder = tree(&["t/a.log"]);
        symlink("gone.log", folder.path().join("t/current.log")).unwrap();
        let broken = "callcodes: t/current.log: symbolic link to a file or folder that does not exist\n".to_owned();
        assert_eq!(scan(&folder, &["t"]), (broken.clone(), Some(3)));
        assert_eq!(scan(&folder, &["t", "-L"]), (broken.clone(), Some(3)));
        assert_eq!(scan(&folder, &["t/current.log"]), (broken, Some(3)), "named");
        assert_eq!(scan(&folder, &["t", "-g", "a.*"]), (String::new(), Some(0)), "left out");
    }

    #[test]
    fn pipes_and_sockets_in_folders_are_skipped() {
        let folder = tree(&["t/a.log"]);
        let pipe = folder.path().join("t/pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let one = "callcodes: t/pipe: skipped, a pipe; pass it as an argument to read it\n".to_owned();
        assert_eq!(scan(&folder, &["t"]), (one, Some(0)));
        let _socket = UnixListener::bind(folder.path().join("t/socket")).unwrap();
        let two = "callcodes: 2 pipes, sockets or devices in folders skipped (-v lists them)\n".to_owned();
        assert_eq!(scan(&folder, &["t"]), (two, Some(0)));
        let each = "callcodes: t/pipe: skipped, a pipe; pass it as an argument to read it\n\
                    callcodes: t/socket: skipped, a socket: it holds nothing to read\n";
        assert_eq!(scan(&folder, &["t", "-v"]), (each.to_owned(), Some(0)));
    }

    /// Comparing the files in the folder with the output file must not open a pipe.
    #[test]
    fn pipes_are_not_opened_when_the_output_goes_to_a_file() {
        let folder = tree(&["t/a.log"]);
        assert!(Command::new("mkfifo").arg(folder.path().join("t/pipe")).status().unwrap().success());
        let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
        let out = File::create(folder.path().join("t/out.csv")).unwrap();
        command.args(["t", "--format=csv", "--no-config"]).current_dir(folder.path()).stdout(out);
        assert_eq!(command.status().unwrap().code(), Some(0));
        let written = fs::read_to_string(folder.path().join("t/out.csv")).unwrap();
        assert_eq!(written.lines().count(), 2, "{written}");
    }

    #[test]
    fn a_pipe_that_is_passed_as_an_argument_is_read() {
        let folder = tree(&[]);
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let writer = std::thread::spawn(move || fs::write(pipe, LINE).unwrap());
        assert_eq!(read(&folder, &["pipe"]), ["pipe"]);
        writer.join().unwrap();
    }

    #[test]
    fn names_that_are_not_unicode_are_read_and_escaped() {
        let folder = tree(&["t/a.log"]);
        let odd = Path::new(OsStr::from_bytes(b"b\xff.log"));
        fs::write(folder.path().join("t").join(odd), LINE).unwrap();
        let other = Path::new(OsStr::from_bytes(b"b\xfe.log"));
        fs::write(folder.path().join("t").join(other), LINE).unwrap();
        let ran = run(&folder, &["lines", "t"]);
        // `run` replaces backslashes with slashes.
        let paths: Vec<&str> = ran.stdout.lines().map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(paths, ["t/a.log", "t/b/xfe.log", "t/b/xff.log"]);
    }
}

/// The program keeps fewer files open than the system allows, however many threads it has.
#[cfg(unix)]
#[test]
fn a_low_limit_of_open_files_makes_no_file_unreadable() {
    let files: Vec<String> = (0..400).map(|number| format!("t/{}/{number}.log", number % 40)).collect();
    let folder = tree(&files.iter().map(String::as_str).collect::<Vec<_>>());
    // Large enough to stay open while others are read.
    let log = [LINE.as_bytes(), &b"nothing of interest\n".repeat(5000)].concat();
    for number in 0..100 {
        put(&folder, &format!("t/{}/{number}.txt", number % 40), &log);
    }
    for (number, format) in (0..50).zip(FORMATS.into_iter().cycle()) {
        let archived = archive(format, &["a.log", "b.log"], &[]);
        put(&folder, &format!("t/{}/{number}.{format}", number % 40), &archived);
    }
    for limit in ["40", "64", "128"] {
        let output = Command::new("sh")
            .args(["-c", "ulimit -n \"$0\" && exec \"$@\"", limit, env!("CARGO_BIN_EXE_callcodes")])
            .args(["t", "-j", "64", "--no-config", "--keep-copies", "--format", "csv"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{limit}");
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.lines().any(|row| row.starts_with("21,") && row.contains(",600,")), "{limit}: {table}");
    }
}
