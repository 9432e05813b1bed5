//! Signed URLs, cookies and stream names, made as the AWS CLI makes them.

use super::base64;
use super::policy::{Policy, PolicyError};
use super::refusal::{Quoted, Refusal};
use super::signed::{COOKIES, Parted, QUERY, decoded, of_name, of_query};
use crate::{Hash, PrivateKey, PrivateKeyError};
use std::borrow::Cow;

/// Who signs.
#[derive(Debug)]
pub struct Signer {
    /// The id that the key has where the signature is verified.
    pub key_id: String,
    /// The key.
    pub key: PrivateKey,
    /// The digest.
    pub hash: Hash,
}

/// What to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// These conditions. With a time only they make the canned policy, which is short; otherwise a policy of its own, for
    /// what is signed unless it names a resource (`*` is everything).
    Policy(Policy),
    /// A policy as it stands in a file; these very bytes are signed.
    File(Vec<u8>),
}

/// How a stream name is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// As players send it.
    #[default]
    Plain,
    /// For a page's variables: `%3F`, `%3D` and `%26` for `?`, `=` and `&`.
    Page,
}

/// Why nothing is signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The file is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The policy would not allow it.
    #[error("the policy is for {}, so it would not let anybody have {}", Quoted(signed), Quoted(asked))]
    WrongResource {
        /// The policy's resource.
        signed: String,
        /// What was to be signed.
        asked: String,
    },
    /// There are such parameters already.
    #[error("there is one of CloudFront's parameters in it already: sign it without")]
    AlreadySigned,
    /// Neither `http` nor `rtmp`.
    #[error("{} is no http://, https:// or rtmp:// URL", Quoted(.0))]
    NoUrl(String),
    /// An RTMP URL that leads nowhere.
    #[error("{} has no stream name: it has to be rtmp://HOST/cfx/st/NAME", Quoted(.0))]
    NoName(String),
    /// The name of a stream is none.
    #[error("{} has no name of a file: write it as in mp4:dir/film.mp4", Quoted(.0))]
    Empty(String),
    /// With the parameters it would be read as another name.
    #[error(
        "a server would take it for {}, not for {}: give the file another name",
        Quoted(read),
        Quoted(asked)
    )]
    Misread {
        /// What was to be signed.
        asked: String,
        /// What a server would take it for.
        read: String,
    },
    /// With the parameters it would not be read at all.
    #[error("a server would refuse what came of it: {0}")]
    Refused(Refusal),
    /// The key does not sign.
    #[error(transparent)]
    Key(#[from] PrivateKeyError),
}

/// Parameters in CloudFront's order: which one it is, and its value.
type Parameters = Vec<(usize, String)>;

impl Signer {
    /// The parameters for a query: `Expires=…&Signature=…&Key-Pair-Id=…`.
    ///
    /// # Errors
    /// When the policy is none, or the key does not sign.
    pub fn query(&self, resource: &str, offer: &Offer) -> Result<String, SignError> {
        let parameters = self.parameters(resource, offer)?;
        let parts = parameters.into_iter().map(|(name, value)| format!("{}={value}", QUERY[name]));
        Ok(parts.collect::<Vec<_>>().join("&"))
    }

    /// The cookies, name and value.
    ///
    /// # Errors
    /// When the policy is none, or the key does not sign.
    pub fn cookies(&self, resource: &str, offer: &Offer) -> Result<Vec<(&'static str, String)>, SignError> {
        let parameters = self.parameters(resource, offer)?;
        Ok(parameters.into_iter().map(|(name, value)| (COOKIES[name], value)).collect())
    }

    /// The name of a stream, such as `mp4:dir/x.mp4?color=red`, with the parameters. Signed is `dir/x.mp4?color=red`.
    ///
    /// # Errors
    /// When it is no name, is signed already, can't be spelled so, the policy is none or for something else, or the key
    /// does not sign.
    pub fn stream_name(&self, name: &str, offer: &Offer, spelling: Spelling) -> Result<String, SignError> {
        let parted = of_name(name);
        if parted.signed != Ok(None) {
            return Err(SignError::AlreadySigned);
        }
        let resource = resource(&parted.bare).ok_or_else(|| SignError::Empty(name.to_owned()))?;
        covers(resource, offer)?;
        let signed = joined(&parted.bare, &self.query(resource, offer)?);
        let signed = match spelling {
            Spelling::Plain => signed,
            Spelling::Page => for_page(&signed),
        };
        is_read_as(&parted.bare, &signed)?;
        Ok(signed)
    }

