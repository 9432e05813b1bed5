//! Times on the command line.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::{format_duration, format_rfc3339_seconds, parse_duration, parse_rfc3339_weak};

/// Less than this is no time that anybody means: it was in 2001.
const FIRST: u64 = 1_000_000_000;
/// More is a time in milliseconds.
const LAST: u64 = 99_999_999_999;

/// A time, or how far it is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// So long from now.
    In(Duration),
    /// Seconds since 1970.
    At(u64),
}

impl When {
    /// In seconds since 1970.
    pub(crate) fn seconds(self, now: u64) -> u64 {
        match self {
            Self::In(length) => now.saturating_add(length.as_secs()),
            Self::At(seconds) => seconds,
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return epoch(text).map(Self::At);
        }
        let length = parse_duration(text).map(Self::In).ok();
        length.or_else(|| date(text).map(Self::At)).ok_or_else(|| {
            format!(
                "{text:?} is no time; write how long from now (2h, 30d), a time such as 2030-01-31T18:00:00Z, \
                 or seconds since 1970"
            )
        })
    }
}

fn epoch(digits: &str) -> Result<u64, String> {
    match digits.parse() {
        Ok(seconds) if seconds < FIRST => {
            Err(format!("{digits} is before 2001; a length of time needs a unit, such as {digits}s"))
        }
        Ok(seconds) if seconds <= LAST => Ok(seconds),
        _ => Err(format!("{digits} looks like milliseconds; write seconds since 1970")),
    }
}

/// RFC 3339, also with a blank for the `T`; without an offset it is UTC, and without a time midnight.
fn date(text: &str) -> Option<u64> {
    let (text, offset) = offset(text)?;
    let text = if text.len() == "2030-01-31".len() { format!("{text}T00:00:00") } else { text.to_owned() };
    let time = parse_rfc3339_weak(&text).ok()?;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    seconds.checked_add_signed(-offset)
}

/// What stands before an offset such as `+02:00`, and its seconds.
fn offset(text: &str) -> Option<(&str, i64)> {
    let split = text.len().checked_sub("+02:00".len()).filter(|at| text.is_char_boundary(*at));
    let Some((time, offset)) = split.map(|at| text.split_at(at)) else { return Some((text, 0)) };
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        // A date without a time ends so as well: `2030-01-31`.
        b'-' if offset.contains(':') => -1,
        _ => return Some((text, 0)),
    };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let two = |digits: &str, least_too_much: i64| {
        let number = digits.parse().ok().filter(|_| digits.len() == 2)?;
        (0..least_too_much).contains(&number).then_some(number)
    };
    Some((time, sign * (two(hours, 24)? * 3600 + two(minutes, 60)? * 60)))
}

/// Seconds since 1970 at this moment.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A time for people.
pub(crate) fn shown(seconds: u64) -> String {
    match UNIX_EPOCH.checked_add(Duration::from_secs(seconds)) {
        // Years with five digits have no form.
        Some(time) if seconds < 253_402_300_800 => format_rfc3339_seconds(time).to_string(),
        _ => format!("{seconds} s after 1970"),
    }
}

/// A length of time for people: its two largest units.
pub(crate) fn length(seconds: u64) -> String {
    let whole = format_duration(Duration::from_secs(seconds)).to_string();
    whole.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> u64 {
        text.parse::<When>().unwrap_or_else(|error| panic!("{error}")).seconds(1_000)
    }

    fn fault(text: &str) -> String {
        text.parse::<When>().expect_err(text)
    }

    #[test]
    fn a_length_counts_from_now() {
        assert_eq!(at("2h"), 1_000 + 7_200);
        assert_eq!(at("30d"), 1_000 + 30 * 86_400);
        assert_eq!(at("1h 30m"), 1_000 + 5_400);
        assert_eq!(at("0s"), 1_000);
    }

    #[test]
    fn a_time_is_written_in_seconds_or_as_a_date() {
        for text in [
            "1893456000",
            "2030-01-01T00:00:00Z",
            "2030-01-01T00:00:00.5Z",
            "2030-01-01T02:00:00+02:00",
            "2029-12-31T18:30:00-05:30",
            "2030-01-01 00:00:00",
            "2030-01-01",
        ] {
            assert_eq!(at(text), 1_893_456_000, "{text}");
        }
    }

    #[test]
    fn what_is_most_likely_meant_otherwise_is_said() {
        assert!(fault("3600").contains("needs a unit, such as 3600s"), "{}", fault("3600"));
        assert!(fault("1893456000000").contains("milliseconds"), "{}", fault("1893456000000"));
        for wrong in [
            "",
            "soon",
            "2030-13-01",
            "2030-01-01T00:00:00+2:00",
            "2030-01-01T00:00:00+24:00",
            "-2h",
            "ü+02:00",
        ] {
            assert!(fault(wrong).contains("is no time"), "{wrong}: {}", fault(wrong));
        }
    }

    #[test]
    fn times_are_shown_for_people() {
        assert_eq!(shown(1_893_456_000), "2030-01-01T00:00:00Z");
        assert_eq!(shown(LAST), "5138-11-16T09:46:39Z");
        assert_eq!(shown(u64::MAX), format!("{} s after 1970", u64::MAX));
        assert_eq!(
            (length(7_260), length(100 * 86_400 + 5)),
            ("2h 1m".to_owned(), "3months 8days".to_owned())
        );
    }
}
