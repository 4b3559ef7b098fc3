//! Formats the progress of a run as one line of ASCII, so that its length in bytes is its width in columns.

use std::time::Duration;

use crate::amount::Amount;
use crate::report::wording::{counted, grouped, size};

/// Returns the progress line, such as ` 37%, 1.2 GiB of 3.2 GiB, 14 of 212 files, 450.0 MiB/s, 5 s left`. Without a `total`, the
/// line has only the amount that was read and the speed. The speed is the average of the whole run so far.
#[must_use]
pub fn line(read: Amount, total: Option<Amount>, elapsed: Duration) -> String {
    let mut parts = Vec::new();
    match total {
        Some(total) => {
            // A log may have grown between being listed and being opened, so more can be read than the total.
            let bytes = total.bytes.max(read.bytes);
            if let Some(percent) = (u128::from(read.bytes) * 100).checked_div(u128::from(bytes)) {
                parts.push(format!("{percent:>3}%"));
            }
            parts.push(format!("{} of {}", size(read.bytes), size(bytes)));
            parts.push(format!("{} of {}", grouped(read.files), counted(total.files.max(read.files), "file")));
        }
        None => {
            parts.push(size(read.bytes));
            parts.extend((read.files > 0).then(|| counted(read.files, "file")));
        }
    }
    parts.push(format!("{}/s", size(per_second(read.bytes, elapsed))));
    let left = total.and_then(|total| seconds_left(read.bytes, total.bytes, elapsed));
    parts.extend(left.map(|seconds| format!("{} left", duration(seconds))));
    parts.join(", ")
}

fn per_second(bytes: u64, elapsed: Duration) -> u64 {
    let per_second = u128::from(bytes) * 1000 / elapsed.as_millis().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

/// Returns the remaining seconds at the average speed so far, rounded up. `None` if nothing has been read yet, or if nothing is
/// left.
fn seconds_left(read: u64, total: u64, elapsed: Duration) -> Option<u64> {
    let left = total.checked_sub(read).filter(|&left| left > 0)?;
    let millis = elapsed.as_millis().saturating_mul(u128::from(left)).checked_div(u128::from(read))?;
    u64::try_from(millis.div_ceil(1000)).ok()
}

/// Formats a duration in its two largest units, such as `1 min 39 s`.
fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", grouped(seconds / 3600), seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn amount(bytes: u64, files: u64) -> Amount {
        Amount { bytes, files }
    }

    #[test]
    fn with_a_total_the_line_has_a_percentage_and_the_time_left() {
        let shown = |bytes, files, seconds| {
            line(amount(bytes, files), Some(amount(3000 * MIB, 1212)), Duration::from_secs(seconds))
        };
        assert_eq!(shown(0, 0, 1), "  0%, 0 B of 2.9 GiB, 0 of 1,212 files, 0 B/s");
        assert_eq!(shown(30 * MIB, 2, 1), "  1%, 30.0 MiB of 2.9 GiB, 2 of 1,212 files, 30.0 MiB/s, 1 min 39 s left");
        assert_eq!(shown(2000 * MIB, 1001, 4), " 66%, 2.0 GiB of 2.9 GiB, 1,001 of 1,212 files, 500.0 MiB/s, 2 s left");
        assert_eq!(
            shown(2999 * MIB, 1211, 10),
            " 99%, 2.9 GiB of 2.9 GiB, 1,211 of 1,212 files, 299.9 MiB/s, 1 s left"
        );
        assert_eq!(shown(3000 * MIB, 1212, 10), "100%, 2.9 GiB of 2.9 GiB, 1,212 of 1,212 files, 300.0 MiB/s");
        // 1 MiB in one minute.
        assert_eq!(shown(MIB, 0, 60), "  0%, 1.0 MiB of 2.9 GiB, 0 of 1,212 files, 17.1 KiB/s, 49 h 59 min left");
    }

    #[test]
    fn without_a_total_the_line_has_no_percentage_and_no_time_left() {
        let shown = |read| line(read, None, Duration::from_millis(500));
        assert_eq!(shown(amount(0, 0)), "0 B, 0 B/s");
        assert_eq!(shown(amount(5 * MIB, 0)), "5.0 MiB, 10.0 MiB/s");
        assert_eq!(shown(amount(5 * MIB, 1)), "5.0 MiB, 1 file, 10.0 MiB/s");
    }

    #[test]
    fn the_percentage_is_at_most_100_and_nothing_is_divided_by_zero() {
        let shown = |read, total| line(read, Some(total), Duration::ZERO);
        // Files that were created or grew after they were listed.
        assert_eq!(shown(amount(20, 3), amount(10, 2)), "100%, 20 B of 20 B, 3 of 3 files, 19.5 KiB/s");
        assert_eq!(shown(amount(0, 0), amount(0, 1)), "0 B of 0 B, 0 of 1 file, 0 B/s");
        let huge = amount(u64::MAX, u64::MAX);
        assert!(line(huge, Some(huge), Duration::MAX).starts_with("100%, "));
        assert!(line(amount(1, 0), Some(huge), Duration::MAX).ends_with("B/s"));
    }
}
