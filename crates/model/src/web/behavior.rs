//! How requests for some paths are served.

use serde::{Deserialize, Serialize};

use super::{ForwardRules, KeyRules, PathPattern, ResponseRules, Select, Ttl};

/// A cache behaviour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Behavior {
    /// The paths that it is for.
    pub pattern: PathPattern,
    /// The id of an origin, or of a group of origins.
    pub target: String,
    /// Whether viewers may come without TLS.
    pub viewer_protocol: ViewerProtocol,
    /// What viewers may ask for.
    pub methods: Methods,
    /// Whether answers to OPTIONS are kept.
    pub cache_options: bool,
    /// Whether the edge compresses what viewers take compressed and the origin sent as it is.
    pub compress: bool,
    /// The ids of the keys whose signatures let viewers in, disabled ones among them; none: nobody needs a signature. An
    /// empty list lets nobody in, and neither does a snapshot that does not say.
    #[serde(default = "nobody")]
    pub trusted_keys: Option<Vec<String>>,
    /// What tells copies apart.
    pub key: KeyRules,
    /// What the origin gets to see besides.
    pub forward: ForwardRules,
    /// What is done with answers.
    #[serde(default)]
    pub response: ResponseRules,
    /// For how long they are kept.
    pub ttl: Ttl,
    /// Why it can't be obeyed, for the operator: it names something that is not there. Its viewers are refused, since
    /// whatever were done instead would be a guess.
    #[serde(default)]
    pub fault: Option<String>,
}

fn nobody() -> Option<Vec<String>> {
    Some(Vec::new())
}

/// Whether viewers may come without TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewerProtocol {
    /// They may.
    #[default]
    AllowAll,
    /// They are refused.
    HttpsOnly,
    /// They are sent to the same URL with `https`.
    RedirectToHttps,
}

/// What viewers may ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Methods {
    /// GET and HEAD.
    #[default]
    GetHead,
    /// And OPTIONS.
    GetHeadOptions,
    /// And PUT, POST, PATCH, DELETE.
    All,
}

impl Methods {
    /// Whether a method is among them.
    #[must_use]
    pub fn allow(self, method: &str) -> bool {
        match method {
            "GET" | "HEAD" => true,
            "OPTIONS" => self != Self::GetHead,
            "PUT" | "POST" | "PATCH" | "DELETE" => self == Self::All,
            _ => false,
        }
    }
}

impl Behavior {
    /// For all paths, with nothing of the request in the key and CloudFront's times to live.
    #[must_use]
    pub fn of(target: &str) -> Self {
        Self {
            pattern: PathPattern::new("*"),
            target: target.to_owned(),
            viewer_protocol: ViewerProtocol::default(),
            methods: Methods::default(),
            cache_options: false,
            compress: false,
            trusted_keys: None,
            key: KeyRules::default(),
            forward: ForwardRules::default(),
            response: ResponseRules::default(),
            ttl: Ttl::default(),
            fault: None,
        }
    }

    /// Whether answers to a method may be kept at all.
    #[must_use]
    pub fn caches(&self, method: &str) -> bool {
        let method = match method {
            "GET" | "HEAD" => true,
            "OPTIONS" => self.cache_options,
            _ => false,
        };
        method && !self.ttl.max.is_zero() && self.key.headers != Select::All
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [&str; 7] = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"];

    #[test]
    fn there_are_three_sets_of_methods_and_nothing_beyond() {
        let allowed = |methods: Methods| ALL.iter().filter(|method| methods.allow(method)).count();
        assert_eq!([Methods::GetHead, Methods::GetHeadOptions, Methods::All].map(allowed), [2, 3, 7]);
        for method in ["TRACE", "CONNECT", "get", ""] {
            assert!(!Methods::All.allow(method), "{method}");
        }
    }

    #[test]
    fn get_and_head_are_kept_options_if_asked_for_and_others_never() {
        let behavior = Behavior::of("origin");
        let kept = |behavior: &Behavior| ALL.iter().filter(|method| behavior.caches(method)).count();
        assert_eq!(kept(&behavior), 2);
        assert_eq!(kept(&Behavior { cache_options: true, ..behavior }), 3);
    }

    #[test]
    fn nothing_is_kept_when_all_headers_are_forwarded_or_no_time_is_allowed() {
        let mut behavior = Behavior::of("origin");
        behavior.key.headers = Select::All;
        assert!(!behavior.caches("GET"));
        assert!(!Behavior { ttl: Ttl::ZERO, ..Behavior::of("origin") }.caches("GET"));
    }

    #[test]
    fn a_snapshot_that_does_not_say_who_may_come_lets_nobody_in() {
        let mut kept = serde_json::to_value(Behavior::of("origin")).expect("JSON");
        let open: Behavior = serde_json::from_value(kept.clone()).expect("a behaviour");
        assert_eq!(open.trusted_keys, None);
        kept.as_object_mut().expect("an object").remove("trusted_keys");
        let closed: Behavior = serde_json::from_value(kept).expect("a behaviour");
        assert_eq!(closed.trusted_keys, Some(Vec::new()));
    }
}
