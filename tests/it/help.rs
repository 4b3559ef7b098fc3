//! Tests the help texts: `-h`, which fits on a screen, the full `--help`, and the command `help`.

use std::process::Command;

/// Returns the standard output of the program in a terminal of 80 columns. The program must succeed and write no errors.
fn printed(args: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_callcodes")).args(args).env("COLUMNS", "80").env("NO_COLOR", "1").output();
    let output = output.unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""), "{args:?}");
    // `--help` names the program as it was called.
    String::from_utf8(output.stdout).unwrap().replace('\r', "").replace("callcodes.exe", "callcodes")
}

const COMMANDS: [&[&str]; 17] = [
    &[],
    &["scan"],
    &["lines"],
    &["files"],
    &["timeline"],
    &["compare"],
    &["codes"],
    &["generate"],
    &["help"],
    &["patterns"],
    &["patterns", "list"],
    &["patterns", "show"],
    &["patterns", "check"],
    &["patterns", "test"],
    &["patterns", "learn"],
    &["patterns", "new"],
    &["patterns", "help"],
];

#[test]
fn short_help_fits_on_one_screen() {
    for command in COMMANDS {
        let help = printed(&[command, &["-h"]].concat());
        let height = help.lines().count();
        // The command line or the next prompt is on the screen, too.
        assert!(height <= 23, "{command:?}: {height} lines\n{help}");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{command:?}: {line}");
        }
        assert!(help.contains(&format!("Usage: {}", [&["callcodes"], command].concat().join(" "))), "{help}");
    }
}

#[test]
fn short_help_of_the_program_has_six_examples_and_a_dozen_options() {
    let help = printed(&["-h"]);
    let examples: Vec<&str> = help.lines().filter(|line| line.starts_with("  callcodes ")).collect();
    assert_eq!(examples.len(), 6, "{help}");
    let options = help.lines().filter(|line| line.trim_start().starts_with('-'));
    assert_eq!(options.count(), 12, "{help}");
    assert_eq!(
        help.lines().find(|line| line.contains("--help")).map(str::trim),
        Some("-h, --help                  Print help (see more with '--help')")
    );
}

#[test]
fn full_help_is_grouped_with_output_before_archives() {
    for command in [&[][..], &["scan"], &["lines"], &["timeline"], &["files"]] {
        let help = printed(&[command, &["--help"]].concat());
        let headings: Vec<&str> =
            help.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.strip_suffix(':')).collect();
        let start = headings.iter().position(|heading| *heading == "Output").unwrap();
        let groups = ["Output", "Patterns", "Files in folders", "Reading", "Times", "Archives and compressed files"];
        assert_eq!(headings[start..start + groups.len()], groups, "{command:?}");
        for option in ["--max-ratio", "--no-progress", "--config", "--iglob", "--threads"] {
            assert!(help.contains(option), "{command:?}: {option}");
        }
    }
}

#[test]
fn help_with_a_command_is_the_help_of_the_command() {
    for command in COMMANDS.into_iter().filter(|command| *command != ["files"] && *command != ["patterns"]) {
        assert_eq!(printed(&[&["help"], command].concat()), printed(&[command, &["--help"]].concat()), "{command:?}");
    }
    assert_eq!(printed(&["patterns", "help", "test"]), printed(&["patterns", "test", "--help"]));
}

#[test]
fn saved_help_does_not_count_as_a_log() {
    let folder = tempfile::tempdir().unwrap();
    let topics = ["files", "archives", "patterns", "output"].map(|topic| vec!["help", topic]);
    let help = COMMANDS.map(|command| [command, &["--help"]].concat());
    let others = [vec!["generate", "man"], vec!["generate", "schema"], vec!["-h"]];
    for args in [&topics[..], &help, &others].concat() {
        std::fs::write(folder.path().join(format!("{}.txt", args.join("_"))), printed(&args)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_callcodes"));
    let run = command.args(["--no-config", "--format", "json"]).arg(folder.path()).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!((&report["results"], run.status.code()), (&serde_json::json!([]), Some(0)));
    assert_eq!(report["totals"]["files_read"], 22, "two are skipped");
}

#[test]
fn help_with_a_topic_is_its_page_and_refers_to_the_command_of_that_name() {
    let pages = [
        ("files", "Which files are read:\n", "    callcodes -g \"*.log\" tickets/4711\n"),
        (
            "archives",
            "Archives and compressed files:\n",
            "  --max-members N         Read at most N files of one archive",
        ),
        ("patterns", "Patterns:\n", "  Times                   The time of a result is that of its line"),
        ("times", "Times:\n", "  Numbers                 Seconds, milliseconds, microseconds"),
        ("machines", "One run on many machines:\n", "  Missing machines        `--expect-hosts FILE` names"),
        ("output", "Output:\n", "  results[].share         Share of all results. [number from 0 to 1]\n"),
    ];
    for (topic, start, part) in pages {
        let page = printed(&["help", topic]);
        assert!(page.starts_with(start) && page.contains(part), "{page}");
        let too_wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 80).collect();
        assert_eq!(too_wide, Vec::<&str>::new(), "{topic}");
        let command = format!("\n  Its options: callcodes {topic} --help\n");
        assert_eq!(page.ends_with(&command), ["files", "patterns"].contains(&topic), "{page}");
        assert!(printed(&["--help"]).contains(&format!("callcodes help {topic} ")));
    }
}
