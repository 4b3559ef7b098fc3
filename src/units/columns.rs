//! Finds the user in the rows of a sign-in log that was downloaded as CSV.
//!
//! A pattern sees one line, and in a row nothing but its place tells a user such as `ann` from other values. The headings in the first line
//! of a source say which cell it is. A row with another number of cells, such as a part of a value with a line end, has no user.

use memchr::memchr;

use super::Units;

/// The headings of the column with the user, in lower case.
const USERS: [&[u8]; 4] =
    [b"userprincipalname", b"user principal name", b"properties.userprincipalname", b"benutzerprinzipalname"];
/// Headings that are also used for other users, such as that of the service which wrote the row, in lower case.
const PERHAPS_USERS: [&[u8]; 2] = [b"username", b"benutzername"];
/// Headings by which a table is known as a sign-in log, in lower case.
const OF_SIGN_INS: [&[u8]; 6] = [
    b"authentication requirement",
    b"correlation id",
    b"korrelations-id",
    b"multifactor authentication result",
    b"request id",
    b"sign-in error code",
];

/// The column with the user in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserColumn {
    separator: u8,
    /// The index of the column, and the number of columns.
    index: u16,
    of: u16,
}

impl UserColumn {
    /// Finds the column by the headings with which `head`, the beginning of a text in these units, begins. Returns `None` if it begins
    /// with none.
    pub(crate) fn of(head: &[u8], units: Units) -> Option<UserColumn> {
        // Without the NULs, ASCII in UTF-16 is ASCII.
        let ascii: Vec<u8> = head.iter().copied().filter(|&byte| byte != 0 || units == Units::Bytes).collect();
        let marks = ascii.iter().take_while(|byte| matches!(byte, 0xEF | 0xBB | 0xBF | 0xFE | 0xFF)).count();
        let mut rest = &ascii[marks..];
        // Excel and PowerShell write these lines before the headings.
        let line = loop {
            let (line, after) = rest.split_at(memchr(b'\n', rest)?);
            if !line.starts_with(b"sep=") && !line.starts_with(b"#TYPE ") {
                break line.trim_ascii_end();
            }
            rest = &after[1..];
        };
        let separator = *line.iter().find(|byte| b",;\t".contains(byte))?;
        let headings: Vec<Vec<u8>> =
            cells(line, separator).map(|cell| cell.trim_ascii().to_ascii_lowercase()).collect();
        let place = |names: &[&[u8]]| headings.iter().position(|heading| names.contains(&heading.as_slice()));
        let index = place(&USERS).or_else(|| place(&PERHAPS_USERS).filter(|_| place(&OF_SIGN_INS).is_some()))?;
        let number = |index: usize| u16::try_from(index).ok();
        Some(UserColumn { separator, index: number(index)?, of: number(headings.len())? })
    }

    /// Returns the user in a row, or `None` if the row has another number of cells.
    pub(crate) fn user(self, row: &[u8]) -> Option<&[u8]> {
        let mut user = None;
        let mut len = 0;
        for cell in cells(row, self.separator) {
            user = if len == usize::from(self.index) { Some(cell) } else { user };
            len += 1;
        }
        user.map(<[u8]>::trim_ascii).filter(|user| len == usize::from(self.of) && !user.is_empty())
    }
}

/// Returns the cells of a row, without the quotes around them.
fn cells(row: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(row);
    std::iter::from_fn(move || {
        let row = rest?;
        let mut is_in_quotes = false;
        let end = row.iter().position(|&byte| {
            is_in_quotes ^= byte == b'"';
            byte == separator && !is_in_quotes
        });
        let cell = &row[..end.unwrap_or(row.len())];
        rest = end.map(|end| &row[end + 1..]);
        Some(cell.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(cell))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_column_is_known_by_its_heading() {
        let column = |separator, index, of| Some(UserColumn { separator, index, of });
        for (head, expected) in [
            ("Date (UTC),Request ID,User,Username,Status\n", column(b',', 3, 5)),
            ("\u{feff}\"Date (UTC)\",\"Request ID\",\"User\",\"Username\"\r\nx", column(b',', 3, 4)),
            ("sep=;\r\nTimeGenerated;UserPrincipalName\r\n", column(b';', 1, 2)),
            ("#TYPE System.Object\n\"Id\"\t\"User principal name\"\n", column(b'\t', 1, 2)),
            // Not the end of the headings, no sign-ins, and no table.
            ("Date (UTC),Request ID,User,Username", None),
            ("Date,Username,Message\n", None),
            ("2026-11-26, Username: ann\n", None),
            ("Username\n", None),
            ("", None),
        ] {
            assert_eq!(UserColumn::of(head.as_bytes(), Units::Bytes), expected, "{head}");
            let utf16: Vec<u8> = head.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(UserColumn::of(&utf16, Units::Utf16Le), expected, "{head}");
        }
    }

    #[test]
    fn a_row_with_all_cells_has_a_user() {
        let column = UserColumn { separator: b',', index: 1, of: 3 };
        for (row, user) in [
            ("a,ann,b", Some("ann")),
            ("\"a, \"\"b\"\"\",\"CONTOSO\\ann\",", Some("CONTOSO\\ann")),
            ("a,,b", None),
            ("a,ann", None),
            ("a,ann,b,c", None),
            ("a,ann,\"b", Some("ann")),
            ("a,\"ann,b", None),
        ] {
            assert_eq!(column.user(row.as_bytes()), user.map(str::as_bytes), "{row}");
        }
    }
}
