//! Turns the members of an archive into sources, like files in a folder.
//!
//! An archive is unpacked by a thread of its own, at most a few blocks ahead of the reader of its members. Members can thus own
//! what they read, even if the crate of a format only lends it, and archives in archives, compressed members and text are all
//! handled in the same way. The members of a zip archive on disk can be read independently, by several threads at once; all
//! others come one after another.
//!
//! Members of a zip archive count against the [`Budget`] as they are read, because a member that is not wanted is skipped
//! without being unpacked. Members of other formats must be unpacked to get to the next one, so they count as they are unpacked.
//!
//! Invariants:
//! * Members come in the order in which they are stored. In a zip archive on disk, however, members with the names of copies come
//!   after their originals.
//! * A member that is not read delays nothing.
//! * A fault in the archive is reported as a problem after the members before it. So is a fault inside a member that makes the
//!   following ones unreadable, even if that member is not read: a user who excludes a picture still wants to know that the log
//!   after it is lost.

mod unpacking;

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread;

pub(super) use self::unpacking::zip_member;
use self::unpacking::{Sent, count_member, stopped, unpack};
use super::budget::{Budget, Charged};
use super::chain::{Chain, Layer};
use super::ledger::Ledger;
use super::select::{Clock, Globbed, Selection};
use super::stop::Stop;
use super::walk::Found;
use super::{Openable, Place, Refused, Wanted, plain};
use crate::problem::{Kind, Loss, Problem};
use crate::unpack::{Container, Format, Label, Options, ZipFile};

/// How many members may wait to be read.
const MEMBERS_AHEAD: usize = 2;

/// The text between the name of an archive and the path of its member in the names of sources.
const SEPARATOR: &str = "!/";

/// What members inherit from the archive that contains them.
#[derive(Clone, Debug)]
pub(super) struct Around {
    /// The name of the archive in results.
    pub(super) name: String,
    /// The path of the archive below the input; empty for the input itself.
    pub(super) below: String,
    /// The depth of the folder that contains the archive; 0 also for an archive that is the input itself. The depth of a member
    /// is this plus the number of parts of its path.
    pub(super) depth: usize,
    /// Whether a glob matches the archive itself, so that all of its members are read.
    pub(super) is_taken: bool,
    pub(super) selection: Arc<Selection>,
    /// The layers around the members.
    pub(super) chain: Chain,
    pub(super) budget: Arc<Budget>,
    pub(super) stop: Stop,
}

/// The members of one archive, one after another.
pub struct Members {
    around: Around,
    format: Format,
    kind: Access,
    /// Whether the archive had no member and no problem so far.
    is_empty: bool,
    is_done: bool,
}

/// How the members are read.
enum Access {
    /// Members are read one after another, from a thread that unpacks them.
    Sequential {
        sent: Receiver<Sent>,
        /// A channel that is closed when the unpacking thread ends.
        running: Receiver<Infallible>,
    },
    /// Members are not read any more, because reading was abandoned.
    Abandoned,
    /// Members are read independently of each other, from a zip archive on disk.
    Independent {
        zip: ZipFile,
        /// How many members were handed out or left out.
        met: usize,
        /// The indices of the members that are read, in that order, or `None` if all members are read in the order in which they
        /// are stored.
        order: Option<Vec<usize>>,
        /// The length of the archive in bytes.
        len: u64,
        ledger: Arc<Ledger>,
    },
}

/// A member that can be read once and has not been read yet.
pub(super) struct Unread {
    pub(super) reader: Box<dyn Read + Send>,
    pub(super) nest: Nest,
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unread").field("nest", &self.nest).finish_non_exhaustive()
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members").field("around", &self.around).finish_non_exhaustive()
    }
}

impl Members {
    /// Returns the members of an archive that is read from front to back. Starts the thread that unpacks them.
    ///
    /// # Errors
    ///
    /// Returns an error if the thread cannot be started.
    pub(super) fn sequential(
        around: Around,
        format: Format,
        container: Container,
        options: Options,
    ) -> io::Result<Members> {
        // Members of a zip archive count when they are read. If one exceeds a limit, the next one must not have been unpacked
        // yet.
        let (sender, sent) = sync_channel(if format == Format::Zip { 0 } else { MEMBERS_AHEAD });
        let (runs, running) = channel();
        let (budget, level) = (Arc::clone(&around.budget), around.level());
        thread::Builder::new().spawn(move || {
            let _runs = runs;
            unpack(format, container, &options, (&budget, level), &sender);
        })?;
        let kind = Access::Sequential { sent, running };
        Ok(Members { around, format, kind, is_empty: true, is_done: false })
    }

