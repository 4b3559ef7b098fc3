//! The command line as typed. The module `settings` turns arguments into settings.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

use callcodes::attempt::Outcome;
use callcodes::catalogue::{Channel, Group};
use callcodes::filter::{Codes, Glob, Rules};
use callcodes::finding;
use callcodes::pipeline::THREADS_LIMIT;
use callcodes::render::Format;
use callcodes::report::breakdown::Sort;
use callcodes::source::machines::Template;
use callcodes::source::{EncodingChoice, Limits, NESTING_LIMIT};
use callcodes::summary::Dimension;
use callcodes::time::window::Bound;
use callcodes::time::zone::DisplayZone;
use callcodes::time::{Order, zone};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, Parser, Subcommand, ValueEnum, ValueHint};
use jiff::tz::TimeZone;

use crate::fail_on::FailOn;
use crate::values::Age;
use crate::{help, values};

/// Finds call / SMS result codes of Azure multi-factor authentication in logs.
///
/// Counts the codes and explains what each one means. Pass a log file or a whole support folder: `callcodes tickets/4711/`.
/// Without a command, it prints the summary of `callcodes scan`. To pass a folder that has the name of a
/// command, write `./codes`.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
#[command(disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = help::examples(&help::PROGRAM), after_long_help = help::after_long_help())]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) scan: ScanArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count the results in logs; a path without a command does the same
    #[command(after_help = help::examples(&help::SCAN))]
    Scan(Box<ScanArgs>),
    /// Print the lines with results, each with what its code means
    #[command(after_help = help::examples(&help::LINES))]
    Lines(Box<LinesArgs>),
    /// List the sign-ins of one user or host in the order of time
    #[command(after_help = help::examples(&help::TIMELINE))]
    Timeline(Box<TimelineArgs>),
    /// List each file: type, time span, results, and why it could not be read
    #[command(after_help = help::examples(&help::FILES))]
    Files(Box<FilesArgs>),
    /// Show which codes are new, gone, more or less frequent than before
    #[command(after_help = help::examples(&help::COMPARE))]
    Compare(Box<CompareArgs>),
    /// Divide the logs into pieces of work for several processes
    #[command(after_help = help::examples(&help::PLAN))]
    Plan(Box<PlanArgs>),
    /// Count what several processes or machines have found
    #[command(after_help = help::examples(&help::MERGE))]
    Merge(Box<MergeArgs>),
    /// Explain codes: by number, range, name or word, or from a pasted line
    #[command(after_help = help::examples(&help::CODES))]
    Codes(CodesArgs),
    /// List, check and try the patterns that find results
    Patterns(PatternsArgs),
    /// Write the man page, shell completions or JSON Schemas
    Generate(GenerateArgs),
    /// Explain a command, or a topic: files, archives, patterns, times, sign-ins, machines, output
    Help(HelpArgs),
}

/// The exit statuses with their meanings.
pub(crate) const EXIT_STATUS: [(&str, &str); 5] = [
    ("0", "done, also when nothing was found"),
    ("1", "done, and a condition of --fail-on was met, even if some input could not be read"),
    ("2", "wrong usage, a bad pattern or configuration file, or the result could not be written"),
    ("3", "done, but some input could not be read"),
    ("130", "interrupted, such as by Ctrl-C, after printing what had been read"),
];

impl TimeArgs {
    /// Returns the zone in which times are shown.
    pub(crate) fn display(&self) -> DisplayZone {
        self.display_tz.map_or(DisplayZone::UTC, DisplayZone::new)
    }

    /// Returns the zone of times that the user types without one.
    pub(crate) fn typed(&self) -> DisplayZone {
        self.display_tz.or(self.tz).map_or(DisplayZone::UTC, DisplayZone::new)
    }
}

impl Command {
    /// Returns the name of the command on the command line.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Command::Scan(_) => "scan",
            Command::Lines(_) => "lines",
            Command::Timeline(_) => "timeline",
            Command::Files(_) => "files",
            Command::Compare(_) => "compare",
            Command::Plan(_) => "plan",
            Command::Merge(_) => "merge",
            Command::Codes(_) => "codes",
            Command::Patterns(_) => "patterns",
            Command::Generate(_) => "generate",
            Command::Help(_) => "help",
        }
    }
}

/// Which inputs are read, and how.
#[derive(Debug, Args)]
pub(crate) struct InputArgs {
    /// Files, archives and folders to read; `-` is standard input
    ///
    /// Folders are read with everything below them. Without a path, standard input is read if something is piped in. The
    /// options about files in folders do not apply to files that are passed here, except for --binary.
    #[arg(value_name = "PATH", hide_short_help = true)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) files: FileArgs,

