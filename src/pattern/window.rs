//! The search over whole blocks: one look at a few neighbouring bytes of many literals at once.
//!
//! A window is two or three classes of bytes, each a masked comparison, such that every literal of a group contains bytes of
//! these classes at these distances. `rawCallStatus`, `CALL STATUS`, `Result` and `return` all have `[ae][st]u` in one case or
//! the other: one search finds them all, at the speed of a search for a single literal, and what it finds in vain costs a
//! comparison. A block becomes a bit for each of its bytes.
//!
//! Invariant: where a literal of the group stands, the bit of its window is set; a bit promises nothing.
//!
//! Why not the packed search of `aho-corasick`, or `memmem` for each literal: by `cargo bench --bench throughput --
//! prefilter`, on logs without a result and with one in every 4th line, this one took 29 and 10 GB/s for all built-in
//! patterns, the check of what it finds included; the packed search for less than that 13 and 7.5, and `memmem` for a
//! single literal 52 and 21.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::byte_set::ByteSet;

/// How many bytes a word of marks stands for.
pub(super) const WORD_BYTES: usize = 64;
/// How many bytes are marked at once: few enough for the first-level cache, enough to be worth a call.
pub(super) const SPAN_BYTES: usize = 16 << 10;
/// How many bytes a window looks at, at the most.
pub(super) const WIDTH: usize = 3;
/// More literals are not told apart by one word of bits.
pub(super) const LITERALS_LIMIT: usize = 64;

/// A place in how many bytes costs as much to look into as one window more costs over all of them: 200 places of some
/// 6 ns for 30 ps a byte.
const PLACE_COST: f64 = 200.0;
/// What a look at one byte of a window costs, in windows.
const LOOK_COST: f64 = 0.2;
/// The most that a search may cost, in windows, before an automaton for all literals is faster. A window costs more than
/// one, so there are three at the most.
const COST_LIMIT: f64 = 4.0;

/// The search for a group of literals.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// If one of them has two values, the first. Those that let everything pass are the last.
    checks: [Check; WIDTH],
}

/// A byte at a place of the window is one of those that, masked, are one of the values.
#[derive(Clone, Copy, Debug, Default)]
struct Check {
    /// Which byte of the window.
    at: usize,
    mask: u8,
    values: [u8; 2],
}

/// Marks where any of the windows fits: bit `i` of word `n` stands for the byte `n * WORD_BYTES + i` of `text`, of which
/// there are at most [`SPAN_BYTES`] and a few more. There is a word for each of its bytes, or for the first so many;
/// whatever they held is forgotten.
pub(super) fn mark(level: Level, windows: &[Window], text: &[u8], words: &mut [u64]) {
    let Some((first, others)) = windows.split_first() else { return words.fill(0) };
    // Nothing has to be cleared before, nor read again.
    first.mark(level, text, words, |word, bits| *word = bits);
    others.iter().for_each(|window| window.mark(level, text, words, |word, bits| *word |= bits));
}

impl Window {
    fn mark(&self, level: Level, text: &[u8], words: &mut [u64], note: impl Fn(&mut u64, u64)) {
        dispatch!(level, simd => mark_words(simd, self, text, words, &note));
        // The last bytes, of which a whole word cannot be loaded.
        let whole = text.len().saturating_sub(WIDTH - 1) / WORD_BYTES;
        let mut rest = [0; 2 * WORD_BYTES + WIDTH];
        let tail = &text[whole * WORD_BYTES..];
        let len = tail.len().min(rest.len());
        rest[..len].copy_from_slice(&tail[..len]);
        if let Some(words) = words.get_mut(whole..) {
            let count = words.len().min(2);
            dispatch!(level, simd => mark_words(simd, self, &rest, &mut words[..count], &note));
        }
    }
}

#[inline(always)]
fn mark_words<S: Simd>(simd: S, window: &Window, text: &[u8], words: &mut [u64], note: &impl Fn(&mut u64, u64)) {
    match window.checks.map(Check::one) {
        [Some(a), Some(b), Some(c)] => mark_bytes(simd, [a, b, c], text, words, note),
        [Some(a), Some(b), None] if window.checks[2].mask == 0 => mark_pair(simd, [a, b], text, words, note),
        _ => mark_classes(simd, window, text, words, note),
    }
}

/// For a window of two bytes, which a single literal has if they are rare enough together.
#[inline(always)]
fn mark_pair<S: Simd>(simd: S, pair: [(usize, u8); 2], text: &[u8], words: &mut [u64], note: &impl Fn(&mut u64, u64)) {
    let [a, b] = pair.map(|(at, _)| text.get(at..).unwrap_or_default().as_chunks::<WORD_BYTES>().0);
    let values = pair.map(|(_, value)| u8x64::splat(simd, value));
    for ((word, a), b) in words.iter_mut().zip(a).zip(b) {
        let a = u8x64::from_slice(simd, a).simd_eq(values[0]);
        let b = u8x64::from_slice(simd, b).simd_eq(values[1]);
        note(word, (a & b).to_bitmask());
    }
}

