//! Columns of numbers as a short text: base64 of little-endian numbers.
//!
//! The number of rows comes first, and then each column: its first value, the width of the others in bytes, and the others, or [`SAME`] if
//! they are equal to the first. The first value has a width of its own because it is larger than the others in a column of distances.
//! The first column has at least a byte for each row, so that a short text cannot claim many rows.

use data_encoding::BASE64;

/// The largest number of rows. A part of a log has fewer, because it is not much larger than a chunk.
const ROWS_LIMIT: u64 = 4 << 20;

/// The largest width of a number in bytes.
const WIDEST: u8 = 8;
/// What is written instead of the width if all values are equal.
const SAME: u8 = WIDEST + 1;

/// The values of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    /// All values are this one.
    Same(u64),
    /// The values of all rows.
    Each(Vec<u64>),
}

impl Column {
    /// Returns the value in a row.
    #[inline]
    pub(crate) fn get(&self, row: usize) -> u64 {
        match self {
            Column::Same(value) => *value,
            Column::Each(values) => values.get(row).copied().unwrap_or(0),
        }
    }
}

/// Packs columns, which have equal lengths, and appends the text.
pub(crate) fn pack(columns: &[Vec<u64>], text: &mut String) {
    let rows = columns.first().map_or(0, Vec::len);
    let mut bytes = Vec::with_capacity(16 + rows * columns.len() * 2);
    push(&mut bytes, rows as u64);
    for (index, column) in columns.iter().enumerate() {
        let (first, rest) = column.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest));
        push(&mut bytes, first);
        if index > 0 && rest.iter().all(|value| *value == first) {
            bytes.push(SAME);
            continue;
        }
        let bits = rest.iter().fold(u64::from(index == 0), |bits, value| bits | value);
        let width = width(bits);
        bytes.push(width);
        // The widths are written out, so that the compiler knows them.
        match width {
            0 => {}
            1 => push_all::<1>(&mut bytes, rest),
            2 => push_all::<2>(&mut bytes, rest),
            3 => push_all::<3>(&mut bytes, rest),
            4 => push_all::<4>(&mut bytes, rest),
            _ => push_all::<8>(&mut bytes, rest),
        }
    }
    BASE64.encode_append(&bytes, text);
}

/// Returns the width of numbers with these bits: one of those that [`pack`] writes.
fn width(bits: u64) -> u8 {
    match bits {
        0 => 0,
        1..0x100 => 1,
        0x100..0x1_0000 => 2,
        0x1_0000..0x100_0000 => 3,
        0x100_0000..0x1_0000_0000 => 4,
        _ => WIDEST,
    }
}

fn push_all<const WIDTH: usize>(bytes: &mut Vec<u8>, values: &[u64]) {
    for value in values {
        if let Some(low) = value.to_le_bytes().first_chunk::<WIDTH>() {
            bytes.extend_from_slice(low);
        }
    }
}

/// Returns the number of rows and this many columns. Returns `None` if the text is not what [`pack`] appends.
pub(crate) fn unpack(text: &str, columns: usize) -> Option<(usize, Vec<Column>)> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    let mut rest = bytes.as_slice();
    let rows = usize::try_from(next(&mut rest)?.min(ROWS_LIMIT + 1)).ok().filter(|rows| *rows as u64 <= ROWS_LIMIT)?;
    let mut all = Vec::with_capacity(columns);
    for index in 0..columns {
        let first = next(&mut rest)?;
        let width = *rest.split_off_first()?;
        if width == SAME && index > 0 {
            all.push(Column::Same(first));
            continue;
        }
        if index == 0 && width == 0 {
            return None;
        }
        let others = rest.split_off(..usize::from(width).checked_mul(rows.saturating_sub(1))?)?;
        let mut values = Vec::with_capacity(rows);
        if rows > 0 {
            values.push(first);
        }
        match width {
            0 => values.resize(rows, 0),
            1 => take_all::<1>(&mut values, others),
            2 => take_all::<2>(&mut values, others),
            3 => take_all::<3>(&mut values, others),
            4 => take_all::<4>(&mut values, others),
            WIDEST => take_all::<8>(&mut values, others),
            _ => return None,
        }
        all.push(Column::Each(values));
    }
    rest.is_empty().then_some((rows, all))
}

fn take_all<const WIDTH: usize>(values: &mut Vec<u64>, bytes: &[u8]) {
    let (chunks, _) = bytes.as_chunks::<WIDTH>();
    values.extend(chunks.iter().map(|chunk| {
        let mut wide = [0; 8];
        wide[..WIDTH].copy_from_slice(chunk);
        u64::from_le_bytes(wide)
    }));
}

