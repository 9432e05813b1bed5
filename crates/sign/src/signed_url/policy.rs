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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(json: &str) -> Result<Policy, PolicyError> {
        Policy::parse(json.as_bytes())
    }

    /// A policy with these conditions besides the time.
    fn with(conditions: &str) -> Result<Policy, PolicyError> {
        parse(&format!(
            r#"{{"Statement":[{{"Resource":"a","Condition":{{"DateLessThan":{{"AWS:EpochTime":9}}{conditions}}}}}]}}"#
        ))
    }

    /// Why it is none.
    fn fault(json: &str) -> String {
        parse(json).expect_err(json).to_string()
    }

    #[test]
    fn a_policy_has_a_resource_and_conditions() {
        let policy =
            with(r#","DateGreaterThan":{"AWS:EpochTime":3},"IpAddress":{"AWS:SourceIp":"192.0.2.9/24"}"#);
        let network = Some("192.0.2.0/24".parse().expect("a network"));
        let expected = Policy { resource: Some("a".into()), expires: 9, not_before: Some(3), network };
        assert_eq!(policy, Ok(expected));
        let bare =
            parse("{\"Statement\": [{\n\"Condition\" :{\"DateLessThan\":{\"AWS:EpochTime\":9}}}\n]}\n");
        assert_eq!(bare, Ok(Policy::until(9, None)));
    }

    #[test]
    fn what_is_not_known_is_never_passed_over() {
        for (json, words) in [
            (r#"{"Version":"2012-10-17","Statement":[]}"#, "unknown field `Version`, expected `Statement`"),
            (
                r#"{"Statement":[{"Effect":"Deny"}]}"#,
                "unknown field `Effect`, expected `Resource` or `Condition`",
            ),
            (
                r#"{"Statement":[{"Condition":{"StringLike":{}}}]}"#,
                "unknown field `StringLike`, expected one of `DateLessThan`, `DateGreaterThan`, `IpAddress`",
            ),
            (
                r#"{"Statement":[{"Condition":{"DateLessThan":{"aws:epochtime":1}}}]}"#,
                "unknown field `aws:epochtime`, expected `AWS:EpochTime`",
            ),
        ] {
            assert!(
                fault(json).starts_with(&format!("the policy can't be read: {words} at line 1")),
                "{json}"
            );
        }
        let second = r#","IpAddress":{"AWS:SourceIp":"192.0.2.1"},"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}"#;
        assert!(with(second).expect_err("twice").to_string().contains("duplicate field `IpAddress`"));
        for null in [r#","IpAddress":null"#, r#","DateGreaterThan":null"#] {
            assert!(with(null).expect_err("null").to_string().contains("invalid type: null"), "{null}");
        }
        let null = r#"{"Statement":[{"Resource":null,"Condition":{"DateLessThan":{"AWS:EpochTime":9}}}]}"#;
        assert!(fault(null).contains("invalid type: null, expected a string"));
    }

    #[test]
    fn brackets_do_not_stand_for_braces() {
        for json in [
            r#"[[{"Condition":{"DateLessThan":{"AWS:EpochTime":9}}}]]"#,
            r#"{"Statement":[["a",{"DateLessThan":{"AWS:EpochTime":9}}]]}"#,
            r#"{"Statement":[{"Condition":[{"AWS:EpochTime":9}]}]}"#,
            r#"{"Statement":[{"Condition":{"DateLessThan":[9]}}]}"#,
        ] {
            assert!(fault(json).contains("expected an object in braces"), "{json}");
        }
    }

    #[test]
    fn there_is_one_statement() {
        assert_eq!(fault(r#"{"Statement":[]}"#), "the policy has 0 statements: it has to have exactly one");
        let one = r#"{"Condition":{"DateLessThan":{"AWS:EpochTime":9}}}"#;
        assert_eq!(parse(&format!(r#"{{"Statement":[{one},{one}]}}"#)), Err(PolicyError::Statements(2)));
        assert!(
            fault(&format!(r#"{{"Statement":{one}}}"#)).contains("invalid type: map, expected a sequence")
        );
    }

    #[test]
    fn there_is_a_time_in_seconds() {
        assert!(fault(r#"{"Statement":[{"Condition":{}}]}"#).contains("missing field `DateLessThan`"));
        let time = |text: &str| {
            format!(r#"{{"Statement":[{{"Condition":{{"DateLessThan":{{"AWS:EpochTime":{text}}}}}}}]}}"#)
        };
        for text in ["-1", "1.5", "1e3", "\"9\"", "09", "+9", "null", "18446744073709551616"] {
            assert!(fault(&time(text)).starts_with("the policy can't be read"), "{text}");
        }
        let words = "DateLessThan 1357034400000 looks like milliseconds: it has to be in seconds";
        assert_eq!(fault(&time("1357034400000")), words);
        assert_eq!(parse(&time("99999999999")).map(|policy| policy.expires), Ok(LAST_SECOND));
        let from = with(r#","DateGreaterThan":{"AWS:EpochTime":1357034400000}"#).expect_err("milliseconds");
        assert!(from.to_string().starts_with("DateGreaterThan 1357034400000 looks like milliseconds"));
    }

    #[test]
    fn a_network_is_an_address_or_one_with_a_length() {
        let network = |text: &str| {
            let policy = with(&format!(r#","IpAddress":{{"AWS:SourceIp":"{text}"}}"#));
            policy.map(|policy| policy.network.map(|network| network.to_string()).unwrap_or_default())
        };
        for (text, read) in [
            ("192.0.2.1", "192.0.2.1/32"),
            ("192.0.2.1/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::ffff:192.0.2.1", "192.0.2.1/32"),
            ("::ffff:192.0.2.1/120", "192.0.2.0/24"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(text).as_deref(), Ok(read), "{text}");
        }
        for text in ["", "192.0.2", "192.0.2.1/33", "localhost", "192.0.2.1, 192.0.2.2", "192.0.2.01"] {
            let words =
                format!("AWS:SourceIp has to be an address or a network such as 192.0.2.0/24, not {text:?}");
            assert_eq!(network(text).expect_err(text).to_string(), words);
        }
        assert!(with(r#","IpAddress":{"AWS:SourceIp":["192.0.2.1"]}"#).is_err());
    }

    #[test]
    fn conditions_hold_within_their_bounds() {
        let policy = |network: &str| Policy {
            not_before: Some(10),
            network: self::network(network),
            ..Policy::until(20, None)
        };
        let check =
            |network: &str, now, from: &str| policy(network).check(now, from.parse().expect("an address"));
        assert_eq!(check("0.0.0.0/0", 10, "192.0.2.1"), Err(Refusal::NotYet { from: 10 }));
        assert_eq!(check("0.0.0.0/0", 11, "192.0.2.1"), Ok(()));
        assert_eq!(check("0.0.0.0/0", 19, "192.0.2.1"), Ok(()));
        assert_eq!(check("0.0.0.0/0", 20, "192.0.2.1"), Err(Refusal::Expired { at: 20, ago: 0 }));
        for everybody in ["0.0.0.0/0", "::/0", "::ffff:0:0/96"] {
            assert_eq!(check(everybody, 11, "192.0.2.1"), Ok(()), "{everybody}");
            assert_eq!(check(everybody, 11, "2001:db8::1"), Ok(()), "{everybody}");
        }
        assert_eq!(check("192.0.2.0/24", 11, "::ffff:192.0.2.1"), Ok(()));
        assert_eq!(check("2001:db8::/32", 11, "2001:db8::1"), Ok(()));
        for (network, from) in
            [("192.0.2.0/24", "2001:db8::1"), ("::/1", "192.0.2.1"), ("192.0.2.2", "192.0.2.1")]
        {
            assert!(
                matches!(check(network, 11, from), Err(Refusal::WrongAddress { .. })),
                "{network} {from}"
            );
        }
    }

    #[test]
    fn no_policy_is_longer_than_8_kib() {
        let json = Policy::until(9, Some("a".repeat(8192))).to_json();
        assert_eq!(fault(&json), "the policy is longer than 8192 bytes");
        let padded = format!("{:8192}", Policy::until(9, None).to_json());
        assert!(parse(&padded).is_ok() && parse(&format!("{padded} ")).is_err());
    }

    #[test]
    fn a_fault_is_told_in_one_short_line() {
        let words = fault(&format!(r#"{{"\u001b[2J\n{}":1}}"#, "x".repeat(4000)));
        assert!(words.contains(r"\u{1b}[2J\n"), "{words}");
        assert!(words.len() < 300 && words.ends_with('…') && !words.contains(['\n', '\u{1b}']), "{words}");
    }

    #[test]
    fn json_is_written_as_the_cli_writes_it() {
        let policy = Policy {
            resource: Some("a\"*".into()),
            expires: 9,
            not_before: Some(3),
            network: "192.0.2.7/32".parse().ok(),
        };
        let json = r#"{"Statement":[{"Resource":"a\"*","Condition":{"DateLessThan":{"AWS:EpochTime":9},"IpAddress":{"AWS:SourceIp":"192.0.2.7/32"},"DateGreaterThan":{"AWS:EpochTime":3}}}]}"#;
        assert_eq!(policy.to_json(), json);
    }

    #[test]
    fn without_a_resource_it_covers_everything() {
        assert!(Policy::until(9, None).covers("anything") && Policy::until(9, Some("*".into())).covers(""));
        assert!(!Policy::until(9, Some(String::new())).covers("anything"));
    }

    prop_compose! {
        fn any_policy()(
            resource in prop::option::of(any::<String>()),
            expires in 0..=LAST_SECOND,
            not_before in prop::option::of(0..=LAST_SECOND),
            address in prop::option::of((any::<IpAddr>(), 0..=32_u8)),
        ) -> Policy {
            let network = address.and_then(|(address, length)| network(&format!("{address}/{length}")));
            Policy { resource, expires, not_before, network }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(policy in any_policy()) {
            prop_assert_eq!(parse(&policy.to_json()), Ok(policy));
        }
    }
}
