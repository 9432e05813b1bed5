//! The URL of a stream.

use std::net::SocketAddr;
use std::str::FromStr;

use anyhow::Context;

/// `rtmp://HOST[:PORT]/APP/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StreamUrl {
    /// Host and port as written.
    authority: String,
    pub(super) app: String,
    pub(super) name: String,
}

impl FromStr for StreamUrl {
    type Err = String;

    /// The app is `cfx/st` where the path begins so, else its first part; the rest is the name.
    fn from_str(text: &str) -> Result<Self, String> {
        let wants = || format!("{text:?} is no stream; write rtmp://HOST[:PORT]/cfx/st/NAME");
        let rest = text.strip_prefix("rtmp://").ok_or_else(wants)?;
        let (authority, path) = rest.split_once('/').ok_or_else(wants)?;
        let cut =
            if path.starts_with("cfx/st/") { "cfx/st".len() } else { path.find('/').ok_or_else(wants)? };
        let (app, name) = (&path[..cut], &path[cut + 1..]);
        if authority.is_empty() || app.is_empty() || name.is_empty() {
            return Err(wants());
        }
        Ok(Self { authority: authority.to_owned(), app: app.to_owned(), name: name.to_owned() })
    }
}

impl std::fmt::Display for StreamUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.tc_url(), self.name)
    }
}

impl StreamUrl {
    /// The URL of the application.
    pub(super) fn tc_url(&self) -> String {
        format!("rtmp://{}/{}", self.authority, self.app)
    }

    /// Where to connect; the port is 1935 unless the URL has one.
    pub(super) async fn resolve(&self) -> anyhow::Result<SocketAddr> {
        let has_port = self.authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let target = if has_port { self.authority.clone() } else { format!("{}:1935", self.authority) };
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
        for url in ["http://h/a/b", "rtmp://h", "rtmp://h/app", "rtmp:///app/x", "rtmp://h/cfx/st/"] {
            assert!(cut(url).is_err(), "{url}");
        }
    }
}
