//! What a user may do: IAM's policy documents, as far as they make sense here.

use serde::{Deserialize, Serialize};

/// A policy document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// `2012-10-17`, as IAM wants it.
    #[serde(rename = "Version", default = "version")]
    pub version: String,
    /// What is allowed, and what is not for all that.
    #[serde(rename = "Statement", deserialize_with = "one_or_many")]
    pub statements: Vec<Statement>,
}

/// Part of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// A name for people.
    #[serde(rename = "Sid", default, skip_serializing_if = "String::is_empty")]
    pub sid: String,
    /// Whether it allows.
    #[serde(rename = "Effect")]
    pub effect: Effect,
    /// `cloudfront:GetDistribution` and the like, with `*` and `?`.
    #[serde(rename = "Action", deserialize_with = "one_or_many")]
    pub actions: Vec<String>,
    /// ARNs, with `*` and `?`.
    #[serde(rename = "Resource", deserialize_with = "one_or_many")]
    pub resources: Vec<String>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Allows, unless another one denies.
    Allow,
    /// Denies, whatever others allow.
    Deny,
}

/// Why a document is none.
#[derive(Debug, thiserror::Error)]
#[error("the policy can't be used: {0}")]
pub struct PolicyError(#[from] serde_json::Error);

fn version() -> String {
    "2012-10-17".to_owned()
}

/// IAM takes a single one without its brackets.
fn one_or_many<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany<T> {
        Many(Vec<T>),
        One(T),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::Many(many) => many,
        OneOrMany::One(one) => vec![one],
    })
}

impl Policy {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is none, or has what is not understood here (`Condition`, `NotAction`): it would not be obeyed.
    pub fn parse(json: &str) -> Result<Self, PolicyError> {
        Ok(serde_json::from_str(json)?)
    }

    fn allowing(actions: &[&str], resources: Vec<String>) -> Self {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        let statement = Statement { sid: String::new(), effect: Effect::Allow, actions, resources };
        Self { version: version(), statements: vec![statement] }
    }

    /// Everything.
    #[must_use]
    pub fn admin() -> Self {
        Self::allowing(&["*"], vec!["*".to_owned()])
    }

    /// Everything that changes nothing.
    #[must_use]
    pub fn read_only() -> Self {
        Self::allowing(&["cloudfront:Get*", "cloudfront:List*"], vec!["*".to_owned()])
    }

    /// Everything with these distributions, and reading of the rest.
    #[must_use]
    pub fn distributions(ids: &[String]) -> Self {
        let resources = ids.iter().map(|id| format!("arn:aws:cloudfront::*:*distribution/{id}")).collect();
        let mut policy = Self::allowing(&["cloudfront:*"], resources);
        policy.statements.extend(Self::read_only().statements);
        policy
    }

    /// Whether it allows an action on a resource.
    #[must_use]
    pub fn allows(&self, action: &str, arn: &str) -> bool {
        let of = |effect| {
            self.statements.iter().any(|statement| {
                statement.effect == effect
                    // IAM does not mind the case of actions.
                    && statement.actions.iter().any(|p| matches(&p.to_ascii_lowercase(), &action.to_ascii_lowercase()))
                    && statement.resources.iter().any(|pattern| matches(pattern, arn))
            })
        };
        of(Effect::Allow) && !of(Effect::Deny)
    }
}

/// `*` is any run of characters, `?` any one. Linear: one place to come back to is enough.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p, t));
                p += 1;
            }
            Some(letter) if *letter == b'?' || *letter == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((star, from)) = back else { return false };
                back = Some((star, from + 1));
                p = star + 1;
                t = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:cloudfront::123456789012:streaming-distribution/E1";

    #[test]
    fn the_ready_made_ones_allow_what_they_say() {
        assert!(Policy::admin().allows("cloudfront:DeleteDistribution", ARN));
        assert!(Policy::read_only().allows("cloudfront:ListDistributions", "*"));
        assert!(!Policy::read_only().allows("cloudfront:DeleteDistribution", ARN));
        let one = Policy::distributions(&["E1".to_owned()]);
        assert!(one.allows("cloudfront:UpdateStreamingDistribution", ARN));
        assert!(!one.allows("cloudfront:UpdateStreamingDistribution", &ARN.replace("E1", "E2")));
        assert!(!one.allows("cloudfront:CreateStreamingDistribution", "*"));
        assert!(one.allows("cloudfront:GetStreamingDistribution", &ARN.replace("E1", "E2")));
    }

    #[test]
    fn a_document_of_iam_is_obeyed_and_deny_wins() {
        let text = r#"{"Statement": [
            {"Effect": "Allow", "Action": ["cloudfront:*Streaming*"], "Resource": "*"},
            {"Sid": "x", "Effect": "Deny", "Action": "cloudfront:delete*", "Resource": "arn:*/E?"}]}"#;
        let policy = Policy::parse(text).expect("a policy");
        assert!(policy.allows("cloudfront:UpdateStreamingDistribution", ARN));
        assert!(!policy.allows("cloudfront:DeleteStreamingDistribution", ARN));
        assert!(policy.allows("cloudfront:DeleteStreamingDistribution", &ARN.replace("E1", "E12")));
        assert!(!policy.allows("cloudfront:GetDistribution", ARN));
    }

    #[test]
    fn what_would_not_be_obeyed_is_refused() {
        let text = r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}}"#;
        assert!(Policy::parse(text).expect_err("a condition").to_string().contains("policy"));
    }

    #[test]
    fn patterns_match_runs_and_single_characters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abc", true),
            ("a*c", "abcb", false),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("", "a", false),
            ("a**", "a", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
