//! The command line as typed. Arguments do no work: they are turned into settings, once, in `settings`.

use std::ffi::OsString;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

use callcodes::pipeline::THREADS_LIMIT;
use callcodes::render::Format;
use callcodes::source::{EncodingChoice, Limits, NESTING_LIMIT};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, ValueHint};

use crate::values;

/// Finds call / SMS result codes of Azure multi-factor authentication in logs, says what they mean and counts them.
///
/// Point it at a log file or at a whole support folder: `callcodes tickets/4711/`. Without a command the paths are
/// scanned for a summary; a folder called like a command is reached as `./codes`.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
#[command(max_term_width = 100, after_help = after_help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the results in logs, which is also what a path without a command does
    Scan(ScanArgs),
    /// Print the matching lines with what their codes mean, in file order
    Lines(LinesArgs),
    /// Tell what each file is, from when to when it goes, and what is in the way of reading it
    #[command(mut_arg("format", |format| format.help(LIST_FORMAT)))]
    Files(ScanArgs),
    /// Explain codes: by number, range, name or word, or from a pasted line
    Codes(CodesArgs),
    /// Show, check and try the patterns that results are found with
    Patterns(PatternsArgs),
    /// Write the man page or a shell's completions
    Generate(GenerateArgs),
}

/// What `files` prints is a list and no summary.
const LIST_FORMAT: &str = "How to print the list [default: by the ending of -o's file, else table]";

/// What must not be forgotten when results are read.
pub(crate) const CAVEAT: &str =
    "A code tells what became of a call, text message or app prompt. It never tells whether the sign-in succeeded.";

/// Every exit status with its meaning.
pub(crate) const EXIT_STATUS: [(&str, &str); 4] = [
    ("0", "done, also when nothing was found"),
    ("2", "wrong usage or a fatal error"),
    ("3", "done, but some input could not be read"),
    ("130", "interrupted by Ctrl-C or told to end, after printing what had been read"),
];

fn after_help() -> String {
    let statuses = EXIT_STATUS.map(|(status, meaning)| format!("{status} {meaning}"));
    format!("{CAVEAT}\n\nExit status: {}.", statuses.join("; "))
}

impl Command {
    /// What it is called on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::Scan(_) => "scan",
            Command::Lines(_) => "lines",
            Command::Files(_) => "files",
            Command::Codes(_) => "codes",
            Command::Patterns(_) => "patterns",
            Command::Generate(_) => "generate",
        }
    }
}

impl Cli {
    /// The short help of the program or of one of its commands.
    pub(crate) fn help(command: Option<&str>) -> impl Display {
        let mut program = Cli::command();
        program.build();
        match command.and_then(|name| program.find_subcommand_mut(name)) {
            Some(command) => command.render_help(),
            None => program.render_help(),
        }
    }
}

/// What is read.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files, archives and folders to read, folders with all that is below them; `-`, or none where something is piped in,
    /// is standard input. The options about files in folders do not touch files that are named here, except for --binary
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Take all input for this encoding, such as utf-16le or windows-1252, instead of telling it file by file
    #[arg(short = 'E', long, value_name = "ENCODING", default_value = "auto", help_heading = "Reading")]
    pub(crate) encoding: EncodingChoice,
    /// Number of threads, 256 at most [default: one for each core, and more where files take long to open]
    #[arg(short = 'j', long, value_name = "N", help_heading = "Reading", value_parser = thread_count)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Count a file that holds the same as another one, too; without this, copies count once, wherever they lie and
    /// however they are packed
    #[arg(long, help_heading = "Reading")]
    pub(crate) keep_copies: bool,

    #[command(flatten)]
    pub(crate) files: FileArgs,

    #[command(flatten)]
    pub(crate) archives: ArchiveArgs,
}

