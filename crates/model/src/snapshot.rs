//! The picture of all distributions that an edge works from.

use std::collections::HashMap;
use std::sync::Arc;

use crate::{HostPattern, StreamingDistribution, web};

/// All distributions at one time. Immutable: a change makes a new one.
///
/// Both kinds share one set of host names: a name means one distribution, of whichever kind, or none.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    by_name: HashMap<String, Owner>,
    /// Wildcard aliases, the longest first, so that the closest one wins.
    by_pattern: Vec<(HostPattern, Owner)>,
    default: Option<Arc<StreamingDistribution>>,
    by_id: HashMap<String, Arc<StreamingDistribution>>,
    web: HashMap<String, Arc<web::Distribution>>,
    web_default: Option<Arc<web::Distribution>>,
}

/// Whose a host name is.
#[derive(Debug, Clone)]
enum Owner {
    Streaming(Arc<StreamingDistribution>),
    Web(Arc<web::Distribution>),
}

impl Owner {
    fn is_enabled(&self) -> bool {
        match self {
            Self::Streaming(distribution) => distribution.enabled,
            Self::Web(distribution) => distribution.enabled,
        }
    }
}

/// Why a host name selects nothing. The texts are CloudFront's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// No distribution has that name, or the one that has is disabled.
    #[error("DistributionNotFound")]
    NotFound,
    /// The distribution that has that name is for the other protocol: it serves HTTP and not RTMP, or the reverse.
    #[error("DistributionTypeMismatch")]
    TypeMismatch,
}

impl Snapshot {
    /// Streaming distributions in the order in which they claim host names and ids; the first claim counts. `default` is
    /// the id of the one that takes viewers of unknown hosts and of bare addresses.
    #[must_use]
    pub fn new(distributions: Vec<StreamingDistribution>, default: Option<&str>) -> Self {
        let mut snapshot = Self::default();
        for distribution in distributions.into_iter().map(Arc::new) {
            snapshot.by_id.entry(distribution.id.clone()).or_insert_with(|| Arc::clone(&distribution));
            if default == Some(distribution.id.as_str()) {
                snapshot.default = Some(Arc::clone(&distribution));
            }
            let owner = Owner::Streaming(Arc::clone(&distribution));
            snapshot.claim(&distribution.domain_name, &distribution.aliases, &owner);
        }
        snapshot.sorted()
    }

    /// And web distributions, whose claims come behind. `default` is the id of the one that takes requests for unknown
    /// hosts and for bare addresses.
    #[must_use]
    pub fn with_web(mut self, distributions: Vec<web::Distribution>, default: Option<&str>) -> Self {
        for distribution in distributions.into_iter().map(Arc::new) {
            self.web.entry(distribution.id.clone()).or_insert_with(|| Arc::clone(&distribution));
            if default == Some(distribution.id.as_str()) {
                self.web_default = Some(Arc::clone(&distribution));
            }
            let owner = Owner::Web(Arc::clone(&distribution));
            self.claim(&distribution.domain_name, &distribution.aliases, &owner);
        }
        self.sorted()
    }

    fn claim(&mut self, domain_name: &str, aliases: &[HostPattern], owner: &Owner) {
        for pattern in [HostPattern::new(domain_name)].iter().chain(aliases) {
            if pattern.as_str().starts_with('*') {
                self.by_pattern.push((pattern.clone(), owner.clone()));
            } else {
                self.by_name.entry(pattern.as_str().to_owned()).or_insert_with(|| owner.clone());
            }
        }
    }