    /// Encoding of all input, such as utf-16le
    ///
    /// Without this, the encoding of each file is detected. Windows code pages have names such as windows-1252.
    #[arg(short = 'E', long, value_name = "ENCODING", default_value = "auto", hide_default_value = true)]
    #[arg(help_heading = "Reading")]
    pub(crate) encoding: EncodingChoice,
    /// Number of threads, 256 at most
    ///
    /// The default is one for each core, and more if files take long to open.
    #[arg(short = 'j', long, value_name = "N", help_heading = "Reading", value_parser = thread_count)]
    #[arg(hide_short_help = true)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Count copies of a file, too
    ///
    /// Without this, files with the same content count once, wherever they are and however they are packed. A file that a longer
    /// one begins with does not count either, nor does one that a later file of the same name in its archive replaces.
    #[arg(long, help_heading = "Reading", hide_short_help = true)]
    pub(crate) keep_copies: bool,
    /// Where host names are in paths: 'tickets/*/{host}/**'
    ///
    /// {host} stands for the name of the machine within one part of the path, `*` for any text within a part, and `**` for any
    /// number of parts. Without a slash, as in '{host}_*.log', it is about the file's name. Without this, names that tell
    /// machines apart are found: see `callcodes help sign-ins`. `host_from` in the configuration file does the same.
    #[arg(long, value_name = "TEMPLATE", help_heading = "Reading", hide_short_help = true)]
    pub(crate) host_from: Option<Template>,

    #[command(flatten)]
    pub(crate) times: TimeArgs,

    #[command(flatten)]
    pub(crate) archives: ArchiveArgs,
}

/// What logs do not say about their times.
#[derive(Debug, Args)]
#[command(next_help_heading = "Times")]
pub(crate) struct TimeArgs {
    /// Zone of times that name none, such as Europe/Berlin or +01:00
    ///
    /// Without this, they are taken as UTC, unless a [[tz]] table in the configuration file gives a log its zone: see `callcodes
    /// help times`. An hour that occurs twice when clocks are set back is taken as the first one, and one that is skipped as if
    /// clocks had not been set forward yet.
    #[arg(long, value_name = "ZONE", value_parser = zone::parse, allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) tz: Option<&'static TimeZone>,
    /// Show times in this zone, such as Europe/Berlin or +01:00
    ///
    /// Times are then shown with its offset, in every format, and --by counts its hours and days. The text of lines stays as it is,
    /// and `lines` shows the time beside the result. Without this, times are in UTC.
    #[arg(long, value_name = "ZONE", value_parser = zone::parse, allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) display_tz: Option<&'static TimeZone>,
    /// Order of day, month and year: dmy, mdy or ymd
    ///
    /// Without this, the lines of each file decide about dates such as 03/02/2017. If they cannot, lines have no times, and `files`
    /// says so.
    #[arg(long, value_name = "ORDER", hide_short_help = true)]
    pub(crate) date_order: Option<Order>,
    /// Year of times without one
    ///
    /// Without this, it is that of a date in the file's name, or the latest that does not lie after the file was last modified.
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(1990..=2200), hide_short_help = true)]
    pub(crate) year: Option<u16>,
}

/// Which files are read.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Files in folders")]
pub(crate) struct FileArgs {
    /// Read only files that match, such as "*.log"
    ///
    /// A leading `!` excludes: '!old*'. A glob with a slash, such as 'host7/**', is matched against the path below the
    /// folder or archive that was passed, any other against the file's name. An archive counts as a folder of its own
    /// name: '**/old.zip/*.log', '!old.zip'. A glob that matches an archive takes all the files in it. Letter case counts,
    /// on Windows too. May be repeated; the last match decides.
    #[arg(short = 'g', long = "glob", value_name = "GLOB", value_parser = values::glob)]
    pub(crate) globs: Vec<String>,
    /// Like -g, in any letter case; takes precedence over -g
    #[arg(long = "iglob", value_name = "GLOB", value_parser = values::glob, hide_short_help = true)]
    pub(crate) iglobs: Vec<String>,
    /// Descend at most N folder levels; 1 means only the folder itself
    ///
    /// The folders in an archive count, the archive itself does not.
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) max_depth: Option<usize>,
    /// Skip larger files: 500K, 10M, 1GiB (in powers of 1024)
    #[arg(long, value_name = "SIZE", value_parser = values::size, hide_short_help = true)]
    pub(crate) max_filesize: Option<u64>,
    /// Skip files last modified before: 3d, 2024-05-01
    ///
    /// WHEN is how long ago (2h, 3d, 1w) or a date and time (2024-05-01, '2024-05-01 10:00'), in UTC unless it has a zone
    /// (+02:00). This looks at when a file was last modified, which copying and unpacking may change, and not at the times
    /// in its lines.
    #[arg(long, value_name = "WHEN", value_parser = values::when, hide_short_help = true)]
    pub(crate) newer_than: Option<SystemTime>,
    /// Skip files last modified then or later; see --newer-than
    #[arg(long, value_name = "WHEN", value_parser = values::when, hide_short_help = true)]
    pub(crate) older_than: Option<SystemTime>,
    /// Follow symbolic links to folders
    ///
    /// Links to files are always followed. A file is read once, however many links lead to it.
    #[arg(short = 'L', long, hide_short_help = true)]
    pub(crate) follow: bool,
    /// Read binary files, too: pictures, executables, databases
    ///
    /// Without this, they are skipped even if they are passed as arguments.
    #[arg(long, hide_short_help = true)]
    pub(crate) binary: bool,
}

