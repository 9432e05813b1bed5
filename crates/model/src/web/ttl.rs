//! For how long answers are kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The bounds of a cache behaviour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ttl {
    /// Answers are kept for so long, whatever the origin says; with zero also `no-store` and its like are obeyed.
    pub min: Duration,
    /// So long where the origin says nothing.
    pub default: Duration,
    /// Never longer, whatever the origin says.
    pub max: Duration,
}

impl Ttl {
    /// Nothing is kept.
    pub const ZERO: Self = Self { min: Duration::ZERO, default: Duration::ZERO, max: Duration::ZERO };

    /// What counts of what the origin said (`s-maxage`, `max-age` or `Expires`).
    #[must_use]
    pub fn of(&self, said: Duration) -> Duration {
        said.min(self.max).max(self.min)
    }

    /// What counts when it said nothing.
    #[must_use]
    pub fn of_nothing(&self) -> Duration {
        self.default.max(self.min)
    }

    /// What counts when it said `no-cache`, `no-store` or `private`; zero: it is obeyed.
    #[must_use]
    pub fn of_never(&self) -> Duration {
        self.min
    }
}

impl Default for Ttl {
    /// CloudFront's: from nothing to a year, a day if the origin does not care.
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        Self { min: Duration::ZERO, default: day, max: day * 365 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_the_origin_says_counts_within_the_bounds() {
        let ttl = Ttl { min: seconds(10), default: seconds(60), max: seconds(100) };
        assert_eq!([5, 50, 500].map(|said| ttl.of(seconds(said)).as_secs()), [10, 50, 100]);
    }

    #[test]
    fn without_a_word_the_default_counts_but_never_less_than_the_least() {
        let ttl = Ttl { min: seconds(10), default: seconds(60), max: seconds(100) };
        assert_eq!(ttl.of_nothing(), seconds(60));
        assert_eq!(Ttl { default: seconds(0), ..ttl }.of_nothing(), seconds(10));
    }

    #[test]
    fn never_means_never_unless_there_is_a_least() {
        assert_eq!(Ttl::default().of_never(), Duration::ZERO);
        assert_eq!(Ttl { min: seconds(10), ..Ttl::default() }.of_never(), seconds(10));
    }
}
