//! Archives and compressed files of arbitrary bytes, as files and through a pipe: within the limits, and with the same
//! outcome however many threads read them.

#![no_main]

mod reading;

use callcodes::pipeline::CopyRule;
use callcodes::unpack::{Codec, Format};
use libfuzzer_sys::fuzz_target;
use reading::{Seen, UNPACKED_BYTES, Way, scan};

fuzz_target!(|bytes: &[u8]| {
    let by_way = |way| -> Option<Seen> {
        let seen = scan(bytes, way, 1, CopyRule::CountOnce)?;
        assert_eq!(scan(bytes, way, 3, CopyRule::CountOnce).as_ref(), Some(&seen), "threads make a difference");
        // A layer may yield so much; what is no archive yields itself.
        assert!(seen.bytes <= 8 * UNPACKED_BYTES + bytes.len() as u64, "{} bytes were read", seen.bytes);
        Some(seen)
    };
    let file = by_way(Way::File);
    let pipe = by_way(Way::Pipe);
    // What is read from front to back is read so wherever it lies. The others have a directory, and a text that comes through
    // a pipe is not asked whether it is one.
    let is_sequential = Codec::of(bytes).is_some() || Format::of(bytes) == Some(Format::Tar);
    if is_sequential && pipe.is_some() {
        assert_eq!(pipe, file, "a pipe makes a difference");
    }
});