/// How much is unpacked.
#[derive(Debug, Args)]
#[command(next_help_heading = "Archives and compressed files")]
pub(crate) struct ArchiveArgs {
    /// Open encrypted archives with these passwords
    ///
    /// The file holds one password per line, and each is tried; `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) password_file: Option<PathBuf>,

    /// Read at most N files of one archive
    ///
    /// The archives within an archive share this limit, on each level of nesting.
    #[arg(long, value_name = "N", default_value_t = Limits::default().members, hide_short_help = true)]
    pub(crate) max_members: u64,

    /// Unpack at most this much of one file: 500M, 10GiB
    ///
    /// Each level of packing has a count of its own: for a tar.gz, the tar is one level and the logs in it the next.
    #[arg(long, value_name = "SIZE", value_parser = values::size, default_value = "64GiB", hide_short_help = true)]
    pub(crate) max_unpacked: u64,

    /// Unpack a file to at most N times its size plus 256 MiB
    ///
    /// Each level of packing has a count of its own.
    #[arg(long, value_name = "N", default_value_t = Limits::default().ratio, hide_short_help = true)]
    pub(crate) max_ratio: u64,

    /// Read archives in archives at most N levels deep
    ///
    /// 1 reads no archives within archives; 16 is the maximum.
    #[arg(long, value_name = "N", default_value_t = Limits::default().nesting, hide_short_help = true,
          value_parser = clap::value_parser!(u8).range(1..=i64::from(NESTING_LIMIT)))]
    pub(crate) max_nesting: u8,
}

impl Default for ArchiveArgs {
    fn default() -> ArchiveArgs {
        let Limits { members, unpacked_bytes, ratio, nesting, .. } = Limits::default();
        ArchiveArgs {
            password_file: None,
            max_members: members,
            max_unpacked: unpacked_bytes,
            max_ratio: ratio,
            max_nesting: nesting,
        }
    }
}

fn thread_count(text: &str) -> Result<NonZeroUsize, &'static str> {
    let count = text.parse().ok().filter(|count: &NonZeroUsize| count.get() <= THREADS_LIMIT);
    count.ok_or("use a whole number from 1 to 256")
}

/// The patterns that are searched for.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Patterns")]
pub(crate) struct PatternArgs {
    /// Look for this regex, too: "result (?<code>\d+)"
    ///
    /// It takes precedence over all other patterns and captures the code in a group. May be repeated.
    #[arg(short = 'e', long = "regexp", value_name = "REGEX")]
    pub(crate) expressions: Vec<String>,
    /// Look for the patterns in this file, too
    ///
    /// They take precedence over the configured ones. `callcodes patterns new` writes such a file.
    #[arg(short = 'f', long = "file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Use only this pattern; may be repeated (see `callcodes patterns list`)
    #[arg(long = "pattern", value_name = "NAME", hide_short_help = true)]
    pub(crate) only: Vec<String>,
    /// Do not use this pattern; may be repeated
    #[arg(long = "no-pattern", value_name = "NAME", hide_short_help = true)]
    pub(crate) without: Vec<String>,
    /// Read patterns from this file instead of your configuration file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Do not read your configuration file: callcodes/config.toml in %APPDATA% or ~/.config
    #[arg(long, hide_short_help = true)]
    pub(crate) no_config: bool,
}

/// Where results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Write to this file; its ending chooses the format
    ///
    /// The file is written whole or not at all.
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// List every skipped or unreadable file
    ///
    /// Standard error then has a line for each file instead of a count for each reason.
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", hide_short_help = true)]
    pub(crate) color: ColorArg,
    /// Do not show the progress of a run of more than half a second on the terminal
    #[arg(long, hide_short_help = true)]
    pub(crate) no_progress: bool,
    /// Report on standard error how long the run took and how fast it read
    #[arg(long, hide_short_help = true)]
    pub(crate) stats: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) count: CountArgs,
    /// Count each result by itself, without joining lines or logs
    ///
    /// This is up to four times faster. A sign-in that two logs record counts twice. Users, hosts and durations
    /// are not known, there are no findings, and near misses are not looked for. So it cannot be used with filters or --by.
    #[arg(long, help_heading = "Counting", hide_short_help = true, conflicts_with = "partials")]
    pub(crate) no_join: bool,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) partial: PartialArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

