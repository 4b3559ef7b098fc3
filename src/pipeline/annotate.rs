//! The visitor of the command `lines`: workers render every line with a hit, and the sink gets the lines in order and numbered.
//!
//! The caller's [`LineFormat`] decides what a line looks like. [`as_found`] writes lines as they are found, with only what they
//! contain themselves. [`joined`] holds them in a store of the caller until all logs have been read: the user of a sign-in may
//! be in another line, its twin may be in another log, and the machine may only be known from the names of all logs.

use std::error::Error;
use std::fmt;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};
use memchr::memchr;

use super::context::Context;
use super::sign_ins::{self, AllNearMisses, Listener, Notes, Recorders, Wants};
use super::{Event, Options, Outcome, Outlet, Visitor, copies, run};
use crate::attempt;
use crate::catalogue::Catalogue;
use crate::chunk::Chunk;
use crate::filter::{Described, Filter};
use crate::hit::{Capture, Hit};
use crate::near_miss::NearMiss;
use crate::numbered::{Details, Filled, LineFormat, Numbering, Rendered};
use crate::pattern::PatternSet;
use crate::scan::{Scanner, Sink};
use crate::source::{Found, Source};
use crate::summary::Verdict;
use crate::summary::sign_ins::{DroppedCounts, Options as CountingOptions, Settled, SignIns, Sought, When};
use crate::units::{CodePage, Units};

/// Writes the lines with results in `inputs` as they are found. `filter` knows only what each line itself contains. Returns the
/// number of results that were written, and totals that contain only what the filter dropped.
///
/// # Errors
///
/// Returns the first error from writing to `out`, which ends the run, or [`NoThreads`](super::NoThreads).
pub fn as_found(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    filter: &Filter,
    format: &impl LineFormat,
    out: &mut impl Write,
) -> io::Result<Outcome<(u64, Settled)>> {
    let (mut numbering, mut settled) = (Numbering::with_context(format.context_lines()), Settled::default());
    settled.totals.window_zone = filter.window_zone();
    let filter = (!filter.is_empty()).then_some(Kept { filter, catalogue, options });
    let visitor = || Annotate::<_, false>::new(format, options, filter);
    let outcome = run(inputs, set, catalogue, options, visitor, &mut |event| {
        match event {
            Event::Part(part) => {
                numbering.write(&part.rendered, out)?;
                settled.totals.dropped.merge(&part.dropped);
            }
            Event::Replaced(_) | Event::Problem(_) => {}
            Event::SourceEnd(_) => numbering.next_source(),
        }
        Ok(())
    })?;
    Ok(outcome.with((numbering.hits(), settled)))
}

/// Writes the lines with results in `inputs`, each with what is known about its sign-in. Returns the number of results that were
/// written, and the counts of the sign-ins. The filter of `counting` decides which results are written. `store` must be empty; it
/// holds the lines until all logs have been read.
///
/// # Errors
///
/// Returns the first error from writing to `out`, [`NoStore`] if `store` fails, or [`NoThreads`](super::NoThreads).
#[expect(clippy::too_many_arguments, reason = "they have nothing in common but this run")]
pub fn joined(
    inputs: impl Iterator<Item = Found> + Send,
    set: &PatternSet,
    catalogue: &Catalogue,
    options: &Options,
    counting: CountingOptions,
    format: &impl LineFormat,
    store: &mut (impl Read + Write + Seek),
    out: &mut impl Write,
) -> io::Result<Outcome<(u64, Settled)>> {
    let recorders = Recorders::new(set);
    let Wants { hours, sought, .. } = Wants::of(&counting, options.copies);
    let mut sign_ins = SignIns::new(CountingOptions { with_verdicts: true, ..counting }, catalogue);
    let (mut held, mut numbering) = (Held { store, len: 0 }, Numbering::with_context(format.context_lines()));
    let mut near_misses = AllNearMisses::default();
    let visitor = || {
        let mut annotate = Annotate::<_, true>::new(format, options, None);
        (annotate.listener.hours, annotate.listener.sought) = (hours, sought);
        annotate
    };
    let outcome = run(inputs, set, catalogue, options, visitor, &mut |event| {
        match event {
            Event::Part(mut part) => {
                held.push(Some(&part.rendered))?;
                near_misses.part(part.notes.take_near_misses(), part.rendered.newlines);
                sign_ins::hear(&part.notes, &recorders, &mut sign_ins);
                if sign_ins.is_full() {
                    held.write(&mut sign_ins, When::Full, format, &mut numbering, out)?;
                }
            }
            Event::Replaced(replaced) => {
                let is_taken_back = sign_ins.take_back(replaced.number);
                if is_taken_back {
                    near_misses.take_back(replaced.number);
                }
                replaced.take_back(is_taken_back);
            }
            Event::Problem(_) => {}
            Event::SourceEnd(end) => {
                held.push(None)?;
                near_misses.end_source(&end);
                sign_ins::end_source(&end, &mut sign_ins);
            }
        }
        Ok(())
    })?;
    held.write(&mut sign_ins, When::End, format, &mut numbering, out)?;
    let settled = Settled { near_misses: near_misses.finish(), ..sign_ins.settle() };
    Ok(outcome.with((numbering.hits(), settled)))
}

