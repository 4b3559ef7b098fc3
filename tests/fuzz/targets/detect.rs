//! Detects the type of a file from its first bytes.

#![no_main]

use std::io::Write as _;

use callcodes::problem::{Kind, Loss};
use callcodes::source::{Opened, Opening, Walk};
use callcodes::units::Units;
use callcodes::unpack::{Codec, HEAD_BYTES, Recognised, SAMPLE_BYTES, recognise};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let sample = &bytes[..bytes.len().min(SAMPLE_BYTES)];
    let is = recognise(sample);

    let has_text = |is| matches!(is, Recognised::Text | Recognised::Binary(_));
    let by_head = recognise(&bytes[..bytes.len().min(HEAD_BYTES)]);
    assert!(by_head == is || (has_text(by_head) && has_text(is)), "512 bytes decide all but what is binary");
    assert_eq!(Codec::of(&bytes[..bytes.len().min(10)]), Codec::of(bytes), "ten bytes decide a codec");
    if is_plain_text(sample) {
        let may_be = match is {
            Recognised::Text | Recognised::Events => true,
            // The signatures of these two are letters, and nothing need follow them.
            Recognised::Binary(kind) => matches!(kind, "PDF document" | "library"),
            // The signature of bzip2 is letters, too, and suffices if nothing follows it.
            Recognised::Codec(codec) | Recognised::Damaged(codec) => codec == Codec::Bzip2,
            _ => false,
        };
        assert!(may_be, "text is taken for {is:?}");
    }

    let mut file = tempfile::NamedTempFile::new().expect("a folder for temporary files");
    file.write_all(bytes).expect("room for temporary files");
    let source = Walk::new(vec![file.path().to_owned()]).next().expect("one input").expect("a file");
    let opened = match source.open(&Opening::default()) {
        Ok(opened) => opened,
        Err(error) => {
            // The decompressed data are not text, perhaps because they are damaged.
            let loss = Loss::of(&error).expect("a file that can be read");
            assert!(loss.kind.is_loss() && matches!(is, Recognised::Codec(_) | Recognised::Events), "{error}");
            return;
        }
    };
    match opened {
        // A zip archive may follow bytes that are not text.
        Opened::Archive(_) => assert!(
            matches!(is, Recognised::Archive(_) | Recognised::Codec(_) | Recognised::Binary(_)),
            "{is:?} is opened as an archive"
        ),
        Opened::Compressed(_) => {
            assert!(matches!(is, Recognised::Codec(_) | Recognised::Events), "{is:?} is decompressed");
        }
        Opened::Skipped(problem) => match is {
            Recognised::Codec(_) | Recognised::Binary(_) | Recognised::Events => {}
            Recognised::Damaged(_) => assert_eq!(problem.kind, Kind::Damaged),
            Recognised::Unsupported(_) => assert_eq!(problem.kind, Kind::Unreadable),
            Recognised::Archive(_) | Recognised::Text => panic!("{is:?} is skipped: {problem}"),
        },
        Opened::File(text) => {
            assert_eq!(is, Recognised::Text);
            assert_eq!(text.len, bytes.len() as u64);
            check_units(bytes, text.written.units);
        }
        // A file whose size is given as 0 is read as a stream, like a device.
        Opened::Stream(_) => assert_eq!(bytes, b""),
        Opened::LeftOut => panic!("everything is asked for"),
    }
});

/// Whether this is UTF-8 without control characters other than line ends and tabs.
fn is_plain_text(sample: &[u8]) -> bool {
    let is_plain = |text: &str| text.chars().all(|char| matches!(char, '\n' | '\r' | '\t') || !char.is_control());
    match std::str::from_utf8(sample) {
        Ok(text) => is_plain(text),
        // The sample may end within a character.
        Err(error) => {
            error.error_len().is_none() && std::str::from_utf8(&sample[..error.valid_up_to()]).is_ok_and(is_plain)
        }
    }
}

fn check_units(bytes: &[u8], units: Units) {
    match bytes {
        [0xFF, 0xFE, ..] => assert!(matches!(units, Units::Utf16Le | Units::Utf32Le)),
        [0xFE, 0xFF, ..] => assert_eq!(units, Units::Utf16Be),
        _ if !bytes.contains(&0) => assert_eq!(units, Units::Bytes, "UTF-16 has NUL bytes"),
        _ => {}
    }
}
