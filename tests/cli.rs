//! Tests the command line as users see it. Every case is a data file with the complete stdout, stderr and exit status.
//!
//! To add a case, write `tests/cmd/NAME.toml`. It runs in the root of the package, where fixtures are in `fixtures/logs/…`, or,
//! with `fs.cwd = "patterns"`, in that folder of `tests/cmd`:
//!
//! ```toml
//! bin.name = "callcodes"
//! args = ["codes", "102"]        # or one string, which is split as by a shell
//! stdin = "optional\r\n"         # verbatim; by default stdin is empty, never a terminal
//! status.code = 2                # default: 0
//! stdout = ""                    # or a file NAME.stdout, which is better for tables
//! stderr = """
//! error: …
//! """
//! ```
//!
//! Backslashes in the output are compared as slashes, so that cases pass on every platform. A `.stdout` or `.stderr` file may
//! have either. A string in the TOML file must have slashes (`CONTOSO/ann`), and the `\"` of JSON is written `/"` there.
//! `binary = true` compares bytes. `[..]`, `[CWD]` and a line of `...` match text that varies.
//!
//! To run one case: `cargo test --test cli -- cases trycmd=NAME`. Do not let trycmd overwrite the expected output: it is worked
//! out by hand.
//!
//! The `console` blocks in README.md are cases, too. The last line end of a block belongs to the fence, so an empty line follows
//! the output of the last command. Standard error comes after standard output.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

#[test]
fn cases() {
    trycmd::TestCases::new()
        // The settings of the machine must not affect the output. These take precedence over a case's own `env.add`.
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("XDG_CONFIG_HOME", "no-such-folder")
        .env("APPDATA", "no-such-folder")
        .env("HOME", "no-such-folder")
        .env("USERPROFILE", "no-such-folder")
        .case("tests/cmd/*.toml")
        .case("README.md");
}

/// trycmd ignores a stream without an expectation, a case with an unknown program and an unknown key. A case with one of these
/// could not fail.
#[test]
fn every_case_expects_both_streams_of_this_program() {
    let known = ["bin", "args", "stdin", "stdout", "stderr", "status", "binary", "env", "fs", "timeout"];
    let mut paths = BTreeSet::new();
    for entry in fs::read_dir("tests/cmd").unwrap() {
        paths.insert(entry.unwrap().path());
    }
    // Folders contain the inputs of cases.
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if extension != "toml" {
            assert!(path.with_extension("toml").exists(), "{}: no case of that name", path.display());
            continue;
        }
        let case: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        for key in case.keys() {
            assert!(known.contains(&key.as_str()), "{}: unknown key {key}", path.display());
        }
        let program = case.get("bin").and_then(|bin| bin.get("name")).and_then(toml::Value::as_str);
        assert_eq!(program, Some("callcodes"), "{}: bin.name", path.display());
        for stream in ["stdout", "stderr"] {
            let given = usize::from(case.contains_key(stream)) + usize::from(path.with_extension(stream).exists());
            assert_eq!(given, 1, "{}: {stream} must be expected in one place", path.display());
        }
    }
}

fn readme() -> String {
    fs::read_to_string("README.md").expect("tests run in the root of the package")
}

/// trycmd skips commands of other programs in README.md. That is intended, but it would also skip a misspelt `callcodes`.
#[test]
fn the_readme_shows_no_command_that_goes_unchecked_by_mistake() {
    let commands: Vec<String> =
        readme().lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned).collect();
    assert!(commands.len() >= 5, "{commands:?}");
    for command in commands {
        let program = command.split(' ').next().unwrap_or_default();
        assert!(["callcodes", "cargo"].contains(&program), "README.md: {command}");
    }
}

/// This example is not a trycmd case, because that would leave the file in the repository.
#[test]
fn the_spreadsheet_example_writes_the_table_as_csv() {
    let readme = readme();
    let recipe = readme.lines().find(|line| line.starts_with("    callcodes -o results.csv ")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("fixtures")).unwrap();
    fs::copy("fixtures/ticket.zip", folder.path().join("fixtures/ticket.zip")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = program.args(recipe.trim_start().split(' ').skip(1)).current_dir(folder.path()).output().unwrap();
    assert_eq!((run.status.code(), run.stdout), (Some(0), Vec::new()));
    let csv = fs::read_to_string(folder.path().join("results.csv")).unwrap();
    // Excel takes UTF-8 without a byte order mark for an ANSI code page.
    assert!(csv.starts_with("\u{feff}code,name,description,"), "{csv}");
    // The code and the description of each row are in the table of README.md, too.
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert!(readme.contains(&format!("{:>4}  {}  ", cells[0], cells[2])), "{row}");
    }
    // The heading, eight results, and four that a general pattern found.
    assert_eq!(csv.lines().count(), 13);
}

/// Newcomers begin with README.md, so it must stay short.
#[test]
fn the_readme_is_short() {
    assert!(readme().lines().count() <= 135);
}
