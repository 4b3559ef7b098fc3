//! `scan --partial`: writes what was found, to be counted by `merge`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use callcodes::catalogue::Catalogue;
use callcodes::name;
use callcodes::partial::plan::{self, Changed, Piece, Plan, Selections};
use callcodes::partial::pseudonyms::Pseudonyms;
use callcodes::partial::{FORMAT, Header, Writer, line, to_line};
use callcodes::pipeline::CopyRule;
use callcodes::pipeline::recorded::{self, Step};
use callcodes::problem::Problem;
use callcodes::report::problems::Extent;
use callcodes::report::wording;
use callcodes::source::{Digest, Opening, STDIN};
use callcodes::time::detect::Given;
use clap::ArgMatches;
use clap::parser::ValueSource;
use jiff::Timestamp;

use crate::again;
use crate::args::{CountArgs, FileArgs, FilterArgs, PartialArgs, ReadArgs, ScanArgs};
use crate::interrupt;
use crate::progress::{Line, Progress};
use crate::settings::{Settings, spare};
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// Scans and writes a partial. `matches` are the arguments from which `args` were made.
pub(crate) fn run(args: &ScanArgs, matches: &ArgMatches) -> Result<Status, Failure> {
    refuse_counting(matches, "Pass it to callcodes merge")?;
    refuse_ignored(args, matches)?;
    let ScanArgs { partial, read: ReadArgs { output: output_args, patterns, input, .. }, .. } = args;
    let target = output_args.output.as_deref();
    let named = [("the file of --plan", &partial.plan), ("the file of --redact-users", &partial.redact_users)];
    let named: Vec<_> = named.iter().filter_map(|(what, file)| Some((*what, file.as_ref()?))).collect();
    spare(target, &named)?;
    let pseudonyms = partial.redact_users.as_deref().map(read_key).transpose()?;
    let plan = planned(partial)?;
    if plan.is_some() && !input.paths.is_empty() {
        let what = "--plan and --plan-line name the files to read, so no PATH can be passed. Leave out one of them";
        return Err(Failure::Message(what.to_owned()));
    }
    let mut settings = if plan.is_some() {
        Settings::with_inputs(Vec::new(), input, patterns)?
    } else {
        Settings::resolve(input, patterns)?
    };
    if settings.host_from.is_some() {
        term::note(
            "host_from in the configuration has no effect on a partial. callcodes merge uses it if it is in the configuration there, or \
             pass it with --host-from",
        );
    }
    if settings.options.copies == CopyRule::CountOnce {
        settings.options.copies = CopyRule::Record;
    }
    settings.refuse_stdin(if args.partial.partial {
        ". To pass a plan on standard input, use --plan -"
    } else {
        ""
    })?;
    settings.spare_inputs(target)?;
    if let Some(plan) = &plan {
        let files = plan.pieces().iter().filter_map(|piece| Some(("a file of the plan", piece.path.as_deref()?)));
        spare(target, &files.collect::<Vec<_>>())?;
    }
    let mut output = Output::open(target, &Styles::choose(output_args.color, target))?;
    interrupt::install(&settings.options.opening.stop, output.unfinished());
    let header = header(&settings, partial, plan.is_some(), pseudonyms.as_ref(), matches)?;
    if let Some(machine) = &header.machine {
        let zones = settings.options.opening.zones.on(machine);
        settings.options.opening.zones = zones;
    }
    let mut selections = Selections::new(Arc::new(settings.selection.clone()));
    let pieces = match plan {
        Some(plan) => Pieces::Planned(checked(plan, partial.allow_changed)?.into()),
        None => Pieces::Walked(Box::new(plan::files(settings.parallel_walk(&output)))),
    };
    // The workers take pieces before the sink gets what they found.
    let begun: Begun = Mutex::default();
    let is_walked = matches!(pieces, Pieces::Walked(_));
    let sources = pieces.map(|piece| {
        let source = selections.source(&piece);
        // Without --allow-changed, the file may have changed since all files were checked.
        let changed = if is_walked { None } else { piece.changed() };
        begun.lock().unwrap_or_else(PoisonError::into_inner).push_back((piece, changed));
        source
    });
    let line = if output_args.no_progress { Line::NotDrawn } else { Line::Drawn };
    let progress = Progress::begin(&settings, &output, line);
    let mut held = Vec::new();
    let out: &mut dyn io::Write = if partial.partial_line { &mut held } else { &mut output };
    let result = write(&settings, &header, sources, (&begun, pseudonyms.as_ref()), out);
    drop(progress);
    let mut problems = result.map_err(|reason| output.error(reason))?;
    // A scheduler would repeat a process that fails, and nothing would change. The merge reports the problems of a plan.
    problems.retain(|problem| is_walked && problem.kind.is_loss());
    problems.sort();
    if partial.partial_line && !settings.options.opening.stop.is_requested() {
        let line = to_line(&held).map_err(too_long)?;
        writeln!(output, "{line}").map_err(|reason| output.error(reason))?;
    }
    let status = if settings.options.opening.stop.is_requested() { Status::Interrupted } else { Status::of(&problems) };
    output.end(status, 1)?;
    let extent = if output_args.verbose { Extent::All } else { Extent::Kinds };
    term::report_problems(&problems, 0, extent);
    Ok(status)
}

