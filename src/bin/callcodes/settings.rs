//! Turns arguments into settings. Every option is resolved and checked here, before anything is read.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use callcodes::catalogue::Catalogue;
use callcodes::config::{self, Config, Layers};
use callcodes::name;
use callcodes::pattern::PatternSet;
use callcodes::pattern::definition::{Definition, Origin};
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::pipeline::{CopyRule, Options, WAITING_LIMIT};
use callcodes::problem::{Kind, Problem};
use callcodes::render;
use callcodes::report::{Restriction, wording};
use callcodes::scan::proof;
use callcodes::source::machines::Template;
use callcodes::source::select::{Content, Doubts};
use callcodes::source::{Globs, Limits, Links, Opening, STDIN, Selection, Walk, wildcard};
use callcodes::time::detect::Given;
use callcodes::time::forms;
use callcodes::time::zone::DisplayZone;

use crate::args::{FileArgs, InputArgs, PatternArgs, TimeArgs};
use crate::argv;
use crate::passwords;
use crate::status::Failure;
use crate::target;
use crate::term::{self, Output};

/// The most errors that are shown at once.
const SHOWN_AT_MOST: usize = 20;

/// The settings of commands that read inputs.
pub(crate) struct Settings {
    pub(crate) inputs: Vec<PathBuf>,
    pub(crate) selection: Selection,
    /// The definitions of the patterns in `set`.
    pub(crate) definitions: Vec<Definition>,
    pub(crate) set: PatternSet,
    /// The catalogue with the user's entries, or `None` if there are none.
    catalogue: Option<&'static Catalogue>,
    pub(crate) options: Options,
    /// The template for the names of machines in paths, if the user has set one.
    pub(crate) host_from: Option<Template>,
    /// The zone in which times are shown.
    pub(crate) zone: DisplayZone,
    /// The files of options with what they are, which a result must not overwrite.
    named: Vec<(&'static str, PathBuf)>,
}

impl Settings {
    pub(crate) fn resolve(input: &InputArgs, patterns: &PatternArgs) -> Result<Settings, Failure> {
        let mut inputs = expanded(&input.paths);
        if cfg!(windows)
            && let Some(explained) = inputs.iter().find_map(|input| argv::explain_quote(input.to_str()?))
        {
            return Err(Failure::Message(explained));
        }
        if inputs.is_empty() {
            if term::stdin_is_terminal() {
                return Err(Failure::NoInput);
            }
            inputs.push(PathBuf::from(STDIN));
        }
        let settings = Settings::with_inputs(inputs, input, patterns)?;
        if settings.is_typed() {
            term::note_waiting_for("reading standard input");
        }
        Ok(settings)
    }

    /// Resolves the settings for these inputs. There may be none, as when a plan lists the files.
    pub(crate) fn with_inputs(
        inputs: Vec<PathBuf>,
        input: &InputArgs,
        patterns: &PatternArgs,
    ) -> Result<Settings, Failure> {
        // The catalogue is loaded in parallel with the patterns, because only the first result needs it.
        thread::spawn(Catalogue::built_in);
        let copies = if input.keep_copies { CopyRule::CountAll } else { CopyRule::CountOnce };
        let mut options =
            Options { threads: input.threads, opening: opening(input, &inputs)?, copies, ..Options::default() };
        let selection = selection(&input.files)?;
        let config = config(patterns)?;
        let set = compiled(&config, patterns)?.reading_in(input.encoding.given());
        let host_from = input.host_from.clone().or(config.host_from).map(|template| template.below(&inputs));
        options.opening.times.shapes = forms::with_built_in(config.times);
        options.opening.zones = config.zones.into_iter().collect();
        let zone = input.times.display();
        let definitions = config.definitions;
        let catalogue = config.catalogue;
        let mut named = pattern_files(patterns);
        named.extend(input.archives.password_file.clone().map(|file| ("the file of --password-file", file)));
        Ok(Settings { inputs, selection, definitions, set, catalogue, options, host_from, zone, named })
    }

