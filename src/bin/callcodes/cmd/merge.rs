//! `merge`: counts what several processes or machines have found.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use callcodes::filter::Part;
use callcodes::name;
use callcodes::partial::hosts::{self, Difference, Expected, Silent};
use callcodes::partial::plan::Plan;
use callcodes::partial::pseudonyms::Pseudonyms;
use callcodes::partial::{self, Coverage, Header, Merge, NOT_PARTIAL, Purpose, Refused, RefusedError, Stored};
use callcodes::pipeline::{CopyRule, Outcome, recorded};
use callcodes::problem::{Kind, Problem};
use callcodes::render::{self, HEAD_BYTES};
use callcodes::report::problems::Extent;
use callcodes::report::wording::{counted, remark};
use callcodes::source::STDIN;
use callcodes::summary::sign_ins::{Settled, Sought};
use callcodes::time::window::Range;
use callcodes::time::zone::{self, DisplayZone};
use callcodes::units;
use clap::ArgMatches;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::again;
use crate::args::{ColorArg, InputArgs, MergeArgs, TimeArgs};
use crate::cmd::partial::{NO_AUDIT, patterns_fingerprint, read_key, read_plan, refuse_counting, refuse_ending};
use crate::cmd::scan::{Job, dimensions, is_worth_numbering};
use crate::filters;
use crate::interrupt;
use crate::session::Session;
use crate::settings::{Settings, spare};
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// Where the names of machines are in the names of sources that partials of machines have.
const BELOW_MACHINE: &str = "{host}/**";

/// How many seconds the clock of a machine may be fast.
const CLOCKS_APART: i64 = 300;

/// How many machines and pieces a message names.
const NAMED: usize = 20;

/// Merges and reports. `matches` are the arguments from which `args` were made.
pub(crate) fn run(args: &MergeArgs, matches: &ArgMatches) -> Result<Status, Failure> {
    let MergeArgs { count, filter, format, output, patterns, .. } = args;
    let input = args.input();
    let named = [
        ("the file of --plan", &args.plan),
        ("the file of --expect-hosts", &args.expect_hosts),
        ("the file of --redact-users", &args.redact_users),
    ];
    let named: Vec<_> = named.iter().filter_map(|(what, file)| Some((*what, file.as_ref()?))).collect();
    spare(output.output.as_deref(), &named)?;
    if args.partial {
        refuse_counting(matches, "Leave it out, or leave out --partial")?;
        refuse_ending(output.output.as_deref())?;
        return write(args, &input);
    }
    if count.audit.is_some() {
        return Err(Failure::Message(NO_AUDIT.to_owned()));
    }
    let by = dimensions(count)?;
    let mut session = Session::begin_whole(&input, patterns, output, *format)?;
    // What is missing is a problem, too, which is known later.
    session.reports_early = false;
    filters::note_unlisted(filter, session.settings.catalogue());
    let plan = args.plan.as_deref().map(read_whole_plan).transpose()?;
    let (merge, problems) = gather(args, plan.as_ref(), &session.settings, &session.written(), Purpose::Count)?;
    let filter = filters::filter(filter, &TimeArgs { tz: scanned_zone(&merge, args)?, ..input.times })?;
    // Messages are about the options with which the plan was made.
    session.settings.selection = plan.as_ref().and_then(Plan::selection).unwrap_or_default();
    // Names of sources are below the inputs of the scan, and not below the partials.
    let typed = plan.as_ref().map(|plan| plan.typed().clone()).unwrap_or_default();
    let inputs: Vec<PathBuf> = typed.inputs.iter().map(PathBuf::from).collect();
    session.settings.host_from = session.settings.host_from.take().map(|template| template.below(&inputs));
    // Names of sources begin with that of their machine.
    let is_below_machine =
        merge.headers().all(|(header, _)| header.machine.is_some()) && session.settings.host_from.is_none();
    if is_below_machine {
        session.settings.host_from = BELOW_MACHINE.parse().ok();
    }
    let mut job = Job::new(count, by, filter, &session)?;
    // Partials have the numbers, so nothing is read again for them. They are shown as if logs had been read that can be read again.
    job.is_numbered = count.near_misses;
    job.options.near_misses = Sought::Numbered;
    let outcome = session.count(|settings| {
        let mut options = settings.options.clone();
        if merge.headers().any(|(header, _)| header.keep_copies) {
            options.copies = CopyRule::CountAll;
        }
        let (set, catalogue) = (&settings.set, settings.catalogue());
        recorded::count(set, catalogue, &options, job.options.clone(), |sink| merge.feed(sink))
    });
    let mut outcome = outcome.map_err(|error| unreadable(&error))?;
    if is_below_machine {
        // The user has passed no template, so nothing is said about it.
        outcome.summary.totals.template = None;
    }
    if !job.is_numbered && !is_worth_numbering(&outcome) {
        outcome.summary.near_misses.forget_numbers();
    }
    outcome.problems.extend(problems);
    outcome.problems.sort();
    let (of_plan, options): (Vec<_>, Vec<_>) =
        options_of_logs(&outcome).into_iter().partition(|option| plan.is_some() && OPTIONS_OF_PLAN.contains(option));
    let passed = [merge.options(), typed.options].concat();
    let status = job.present(session, outcome, &again::merged(matches, &passed, &inputs))?;
    if !of_plan.is_empty() {
        term::note(format_args!("pass {} to callcodes plan, which says what is read", of_plan.join(" or ")));
    }
    if !options.is_empty() {
        term::note(format_args!(
            "pass {} to callcodes scan --partial, because merge reads no logs",
            options.join(" or ")
        ));
    }
    Ok(status)
}

