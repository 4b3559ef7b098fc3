//! Tests the command line as users see it. Every case is a data file with the whole stdout, stderr and exit status.
//!
//! To add a case, write `tests/cmd/NAME.toml`; it runs in the package's root, so fixtures are `fixtures/logs/…`, or in
//! a folder beside it, as `fs.cwd = "patterns"` says:
//!
//! ```toml
//! bin.name = "callcodes"
//! args = ["codes", "102"]        # or one string, split like a shell does
//! stdin = "optional\r\n"         # verbatim; without it stdin is empty, never a terminal
//! status.code = 2                # left out: 0
//! stdout = ""                    # or NAME.stdout beside it, better for tables
//! stderr = """
//! error: …
//! """
//! ```
//!
//! Backslashes count as slashes in what the program printed, so that cases hold on every platform. A `.stdout` or
//! `.stderr` file may be written with either; a string in the TOML file must use slashes (`CONTOSO/ann`), and JSON's
//! `\"` reads `/"` there. `binary = true` compares bytes. `[..]`, `[CWD]` and a line of `...` stand for what varies.
//! Only one case: `cargo test --test cli -- cases trycmd=NAME`. Not trycmd's own overwriting mode: expected values are
//! worked out by hand.
//!
//! The blocks marked `console` in README.md are cases too. A block's last line end belongs to the fence, so the output
//! of a block's last command is followed by an empty line. Standard error comes after standard output.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

#[test]
fn cases() {
    trycmd::TestCases::new()
        // What the machine that runs the tests prefers must not show. These win over a case's own `env.add`.
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("XDG_CONFIG_HOME", "no-such-folder")
        .env("APPDATA", "no-such-folder")
        .env("HOME", "no-such-folder")
        .env("USERPROFILE", "no-such-folder")
        .case("tests/cmd/*.toml")
        .case("README.md");
}

/// trycmd does not look at a stream for which a case expects nothing, skips a case whose program it does not know and
/// overlooks keys it does not know: each would be a case that cannot fail.
#[test]
fn every_case_expects_both_streams_of_this_program() {
    let known = ["bin", "args", "stdin", "stdout", "stderr", "status", "binary", "env", "fs", "timeout"];
    let mut paths = BTreeSet::new();
    for entry in fs::read_dir("tests/cmd").unwrap() {
        paths.insert(entry.unwrap().path());
    }
    // Folders hold what cases read.
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

/// In README.md, commands of other programs are skipped on purpose; a misspelt one of ours would be, too.
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

/// trycmd would leave the file in the repository.
#[test]
fn the_recipe_for_a_spreadsheet_writes_the_table_as_csv() {
    let readme = readme();
    let recipe = readme.lines().find(|line| line.starts_with("    callcodes -o results.csv ")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("fixtures")).unwrap();
    fs::copy("fixtures/ticket.zip", folder.path().join("fixtures/ticket.zip")).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = program.args(recipe.trim_start().split(' ').skip(1)).current_dir(folder.path()).output().unwrap();
    assert_eq!((run.status.code(), run.stdout), (Some(0), Vec::new()));
    let csv = fs::read_to_string(folder.path().join("results.csv")).unwrap();
    assert!(csv.starts_with("code,name,description,"), "{csv}");
    // A code and a description of each row stand in the table of README.md, too.
    for row in csv.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert!(readme.contains(&format!("{:>4}  {}  ", cells[0], cells[2])), "{row}");
    }
    assert_eq!(csv.lines().count(), 10);
}

/// The start of everything: it must be short enough to be read.
#[test]
fn the_readme_is_short() {
    assert!(readme().lines().count() <= 135);
}