/// Whether only what was found is written, to be counted by `merge`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Several processes or machines")]
pub(crate) struct PartialArgs {
    /// Write what was found to a partial, which `merge` counts
    ///
    /// A partial has every result, with its user, host and time. Give options about counting and filters to `callcodes merge`.
    #[arg(long, group = "partials", hide_short_help = true)]
    pub(crate) partial: bool,
    /// Print the partial as one line of at most 2,000 characters
    ///
    /// It is for tools that return only a little of what is printed, such as remediations. If what was found does not fit, that is an
    /// error. See `callcodes help machines`.
    #[arg(long, group = "partials", conflicts_with_all = ["plan", "plan_line"], hide_short_help = true)]
    pub(crate) partial_line: bool,
    /// Read the pieces of this plan; `-` reads them from standard input
    ///
    /// It is a plan of `callcodes plan`, or some of its lines. The files are those of the plan, so no PATH is passed, and options about
    /// files in folders are those with which it was made.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "partials", hide_short_help = true)]
    pub(crate) plan: Option<PathBuf>,
    /// Read the piece in this line of a plan; may be repeated
    #[arg(long, value_name = "LINE", requires = "partials", hide_short_help = true)]
    pub(crate) plan_line: Vec<String>,
    /// Read files of a plan although they have changed
    ///
    /// Without this, a file whose size or time of modification is not that in the plan is an error. If a piece is done twice, the
    /// version of the file that was modified last counts. `callcodes merge` names files that have changed. The pieces of one that the
    /// plan divides may be of different versions, so that results are missing or count twice.
    #[arg(long, requires = "partials", hide_short_help = true)]
    pub(crate) allow_changed: bool,
    /// Name of this machine in the partial
    ///
    /// By default, it is the name of the computer. The merged result has it as the host, and in front of each path.
    #[arg(long, value_name = "NAME", requires = "partials", conflicts_with_all = ["plan", "plan_line"], hide_short_help = true)]
    pub(crate) machine: Option<String>,
    /// Replace users by pseudonyms that depend on this file
    ///
    /// The file has a secret of any length. Users get the same pseudonyms wherever it is used, so people still count across machines.
    /// The names of files stay as they are.
    #[arg(long, value_name = "KEYFILE", value_hint = ValueHint::FilePath, requires = "partials", hide_short_help = true)]
    pub(crate) redact_users: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Divide larger files into ranges of this size: 64M, 1GiB
    ///
    /// The size is at least 1K, and rounded up to a power of two. Archives and compressed files stay whole.
    #[arg(long, value_name = "SIZE", value_parser = values::range_size, default_value = "256MiB", help_heading = "Planning")]
    pub(crate) split_bytes: u64,
    /// Write to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Files, archives and folders to divide
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) files: FileArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MergeArgs {
    /// Check that the partials cover this plan
    ///
    /// Each piece must be in one of them. A piece that is in several counts once. The plan must be complete.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Merging")]
    pub(crate) plan: Option<PathBuf>,
    /// Count what there is, although pieces are missing or damaged
    ///
    /// They are reported, and the exit status is 3. Without this, nothing is counted then.
    #[arg(long, help_heading = "Merging")]
    pub(crate) allow_missing: bool,
    /// Report machines in this list that did not answer
    ///
    /// The list has one name a line. Machines without a partial, with one of another version, or with one that is older than --max-age
    /// are reported, and the exit status is 3. The others count.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "plan", help_heading = "Merging")]
    pub(crate) expect_hosts: Option<PathBuf>,
    /// With --expect-hosts, report partials this much older than the newest: 2h, 3d, 1w
    #[arg(long, value_name = "AGE", value_parser = values::age, default_value = "1d", requires = "expect_hosts")]
    #[arg(help_heading = "Merging")]
    #[arg(hide_short_help = true)]
    pub(crate) max_age: Age,
    /// Write the pieces of all partials to one partial, and count nothing
    #[arg(long, help_heading = "Merging")]
    pub(crate) partial: bool,
    /// Replace users by pseudonyms that depend on this file; see `callcodes scan --help`
    #[arg(long, value_name = "KEYFILE", value_hint = ValueHint::FilePath, help_heading = "Merging", hide_short_help = true)]
    pub(crate) redact_users: Option<PathBuf>,
    /// Partials, lists of lines with them, and folders; `-` is standard input
    ///
    /// Partials may be compressed with gzip. In a list or CSV file, the lines of --partial-line are found wherever they are.
    #[arg(value_name = "PARTIAL")]
    pub(crate) partials: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) count: CountArgs,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// How to print
    ///
    /// By default, the extension of the -o file decides the format; without -o, it is a table.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<SummaryFormatArg>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Where host names are in paths; see `callcodes scan --help`
    #[arg(long, value_name = "TEMPLATE", help_heading = "Merging", hide_short_help = true)]
    pub(crate) host_from: Option<Template>,
    /// Show times in this zone; the partials must be written with the same one
    #[arg(long, value_name = "ZONE", value_parser = zone::parse, allow_hyphen_values = true, help_heading = "Merging")]
    #[arg(hide_short_help = true)]
    pub(crate) display_tz: Option<&'static TimeZone>,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
}

impl PlanArgs {
    /// Returns the same options as those of a command that counts results.
    pub(crate) fn input(self) -> InputArgs {
        let PlanArgs { paths, files, .. } = self;
        let logs =
            LogArgs { verbose: false, encoding: EncodingChoice::Automatic, files, archives: ArchiveArgs::default() };
        logs.into_input(paths)
    }
}