/// The error that is returned if the store for held lines fails.
#[derive(Debug)]
pub struct NoStore(io::Error);

impl fmt::Display for NoStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for NoStore {}

impl NoStore {
    fn wrap(error: io::Error) -> io::Error {
        io::Error::other(NoStore(error))
    }
}

/// Lines that wait in a store until their sign-ins are known.
struct Held<'s, S> {
    store: &'s mut S,
    /// The number of parts and ends of sources in the store.
    len: u64,
}

impl<S: Read + Write + Seek> Held<'_, S> {
    /// Adds a part of the current source, or its end.
    fn push(&mut self, part: Option<&Rendered>) -> io::Result<()> {
        self.len += 1;
        let tag = [u8::from(part.is_some())];
        let written = self.store.write_all(&tag).and_then(|()| part.map_or(Ok(()), |part| part.save(self.store)));
        written.map_err(NoStore::wrap)
    }

    /// Writes all lines that wait, and leaves the store empty.
    fn write(
        &mut self,
        sign_ins: &mut SignIns<'_>,
        when: When,
        format: &impl LineFormat,
        numbering: &mut Numbering,
        out: &mut impl Write,
    ) -> io::Result<()> {
        self.store.seek(SeekFrom::Start(0)).map_err(NoStore::wrap)?;
        let (len, mut store) = (std::mem::take(&mut self.len), BufReader::with_capacity(1 << 16, &mut *self.store));
        let written = sign_ins.decide(when, |verdicts| {
            for _ in 0..len {
                let mut tag = [0];
                store.read_exact(&mut tag).map_err(NoStore::wrap)?;
                if tag == [0] {
                    numbering.next_source();
                    continue;
                }
                let part = Rendered::load(&mut store).map_err(NoStore::wrap)?;
                let details = |bytes: &mut Vec<u8>| {
                    let Some(verdict) = verdicts.next().flatten() else { return false };
                    format.details(&details(&verdict), bytes);
                    true
                };
                numbering.write_known(&part, details, out)?;
            }
            Ok(())
        });
        written.and_then(|()| self.store.seek(SeekFrom::Start(0)).map(drop).map_err(NoStore::wrap))
    }
}

fn details<'v>(verdict: &Verdict<'v>) -> Details<'v> {
    let Verdict { user, host, address, outcome, counted_in } = *verdict;
    Details { user, outcome: outcome.map(attempt::Outcome::name), host, address, counted_in }
}

/// Decides which results of a line are kept, from the line alone.
#[derive(Clone, Copy)]
struct Kept<'k> {
    filter: &'k Filter,
    catalogue: &'k Catalogue,
    options: &'k Options,
}

impl Kept<'_> {
    /// Whether a result is kept. If not, counts it in `dropped`.
    fn keeps(&self, path: &str, hit: &Hit<'_>, dropped: &mut DroppedCounts) -> bool {
        let page = CodePage::of(hit.line, hit.units, self.options.opening.encoding.given());
        let user = hit.user();
        let said = [user.as_deref(), hit.says(Capture::Host), hit.says(Capture::Address)];
        let [user, host, address] = said.map(|text| text.map(|text| page.read(text)));
        let described = Described {
            user: user.as_deref(),
            host: host.as_deref(),
            address: address.as_deref(),
            outcome: hit.says(Capture::Outcome).and_then(attempt::Outcome::read),
            file: Some(path),
            time: hit.time.map(|stamp| stamp.time),
            ..Described::new(&hit.key)
        };
        self.filter.keeps(&described, self.catalogue).map_err(|parts| dropped.add(parts)).is_ok()
    }
}

/// The size in bytes above which rendered lines are sent before their chunk is done, so that memory is bounded even if a line is
/// printed once for each of thousands of hits.
const PART_BYTES: usize = 256 << 10;

/// The number of chunks after which the lines rendered so far are sent to the writer even if they are few, so that the first
/// lines of a long stream appear soon. They are not sent after each chunk, because only a limited number of such parts may wait
/// for their turn, however small they are.
const PART_CHUNKS: usize = 16;

/// The largest number of hits of one line that are rendered at once. More are rendered in several portions.
const PORTION_HITS: usize = 256;

