//! `plan`: divides inputs into pieces of work.

use std::sync::Arc;

use callcodes::name;
use callcodes::partial::plan::{self, Selects, Typed};
use callcodes::problem::Problem;
use callcodes::report::problems::Extent;
use callcodes::source::Opening;
use clap::ArgMatches;

use crate::again;
use crate::args::{ColorArg, PatternArgs, PlanArgs};
use crate::interrupt;
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

/// Writes a plan. `matches` are the arguments from which `args` were made.
pub(crate) fn run(args: PlanArgs, matches: &ArgMatches) -> Result<Status, Failure> {
    let (split_bytes, target) = (plan::split_bytes(args.split_bytes), args.output.clone());
    let (globs, iglobs) = (args.files.globs.clone(), args.files.iglobs.clone());
    let settings = Settings::resolve(&args.input(), &PatternArgs { no_config: true, ..PatternArgs::default() })?;
    settings.refuse_stdin("")?;
    settings.spare_inputs(target.as_deref())?;
    let mut output = Output::open(target.as_deref(), &Styles::choose(ColorArg::Never, target.as_deref()))?;
    interrupt::install_at_once(output.unfinished());
    let selection = Arc::new(settings.selection.clone());
    let select = Selects::of(&selection, &globs, &iglobs);
    let opening = Opening { without_lines: true, ..Opening::default() };
    let pieces = plan::divide(settings.parallel_walk(&output), &opening, (&selection, select), split_bytes);
    let lost = pieces.iter().filter_map(|piece| piece.problem.clone()).filter(|problem| problem.kind.is_loss());
    let problems: Vec<Problem> = lost.collect();
    let status = Status::of(&problems);
    let inputs = settings.inputs.iter().map(|input| name::shown(input)).collect();
    let typed = Typed { inputs, options: again::passed(matches) };
    plan::write(typed, pieces.into_iter(), &mut output).map_err(|reason| output.error(reason))?;
    output.end(status, 1)?;
    term::report_problems(&problems, 0, Extent::All);
    Ok(status)
}
