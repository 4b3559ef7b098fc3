//! Scans arbitrary bytes as archives and compressed files, as a file and through a pipe. The output stays within the limits, and
//! the outcome does not depend on the number of threads.

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
        // Each layer may yield this much; bytes that are not packed are read as they are.
        assert!(seen.bytes <= 8 * UNPACKED_BYTES + bytes.len() as u64, "{} bytes were read", seen.bytes);
        Some(seen)
    };
    let file = by_way(Way::File);
    let pipe = by_way(Way::Pipe);
    // Formats that are read sequentially give the same through a pipe. The others have a directory, which a pipe cannot seek to,
    // and text from a pipe is not searched for one.
    let is_sequential = Codec::of(bytes).is_some() || Format::of(bytes) == Some(Format::Tar);
    if is_sequential && pipe.is_some() {
        assert_eq!(pipe, file, "a pipe makes a difference");
    }
});