/// Rendered lines, and what they and the lines between them contain about sign-ins.
struct Lines {
    rendered: Rendered,
    notes: Notes,
    /// What the filter dropped while the lines were being rendered.
    dropped: DroppedCounts,
}

/// Renders the lines of one chunk after another. `JOINED` is whether it also collects what they contain about sign-ins.
struct Annotate<'f, F, const JOINED: bool> {
    format: &'f F,
    kept: Option<Kept<'f>>,
    rendered: Rendered,
    listener: Listener,
    dropped: DroppedCounts,
    level: Level,
    context: Context,
    /// The number of line feeds in the task before the current part.
    newlines_before: u64,
    /// The name and the units of the source of the current task, if lines around those with results are wanted.
    source: Option<(String, Units)>,
    /// The number of chunks since the last part.
    chunks: usize,
}

impl<'f, F: LineFormat, const JOINED: bool> Annotate<'f, F, JOINED> {
    fn new(format: &'f F, options: &Options, kept: Option<Kept<'f>>) -> Annotate<'f, F, JOINED> {
        let rendered = Rendered::new(if JOINED { Filled::Later } else { Filled::Now });
        let mut listener = Listener::new(options);
        listener.with_ends = JOINED;
        let (dropped, level) = (DroppedCounts::default(), Level::new());
        let context = Context::new(format.context_lines());
        Annotate {
            format,
            kept,
            rendered,
            listener,
            dropped,
            level,
            context,
            newlines_before: 0,
            source: None,
            chunks: 0,
        }
    }

    /// Renders the lines that follow one with results, and keeps the last ones.
    fn pass_lines(&mut self, text: &[u8]) {
        let Annotate { context, rendered, format, newlines_before, source, .. } = self;
        if let Some((path, units)) = source {
            context.lines(text, |number, line| {
                let number = number.wrapping_sub(*newlines_before);
                rendered.context(number, |rendered| format.context(path, line, *units, rendered));
            });
        }
    }

    /// Sends everything that was rendered and collected.
    fn hand_on(&mut self, out: &mut Outlet<'_, Lines>) {
        self.chunks = 0;
        let dropped = std::mem::take(&mut self.dropped);
        self.newlines_before += self.rendered.newlines;
        out.part(Lines { rendered: self.rendered.take(), notes: self.listener.take(), dropped });
    }
}

impl<F: LineFormat, const JOINED: bool> Visitor for Annotate<'_, F, JOINED> {
    type Part = Lines;

    /// The same limit as for `scan` if sign-ins are joined, because that counts the same results.
    const HELD_BYTES: usize = if JOINED { Listener::HELD_BYTES } else { copies::HELD_BYTES };

    fn chunk(&mut self, source: &Source, chunk: &Chunk<'_>, scanner: &mut Scanner<'_>, out: &mut Outlet<'_, Lines>) {
        self.chunks += 1;
        let (path, owned) = (source.name.as_str(), chunk.owned());
        if !self.context.is_empty() && self.source.is_none() {
            self.source = Some((path.to_owned(), chunk.written.units));
        }
        let mut portion = Portion { annotate: &mut *self, path, owned, counted: 0, seen: 0, hits: Vec::new(), out };
        scanner.scan_into(chunk, &mut portion);
        portion.flush();
        let (counted, seen) = (portion.counted, portion.seen);
        self.pass_lines(&owned[seen..]);
        self.rendered.newlines += newlines(self.level, &owned[counted..]);
        self.listener.note_logged(chunk);
        if self.chunks >= PART_CHUNKS {
            self.hand_on(out);
        }
    }

    fn weight(part: &Lines) -> usize {
        part.rendered.bytes.len() + part.notes.size_bytes()
    }

    fn finish(&mut self, out: &mut Outlet<'_, Lines>) {
        let Annotate { context, rendered, format, newlines_before, source, .. } = &mut *self;
        if let Some((path, units)) = source.take() {
            context.flush(|number, line| {
                let number = number.wrapping_sub(*newlines_before);
                rendered.context(number, |rendered| format.context(&path, line, units, rendered));
            });
            context.reset();
        }
        self.hand_on(out);
        self.newlines_before = 0;
    }
}

/// Renders the hits of a chunk in portions. A portion consists of the hits of one line, or of some of them, because a line may
/// have any number of hits. This is not a closure, because calling one would copy every hit.
struct Portion<'p, 'o, 'c, 'f, F, const JOINED: bool> {
    annotate: &'p mut Annotate<'f, F, JOINED>,
    path: &'p str,
    owned: &'c [u8],
    /// How many bytes of `owned` have been searched for line feeds.
    counted: usize,
    /// How many bytes of `owned` have been passed to [`Context`].
    seen: usize,
    /// The hits of the current portion.
    hits: Vec<Hit<'c>>,
    out: &'p mut Outlet<'o, Lines>,
}