    /// Returns the catalogue with the user's entries, or `None` if there are none.
    pub(crate) fn own_catalogue(&self) -> Option<&'static Catalogue> {
        self.catalogue
    }

    /// Returns the catalogue, with the user's entries if there are any.
    pub(crate) fn catalogue(&self) -> &'static Catalogue {
        self.catalogue.unwrap_or_else(Catalogue::built_in)
    }

    /// Returns how the user has restricted the files that are read.
    pub(crate) fn restriction(&self) -> Restriction {
        match self.selection.max_depth {
            _ if !self.selection.globs.is_empty() => Restriction::Globs,
            Some(_) => Restriction::Depth,
            None => Restriction::None,
        }
    }

    /// Whether the user types the input.
    pub(crate) fn is_typed(&self) -> bool {
        self.inputs.iter().any(|input| input == Path::new(STDIN)) && term::stdin_is_terminal()
    }

    /// Returns an error, which ends with `hint`, if standard input is to be part of a plan or partial.
    pub(crate) fn refuse_stdin(&self, hint: &str) -> Result<(), Failure> {
        if !self.inputs.iter().any(|input| input == Path::new(STDIN)) {
            return Ok(());
        }
        let what = "standard input cannot be part of a plan or partial, because it has no name and is read once. Save the log as a file, and \
                    pass its path";
        Err(Failure::Message(format!("{what}{hint}")))
    }

    /// Returns an error if the output would overwrite an input, or a file of another option.
    pub(crate) fn spare_inputs(&self, target: Option<&Path>) -> Result<(), Failure> {
        spare(target, &self.named)?;
        let typed = target.map(|target| term::shown(&name::shown(target))).unwrap_or_default();
        let Some(target) = existing(target) else { return Ok(()) };
        let is_target = |input: &&PathBuf| input.canonicalize().is_ok_and(|input| input == target);
        if let Some(input) = self.inputs.iter().find(is_target) {
            let input = term::shown(&name::shown(input));
            return Err(Failure::Message(format!("-o would overwrite the input {input}. Choose another file")));
        }
        let holds_target = |input: &PathBuf| input.canonicalize().is_ok_and(|input| target.starts_with(input));
        if self.inputs.iter().any(holds_target) && !is_replaceable(&target) {
            return Err(Failure::Message(format!(
                "-o would overwrite {typed}, which is in a folder that is scanned and is not an earlier result. \
                 Choose another file, or delete that one first"
            )));
        }
        Ok(())
    }

    /// Prints notes if `--newer-than` or `--older-than` may not have done what the user wanted.
    pub(crate) fn report_file_times(&self, problems: &[Problem], files_read: u64) {
        let option = match (self.selection.newer_than, self.selection.older_than) {
            (Some(_), Some(_)) => "--newer-than and --older-than",
            (Some(_), None) => "--newer-than",
            (None, Some(_)) => "--older-than",
            (None, None) => return,
        };
        let left_out = problems.iter().any(|problem| problem.kind == Kind::OutsideTime);
        let what = match (left_out, files_read) {
            (true, 0) => "excluded every file",
            (false, 1..) => "excluded no file",
            _ => "",
        };
        if !what.is_empty() {
            term::note(format_args!(
                "{option} {what}. It looks at when a file in a folder or archive was last modified, which copying \
                 and unpacking may change, and not at the times in its lines"
            ));
        }
        let doubtful = self.selection.doubts.count();
        if doubtful > 0 {
            let files = wording::counted(doubtful, "file");
            term::note(format_args!(
                "{option} may be wrong about {files} in zip or cab archives: these archives may store local times of \
                 an \
                 unknown time zone, which are taken as UTC"
            ));
        }
    }

    /// Whether the input is a single file that is large enough to try a faster way of reading first, although it may have to be
    /// read again.
    pub(crate) fn is_single_large_file(&self) -> bool {
        const LARGE_BYTES: u64 = 256 << 10;
        let is_large = |metadata: Metadata| metadata.is_file() && metadata.len() >= LARGE_BYTES;
        matches!(&self.inputs[..], [only] if only.metadata().is_ok_and(is_large))
    }

    /// Whether the inputs can be read a second time: all are files and folders, and neither standard input nor pipes. A path that
    /// does not exist is missing both times.
    pub(crate) fn can_read_again(&self) -> bool {
        let is_kept = |metadata: Metadata| metadata.is_file() || metadata.is_dir();
        self.inputs.iter().all(|input| input != Path::new(STDIN) && input.metadata().map_or(true, is_kept))
    }

    /// Returns the inputs, without the files that this run itself writes.
    pub(crate) fn walk(&self, output: &Output) -> Walk {
        Walk::new(self.inputs.clone()).selecting(self.selection.clone()).skipping(&output.files()).skipping_stdout()
    }

    /// Returns the same inputs as [`Settings::walk`], to read them a second time, when what is doubtful has already been counted.
    pub(crate) fn walk_again(&self, output: &Output) -> Walk {
        self.walk(output).selecting(Selection { doubts: Doubts::default(), ..self.selection.clone() })
    }

    /// Returns the same inputs as [`Settings::walk`], with threads that list folders ahead unless only one thread is allowed.
    pub(crate) fn parallel_walk(&self, output: &Output) -> Walk {
        let threads = self.options.threads.map_or(WAITING_LIMIT / 2, NonZeroUsize::get);
        self.walk(output).listing_ahead(if threads == 1 { 0 } else { threads })
    }
}