/// For a window of three bytes: 18 instructions for 64 bytes, instead of 28.
#[inline(always)]
fn mark_bytes<S: Simd>(
    simd: S,
    three: [(usize, u8); 3],
    text: &[u8],
    words: &mut [u64],
    note: &impl Fn(&mut u64, u64),
) {
    let [a, b, c] = three.map(|(at, _)| text.get(at..).unwrap_or_default().as_chunks::<WORD_BYTES>().0);
    let values = three.map(|(_, value)| u8x64::splat(simd, value));
    for (((word, a), b), c) in words.iter_mut().zip(a).zip(b).zip(c) {
        let a = u8x64::from_slice(simd, a).simd_eq(values[0]);
        let b = u8x64::from_slice(simd, b).simd_eq(values[1]);
        let c = u8x64::from_slice(simd, c).simd_eq(values[2]);
        note(word, (a & b & c).to_bitmask());
    }
}

#[inline(always)]
fn mark_classes<S: Simd>(simd: S, window: &Window, text: &[u8], words: &mut [u64], note: &impl Fn(&mut u64, u64)) {
    let [a, b, c] = window.checks.map(|check| text.get(check.at..).unwrap_or_default().as_chunks::<WORD_BYTES>().0);
    let masks = window.checks.map(|check| u8x64::splat(simd, check.mask));
    let values = window.checks.map(|check| u8x64::splat(simd, check.values[0]));
    let other = u8x64::splat(simd, window.checks[0].values[1]);
    for (((word, a), b), c) in words.iter_mut().zip(a).zip(b).zip(c) {
        let a = u8x64::from_slice(simd, a) & masks[0];
        let b = u8x64::from_slice(simd, b) & masks[1];
        let c = u8x64::from_slice(simd, c) & masks[2];
        let fits = (a.simd_eq(values[0]) | a.simd_eq(other)) & b.simd_eq(values[1]) & c.simd_eq(values[2]);
        note(word, fits.to_bitmask());
    }
}

/// Windows for a set of literals.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) windows: Vec<Window>,
    /// Roughly what the search costs, in windows that find nothing.
    pub(super) cost: f64,
}

/// The windows that find `literals` at the least cost; `None` if there are too many literals, or if they have so little
/// in common that an automaton finds them faster.
pub(super) fn choose(literals: &[Vec<u8>]) -> Option<Choice> {
    let folded: Vec<Vec<u8>> = literals.iter().map(|literal| literal.to_ascii_lowercase()).collect();
    let mut kinds = folded.clone();
    kinds.sort();
    kinds.dedup();
    if literals.len() > LITERALS_LIMIT || kinds.iter().any(|kind| kind.len() < 2) {
        return None;
    }
    if kinds.is_empty() {
        return Some(Choice { windows: Vec::new(), cost: 0.0 });
    }
    // The short ones have the least choice, so the others join them.
    kinds.sort_by_key(|kind| (kind.len(), kind.clone()));
    let first = kinds.first()?;
    // None that costs as much as the best one before has to be followed to its end.
    let better = |best: Option<(Vec<Group>, f64)>, offset| {
        let limit = best.as_ref().map_or(COST_LIMIT, |(_, cost)| *cost);
        let groups = group(&kinds, offset, limit);
        groups.or(best)
    };
    let (groups, cost) = alignments(first).fold(None, better)?;
    // Now with all spellings of them.
    let spelled_out = |group: &Group| {
        let mut classes = Classes::default();
        for &(kind, offset) in &group.members {
            let spellings = literals.iter().zip(&folded).filter(|&(_, folded)| *folded == kinds[kind]);
            spellings.for_each(|(literal, _)| classes.add(literal, offset));
        }
        classes.window().0
    };
    Some(Choice { windows: groups.iter().map(spelled_out).collect(), cost })
}

impl Window {
    /// Where in `literal` the window fits, if it does.
    pub(super) fn fits(&self, literal: &[u8]) -> Option<usize> {
        (0..literal.len()).find(|&offset| {
            self.checks.iter().all(|check| {
                let byte = literal.get(offset + check.at);
                check.mask == 0 || byte.is_some_and(|byte| check.values.contains(&(byte & check.mask)))
            })
        })
    }
}

/// Literals that share a window.
struct Group {
    /// Which literal, and where in it the window begins.
    members: Vec<(usize, usize)>,
    classes: Classes,
    cost: f64,
}

