//! The time of a request, a second of UTC.

use std::fmt;
use std::time::{Duration, SystemTime};

/// The last second that four digits of a year can name.
const LAST: u64 = 253_402_300_799;
/// Days from the first of March of the year 0 to 1970.
const DAYS_BEFORE_1970: u64 = 719_468;
const DAY: u64 = 86_400;
/// The Gregorian calendar repeats itself after 400 years.
const DAYS_OF_400_YEARS: u64 = 146_097;

/// Seconds since 1970. Its text is SigV4's `yyyymmddThhmmssZ`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp(u64);

impl Stamp {
    /// The second that `time` lies in; times before 1970 or after 9999 are moved to that border.
    pub(super) fn of(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self(since.as_secs().min(LAST))
    }

    /// Reads `yyyymmddThhmmssZ`, as in `X-Amz-Date`.
    pub(super) fn basic(text: &str) -> Option<Self> {
        let digits = |from: usize, to: usize| -> Option<u64> {
            text.get(from..to)?.bytes().try_fold(0, |number, byte| {
                byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
            })
        };
        let days = days(digits(0, 4)?, digits(4, 6)?, digits(6, 8)?)?;
        let stamp = Self(days * DAY + digits(9, 11)? * 3600 + digits(11, 13)? * 60 + digits(13, 15)?);
        // A month 13, a 30th of February, an hour 24 or other letters come out as another text.
        (stamp.to_string() == text).then_some(stamp)
    }

    /// Reads a `Date` header: an HTTP date, which some clients end with a number instead of `GMT`, or the basic form.
    pub(super) fn header(text: &str) -> Option<Self> {
        let zone = ["-0000", "+0000", "UTC"].iter().find_map(|zone| text.strip_suffix(zone));
        let date = zone.map_or_else(|| text.to_owned(), |rest| format!("{rest}GMT"));
        Self::basic(text).or_else(|| httpdate::parse_http_date(&date).ok().map(Self::of))
    }

    /// `yyyymmdd`.
    pub(super) fn date(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}{month:02}{day:02}")
    }

    pub(super) fn earlier(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by.as_secs()))
    }

    pub(super) fn later(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by.as_secs()).min(LAST))
    }

    /// Years are counted from March, so the day that some of them lack is their last.
    fn civil(self) -> (u64, u64, u64) {
        let days = self.0 / DAY + DAYS_BEFORE_1970;
        let (cycle, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (next, month) = if month < 10 { (0, month + 3) } else { (1, month - 9) };
        (cycle * 400 + year + next, month, day)
    }
}

/// Days since 1970. Days and months that do not exist give some other day, or none.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    days.checked_sub(DAYS_BEFORE_1970 + 1)
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.0 % DAY / 3600, self.0 % 3600 / 60, self.0 % 60);
        write!(f, "{}T{hour:02}{minute:02}{second:02}Z", self.date())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_seconds_have_their_text() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (4_107_542_400, "21000301T000000Z"),
            (LAST, "99991231T235959Z"),
        ] {
            assert_eq!(Stamp(seconds).to_string(), text);
            assert_eq!(Stamp::basic(text), Some(Stamp(seconds)));
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in 0..DAYS_OF_400_YEARS + 1 {
            let stamp = Stamp(day * DAY + day % DAY);
            assert_eq!(Stamp::basic(&stamp.to_string()), Some(stamp));
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600z",
            "20150830 123600Z",
            "20150830T123600ZZ",
            "20151301T000000Z",
            "20150001T000000Z",
            "20150230T000000Z",
            "20150800T000000Z",
            "20150830T240000Z",
            "20150830T126000Z",
            "20150830T123660Z",
            "19691231T235959Z",
            "00000000T000000Z",
            "+0150830T123600Z",
            "2015é830T123600Z",
        ] {
            assert_eq!(Stamp::basic(text), None, "{text}");
        }
    }

    #[test]
    fn dates_of_http_and_of_mail_are_read() {
        let stamp = Stamp::basic("20150830T123600Z");
        for text in [
            "Sun, 30 Aug 2015 12:36:00 GMT",
            "Sun, 30 Aug 2015 12:36:00 UTC",
            "Sun, 30 Aug 2015 12:36:00 -0000",
            "Sun, 30 Aug 2015 12:36:00 +0000",
            "20150830T123600Z",
        ] {
            assert_eq!(Stamp::header(text), stamp, "{text}");
        }
        assert_eq!(Stamp::header("Sun, 30 Aug 2015 12:36:00 +0200"), None);
    }
}
