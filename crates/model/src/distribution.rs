//! What a customer configures.

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
}

/// A host name, or `*.` and one: that stands for every name below it, however deep.
#[derive(Debug, Clone, PartialEq, Eq)]
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
