//! Columns of numbers as a short text: base64 of little-endian numbers.
//!
//! The number of rows comes first, and then each column: its first value, the width of the others in bytes, and the others, or [`SAME`] if
//! they are equal to the first. The first value has a width of its own because it is larger than the others in a column of distances.
//! The first column has at least a byte for each row, so that a short text cannot claim many rows.

use base64_simd::STANDARD as BASE64;

/// The largest number of rows. A part of a log has fewer, because it is not much larger than a chunk.
const ROWS_LIMIT: u64 = 4 << 20;

/// The largest width of a number in bytes.
const WIDEST: u8 = 8;
/// What is written instead of the width if all values are equal.
const SAME: u8 = WIDEST + 1;

/// Packs columns of equal lengths, one after another.
pub(crate) struct Packer {
    bytes: Vec<u8>,
    /// The values of the current column.
    column: Vec<u64>,
    is_first: bool,
}

impl Packer {
    /// Begins with columns of this length.
    pub(crate) fn new(rows: usize) -> Packer {
        let mut bytes = Vec::with_capacity(16 + rows * 16);
        push(&mut bytes, rows as u64);
        Packer { bytes, column: Vec::with_capacity(rows), is_first: true }
    }

    /// Packs the next column.
    pub(crate) fn column(&mut self, values: impl Iterator<Item = u64>) {
        let Packer { bytes, column, is_first } = self;
        column.clear();
        column.extend(values);
        let (first, rest) = column.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest));
        push(bytes, first);
        let is_first = std::mem::take(is_first);
        if !is_first && rest.iter().all(|value| *value == first) {
            return bytes.push(SAME);
        }
        let bits = rest.iter().fold(u64::from(is_first), |bits, value| bits | value);
        let width = width(bits);
        bytes.push(width);
        // The widths are written out, so that the compiler knows them.
        match width {
            0 => {}
            1 => push_all::<1>(bytes, rest),
            2 => push_all::<2>(bytes, rest),
            3 => push_all::<3>(bytes, rest),
            4 => push_all::<4>(bytes, rest),
            _ => push_all::<8>(bytes, rest),
        }
    }

    /// Appends the text of all columns.
    pub(crate) fn finish(self, text: &mut String) {
        BASE64.encode_append(&self.bytes, text);
    }
}

/// Returns the width of numbers with these bits: one of those that a [`Packer`] writes.
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
    let start = bytes.len();
    bytes.resize(start + values.len() * WIDTH, 0);
    let (places, _) = bytes[start..].as_chunks_mut::<WIDTH>();
    for (place, value) in places.iter_mut().zip(values) {
        if let Some(low) = value.to_le_bytes().first_chunk() {
            *place = *low;
        }
    }
}

/// A packed column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column<'b> {
    /// The value of the first row.
    first: u64,
    /// The width of the others and their bytes, or `None` if all values are equal.
    others: Option<(u8, &'b [u8])>,
}

impl Column<'_> {
    /// Returns the value of all rows if they are equal.
    pub(crate) fn same(&self) -> Option<u64> {
        self.others.is_none().then_some(self.first)
    }

    /// Calls `set` with each item and the value of its row.
    #[inline]
    pub(crate) fn each<T>(&self, items: &mut [T], mut set: impl FnMut(&mut T, u64)) {
        let Some((first, rest)) = items.split_first_mut() else { return };
        set(first, self.first);
        let Some((width, bytes)) = self.others else { return rest.iter_mut().for_each(|item| set(item, self.first)) };
        match width {
            1 => each::<1, T>(bytes, rest, set),
            2 => each::<2, T>(bytes, rest, set),
            3 => each::<3, T>(bytes, rest, set),
            4 => each::<4, T>(bytes, rest, set),
            WIDEST => each::<8, T>(bytes, rest, set),
            _ => rest.iter_mut().for_each(|item| set(item, 0)),
        }
    }

    /// Returns the values of all rows.
    pub(crate) fn values(&self, rows: usize) -> Vec<u64> {
        let mut values = vec![0; rows];
        self.each(&mut values, |place, value| *place = value);
        values
    }
}

#[inline]
fn each<const WIDTH: usize, T>(bytes: &[u8], items: &mut [T], mut set: impl FnMut(&mut T, u64)) {
    let (chunks, _) = bytes.as_chunks::<WIDTH>();
    for (item, chunk) in items.iter_mut().zip(chunks) {
        let mut wide = [0; 8];
        wide[..WIDTH].copy_from_slice(chunk);
        set(item, u64::from_le_bytes(wide));
    }
}

/// The bytes of packed columns.
pub(crate) struct Unpacked(Vec<u8>);