impl<'c, F: LineFormat, const JOINED: bool> Sink<'c> for &mut Portion<'_, '_, 'c, '_, F, JOINED> {
    const JOINS: bool = JOINED;

    #[inline(always)]
    fn take(&mut self, hit: Hit<'c>) {
        if self.hits.len() == PORTION_HITS || self.hits.first().is_some_and(|first| first.line_start != hit.line_start)
        {
            self.flush();
        }
        if JOINED {
            self.annotate.listener.note(&hit, Some(hit.key.clone()));
        }
        let Annotate { kept, dropped, .. } = &mut *self.annotate;
        if kept.is_none_or(|kept| kept.keeps(self.path, &hit, dropped)) {
            self.hits.push(hit);
        }
    }

    fn context(&mut self, hit: Hit<'c>) {
        if JOINED {
            self.annotate.listener.note(&hit, None);
        }
    }

    fn wants_near_misses(&self) -> bool {
        JOINED && self.annotate.listener.sought != Sought::No
    }

    fn near_miss(&mut self, found: NearMiss<'c>) {
        self.flush();
        let Annotate { rendered, listener, level, .. } = &mut *self.annotate;
        rendered.newlines += newlines(*level, &self.owned[self.counted..found.line_start]);
        self.counted = found.line_start;
        listener.note_near_miss(&found, Some(rendered.newlines + 1));
    }
}

impl<F: LineFormat, const JOINED: bool> Portion<'_, '_, '_, '_, F, JOINED> {
    /// Renders the current portion, and sends everything rendered so far if it is enough for a part.
    fn flush(&mut self) {
        let Some(first) = self.hits.first() else { return };
        let start = first.line_start;
        // A further portion of the same line is behind it.
        let is_new = self.seen <= start;
        if is_new && !self.annotate.context.is_empty() {
            self.annotate.pass_lines(&self.owned[self.seen..start]);
        }
        let Annotate { format, rendered, listener, level, context, newlines_before, .. } = &mut *self.annotate;
        rendered.newlines += newlines(*level, &self.owned[self.counted..start]);
        self.counted = start;
        let units = first.units;
        let around = |context: &mut Context, rendered: &mut Rendered| {
            context.flush(|number, line| {
                let number = number.wrapping_sub(*newlines_before);
                rendered.context(number, |rendered| format.context(self.path, line, units, rendered));
            });
        };
        if !context.is_empty() {
            around(context, rendered);
            rendered.begin_line_in_context();
        }
        format.line(self.path, &self.hits, rendered);
        if is_new && !context.is_empty() {
            let end = memchr(b'\n', &self.owned[start..]).map_or(self.owned.len(), |at| start + at + 1);
            context.result(&self.owned[start..end]);
            around(context, rendered);
            self.seen = end;
        }
        rendered.hits += self.hits.len() as u64;
        self.hits.clear();
        if rendered.bytes.len() > PART_BYTES || JOINED && listener.size_bytes() > PART_BYTES {
            self.annotate.hand_on(self.out);
        }
    }
}

/// Counts the line feeds in `text`. This takes fewer instructions than counting with `memchr`, which is compiled for all
/// processors and therefore cannot use the instruction that counts bits.
pub(super) fn newlines(level: Level, text: &[u8]) -> u64 {
    dispatch!(level, simd => count_newlines(simd, text))
}

#[inline(always)]
fn count_newlines<S: Simd>(simd: S, text: &[u8]) -> u64 {
    const BLOCK_BYTES: usize = 64;
    let newline = u8x64::splat(simd, b'\n');
    let places = |block: &[u8; BLOCK_BYTES]| u8x64::from_slice(simd, block).simd_eq(newline).to_bitmask();
    let (blocks, rest) = text.as_chunks::<BLOCK_BYTES>();
    let whole: u64 = blocks.iter().map(|block| u64::from(places(block).count_ones())).sum();
    let rest = match text.last_chunk::<BLOCK_BYTES>() {
        // The last block overlaps the previous one, so only its last bytes still need to be counted.
        Some(last) if !rest.is_empty() => u64::from((places(last) >> (BLOCK_BYTES - rest.len())).count_ones()),
        _ => rest.iter().filter(|&&byte| byte == b'\n').count() as u64,
    };
    whole + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn line_feeds_are_counted(text in prop::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..800)) {
            let naive = text.iter().filter(|&&byte| byte == b'\n').count() as u64;
            prop_assert_eq!(newlines(Level::new(), &text), naive);
            prop_assert_eq!(newlines(Level::new(), &vec![b'\n'; text.len()]), text.len() as u64);
        }
    }
}