impl MergeArgs {
    /// Returns the options of a command that counts results, with the partials as its input.
    pub(crate) fn input(&self) -> InputArgs {
        let files = FileArgs::default();
        let logs =
            LogArgs { verbose: false, encoding: EncodingChoice::Automatic, files, archives: ArchiveArgs::default() };
        let mut input = logs.into_input(self.partials.clone());
        input.times.display_tz = self.display_tz;
        input.host_from = self.host_from.clone();
        input
    }
}

/// The options of a command that prints a report.
#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// How to print
    ///
    /// By default, the extension of the -o file decides the format; without -o, it is a table.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<SummaryFormatArg>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How results are counted and shown.
#[derive(Debug, Args)]
#[command(next_help_heading = "Counting")]
pub(crate) struct CountArgs {
    /// Count by host, user, hour, or by two: host,code
    ///
    /// WHAT is code, family, group, channel, outcome, host, user, address, file, hour or day. One of them gives a row for
    /// each value, two a matrix in a table and long rows in CSV and JSON. `family` is whose names these are: mfa, nps or
    /// entra. `group` suggests where to look, and `channel` is how the user was asked. `outcome` is what the log itself says of the sign-in, because a code does not say that. Hours and days are
    /// those of --display-tz, or of UTC; those in which there are lines, but no results, have the count 0.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = dimension(), ignore_case = true)]
    #[arg(hide_possible_values = true)]
    pub(crate) by: Vec<Dimension>,
    /// Show only N rows
    ///
    /// They are the first ones in the order of --sort; of hours and days, by default, the busiest. Codes about security, such as a
    /// report of fraud, and codes that are in nobody's list are shown in any case.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), hide_short_help = true)]
    pub(crate) top: Option<u32>,
    /// Show only rows with at least N results
    ///
    /// If --by names two, such as host,code, this counts the results of each host. A host that is shown has all its rows.
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) min: Option<u64>,
    /// Order of the rows
    ///
    /// By default, the most frequent come first, and hours and days are in order.
    #[arg(long, value_name = "ORDER", value_enum, hide_short_help = true)]
    pub(crate) sort: Option<SortArg>,
    /// Group the rows by where to look, with sums
    ///
    /// The groups are those of `callcodes codes`, such as `not reached`, the one with the most results first. CSV has its rows in this
    /// order. To count only some groups, use --group; to list only the sums, --by group.
    #[arg(long, hide_short_help = true, conflicts_with = "by")]
    pub(crate) grouped: bool,
    /// Count a sign-in twice if two logs recorded it
    ///
    /// Without this, results with the same code, host and user count once if different programs recorded them, such as the
    /// RADIUS service and the main service, at most two seconds apart; or a tenth of a second if one of them does not know
    /// the user. With it, there are no findings about users who are asked again.
    #[arg(long, hide_short_help = true)]
    pub(crate) keep_twins: bool,
    /// Do not look for what changed or stands out
    ///
    /// Without this, findings are listed above the table and in JSON: see `callcodes help sign-ins`.
    #[arg(long, hide_short_help = true)]
    pub(crate) no_findings: bool,
    /// Print only findings, all of them
    ///
    /// Without any, a sentence says so. In CSV, each row is a finding; JSON has no rows in `results`.
    #[arg(long, value_name = "WHICH", value_enum, hide_short_help = true)]
    pub(crate) findings: Option<FindingsArg>,
    #[command(flatten)]
    pub(crate) repeats: RepeatArgs,
    /// Exit with status 1 if there is this: finding, 102, 100-145
    ///
    /// `finding` is any finding. Codes are written as for --code. Only results that count are looked at, so filters apply. Standard
    /// error names what was found. Several are separated by commas, or the option is repeated.
    #[arg(long, value_name = "WHAT", allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) fail_on: Vec<FailOn>,
    /// List lines that speak of a call status but hold no result
    ///
    /// They have the key words of a pattern, such as `callStatus`, but no pattern finds a result in them. Lines that differ only in
    /// numbers, names and times are listed once, with their number, one of them, and how far the nearest pattern gets. Below the
    /// table; in CSV in place of the results. Filters do not apply to them, because such a line has no code, user or time that is
    /// known. If no result is found at all, they are listed without this option, too.
    #[arg(long, hide_short_help = true)]
    pub(crate) near_misses: bool,
    /// Show N random lines with each code, to check the numbers
    ///
    /// Read them to see whether the lines really say what the table says, above all after you have added a pattern. Only results that
    /// count are shown, so filters apply, and at most 50 for each code. The same logs give the same lines. Below the table, and in
    /// JSON. `callcodes lines` prints all lines.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=50), hide_short_help = true)]
    pub(crate) audit: Option<u8>,
}

/// What counts as a repeat for findings.
#[derive(Debug, Args)]
pub(crate) struct RepeatArgs {
    /// For findings, a user who is asked again so soon is a repeat
    ///
    /// It is the time between the beginnings of two sign-ins of a user on one host, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..=3600), hide_short_help = true)]
    pub(crate) repeat_within: Option<u16>,
}

