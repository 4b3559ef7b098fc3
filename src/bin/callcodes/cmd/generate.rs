//! `generate`: the man page and shell completions, made from the same definition as the help.

use std::io;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

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

/// One page for the program, each command's options in a section of its own behind it.
fn write_man_page(output: &mut Output) -> io::Result<()> {
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(output)?;
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        if subcommand.get_name() == "help" {
            continue;
        }
        let name = format!("callcodes {}", subcommand.get_name());
        let page = clap_mangen::Man::new(subcommand.clone().bin_name(name.clone()));
        let mut roff = clap_mangen::roff::Roff::default();
        roff.control("SH", [name.to_uppercase().as_str()]);
        roff.to_writer(output)?;
        page.render_synopsis_section(output)?;
        page.render_description_section(output)?;
        page.render_options_section(output)?;
    }
    Ok(())
}