    /// Returns the members of a zip archive on disk of `len` bytes.
    pub(super) fn independent(around: Around, zip: ZipFile, len: u64) -> Members {
        let mut order = plain::first(zip.labels().map(|label| label.name.as_bytes()));
        if around.selection.chooses_paths() {
            // All members are decided on at once, because other workers wait while the next member is being looked for.
            let all = order.unwrap_or_else(|| (0..zip.labels().len()).collect());
            let is_chosen = |index: &usize| {
                let label = zip.label(*index);
                label.and_then(|label| around.chosen(label)).is_some_and(|(.., globbed)| globbed != Globbed::Excluded)
            };
            order = Some(all.into_iter().filter(is_chosen).collect());
        }
        let is_empty = zip.labels().len() == 0;
        let kind = Access::Independent { zip, met: 0, order, len, ledger: Arc::default() };
        Members { around, format: Format::Zip, kind, is_empty, is_done: false }
    }

    /// Whether the members can be read at the same time.
    #[must_use]
    pub fn are_independent(&self) -> bool {
        matches!(self.kind, Access::Independent { .. })
    }

    /// Turns a message of the unpacking thread into a source or a problem. Returns `None` if there is nothing to report.
    fn process(&mut self, sent: Sent) -> Option<Found> {
        let (around, is_zip) = (&self.around, self.format == Format::Zip);
        match sent {
            Sent::Member(label, ahead) => {
                if is_zip && let Err(loss) = count_member(&around.budget, around.level(), self.format) {
                    let problem = loss.of_input(&around.name);
                    drop(ahead);
                    self.abandon();
                    return Some(Err(problem));
                }
                let nest = around.nest();
                let reader = if is_zip { nest.charged(ahead) } else { Box::new(ahead) };
                let place = Place::Member(Unread { reader, nest });
                around.wanted(&label).map(|wanted| Ok(around.source(&label, wanted, place)))
            }
            Sent::Unread(label, loss) => self.around.unread(&label, loss).map(Err),
            Sent::End(ended) => {
                self.is_done = true;
                ended.err().map(|error| Err(Problem::unreadable(self.around.name.clone(), &error)))
            }
        }
    }

    /// Stops reading and waits for the unpacking thread to end. Until then, it may still read the file around the archive, and
    /// how much was read must be final.
    fn abandon(&mut self) {
        self.is_done = true;
        if let Access::Sequential { sent, running } = std::mem::replace(&mut self.kind, Access::Abandoned) {
            drop(sent);
            // Nothing is ever sent on this channel, so the call returns when the thread ends.
            let _ = self.around.stop.receive(&running);
        }
    }

    /// Returns the next member of a zip archive on disk.
    fn pick(&mut self) -> Option<Found> {
        let Access::Independent { zip, met, order, len, ledger } = &mut self.kind else { return None };
        let index = order.as_ref().map_or(Some(*met), |order| order.get(*met).copied());
        let Some((index, label)) = index.and_then(|index| Some((index, zip.label(index)?))) else {
            self.is_done = true;
            return zip.shortfall().map(|loss| Err(loss.clone().of_input(&self.around.name)));
        };
        *met += 1;
        let wanted = self.around.wanted(label)?;
        let (packed, most) = (label.packed.unwrap_or(*len), label.size.unwrap_or(u64::MAX));
        let budget = self.around.budget.of_member(ledger, packed, most);
        let nest = Nest { chain: self.around.chain.clone(), budget };
        let place = Place::ZipMember { zip: zip.clone(), index, nest };
        Some(Ok(self.around.source(label, wanted, place)))
    }
}

/// The archives around a member, and its share of the limits.
#[derive(Clone, Debug)]
pub(super) struct Nest {
    pub(super) chain: Chain,
    pub(super) budget: Arc<Budget>,
}