/// Returns the failure for a line that would have this many characters.
fn too_long(characters: usize) -> Failure {
    let (characters, limit) = (wording::grouped(characters as u64), wording::grouped(line::LIMIT as u64));
    Failure::Message(format!(
        "what was found needs a line of {characters} characters, and --partial-line prints at most {limit}. Write a file with \
         --partial -o FILE and collect it, or read fewer logs, such as those of the last week with --newer-than 1w"
    ))
}

/// Reads a secret, from which pseudonyms are made.
pub(crate) fn read_key(path: &Path) -> Result<Pseudonyms, Failure> {
    let shown = term::shown(&name::shown(path));
    let cannot = |error: io::Error| Failure::Message(format!("cannot read the key file {shown}: {error}"));
    let content = std::fs::read(path).map_err(cannot)?;
    Pseudonyms::new(&content).ok_or_else(|| {
        Failure::Message(format!(
            "the key file {shown} is empty. Write a long random text to it, the same on every machine"
        ))
    })
}

/// Returns a failure if the user has passed an option about counting, which has no effect on a partial.
pub(crate) fn refuse_counting(matches: &ArgMatches, remedy: &str) -> Result<(), Failure> {
    use clap::Args as _;
    let command = CountArgs::augment_args(clap::Command::new("count"));
    let command = FilterArgs::augment_args(command);
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let given = command.get_arguments().find(|arg| is_given(arg.get_id().as_str()));
    let others = ["format", "host_from", "stats"].into_iter().find(|id| is_given(id));
    let option = given.and_then(|arg| arg.get_long()).or(others);
    Err(Failure::Message(match option {
        None => return Ok(()),
        Some("audit") => NO_AUDIT.to_owned(),
        Some("stats") => "--stats is about counting, which is not done with --partial. Leave it out".to_owned(),
        Some(option) => {
            let option = option.replace('_', "-");
            format!("--{option} has no effect on a partial, which has all results. {remedy}")
        }
    }))
}

/// The message if an audit is wanted of partials.
pub(crate) const NO_AUDIT: &str = "--audit shows lines, which a partial does not have. Pass it to callcodes scan without --partial, where \
                                   the logs are";

/// Returns a failure if the ending of the file for a partial is that of another format.
pub(crate) fn refuse_ending(target: Option<&Path>) -> Result<(), Failure> {
    let ending = target.and_then(Path::extension).and_then(|ending| ending.to_str()).unwrap_or_default();
    let Some(format) = ["CSV", "JSON"].into_iter().find(|format| ending.eq_ignore_ascii_case(format)) else {
        return Ok(());
    };
    let target = term::shown(&name::shown(target.unwrap_or(Path::new(""))));
    Err(Failure::Message(format!(
        "-o {target} would write a partial, which is no {format}. Choose an ending such as .ccp; callcodes merge -o writes {format}"
    )))
}