/// Which files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files in folders")]
pub(crate) struct FileArgs {
    /// Read only files like this, or with a leading `!` none like this: '*.log', '!old*', 'host7/**', in archives too:
    /// '**/old.zip/*.log', '!old.zip'. Matched against the path below the folder or archive that is named, in which an
    /// archive is a folder, or the file's name alone if there is no slash. A glob that takes an archive takes all that is
    /// in it. Letter case counts, on Windows too; may be repeated, the last that matches decides
    #[arg(short = 'g', long = "glob", value_name = "GLOB", value_parser = values::glob)]
    pub(crate) globs: Vec<String>,
    /// Like -g, in any letter case; decides over -g
    #[arg(long = "iglob", value_name = "GLOB", value_parser = values::glob)]
    pub(crate) iglobs: Vec<String>,
    /// Go so many folders deep; 1 reads what lies in the folder itself. The folders in an archive count, the archive does not
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<usize>,
    /// Skip larger files: 500K, 10M, 1GiB (in powers of 1024)
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) max_filesize: Option<u64>,
    /// Skip files last modified before: how long ago (2h, 3d, 1w) or a date and time (2024-05-01, '2024-05-01 10:00'), in
    /// UTC unless it names a zone (+02:00). Not by the times in the lines: it looks at when a file was last modified, which
    /// copying and unpacking may change
    #[arg(long, value_name = "WHEN", value_parser = values::when)]
    pub(crate) newer_than: Option<SystemTime>,
    /// Skip files last modified then or later; see --newer-than
    #[arg(long, value_name = "WHEN", value_parser = values::when)]
    pub(crate) older_than: Option<SystemTime>,
    /// Follow symbolic links to folders; those to files are always followed. Whatever leads to it, a file is read once
    #[arg(short = 'L', long)]
    pub(crate) follow: bool,
    /// Read binary files, too (pictures, executables, databases), also those that are named
    #[arg(long)]
    pub(crate) binary: bool,
}

/// How much is unpacked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Archives and compressed files")]
pub(crate) struct ArchiveArgs {
    /// Open encrypted archives with the passwords in this file, one a line, each of which is tried; `-` is standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) password_file: Option<PathBuf>,

    /// Read at most so many members of one archive, and in each layer of archives in it, as many of all together
    #[arg(long, value_name = "N", default_value_t = Limits::default().members)]
    pub(crate) max_members: u64,

    /// Unpack at most so much of one file: 500M, 10GiB. Counted in each layer: of a tar.gz, the tar and then its logs
    #[arg(long, value_name = "SIZE", value_parser = values::size, default_value = "64GiB")]
    pub(crate) max_unpacked: u64,

    /// Unpack one file to at most so many times its size plus 256 MiB, in each layer
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio)]
    pub(crate) max_ratio: u64,

    /// Read archives in archives, so many deep; 1 reads none, 16 is the most
    #[arg(long, value_name = "N", default_value_t = Limits::default().nesting,
          value_parser = clap::value_parser!(u8).range(1..=i64::from(NESTING_LIMIT)))]
    pub(crate) max_nesting: u8,
}

fn thread_count(text: &str) -> Result<NonZeroUsize, &'static str> {
    let count = text.parse().ok().filter(|count: &NonZeroUsize| count.get() <= THREADS_LIMIT);
    count.ok_or("give a whole number from 1 to 256")
}

/// What is looked for.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Patterns")]
pub(crate) struct PatternArgs {
    /// Look for this regex too, before all others; it captures the code in a group: "result (?<code>\d+)"; may be
    /// repeated
    #[arg(short = 'e', long = "regexp", value_name = "REGEX")]
    pub(crate) expressions: Vec<String>,
    /// Look for the patterns in this file too, before the configured ones (see `callcodes patterns new`)
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Use only this pattern; may be repeated (see `callcodes patterns list`)
    #[arg(long = "pattern", value_name = "NAME")]
    pub(crate) only: Vec<String>,
    /// Do not use this pattern; may be repeated
    #[arg(long = "no-pattern", value_name = "NAME")]
    pub(crate) without: Vec<String>,
    /// Read patterns from this file instead of your configuration file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) config: Option<PathBuf>,
    /// Do not read your configuration file: callcodes/config.toml in %APPDATA% or ~/.config
    #[arg(long)]
    pub(crate) no_config: bool,
}

/// Where results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Say on standard error how long it took and how fast it read
    #[arg(long)]
    pub(crate) stats: bool,
    /// Write the result to this file, whole or not at all, instead of standard output; its ending chooses the format
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_possible_values = false)]
    pub(crate) color: ColorArg,
    /// Name on standard error every file that was skipped or could not be read, not only how many
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
    /// Do not show on a terminal how far a run has come that takes longer than half a second
    #[arg(long)]
    pub(crate) no_progress: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to print the summary [default: by the ending of -o's file, else table]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<SummaryFormatArg>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
}

