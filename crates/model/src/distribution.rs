//! What a customer configures.

use serde::{Deserialize, Serialize};

use crate::{PageOrigin, Variants};

/// A streaming distribution: media from one origin, to viewers over the RTMP family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamingDistribution {
    /// `E…` and 13 more characters at CloudFront; any name in a configuration file.
    pub id: String,
    /// Its own host name, `s….suffix`, in lower case.
    pub domain_name: String,
    /// More host names (CNAMEs) under which it answers.
    pub aliases: Vec<HostPattern>,
    /// The name of the origin that its objects come from.
    pub origin: String,
    /// A disabled one takes no viewer.
    pub enabled: bool,
    /// The variants by which viewers may come.
    pub variants: Variants,
    /// The players that may connect, by SWF verification; with none listed, every player may.
    pub swf: Vec<Swf>,
    /// The pages whose players may connect, by what browsers say of them; with none listed, every page's may. Players
    /// that are in no page always may.
    pub pages: Vec<PageOrigin>,
    /// The ids of the keys whose signatures let viewers play; none: nobody needs a signature. An empty list lets
    /// nobody play.
    pub trusted_keys: Option<Vec<String>>,
}

impl StreamingDistribution {
    /// Whether players in pages of this origin may connect.
    #[must_use]
    pub fn takes_page(&self, origin: &str) -> bool {
        self.pages.is_empty() || self.pages.iter().any(|page| page.matches(origin))
    }
}

/// A player as SWF verification knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Swf {
    /// HMAC-SHA256 of the uncompressed SWF file under the key that Flash Player signs with.
    pub hash: [u8; 32],
    /// Bytes of the uncompressed file.
    pub size: u32,
}

/// A host name, or `*.` and one: that stands for every name below it, however deep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct HostPattern(String);

impl HostPattern {
    /// Takes a name in any case.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.trim_end_matches('.').to_ascii_lowercase())
    }

    /// Whether `host` (lower case, no port) is meant.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => self.0 == host,
        }
    }

    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for HostPattern {
    fn from(pattern: String) -> Self {
        Self::new(&pattern)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.0
    }
}