impl RepeatArgs {
    /// Returns the options with which findings are looked for.
    pub(crate) fn options(&self) -> finding::Options {
        let default = finding::Options::default();
        let repeat_within =
            self.repeat_within.map_or(default.repeat_within, |seconds| i64::from(seconds) * 1_000_000_000);
        finding::Options { repeat_within, ..default }
    }
}

/// Which part of the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingsArg {
    /// Findings, and no table
    Only,
}

/// Which results are counted or printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct FilterArgs {
    /// Only results from then on: yesterday, -3h
    ///
    /// WHEN is a date, a time or both (2017-02-14, 08:00, "2017-02-14 08:00", 2017-02-14T08:00:00Z), `now`, `today`,
    /// `yesterday`, a weekday, or how long ago ("2 days ago", -3h). Without a zone, it is in that of --display-tz, else of
    /// --tz with which logs are read, else in UTC. A date alone means its beginning. Results without a time are excluded and
    /// counted apart.
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(crate) since: Option<Bound>,
    /// Only results up to then; see --since
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) until: Option<Bound>,
    /// Whether -3h means before now or the newest sign-in: now, last
    ///
    /// `last` makes --since and --until relative to the newest sign-in in the logs: for -3h and `2 days ago`, and for
    /// days and clock times without a date. That suits logs that were collected some time ago.
    #[arg(long, value_name = "TIME", value_enum, hide_short_help = true, hide_possible_values = true)]
    pub(crate) relative_to: Option<RelativeToArg>,
    /// Only these codes: 102, 100-145, FAILED_PHONE_BUSY, unknown
    ///
    /// Several are separated by commas, or the option is repeated. A leading `!` excludes, here and in all filters: '!102'.
    /// A family such as nps stands for all its names.
    #[arg(long, value_name = "CODES", allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) code: Vec<Rules<Codes>>,
    /// Only these groups: security, not-reached and others
    #[arg(long, value_name = "GROUPS", hide_short_help = true)]
    pub(crate) group: Vec<Rules<Group>>,
    /// Only these channels: call, text-message, app and others
    #[arg(long, value_name = "CHANNELS", hide_short_help = true)]
    pub(crate) channel: Vec<Rules<Channel>>,
    /// Only results of users that match: ann, "CONTOSO\*"
    ///
    /// A glob in any letter case, as for hosts, addresses and files. Without a domain, it matches users of any domain. An
    /// empty one matches results whose user is not known. To pass several, repeat the option.
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub(crate) user: Vec<Rules<Glob>>,
    /// Only results of hosts that match: "host0*"
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub(crate) host: Vec<Rules<Glob>>,
    /// Only results of network addresses that match: "192.0.2.*"
    #[arg(long, value_name = "GLOB", hide_short_help = true)]
    pub(crate) address: Vec<Rules<Glob>>,
    /// Only results with this outcome in the log: succeeded, failed, unknown
    #[arg(long, value_name = "OUTCOMES", hide_short_help = true)]
    pub(crate) outcome: Vec<Rules<Option<Outcome>>>,
    /// Only results in files that match: "*Radius*"
    ///
    /// All files are read, and of a sign-in that several logs recorded, it is enough that one of them matches. To read only some
    /// files, use -g.
    #[arg(long = "in-file", value_name = "GLOB", hide_short_help = true)]
    pub(crate) in_file: Vec<Rules<Glob>>,
}

/// What relative times are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RelativeToArg {
    /// The present time
    Now,
    /// The newest sign-in in the logs
    Last,
}

/// Returns a parser for the names of dimensions, in any letter case, and with spaces around them, as in `host, code`.
fn dimension() -> impl TypedValueParser<Value = Dimension> {
    Trimmed(PossibleValuesParser::new(Dimension::ALL.map(Dimension::name))).try_map(|name: String| {
        let is_named = |dimension: &Dimension| dimension.name().eq_ignore_ascii_case(&name);
        Dimension::ALL.into_iter().find(is_named).ok_or("there is nothing of that name to count by")
    })
}

/// Parses a value without the spaces around it.
#[derive(Clone)]
struct Trimmed<P>(P);

impl<P: TypedValueParser> TypedValueParser for Trimmed<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &clap::Command, arg: Option<&Arg>, value: &OsStr) -> Result<P::Value, clap::Error> {
        let trimmed = value.to_str().map(|text| OsStr::new(text.trim()));
        self.0.parse_ref(command, arg, trimmed.unwrap_or(value))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortArg {
    /// The most frequent first
    Count,
    /// By value
    Key,
    /// The earliest first
    First,
    /// The latest first
    Last,
}

impl From<SortArg> for Sort {
    fn from(sort: SortArg) -> Sort {
        match sort {
            SortArg::Count => Sort::Count,
            SortArg::Key => Sort::Key,
            SortArg::First => Sort::First,
            SortArg::Last => Sort::Last,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct TimelineArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// List a sign-in twice if two logs recorded it
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) keep_twins: bool,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FilesArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

#[derive(Debug, Args)]
#[command(override_usage = COMPARE_USAGE)]
pub(crate) struct CompareArgs {
    /// Compare what is before this time with what is after it
    ///
    /// Pass the logs once, instead of BEFORE and AFTER. WHEN is written as for --since: 2017-02-14, "2017-02-14 08:00".
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, help_heading = "Comparing")]
    pub(crate) split: Option<Bound>,
    /// Compare the codes of each host, or of each user
    ///
    /// The table then lists only what changed; JSON and CSV have all rows.
    #[arg(long, value_name = "WHAT", value_enum, help_heading = "Comparing")]
    pub(crate) by: Option<CompareBy>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    #[command(flatten)]
    pub(crate) read: ReadArgs,
}

const COMPARE_USAGE: &str =
    "callcodes compare [OPTIONS] <BEFORE> <AFTER>\n       callcodes compare [OPTIONS] --split <WHEN> <PATH>...";

/// What the codes are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompareBy {
    /// The machine
    Host,
    /// The user
    User,
}