/// The options of [`options_of_logs`] that `plan` has, and `scan` with a plan has not.
const OPTIONS_OF_PLAN: [&str; 2] = ["--binary", "-L"];

/// Returns the options that messages suggest and that only commands have which read logs.
fn options_of_logs(outcome: &Outcome<Settled>) -> Vec<&'static str> {
    let is_there = |kinds: &[Kind]| outcome.problems.iter().any(|problem| kinds.contains(&problem.kind));
    let Settled { summary, totals, clocks, .. } = &outcome.summary;
    // The messages about an empty window and about clocks.
    let is_outside = summary.is_empty() && totals.dropped.by_part[Part::Window as usize] > 0;
    let lacks_zone = is_outside && totals.window_zone.is_some_and(DisplayZone::is_utc);
    let options = [
        ("--binary", is_there(&[Kind::Binary])),
        ("--keep-copies", is_there(&[Kind::Copy, Kind::Replaced])),
        ("-L", is_there(&[Kind::Link])),
        ("--date-order", outcome.times.undecided > 0),
        ("--tz", lacks_zone || clocks.iter().any(|apart| apart.zone().is_some())),
    ];
    options.into_iter().filter(|(_, is_suggested)| *is_suggested).map(|(option, _)| option).collect()
}

/// Returns the zone of `--tz` with which all partials were written, in which times that the user types without a zone are in `scan`, too.
fn scanned_zone(merge: &Merge, args: &MergeArgs) -> Result<Option<&'static TimeZone>, Failure> {
    let mut zones: Vec<(Option<&'static TimeZone>, String)> = Vec::new();
    let mut known: HashMap<&str, &'static TimeZone> = HashMap::new();
    for (header, name) in merge.headers() {
        let text = header.options.iter().find(|(option, _)| option == "tz").and_then(|(_, values)| values.first());
        let zone = match text.map(String::as_str) {
            None => None,
            Some(text) => match known.entry(text) {
                Entry::Occupied(known) => Some(*known.get()),
                // A zone that is not known can only come from elsewhere.
                Entry::Vacant(new) => zone::parse(text).ok().map(|zone| *new.insert(zone)),
            },
        };
        if zones.iter().all(|(other, _)| typed(*other) != typed(zone)) {
            zones.push((zone, name));
        }
    }
    let range = Range { since: args.filter.since, until: args.filter.until };
    if let [(one, first), (other, second), ..] = &zones[..]
        && args.display_tz.is_none()
        && range.lacks_zone()
    {
        let [first, second] = [first, second].map(|name| term::shown(name));
        return Err(Failure::Message(format!(
            "times of --since and --until without a zone are in that of --tz, which is {} in {first} and {} in {second}. Write times with a \
             zone, such as \"2024-03-05 08:00Z\", or pass --display-tz UTC",
            typed(*one).name(),
            typed(*other).name()
        )));
    }
    Ok(zones.first().and_then(|(zone, _)| *zone))
}

fn typed(zone: Option<&'static TimeZone>) -> DisplayZone {
    zone.map_or(DisplayZone::UTC, DisplayZone::new)
}

