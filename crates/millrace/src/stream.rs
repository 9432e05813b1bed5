//! A stream as people point at it: by the URL that players are given.

use millrace_model::Address;
use millrace_sign::redacted;

/// What is asked about.
pub(crate) struct Target {
    /// Id or host.
    pub(crate) name: String,
    /// If it was a URL: where a player connects to, by its parts and as it is written, and the stream's name.
    pub(crate) stream: Option<(Address, String, String)>,
}

impl Target {
    pub(crate) fn parse(text: &str) -> Self {
        // The name is said back, and who has a signature may use it.
        let plain = || Self { name: redacted(text).into_owned(), stream: None };
        let Some((scheme, rest)) = text.split_once("://") else { return plain() };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let app =
            if path.starts_with("cfx/st") { "cfx/st" } else { path.split('/').next().unwrap_or_default() };
        let name = path.strip_prefix(app).unwrap_or_default().trim_start_matches('/');
        let tc_url = format!("{scheme}://{host}/{app}");
        match Address::parse(&tc_url, app) {
            Ok(address) => {
                Self { name: address.host.clone(), stream: Some((address, tc_url, name.to_owned())) }
            }
            Err(_) => plain(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_id_a_host_or_a_stream() {
        let target = |text| {
            let target = Target::parse(text);
            (target.name, target.stream.map(|(_, _, name)| name))
        };
        assert_eq!(target("E1"), ("E1".to_owned(), None));
        assert_eq!(target("s1.example.net"), ("s1.example.net".to_owned(), None));
        let stream = target("rtmpe://S1.example.net:1935/cfx/st/mp4:a/b.mp4?x=1");
        assert_eq!(stream, ("s1.example.net".to_owned(), Some("mp4:a/b.mp4?x=1".to_owned())));
    }
}
