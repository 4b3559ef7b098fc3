//! Compares the output of `generate` with the help texts of all commands.

use std::process::Command;

fn stdout(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_callcodes")).args(args).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.as_str()), (Some(0), ""), "{args:?}");
    String::from_utf8(output.stdout).unwrap().replace('\r', "")
}

/// Returns the commands that a help text lists. Lines that continue a description are indented further and are ignored.
fn commands(help: &str) -> Vec<&str> {
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !["", "help"].contains(name)).collect()
}

/// Returns every long option that a help text explains.
fn long_options(help: &str) -> Vec<&str> {
    let explained = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let words = explained.flat_map(|line| line.split([' ', ',']).take(3));
    words.filter(|word| word.starts_with("--")).collect()
}

/// Returns the name and the help text of every command. The program itself comes first.
fn helps() -> Vec<(Vec<String>, String)> {
    let mut helps = Vec::new();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = open.pop() {
        let mut args: Vec<&str> = path.iter().map(String::as_str).collect();
        args.push("--help");
        let help = stdout(&args);
        for name in commands(&help) {
            open.push(path.iter().cloned().chain([name.to_owned()]).collect());
        }
        helps.push((path, help));
    }
    helps
}

#[test]
fn the_man_page_has_every_command_with_its_options() {
    let helps = helps();
    assert!(helps.len() > 10, "commands are not found in the help: {helps:?}");
    // Remove the escapes and font changes of roff.
    let page = stdout(&["generate", "man"]).replace("\\-", "-").replace("\\fB", "").replace("\\fR", "");
    for (path, help) in &helps {
        let section = if path.is_empty() {
            page.split(".SH \"CALLCODES ").next().unwrap()
        } else {
            let heading = format!(".SH \"CALLCODES {}\"\n", path.join(" ").to_uppercase());
            let (_, rest) = page.split_once(&heading).unwrap_or_else(|| panic!("no section for {path:?}"));
            rest.split(".SH \"CALLCODES ").next().unwrap()
        };
        let options = long_options(help);
        assert!(!options.is_empty(), "{path:?}: {help}");
        for option in options {
            let mut explained = section.lines().filter(|line| line.starts_with('-'));
            assert!(explained.any(|line| line.split([' ', ',']).any(|word| word == option)), "{path:?}: {option}");
        }
    }
}

