//! `patterns new`: writes a pattern file to start from, and prints the next steps.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use callcodes::config;
use callcodes::pattern::diagnostic::Diagnostic;
use callcodes::pattern::template::template;
use callcodes::source::STDIN;

use super::replaces_built_in;
use crate::settings;
use crate::status::{Failure, Status};
use crate::term::{self, Output, Styles};

pub(crate) fn run(name: &str, target: Option<&Path>) -> Result<Status, Failure> {
    let text = template(name).map_err(|wrong| settings::diagnostics(&[wrong]))?;
    // Notepad on older versions of Windows shows lines that end in LF as a single line.
    let text = if cfg!(windows) { text.replace('\n', "\r\n") } else { text };
    if target == Some(Path::new(STDIN)) {
        Output::write_whole(None, &Styles::default(), |output| output.write_all(text.as_bytes()))?;
        return Ok(Status::Done);
    }
    let path = target.map_or_else(|| PathBuf::from(format!("{name}.toml")), Path::to_owned);
    write_new(&path, &text).map_err(|error| not_written(&path, &error))?;
    term::note(next_steps(&path));
    if config::is_built_in(name) {
        term::note(replaces_built_in(name));
    }
    Ok(Status::Done)
}

/// Writes a new file, and never overwrites an existing one, which may contain someone's work.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // Half a template is useless. If it cannot be removed, the error contains its path.
        let _ = fs::remove_file(path);
    })
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    let diagnostic = match error.kind() {
        io::ErrorKind::AlreadyExists => Diagnostic::new(format!("{name} already exists and was not overwritten"))
            .remedy("use another name, or another file with -o FILE"),
        io::ErrorKind::NotFound => Diagnostic::new(format!("cannot write {name}: there is no such folder"))
            .remedy("create the folder first, or choose another file with -o FILE"),
        io::ErrorKind::PermissionDenied => Diagnostic::new(format!("cannot write {name}: permission denied"))
            .remedy("choose a file in a folder of your own with -o FILE"),
        _ => Diagnostic::new(format!("cannot write {name}: {error}")).remedy("choose another file with -o FILE"),
    };
    settings::diagnostics(&[diagnostic])
}

fn next_steps(path: &Path) -> String {
    let file = as_argument(path);
    let always = match config::user_file() {
        Some(user_file) => format!("copy it into {}", user_file.display()),
        None => format!("add --config {file}"),
    };
    format!(
        "wrote {}. Open it in an editor and follow its comments. Then

  check it        callcodes patterns check {file}
  try it          callcodes patterns test -f {file}
  use it          callcodes -f {file} PATH
  use it always   {always}",
        path.display()
    )
}

/// Returns the path as it is typed on a command line.
fn as_argument(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.contains(char::is_whitespace) { format!("\"{shown}\"") } else { shown }
}