impl Unpacked {
    /// Decodes a text. Returns `None` if it is not base64.
    pub(crate) fn of(text: &str) -> Option<Unpacked> {
        BASE64.decode_to_vec(text).ok().map(Unpacked)
    }

    /// Returns the number of rows and this many columns. Returns `None` if they are not what a [`Packer`] has packed.
    pub(crate) fn columns<const COLUMNS: usize>(&self) -> Option<(usize, [Column<'_>; COLUMNS])> {
        let mut rest = self.0.as_slice();
        let rows = usize::try_from(next(&mut rest)?.min(ROWS_LIMIT + 1)).ok();
        let rows = rows.filter(|rows| *rows as u64 <= ROWS_LIMIT)?;
        let mut columns = [Column { first: 0, others: None }; COLUMNS];
        for (index, column) in columns.iter_mut().enumerate() {
            column.first = next(&mut rest)?;
            let width = *rest.split_off_first()?;
            if width == SAME && index > 0 {
                continue;
            }
            if !matches!(width, 0..=4 | WIDEST) || index == 0 && width == 0 {
                return None;
            }
            let others = rest.split_off(..usize::from(width).checked_mul(rows.saturating_sub(1))?)?;
            column.others = Some((width, others));
        }
        rest.is_empty().then_some((rows, columns))
    }
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
    let mut bytes = vec![0; size_of_val(hashes)];
    let (places, _) = bytes.as_chunks_mut();
    places.iter_mut().zip(hashes).for_each(|(place, hash)| *place = hash.to_le_bytes());
    BASE64.encode_to_string(&bytes)
}

/// Returns the hashes that [`pack_hashes`] has packed.
pub(crate) fn unpack_hashes(text: &str) -> Option<Vec<u32>> {
    let bytes = BASE64.decode_to_vec(text).ok()?;
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

    fn packed(columns: &[Vec<u64>]) -> String {
        let mut packer = Packer::new(columns[0].len());
        columns.iter().for_each(|column| packer.column(column.iter().copied()));
        let mut text = String::new();
        packer.finish(&mut text);
        text
    }

    proptest! {
        #[test]
        fn columns_are_as_before(rows in 0_usize..40, seed in prop::collection::vec(value(), 120), same: bool) {
            let columns: Vec<Vec<u64>> = (0..3).map(|column| {
                (0..rows).map(|row| if same && column == 1 { seed[0] } else { seed[column * 40 + row] }).collect()
            }).collect();
            let unpacked = Unpacked::of(&packed(&columns)).unwrap();
            let (found, of_rows) = unpacked.columns::<3>().unwrap();
            prop_assert_eq!(found, rows);
            prop_assert_eq!(of_rows.map(|column| column.values(rows)).to_vec(), columns);
            prop_assert!(unpacked.columns::<2>().is_none() && unpacked.columns::<4>().is_none());
        }

        #[test]
        fn any_text_is_refused_or_has_no_more_rows_than_bytes(bytes in prop::collection::vec(0..5_u8, 0..60)) {
            if let Some((rows, columns)) = Unpacked(bytes.clone()).columns::<3>() {
                prop_assert!(rows <= bytes.len());
                columns.iter().for_each(|column| assert_eq!(column.values(rows).len(), rows));
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
            let text = packed(&[vec![1; column.len()], column.to_vec()]);
            Unpacked::of(&text).unwrap().0.len() - column.len()
        };
        let [same, narrow] = [len(&[7; 100]), len(&[u64::MAX, 1, 2, 3])];
        assert_eq!((len(&[9; 50]), len(&[1, 1, 2, 3, 4]), len(&[1, 1, 2, 3, 256])), (same, same + 4, same + 8));
        assert_eq!(narrow, same + 8 - 1 + 3);
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let unpacked = |bytes: &[u8]| {
            let columns = Unpacked(bytes.to_vec());
            columns.columns::<1>().map(|(rows, [column])| (rows, column.values(rows)))
        };
        // Two rows of one column, the same with another width, one with nothing for the second row, and rows above the limit.
        assert_eq!(unpacked(&[1, 2, 1, 9, 1, 5]), Some((2, vec![9, 5])));
        assert_eq!(unpacked(&[1, 2, 1, 9, 5, 5]), None);
        assert_eq!(unpacked(&[1, 2, 1, 9, 0]), None);
        assert_eq!(unpacked(&[1, 2, 1, 9, SAME]), None);
        assert_eq!(unpacked(&[4, 0, 0, 0, 1, 0, 0]), None);
        assert_eq!(unpacked(&[9; 20]), None);
        assert!(Unpacked::of("not base64!").is_none());
        assert_eq!(unpack_hashes("AAAA"), None);
        assert_eq!((folded(0), folded(-1), folded(1), folded(i64::MIN)), (0, 1, 2, u64::MAX));
    }
}