impl Nest {
    /// Returns a reader that counts the bytes of a zip member against the budget.
    fn charged(&self, reader: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        Box::new(Charged::new(reader, &self.budget, self.chain.len() - 1, Layer::Archive(Format::Zip)))
    }
}

impl Around {
    /// Returns the index of the layer that the members are in.
    fn level(&self) -> usize {
        self.chain.len() - 1
    }

    /// Returns the archives around a member, with the whole budget.
    fn nest(&self) -> Nest {
        Nest { chain: self.chain.clone(), budget: Arc::clone(&self.budget) }
    }

    /// Returns the name of a member in results.
    fn member_name(&self, label: &Label) -> String {
        format!("{}{SEPARATOR}{}", self.name, label.name)
    }

    /// Returns the path of a member below the input, its depth in folders, and the decision of the globs. Returns `None` if it is
    /// too deep.
    ///
    /// For globs, an archive is a folder with its name. If a glob matches the archive itself, all of its members are read. An
    /// archive does not add to the depth: its members are as deep as if they were extracted into the folder of the archive.
    fn chosen(&self, label: &Label) -> Option<(String, usize, Globbed)> {
        let name = label.name.trim_start_matches('/');
        let depth = self.depth + Path::new(name).components().count();
        if self.selection.max_depth.is_some_and(|limit| depth > limit) {
            return None;
        }
        let below = if self.below.is_empty() { name.to_owned() } else { format!("{}/{name}", self.below) };
        let globbed = match self.selection.globbed(Path::new(&below)) {
            Globbed::Unmatched if self.is_taken => Globbed::Read,
            globbed => globbed,
        };
        Some((below, depth, globbed))
    }

    /// Returns the problem of a member that cannot be read, or `None` if the member is not wanted.
    fn unread(&self, label: &Label, loss: Loss) -> Option<Problem> {
        let (.., globbed) = self.chosen(label)?;
        (globbed == Globbed::Read).then(|| loss.of_input(self.member_name(label)))
    }

    /// Returns whether and how a member is read, or `None` if it is excluded even if it is an archive.
    fn wanted(&self, label: &Label) -> Option<Wanted> {
        let (below, depth, globbed) = self.chosen(label)?;
        let refused = match globbed {
            Globbed::Excluded => return None,
            Globbed::Unmatched => Some(Refused::Silently),
            Globbed::Read => {
                let clock = match self.chain.iter().last() {
                    Some(Layer::Archive(Format::Zip | Format::Cab)) => Clock::Unknown,
                    _ => Clock::Utc,
                };
                let refusal = self.selection.refuses(label.size, label.modified, clock);
                refusal.map(|(kind, why)| Refused::Because(kind, why))
            }
        };
        Some(Wanted { selection: Arc::clone(&self.selection), below, depth, refused, spared: None })
    }

    /// Returns a member as a source.
    fn source(&self, label: &Label, wanted: Wanted, place: Place) -> Openable {
        Openable::new(self.member_name(label), None, wanted, place).modified(label.modified)
    }
}

impl Iterator for Members {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while !self.is_done {
            if self.around.stop.is_requested() {
                (self.is_done, self.is_empty) = (true, false);
                return Some(Err(Problem::interrupted(&self.around.name)));
            }
            let found = match &self.kind {
                Access::Independent { .. } => {
                    let found = self.pick();
                    self.is_empty &= self.is_done;
                    found
                }
                Access::Abandoned => return None,
                Access::Sequential { sent, .. } => {
                    let sent = self.around.stop.receive(sent).unwrap_or_else(|error| {
                        let error = if Loss::of(&error).is_some() { error } else { stopped(self.format).into() };
                        Sent::End(Err(error))
                    });
                    self.is_empty &= matches!(sent, Sent::End(Ok(())));
                    self.process(sent)
                }
            };
            if found.is_some() {
                self.is_empty = false;
                return found;
            }
        }
        let format = self.format;
        std::mem::take(&mut self.is_empty).then(|| {
            let what = format!("a {format} archive that contains no files");
            Err(Problem::new(&self.around.name, Kind::Empty, what))
        })
    }
}
