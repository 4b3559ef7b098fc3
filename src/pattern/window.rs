//! Searches whole blocks for many literals at once, with vector instructions.
//!
//! A window is a short sequence of two or three byte classes that every literal of a group contains. For example,
//! `rawCallStatus`, `CALL STATUS`, `Result` and `return` all contain `[ae][st]u` in upper or lower case, so one search for that
//! window finds all of them as fast as a search for a single literal. The search sets a bit for each position in the block where
//! a window fits. The caller then compares the literals at these positions.
//!
//! Invariant: wherever a literal of the group occurs, the bit for its window is set. Other bits may be set as well.
//!
//! Alternatives, measured with `cargo bench --bench throughput -- prefilter` on a log without results and on one with a result in
//! every fourth line, before the patterns for NPS and Entra, which need a second window:
//!
//! | search | without results | every fourth line |
//! |---|---|---|
//! | windows for all built-in patterns, including the comparison of literals | 29 GB/s | 10 GB/s |
//! | packed search of `aho-corasick`, without this comparison | 13 GB/s | 7.5 GB/s |
//! | `memmem` for a single literal | 52 GB/s | 21 GB/s |

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x64};

use super::byte_set::ByteSet;

/// The number of bytes of text that one word of bits covers.
pub(super) const WORD_BYTES: usize = 64;
/// The number of bytes that are searched at once: few enough for the first-level cache, but enough to be worth a call.
pub(super) const SPAN_BYTES: usize = 16 << 10;
/// The largest number of bytes in a window.
pub(super) const WIDTH: usize = 3;
/// The largest number of literals in a search, because the set of possible literals at a position is a 64-bit word.
pub(super) const LITERALS_LIMIT: usize = 64;

/// The cost of comparing literals at one position where a window fits, as the number of bytes that a window searches in the same
/// time: about 6 ns for a position and 30 ps for a byte (`cargo bench --bench throughput -- prefilter`).
const PLACE_COST: f64 = 200.0;
/// The cost of comparing one byte of a window, as a fraction of the cost of the window.
const LOOK_COST: f64 = 0.2;
/// The largest cost of a search, where 1 is a window that fits nowhere. Every window costs more than 1, so there are at most seven. If
/// the cost is higher, an automaton searches for all literals. For the built-in patterns, whose windows cost 3.3, that took five times
/// the instructions in a log without results.
const COST_LIMIT: f64 = 8.0;

/// A search for a group of literals that compares two or three of their bytes.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// The comparisons. One with two values comes first, and those that every byte passes come last.
    checks: [Check; WIDTH],
}

/// A comparison of one byte of a window. The byte passes if `byte & mask` is one of the values.
#[derive(Clone, Copy, Debug, Default)]
struct Check {
    /// The index of the byte in the window.
    at: usize,
    /// A mask of the bits that are compared.
    mask: u8,
    /// The values of the compared bits that pass. Both are the same if there is only one.
    values: [u8; 2],
}

/// Sets a bit for every position where one of the windows fits: bit `i` of word `n` stands for byte `n * WORD_BYTES + i` of
/// `text`.
///
/// `text` has at most [`SPAN_BYTES`] and a few more bytes. `words` is overwritten and may cover only the first bytes of `text`.
pub(super) fn mark(level: Level, windows: &[Window], text: &[u8], words: &mut [u64]) {
    let Some((first, others)) = windows.split_first() else { return words.fill(0) };
    // The first window overwrites the words, so they need not be cleared first.
    first.mark(level, text, words, |word, bits| *word = bits);
    others.iter().for_each(|window| window.mark(level, text, words, |word, bits| *word |= bits));
}

impl Window {
    /// Finds the positions where this window fits. `note` stores the bits for 64 bytes of text in their word.
    fn mark(&self, level: Level, text: &[u8], words: &mut [u64], note: impl Fn(&mut u64, u64)) {
        dispatch!(level, simd => mark_words(simd, self, text, words, &note));
        // The end of the text does not fill a vector, so it is copied and padded with zeros.
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

/// Finds the positions where a window fits, except in an incomplete vector at the end. Uses the fastest comparison for its
/// classes.
#[inline(always)]
fn mark_words<S: Simd>(simd: S, window: &Window, text: &[u8], words: &mut [u64], note: &impl Fn(&mut u64, u64)) {
    match window.checks.map(Check::one) {
        [Some(a), Some(b), Some(c)] => mark_bytes(simd, [a, b, c], text, words, note),
        [Some(a), Some(b), None] if window.checks[2].mask == 0 => mark_pair(simd, [a, b], text, words, note),
        _ => mark_classes(simd, window, text, words, note),
    }
}

/// Finds the positions of a window with two single bytes, which is enough for one literal if the two bytes rarely occur together.
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

/// Finds the positions of a window with three single bytes. This takes fewer instructions than [`mark_classes`].
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

/// Finds the positions of a window with three classes. The first has up to two values under a mask, and the others have one each.
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

/// The windows that find a set of literals, and what the search costs.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    /// The windows that together find all literals.
    pub(super) windows: Vec<Window>,
    /// An estimate of the cost, where 1 is a window that fits nowhere.
    pub(super) cost: f64,
}

/// Returns the windows that find `literals` at the lowest cost. Returns `None` if there are too many literals, or if they have so
/// little in common that an automaton finds them faster.
///
/// Every window of the shortest literal is tried, and the other literals are added to it greedily, one by one. Letter case is
/// ignored until the groups are known.
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
    // Short literals contain the fewest windows, so they come first and the others adapt to them.
    kinds.sort_by_key(|kind| (kind.len(), kind.clone()));
    let first = kinds.first()?;
    // A grouping is abandoned as soon as it costs as much as the best one up to then.
    let better = |best: Option<(Vec<Group>, f64)>, offset| {
        let limit = best.as_ref().map_or(COST_LIMIT, |(_, cost)| *cost);
        let groups = group(&kinds, offset, limit);
        groups.or(best)
    };
    let (groups, cost) = alignments(first).fold(None, better)?;
    // The groups were formed in lower case. Now every spelling is added.
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
    /// Returns the first index in `literal` at which the window fits, or `None` if it does not fit.
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
    /// The index of each literal, and the index in the literal at which the window starts.
    members: Vec<(usize, usize)>,
    /// The bytes that the window accepts.
    classes: Classes,
    /// The cost of the window: 1 for the search, and more for each position where it is expected to fit without a literal.
    cost: f64,
}