fn alignments(literal: &[u8]) -> impl Iterator<Item = usize> {
    0..=literal.len().saturating_sub(WIDTH)
}

/// Groups of all literals, where the first literal's window begins at `offset`: each further one goes where it costs
/// least, into a group or into one of its own. With what they cost; `None` if that is not below `limit`.
fn group(literals: &[Vec<u8>], offset: usize, limit: f64) -> Option<(Vec<Group>, f64)> {
    let mut groups: Vec<Group> = Vec::new();
    for (index, literal) in literals.iter().enumerate() {
        let offsets = alignments(literal).filter(|&at| index > 0 || at == offset);
        let mut best: Option<(f64, usize, Joined)> = None;
        for offset in offsets {
            for place in 0..=groups.len() {
                let (mut classes, before) =
                    groups.get(place).map_or_else(Default::default, |group| (group.classes, group.cost));
                classes.add(literal, offset);
                let cost = 1.0 + PLACE_COST * classes.window().1;
                if best.as_ref().is_none_or(|(least, ..)| cost - before < *least) {
                    best = Some((cost - before, place, Joined { offset, classes, cost }));
                }
            }
        }
        let Some((_, place, Joined { offset, classes, cost })) = best else { continue };
        if place == groups.len() {
            groups.push(Group { members: Vec::new(), classes, cost });
        }
        let group = &mut groups[place];
        group.members.push((index, offset));
        (group.classes, group.cost) = (classes, cost);
        // Which only grows.
        if self::cost(&groups) >= limit {
            return None;
        }
    }
    let cost = cost(&groups);
    Some((groups, cost))
}

/// What a group becomes with another literal in it.
struct Joined {
    offset: usize,
    classes: Classes,
    cost: f64,
}

fn cost(groups: &[Group]) -> f64 {
    groups.iter().map(|group| group.cost).sum()
}

/// What the bytes of a window may be.
#[derive(Clone, Copy, Default)]
struct Classes([ByteSet; WIDTH]);

impl Classes {
    /// Lets the literal's bytes from `offset` on be there. A place beyond its end may hold anything.
    fn add(&mut self, literal: &[u8], offset: usize) {
        for (at, class) in self.0.iter_mut().enumerate() {
            *class = literal.get(offset + at).map_or(ByteSet::ALL, |&byte| class.union(ByteSet::one(byte)));
        }
    }

    /// The comparisons for it, and at how large a share of all places they are expected to fit.
    fn window(&self) -> (Window, f64) {
        let mut checks = self.0.map(Check::masked);
        let shares = checks.map(Check::share);
        let mut share = shares.iter().product::<f64>();
        // One of them may compare with two values.
        let mut with_two = None;
        for (at, &class) in self.0.iter().enumerate() {
            let Some(two) = Check::of_two(class) else { continue };
            let others: f64 = (0..WIDTH).filter(|&other| other != at).map(|other| shares[other]).product();
            if two.share() * others < share {
                share = two.share() * others;
                with_two = Some((at, two));
            }
        }
        if let Some((at, two)) = with_two {
            checks[at] = two;
        }
        if checks.iter().all(|check| check.one().is_some()) {
            // Without its commonest byte, if the others are rare enough to do without.
            let others =
                |at: usize| (0..WIDTH).filter(|&other| other != at).map(|other| shares[other]).product::<f64>();
            let rest = (0..WIDTH).map(|at| (at, others(at))).min_by(|(_, a), (_, b)| a.total_cmp(b));
            if let Some((at, rest)) = rest.filter(|(_, rest)| PLACE_COST * (rest - share) < LOOK_COST) {
                (checks[at], share) = (Check::default(), rest);
            }
        }
        for (at, check) in checks.iter_mut().enumerate() {
            // One that lets everything pass must not ask for room.
            check.at = if check.mask == 0 { 0 } else { at };
        }
        checks.sort_by_key(|check| (check.mask == 0, check.values[0] == check.values[1]));
        (Window { checks }, share)
    }
}

impl Check {
    /// The one byte that passes, and where, if there is only one.
    fn one(self) -> Option<(usize, u8)> {
        (self.mask == u8::MAX && self.values[0] == self.values[1]).then_some((self.at, self.values[0]))
    }

    /// What all bytes of the class have in common.
    fn masked(class: ByteSet) -> Check {
        let first = class.iter().next().unwrap_or_default();
        let mask = class.iter().fold(u8::MAX, |mask, byte| mask & !(byte ^ first));
        Check { at: 0, mask, values: [first & mask; 2] }
    }

