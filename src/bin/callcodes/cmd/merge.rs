//! `merge`: counts what several processes or machines have found.

use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use callcodes::name;
use callcodes::partial::{self, Coverage, Merge, RefusedError, Stored};
use callcodes::pipeline::{CopyRule, recorded};
use callcodes::problem::{Kind, Problem};
use callcodes::source::STDIN;
use clap::ArgMatches;

use crate::again;
use crate::args::MergeArgs;
use crate::cmd::partial::{patterns_fingerprint, read_plan};
use crate::cmd::scan::{Job, dimensions, is_worth_numbering};
use crate::filters;
use crate::session::{Session, Written};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term;

/// Where the names of machines are in the names of sources that partials of machines have.
const BELOW_MACHINE: &str = "{host}/**";

/// Merges and reports. `matches` are the arguments from which `args` were made.
pub(crate) fn run(args: &MergeArgs, matches: &ArgMatches) -> Result<Status, Failure> {
    let MergeArgs { count, filter, format, output, patterns, .. } = args;
    if count.audit.is_some() {
        let what = "--audit shows lines, which partials do not have. Pass it to callcodes scan, where the logs are";
        return Err(Failure::Message(what.to_owned()));
    }
    let by = dimensions(count)?;
    let plan = args.plan.as_deref().map(read_plan).transpose()?;
    let input = args.input();
    let mut session = Session::begin(&input, patterns, output, *format, |_| Written::AtTheEnd)?;
    let filter = filters::filter(filter, &input.times)?;
    let mut merge = Merge::new(session.settings.set.patterns().len());
    let mut problems = add_all(&mut merge, &session.settings.inputs, args.allow_missing)?;
    check_headers(&merge, &session.settings, plan.is_some())?;
    let coverage = merge.arrange(plan.as_ref()).map_err(|refused| Failure::Message(refused.to_string()))?;
    note_coverage(&coverage);
    if !coverage.missing.is_empty() && !args.allow_missing {
        return Err(Failure::Message(missing(&coverage)));
    }
    problems.extend(partial::missing(&coverage));
    if merge.headers().all(|(header, _)| header.machine.is_some()) && session.settings.host_from.is_none() {
        // Names of sources begin with that of their machine.
        session.settings.host_from = BELOW_MACHINE.parse().ok();
    }
    let job = Job::new(count, by, filter, &session)?;
    let outcome = session.count(|settings| {
        let mut options = settings.options.clone();
        if merge.headers().any(|(header, _)| header.keep_copies) {
            options.copies = CopyRule::CountAll;
        }
        let (set, catalogue) = (&settings.set, settings.catalogue());
        recorded::count(set, catalogue, &options, job.options.clone(), |sink| merge.feed(sink))
    });
    let mut outcome =
        outcome.map_err(|error| match error.get_ref().and_then(|it| it.downcast_ref::<RefusedError>()) {
            Some(refused) => Failure::Message(refused.to_string()),
            None => Failure::Message(format!("cannot read the partials: {error}")),
        })?;
    if !job.is_numbered && !is_worth_numbering(&outcome) {
        outcome.summary.near_misses.forget_numbers();
    }
    outcome.problems.extend(problems);
    outcome.problems.sort();
    let _ = matches;
    job.present(session, outcome, again::PATH)
}

/// Adds the partials in all inputs. Returns the problems of those that are left out.
fn add_all(merge: &mut Merge, inputs: &[PathBuf], allows_missing: bool) -> Result<Vec<Problem>, Failure> {
    let mut problems = Vec::new();
    for input in inputs {
        let stored = stored(input).map_err(|error| {
            let shown = term::shown(&name::shown(input));
            Failure::Message(format!("cannot read {shown}: {error}"))
        })?;
        for (name, stored) in stored {
            if let Err(refused) = merge.add(&name, stored) {
                if !allows_missing {
                    return Err(Failure::Message(format!("{refused}. To count the others, pass --allow-missing")));
                }
                let what = format!("line {}: {}", refused.line, refused.what);
                problems.push(Problem::new(refused.name, Kind::Damaged, what));
            }
        }
    }
    Ok(problems)
}