/// Writes the pieces of all partials to one.
fn write(args: &MergeArgs, input: &InputArgs) -> Result<Status, Failure> {
    let settings = Settings::resolve(input, &args.patterns)?;
    let target = args.output.output.as_deref();
    settings.spare_inputs(target)?;
    let mut output = Output::open(target, &Styles::choose(ColorArg::Never, target))?;
    interrupt::install_at_once(output.unfinished());
    let plan = args.plan.as_deref().map(read_whole_plan).transpose()?;
    let (merge, problems) = gather(args, plan.as_ref(), &settings, &output.files(), Purpose::Join)?;
    merge.write(&mut output).map_err(|error| match error.get_ref() {
        Some(inner) if inner.is::<RefusedError>() => unreadable(&error),
        _ => output.error(error).into(),
    })?;
    let status = Status::of(&problems);
    output.end(status, 1)?;
    note_beside(&settings.inputs, target);
    let extent = if args.output.verbose { Extent::All } else { Extent::Kinds };
    term::report_problems(&problems, 0, extent);
    Ok(status)
}

/// Returns the failure for partials that could not be read a second time.
fn unreadable(error: &io::Error) -> Failure {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<RefusedError>()) {
        Some(RefusedError(refused)) => Failure::Message(shown(refused)),
        None => Failure::Message(format!("cannot read the partials: {error}")),
    }
}

fn shown(refused: &Refused) -> String {
    term::shown(&refused.to_string())
}

/// Reads all partials and checks that they can be counted together. `written` are the files that this run writes. Returns the problems
/// of what is missing.
fn gather(
    args: &MergeArgs,
    plan: Option<&Plan>,
    settings: &Settings,
    written: &[PathBuf],
    purpose: Purpose,
) -> Result<(Merge, Vec<Problem>), Failure> {
    let expected = args.expect_hosts.as_deref().map(read_hosts).transpose()?;
    let pseudonyms = args.redact_users.as_deref().map(read_key).transpose()?;
    let fingerprint = pseudonyms.as_ref().map(Pseudonyms::fingerprint);
    let is_lenient = args.allow_missing || expected.is_some();
    let mut merge = Merge::new(settings.set.patterns().len());
    pseudonyms.into_iter().for_each(|pseudonyms| merge.make_pseudonyms(pseudonyms));
    let mut refused = add_all(&mut merge, &settings.inputs, written)?;
    merge.notes().iter().for_each(term::note);
    let reason = |header: &Header| foreign(header, settings);
    let coverage = merge.arrange(plan, purpose, reason).map_err(|refused| Failure::Message(shown(&refused)))?;
    refused.extend(coverage.left_out.iter().cloned());
    if let Some(first) = refused.first().filter(|_| !is_lenient) {
        let others = remark(refused.len() as u64 - 1, "other is refused, too.", "others are refused, too.");
        let others = others.map(|others| format!(" {others}")).unwrap_or_default();
        let remedy = if merge.is_empty() { "" } else { " To count the others, pass --allow-missing" };
        return Err(Failure::Message(format!("{}.{others}{remedy}", shown(first)).trim_end_matches('.').to_owned()));
    }
    check_headers(&merge, fingerprint.as_deref(), args, is_lenient)?;
    note_coverage(&coverage);
    note_zones(&merge);
    if !coverage.missing.is_empty() && !args.allow_missing {
        return Err(Failure::Message(missing(&coverage)));
    }
    let damaged = |refused: &Refused| {
        let line = if refused.line > 0 { format!("line {}: ", refused.line) } else { String::new() };
        Problem::new(refused.name.as_str(), Kind::Damaged, format!("{line}{}", refused.what))
    };
    let mut problems: Vec<Problem> = refused.iter().map(damaged).collect();
    problems.extend(partial::missing(&coverage));
    problems.extend(partial::lost(&coverage));
    problems.extend(coverage.changed);
    if let (Some(expected), Some(path)) = (expected, &args.expect_hosts) {
        problems.extend(compared(&merge, &expected, path, args));
    }
    problems.sort();
    Ok((merge, problems))
}

/// Reads a plan that has its first and its last line. Of another one, nobody knows which pieces are missing.
fn read_whole_plan(path: &Path) -> Result<Plan, Failure> {
    let plan = read_plan(path)?;
    if plan.is_whole() {
        return Ok(plan);
    }
    let path = term::shown(&name::shown(path));
    Err(Failure::Message(format!(
        "the plan {path} is not complete: it was cut, or it has only some of the lines. Pass it as callcodes plan wrote it, so that missing \
         pieces are noticed"
    )))
}

