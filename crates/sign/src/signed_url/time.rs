//! Times as a viewer reads them.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

const DAY: u64 = 86_400;
/// The last second of the year 9999, which is as far as dates of four digits go.
const LAST: u64 = 253_402_300_799;

/// Seconds since 1970, shown as `2013-01-01T10:00:00Z`.
pub(super) struct Time(pub(super) u64);

/// So many seconds, shown in a unit that says enough.
pub(super) struct Ago(pub(super) u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = UNIX_EPOCH + Duration::from_secs(self.0.min(LAST));
        humantime::format_rfc3339_seconds(time).fmt(f)
    }
}

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..120 => (1, "s"),
            120..7200 => (60, "min"),
            7200..172_800 => (3600, "h"),
            _ => (DAY, "days"),
        };
        write!(f, "{} {name}", self.0 / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_357_034_400, "2013-01-01T10:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (99_999_999_999, "5138-11-16T09:46:39Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Time(seconds).to_string(), text);
        }
    }

    #[test]
    fn spans_have_a_unit_that_says_enough() {
        for (seconds, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "119 min"),
            (7200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
            (u64::MAX, "213503982334601 days"),
        ] {
            assert_eq!(Ago(seconds).to_string(), text);
        }
    }
}
