//! `generate`: the man page and shell completions, made from the same definition as the help.

use std::io;

use clap::{Command, CommandFactory as _};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::Roff;

use crate::args::{Cli, GenerateArg, GenerateArgs};
use crate::status::{Failure, Status};
use crate::term::{Output, Styles};

pub(crate) fn run(args: &GenerateArgs) -> Result<Status, Failure> {
    let mut output = Output::open(args.output.as_deref(), &Styles::default())?;
    write(args.what, &mut output).map_err(|reason| output.error(reason))?;
    output.finish()?;
    Ok(Status::Done)
}

fn write(what: GenerateArg, output: &mut Output) -> io::Result<()> {
    let shell = match what {
        GenerateArg::Man => return write_man_page(output),
        GenerateArg::CompleteBash => Shell::Bash,
        GenerateArg::CompleteZsh => Shell::Zsh,
        GenerateArg::CompleteFish => Shell::Fish,
        GenerateArg::CompletePowershell => Shell::PowerShell,
    };
    generate(shell, &mut Cli::command(), "callcodes", output);
    Ok(())
}

/// One page for everything: first the program, then each command with its options, in the order of the help.
///
/// Not the crate's own rendering of the whole page, which sends the reader of a command to a page of its own.
fn write_man_page(output: &mut Output) -> io::Result<()> {
    let mut program = Cli::command();
    program.build();
    let page = Man::new(program.clone());
    page.render_title(output)?;
    page.render_name_section(output)?;
    page.render_synopsis_section(output)?;
    page.render_description_section(output)?;
    page.render_options_section(output)?;
    write_commands(&program, "callcodes", output)?;
    page.render_extra_section(output)?;
    page.render_version_section(output)
}

/// The commands below `parent`, which is called `path`, and those below them.
fn write_commands(parent: &Command, path: &str, output: &mut Output) -> io::Result<()> {
    let is_shown = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    for command in parent.get_subcommands().filter(is_shown) {
        let path = format!("{path} {}", command.get_name());
        let mut heading = Roff::new();
        heading.control("SH", [path.to_uppercase().as_str()]);
        heading.to_writer(output)?;
        let page = Man::new(command.clone().bin_name(&path));
        page.render_synopsis_section(output)?;
        page.render_description_section(output)?;
        page.render_options_section(output)?;
        write_commands(command, &path, output)?;
    }
    Ok(())
}