#[test]
fn the_man_page_refers_to_no_other_man_pages() {
    let page = stdout(&["generate", "man"]);
    assert_eq!(page.lines().filter(|line| line.ends_with("(1)")).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_man_page_has_the_usual_sections() {
    let page = stdout(&["generate", "man"]);
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    let named: Vec<&str> = sections.into_iter().filter(|title| !title.starts_with("\"CALLCODES ")).collect();
    // The sections of the commands are in between.
    let own = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "FILES", "\"EXIT STATUS\"", "VERSION"];
    for title in own {
        assert!(named.contains(&title), "{title}: {named:?}");
    }
    assert!(!named.contains(&"EXTRA"));
    let page = page.replace("\\-", "-");
    assert!(page.contains("\\fBcallcodes lines\\fR [--since WHEN] [--until WHEN] "), "{page}");
    assert!(page.contains(" [-e REGEX]... [-f FILE]... "), "{page}");
    for topic in ["\"INPUT FILES\"", "ARCHIVES", "PATTERNS", "OUTPUT"] {
        assert!(page.contains(&format!(".SH {topic}\n.SS ")), "{topic}: {page}");
    }
    assert!(page.contains(".TP\n\\fBresults[].share\\fR\nShare of all results. [number from 0 to 1]\n"), "{page}");
    assert!(page.contains(".TP\n\\fB3\\fR\ndone, but some input could not be read\n"), "{page}");
}

#[test]
fn completions_offer_the_commands_in_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = stdout(&["generate", &format!("complete-{shell}")]);
        for word in ["callcodes", "scan", "lines", "timeline", "files", "codes", "patterns", "generate", "no-config"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn completions_offer_files_where_a_file_is_expected() {
    let zsh = stdout(&["generate", "complete-zsh"]);
    for option in ["--file=", "--config=", "--output="] {
        let offered = zsh.lines().filter(|line| line.contains(option));
        assert!(offered.clone().count() > 0 && offered.clone().all(|line| line.contains("_files")), "{option}");
    }
    assert!(zsh.contains("paths -- Files, archives and folders to read"), "{zsh}");
}

#[test]
fn completions_offer_codes_groups_and_patterns() {
    let script = |shell: &str| stdout(&["generate", &format!("complete-{shell}")]);
    let offers = [
        ("zsh", "102\\:\"Phone Unreachable\""),
        ("zsh", "not-reached\\:\"Codes of the group\\: not reached\""),
        ("zsh", "mfa-result"),
        // Files are offered after the commands, because the first word may be a file.
        ("zsh", " commands \"$@\"\n    _files\n}"),
        (
            "zsh",
            "        [[ ' scan lines timeline files compare plan merge codes patterns generate help ' == *\" $line[1] \"* ]] || _files && ret=0\n        case",
        ),
        ("fish", "\"__fish_callcodes_using_subcommand codes\" -f -k -a \"0\\t'No call result'\n"),
        (
            "fish",
            "\"__fish_callcodes_using_subcommand patterns; and __fish_seen_subcommand_from show\" -f -k -a \"pfauth\n",
        ),
        ("powershell", "        'callcodes;codes' {\n            [CompletionResult]::new('0', '0', "),
        (
            "powershell",
            "('persons-action', 'persons-action', [CompletionResultType]::ParameterValue, 'Codes of the group: person''s action')",
        ),
        (
            "powershell",
            "Sort-Object -Property { $_.ResultType -eq [CompletionResultType]::ParameterName }, ListItemText\n",
        ),
    ];
    for (shell, part) in offers {
        assert!(script(shell).contains(part), "{shell}: {part}");
    }
}

/// Returns the words that bash offers as completions of the last word.
#[cfg(unix)]
fn offered_by_bash(words: &str) -> String {
    let script = stdout(&["generate", "complete-bash"]);
    let last = words.split(' ').count() - 1;
    let test = format!(
        "{script}\nCOMP_WORDS=({}); COMP_CWORD={last}; _callcodes callcodes \"${{COMP_WORDS[{last}]}}\" \
         \"${{COMP_WORDS[{last}-1]}}\"; echo \"${{COMPREPLY[*]}}\"",
        words.split(' ').map(|word| format!("\"{word}\" ")).collect::<String>()
    );
    let output = Command::new("bash").args(["--norc", "-c", &test]).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[cfg(unix)]
#[test]
fn bash_offers_options_only_after_a_dash() {
    let cases = [
        ("callcodes ", "scan lines timeline files compare plan merge codes patterns generate help"),
        ("callcodes li", "lines"),
        ("callcodes app", ""),
        ("callcodes --max-f", "--max-filesize"),
        ("callcodes lines ", ""),
        ("callcodes codes 10", "10 100 101 102 103 104 105 106 107 108 109"),
        ("callcodes codes 7 not", "not-reached"),
        ("callcodes --pattern mfa", "mfa-result"),
        ("callcodes lines --no-pattern pf", "pfauth pfauth-other"),
        ("callcodes patterns ", "list show check test learn new help"),
        ("callcodes patterns show raw", "raw-call-status"),
        ("callcodes help a", "archives"),
        ("callcodes generate s", "schema"),
    ];
    for (words, offered) in cases {
        assert_eq!(offered_by_bash(words), offered, "{words}");
    }
}

#[test]
fn the_man_page_can_be_written_to_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("callcodes.1");
    assert_eq!(stdout(&["generate", "man", "-o", target.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(target).unwrap(), stdout(&["generate", "man"]));
}