/// Appends a number with its width.
fn push(bytes: &mut Vec<u8>, value: u64) {
    let width = width(value);
    bytes.push(width);
    bytes.extend_from_slice(&value.to_le_bytes()[..usize::from(width)]);
}

/// Removes a number with its width.
fn next(bytes: &mut &[u8]) -> Option<u64> {
    let width = *bytes.split_off_first()?;
    let low = bytes.split_off(..usize::from(width))?;
    let mut wide = [0; 8];
    wide.get_mut(..low.len())?.copy_from_slice(low);
    Some(u64::from_le_bytes(wide))
}

/// Maps an integer to a number that is small if the integer is near zero.
#[inline]
pub(crate) fn folded(integer: i64) -> u64 {
    (integer.cast_unsigned() << 1) ^ (integer >> 63).cast_unsigned()
}

/// The inverse of [`folded`].
#[inline]
pub(crate) fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// Packs hashes, which have as many zeros as ones, so each takes its four bytes.
pub(crate) fn pack_hashes(hashes: &[u32]) -> String {
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
    BASE64.encode(&bytes)
}

/// Returns the hashes that [`pack_hashes`] has packed.
pub(crate) fn unpack_hashes(text: &str) -> Option<Vec<u32>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    let (hashes, rest) = bytes.as_chunks();
    rest.is_empty().then(|| hashes.iter().map(|hash| u32::from_le_bytes(*hash)).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = u64> {
        prop_oneof![0..300_u64, any::<u64>(), Just(u64::MAX), (0..64_u32).prop_map(|bits| 1 << bits)]
    }

    proptest! {
        #[test]
        fn columns_are_as_before(rows in 0_usize..40, seed in prop::collection::vec(value(), 120), same: bool) {
            let columns: Vec<Vec<u64>> = (0..3).map(|column| {
                (0..rows).map(|row| if same && column == 1 { seed[0] } else { seed[column * 40 + row] }).collect()
            }).collect();
            let mut text = String::new();
            pack(&columns, &mut text);
            let (found, unpacked) = unpack(&text, 3).unwrap();
            prop_assert_eq!(found, rows);
            let values = unpacked.iter().map(|column| (0..rows).map(|row| column.get(row)).collect::<Vec<u64>>());
            prop_assert_eq!(values.collect::<Vec<_>>(), columns);
            prop_assert_eq!(unpack(&text, 2).is_none(), true);
            prop_assert_eq!(unpack(&text, 4).is_none(), true);
        }

        #[test]
        fn any_text_is_refused_or_has_no_more_rows_than_bytes(bytes in prop::collection::vec(0..5_u8, 0..60)) {
            if let Some((rows, columns)) = unpack(&BASE64.encode(&bytes), 3) {
                prop_assert!(rows <= bytes.len());
                prop_assert_eq!(columns.len(), 3);
            }
        }

        #[test]
        fn integers_and_hashes_are_as_before(integer: i64, hashes: Vec<u32>) {
            prop_assert_eq!(unfolded(folded(integer)), integer);
            prop_assert_eq!(unpack_hashes(&pack_hashes(&hashes)), Some(hashes));
        }
    }

    #[test]
    fn a_column_is_as_wide_as_its_largest_number_but_the_first() {
        let len = |column: &[u64]| {
            let mut text = String::new();
            pack(&[vec![1; column.len()], column.to_vec()], &mut text);
            BASE64.decode(text.as_bytes()).unwrap().len() - column.len()
        };
        let [same, narrow] = [len(&[7; 100]), len(&[u64::MAX, 1, 2, 3])];
        assert_eq!((len(&[9; 50]), len(&[1, 1, 2, 3, 4]), len(&[1, 1, 2, 3, 256])), (same, same + 4, same + 8));
        assert_eq!(narrow, same + 8 - 1 + 3);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let text = |bytes: &[u8]| BASE64.encode(bytes);
        // Two rows of one column, the same with another width, one with nothing for the second row, and rows above the limit.
        assert_eq!(unpack(&text(&[1, 2, 1, 9, 1, 5]), 1), Some((2, vec![Column::Each(vec![9, 5])])));
        assert_eq!(unpack(&text(&[1, 2, 1, 9, 5, 5]), 1), None);
        assert_eq!(unpack(&text(&[1, 2, 1, 9, 0]), 1), None);
        assert_eq!(unpack(&text(&[1, 2, 1, 9, SAME]), 1), None);
        assert_eq!(unpack(&text(&[4, 0, 0, 0, 1, 0, 0]), 1), None);
        assert_eq!(unpack(&text(&[9; 20]), 1), None);
        assert_eq!(unpack("not base64!", 1), None);
        assert_eq!(unpack_hashes("AAAA"), None);
        assert_eq!((folded(0), folded(-1), folded(1), folded(i64::MIN)), (0, 1, 2, u64::MAX));
    }
}
