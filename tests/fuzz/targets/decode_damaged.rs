//! Decompresses data that were cut or changed. The output before the error is a beginning of the original text.

#![no_main]
#![allow(clippy::unwrap_used)]

#[path = "../../it/packing/mod.rs"]
mod packing;

use std::io::{Cursor, Read};

use arbitrary::Arbitrary;
use callcodes::problem::Problem;
use callcodes::unpack::{Codec, MAX_LAYERS, decompressed};
use libfuzzer_sys::fuzz_target;
use packing::{CODECS, compress};

/// The most bytes that are compressed.
const TEXT_BYTES: usize = 400 << 10;
/// The most bytes of output that are read, because a changed length may expand to gigabytes.
const READ_BYTES: usize = 2 * TEXT_BYTES;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// The codec of each layer, from the innermost to the outermost.
    codecs: [u8; MAX_LAYERS as usize],
    layers: u8,
    /// The parts of the text, which the innermost codec compresses one by one.
    members: Vec<Member<'a>>,
    damage: Damage,
}

#[derive(Arbitrary, Debug)]
struct Member<'a> {
    text: &'a [u8],
    times: u8,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Damage {
    /// So many zeros at the end, which are no error.
    Padding(u8),
    Cut(u16),
    Change {
        at: u16,
        by: u8,
    },
}

fuzz_target!(|input: Input<'_>| {
    let members: Vec<Vec<u8>> =
        input.members.iter().take(4).map(|member| member.text.repeat(1 + usize::from(member.times))).collect();
    let text = members.concat();
    // Text that looks like compressed data would be decompressed as well.
    if members.is_empty() || text.len() > TEXT_BYTES || Codec::of(&text).is_some() {
        return;
    }
    let codec = |layer: usize| CODECS[usize::from(input.codecs[layer]) % CODECS.len()];
    let packed_members: Vec<Vec<u8>> = members.iter().map(|member| compress(codec(0), member)).collect();
    let mut layers = vec![packed_members.concat()];
    for layer in 1..1 + usize::from(input.layers) % usize::from(MAX_LAYERS) {
        layers.push(compress(codec(layer), &layers[layer - 1]));
    }
    let packed = layers.last().unwrap().clone();
    let outer = Codec::of(&packed);
    assert_eq!(outer, Some(codec(layers.len() - 1)));
    match input.damage {
        Damage::Padding(len) => {
            let padded = [packed, vec![0; usize::from(len)]].concat();
            assert_eq!(read(&padded), (text, None));
        }
        Damage::Cut(at) => {
            let cut = &packed[..usize::from(at) % packed.len()];
            let (out, fault) = read(cut);
            if outer != Codec::of(cut) {
                assert_eq!((&out[..], fault), (cut, None), "what is too short to be recognised is text");
                return;
            }
            // The same applies to the output of a layer before its error.
            let is_bare = Codec::of(&out).is_none() && layers.iter().any(|layer| layer.starts_with(&out));
            assert!(text.starts_with(&out) || is_bare, "more than went in");
            if layers.len() == 1 {
                let whole = whole_members(&members, &packed_members, cut.len());
                assert!(out.len() >= whole, "a whole member is lost");
                assert!(fault.is_some() || out.len() == whole, "half a member is lost without a word");
            } else {
                assert!(fault.is_some(), "a cut is not reported");
            }
        }
        Damage::Change { at, by } => {
            let mut changed = packed.clone();
            let at = usize::from(at) % changed.len();
            changed[at] ^= by;
            let (out, fault) = read(&changed);
            // The change may be detected only after the bytes that are read here.
            let is_noticed = fault.is_some() || out.len() == READ_BYTES;
            assert!(is_noticed || out == text || Codec::of(&changed) != outer, "a change goes unnoticed");
        }
    }
});

/// Returns the number of bytes of text in the members that end before the cut.
fn whole_members(members: &[Vec<u8>], packed: &[Vec<u8>], cut: usize) -> usize {
    let mut end = 0;
    let is_whole = |packed: &Vec<u8>| {
        end += packed.len();
        end <= cut
    };
    let whole = packed.iter().map(is_whole).filter(|is_whole| *is_whole).count();
    members[..whole].iter().map(Vec::len).sum()
}

/// Returns the output, and the error at its end, if any.
fn read(bytes: &[u8]) -> (Vec<u8>, Option<Problem>) {
    let mut all = Vec::new();
    let mut reader = decompressed(Box::new(Cursor::new(bytes.to_vec()))).take(READ_BYTES as u64);
    let result = reader.read_to_end(&mut all);
    (all, result.err().map(|error| Problem::unreadable("x", &error)))
}
