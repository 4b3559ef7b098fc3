//! Handles Ctrl-C and signals to end: the first one stops reading, so that the results so far are printed; the second one ends
//! the program.

use std::fs;
use std::path::PathBuf;
use std::process;

use callcodes::source::Stop;

use crate::status::Status;

/// Makes Ctrl-C, and on Unix also SIGTERM and SIGHUP, request `stop`. The program never leaves the file `unfinished` on disk.
///
/// Closing the window on Windows is the exception: it ends the program at once, and no handler can prevent that without
/// `unsafe`. A later run recognises the file by its name and skips it.
pub(crate) fn heed(stop: &Stop, unfinished: Option<PathBuf>) {
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
    termination::heed(end.clone());
    // This fails if the parent process ignores Ctrl-C, as shells do for background jobs. Without a handler, Ctrl-C just ends the
    // program.
    let _ = ctrlc::try_set_handler(end);
}

#[cfg(unix)]
mod termination {
    use std::fs;
    use std::thread;

    use signal_hook::consts::{SIGHUP, SIGTERM};
    use signal_hook::iterator::Signals;

    /// Calls `end` for each signal to end.
    pub(super) fn heed(end: impl Fn() + Send + 'static) {
        let status = fs::read_to_string("/proc/self/status").ok();
        let heeded = [(SIGTERM, false), (SIGHUP, true)];
        let heeded =
            heeded.into_iter().filter(|(signal, unless_told)| !is_ignored(status.as_deref(), *signal, *unless_told));
        // Without a handler, these signals end the program immediately.
        let Ok(mut signals) = Signals::new(heeded.map(|(signal, _)| signal)) else { return };
        let _ = thread::Builder::new().spawn(move || signals.forever().for_each(|_| end()));
    }

    /// Whether the program was started with this signal ignored, as `nohup` does with SIGHUP. Only Linux reports that without
    /// `unsafe`; elsewhere the answer is `unless_told`.
    fn is_ignored(status: Option<&str>, signal: i32, unless_told: bool) -> bool {
        let mask = status.and_then(|status| status.lines().find_map(|line| line.strip_prefix("SigIgn:")));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.map_or(unless_told, |mask| mask & (1 << (signal - 1)) != 0)
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
