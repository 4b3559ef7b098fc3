//! `plan`: divides inputs into pieces of work.

use std::sync::Arc;

use callcodes::partial::plan::{self, Selects};
use callcodes::source::Opening;

use crate::args::{ColorArg, PatternArgs, PlanArgs};
use crate::settings::Settings;
use crate::status::{Failure, Status};
use crate::term::{Output, Styles};

pub(crate) fn run(args: PlanArgs) -> Result<Status, Failure> {
    let (split_bytes, target) = (plan::split_bytes(args.split_bytes), args.output.clone());
    let (globs, iglobs) = (args.files.globs.clone(), args.files.iglobs.clone());
    let settings = Settings::resolve(&args.input(), &PatternArgs { no_config: true, ..PatternArgs::default() })?;
    settings.spare_inputs(target.as_deref())?;
    let mut output = Output::open(target.as_deref(), &Styles::choose(ColorArg::Never, target.as_deref()))?;
    let selection = Arc::new(settings.selection.clone());
    let select = Selects::of(&selection, &globs, &iglobs);
    let opening = Opening::default();
    let pieces = plan::divide(settings.parallel_walk(&output), &opening, (&selection, select), split_bytes);
    plan::write(pieces.into_iter(), &mut output).map_err(|reason| output.error(reason))?;
    output.end(Status::Done, 1)?;
    Ok(Status::Done)
}