#[derive(Debug, Args)]
pub(crate) struct LinesArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,
    /// How to print the lines: readable, or one JSON object or one row for each result [default: by the ending of -o's
    /// file, else text]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<LinesFormatArg>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CodesArgs {
    /// A number (102), a range (100-110), a name (FAILED_PHONE_BUSY) or words (not reached), several with blanks or
    /// commas between; `-` explains what is in the lines on standard input, where patterns are used as well. Without
    /// one: the whole catalogue
    #[arg(value_name = "QUERY", allow_negative_numbers = true)]
    pub(crate) queries: Vec<String>,
    /// How to print the entries [default: by the ending of -o's file, else text]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<CodesFormatArg>,
    /// Write the result to this file, whole or not at all, instead of standard output; its ending chooses the format
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
}

#[derive(Debug, Args)]
#[command(after_help = PATTERNS_HELP, args_conflicts_with_subcommands = true)]
pub(crate) struct PatternsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<PatternsCommand>,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
}

const PATTERNS_HELP: &str = r"To add a pattern of your own, in four steps:
  callcodes patterns new netop-guest            writes netop-guest.toml, which explains itself
  callcodes patterns check netop-guest.toml     tells what is wrong with it, until nothing is
  callcodes patterns test -f netop-guest.toml   shows what it takes of the lines that you paste
  callcodes -f netop-guest.toml tickets/4711/   uses it

To use it always, copy it into your configuration file, which holds [[pattern]] tables like any pattern file:
  Windows     %APPDATA%\callcodes\config.toml
  elsewhere   $XDG_CONFIG_HOME/callcodes/config.toml, or ~/.config/callcodes/config.toml";

#[derive(Debug, Subcommand)]
pub(crate) enum PatternsCommand {
    /// List the patterns, those that go before others first; `patterns` alone does it too
    List {
        #[command(flatten)]
        patterns: PatternArgs,
    },
    /// Print patterns in full, as a pattern file that can be changed
    Show {
        /// Names of patterns (see `callcodes patterns list`)
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Write to this file instead of standard output
        #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
        output: Option<PathBuf>,
        #[command(flatten)]
        patterns: PatternArgs,
    },
    /// Check pattern files and run their examples
    Check {
        /// Pattern files; several are checked together, as with several `-f`
        #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
        files: Vec<PathBuf>,
    },
    /// Show what each pattern takes of the lines that you paste, and how far the nearest gets in one that none takes
    Test {
        /// A file with log lines, or one line itself, in quotation marks: what names no file and has a blank, `=` or the like
        /// in it is a line. `-` or nothing: standard input
        #[arg(value_name = "FILE or LINE", value_hint = ValueHint::FilePath)]
        input: Option<OsString>,
        #[command(flatten)]
        patterns: PatternArgs,
    },
    /// Write a commented pattern file to start from, NAME.toml
    New {
        /// Name of the pattern: lower-case letters, digits and hyphens
        #[arg(value_name = "NAME")]
        name: String,
        /// Write to this file instead; `-` prints it
        #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// What to write
    #[arg(value_name = "WHAT")]
    pub(crate) what: GenerateArg,
    /// Write it to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SummaryFormatArg {
    /// For people
    Table,
    /// For scripts; versioned
    Json,
    /// For spreadsheets
    Csv,
}

impl From<SummaryFormatArg> for Format {
    fn from(format: SummaryFormatArg) -> Format {
        match format {
            SummaryFormatArg::Table => Format::Table,
            SummaryFormatArg::Json => Format::Json,
            SummaryFormatArg::Csv => Format::Csv,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LinesFormatArg {
    /// path:line: [code description] the line
    Text,
    /// One JSON object for each result
    Jsonl,
    /// One row for each result, for spreadsheets
    Csv,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CodesFormatArg {
    /// For people
    Text,
    /// For scripts
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorArg {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum GenerateArg {
    /// The man page, in roff
    Man,
    /// Completions for bash
    CompleteBash,
    /// Completions for zsh
    CompleteZsh,
    /// Completions for fish
    CompleteFish,
    /// Completions for PowerShell
    CompletePowershell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
