//! Policies and names as programs write them that can't be installed here; openssl signs the very bytes.

use super::Terms;
use crate::keys::KeyPair;

/// Whose way of writing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Java's SDK and .NET's: templates, the policy with a blank, the name verbatim.
    Java,
    /// Ruby's: folder and file joined, so that a file in the root of the bucket is `./file`; a policy as it was typed.
    Ruby,
    /// Go's: JSON with `&` escaped, and the conditions in the order of the alphabet.
    Go,
    /// PHP's: the policy without any white space.
    Php,
    /// Amazon's sample in Perl: the policy from a file, as an editor leaves it.
    Perl,
    /// A policy for everything, which many used who were refused otherwise.
    Star,
}

impl Form {
    /// The signed name of a stream.
    pub fn sign(self, key: &KeyPair, name: &str, terms: &Terms<'_>) -> String {
        let resource = self.resource(name);
        let (first, message) = match self.policy(&resource, terms) {
            Some(policy) => (format!("Policy={}", key.encoded(policy.as_bytes())), policy),
            None => (format!("Expires={}", terms.end), self.canned(&resource, terms.end)),
        };
        let signature = key.signature("sha1", message.as_bytes());
        let separator = if name.contains('?') { '&' } else { '?' };
        format!("{name}{separator}{first}&Signature={signature}&Key-Pair-Id={}", key.id())
    }

    /// What the program says that the policy is for.
    fn resource(self, name: &str) -> String {
        match self {
            Self::Ruby if !name.contains('/') => format!("./{name}"),
            Self::Go => name.replace('&', "\\u0026"),
            Self::Star => "*".to_owned(),
            _ => name.to_owned(),
        }
    }

    fn canned(self, resource: &str, end: u64) -> String {
        format!(
            r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{end}}}}}}}]}}"#
        )
    }

    /// The policy, if the canned one does not do.
    fn policy(self, resource: &str, terms: &Terms<'_>) -> Option<String> {
        let end = terms.end;
        let Some(custom) = terms.custom else {
            let all = format!(
                r#"{{"Statement":[{{"Resource":"*","Condition":{{"DateLessThan":{{"AWS:EpochTime":{end}}}}}}}]}}"#
            );
            return (self == Self::Star).then_some(all);
        };
        let (begin, network) = (custom.begin, custom.network);
        let before = format!(r#""DateLessThan":{{"AWS:EpochTime":{end}}}"#);
        let after = format!(r#""DateGreaterThan":{{"AWS:EpochTime":{begin}}}"#);
        let place = format!(r#""IpAddress":{{"AWS:SourceIp":"{network}"}}"#);
        Some(match self {
            Self::Java => format!(
                r#"{{"Statement": [{{"Resource":"{resource}","Condition":{{{before},{place},{after}}}}}]}}"#
            ),
            Self::Go => format!(
                r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{{place},{after},{before}}}}}]}}"#
            ),
            Self::Php | Self::Star => format!(
                r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{{place},{before},{after}}}}}]}}"#
            ),
            Self::Ruby => format!(
                "{{ \"Statement\" : [ {{ \"Resource\" : \"{resource}\", \"Condition\" : \
                 {{ {after}, {before}, {place} }} }} ] }}"
            ),
            Self::Perl => format!(
                "{{\n   \"Statement\": [{{\n      \"Resource\": \"{resource}\",\n      \"Condition\": {{\n         \
                 {place},\n         {after},\n         {before}\n      }}\n   }}]\n}}\n"
            ),
        })
    }
}
