//! Handles Ctrl-C and termination signals. The first one stops reading, so that the results so far are printed. The second one ends
//! the program at once.

use std::fs;
use std::path::PathBuf;
use std::process;

use callcodes::source::Stop;

use crate::status::Status;

/// Installs handlers, so that Ctrl-C, and on Unix also SIGTERM and SIGHUP, request `stop`. If the program is ended at once, the
/// temporary file `unfinished` is removed.
///
/// There is one exception: closing the window on Windows ends the program at once, and without `unsafe` code no handler can prevent
/// that. A later run recognises the temporary file by its name and skips it.
pub(crate) fn install(stop: &Stop, unfinished: Option<PathBuf>) {
    let stop = stop.clone();
    let end = move || {
        if !stop.is_requested() {
            return stop.request();
        }
        if let Some(file) = &unfinished {
            // If the file cannot be removed, the user can still do so.
            let _ = fs::remove_file(file);
        }
        process::exit(Status::Interrupted.code().into());
    };
    #[cfg(unix)]
    termination::install(end.clone());
    // This fails if the parent process ignores Ctrl-C, as shells do for background jobs. Without a handler, Ctrl-C just ends the
    // program.
    let _ = ctrlc::try_set_handler(end);
}

/// Installs handlers with which the first of these signals ends the program, because there is nothing to print yet.
pub(crate) fn install_at_once(unfinished: Option<PathBuf>) {
    let stop = Stop::default();
    stop.request();
    install(&stop, unfinished);
}

#[cfg(unix)]
mod termination {
    use std::fs;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::iterator::Signals;

    /// Calls `end` for each SIGTERM and SIGHUP, unless the program was started with that signal ignored.
    pub(super) fn install(end: impl Fn() + Send + 'static) {
        let status = fs::read_to_string("/proc/self/status").ok();
        let handled = [(SIGTERM, false), (SIGHUP, true)];
        let handled =
            handled.into_iter().filter(|(signal, by_default)| !is_ignored(status.as_deref(), *signal, *by_default));
        // Without a handler, these signals end the program immediately.
        let Ok(mut signals) = Signals::new(handled.map(|(signal, _)| signal)) else { return };
        let _ = thread::Builder::new().spawn(move || signals.forever().for_each(|_| end()));
    }

    /// Whether the program was started with this signal ignored, as `nohup` does with SIGHUP. Only Linux reports this without
    /// `unsafe` code, in `/proc/self/status`. Elsewhere, the answer is `by_default`.
    fn is_ignored(status: Option<&str>, signal: i32, by_default: bool) -> bool {
        let mask = status.and_then(|status| status.lines().find_map(|line| line.strip_prefix("SigIgn:")));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.map_or(by_default, |mask| mask & (1 << (signal - 1)) != 0)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn ignored_signals_stay_ignored() {
            let status = "Name:\tcallcodes\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n";
            assert!(is_ignored(Some(status), SIGHUP, false));
            assert!(!is_ignored(Some(status), SIGTERM, true));
            assert!(is_ignored(None, SIGHUP, true) && !is_ignored(None, SIGTERM, false));
        }
    }
}