/// Reads the names of the machines that should have answered.
fn read_hosts(path: &Path) -> Result<Expected, Failure> {
    let shown = term::shown(&name::shown(path));
    let cannot = |what: String| Failure::Message(format!("cannot read the list of hosts {shown}: {what}"));
    let bytes = fs::read(path).map_err(|error| cannot(error.to_string()))?;
    let text = units::text(bytes).map_err(|_| cannot("it is not UTF-8. Save it as UTF-8".to_owned()))?;
    let expected = Expected::parse(&text);
    if expected.is_empty() {
        return Err(Failure::Message(format!("the list of hosts {shown} has no name. Write one name a line")));
    }
    Ok(expected)
}

/// Compares the machines that answered with the list in `path`. Partials that are older than the newest by more than
/// `--max-age` are reported, too.
fn compared(merge: &Merge, expected: &Expected, path: &Path, args: &MergeArgs) -> Vec<Problem> {
    let max_age = &args.max_age;
    let path = name::shown(path);
    let Difference { silent, renamed, unexpected } = expected.compare(merge.machines());
    if !renamed.is_empty() {
        let renamed: Vec<String> = renamed.iter().map(|(name, seen)| format!("{name} as {seen}")).collect();
        let path = term::shown(&path);
        term::note(format_args!("answered under another name than that in {path}: {}", some(&renamed)));
    }
    if let Some(count) = remark(unexpected.len() as u64, "machine is", "machines are") {
        let path = term::shown(&path);
        term::note(format_args!("{count} not in {path}, and counted anyway: {}", some(&unexpected)));
    }
    let silent = silent.into_iter().map(|Silent { name, similar }| {
        let but = but(&similar);
        let what = format!("no partial is of this host{but}, which is in {path}; run callcodes scan --partial on it");
        Problem::new(name, Kind::NoPartial, what)
    });
    let written = || merge.headers().filter_map(|(header, _)| Some((header.machine.as_deref()?, header.written?)));
    // Of a clock that is fast, the time must not make all others old.
    let now = Timestamp::now().as_second();
    let newest = written().map(|(_, written)| written).max().unwrap_or(0).min(now);
    let oldest = max_age.before(newest);
    let date = |written| Timestamp::from_second(written).map_or_else(|_| written.to_string(), |time| time.to_string());
    let early = written().filter(|(_, written)| *written > now + CLOCKS_APART).map(|(machine, written)| {
        let what = format!(
            "its partial was written at {}, which has not come yet by the clock here, so nobody knows how old it is; set the clock that is \
             wrong",
            date(written)
        );
        Problem::new(machine, Kind::OldPartial, what)
    });
    // Before partials are counted, there may be one for each of the two names of a machine.
    let names = hosts::machines(merge.machines());
    let name = |machine: &str| names.get(&machine.to_lowercase());
    let mut latest: BTreeMap<Option<&String>, i64> = BTreeMap::new();
    written().for_each(|(machine, time)| {
        let known = latest.entry(name(machine)).or_insert(time);
        *known = time.max(*known);
    });
    let is_latest = |(machine, time): &(&str, i64)| latest.get(&name(machine)) == Some(time);
    let old = written().filter(|(_, written)| *written < oldest).filter(is_latest).map(|(machine, written)| {
        let what = format!(
            "its partial was written at {}, more than {max_age} before the newest, so later results are missing; run callcodes scan \
             --partial on it again",
            date(written)
        );
        Problem::new(machine, Kind::OldPartial, what)
    });
    silent.chain(old).chain(early).collect()
}

/// Returns a remark on machines with similar names that answered instead.
fn but(similar: &[String]) -> String {
    if similar.is_empty() { String::new() } else { format!(" (but from {})", some(similar)) }
}

/// Returns the first of some names.
fn some(names: &[String]) -> String {
    let named: Vec<String> = names.iter().take(NAMED).map(|name| term::shown(name)).collect();
    format!("{}{}", named.join(", "), if names.len() > NAMED { ", ..." } else { "" })
}

/// Adds the partials in all inputs. Returns those that are refused.
fn add_all(merge: &mut Merge, inputs: &[PathBuf], written: &[PathBuf]) -> Result<Vec<Refused>, Failure> {
    let mut refused = Vec::new();
    for input in inputs {
        let is_in_folder = input.is_dir();
        for (name, stored) in stored(input, written)? {
            let path = if let Stored::Path(path) = &stored { Some(path.clone()) } else { None };
            let why = merge.add(&name, stored);
            let is_foreign = matches!(&why[..], [only] if only.what == NOT_PARTIAL);
            if is_in_folder && is_foreign && path.is_some_and(|path| is_result(&path)) {
                let name = term::shown(&name);
                term::note(format_args!("{name}: skipped, because it is a result of callcodes and no partial"));
            } else {
                refused.extend(why);
            }
        }
    }
    Ok(refused)
}

