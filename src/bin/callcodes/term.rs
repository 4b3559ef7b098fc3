//! Writes to the terminal and to output files. Only this module writes to standard output and standard error.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::Style;
use callcodes::name;
use callcodes::pattern::diagnostic::Look;
use callcodes::problem::Problem;
use callcodes::render::wrap::at_spaces;
use callcodes::report::problems::{self, Extent};
use callcodes::report::trend::Charset;
use callcodes::report::wording;
use callcodes::source::TEMPORARY_PREFIX;
use callcodes::terminal;
use tempfile::NamedTempFile;

use crate::args::ColorArg;
use crate::status::Status;
use crate::target;

const BUFFER_BYTES: usize = 64 << 10;

/// The destination of a result: standard output, a file, a device or a pipe.
pub(crate) struct Output {
    /// The name of the destination in messages.
    name: String,
    writer: BufWriter<Box<dyn Write>>,
    /// The temporary file, and the path that it gets when it is complete. `None` for standard output, a device or a pipe, which
    /// are written to directly.
    file: Option<(NamedTempFile, PathBuf)>,
}

/// The error for a result that could not be written.
#[derive(Debug)]
pub(crate) struct WriteError {
    /// The name of the destination in messages.
    target: String,
    reason: io::Error,
}

impl WriteError {
    /// Whether the reader of a pipe has closed it, as `head` does, which is not an error.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        self.reason.kind() == io::ErrorKind::BrokenPipe
    }
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot write to {}: ", shown(&self.target))?;
        match target::remedy(self.reason.kind(), self.reason.raw_os_error(), cfg!(windows)) {
            Some(remedy) => f.write_str(remedy),
            None => self.reason.fmt(f),
        }
    }
}

impl Output {
    /// Opens standard output, or the file `target`. The result is first written to a temporary file in the same folder, which
    /// replaces `target` when it is complete.
    pub(crate) fn open(target: Option<&Path>, styles: &Styles) -> Result<Output, WriteError> {
        let Some(target) = target.filter(|target| *target != Path::new("-")) else {
            // Colours on old Windows consoles need the stream from `anstream`, which examines every byte. Plain text does not.
            let stdout: Box<dyn Write> =
                if styles.is_plain() { Box::new(io::stdout()) } else { Box::new(anstream::stdout()) };
            return Ok(Output::new("standard output".to_owned(), stdout, None));
        };
        let name = name::shown(target);
        let fail = |reason| WriteError { target: name.clone(), reason };
        if target::is_device(target)
            || target.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
        {
            // A device or a pipe cannot be replaced by a file. It is opened for appending, because it may stand for the file to
            // which standard output goes, whose content must not be overwritten.
            let device = File::options().write(true).append(cfg!(unix)).open(target).map_err(fail)?;
            return Ok(Output::new(name, Box::new(device), None));
        }
        if target.is_dir() {
            return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let target = target::real(target).map_err(fail)?;
        target::check(&target).map_err(fail)?;
        let folder = target.parent().unwrap_or(Path::new("."));
        // The file is created with the usual permissions of new files rather than the private ones of temporary files.
        let temporary = tempfile::Builder::new()
            .prefix(TEMPORARY_PREFIX)
            .make_in(folder, |path| File::create_new(path))
            .map_err(fail)?;
        let writer = temporary.as_file().try_clone().map_err(fail)?;
        Ok(Output::new(name, Box::new(writer), Some((temporary, target))))
    }

    /// Writes a complete result to standard output or a file.
    pub(crate) fn write_whole(
        target: Option<&Path>,
        styles: &Styles,
        write: impl FnOnce(&mut Output) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let mut output = Output::open(target, styles)?;
        write(&mut output).map_err(|reason| output.error(reason))?;
        output.finish()
    }

    fn new(name: String, writer: Box<dyn Write>, file: Option<(NamedTempFile, PathBuf)>) -> Output {
        Output { name, writer: BufWriter::with_capacity(BUFFER_BYTES, writer), file }
    }

    /// Begins a file with a byte order mark. Without one, Excel reads UTF-8 as an ANSI code page. Nothing is written to a pipe
    /// or to standard output, because programs that read these could treat the mark as a part of the first name.
    pub(crate) fn mark_as_utf8(&mut self) -> io::Result<()> {
        if self.file.is_some() { self.writer.write_all("\u{feff}".as_bytes()) } else { Ok(()) }
    }

    /// Returns the paths of the temporary file and of the final file, which must not be read as input.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let both = |(temporary, target): &(NamedTempFile, PathBuf)| [temporary.path().to_owned(), target.clone()];
        self.file.iter().flat_map(both).collect()
    }