    fn sorted(mut self) -> Self {
        // Of the same wildcard the first claim stays in front.
        self.by_pattern.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.as_str().len()));
        self
    }

    /// The streaming distribution with that id, also a disabled one.
    #[must_use]
    pub fn distribution(&self, id: &str) -> Option<&Arc<StreamingDistribution>> {
        self.by_id.get(id)
    }

    /// The web distribution with that id, also a disabled one.
    #[must_use]
    pub fn web_distribution(&self, id: &str) -> Option<&Arc<web::Distribution>> {
        self.web.get(id)
    }

    /// All web distributions, in no order.
    pub fn web_distributions(&self) -> impl Iterator<Item = &Arc<web::Distribution>> {
        self.web.values()
    }

    /// Whether there is a streaming distribution with that id that takes viewers.
    #[must_use]
    pub fn takes(&self, id: &str) -> bool {
        self.distribution(id).is_some_and(|distribution| distribution.enabled)
    }

    /// Whose a host name is; disabled ones own nothing that a viewer could use.
    fn owner(&self, host: &str) -> Option<Result<&Owner, HostError>> {
        let by_pattern = || self.by_pattern.iter().find(|(pattern, _)| pattern.matches(host)).map(|(_, o)| o);
        let owner = self.by_name.get(host).or_else(by_pattern)?;
        Some(if owner.is_enabled() { Ok(owner) } else { Err(HostError::NotFound) })
    }

    /// The streaming distribution that `host` (lower case, no port) means.
    ///
    /// # Errors
    /// When there is none, or it is disabled: that is no secret, but CloudFront answers both alike. When it is a web
    /// distribution's.
    pub fn streaming(&self, host: &str) -> Result<&Arc<StreamingDistribution>, HostError> {
        match self.owner(host).transpose()? {
            Some(Owner::Streaming(distribution)) => Ok(distribution),
            Some(Owner::Web(_)) => Err(HostError::TypeMismatch),
            None => self.default.as_ref().filter(|default| default.enabled).ok_or(HostError::NotFound),
        }
    }

    /// The web distribution that `host` (lower case, no port) means.
    ///
    /// # Errors
    /// When there is none, or it is disabled, or it is a streaming distribution's.
    pub fn web(&self, host: &str) -> Result<&Arc<web::Distribution>, HostError> {
        match self.owner(host).transpose()? {
            Some(Owner::Web(distribution)) => Ok(distribution),
            Some(Owner::Streaming(_)) => Err(HostError::TypeMismatch),
            None => self.web_default.as_ref().filter(|default| default.enabled).ok_or(HostError::NotFound),
        }
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
            pages: Vec::new(),
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

    fn web(id: &str, domain_name: &str, aliases: &[&str]) -> web::Distribution {
        web::Distribution {
            id: id.to_owned(),
            domain_name: domain_name.to_owned(),
            aliases: aliases.iter().map(|alias| HostPattern::new(alias)).collect(),
            enabled: true,
            default_root_object: None,
            origins: Vec::new(),
            groups: Vec::new(),
            behaviors: Vec::new(),
            default_behavior: web::Behavior::of("none"),
            errors: Vec::new(),
            geo: web::Geo::Anywhere,
            http2: false,
            http3: false,
            ipv6: false,
        }
    }

    /// What RTMP and what HTTP finds.
    fn both<'a>(snapshot: &'a Snapshot, host: &str) -> [Result<&'a str, HostError>; 2] {
        [
            snapshot.streaming(host).map(|found| found.id.as_str()),
            snapshot.web(host).map(|found| found.id.as_str()),
        ]
    }

    #[test]
    fn a_host_means_a_distribution_of_one_kind_and_the_other_protocol_is_told_so() {
        let streaming = vec![distribution("S", "s1.example.net", &["media.example.com"])];
        let snapshot = Snapshot::new(streaming, None)
            .with_web(vec![web("D", "D1.example.net", &["*.example.com"])], None);
        let mismatch = Err(HostError::TypeMismatch);
        assert_eq!(both(&snapshot, "s1.example.net"), [Ok("S"), mismatch]);
        assert_eq!(both(&snapshot, "media.example.com"), [Ok("S"), mismatch], "the name before the wildcard");
        assert_eq!(both(&snapshot, "d1.example.net"), [mismatch, Ok("D")]);
        assert_eq!(both(&snapshot, "www.example.com"), [mismatch, Ok("D")]);
        assert_eq!(both(&snapshot, "example.com"), [Err(HostError::NotFound); 2]);
        assert_eq!(HostError::TypeMismatch.to_string(), "DistributionTypeMismatch");
    }

    #[test]
    fn of_two_claims_the_closest_wildcard_counts_and_of_equal_ones_the_first() {
        let streaming = vec![distribution("S", "s1.example.net", &["*.example.com", "www.example.com"])];
        let webs =
            vec![web("D", "d1.example.net", &["*.de.example.com", "*.example.com", "www.example.com"])];
        let snapshot = Snapshot::new(streaming, None).with_web(webs, None);
        assert_eq!(snapshot.web("x.de.example.com").map(|found| found.id.as_str()), Ok("D"));
        assert_eq!(found(&snapshot, "x.example.com"), Some("S"));
        assert_eq!(found(&snapshot, "www.example.com"), Some("S"));
    }

    #[test]
    fn each_protocol_has_a_default_of_its_own_for_hosts_that_nobody_has() {
        let make = |default, web_default| {
            let streaming = vec![distribution("S", "s1.example.net", &[])];
            Snapshot::new(streaming, default).with_web(vec![web("D", "d1.example.net", &[])], web_default)
        };
        let not_found = Err(HostError::NotFound);
        assert_eq!(both(&make(Some("S"), None), "127.0.0.1"), [Ok("S"), not_found]);
        assert_eq!(both(&make(None, Some("D")), "127.0.0.1"), [not_found, Ok("D")]);
        let both_defaults = make(Some("S"), Some("D"));
        assert_eq!(both(&both_defaults, "127.0.0.1"), [Ok("S"), Ok("D")]);
        assert_eq!(
            both(&both_defaults, "d1.example.net")[0],
            Err(HostError::TypeMismatch),
            "somebody has that one"
        );
    }

    #[test]
    fn a_disabled_web_distribution_is_not_found_by_either_protocol() {
        let mut disabled = web("D", "d1.example.net", &["*.example.com"]);
        disabled.enabled = false;
        let snapshot = Snapshot::new(Vec::new(), None)
            .with_web(vec![disabled, web("E", "d2.example.net", &[])], Some("E"));
        for host in ["d1.example.net", "www.example.com"] {
            assert_eq!(both(&snapshot, host), [Err(HostError::NotFound); 2], "{host}");
        }
        assert!(snapshot.web_distribution("D").is_some() && snapshot.web_distribution("X").is_none());
        assert_eq!(snapshot.web_distributions().count(), 2);
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
