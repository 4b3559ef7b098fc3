//! The members of an archive, as sources like files in a folder.
//!
//! An archive is unpacked by a thread of its own, which is at most a few blocks ahead of whoever reads its members. That is
//! also what lets members be sources that own what they read, whatever the format's crate lends: archives in archives,
//! compressed members and text all go the same way from there. The members of a zip on disk can be read independently,
//! so that several threads read them at once; the others come one after another.
//!
//! Members of a zip count against the [`Budget`] as they are read, since one that nobody wants is passed over packed. Those
//! of the other formats have to be unpacked to come to the next one, so they count as they are unpacked.
//!
//! Invariants: members come in the order in which they are stored, but that those of a zip on disk come after what their names
//! say they are copies of; a member that nobody reads delays nobody; a fault
//! in the archive comes as a problem behind the members before it, also where it lies in a member, whether or not that is
//! read: who leaves out a picture still wants to know that the log behind it is lost.

mod unpacking;

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread;

pub(super) use self::unpacking::zip_member;
use self::unpacking::{Told, count_member, stopped, unpack};
use super::budget::{Budget, Charged};
use super::chain::{Chain, Layer};
use super::ledger::Ledger;
use super::select::{Clock, Globbed, Selection};
use super::stop::Stop;
use super::walk::Found;
use super::{Openable, Place, Refused, Wanted, plain};
use crate::problem::{Kind, Loss, Problem};
use crate::unpack::{Container, Format, Label, Options, ZipFile};

/// How many members may wait that nobody has begun to read.
const MEMBERS_AHEAD: usize = 2;

/// What stands between an archive and its member in names.
const SEPARATOR: &str = "!/";

/// What members have from the archive that they lie in.
#[derive(Clone, Debug)]
pub(super) struct Around {
    /// Name of the archive in results.
    pub(super) name: String,
    /// Its path below the input, empty for the input itself.
    pub(super) below: String,
    /// How many folders deep its members lie that are in no folder of it, less one.
    pub(super) depth: usize,
    /// Whether a glob takes the archive itself, and so all that is in it.
    pub(super) is_taken: bool,
    pub(super) selection: Arc<Selection>,
    /// The layers around its members.
    pub(super) chain: Chain,
    pub(super) budget: Arc<Budget>,
    pub(super) stop: Stop,
}

/// The members of one archive, one after another.
pub struct Members {
    around: Around,
    format: Format,
    kind: Access,
    /// Whether there was anything in it.
    is_empty: bool,
    is_done: bool,
}

enum Access {
    Sequential {
        told: Receiver<Told>,
        /// Comes to its end when the unpacking thread does.
        running: Receiver<Infallible>,
    },
    /// Nobody wants the others.
    Abandoned,
    Independent {
        zip: ZipFile,
        /// How many were met.
        met: usize,
        /// The indices of the members that are read, in that order, unless that is all of them as they are stored.
        order: Option<Vec<usize>>,
        len: u64,
        ledger: Arc<Ledger>,
    },
}

/// A member that can be read once.
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
    /// The members of an archive that has to be read from front to back.
    pub(super) fn sequential(
        around: Around,
        format: Format,
        container: Container,
        options: Options,
    ) -> io::Result<Members> {
        // Where the members of a zip stop to be wanted shows when they are read, and no other is to be met then.
        let (sender, told) = sync_channel(if format == Format::Zip { 0 } else { MEMBERS_AHEAD });
        let (runs, running) = channel();
        let (budget, level) = (Arc::clone(&around.budget), around.level());
        thread::Builder::new().spawn(move || {
            let _runs = runs;
            unpack(format, container, &options, (&budget, level), &sender);
        })?;
        let kind = Access::Sequential { told, running };
        Ok(Members { around, format, kind, is_empty: true, is_done: false })
    }

    /// The members of a zip on disk of `len` bytes.
    pub(super) fn independent(around: Around, zip: ZipFile, len: u64) -> Members {
        let mut order = plain::first(zip.labels().map(|label| label.name.as_bytes()));
        if around.selection.chooses_paths() {
            // Here, because other workers wait while the next member is looked for.
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

    /// Whether its members may be read at the same time.
    #[must_use]
    pub fn are_independent(&self) -> bool {
        matches!(self.kind, Access::Independent { .. })
    }

    /// What becomes of the next member; `None` if it needs no mention.
    fn told(&mut self, told: Told) -> Option<Found> {
        let (around, is_zip) = (&self.around, self.format == Format::Zip);
        match told {
            Told::Member(label, ahead) => {
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
            Told::Unread(label, loss) => self.around.unread(&label, loss).map(Err),
            Told::End(ended) => {
                self.is_done = true;
                ended.err().map(|error| Err(Problem::unreadable(self.around.name.clone(), &error)))
            }
        }
    }

    /// Reads no further, and waits until nobody does: what lies around the archive is counted as far as it was read.
    fn abandon(&mut self) {
        self.is_done = true;
        if let Access::Sequential { told, running } = std::mem::replace(&mut self.kind, Access::Abandoned) {
            drop(told);
            // It is never sent anything.
            let _ = self.around.stop.receive(&running);
        }
    }

    /// The next member of a zip on disk.
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

/// What a member knows of the archives around it.
#[derive(Clone, Debug)]
pub(super) struct Nest {
    pub(super) chain: Chain,
    pub(super) budget: Arc<Budget>,
}

impl Nest {
    /// What `reader` delivers, as far as the budget allows it.
    fn charged(&self, reader: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        Box::new(Charged::new(reader, &self.budget, self.chain.len() - 1, Layer::Archive(Format::Zip)))
    }
}

impl Around {
    /// The layer that its members are in.
    fn level(&self) -> usize {
        self.chain.len() - 1
    }

    fn nest(&self) -> Nest {
        Nest { chain: self.chain.clone(), budget: Arc::clone(&self.budget) }
    }

    fn member_name(&self, label: &Label) -> String {
        format!("{}{SEPARATOR}{}", self.name, label.name)
    }

    /// A member's path below the input, how many folders deep it lies, and what the globs say of it; `None` if it lies too deep.
    ///
    /// To globs an archive is a folder of its name. One that a glob takes itself is read whole, as any file is that a glob
    /// takes. An archive adds nothing to the depth: what lies in it is no deeper than if it were unpacked where the archive is.
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

    fn unread(&self, label: &Label, loss: Loss) -> Option<Problem> {
        let (.., globbed) = self.chosen(label)?;
        (globbed == Globbed::Read).then(|| loss.of_input(self.member_name(label)))
    }

    /// What of a member is read; `None` if the user left it out, archive or not.
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

    fn source(&self, label: &Label, wanted: Wanted, place: Place) -> Openable {
        Openable::new(self.member_name(label), None, wanted, place)
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
                Access::Sequential { told, .. } => {
                    let told = self.around.stop.receive(told).unwrap_or_else(|error| {
                        let error = if Loss::of(&error).is_some() { error } else { stopped(self.format).into() };
                        Told::End(Err(error))
                    });
                    self.is_empty &= matches!(told, Told::End(Ok(())));
                    self.told(told)
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