    /// Whether the output appears on a terminal as it is written.
    pub(crate) fn scrolls(&self) -> bool {
        self.file.is_none() && io::stdout().is_terminal()
    }

    /// Returns the path of the temporary file, which must be removed if the program ends early.
    pub(crate) fn unfinished(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|(temporary, _)| temporary.path().to_owned())
    }

    /// Completes the result of a run that read this many files. If the run was interrupted, or nothing could be read, an existing
    /// file is kept, because a partial or empty result must not replace a complete one.
    pub(crate) fn end(self, status: Status, files: u64) -> Result<(), WriteError> {
        let not_done = match (&self.file, status) {
            (Some(_), Status::Interrupted) => "written, because the run was interrupted",
            (Some((_, target)), Status::Incomplete) if files == 0 && target.exists() => {
                "replaced, because no file could be read"
            }
            _ => return self.finish(),
        };
        note(format_args!("{} was not {not_done}", shown(&self.name)));
        Ok(())
    }

    /// Completes the result. Only now does the temporary file replace the final one.
    fn finish(self) -> Result<(), WriteError> {
        let Output { name, mut writer, file } = self;
        let finish = || {
            writer.flush()?;
            drop(writer);
            let Some((temporary, target)) = file else { return Ok(()) };
            temporary.as_file().sync_all()?;
            temporary.persist(target).map(drop).map_err(|error| error.error)
        };
        finish().map_err(|reason| WriteError { target: name, reason })
    }

    /// Returns the error for a failed write to this output.
    pub(crate) fn error(&self, reason: io::Error) -> WriteError {
        WriteError { target: self.name.clone(), reason }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// The styles of text output. All are plain if colours are off. No style depends on a code.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Styles {
    pub(crate) heading: Style,
    pub(crate) place: Style,
    pub(crate) highlight: Style,
}

impl Styles {
    /// Chooses styles according to `--color`. With `auto`, there are colours if the result goes to a terminal.
    pub(crate) fn choose(color: ColorArg, target: Option<&Path>) -> Styles {
        let coloured = match color {
            ColorArg::Always => {
                anstream::ColorChoice::Always.write_global();
                true
            }
            ColorArg::Never => false,
            ColorArg::Auto => {
                target.is_none() && anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        };
        if !coloured {
            return Styles::default();
        }
        Styles {
            heading: Style::new().bold(),
            place: Style::new().dimmed(),
            highlight: anstyle::AnsiColor::Cyan.on_default().bold(),
        }
    }

    fn is_plain(&self) -> bool {
        self.heading.is_plain() && self.place.is_plain() && self.highlight.is_plain()
    }
}

/// Prints a note on standard error, which is not part of the result.
pub(crate) fn note(message: impl std::fmt::Display) {
    say(wrapped(format!("callcodes: {message}")));
}

/// Prints an error that ends the run on standard error.
pub(crate) fn error(message: impl std::fmt::Display) {
    say(wrapped(format!("error: {message}")));
}

/// Wraps a message to the width of the terminal, if it goes to one.
fn wrapped(message: String) -> String {
    match terminal_size::terminal_size_of(io::stderr()) {
        Some((width, _)) => at_spaces(&message, usize::from(width.0)),
        None => message,
    }
}

/// Prints text on standard error unchanged.
pub(crate) fn say(text: impl std::fmt::Display) {
    // If standard error is closed, there is nowhere left to report that.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Prints a question on standard error, after which the user types the answer.
pub(crate) fn ask(question: impl std::fmt::Display) {
    // If standard error is closed, nobody sees the question, and no answer means no.
    let _ = write!(anstream::stderr(), "callcodes: {question} ");
    let _ = io::stderr().flush();
}

/// Whether standard error is a terminal on which a line can be redrawn.
pub(crate) fn can_draw() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// A line on standard error that is redrawn in place and can be removed.
///
/// It uses only carriage returns and spaces, which work on every terminal and Windows console. A crate for progress bars would
/// add six dependencies to save these few lines.
#[derive(Debug, Default)]
pub(crate) struct StatusLine {
    /// The number of columns that have been drawn, or 0 if there is no line.
    width: usize,
}

impl StatusLine {
    /// Draws `text`, which must be ASCII, cut to the width of the terminal.
    pub(crate) fn draw(&mut self, text: &str) {
        let columns = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
        // A line that fills the terminal would wrap.
        self.width = columns.saturating_sub(1);
        self.write(text);
    }

    /// Removes the line, if there is one.
    pub(crate) fn clear(&mut self) {
        if self.width > 0 {
            self.write("");
            self.width = 0;
        }
    }

    fn write(&self, text: &str) {
        let width = self.width;
        // One write avoids flicker. If standard error is closed, nobody sees the line.
        let _ = io::stderr().write_all(format!("\r{text:<width$.width$}\r").as_bytes());
    }
}

/// Whether standard input is a terminal.
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// If standard input is the keyboard, prints what the program waits for, and which keys end the input.
pub(crate) fn note_waiting_for(waits_for: &str) {
    if stdin_is_terminal() {
        let end = if cfg!(windows) { "Ctrl-Z and Enter" } else { "Ctrl-D" };
        note(format_args!("{waits_for}; to end, press {end} on a line of its own"));
    }
}

/// Returns the width in columns of the terminal that the result goes to, or `None` for files and pipes.
pub(crate) fn width(target: Option<&Path>) -> Option<usize> {
    size(target).map(|(width, _)| width)
}

/// Returns the columns and rows of the terminal that the result goes to, or `None` for files and pipes.
pub(crate) fn size(target: Option<&Path>) -> Option<(usize, usize)> {
    if target.is_some() || !io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, height)| (usize::from(width.0), usize::from(height.0)))
}