#[derive(Debug, Args)]
pub(crate) struct LinesArgs {
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Only the lines behind finding N, as `scan` numbers them
    ///
    /// Pass the paths and filters with which `scan` listed the finding: the command below a finding has them. The logs are read
    /// twice, first to find out what stands out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[arg(help_heading = "Filters", hide_short_help = true)]
    pub(crate) finding: Option<u32>,
    #[command(flatten)]
    pub(crate) repeats: RepeatArgs,
    /// Mark no line as counted in another log
    ///
    /// `scan` with the same option counts a sign-in once for each log that recorded it.
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) keep_twins: bool,
    /// Print N lines before and after each line with results
    ///
    /// They come from the same log and have `-` in place of `:` after the path. `--` separates groups of lines. Only for text, because
    /// JSON Lines and CSV have a row for each result.
    #[arg(short = 'C', long, value_name = "N", value_parser = clap::value_parser!(u16).range(..=1000))]
    #[arg(help_heading = "Output", hide_short_help = true)]
    pub(crate) context: Option<u16>,
    /// Print lines while reading, with what they say themselves
    ///
    /// Without this, lines are printed after all logs have been read, because the user of a result may be on another line, and another
    /// log may have recorded the same sign-in. With it, output and filters know only the line itself, and no line is marked as
    /// counted in another log.
    #[arg(long, help_heading = "Output", hide_short_help = true)]
    pub(crate) no_join: bool,
    /// How to print
    ///
    /// By default, the extension of the -o file decides the format; without -o, it is text.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<LinesFormatArg>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CodesArgs {
    /// A number, a range, a name or words; `-` reads pasted lines
    ///
    /// For example 102, 100-110, FAILED_PHONE_BUSY or not reached. Separate several with spaces or commas. `-` reads
    /// lines from standard input and explains the results that the patterns find in them. Without a query, the whole
    /// catalogue is printed.
    #[arg(value_name = "QUERY", allow_negative_numbers = true)]
    pub(crate) queries: Vec<String>,
    /// How to print
    ///
    /// By default, the extension of the -o file decides the format; without -o, it is text.
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<CodesFormatArg>,
    /// Write to this file; its ending chooses the format
    ///
    /// The file is written whole or not at all.
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

const PATTERNS_HELP: &str = r"To add a pattern of your own, and `callcodes help patterns` for the rest:
  callcodes patterns learn LINE --code 102     make one from a line with a code
  callcodes patterns new my-gateway            write my-gateway.toml to edit
  callcodes patterns check my-gateway.toml     check it for mistakes
  callcodes patterns test -f my-gateway.toml   try it on lines that you paste
  callcodes -f my-gateway.toml tickets/4711/   use it";

#[derive(Debug, Subcommand)]
pub(crate) enum PatternsCommand {
    /// List the patterns in order of precedence; this is the default
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
    /// Check pattern files, also against logs
    ///
    /// Runs the examples. If logs follow, reports for each pattern how many lines it takes, and which similar lines no pattern
    /// takes.
    Check(Box<CheckArgs>),
    /// Show which pattern matches which part of the lines that you paste
    ///
    /// For a line that none matches, it shows how far the nearest pattern gets.
    Test {
        /// A file, or one line in quotation marks; `-` is standard input
        ///
        /// An argument that is not the name of a file and contains a space, `=` or the like is taken as a line. Without
        /// an argument, standard input is read.
        #[arg(value_name = "FILE or LINE", value_hint = ValueHint::FilePath)]
        input: Option<OsString>,
        #[command(flatten)]
        patterns: PatternArgs,
    },
    /// Make a pattern from a line and the code in it
    ///
    /// Prints the pattern with what it looks for, in words, what it takes in the logs, and which similar lines it leaves out.
    /// Words stay as they are. Numbers, times, addresses and the like may be any, and so may words that differ in similar lines
    /// of the logs.
    #[command(after_help = LEARN_HELP)]
    Learn(Box<LearnArgs>),
    /// Write a commented pattern file to start from, NAME.toml
    New {
        /// Name of the pattern: lower-case letters, digits and hyphens
        #[arg(value_name = "NAME")]
        name: String,
        /// Write to this file instead; `-` prints it
        #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: Option<PathBuf>,
    },
    /// Explain one of these commands
    #[command(hide = true)]
    Help(HelpArgs),
}

