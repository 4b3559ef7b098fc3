//! Families of codes that usually rise together, because they have the same cause.

use crate::code::Key;

/// The codes of each family. No code is in two of them.
pub(super) const ALL: [&[i32]; 7] = [
    // The call was not placed.
    &[10, 11, 102, 117],
    // The app was not reached.
    &[133, 135, 136, 137],
    // The text message did not arrive.
    &[120, 121],
    // There are too few licences.
    &[126, 127, 128],
    // The number is wrong.
    &[100, 107, 110, 111],
    // The PIN is wrong or not permitted.
    &[3, 5, 12, 104, 114, 130, 131],
    // The OATH code is wrong or late.
    &[138, 139, 140, 142],
];

/// Returns the index of the family of a code.
pub(super) fn of(key: &Key) -> Option<usize> {
    let code = key.code()?.0;
    ALL.iter().position(|family| family.contains(&code))
}