/// Returns the characters for trends and bars that the terminal can show.
///
/// On Unix, the locale says whether it takes UTF-8. The fonts of the old Windows console lack some of the blocks, and only newer
/// terminals set one of these variables.
pub(crate) fn charset() -> Charset {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_able = if cfg!(windows) {
        is_set("WT_SESSION") || is_set("TERM_PROGRAM")
    } else {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find(|name| is_set(name));
        let locale = locale.and_then(|name| std::env::var(name).ok()).unwrap_or_default().to_ascii_lowercase();
        // The console of Linux has a font of 256 or 512 characters.
        let is_console = std::env::var_os("TERM").is_some_and(|terminal| terminal == "linux" || terminal == "dumb");
        (locale.contains("utf-8") || locale.contains("utf8")) && !is_console
    };
    if is_able { Charset::Blocks } else { Charset::Ascii }
}

/// Returns the width to which text is wrapped: that of the terminal, but at most 100 columns, because wider text is hard to read.
pub(crate) fn text_width(target: Option<&Path>) -> usize {
    const WITHOUT_TERMINAL: usize = 80;
    const WIDEST: usize = 100;
    width(target).map_or(WITHOUT_TERMINAL, |width| width.min(WIDEST))
}

/// Returns whether errors in pattern files are shown with colours.
pub(crate) fn diagnostic_look() -> Look {
    match anstream::AutoStream::choice(&io::stderr()) {
        anstream::ColorChoice::Never => Look::Plain,
        _ => Look::Styled,
    }
}

/// Prints the inputs that were skipped or could not be read.
pub(crate) fn report_problems(problems: &[Problem], copied_bytes: u64, extent: Extent) {
    for line in problems::lines(problems, copied_bytes, extent) {
        note(shown(&line));
    }
}

/// Escapes control characters in text from outside, such as file names, which could otherwise control the terminal.
pub(crate) fn shown(text: &str) -> String {
    terminal::escaped(text).into_owned()
}

/// Prints the time and the speed of reading.
pub(crate) fn report_speed(elapsed: Duration, bytes: u64) {
    let seconds = elapsed.as_secs_f64();
    // A float is precise enough for a figure that is rounded to three digits.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let per_second = (bytes as f64 / seconds.max(1e-9)) as u64;
    note(format_args!("read {} in {seconds:.3} s, {}/s", wording::size(bytes), wording::size(per_second)));
}
