//! Scans nested archives, with compression around them, that were cut, changed or mixed up. Nothing counts that was not packed,
//! and data that a cut has removed is reported.

#![no_main]

#[path = "../../it/packing/mod.rs"]
mod packing;
mod reading;

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use callcodes::code::{Code, Key};
use callcodes::pipeline::CopyRule;
use callcodes::unpack::{Codec, Format, MAX_LAYERS};
use libfuzzer_sys::fuzz_target;
use packing::{CODECS, FORMATS, compress, pack};
use reading::{MEMBERS, NESTING, Seen, UNPACKED_BYTES, Way, scan};

/// The codes in the logs.
const NUMBERS: [i32; 6] = [0, 2, 21, 102, 133, 999];
/// The most bytes that an archive may have.
const PACKED_BYTES: usize = 200 << 10;

#[derive(Arbitrary, Debug)]
enum Node<'a> {
    /// A line with a result for each byte.
    Log(&'a [u8]),
    Compressed(u8, Box<Node<'a>>),
    Archive(u8, Vec<Node<'a>>),
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Damage {
    Cut(u16),
    Change { at: u16, by: u8 },
    Zero { at: u16, len: u8 },
    Remove { at: u16, len: u16 },
    Repeat { at: u16, len: u16 },
}

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    node: Node<'a>,
    damages: Vec<Damage>,
}

/// Builds the bytes and counts the results in them.
#[derive(Default)]
struct Packing {
    counts: BTreeMap<Key, u64>,
    members: u64,
    bytes: usize,
}

fuzz_target!(|input: Input<'_>| {
    let mut packing = Packing::default();
    let Some(mut bytes) = packing.node(&input.node, 0, 0) else { return };
    if bytes.len() > PACKED_BYTES {
        return;
    }
    let damages = &input.damages[..input.damages.len().min(4)];
    for damage in damages {
        damage.apply(&mut bytes);
    }
    for way in [Way::File, Way::Pipe] {
        let Some(seen) = scan(&bytes, way, 1, CopyRule::CountAll) else { continue };
        assert_eq!(scan(&bytes, way, 3, CopyRule::CountAll).as_ref(), Some(&seen), "threads make a difference");
        assert!(seen.bytes <= 8 * UNPACKED_BYTES + bytes.len() as u64, "{} bytes were read", seen.bytes);
        match damages {
            [] => packing.check_whole(&seen),
            [Damage::Cut(_)] => packing.check_cut(&seen, &bytes),
            _ => {}
        }
    }
});

impl Packing {
    /// Returns the bytes of a node, or `None` if they exceed a limit.
    fn node(&mut self, node: &Node<'_>, layers: u8, archives: u8) -> Option<Vec<u8>> {
        let bytes = match node {
            Node::Log(codes) => self.log(codes),
            Node::Compressed(codec, inner) => {
                if layers == MAX_LAYERS {
                    return None;
                }
                let inner = self.node(inner, layers + 1, archives)?;
                compress(CODECS[usize::from(*codec) % CODECS.len()], &inner)
            }
            Node::Archive(format, members) => {
                if archives == NESTING {
                    return None;
                }
                let members =
                    members.iter().map(|member| self.node(member, 0, archives + 1)).collect::<Option<Vec<_>>>()?;
                let format = FORMATS[usize::from(*format) % FORMATS.len()];
                if members.is_empty() && format == Format::Cab {
                    // The writer, like most readers, requires a file.
                    return None;
                }
                self.members += members.len() as u64;
                let names: Vec<String> = (0..members.len()).map(|number| format!("logs/{number}.log")).collect();
                let named: Vec<(&str, &[u8])> =
                    names.iter().map(String::as_str).zip(members.iter().map(Vec::as_slice)).collect();
                pack(format, &named)
            }
        };
        self.bytes += bytes.len();
        (self.members <= MEMBERS && self.bytes <= PACKED_BYTES).then_some(bytes)
    }

    fn log(&mut self, codes: &[u8]) -> Vec<u8> {
        let mut text = String::from("2017-02-14T02:57:23Z started\r\n");
        for code in codes {
            let number = NUMBERS[usize::from(*code) % NUMBERS.len()];
            *self.counts.entry(Key::Code(Code(number))).or_default() += 1;
            text += &format!("2017-02-14T02:57:24Z callStatus={number}\r\n");
        }
        text.into_bytes()
    }

    fn check_whole(&self, seen: &Seen) {
        assert!(!reports_a_loss(seen), "{:?}", seen.problems);
        assert_eq!(seen.counts, self.counts.clone().into_iter().collect::<Vec<_>>());
    }

    fn check_cut(&self, seen: &Seen, bytes: &[u8]) {
        // A cut in text is not detected, and a truncated number is another number.
        if Codec::of(bytes).is_none() && Format::of(bytes).is_none() {
            return;
        }
        for (key, count) in &seen.counts {
            let packed = self.counts.get(key).copied().unwrap_or(0);
            assert!(*count <= packed, "{count} of {packed} results {key}");
        }
        let counted: u64 = seen.counts.iter().map(|(_, count)| count).sum();
        let is_less = counted < self.counts.values().sum();
        assert!(reports_a_loss(seen) || !is_less, "{:?}", seen.problems);
    }
}

/// Whether a problem reports that something was not read.
fn reports_a_loss(seen: &Seen) -> bool {
    seen.problems.iter().any(|(_, kind, _)| kind.is_loss())
}

impl Damage {
    fn apply(self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let range = |at: u16, len: usize, all: usize| {
            let at = usize::from(at) % all;
            at..(at + len).min(all)
        };
        let all = bytes.len();
        match self {
            Damage::Cut(at) => bytes.truncate(usize::from(at) % all),
            Damage::Change { at, by } => bytes[usize::from(at) % all] ^= by,
            Damage::Zero { at, len } => bytes[range(at, usize::from(len), all)].fill(0),
            Damage::Remove { at, len } => drop(bytes.drain(range(at, usize::from(len), all))),
            Damage::Repeat { at, len } => {
                let range = range(at, usize::from(len), all);
                let part = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, part);
            }
        }
    }
}