/// Whether a file has the output of another run, such as that of a merge that wrote it beside its partials.
fn is_result(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES as u64).read_to_end(&mut head));
    read.is_ok() && render::is_own_output(&head)
}

/// Prints a note if the partial is written to a folder from which partials are read, because the next merge of that folder reads it, too.
fn note_beside(inputs: &[PathBuf], target: Option<&Path>) {
    let Some(target) = target else { return };
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(folder) = folder.canonicalize() else { return };
    let is_around =
        |input: &&PathBuf| input.is_dir() && input.canonicalize().is_ok_and(|input| folder.starts_with(input));
    if let Some(input) = inputs.iter().find(is_around) {
        let [target, input] = [target, input].map(|path| term::shown(&name::shown(path)));
        term::note(format_args!(
            "{target} is in {input}, so the next merge of that folder reads it, too. What is there twice counts once"
        ));
    }
}

/// Returns the partials of an input: a file, all files in a folder, or standard input.
fn stored(input: &Path, written: &[PathBuf]) -> Result<Vec<(String, Stored)>, Failure> {
    if input == Path::new(STDIN) {
        return Ok(vec![("stdin".to_owned(), Stored::Once(Box::new(io::stdin())))]);
    }
    let metadata = fs::metadata(input).map_err(|error| cannot_read(input, &error))?;
    if metadata.is_file() {
        return Ok(vec![(name::shown(input), Stored::Path(input.to_owned()))]);
    }
    if !metadata.is_dir() {
        let file = File::open(input).map_err(|error| cannot_read(input, &error))?;
        return Ok(vec![(name::shown(input), Stored::Once(Box::new(file)))]);
    }
    let entries = fs::read_dir(input).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = entries.map_err(|error| cannot_read(input, &error))?;
    entries.sort_by_key(fs::DirEntry::path);
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.path();
        // A link to a folder could lead back here.
        let is_link_to_folder = path.is_dir() && !entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_written = written.iter().any(|written| path.canonicalize().is_ok_and(|path| path == *written));
        // Reading a pipe or device might never end.
        if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            let path = term::shown(&name::shown(&path));
            term::note(format_args!("{path}: skipped, because it is neither a file nor a folder"));
        } else if !is_link_to_folder && !is_written {
            all.extend(stored(&path, written)?);
        }
    }
    Ok(all)
}

fn cannot_read(input: &Path, error: &io::Error) -> Failure {
    Failure::Message(format!("cannot read {}: {error}", term::shown(&name::shown(input))))
}

/// Returns why a partial cannot be counted by this program, or with these patterns.
fn foreign(header: &Header, settings: &Settings) -> Option<String> {
    let whose = header.machine.as_ref().map_or("the partial".to_owned(), |machine| format!("the partial of {machine}"));
    let version = env!("CARGO_PKG_VERSION");
    if header.version != version {
        return Some(format!(
            "{whose} was written by callcodes {}, and this is {version}. Use the same version on every machine",
            header.version
        ));
    }
    if header.patterns != patterns_fingerprint(settings) {
        return Some(format!(
            "{whose} was written with other patterns or [[code]] tables. Merge with the options -e, -f, --pattern, --no-pattern and \
             --config with which it was written"
        ));
    }
    if header.zone != settings.zone.name() {
        let zone = &header.zone;
        return Some(format!("{whose} was written with the hours of {zone}. Merge with --display-tz {zone}"));
    }
    None
}

/// Returns a failure if the partials cannot be counted together.
fn check_headers(merge: &Merge, key: Option<&str>, args: &MergeArgs, is_lenient: bool) -> Result<(), Failure> {
    let Some((first, first_name)) = merge.headers().next() else {
        if is_lenient {
            return Ok(());
        }
        return Err(Failure::Message(
            "there are no partials. Make them with callcodes scan --partial -o FILE".to_owned(),
        ));
    };
    let first_name = term::shown(&first_name);
    check_ways(merge, key)?;
    if first.is_planned() && args.plan.is_none() && !args.partial {
        return Err(Failure::Message(format!(
            "{first_name} has pieces of a plan. Pass the plan with --plan FILE, so that missing pieces are noticed"
        )));
    }
    if !first.is_planned() && args.plan.is_some() {
        return Err(Failure::Message(format!(
            "{first_name} was not written for a plan. Leave out --plan, or write it again with callcodes scan --partial --plan FILE"
        )));
    }
    Ok(())
}