/// Returns the indexes in `literal` at which a [`Window`] can start.
fn alignments(literal: &[u8]) -> impl Iterator<Item = usize> {
    0..=literal.len().saturating_sub(WIDTH)
}

/// Groups all literals by windows. The window of the first literal starts at `offset`. Each of the others is added to the group
/// where this costs least, or forms a new group if that costs less. Returns the groups and their cost, or `None` if the cost
/// reaches `limit`.
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
        // Adding more literals never lowers the cost.
        if self::cost(&groups) >= limit {
            return None;
        }
    }
    let cost = cost(&groups);
    Some((groups, cost))
}

/// A group after a literal has been added to it. The window starts at index `offset` of the literal.
struct Joined {
    offset: usize,
    /// The bytes that the window accepts after the literal has been added.
    classes: Classes,
    /// The cost of the window after the literal has been added.
    cost: f64,
}

/// Returns the cost of searching for all groups, where 1 is a window that fits nowhere.
fn cost(groups: &[Group]) -> f64 {
    groups.iter().map(|group| group.cost).sum()
}

/// The set of bytes that each byte of a window may be.
#[derive(Clone, Copy, Default)]
struct Classes([ByteSet; WIDTH]);

impl Classes {
    /// Adds the bytes of a literal from `offset` on. After the end of the literal, any byte is accepted.
    fn add(&mut self, literal: &[u8], offset: usize) {
        for (at, class) in self.0.iter_mut().enumerate() {
            *class = literal.get(offset + at).map_or(ByteSet::ALL, |&byte| class.union(ByteSet::one(byte)));
        }
    }

    /// Returns a window for these classes, and the share of positions where it is expected to fit.
    fn window(&self) -> (Window, f64) {
        let mut checks = self.0.map(Check::masked);
        let shares = checks.map(Check::share);
        let mut share = shares.iter().product::<f64>();
        // One of the comparisons may have two values.
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
            // The most common byte is left out if the others are rare enough.
            let others =
                |at: usize| (0..WIDTH).filter(|&other| other != at).map(|other| shares[other]).product::<f64>();
            let rest = (0..WIDTH).map(|at| (at, others(at))).min_by(|(_, a), (_, b)| a.total_cmp(b));
            if let Some((at, rest)) = rest.filter(|(_, rest)| PLACE_COST * (rest - share) < LOOK_COST) {
                (checks[at], share) = (Check::default(), rest);
            }
        }
        for (at, check) in checks.iter_mut().enumerate() {
            // A comparison that every byte passes must not read beyond the text.
            check.at = if check.mask == 0 { 0 } else { at };
        }
        checks.sort_by_key(|check| (check.mask == 0, check.values[0] == check.values[1]));
        (Window { checks }, share)
    }
}

impl Check {
    /// Returns the index of the byte in the window and the only value that passes, or `None` if several values pass.
    fn one(self) -> Option<(usize, u8)> {
        (self.mask == u8::MAX && self.values[0] == self.values[1]).then_some((self.at, self.values[0]))
    }

    /// Returns a comparison of the bits that all bytes of the class have in common.
    fn masked(class: ByteSet) -> Check {
        let first = class.iter().next().unwrap_or_default();
        let mask = class.iter().fold(u8::MAX, |mask, byte| mask & !(byte ^ first));
        Check { at: 0, mask, values: [first & mask; 2] }
    }

    /// Returns a comparison with two values if the class consists of two bytes, or of two letters in both cases. Otherwise
    /// returns `None`.
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

    /// Returns the share of all bytes in a log that are expected to pass.
    fn share(self) -> f64 {
        if self.mask == 0 {
            return 1.0;
        }
        let one = |value: u8| {
            // Adds up the shares of all bytes that differ only in bits which the mask ignores.
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

    /// Returns every level of vector instructions that this machine supports.
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
    fn similar_words_share_a_window() {
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
        // No two of these bytes are rare enough together.
        assert_eq!(looks("eat"), 3);
    }

    #[test]
    fn words_with_nothing_in_common_get_their_own_windows_or_none() {
        let few = choose(&literals(&["zebra", "quick", "howl"])).unwrap();
        assert!((2..=3).contains(&few.windows.len()), "{few:?}");
        let letter = |number: u8| char::from(b'a' + number % 26);
        let many: Vec<String> = (1..60).map(|n| [n, n * 3, n / 2, n * 4].into_iter().map(letter).collect()).collect();
        assert!(choose(&literals(&many.iter().map(String::as_str).collect::<Vec<_>>())).is_none());
        assert!(choose(&literals(&["x"])).is_none());
    }

    #[test]
    fn a_window_fits_at_every_place_up_to_the_end() {
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
        fn a_window_is_marked_wherever_its_literal_is(
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
