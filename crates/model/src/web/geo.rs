//! Countries that a distribution is for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Which countries' viewers are served, by ISO 3166-1 codes of two capital letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Geo {
    /// All.
    #[default]
    Anywhere,
    /// These: a whitelist.
    Only(BTreeSet<String>),
    /// All but these: a blacklist.
    Except(BTreeSet<String>),
}

impl Geo {
    /// Whether a viewer there is served. One of whom nobody knows where they are is.
    #[must_use]
    pub fn serves(&self, country: Option<&str>) -> bool {
        match (self, country) {
            (Self::Anywhere, _) | (_, None) => true,
            (Self::Only(countries), Some(country)) => countries.contains(country),
            (Self::Except(countries), Some(country)) => !countries.contains(country),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whitelist_serves_its_countries_and_a_blacklist_all_others() {
        let countries: BTreeSet<String> = ["DE", "FR"].map(str::to_owned).into();
        let (only, except) = (Geo::Only(countries.clone()), Geo::Except(countries));
        assert!(only.serves(Some("DE")) && !only.serves(Some("US")));
        assert!(!except.serves(Some("DE")) && except.serves(Some("US")));
        assert!(Geo::Anywhere.serves(Some("US")));
    }

    #[test]
    fn who_can_not_be_located_is_served() {
        for geo in [Geo::Anywhere, Geo::Only(["DE".to_owned()].into()), Geo::Except(["DE".to_owned()].into())]
        {
            assert!(geo.serves(None), "{geo:?}");
        }
    }
}
