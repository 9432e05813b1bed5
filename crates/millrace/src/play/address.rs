//! The URL of a stream.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::Context;
use millrace_model::Variant;

/// `rtmp://HOST[:PORT]/APP/NAME`, or the same with the scheme of another variant or of a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamUrl {
    pub(super) variant: Variant,
    /// Whether a WebSocket carries it, as in a page.
    pub(super) websocket: bool,
    /// Host and port as written.
    pub(super) authority: String,
    pub(super) app: String,
    pub(super) name: String,
}

impl FromStr for StreamUrl {
    type Err = String;

    /// The app is `cfx/st` where the path begins so, else its first part; the rest is the name.
    fn from_str(text: &str) -> Result<Self, String> {
        let wants = || {
            let others = "rtmpe, rtmpt, rtmpte, rtmps, rtmpts, ws or wss";
            format!("{text:?} is no stream; write rtmp://HOST[:PORT]/cfx/st/NAME, or {others}")
        };
        let (scheme, rest) = text.split_once("://").ok_or_else(wants)?;
        let (variant, websocket) = match scheme {
            "ws" => (Variant::Rtmp, true),
            "wss" => (Variant::Rtmps, true),
            _ => (scheme.parse().map_err(|_| wants())?, false),
        };
        let (authority, path) = rest.split_once('/').ok_or_else(wants)?;
        let cut =
            if path.starts_with("cfx/st/") { "cfx/st".len() } else { path.find('/').ok_or_else(wants)? };
        let (app, name) = (&path[..cut], &path[cut + 1..]);
        if authority.is_empty() || app.is_empty() || name.is_empty() {
            return Err(wants());
        }
        Ok(Self {
            variant,
            websocket,
            authority: authority.to_owned(),
            app: app.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl std::fmt::Display for StreamUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = match (self.websocket, self.is_tls()) {
            (false, _) => self.variant.scheme(),
            (true, false) => "ws",
            (true, true) => "wss",
        };
        write!(f, "{scheme}://{}/{}/{}", self.authority, self.app, self.name)
    }
}

impl StreamUrl {
    /// The URL of the application.
    pub(super) fn tc_url(&self) -> String {
        format!("{}://{}/{}", self.variant, self.authority, self.app)
    }

    /// Whether TLS is around it all.
    pub(super) fn is_tls(&self) -> bool {
        matches!(self.variant, Variant::Rtmps | Variant::Rtmpts)
    }

    /// Whether RTMP's own encryption is asked for.
    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.variant, Variant::Rtmpe | Variant::Rtmpte)
    }

    /// The host alone.
    pub(super) fn host(&self) -> &str {
        let host = self.port().map_or(self.authority.as_str(), |(host, _)| host);
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }

    /// What stands before and behind the colon of a port, if there is one.
    fn port(&self) -> Option<(&str, u16)> {
        let (host, port) = self.authority.rsplit_once(':')?;
        Some((host, port.parse().ok()?))
    }

    /// Where to connect; the port is the one that players try unless the URL has one.
    pub(super) async fn resolve(&self) -> anyhow::Result<SocketAddr> {
        let usual = match self.variant {
            Variant::Rtmp if self.websocket => 80,
            Variant::Rtmp | Variant::Rtmpe => 1935,
            Variant::Rtmpt | Variant::Rtmpte => 80,
            Variant::Rtmps | Variant::Rtmpts => 443,
        };
        let target = match self.port() {
            Some(_) => self.authority.clone(),
            None => format!("{}:{usual}", self.authority),
        };
        let mut found = tokio::net::lookup_host(&target)
            .await
            .with_context(|| format!("the host of {target} can't be found"))?;
        found.next().with_context(|| format!("the host of {target} has no address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_into_app_and_name() {
        let cut = |url: &str| url.parse::<StreamUrl>().map(|url| (url.app, url.name));
        let pair = |app: &str, name: &str| Ok((app.to_owned(), name.to_owned()));
        assert_eq!(cut("rtmp://h/cfx/st/mp4:dir/film.mp4"), pair("cfx/st", "mp4:dir/film.mp4"));
        assert_eq!(cut("rtmp://h:1936/vod/film?a=b/c"), pair("vod", "film?a=b/c"));
        assert_eq!(cut("rtmpte://h/cfx/st/film"), pair("cfx/st", "film"));
        for url in ["http://h/a/b", "rtmp://h", "rtmp://h/app", "rtmp:///app/x", "rtmp://h/cfx/st/"] {
            assert!(cut(url).is_err(), "{url}");
        }
    }

    #[tokio::test]
    async fn each_variant_has_its_usual_port_and_every_host_may_have_another() {
        for (authority, scheme, host, address) in [
            ("127.0.0.1", "rtmp", "127.0.0.1", "127.0.0.1:1935"),
            ("127.0.0.1", "rtmpe", "127.0.0.1", "127.0.0.1:1935"),
            ("127.0.0.1", "rtmpt", "127.0.0.1", "127.0.0.1:80"),
            ("127.0.0.1", "rtmpte", "127.0.0.1", "127.0.0.1:80"),
            ("[::1]", "rtmps", "::1", "[::1]:443"),
            ("[::1]:8443", "rtmpts", "::1", "[::1]:8443"),
            ("127.0.0.1", "ws", "127.0.0.1", "127.0.0.1:80"),
            ("127.0.0.1", "wss", "127.0.0.1", "127.0.0.1:443"),
        ] {
            let url = format!("{scheme}://{authority}/cfx/st/film");
            let parsed: StreamUrl = url.parse().expect("a stream");
            assert_eq!(parsed.to_string(), url);
            assert_eq!(parsed.host(), host);
            assert_eq!(parsed.resolve().await.expect("an address").to_string(), address);
        }
    }
}
