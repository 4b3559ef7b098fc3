//! Tests the recipes of `callcodes help cluster`. `.ci/spark` tests the driver for Spark on a cluster.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::sign_ins::written;
use crate::ticket::generated::{Spec, ticket};
use crate::ticket::small;

fn callcodes(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_callcodes")).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Whether a program is installed. Otherwise, says what is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn is_installed(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_installed = found.is_ok_and(|status| status.success());
    if !is_installed {
        eprintln!("skipped: {program} is not installed");
    }
    is_installed
}

/// Returns the commands below a heading of the topic, with another folder of logs.
fn recipe(heading: &str, logs: &Path) -> String {
    let page = include_str!("../../src/bin/callcodes/topics/cluster.md").replace('\r', "");
    let (_, rest) = page.split_once(&format!("# {heading}\n")).unwrap();
    let section = rest.split("\n# ").next().unwrap();
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!((2..=5).contains(&commands.len()), "{commands:?}");
    commands.join("\n").replace("/mnt/logs", logs.to_str().unwrap())
}

/// Runs commands in a shell that finds the program.
fn shell(commands: &str, folder: &Path) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_callcodes")).parent().unwrap();
    let mut paths = vec![program.to_owned()];
    paths.extend(env::split_paths(&env::var_os("PATH").unwrap()));
    let paths = env::join_paths(paths).unwrap();
    let home = folder.join("home");
    Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", commands])
        .current_dir(folder)
        .env("PATH", paths)
        .env("HOME", home)
        .output()
        .unwrap()
}

#[test]
fn the_recipe_for_gnu_parallel_gives_the_bytes_of_one_process() {
    if !is_installed("parallel") {
        return;
    }
    let logs = written(&ticket(&Spec { machines: 2, sign_ins: 60, ..small() }));
    // A name that a shell or GNU parallel might change.
    fs::write(logs.path().join("it's {} \"a\" $HOME.log"), "callStatus=102\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let commands = recipe("GNU parallel", logs.path());
    let path = logs.path().to_str().unwrap();
    // The merge does not know the paths, which the commands of findings name.
    let expected = callcodes(&["scan", "--no-config", "--by", "host", path]);
    let merge = "\ncallcodes merge --no-config --plan plan.jsonl --by host all.ccp";
    for commands in [commands.clone(), commands.replace("-n 1 ", "-X -n 100 ")] {
        let done = shell(&commands, folder.path());
        assert_eq!(String::from_utf8_lossy(&done.stdout), expected, "{commands}: {done:?}");
    }
    // What fails on the way is noticed.
    let failing = commands.replace(" callcodes scan ", " false ");
    assert_ne!(failing, commands);
    assert!(!shell(&failing, folder.path()).status.success());
    let cut = commands.replace("> all.ccp", "| sed 3d > all.ccp");
    let done = shell(&cut, folder.path());
    assert!(!done.status.success() && done.stdout.is_empty(), "{done:?}");
    let lost = commands.replace("'1d;$d'", "'1,2d;$d'").replace(&merge[1..], "true");
    assert!(shell(&lost, folder.path()).status.success());
    let done = shell(merge, folder.path());
    let text = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(2) && text.contains("1 piece "), "{text}");
}

#[test]
fn the_driver_for_spark_is_valid_and_packs_pieces_in_order() {
    let driver = callcodes(&["generate", "spark"]).replace('\r', "");
    assert_eq!(driver, include_str!("../../src/bin/callcodes/cluster/spark.py").replace('\r', ""));
    if !is_installed("python3") {
        return;
    }
    let check = r#"
import sys
space = {"__name__": "driver"}
exec(compile(sys.stdin.read(), "spark.py", "exec"), space)
pack = lambda *sizes: [len(task.splitlines()) for task in space["pack"]([b'{"bytes":%d}\n' % size for size in sizes], 1 << 20)]
assert space["pack"]([], 1) == [b""]
assert pack(10) == [1] and pack(1 << 30, 1 << 30) == [1, 1] and pack(*[500_000] * 3) == [1, 1, 1]
assert pack(*[0] * 33) == [16, 16, 1] and pack(400_000, 400_000, 1, 1) == [3, 1]
assert space["pack"]([b'{"range":[5,9],"bytes":1000000000}\n'] * 2, 1 << 20) == [b'{"range":[5,9],"bytes":1000000000}\n' * 2]
args = space["arguments"](["--both=--tz 'Europe/Berlin'", "/logs"])
assert args.both == ["--no-config", "--tz", "Europe/Berlin"] and args.paths == ["/logs"], args
for wrong in ["logs"], ["--task-bytes=0", "/logs"], ["--task-bytes=-1", "/logs"], ["--task-bytes=x", "/logs"]:
    try:
        space["arguments"](wrong)
    except SystemExit as end:
        assert end.code == 2
    else:
        assert False, wrong
assert space["arguments"](["--task-bytes=1", "/logs"]).task_bytes == 1
"#;
    let mut python = Command::new("python3").args(["-c", check]).stdin(Stdio::piped()).spawn().unwrap();
    python.stdin.take().unwrap().write_all(driver.as_bytes()).unwrap();
    assert!(python.wait().unwrap().success());
}
