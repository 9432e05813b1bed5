//! The picture of all distributions that an edge works from.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{HostPattern, StreamingDistribution};

/// All distributions at one time. Immutable: a change makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    by_name: HashMap<String, Arc<StreamingDistribution>>,
    /// Wildcard aliases, the longest first, so that the closest one wins.
    by_pattern: Vec<(HostPattern, Arc<StreamingDistribution>)>,
    default: Option<Arc<StreamingDistribution>>,
    by_id: HashMap<String, Arc<StreamingDistribution>>,
}

/// Why a host name selects nothing. The texts are CloudFront's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No distribution has that name, or the one that has is disabled.
    #[error("DistributionNotFound")]
    NotFound,
}

impl Snapshot {
    /// Distributions in the order in which they claim host names and ids; the first claim counts. `default` is the
    /// id of the one that takes viewers of unknown hosts and of bare addresses.
    #[must_use]
    pub fn new(distributions: Vec<StreamingDistribution>, default: Option<&str>) -> Self {
        let mut snapshot = Self::default();
        for distribution in distributions.into_iter().map(Arc::new) {
            snapshot.by_id.entry(distribution.id.clone()).or_insert_with(|| Arc::clone(&distribution));
            if default == Some(distribution.id.as_str()) {
                snapshot.default = Some(Arc::clone(&distribution));
            }
            snapshot.claim(HostPattern::new(&distribution.domain_name), &distribution);
            for alias in &distribution.aliases {
                snapshot.claim(alias.clone(), &distribution);
            }
        }
        snapshot.by_pattern.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.as_str().len()));
        snapshot
    }

    /// The distribution with that id, also a disabled one.
    #[must_use]
    pub fn distribution(&self, id: &str) -> Option<&Arc<StreamingDistribution>> {
        self.by_id.get(id)
    }

    /// Whether there is a distribution with that id that takes viewers.
    #[must_use]
    pub fn takes(&self, id: &str) -> bool {
        self.distribution(id).is_some_and(|distribution| distribution.enabled)
    }

    fn claim(&mut self, pattern: HostPattern, distribution: &Arc<StreamingDistribution>) {
        if pattern.as_str().starts_with('*') {
            self.by_pattern.push((pattern, Arc::clone(distribution)));
        } else {
            self.by_name.entry(pattern.as_str().to_owned()).or_insert_with(|| Arc::clone(distribution));
        }
    }

    /// The distribution that `host` (lower case, no port) means.
    ///
    /// # Errors
    /// When there is none, or it is disabled: that is no secret, but CloudFront answers both alike.
    pub fn streaming(&self, host: &str) -> Result<&Arc<StreamingDistribution>, HostError> {
        let by_pattern = || self.by_pattern.iter().find(|(pattern, _)| pattern.matches(host)).map(|(_, d)| d);
        self.by_name
            .get(host)
            .or_else(by_pattern)
            .or(self.default.as_ref())
            .filter(|distribution| distribution.enabled)
            .ok_or(HostError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(id: &str, domain_name: &str, aliases: &[&str]) -> StreamingDistribution {
        StreamingDistribution {
            id: id.to_owned(),
            domain_name: domain_name.to_owned(),
            aliases: aliases.iter().map(|alias| HostPattern::new(alias)).collect(),
            origin: "media".to_owned(),
            enabled: true,
            variants: crate::Variants::ALL,
            swf: Vec::new(),
            trusted_keys: None,
        }
    }

    fn found<'a>(snapshot: &'a Snapshot, host: &str) -> Option<&'a str> {
        snapshot.streaming(host).ok().map(|distribution| distribution.id.as_str())
    }

    #[test]
    fn a_host_selects_by_name_then_by_the_closest_wildcard_then_the_default() {
        let distributions = vec![
            distribution("A", "s1.example.net", &["media.example.com", "*.example.com"]),
            distribution("B", "S2.example.net", &["*.de.example.com"]),
            distribution("C", "s3.example.net", &[]),
        ];
        let snapshot = Snapshot::new(distributions.clone(), None);
        assert_eq!(found(&snapshot, "s1.example.net"), Some("A"));
        assert_eq!(found(&snapshot, "s2.example.net"), Some("B"));
        assert_eq!(found(&snapshot, "x.de.example.com"), Some("B"));
        assert_eq!(found(&snapshot, "x.fr.example.com"), Some("A"));
        assert_eq!(found(&snapshot, "example.com"), None, "a wildcard needs something in its place");
        assert_eq!(found(&snapshot, "127.0.0.1"), None);
        assert_eq!(found(&Snapshot::new(distributions, Some("C")), "127.0.0.1"), Some("C"));
    }

    #[test]
    fn a_disabled_distribution_is_not_found_and_does_not_fall_to_the_default() {
        let mut disabled = distribution("A", "s1.example.net", &[]);
        disabled.enabled = false;
        let snapshot = Snapshot::new(vec![disabled, distribution("B", "s2.example.net", &[])], Some("B"));
        assert_eq!(found(&snapshot, "s1.example.net"), None);
        assert!(!snapshot.takes("A") && snapshot.takes("B") && !snapshot.takes("C"));
    }
}
