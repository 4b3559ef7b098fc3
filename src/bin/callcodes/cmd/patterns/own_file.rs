//! Adds patterns to the user's pattern file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use callcodes::config;
use callcodes::name;
use callcodes::pattern::diagnostic::Diagnostic;

use crate::args::PatternArgs;
use crate::settings;
use crate::status::Failure;
use crate::target;
use crate::term::{self, Output, Styles};

/// Returns the path of the file to which patterns are added: that of `--config`, or the user's configuration file, which need not
/// exist.
pub(super) fn path(args: &PatternArgs) -> Result<PathBuf, Failure> {
    if args.no_config {
        let reason = "--no-config excludes the file to which --write would add the pattern. Leave out one of the two";
        return Err(Failure::Message(reason.to_owned()));
    }
    args.config.clone().or_else(config::user_file).ok_or_else(|| {
        Failure::Message(
            "there is no home folder for a configuration file. Choose a file with --config FILE".to_owned(),
        )
    })
}

/// Adds patterns at the end of the file, which is replaced as a whole. Creates its folder if there is none.
pub(super) fn add(path: &Path, patterns: &str) -> Result<(), Failure> {
    let shown = term::shown(&name::shown(path));
    let existing = match fs::read(path) {
        Ok(existing) => Some(existing),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(refused(&shown, &reason(&error), "choose another file with --config FILE")),
    };
    if existing.is_none()
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        let created = fs::create_dir_all(folder);
        created.map_err(|error| refused(&shown, &reason(&error), "choose another file with --config FILE"))?;
    }
    let line_end = if cfg!(windows) { "\r\n" } else { "\n" };
    let contents = config::with_pattern(existing, patterns, line_end).map_err(|_| {
        refused(&shown, "it is not UTF-8", "save it as UTF-8: in Notepad, choose Save As and the encoding UTF-8")
    })?;
    if let Err(found) = config::check_contents(&contents, path) {
        // A file can have a list `pattern = [...]`, to which a table cannot be added.
        term::note(format_args!(
            "{shown} was not changed, because it would no longer be valid with the pattern at its end"
        ));
        return Err(settings::diagnostics(&found));
    }
    Ok(Output::write_whole(Some(path), &Styles::default(), |output| output.write_all(&contents))?)
}

fn refused(shown: &str, reason: &str, remedy: &str) -> Failure {
    let message = format!("cannot add the pattern to {shown}: {reason}");
    settings::diagnostics(&[Diagnostic::new(message).remedy(remedy)])
}

fn reason(error: &io::Error) -> String {
    match target::remedy(error.kind(), error.raw_os_error(), cfg!(windows)) {
        Some(remedy) => remedy.to_owned(),
        None => error.to_string(),
    }
}
