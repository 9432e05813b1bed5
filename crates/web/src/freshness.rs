//! How long a response may be used (RFC 9111 §4.2), within a behaviour's least, usual and most.
//!
//! ```text
//!      response_time          lifetime            stale_while_revalidate   stale_if_error
//! ────────┼──────────────────────┼──────────────────────────┼───────────────────┼─────────▶
//!  age ───┘      fresh           │  used, and asked anew     │  used if the origin fails
//! ```

use std::time::{Duration, SystemTime};

use http::header::{AGE, DATE, EXPIRES, HeaderMap};

use crate::Directives;

/// A cache behaviour's bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Nothing is asked for anew before.
    pub min: Duration,
    /// For responses that say nothing.
    pub default: Duration,
    /// Everything is asked for anew after.
    pub max: Duration,
}

impl Bounds {
    /// How long is used what says that it may be for so long, or nothing.
    #[must_use]
    pub fn of(&self, said: Option<Duration>) -> Duration {
        // The bounds come from a person; `max` below `min` must not panic as `clamp` would.
        said.unwrap_or(self.default).min(self.max).max(self.min)
    }
}

/// How long a response says that it may be used; none: it says nothing.
#[must_use]
pub fn said(headers: &HeaderMap, directives: &Directives, answered: SystemTime) -> Option<Duration> {
    match (directives.s_maxage, directives.max_age) {
        _ if directives.forbid_use() => Some(Duration::ZERO),
        (Some(age), _) | (None, Some(age)) => Some(age),
        (None, None) => expires(headers, answered),
    }
}

/// When a response came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// When it was asked for.
    pub asked: SystemTime,
    /// When its head was there.
    pub answered: SystemTime,
}

/// How long a response may be used. Ages are counted from [`Moment::answered`] on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// How old it was when it came.
    pub initial_age: Duration,
    /// Fresh below this age.
    pub lifetime: Duration,
    /// So much longer it may be used while the origin is asked.
    pub while_revalidating: Duration,
    /// So much longer it may be used if the origin fails; none: as long as it is there.
    pub if_error: Option<Duration>,
    /// What is kept must be asked for each time.
    pub always_ask: bool,
}

impl Freshness {
    /// Of a response that came at that moment.
    #[must_use]
    pub fn of(headers: &HeaderMap, directives: &Directives, bounds: Bounds, moment: Moment) -> Self {
        let strict = directives.must_revalidate || directives.s_maxage.is_some();
        Self {
            initial_age: initial_age(headers, moment),
            lifetime: bounds.of(said(headers, directives, moment.answered)),
            while_revalidating: directives.stale_while_revalidate.filter(|_| !strict).unwrap_or_default(),
            if_error: if strict { Some(Duration::ZERO) } else { directives.stale_if_error },
            always_ask: directives.forbid_use() && bounds.min.is_zero(),
        }
    }

    /// How old it is, `since` it came.
    #[must_use]
    pub fn age(&self, since: Duration) -> Duration {
        self.initial_age.saturating_add(since)
    }

    /// Whether it may be used without asking.
    #[must_use]
    pub fn is_fresh(&self, since: Duration) -> bool {
        !self.always_ask && self.age(since) < self.lifetime
    }

    /// Whether it may be used while the origin is asked.
    #[must_use]
    pub fn is_usable_while_revalidating(&self, since: Duration) -> bool {
        !self.always_ask && self.age(since) < self.lifetime.saturating_add(self.while_revalidating)
    }

    /// Whether it may be used because the origin failed.
    #[must_use]
    pub fn is_usable_on_error(&self, since: Duration) -> bool {
        self.if_error.is_none_or(|longer| self.age(since) < self.lifetime.saturating_add(longer))
    }
}

