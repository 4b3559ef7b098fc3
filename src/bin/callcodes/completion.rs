//! Writes completion scripts for shells, based on those that the crate clap_complete generates.
//!
//! In these scripts, commands are mixed with options or files, and only some shells complete the values of arguments. This module
//! patches the scripts at places that the tests check. Completion at run time would also know the user's own patterns, but that
//! part of the crate is not stable yet.

use std::io::{self, Write};

use callcodes::catalogue::Catalogue;
use callcodes::config;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, CommandFactory as _};
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::topic::TOPICS;

/// Writes the completions for `shell`.
pub(crate) fn write(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    let mut program = with_values(Cli::command());
    if shell == Shell::Zsh {
        // With a path argument of the program itself, zsh would not complete commands.
        let options = program.get_arguments().filter(|arg| !arg.is_positional());
        program = Command::new("callcodes")
            .version("")
            .disable_help_subcommand(true)
            .args(options)
            .subcommands(program.get_subcommands());
    }
    let mut script = Vec::new();
    generate(shell, &mut program, "callcodes", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    out.write_all(
        match shell {
            Shell::Bash => bash(&script),
            Shell::Zsh => zsh(&program, &script),
            Shell::Fish => script + &fish(&program),
            _ => powershell(&program, script),
        }
        .as_bytes(),
    )
}

/// Adds the possible values of arguments, such as the names of patterns, to the definition of the command line.
fn with_values(command: Command) -> Command {
    let values = |arg: Arg| {
        let values: Vec<PossibleValue> = match arg.get_id().as_str() {
            "only" | "without" | "names" => patterns(),
            "queries" => codes(),
            "words" => ["scan", "lines", "files", "compare", "codes", "patterns", "generate"]
                .into_iter()
                .chain(
                    TOPICS.map(|(topic, ..)| topic).into_iter().filter(|topic| ["archives", "output"].contains(topic)),
                )
                .map(PossibleValue::new)
                .collect(),
            _ => return arg,
        };
        arg.value_parser(PossibleValuesParser::new(values))
    };
    command.mut_args(values).mut_subcommands(with_values)
}

/// Returns the names of the built-in patterns.
fn patterns() -> Vec<PossibleValue> {
    config::built_in().into_iter().map(|pattern| PossibleValue::new(pattern.name)).collect()
}

/// Returns the codes, followed by the groups of codes.
fn codes() -> Vec<PossibleValue> {
    let entries = Catalogue::built_in().entries();
    let codes = entries
        .iter()
        .filter_map(|entry| Some(PossibleValue::new(entry.code?.to_string()).help(entry.description.clone())));
    let mut groups: Vec<_> = entries.iter().map(|entry| entry.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let groups =
        groups.into_iter().map(|group| PossibleValue::new(group.name()).help(format!("Codes of the group: {group}")));
    codes.chain(groups).collect()
}

/// Returns every command whose arguments have known values: its path, such as `patterns` and `show`, and the values.
fn values(command: &Command, path: &[&str]) -> Vec<(Vec<String>, Vec<PossibleValue>)> {
    let mut found = Vec::new();
    for command in command.get_subcommands() {
        let path = [path, &[command.get_name()]].concat();
        let values: Vec<_> = command.get_positionals().flat_map(Arg::get_possible_values).collect();
        if !values.is_empty() {
            found.push((path.iter().map(ToString::to_string).collect(), values));
        }
        found.extend(self::values(command, &path));
    }
    found
}

/// Patches the script for bash: options are offered only if a word begins with a hyphen. If no other word fits, bash offers files.
fn bash(script: &str) -> String {
    let choice = "            if [[ ${cur} == -* || ";
    // All options come before all other words.
    let others = "            [[ ${cur} == -* ]] || { opts=\"${opts##* -} \"; opts=\"${opts#* }\"; }\n";
    script.replace(choice, &format!("{others}{choice}"))
}

/// Patches the script for zsh: files are offered after the commands, and for all further words if the first word is not a command.
fn zsh(program: &Command, script: &str) -> String {
    let commands = "_describe -t commands 'callcodes commands' commands \"$@\"";
    let choice = "        case $line[1] in\n            (scan)";
    let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
    let others = format!("        [[ ' {} ' == *\" $line[1] \"* ]] || _files && ret=0\n", names.join(" "));
    script.replacen(commands, &format!("{commands}\n    _files"), 1).replacen(choice, &format!("{others}{choice}"), 1)
}

/// Returns lines to append to the script for fish, which offer the values of arguments. The crate does that for options only.
fn fish(program: &Command) -> String {
    let lines = values(program, &[]).into_iter().map(|(path, values)| {
        let below = path[1..].iter().map(|name| format!("; and __fish_seen_subcommand_from {name}"));
        let values: Vec<String> = values
            .iter()
            .map(|value| match value.get_help() {
                Some(help) => format!("{}\\t'{}'", value.get_name(), help.to_string().replace('\'', "\\'")),
                None => value.get_name().to_owned(),
            })
            .collect();
        format!(
            "complete -c callcodes -n \"__fish_callcodes_using_subcommand {}{}\" -f -k -a \"{}\"\n",
            path[0],
            below.collect::<String>(),
            values.join("\n")
        )
    });
    lines.collect()
}

/// Patches the script for PowerShell: the values of arguments are offered, and options are sorted after everything else.
fn powershell(program: &Command, script: String) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    values(program, &[]).into_iter().fold(script, |script, (path, values)| {
        let start = format!("        'callcodes;{}' {{\n", path.join(";"));
        let values = values.iter().map(|value| {
            let name = quoted(value.get_name());
            let help = value.get_help().map_or_else(|| name.clone(), |help| quoted(&help.to_string()));
            format!("            [CompletionResult]::new({name}, {name}, [CompletionResultType]::ParameterValue, {help})\n")
        });
        script.replacen(&start, &format!("{start}{}", values.collect::<String>()), 1)
    }).replacen(
        "Sort-Object -Property ListItemText",
        "Sort-Object -Property { $_.ResultType -eq [CompletionResultType]::ParameterName }, ListItemText",
        1,
    )
}