    /// A URL with the parameters. Of an RTMP URL only the name of the stream is signed.
    ///
    /// # Errors
    /// When it is no such URL, is signed already, the policy is none or for something else, or the key does not sign.
    pub fn url(&self, url: &str, offer: &Offer) -> Result<String, SignError> {
        let no_url = || SignError::NoUrl(url.to_owned());
        let (scheme, rest) = url.split_once("://").ok_or_else(no_url)?;
        match scheme {
            "http" | "https" => self.web(url, offer),
            "rtmp" | "rtmpe" | "rtmpt" | "rtmpte" | "rtmps" | "rtmpts" => {
                let no_name = || SignError::NoName(url.to_owned());
                let path = rest.split_once('/').map(|(_, path)| path).ok_or_else(no_name)?;
                let name = path.strip_prefix("cfx/st/").filter(|name| resource(name).is_some());
                let name = name.ok_or_else(no_name)?;
                let before = &url[..url.len() - name.len()];
                Ok(format!("{before}{}", self.stream_name(name, offer, Spelling::Plain)?))
            }
            _ => Err(no_url()),
        }
    }

    fn web(&self, url: &str, offer: &Offer) -> Result<String, SignError> {
        // What follows the `#` never leaves a browser.
        let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
        let url = url.strip_suffix('?').unwrap_or(url);
        if url.split_once('?').is_some_and(|(_, query)| of_query(query).signed != Ok(None)) {
            return Err(SignError::AlreadySigned);
        }
        covers(url, offer)?;
        Ok(joined(url, &self.query(url, offer)?) + fragment)
    }

    fn parameters(&self, resource: &str, offer: &Offer) -> Result<Parameters, SignError> {
        let (first, message) = match offer {
            Offer::File(bytes) => ((1, base64::encode(bytes)), bytes.clone()),
            Offer::Policy(policy) if is_canned(policy) => {
                let expires = policy.expires;
                ((0, expires.to_string()), Policy::canned(resource, expires).into_bytes())
            }
            Offer::Policy(policy) => {
                let resource = policy.resource.as_deref().unwrap_or(resource).to_owned();
                let json = Policy { resource: Some(resource), ..policy.clone() }.to_json().into_bytes();
                ((1, base64::encode(&json)), json)
            }
        };
        // What nobody would verify, such as a time in milliseconds, is not signed.
        Policy::parse(&message)?;
        let signature = self.key.sign(self.hash, &message)?;
        let mut parameters = vec![first, (2, base64::encode(&signature)), (3, self.key_id.clone())];
        if self.hash == Hash::Sha256 {
            parameters.push((4, "SHA256".to_owned()));
        }
        Ok(parameters)
    }
}

fn is_canned(policy: &Policy) -> bool {
    policy.resource.is_none() && policy.not_before.is_none() && policy.network.is_none()
}

/// Whether whoever gets it can use it.
fn covers(asked: &str, offer: &Offer) -> Result<(), SignError> {
    let policy = match offer {
        Offer::File(bytes) => Cow::Owned(Policy::parse(bytes)?),
        Offer::Policy(policy) => Cow::Borrowed(policy),
    };
    if policy.covers(asked) {
        return Ok(());
    }
    let signed = policy.resource.clone().unwrap_or_default();
    Err(SignError::WrongResource { signed, asked: asked.to_owned() })
}

/// What of a stream's name is signed: neither the type before it nor a slash. Servers take the same off. None if nothing
/// is left of the name but a query.
fn resource(name: &str) -> Option<&str> {
    let mut name = without_separator(name).trim_start_matches('/');
    while let Some((prefix, rest)) = name.split_once(':')
        && ["mp4", "mp3", "flv"].iter().any(|known| known.eq_ignore_ascii_case(prefix))
    {
        name = rest.trim_start_matches('/');
    }
    (!name.is_empty() && !name.starts_with('?')).then_some(name)
}

/// Video.js wrote its separator `&` in front of the name.
fn without_separator(name: &str) -> &str {
    name.trim_start_matches('&')
}

/// A signed name for a page's variables. The page or the server decodes the query as a whole, so the escapes in it are
/// escaped as well; the name itself is looked for with its escapes and without.
fn for_page(name: &str) -> String {
    // Escaped, the separator would be a part of the name.
    let (name, query) = parts(without_separator(name));
    let text = format!("{name}?{}", query.replace('%', "%25"));
    text.replace('?', "%3F").replace('=', "%3D").replace('&', "%26")
}

/// Whether a server reads the name in what was signed.
fn is_read_as(asked: &str, signed: &str) -> Result<(), SignError> {
    let Parted { bare: read, signed } = of_name(signed);
    let ((name, query), (read_name, read_query)) =
        (parts(without_separator(asked)), parts(without_separator(&read)));
    if query != read_query || (name != read_name && name != decoded(read_name)) {
        return Err(SignError::Misread { asked: asked.to_owned(), read });
    }
    signed.map(drop).map_err(SignError::Refused)
}

/// The name and its query.
fn parts(name: &str) -> (&str, &str) {
    name.split_once('?').unwrap_or((name, ""))
}

fn joined(text: &str, query: &str) -> String {
    let separator = if text.contains('?') { '&' } else { '?' };
    format!("{text}{separator}{query}")
}