/// Expands wildcards in paths on Windows. Elsewhere the shell has done so, and a remaining star is part of a name.
pub(crate) fn expanded(paths: &[PathBuf]) -> Vec<PathBuf> {
    if cfg!(windows) { paths.iter().flat_map(|path| wildcard::expand(path)).collect() } else { paths.to_vec() }
}

/// Returns the canonical path of the file that a result replaces, if there is one.
fn existing(target: Option<&Path>) -> Option<PathBuf> {
    target.and_then(|target| target.canonicalize().ok()).filter(|target| target.is_file())
}

/// Returns an error if the output would overwrite one of `files`. Each file comes with a description for the message.
pub(crate) fn spare<P: AsRef<Path>>(target: Option<&Path>, files: &[(&'static str, P)]) -> Result<(), Failure> {
    let Some(target) = existing(target) else { return Ok(()) };
    let is_target = |file: &Path| file != Path::new(STDIN) && file.canonicalize().is_ok_and(|file| file == target);
    let Some((what, file)) = files.iter().find(|(_, file)| is_target(file.as_ref())) else { return Ok(()) };
    let file = term::shown(&name::shown(file.as_ref()));
    Err(Failure::Message(format!("-o would overwrite {file}, {what}. Choose another file")))
}

/// Returns the files from which patterns are read, each with what it is.
pub(crate) fn pattern_files(args: &PatternArgs) -> Vec<(&'static str, PathBuf)> {
    let files = expanded(&args.files).into_iter().map(|file| ("the file of -f", file));
    let config = args.config.clone().map(|file| ("the file of --config", file));
    files.chain(config).chain(user_file(args).map(|file| ("your configuration file", file))).collect()
}

/// Whether a file was written by an earlier run, or is empty. A file that cannot be read does not count.
fn is_replaceable(file: &Path) -> bool {
    let mut head = Vec::new();
    match File::open(file).and_then(|file| file.take(render::HEAD_BYTES as u64).read_to_end(&mut head)) {
        Ok(_) => head.is_empty() || render::is_own_output(&head),
        // The file cannot be replaced either, and that attempt reports the reason.
        Err(reason) => cfg!(windows) && reason.raw_os_error() == Some(target::SHARING_VIOLATION),
    }
}

fn opening(input: &InputArgs, inputs: &[PathBuf]) -> Result<Opening, Failure> {
    let archives = &input.archives;
    let limits = Limits {
        members: archives.max_members,
        unpacked_bytes: archives.max_unpacked,
        ratio: archives.max_ratio,
        nesting: archives.max_nesting,
        ..Limits::default()
    };
    let file = archives.password_file.as_deref();
    let passwords = file.map(|file| passwords::read(file, inputs)).transpose()?.unwrap_or_default();
    let is_own_output = Some(render::is_own_output as fn(&[u8]) -> bool);
    let TimeArgs { tz, date_order, year, display_tz: _ } = input.times;
    let times = Given { zone: tz, order: date_order, year, ..Given::default() };
    Ok(Opening { encoding: input.encoding, limits, passwords, is_own_output, times, ..Opening::default() })
}

fn selection(args: &FileArgs) -> Result<Selection, Failure> {
    let globs = Globs::new(args.globs.iter().map(String::as_str), args.iglobs.iter().map(String::as_str));
    Ok(Selection {
        globs: globs.map_err(|reason| Failure::Message(format!("invalid -g/--iglob pattern: {reason}")))?,
        max_depth: args.max_depth,
        max_bytes: args.max_filesize,
        newer_than: args.newer_than,
        older_than: args.older_than,
        links: if args.follow { Links::Follow } else { Links::Stay },
        content: if args.binary { Content::Any } else { Content::Text },
        ..Selection::default()
    })
}

/// Loads the configuration from the configuration file and other pattern files.
pub(crate) fn config(args: &PatternArgs) -> Result<Config, Failure> {
    let user_file = user_file(args);
    if let Some(misnamed) = user_file.as_deref().and_then(config::with_hidden_ending) {
        let misnamed = term::shown(&name::shown(&misnamed));
        term::note(format_args!(
            "{misnamed} was not read, because its name ends in .txt, which Windows may hide. Rename it to config.toml"
        ));
    }
    config::load(&layers(args), config::BUILT_IN).map_err(|found| refused(&found, args))
}

/// Returns the places from which patterns and forms of times are loaded.
fn layers(args: &PatternArgs) -> Layers {
    Layers {
        user_file: user_file(args),
        config: args.config.clone(),
        files: expanded(&args.files),
        expressions: args.expressions.clone(),
        only: args.only.clone(),
        without: args.without.clone(),
    }
}

/// Returns the configuration and the set that is compiled from its patterns and checked with their examples.
pub(crate) fn proved(args: &PatternArgs) -> Result<(Config, PatternSet), Failure> {
    let config = config(args)?;
    let set = compiled(&config, args)?;
    Ok((config, set))
}

/// Returns the set that is compiled from the patterns of a configuration and checked with their examples.
pub(crate) fn compiled(config: &Config, args: &PatternArgs) -> Result<PatternSet, Failure> {
    proof::compile(&config.definitions, || config.catalogue()).map_err(|found| refused(&found, args))
}

/// Returns the user's own configuration file, unless an option disables it.
fn user_file(args: &PatternArgs) -> Option<PathBuf> {
    if args.no_config || args.config.is_some() { None } else { config::user_file() }
}

/// Returns the failure for errors in patterns. An error in the user's own file would prevent every search, so it comes with a way
/// around that file.
fn refused(found: &[Diagnostic], args: &PatternArgs) -> Failure {
    let name = user_file(args).map(|path| Origin::File(path).to_string());
    let is_of = |one: &Diagnostic, name: &str| one.source_name() == Some(name) || one.message().contains(name);
    let is_users_own = name.is_some_and(|name| found.iter().any(|one| is_of(one, &name)));
    let around =
        if is_users_own { "\n\nhelp: to continue without your configuration file, add --no-config" } else { "" };
    Failure::Diagnostics(rendered(found) + around)
}

/// Returns the failure for errors in pattern files.
pub(crate) fn diagnostics(found: &[Diagnostic]) -> Failure {
    Failure::Diagnostics(rendered(found))
}

/// Formats the first errors and the number of others. A log that is passed as a pattern file has thousands.
pub(crate) fn rendered(found: &[Diagnostic]) -> String {
    let look = term::diagnostic_look();
    let mut lines: Vec<String> = found.iter().take(SHOWN_AT_MOST).map(|one| one.render(look)).collect();
    if found.len() > SHOWN_AT_MOST {
        lines.push(format!("and {} more", wording::grouped((found.len() - SHOWN_AT_MOST) as u64)));
    }
    lines.join("\n\n")
}