/// Returns a failure if partials were written with different options. `key` is the fingerprint of the key for partials without
/// pseudonyms.
fn check_ways(merge: &Merge, key: Option<&str>) -> Result<(), Failure> {
    let all: Vec<(&Header, String)> = merge.headers().collect();
    let Some((first, _)) = all.first() else { return Ok(()) };
    let values = |header: &Header, name: &str| {
        header.options.iter().find(|(option, _)| option == name).map(|(_, values)| values.join(" "))
    };
    let option = |name: &str, value: Option<String>| match value {
        Some(value) => format!("--{name} {value}").trim_end().to_owned(),
        None => format!("no --{name}"),
    };
    let mut reading = vec!["encoding", "date-order", "year", "binary"];
    // Machines may be in different zones.
    reading.extend(first.is_planned().then_some("tz"));
    // What is written in different ways may mean the same.
    let is_same = all.iter().all(|(header, _)| header.reading == first.reading);
    let is_different = |name: &&str| all.iter().any(|(header, _)| values(header, name) != values(first, name));
    reading.retain(|name| !is_same && is_different(name));
    let ways: [&dyn Fn(&Header) -> String; 5] = [
        &|header| option("plan", header.is_planned().then(String::new)),
        &|header| reading.iter().map(|name| option(name, values(header, name))).collect::<Vec<_>>().join(" and "),
        &|header| format!("[[time]] or [[tz]] tables of the fingerprint {}", header.reading),
        &|header| option("keep-copies", header.keep_copies.then(String::new)),
        &|header| {
            let key = header.pseudonyms.as_deref().or(key);
            option("redact-users", key.map(|key| format!("with the key of the fingerprint {key}")))
        },
    ];
    for way in ways {
        let mut sides: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (header, name) in &all {
            sides.entry(way(header)).or_default().push(name.clone());
        }
        if sides.len() > 1 {
            let side = |(way, names): (&String, &Vec<String>)| format!("{} in {}", term::shown(way), some(names));
            let sides: Vec<String> = sides.iter().map(side).collect();
            return Err(Failure::Message(format!(
                "partials were written with different options: {}. Write all in the same way",
                sides.join("; ")
            )));
        }
    }
    Ok(())
}

/// Prints a note if machines gave different zones to times without one. That is right only if their clocks do.
fn note_zones(merge: &Merge) {
    let mut headers = merge.headers();
    let Some((first, first_name)) = headers.next() else { return };
    if let Some((_, name)) = headers.find(|(header, _)| header.zones != first.zones) {
        let [name, first_name] = [name, first_name].map(|name| term::shown(&name));
        term::note(format_args!(
            "{name} was written with another --tz or other [[tz]] tables than {first_name}. That is right if the machines are in different zones"
        ));
    }
}

/// Prints notes about pieces and machines that were there more than once.
fn note_coverage(coverage: &Coverage) {
    let once = [
        "piece or partial is there more than once, and counts once",
        "pieces or partials are there more than once, and count once",
    ];
    if let Some(pieces) = remark(coverage.repeated, once[0], once[1]) {
        term::note(pieces);
    }
    if !coverage.differing.is_empty() {
        let pieces = some(&coverage.differing);
        term::note(format_args!(
            "done more than once, and not in the same way. The file that was modified last counts, and then the one with more lines: {pieces}"
        ));
    }
    for several in &coverage.machines {
        let (machine, counts) = (term::shown(&several.machine), term::shown(&several.counts));
        let others = counted(several.others.len() as u64, "other partial");
        let why = if several.is_tie { "though another is of the same second" } else { "the newest" };
        term::note(format_args!(
            "{machine} has {others}: {}. Only that in {counts} counts, {why}. To count several folders of a computer, pass all of them to \
             one callcodes scan --partial. If they are of different computers, scan with --machine NAME",
            some(&several.others)
        ));
    }
}

/// Returns the message for pieces that are missing.
fn missing(coverage: &Coverage) -> String {
    let pieces = remark(coverage.missing.len() as u64, "piece of the plan is", "pieces of the plan are");
    let them = if coverage.missing.len() == 1 { "it" } else { "them" };
    format!(
        "{} missing: {}. Scan {them} again with callcodes scan --partial --plan, or count the others with --allow-missing",
        pieces.unwrap_or_default(),
        some(&coverage.missing)
    )
}
