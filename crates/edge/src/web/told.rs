//! What the edge knows of a viewer and tells origins, as CloudFront does: where he is, what he looks at, how he came.
//!
//! Where such a header is in the cache key, it is this that tells copies apart, and no line of a viewer's own.

use std::borrow::Cow;
use std::net::IpAddr;

/// Who asks, as far as an origin may be told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    /// Where he is.
    pub(super) address: IpAddr,
    /// Whether he speaks TLS.
    pub(super) tls: bool,
    /// His country, if it is known.
    pub(super) country: Option<&'a str>,
    /// What he says that he is: his `User-Agent`.
    pub(super) agent: &'a str,
}

/// The headers that are asked for by name (in lower case), with what is known.
pub(super) fn told<'a>(
    asker: Asker<'a>,
    is_asked_for: impl Fn(&str) -> bool,
) -> Vec<(&'static str, Cow<'a, str>)> {
    let scheme = if asker.tls { "https" } else { "http" };
    let truth = |is: bool| Some(if is { "true" } else { "false" }.into());
    let device = || Device::of(asker.agent);
    let mut told = Vec::new();
    let mut tell = |name: &'static str, value: &dyn Fn() -> Option<Cow<'a, str>>| {
        if is_asked_for(name) {
            told.extend(value().map(|value| (name, value)));
        }
    };
    tell("cloudfront-forwarded-proto", &|| Some(scheme.into()));
    tell("cloudfront-viewer-country", &|| asker.country.map(Cow::from));
    tell("cloudfront-viewer-address", &|| Some(asker.address.to_string().into()));
    tell("cloudfront-is-desktop-viewer", &|| truth(device() == Device::Desktop));
    tell("cloudfront-is-mobile-viewer", &|| truth(matches!(device(), Device::Phone | Device::Tablet)));
    tell("cloudfront-is-smarttv-viewer", &|| truth(device() == Device::Television));
    tell("cloudfront-is-tablet-viewer", &|| truth(device() == Device::Tablet));
    told
}

/// What the headers begin with that nobody but an edge may write.
pub(super) const BEGINNING: &str = "cloudfront-";

/// Whether nobody but an edge may write this header (in lower case).
pub(super) fn is_edges(name: &str) -> bool {
    name.starts_with(BEGINNING)
}

/// What a viewer looks at, by the words in `User-Agent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Device {
    Desktop,
    Phone,
    Tablet,
    Television,
}

impl Device {
    fn of(agent: &str) -> Self {
        let agent = agent.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| agent.contains(word));
        if says(&[
            "smart-tv", "smarttv", "googletv", "appletv", "apple tv", "hbbtv", "netcast", "web0s", "roku",
        ]) {
            Self::Television
        } else if says(&["ipad", "tablet", "kindle", "silk/"]) || says(&["android"]) && !says(&["mobile"]) {
            Self::Tablet
        } else if says(&["mobile", "iphone", "ipod", "android"]) {
            Self::Phone
        } else {
            Self::Desktop
        }
    }
}
