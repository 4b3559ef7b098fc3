//! Ctrl-C: the first one ends reading, so that what was read until then is printed; the second one ends the program.

use std::fs;
use std::path::PathBuf;
use std::process;

use callcodes::source::Stop;

use crate::status::Status;

/// From now on Ctrl-C is a request to `stop`. `unfinished`: a file that must not be left behind.
pub(crate) fn heed(stop: &Stop, unfinished: Option<PathBuf>) {
    let stop = stop.clone();
    let on_ctrl_c = move || {
        if !stop.is_requested() {
            return stop.request();
        }
        if let Some(file) = &unfinished {
            // What cannot be removed now can be by the user.
            let _ = fs::remove_file(file);
        }
        process::exit(Status::Interrupted.code().into());
    };
    // Refused where whoever started the program had Ctrl-C ignored, as shells do for what runs in the background; and
    // without a handler Ctrl-C just ends the program.
    let _ = ctrlc::try_set_handler(on_ctrl_c);
}