/// `Expires` counts from `Date`; one that is no date, or is there twice, has passed.
fn expires(headers: &HeaderMap, answered: SystemTime) -> Option<Duration> {
    let mut lines = headers.get_all(EXPIRES).iter();
    let line = lines.next()?;
    let from = date(headers).unwrap_or(answered);
    let at = line
        .to_str()
        .ok()
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .filter(|_| lines.next().is_none());
    Some(at.and_then(|at| at.duration_since(from).ok()).unwrap_or_default())
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

/// RFC 9111 §4.2.3. An `Age` that is no single number makes a response stale.
fn initial_age(headers: &HeaderMap, moment: Moment) -> Duration {
    let delay = moment.answered.duration_since(moment.asked).unwrap_or_default();
    let apparent =
        date(headers).and_then(|date| moment.answered.duration_since(date).ok()).unwrap_or_default();
    let mut lines = headers.get_all(AGE).iter();
    let said = match (lines.next(), lines.next()) {
        (None, _) => Duration::ZERO,
        (Some(one), None) => match one.to_str().map(str::trim) {
            Ok(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_or(Duration::MAX, Duration::from_secs)
            }
            _ => Duration::MAX,
        },
        (Some(_), Some(_)) => Duration::MAX,
    };
    apparent.max(said.saturating_add(delay))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: u64 = 1_800_000_000;
    const NONE: Bounds =
        Bounds { min: Duration::ZERO, default: Duration::ZERO, max: Duration::from_secs(1 << 31) };

    fn at(seconds: i64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.saturating_add_signed(seconds))
    }

    fn freshness(bounds: Bounds, fields: &[(&'static str, String)]) -> Freshness {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).expect("a header's value"));
        }
        let moment = Moment { asked: at(0), answered: at(0) };
        Freshness::of(&headers, &Directives::of(&headers), bounds, moment)
    }

    fn control(line: &str) -> (&'static str, String) {
        ("cache-control", line.to_owned())
    }

    fn date_of(name: &'static str, seconds: i64) -> (&'static str, String) {
        (name, httpdate::fmt_http_date(at(seconds)))
    }

    fn lifetime(bounds: Bounds, fields: &[(&'static str, String)]) -> u64 {
        freshness(bounds, fields).lifetime.as_secs()
    }

    #[test]
    fn shared_ages_win_over_ages_and_ages_over_dates() {
        assert_eq!(lifetime(NONE, &[control("max-age=60, s-maxage=30")]), 30);
        assert_eq!(lifetime(NONE, &[control("max-age=60"), date_of("expires", 600)]), 60);
        assert_eq!(lifetime(NONE, &[control("max-age=0"), date_of("expires", 600)]), 0);
        assert_eq!(lifetime(NONE, &[date_of("expires", 600)]), 600);
        assert_eq!(lifetime(NONE, &[date_of("expires", 600), date_of("date", 500)]), 100);
        assert_eq!(lifetime(NONE, &[("expires", "0".to_owned())]), 0);
        assert_eq!(lifetime(NONE, &[date_of("expires", -600)]), 0);
        assert_eq!(lifetime(NONE, &[date_of("expires", 600), date_of("expires", 600)]), 0);
    }

    #[test]
    fn a_behaviours_bounds_hold_whatever_is_said() {
        let seconds = Duration::from_secs;
        let bounds = Bounds { min: seconds(10), default: seconds(100), max: seconds(1000) };
        assert_eq!(lifetime(bounds, &[]), 100);
        assert_eq!(lifetime(bounds, &[control("max-age=1")]), 10);
        assert_eq!(lifetime(bounds, &[control("max-age=5000")]), 1000);
        for line in ["no-store", "no-cache", "private"] {
            let freshness = freshness(bounds, &[control(line)]);
            assert_eq!((freshness.lifetime, freshness.always_ask), (seconds(10), false), "{line}");
        }
        let odd = Bounds { min: seconds(1000), default: seconds(1), max: seconds(10) };
        assert_eq!(lifetime(odd, &[]), 1000, "the least wins over the most");
    }

    #[test]
    fn what_must_not_be_used_is_asked_for_each_time() {
        for line in ["no-cache, max-age=60", "private", "no-store"] {
            let freshness = freshness(NONE, &[control(line)]);
            assert!(freshness.always_ask && !freshness.is_fresh(Duration::ZERO), "{line}");
        }
        // Only some of its fields must not be used.
        assert!(freshness(NONE, &[control("no-cache=\"a\", max-age=60")]).is_fresh(Duration::ZERO));
    }

    #[test]
    fn age_counts_from_the_origin_on() {
        let age = |fields: &[(&'static str, String)]| freshness(NONE, fields).initial_age;
        assert_eq!(age(&[("age", "30".to_owned())]), Duration::from_secs(30));
        assert_eq!(age(&[date_of("date", -50)]), Duration::from_secs(50));
        assert_eq!(age(&[date_of("date", -50), ("age", "70".to_owned())]), Duration::from_secs(70));
        for odd in ["abc", "-7", "7.0", "0, 0", "0;a=b", ""] {
            assert_eq!(age(&[("age", odd.to_owned())]), Duration::MAX, "{odd}");
        }
        assert_eq!(age(&[("age", "0".to_owned()), ("age", "0".to_owned())]), Duration::MAX);
        let old = freshness(NONE, &[control("max-age=60"), ("age", "50".to_owned())]);
        assert!(old.is_fresh(Duration::from_secs(9)) && !old.is_fresh(Duration::from_secs(10)));
    }

    #[test]
    fn stale_responses_are_used_as_long_as_they_say() {
        let seconds = Duration::from_secs;
        let said = freshness(NONE, &[control("max-age=10, stale-while-revalidate=5, stale-if-error=20")]);
        assert!(
            said.is_usable_while_revalidating(seconds(14)) && !said.is_usable_while_revalidating(seconds(15))
        );
        assert!(said.is_usable_on_error(seconds(29)) && !said.is_usable_on_error(seconds(30)));
        let silent = freshness(NONE, &[control("max-age=10")]);
        assert!(
            !silent.is_usable_while_revalidating(seconds(10)) && silent.is_usable_on_error(seconds(1000))
        );
        for line in ["max-age=10, must-revalidate", "max-age=10, proxy-revalidate", "s-maxage=10"] {
            let strict = freshness(NONE, &[control(line)]);
            assert!(
                strict.is_usable_on_error(seconds(9)) && !strict.is_usable_on_error(seconds(10)),
                "{line}"
            );
        }
    }
}