const LEARN_HELP: &str = r#"  callcodes patterns learn "LINE" --code 102             print a pattern
  callcodes patterns learn "LINE" --code 102 ticket.zip  adapt it to the logs
  callcodes patterns learn "LINE" --code 102 --write     use it in every run
  callcodes patterns learn --code 102                    paste the line"#;

#[derive(Debug, Args)]
pub(crate) struct LearnArgs {
    /// The code: 102, PHONE_BUSY, "Phone Unreachable"
    ///
    /// It is written as in the line. For several lines with different codes, repeat the option. 102@2 means the second 102 in
    /// the line.
    #[arg(long, value_name = "CODE", required = true, allow_hyphen_values = true)]
    pub(crate) code: Vec<String>,
    /// The user in the line
    ///
    /// Without this, the user is recognised by a word such as `user` before the name, or by the form of an account.
    #[arg(long, value_name = "TEXT")]
    pub(crate) user: Option<String>,
    /// The host in the line
    #[arg(long, value_name = "TEXT")]
    pub(crate) host: Option<String>,
    /// Learn from near miss N of the logs
    ///
    /// N is its number in the list that `callcodes --near-misses PATH...` prints for the same logs. No line has to be passed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) near_miss: Option<u16>,
    /// Name of the pattern, such as my-gateway
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Add the pattern to your configuration file
    ///
    /// With --config, it is added to that file. On a terminal, callcodes asks. The rest of the file stays as it is.
    #[arg(long)]
    pub(crate) write: bool,
    /// The line in quotation marks, and logs with similar lines
    ///
    /// An argument that is not the name of a file and contains a space, `=` or the like is taken as a line. There may be
    /// several, and those without the code show what may differ. Without a line, or with `-`, lines are read from standard
    /// input. That is easier if a line has quotation marks.
    #[arg(value_name = "LINE or PATH")]
    pub(crate) arguments: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) patterns: PatternArgs,
    #[command(flatten)]
    pub(crate) logs: LogArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Pattern files, and then logs to compare them with
    ///
    /// Several pattern files are checked together, as with several `-f`. After the first argument, files whose names do not end
    /// in .toml are logs.
    #[arg(value_name = "FILE or PATH", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) arguments: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) logs: LogArgs,
}

/// How logs are read with which patterns are compared.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// List every skipped or unreadable log
    #[arg(short = 'v', long, help_heading = "Reading")]
    pub(crate) verbose: bool,
    /// Encoding of all logs, such as utf-16le
    #[arg(short = 'E', long, value_name = "ENCODING", default_value = "auto", hide_default_value = true)]
    #[arg(help_heading = "Reading")]
    pub(crate) encoding: EncodingChoice,
    #[command(flatten)]
    pub(crate) files: FileArgs,
    #[command(flatten)]
    pub(crate) archives: ArchiveArgs,
}

impl LogArgs {
    /// Returns an option that the user has passed and that has no effect without logs.
    pub(crate) fn needs_logs(&self) -> Option<&'static str> {
        let FileArgs { globs, iglobs, max_depth, max_filesize, newer_than, older_than, follow, binary } = &self.files;
        let options = [
            (self.verbose, "-v"),
            (self.encoding.given().is_some(), "-E"),
            (!globs.is_empty(), "-g"),
            (!iglobs.is_empty(), "--iglob"),
            (max_depth.is_some(), "--max-depth"),
            (max_filesize.is_some(), "--max-filesize"),
            (newer_than.is_some(), "--newer-than"),
            (older_than.is_some(), "--older-than"),
            (*follow, "-L"),
            (*binary, "--binary"),
            (self.archives.password_file.is_some(), "--password-file"),
        ];
        options.into_iter().find(|(is_given, _)| *is_given).map(|(_, option)| option)
    }

    /// Returns the same options as those of a command that counts results, with the paths of the logs.
    pub(crate) fn into_input(self, paths: Vec<PathBuf>) -> InputArgs {
        let LogArgs { verbose: _, encoding, files, archives } = self;
        let times = TimeArgs { tz: None, display_tz: None, date_order: None, year: None };
        InputArgs { paths, files, encoding, threads: None, keep_copies: false, host_from: None, times, archives }
    }
}

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// What to write
    #[arg(value_name = "WHAT")]
    pub(crate) what: GenerateArg,
    /// Write to this file instead of standard output
    #[arg(short = 'o', long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct HelpArgs {
    /// A command, or one of the topics files, archives, patterns, times, sign-ins, machines, cluster and output
    #[arg(value_name = "COMMAND or TOPIC")]
    pub(crate) words: Vec<String>,
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
    /// path:line: [code description, user, host, outcome] the line
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
    /// JSON Schemas of all JSON output
    Schema,
    /// The driver with which Apache Spark runs callcodes on many machines, in Python
    Spark,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }
}
