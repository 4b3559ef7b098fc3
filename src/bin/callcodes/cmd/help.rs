//! `help`: the help of a command, as its `--help` prints it.

use std::io::Write as _;

use crate::args::HelpArgs;
use crate::help;
use crate::status::{Failure, Status};
use crate::term::{Output, Styles};

/// Prints the help of the command with those words, `parents` being the commands that it is below.
pub(crate) fn run(parents: &[String], args: &HelpArgs) -> Result<Status, Failure> {
    let text = help::long(&[parents, &args.words].concat())?;
    let mut output = Output::open(None, &Styles::default())?;
    write!(output, "{text}").map_err(|reason| output.error(reason))?;
    output.finish()?;
    Ok(Status::Done)
}
