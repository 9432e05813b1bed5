//! Times as a viewer reads them.

use std::fmt;

const DAY: u64 = 86_400;
/// Days from the first of March of the year 0 to 1970.
const DAYS_BEFORE_1970: u64 = 719_468;
/// The Gregorian calendar repeats itself after 400 years.
const DAYS_OF_400_YEARS: u64 = 146_097;

/// Seconds since 1970, shown as `2013-01-01T10:00:00Z`.
pub(super) struct Time(pub(super) u64);

/// So many seconds, shown in a unit that says enough.
pub(super) struct Ago(pub(super) u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil(self.0 / DAY);
        let (hour, minute, second) = (self.0 / 3600 % 24, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
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

/// Years are counted from March, so the day that some of them lack is their last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_BEFORE_1970;
    let (cycle, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (next, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
    (cycle * 400 + year + next, month, day)
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