/// Returns the partials of an input: a file, all files in a folder, or standard input.
fn stored(input: &Path) -> io::Result<Vec<(String, Stored)>> {
    if input == Path::new(STDIN) {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut io::stdin().lock(), &mut file)?;
        file.rewind()?;
        return Ok(vec![("stdin".to_owned(), Stored::Temporary(file))]);
    }
    if !input.is_dir() {
        // A pipe can be read once.
        if !fs::metadata(input)?.is_file() {
            let mut file = tempfile::tempfile()?;
            io::copy(&mut File::open(input)?, &mut file)?;
            return Ok(vec![(name::shown(input), Stored::Temporary(file))]);
        }
        return Ok(vec![(name::shown(input), Stored::Path(input.to_owned()))]);
    }
    let mut paths =
        fs::read_dir(input)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(stored(&path)?);
    }
    Ok(all)
}

/// Returns a failure if the partials cannot be counted together, or not with these patterns.
fn check_headers(merge: &Merge, settings: &Settings, has_plan: bool) -> Result<(), Failure> {
    let mut headers = merge.headers();
    let Some((first, first_name)) = headers.next() else {
        return Err(Failure::Message("there are no partials. Make them with callcodes scan --partial".to_owned()));
    };
    let all = || [(first, first_name)].into_iter().chain(merge.headers().map(|(header, name)| (header, name)));
    for (header, name) in all() {
        let differs = [
            (header.version != first.version, "was written by another version of callcodes than"),
            (header.patterns != first.patterns, "was written with other patterns than"),
            (header.reading != first.reading, "was written with other options about encodings or times than"),
            (header.zone != first.zone, "was written with another --display-tz than"),
            (header.keep_copies != first.keep_copies, "was written with another choice of --keep-copies than"),
            (header.is_planned() != first.is_planned(), "was written for a plan, or not, unlike"),
        ];
        if let Some((_, how)) = differs.iter().find(|(differs, _)| *differs) {
            let (name, first) = (term::shown(name), term::shown(first_name));
            return Err(Failure::Message(format!("{name} {how} {first}. Write both in the same way")));
        }
    }
    let name = term::shown(first_name);
    if first.patterns != patterns_fingerprint(settings) {
        return Err(Failure::Message(format!(
            "{name} was written with other patterns, or by another version of callcodes ({}). Merge with the version and \
             the options -e, -f, --pattern, --no-pattern and --config with which it was written",
            first.version
        )));
    }
    if first.zone != settings.zone.name() {
        return Err(Failure::Message(format!(
            "{name} was written with the hours of {}. Merge with --display-tz {}",
            first.zone, first.zone
        )));
    }
    if first.is_planned() && !has_plan {
        return Err(Failure::Message(format!(
            "{name} has pieces of a plan. Pass the plan with --plan FILE, so that missing pieces are noticed"
        )));
    }
    Ok(())
}

/// Prints notes about pieces and machines that were there more than once.
fn note_coverage(coverage: &Coverage) {
    if coverage.repeated > 0 {
        let pieces = callcodes::report::wording::counted(coverage.repeated, "piece");
        term::note(format_args!("{pieces} more were done more than once, and count once"));
    }
    for machine in &coverage.machines {
        term::note(format_args!("several partials are of {}; only the newest counts", term::shown(machine)));
    }
}

/// Returns the message for pieces that are missing.
fn missing(coverage: &Coverage) -> String {
    let pieces = callcodes::report::wording::counted(coverage.missing.len() as u64, "piece");
    let named: Vec<String> = coverage.missing.iter().take(5).map(|piece| term::shown(piece)).collect();
    let more = if coverage.missing.len() > named.len() { ", …" } else { "" };
    format!(
        "{pieces} of the plan are missing: {}{more}. Scan them again with callcodes scan --partial --plan, or count \
         the others with --allow-missing",
        named.join(", ")
    )
}
