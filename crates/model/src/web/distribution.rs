//! A web distribution as a whole.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Behavior, ERROR_TTL, ErrorRule, Geo, Origin, OriginGroup};
use crate::HostPattern;

/// A web distribution: objects from its origins, to viewers over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// `E…` and 13 more characters at CloudFront.
    pub id: String,
    /// Its own host name, `d….suffix`, in lower case.
    pub domain_name: String,
    /// More host names under which it answers.
    pub aliases: Vec<HostPattern>,
    /// A disabled one serves nobody.
    pub enabled: bool,
    /// What is served for `/`: the name of an object, without a slash in front. Never used for other folders.
    #[serde(default)]
    pub default_root_object: Option<String>,
    /// Where bytes come from.
    pub origins: Vec<Origin>,
    /// Origins in pairs.
    #[serde(default)]
    pub groups: Vec<OriginGroup>,
    /// Behaviours for some paths, in the order in which they are tried.
    #[serde(default)]
    pub behaviors: Vec<Behavior>,
    /// The one for all other paths.
    pub default_behavior: Behavior,
    /// What is done with errors.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
    /// Countries that it is for.
    pub geo: Geo,
    /// Whether viewers may use HTTP/2. HTTP/1.1 they always may.
    #[serde(default)]
    pub http2: bool,
    /// Whether they may use HTTP/3.
    #[serde(default)]
    pub http3: bool,
    /// Whether they may come over IPv6.
    #[serde(default)]
    pub ipv6: bool,
}

/// Where a behaviour's requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target<'d> {
    /// The origin that is asked first.
    pub first: &'d Origin,
    /// The one that is asked when that fails, and the answers of the first that are failures.
    pub second: Option<(&'d Origin, &'d BTreeSet<u16>)>,
}

impl Distribution {
    /// How requests for a path (without its query) are served: the first behaviour that is for it.
    #[must_use]
    pub fn behavior(&self, path: &str) -> &Behavior {
        self.behaviors
            .iter()
            .find(|behavior| behavior.pattern.matches(path))
            .unwrap_or(&self.default_behavior)
    }

    /// Where a behaviour's requests go. None if what it names is not there, which the API does not allow.
    #[must_use]
    pub fn target(&self, behavior: &Behavior) -> Option<Target<'_>> {
        if let Some(first) = self.origin(&behavior.target) {
            return Some(Target { first, second: None });
        }
        let group = self.groups.iter().find(|group| group.id == behavior.target)?;
        let (first, second) = (self.origin(&group.primary)?, self.origin(&group.secondary)?);
        Some(Target { first, second: Some((second, &group.status_codes)) })
    }

    /// The origin with that id.
    #[must_use]
    pub fn origin(&self, id: &str) -> Option<&Origin> {
        self.origins.iter().find(|origin| origin.id == id)
    }

    /// The rule for answers of a status.
    #[must_use]
    pub fn error_rule(&self, status: u16) -> Option<&ErrorRule> {
        self.errors.iter().find(|rule| rule.status == status)
    }

    /// For how long an error is kept at least.
    #[must_use]
    pub fn error_ttl(&self, status: u16) -> Duration {
        self.error_rule(status).map_or(ERROR_TTL, |rule| rule.ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::{Bucket, ErrorPage, OriginKind, PathPattern};

    fn origin(id: &str) -> Origin {
        Origin {
            id: id.to_owned(),
            domain_name: format!("{id}.s3.amazonaws.com"),
            path: String::new(),
            headers: Vec::new(),
            attempts: 3,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            completion_timeout: None,
            kind: OriginKind::S3(Bucket::default()),
        }
    }

    fn behavior(pattern: &str, target: &str) -> Behavior {
        Behavior { pattern: PathPattern::new(pattern), ..Behavior::of(target) }
    }

    fn distribution() -> Distribution {
        let group = |id: &str, primary: &str, secondary: &str| OriginGroup {
            id: id.to_owned(),
            primary: primary.to_owned(),
            secondary: secondary.to_owned(),
            status_codes: [500, 404].into(),
        };
        Distribution {
            id: "E1".to_owned(),
            domain_name: "d1.example.net".to_owned(),
            aliases: vec![HostPattern::new("www.example.com")],
            enabled: true,
            default_root_object: None,
            origins: vec![origin("a"), origin("b")],
            groups: vec![group("both", "b", "a"), group("half", "a", "gone")],
            behaviors: vec![behavior("images/*.jpg", "a"), behavior("images/*", "b"), behavior("*.gif", "a")],
            default_behavior: behavior("*", "both"),
            errors: vec![ErrorRule {
                status: 404,
                page: Some(ErrorPage { path: "/404.html".to_owned(), status: 200 }),
                ttl: Duration::from_secs(60),
            }],
            geo: Geo::Anywhere,
            http2: true,
            http3: false,
            ipv6: true,
        }
    }

    #[test]
    fn behaviours_are_tried_in_their_order_and_the_default_comes_last() {
        let distribution = distribution();
        for (path, pattern) in [
            ("/images/a.jpg", "/images/*.jpg"),
            ("/images/a.gif", "/images/*"),
            ("/a.gif", "/*.gif"),
            ("/a.GIF", "/*"),
            ("/", "/*"),
        ] {
            assert_eq!(distribution.behavior(path).pattern.as_str(), pattern, "{path}");
        }
    }

    #[test]
    fn a_target_is_an_origin_or_two() {
        let distribution = distribution();
        let ids = |target: &str| {
            let target = distribution.target(&behavior("*", target))?;
            Some((
                target.first.id.as_str(),
                target.second.map(|(origin, codes)| (origin.id.as_str(), codes.len())),
            ))
        };
        assert_eq!(ids("a"), Some(("a", None)));
        assert_eq!(ids("both"), Some(("b", Some(("a", 2)))));
        assert_eq!((ids("half"), ids("none")), (None, None));
    }

    #[test]
    fn errors_are_kept_as_their_rule_says_or_for_ten_seconds() {
        let distribution = distribution();
        assert_eq!(distribution.error_ttl(404), Duration::from_secs(60));
        assert_eq!(distribution.error_ttl(503), Duration::from_secs(10));
        assert!(distribution.error_rule(404).is_some() && distribution.error_rule(503).is_none());
    }

    #[test]
    fn it_is_kept_as_json_and_what_a_later_version_adds_is_no_hindrance() {
        let distribution = distribution();
        let mut kept = serde_json::to_value(&distribution).expect("JSON");
        kept["new"] = 1.into();
        kept["default_behavior"]["new"] = 2.into();
        assert_eq!(serde_json::from_value::<Distribution>(kept).expect("a distribution"), distribution);
    }
}