/// Returns a failure if the user has passed an option about files that has no effect, with a plan or without one.
fn refuse_ignored(args: &ScanArgs, matches: &ArgMatches) -> Result<(), Failure> {
    use clap::Args as _;
    let PartialArgs { partial, plan, plan_line, allow_changed, .. } = &args.partial;
    if *partial {
        refuse_ending(args.read.output.output.as_deref())?;
    }
    if plan.is_none() && plan_line.is_empty() {
        if *allow_changed {
            let what = "--allow-changed is about files that have changed since a plan was made. Leave it out, or pass the plan";
            return Err(Failure::Message(what.to_owned()));
        }
        return Ok(());
    }
    let command = FileArgs::augment_args(clap::Command::new("files"));
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let given = command.get_arguments().find(|arg| is_given(arg.get_id().as_str())).and_then(|arg| arg.get_long());
    let Some(option) = given else { return Ok(()) };
    Err(Failure::Message(format!(
        "--{option} has no effect with a plan, which says what is read. Pass it to callcodes plan"
    )))
}

/// Returns the plan, if the user has passed one.
fn planned(args: &PartialArgs) -> Result<Option<Plan>, Failure> {
    let refused = |refused: callcodes::partial::Refused| Failure::Message(refused.to_string());
    if !args.plan_line.is_empty() {
        if args.plan.is_some() {
            return Err(Failure::Message("--plan and --plan-line cannot be used together. Leave out one".to_owned()));
        }
        if args.plan_line.iter().any(|line| line == STDIN) {
            let what = "--plan-line takes a line of a plan. To pass a plan on standard input, use --plan -";
            return Err(Failure::Message(what.to_owned()));
        }
        let lines = args.plan_line.join("\n");
        let plan = Plan::read("--plan-line", lines.as_bytes()).map_err(refused)?;
        return with_pieces(plan, "--plan-line").map(Some);
    }
    let Some(path) = args.plan.as_deref() else { return Ok(None) };
    let plan = read_plan(path)?;
    // A share of a plan in a file may have no pieces if there are more processes than pieces.
    if path == Path::new(STDIN) { with_pieces(plan, "standard input").map(Some) } else { Ok(Some(plan)) }
}

/// Returns a plan unless it is empty. A whole plan may have no pieces.
fn with_pieces(plan: Plan, name: &str) -> Result<Plan, Failure> {
    if plan.pieces().is_empty() && !plan.is_whole() {
        return Err(Failure::Message(format!(
            "{name} has no piece of a plan. Was the file of the plan empty? Pass lines that callcodes plan has written"
        )));
    }
    Ok(plan)
}

/// Reads a plan from a file or standard input.
pub(crate) fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let refused = |refused: callcodes::partial::Refused| Failure::Message(refused.to_string());
    if path == Path::new(STDIN) {
        return Plan::read_any("standard input", Box::new(io::stdin())).map_err(refused);
    }
    let shown = term::shown(&name::shown(path));
    let file = File::open(path).map_err(|error| Failure::Message(format!("cannot read the plan {shown}: {error}")))?;
    Plan::read_any(&shown, Box::new(file)).map_err(refused)
}

/// Returns the pieces of a plan whose files are as they were when it was made.
fn checked(plan: Plan, allows_changed: bool) -> Result<Vec<Piece>, Failure> {
    let pieces = plan.into_pieces();
    if allows_changed {
        return Ok(pieces);
    }
    let mut changed = pieces.iter().filter_map(|piece| Some((piece, piece.changed()?)));
    let Some((piece, how)) = changed.next() else { return Ok(pieces) };
    let others = changed.count() as u64;
    let others = if others == 0 {
        String::new()
    } else {
        format!(" The same is true of {}.", wording::counted(others, "more piece"))
    };
    let path = term::shown(piece.path.as_deref().unwrap_or_default());
    let what = match how {
        Changed::Gone => "was there when the plan was made, and cannot be found now. Is the share connected?",
        Changed::Differs { .. } => "has changed since the plan was made.",
    };
    Err(Failure::Message(format!(
        "{path} {what}{others} Make a new plan with callcodes plan, or read what is there with --allow-changed"
    )))
}

/// The pieces of a run.
enum Pieces<'w> {
    Planned(VecDeque<Piece>),
    Walked(Box<dyn Iterator<Item = Piece> + Send + 'w>),
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        match self {
            Pieces::Planned(pieces) => pieces.pop_front(),
            Pieces::Walked(pieces) => pieces.next(),
        }
    }
}

