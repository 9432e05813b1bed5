//! The wall clock, for what is written down.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, UTC.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// As the API writes times: `2012-05-19T19:37:58.000Z`.
pub(crate) fn iso(ms: i64) -> String {
    let since = Duration::from_millis(ms.try_into().unwrap_or(0));
    humantime::format_rfc3339_millis(UNIX_EPOCH + since).to_string()
}

/// Back from that; `None` if it is no such time.
pub(crate) fn from_iso(text: &str) -> Option<i64> {
    // What `aws` prints ends with an offset, which is UTC's.
    let text = text.strip_suffix("+00:00").map_or_else(|| text.to_owned(), |text| format!("{text}Z"));
    let time = humantime::parse_rfc3339(&text).ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read_as_amazon_and_its_tools_write_them() {
        assert_eq!(iso(1_337_456_278_000), "2012-05-19T19:37:58.000Z");
        assert_eq!(from_iso("2012-05-19T19:37:58.000Z"), Some(1_337_456_278_000));
        assert_eq!(from_iso("2012-05-19T19:37:58.120000+00:00"), Some(1_337_456_278_120));
        assert_eq!(from_iso("yesterday"), None);
    }
}
