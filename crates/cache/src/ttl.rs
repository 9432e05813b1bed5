//! How long a found version is believed: the rules of CloudFront's RTMP distributions.

use millrace_origin::ObjectInfo;
use std::time::{Duration, SystemTime};

const HOUR: u64 = 3600;

/// What a number too large to hold stands for; longer than any bound.
const FOR_EVER: u64 = 1 << 40;

/// Bounds on how long an object's version is believed before the origin is asked again.
///
/// `Cache-Control: max-age` wins over `Expires`; an object with neither lives for `default`. Whatever the
/// object says, the result lies between `min` and `max`; `no-cache`, `no-store` and `private` mean `min`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl {
    /// For objects that say nothing: 24 hours.
    pub default: Duration,
    /// The least: one hour.
    pub min: Duration,
    /// The most: 100 years.
    pub max: Duration,
}

impl Default for Ttl {
    fn default() -> Self {
        Self {
            default: Duration::from_secs(24 * HOUR),
            min: Duration::from_secs(HOUR),
            max: Duration::from_secs(100 * 365 * 24 * HOUR),
        }
    }
}

impl Ttl {
    /// How long `object`, received at `now`, is believed.
    pub fn lifetime(&self, object: &ObjectInfo, now: SystemTime) -> Duration {
        let expires = || object.expires.map(|date| date.duration_since(now).unwrap_or_default());
        let control = object.cache_control.as_deref().map(Control::parse).unwrap_or_default();
        let said = match control {
            Control { uncacheable: true, .. } => Some(Duration::ZERO),
            Control { max_age: Some(age), .. } => Some(age),
            _ => expires(),
        };
        // The bounds come from a person; `max` below `min` must not panic as `clamp` would.
        said.unwrap_or(self.default).min(self.max).max(self.min)
    }
}

#[derive(Default)]
struct Control {
    max_age: Option<Duration>,
    uncacheable: bool,
}

impl Control {
    fn parse(header: &str) -> Self {
        let mut control = Self::default();
        for directive in header.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-cache" | "no-store" | "private" => control.uncacheable = true,
                "max-age" => control.max_age = control.max_age.or_else(|| seconds(value)),
                _ => {}
            }
        }
        control
    }
}

/// Delta-seconds (RFC 9111 section 1.2.2).
fn seconds(value: &str) -> Option<Duration> {
    let digits = value.trim().trim_matches('"');
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| Duration::from_secs(digits.parse().unwrap_or(FOR_EVER)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use millrace_origin::Version;

    fn lifetime(control: Option<&str>, expires_in: Option<i64>) -> u64 {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let mut object = ObjectInfo::new(Version::new("v"), 1);
        object.cache_control = control.map(Into::into);
        object.expires = expires_in.map(|seconds| {
            let distance = Duration::from_secs(seconds.unsigned_abs());
            if seconds < 0 { now - distance } else { now + distance }
        });
        Ttl::default().lifetime(&object, now).as_secs()
    }

    #[test]
    fn nothing_said_means_a_day() {
        assert_eq!(lifetime(None, None), 86_400);
        assert_eq!(lifetime(Some("public"), None), 86_400);
        assert_eq!(lifetime(Some("max-age=soon"), None), 86_400);
    }

    #[test]
    fn max_age_wins_over_expires() {
        assert_eq!(lifetime(Some("public, Max-Age=\"7200\""), Some(9000)), 7200);
        assert_eq!(lifetime(None, Some(9000)), 9000);
        assert_eq!(lifetime(Some("public"), Some(9000)), 9000);
    }

    #[test]
    fn an_hour_is_the_least_also_of_what_must_not_be_cached() {
        for header in ["max-age=0", "max-age=60", "no-cache", "no-store", "private, max-age=9000"] {
            assert_eq!(lifetime(Some(header), None), 3600, "{header}");
        }
        assert_eq!(lifetime(None, Some(-5)), 3600);
    }

    #[test]
    fn a_hundred_years_is_the_most() {
        let most = 100 * 365 * 86_400;
        assert_eq!(lifetime(Some("max-age=4000000000"), None), most);
        assert_eq!(lifetime(Some("max-age=99999999999999999999999"), None), most);
    }
}