/// Returns the header of a partial.
fn header(
    settings: &Settings,
    args: &PartialArgs,
    is_planned: bool,
    pseudonyms: Option<&Pseudonyms>,
    matches: &ArgMatches,
) -> Result<Header, Failure> {
    let machine = (!is_planned).then(|| args.machine.clone().unwrap_or_else(machine_name));
    if let Some(machine) = machine.as_ref().filter(|machine| !Header::is_machine_name(machine)) {
        let machine = term::shown(machine);
        return Err(Failure::Message(format!(
            "{machine:?} cannot be the name of a machine in paths. Pass one without slashes and exclamation marks with --machine NAME"
        )));
    }
    Ok(Header {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        patterns: patterns_fingerprint(settings),
        reading: reading_fingerprint(settings, machine.is_none()),
        zone: settings.zone.name(),
        keep_copies: settings.options.copies == CopyRule::CountAll,
        written: machine.as_ref().map(|_| Timestamp::now().as_second()),
        pseudonyms: pseudonyms.map(Pseudonyms::fingerprint),
        zones: machine.as_ref().map(|_| zones_fingerprint(settings)),
        machine,
        options: again::passed(matches),
    })
}

/// Returns the name of this computer.
fn machine_name() -> String {
    let name = gethostname::gethostname();
    name::shown(Path::new(&name))
}

/// Returns a fingerprint of the patterns and the catalogue, with the user's entries.
pub(crate) fn patterns_fingerprint(settings: &Settings) -> String {
    let mut text = Catalogue::built_in_text().to_owned();
    settings.definitions.iter().for_each(|definition| text += &definition.essence());
    if let Some(own) = settings.own_catalogue() {
        text += &format!("{:?}", own.entries());
    }
    short(&text)
}

/// Returns a fingerprint of what decides how logs are read. The zones of machines may differ, but not those of the pieces of a plan.
fn reading_fingerprint(settings: &Settings, with_zones: bool) -> String {
    let Opening { encoding, times, .. } = &settings.options.opening;
    let (zones, times) = if with_zones {
        (zones_fingerprint(settings), *times)
    } else {
        (String::new(), Given { zone: None, ..*times })
    };
    short(&format!("{encoding:?} {times:?} {zones} {:?}", settings.selection.content))
}

/// Returns a fingerprint of the zones that the user has given to times without one. It is the same on all machines that have the same
/// options and tables.
fn zones_fingerprint(settings: &Settings) -> String {
    let Opening { times, zones, .. } = &settings.options.opening;
    short(&format!("{:?} {zones:?}", times.zone))
}

/// Returns a short digest of a text.
fn short(text: &str) -> String {
    let mut digest = String::from(Digest::of(text.as_bytes()));
    digest.truncate(16);
    digest
}

/// The pieces that workers have taken, in order, each with how its file differs from its state in the plan.
type Begun = Mutex<VecDeque<(Piece, Option<Changed>)>>;

/// Scans the sources of pieces and writes what was found. Returns all problems.
fn write(
    settings: &Settings,
    header: &Header,
    sources: impl Iterator<Item = callcodes::source::Found> + Send,
    (begun, pseudonyms): (&Begun, Option<&Pseudonyms>),
    out: &mut dyn io::Write,
) -> io::Result<Vec<Problem>> {
    let mut writer = Writer::new(&mut *out, header)?;
    let next = || begun.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (mut is_in_piece, mut differs, mut problems) = (false, None, Vec::new());
    let mut sink = |step| {
        if !std::mem::replace(&mut is_in_piece, true)
            && let Some((piece, changed)) = next()
        {
            differs = changed;
            writer.begin(&piece)?;
        }
        match step {
            Step::Problem(problem) => {
                problems.push(problem);
                Ok(())
            }
            Step::Message(line) => writer.message(line.as_bytes()),
            Step::InputEnd => {
                is_in_piece = false;
                writer.done(differs)
            }
        }
    };
    let (set, catalogue) = (&settings.set, settings.catalogue());
    let rename = pseudonyms.map(|pseudonyms| move |user: &str| pseudonyms.of(user));
    let rename = rename.as_ref().map(|rename| rename as recorded::Rename<'_>);
    recorded::record(sources, set, catalogue, &settings.options, settings.zone, rename, &mut sink)?;
    // What is not there must not look complete.
    if !settings.options.opening.stop.is_requested() {
        writer.end()?;
    }
    out.flush()?;
    Ok(problems)
}
