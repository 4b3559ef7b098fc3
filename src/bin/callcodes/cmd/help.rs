//! `help`: prints the page of a topic, or the same help of a command as `--help`.

use std::io::Write as _;

use crate::args::HelpArgs;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};
use crate::{help, topic};

/// Prints the help for the words in `args`. `parents` are the commands before them, such as `patterns` in `patterns help test`.
pub(crate) fn run(parents: &[String], args: &HelpArgs) -> Result<Status, Failure> {
    let words = [parents, &args.words].concat();
    let text = match &*words {
        [word] if topic::page(word).is_some() => page(word),
        _ => help::long(&words)?,
    };
    Output::write_whole(None, &Styles::default(), |output| output.write_all(text.as_bytes()))?;
    Ok(Status::Done)
}

/// Returns the page of a topic, with a pointer to the command of the same name if there is one.
fn page(topic: &str) -> String {
    let mut text = topic::text(&topic::page(topic).unwrap_or_default(), term::text_width(None));
    if let Some(usage) = help::usage(topic) {
        text.push_str(&format!("\nThe command callcodes {topic}:\n{usage}\n  Its options: callcodes {topic} --help\n"));
    }
    text
}
