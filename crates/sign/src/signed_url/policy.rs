//! Policies: what a signer allows, in JSON.

use super::refusal::Refusal;
use super::signed::LAST_SECOND;
use super::wildcard;
use ipnet::IpNet;
use std::net::IpAddr;

mod json;

pub(super) use json::quoted;

/// The longest policy. CloudFront takes URLs of 8 KiB.
const LONGEST: usize = 8 * 1024;

/// What a signer allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What is allowed, with `*` for any characters and `?` for one; everything if it is `None`.
    pub resource: Option<String>,
    /// The first second at which it is no longer allowed, since 1970.
    pub expires: u64,
    /// The last second at which it is not yet allowed.
    pub not_before: Option<u64>,
    /// Where the viewer has to be.
    pub network: Option<IpNet>,
}

/// Why bytes are no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not even base64.
    #[error("Policy can't be decoded: {0}")]
    Base64(&'static str),
    /// Longer than any policy that is needed.
    #[error("the policy is longer than {LONGEST} bytes")]
    TooLong,
    /// No JSON, or not of a policy: which field or byte it is.
    #[error("the policy can't be read: {0}")]
    Json(String),
    /// None, or more than one.
    #[error("the policy has {0} statements: it has to have exactly one")]
    Statements(usize),
    /// A time in milliseconds.
    #[error("{field} {value} looks like milliseconds: it has to be in seconds")]
    Milliseconds {
        /// Which time it is.
        field: &'static str,
        /// What it says.
        value: u64,
    },
    /// No address.
    #[error("AWS:SourceIp has to be an address or a network such as 192.0.2.0/24, not {}", super::refusal::Quoted(.0))]
    Network(String),
}

impl Policy {
    /// Reads a policy. What it says and what we do not know is an error: a condition must never be passed over.
    ///
    /// # Errors
    /// Which field is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > LONGEST {
            return Err(PolicyError::TooLong);
        }
        json::read(bytes)
    }

    /// The policy without blanks, as the AWS CLI writes one.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::write(self)
    }

    /// The canned policy: `resource`, which has no wildcards, until `expires`.
    #[must_use]
    pub fn canned(resource: &str, expires: u64) -> String {
        Self::until(expires, Some(resource.to_owned())).to_json()
    }

    /// Only a time, and what for.
    pub(super) fn until(expires: u64, resource: Option<String>) -> Self {
        Self { resource, expires, not_before: None, network: None }
    }

    /// Whether it allows this, by the wildcards in its resource. (The canned policy has none: what
    /// [`Grant`](crate::Grant) says is what counts.)
    #[must_use]
    pub fn covers(&self, resource: &str) -> bool {
        self.resource.as_deref().is_none_or(|pattern| wildcard::matches(pattern, resource))
    }

    /// Whether its conditions hold.
    pub(super) fn check(&self, now: u64, address: IpAddr) -> Result<(), Refusal> {
        if now >= self.expires {
            return Err(Refusal::Expired { at: self.expires, ago: now - self.expires });
        }
        if let Some(from) = self.not_before.filter(|from| now <= *from) {
            return Err(Refusal::NotYet { from });
        }
        let address = address.to_canonical();
        match self.network {
            // AWS's own examples let everybody in with 0.0.0.0/0; that is meant for viewers with IPv6 as well.
            Some(network) if network.prefix_len() > 0 && !network.contains(&address) => {
                Err(Refusal::WrongAddress { address, network })
            }
            _ => Ok(()),
        }
    }
}

/// Reads `AWS:SourceIp`.
fn network(text: &str) -> Option<IpNet> {
    let network =
        text.parse().ok().or_else(|| text.parse().map(|address: IpAddr| IpNet::from(address)).ok())?;
    // Viewers' addresses are never written as IPv6 when they are IPv4, so a network is not either.
    let folded = match network {
        IpNet::V6(v6) if v6.prefix_len() >= 96 => {
            v6.network().to_ipv4_mapped().map(|v4| (v4, v6.prefix_len() - 96))
        }
        _ => None,
    };
    match folded {
        Some((address, length)) => IpNet::new(address.into(), length).ok(),
        None => Some(network.trunc()),
    }
}

fn second(field: &'static str, value: u64) -> Result<u64, PolicyError> {
    if value > LAST_SECOND {
        return Err(PolicyError::Milliseconds { field, value });
    }
    Ok(value)
}
