//! Byte order marks.

use callcodes::units::Units;

/// Whether a text begins with the byte order mark of another encoding than the one in which it is read. This is reported as an error.
pub(crate) fn is_contradicted(text: &[u8], units: Units) -> bool {
    // The mark of UTF-32LE begins with that of UTF-16LE.
    let marks = [
        (&b"\xFF\xFE"[..], Some(Units::Utf16Le)),
        (b"\xFE\xFF", Some(Units::Utf16Be)),
        (b"\xEF\xBB\xBF", Some(Units::Bytes)),
        (b"\x00\x00\xFE\xFF", None),
    ];
    marks.iter().any(|(mark, of)| text.starts_with(mark) && *of != Some(units))
}