    /// Two values that the class comes down to, perhaps apart from letter case.
    fn of_two(class: ByteSet) -> Option<Check> {
        const CASE: u8 = 0x20;
        if class.len() > 4 {
            return None;
        }
        [u8::MAX, !CASE].into_iter().find_map(|mask| {
            let mut values = class.iter().map(|byte| byte & mask).collect::<ByteSet>().iter();
            let (a, b) = (values.next()?, values.next()?);
            values.next().is_none().then_some(Check { at: 0, mask, values: [a, b] })
        })
    }

    /// The share of all bytes that pass.
    fn share(self) -> f64 {
        if self.mask == 0 {
            return 1.0;
        }
        let one = |value: u8| {
            // All ways to set the bits that the mask lets pass.
            let free = !self.mask;
            let mut bits = free;
            let mut sum = 0.0;
            loop {
                sum += super::literal::share(value | bits);
                if bits == 0 {
                    return sum;
                }
                bits = (bits - 1) & free;
            }
        };
        let both = self.values[0] != self.values[1];
        f64::min(1.0, one(self.values[0]) + if both { one(self.values[1]) } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literals(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    /// Every level that this machine has, the plainest included.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        #[cfg(target_arch = "x86_64")]
        let lower = [best.as_sse2().map(Level::Sse2), best.as_avx2().map(Level::Avx2)];
        #[cfg(not(target_arch = "x86_64"))]
        let lower: [Option<Level>; 0] = [];
        lower.into_iter().flatten().chain([best]).collect()
    }

    fn marked(window: &Window, level: Level, text: &[u8]) -> Vec<usize> {
        let mut words = vec![u64::MAX; text.len().div_ceil(WORD_BYTES)];
        mark(level, std::slice::from_ref(window), text, &mut words);
        (0..text.len()).filter(|at| words[at / WORD_BYTES] >> (at % WORD_BYTES) & 1 != 0).collect()
    }

    #[test]
    fn words_of_one_kind_share_a_window() {
        let all = ["rawCallStatus", "CALL STATUS", "Result", "RESULT", "return", "<call_status>"];
        let choice = choose(&literals(&all)).unwrap();
        assert_eq!(choice.windows.len(), 1, "{choice:?}");
        assert!(choice.cost < 1.1, "{choice:?}");
        assert!(choice.windows[0].fits(b"Call status: ").is_some());
        assert!(choice.windows[0].fits(b"Pfauth ").is_none());
    }

    #[test]
    fn two_rare_bytes_are_enough() {
        let looks = |literal: &str| {
            let choice = choose(&literals(&[literal])).unwrap();
            choice.windows[0].checks.iter().filter(|check| check.mask != 0).count()
        };
        assert_eq!(looks("rawCallStatus"), 2);
        // Of these no two are rare together.
        assert_eq!(looks("eat"), 3);
    }

    #[test]
    fn words_with_nothing_in_common_get_windows_of_their_own_or_none() {
        let few = choose(&literals(&["zebra", "quick", "howl"])).unwrap();
        assert!((2..=3).contains(&few.windows.len()), "{few:?}");
        let letter = |number: u8| char::from(b'a' + number % 26);
        let many: Vec<String> = (1..60).map(|n| [n, n * 3, n / 2, n * 4].into_iter().map(letter).collect()).collect();
        assert!(choose(&literals(&many.iter().map(String::as_str).collect::<Vec<_>>())).is_none());
        assert!(choose(&literals(&["x"])).is_none());
    }

    #[test]
    fn a_window_fits_at_every_place_up_to_the_very_end() {
        let choice = choose(&literals(&["ab"])).unwrap();
        for len in 2..300 {
            let mut text = vec![b'.'; len];
            text[len - 2..].copy_from_slice(b"ab");
            for level in levels() {
                assert_eq!(marked(&choice.windows[0], level, &text), [len - 2]);
            }
        }
    }

    proptest! {
        #[test]
        fn where_a_literal_stands_its_window_is_marked(
            literals in prop::collection::vec("[abAB_]{2,9}", 1..6),
            text in "[abAB_.]{0,400}",
        ) {
            let literals: Vec<Vec<u8>> = literals.into_iter().map(String::into_bytes).collect();
            let Some(choice) = choose(&literals) else { return Ok(()) };
            for level in levels() {
                let marks: Vec<usize> =
                    choice.windows.iter().flat_map(|window| marked(window, level, text.as_bytes())).collect();
                for literal in &literals {
                    let offset = choice.windows.iter().find_map(|window| window.fits(literal)).unwrap();
                    for at in memchr::memmem::find_iter(text.as_bytes(), literal) {
                        prop_assert!(marks.contains(&(at + offset)), "{level:?} {at} {choice:?}");
                    }
                }
            }
        }
    }
}
