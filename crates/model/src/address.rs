//! Where a viewer connected to: `tcUrl` and `app` of its connect command.

/// The longest `tcUrl` or `app` taken, bytes.
const LONGEST: usize = 4096;

/// What `tcUrl` and `app` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The host, lower case, without port; it selects the distribution.
    pub host: String,
    /// What the app holds behind `cfx/st`: the beginning of the object's path, for players that split a URL at its
    /// last slash (JW Player 6, librtmp). Without slashes at its ends.
    pub path: String,
    /// The queries of the app and of the `tcUrl`, without `?`, each once; players put parameters there when the name
    /// can't carry them.
    pub queries: Vec<String>,
}

/// Why an address is none. The texts are CloudFront's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No host can be found in it, or its application is not `cfx`.
    #[error("InvalidURI")]
    InvalidUri,
    /// The second part of the application is not `st`.
    #[error("InvalidInstance")]
    InvalidInstance,
}

impl Address {
    /// Reads connect's `tcUrl` and `app`. An empty app is taken from the `tcUrl`'s path.
    ///
    /// # Errors
    /// When there is no host or the application is not `cfx/st`, with any number of slashes around each part.
    pub fn parse(tc_url: &str, app: &str) -> Result<Self, AddressError> {
        if tc_url.len() > LONGEST || app.len() > LONGEST {
            return Err(AddressError::InvalidUri);
        }
        let host = host_of(tc_url).ok_or(AddressError::InvalidUri)?;
        let app = if app.is_empty() { path_of(tc_url) } else { app };
        let query_of = |text: &str| text.split_once('?').map(|(_, query)| query.to_owned());
        let mut queries: Vec<String> = query_of(app).into_iter().chain(query_of(path_of(tc_url))).collect();
        queries.dedup();
        let app = app.split('?').next().unwrap_or_default();
        let mut parts = app.split('/').filter(|part| !part.is_empty());
        if parts.next() != Some("cfx") {
            return Err(AddressError::InvalidUri);
        }
        if parts.next() != Some("st") {
            return Err(AddressError::InvalidInstance);
        }
        let path = parts.collect::<Vec<_>>().join("/");
        Ok(Self { host, path, queries })
    }
}

/// The part of a URL behind its authority, with the slash and the query.
fn path_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).map_or("", |at| &rest[at..])
}

/// The host of an `rtmp…://` URL: lower case, without user, port, brackets and final dot.
#[must_use]
pub fn host_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.to_ascii_lowercase().starts_with("rtmp") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty() && !host.contains(|c: char| c.is_control() || c.is_whitespace())).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_found_in_every_form_of_url() {
        for (url, host) in [
            ("rtmp://S5678.Example.net/cfx/st", "s5678.example.net"),
            ("rtmpte://s1.example.net.:80/cfx/st", "s1.example.net"),
            ("rtmp://user:word@s1.example.net:1935/cfx/st/", "s1.example.net"),
            ("rtmp://[2001:db8::1]:1935/cfx/st", "2001:db8::1"),
            ("rtmp://127.0.0.1?x=y", "127.0.0.1"),
        ] {
            assert_eq!(host_of(url).as_deref(), Some(host), "{url}");
        }
        for url in ["", "rtmp://", "http://example.net/", "rtmp:///cfx/st", "rtmp://a b/cfx"] {
            assert_eq!(host_of(url), None, "{url}");
        }
    }

    #[test]
    fn the_app_is_cfx_st_with_any_slashes_and_perhaps_more() {
        let url = "rtmp://s1.example.net/cfx/st";
        for app in ["cfx/st", "/cfx/st/", "cfx//st", "cfx/st?a=b"] {
            assert_eq!(Address::parse(url, app).map(|a| a.path).as_deref(), Ok(""), "{app}");
        }
        let deep = Address::parse(url, "cfx/st/mp4:dir//sub/").expect("cfx/st and more");
        assert_eq!(deep.path, "mp4:dir/sub");
        assert_eq!(Address::parse(url, "").map(|a| a.path).as_deref(), Ok(""));
    }

    #[test]
    fn the_query_is_kept_wherever_it_stands() {
        let address = Address::parse("rtmp://h/cfx/st?Key=1", "cfx/st").expect("a query on the tcUrl");
        assert_eq!(address.queries, ["Key=1"]);
        let address = Address::parse("rtmp://h/cfx/st", "cfx/st?Key=2").expect("a query on the app");
        assert_eq!(address.queries, ["Key=2"]);
        let address = Address::parse("rtmp://h/cfx/st?Key=1", "cfx/st?Key=2").expect("a query on both");
        assert_eq!(address.queries, ["Key=2", "Key=1"]);
        let address = Address::parse("rtmp://h/cfx/st?Key=1", "").expect("no app");
        assert_eq!(address.queries, ["Key=1"]);
    }

    #[test]
    fn what_is_wrong_is_told_in_cloudfronts_words() {
        let url = "rtmp://h/cfx/st";
        assert_eq!(Address::parse(url, "vod"), Err(AddressError::InvalidUri));
        assert_eq!(Address::parse(url, "cfx"), Err(AddressError::InvalidInstance));
        assert_eq!(Address::parse(url, "cfx/live"), Err(AddressError::InvalidInstance));
        assert_eq!(Address::parse("nonsense", "cfx/st"), Err(AddressError::InvalidUri));
        assert_eq!(Address::parse(url, &"x".repeat(5000)), Err(AddressError::InvalidUri));
    }
}
