//! Joins the lines of sign-ins in a short text, such as an example of a pattern.

use super::{Scanner, Sink};
use crate::attempt::join::{self, Joiner, Line, Said};
use crate::attempt::{Attempt, Outcome};
use crate::catalogue::Catalogue;
use crate::chunk::{Chunk, Limits};
use crate::code::Key;
use crate::hit::{Capture, Hit};
use crate::pattern::PatternSet;
use crate::pattern::definition::Role;

/// A sign-in that was found in a short text. Its key is the code or name of its result.
pub type Joined = Attempt<String, Key>;

/// Identifies the thread that wrote a line: recorder, host, process and thread. Values that the line does not name are empty.
type Writer = (String, String, String, String);

/// Returns the sign-ins in `text`, in no particular order.
#[must_use]
pub fn joined(set: &PatternSet, catalogue: &Catalogue, text: &[u8]) -> Vec<Joined> {
    let mut listener = Listener { set, joiner: Joiner::default(), ended: Vec::new() };
    let lookahead_bytes = Limits::default().lookahead_bytes;
    Scanner::new(set, catalogue, lookahead_bytes).scan_into(&Chunk::whole(text), &mut listener);
    let Listener { joiner, mut ended, .. } = listener;
    join::stitch([joiner.finish()], &mut |attempt| ended.push(attempt));
    ended
}

/// Receives the matches of a scan and joins their lines to sign-ins.
struct Listener<'s> {
    set: &'s PatternSet,
    joiner: Joiner<Writer, String, Key>,
    ended: Vec<Joined>,
}

impl<'c> Sink<'c> for &mut Listener<'_> {
    const JOINS: bool = true;

    fn take(&mut self, hit: Hit<'c>) {
        let key = hit.key.clone();
        self.line(&hit, Some(key));
    }

    fn context(&mut self, hit: Hit<'c>) {
        self.line(&hit, None);
    }
}

impl Listener<'_> {
    /// Passes a line to the joiner. `result` is `None` for a line that only gives context, such as the user.
    fn line(&mut self, hit: &Hit<'_>, result: Option<Key>) {
        let pattern = &self.set.patterns()[hit.pattern];
        let Some(recorder) = pattern.recorder() else { return };
        let text = |capture| Some(String::from_utf8_lossy(hit.says(capture)?).into_owned());
        let said = Said {
            user: text(Capture::User),
            outcome: hit.says(Capture::Outcome).and_then(Outcome::read),
            host: text(Capture::Host),
            address: text(Capture::Address),
        };
        let writer = (
            recorder.to_string(),
            text(Capture::Host).unwrap_or_default(),
            text(Capture::Process).unwrap_or_default(),
            text(Capture::Thread).unwrap_or_default(),
        );
        let time = hit.time.map(|stamp| stamp.time);
        let beside = hit.place_without_thread();
        let line = Line { begins: pattern.role() == Role::Begins, time, said, result, beside };
        self.joiner.line(&writer, line, &mut |attempt| self.ended.push(attempt));
    }
}
