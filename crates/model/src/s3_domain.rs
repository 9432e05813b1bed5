//! The domain name of an S3 bucket, as a distribution's origin has it.
//!
//! ```text
//! films.s3.amazonaws.com                        without a region
//! films.s3.eu-west-1.amazonaws.com              with one
//! films.s3-eu-west-1.amazonaws.com              the same, as it was written until 2019
//! films.s3.dualstack.eu-west-1.amazonaws.com    reached over IPv6 too
//! films.s3.cn-north-1.amazonaws.com.cn          China
//! ```

/// What the domain name of a bucket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Domain {
    /// The bucket. Its name may have dots.
    pub bucket: String,
    /// The region, if the name has one; a name without may mean a bucket in any.
    pub region: Option<String>,
    /// Whether it is the endpoint that IPv6 reaches too.
    pub dualstack: bool,
}

/// Why a text is not taken for the domain name of a bucket.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3DomainError {
    /// Something else than a name at S3.
    #[error("{0:?} is no domain name of an S3 bucket; write BUCKET.s3.REGION.amazonaws.com")]
    NotS3(String),
    /// A URL, or a name with a port or path.
    #[error(
        "{0:?} is more than a domain name; write only BUCKET.s3.REGION.amazonaws.com, no scheme, port or path"
    )]
    NotOnlyAName(String),
    /// S3 itself, with no bucket in front.
    #[error("{0:?} names no bucket; write BUCKET.{0} with the bucket in front instead of in the path")]
    PathStyle(String),
    /// The endpoint for uploads from far away.
    #[error("{domain:?} is S3's endpoint for accelerated transfers; write {bucket}.s3.REGION.amazonaws.com")]
    Accelerate {
        /// The name.
        domain: String,
        /// The bucket in it.
        bucket: String,
    },
    /// The web server of a bucket, which takes no signatures.
    #[error(
        "{domain:?} is the bucket's web site, which serves only what is public; write \
         {bucket}.s3.{region}.amazonaws.com"
    )]
    Website {
        /// The name.
        domain: String,
        /// The bucket in it.
        bucket: String,
        /// Its region.
        region: String,
    },
    /// Another of S3's endpoints, such as FIPS or an access point.
    #[error("{0:?} is an endpoint of S3 that is not known here; write BUCKET.s3.REGION.amazonaws.com")]
    OtherEndpoint(String),
    /// The end of the name belongs to another part of AWS than the region.
    #[error(
        "{0:?} mixes AWS and AWS China: write BUCKET.s3.REGION.amazonaws.com.cn with a region that begins with cn-, \
         or another region without .cn"
    )]
    WrongPartition(String),
    /// No bucket can have this name.
    #[error("{0:?} is no possible name of a bucket in a domain name")]
    BadBucket(String),
}

/// What stands between the bucket and `.amazonaws.com`.
enum Endpoint<'a> {
    Bucket { region: Option<&'a str>, dualstack: bool },
    Website { region: &'a str },
    Accelerate,
    Other,
}

impl S3Domain {
    /// Reads the domain name of a bucket. Case does not matter.
    ///
    /// # Errors
    /// What the name is instead, and what to write.
    pub fn parse(domain: &str) -> Result<Self, S3DomainError> {
        let domain = domain.trim().to_ascii_lowercase();
        if domain.contains(['/', ':', '?', '#', '@']) {
            return Err(S3DomainError::NotOnlyAName(domain));
        }
        let name = domain.strip_suffix('.').unwrap_or(&domain);
        let china = name.strip_suffix(".amazonaws.com.cn");
        let rest = china.or_else(|| name.strip_suffix(".amazonaws.com"));
        let labels: Vec<&str> = rest.unwrap_or_default().split('.').collect();
        let Some((labels, endpoint)) = split(&labels) else { return Err(S3DomainError::NotS3(domain)) };
        let bucket = labels.join(".");
        match endpoint {
            Endpoint::Other => Err(S3DomainError::OtherEndpoint(domain)),
            _ if bucket.is_empty() => Err(S3DomainError::PathStyle(domain)),
            Endpoint::Accelerate => Err(S3DomainError::Accelerate { domain, bucket }),
            Endpoint::Website { region } => {
                let region = region.to_owned();
                Err(S3DomainError::Website { domain, bucket, region })
            }
            Endpoint::Bucket { region, .. } if region.is_some_and(is_china) != china.is_some() => {
                Err(S3DomainError::WrongPartition(domain))
            }
            Endpoint::Bucket { .. } if !is_bucket(labels) => Err(S3DomainError::BadBucket(bucket)),
            Endpoint::Bucket { region, dualstack } => {
                Ok(Self { bucket, region: region.map(str::to_owned), dualstack })
            }
        }
    }
}

/// Splits the labels before `amazonaws` into those of the bucket and the endpoint. A bucket may be called `a.s3`, so
/// the endpoint is looked for from the end.
fn split<'a, 'b>(labels: &'b [&'a str]) -> Option<(&'b [&'a str], Endpoint<'a>)> {
    let bucket = |region, dualstack| Endpoint::Bucket { region, dualstack };
    Some(match labels {
        [rest @ .., "s3"] => (rest, bucket(None, false)),
        [rest @ .., "s3", "dualstack", region] if is_region(region) => (rest, bucket(Some(*region), true)),
        [rest @ .., "s3", region] if is_region(region) => (rest, bucket(Some(*region), false)),
        [rest @ .., "s3-accelerate"] | [rest @ .., "s3-accelerate", "dualstack"] => {
            (rest, Endpoint::Accelerate)
        }
        [rest @ .., "s3-website", region] if is_region(region) => (rest, Endpoint::Website { region }),
        // The oldest region's endpoint in Virginia.
        [rest @ .., "s3-external-1"] => (rest, bucket(Some("us-east-1"), false)),
        [rest @ .., old] if old.starts_with("s3-") => (rest, old_endpoint(&old["s3-".len()..])),
        [rest @ .., "s3" | "s3-fips" | "s3-accesspoint" | "s3-object-lambda", _]
        | [rest @ .., "s3-fips" | "s3-accesspoint", "dualstack", _] => (rest, Endpoint::Other),
        _ => return None,
    })
}

/// What `s3-` stands in front of in one label.
fn old_endpoint(rest: &str) -> Endpoint<'_> {
    match rest.strip_prefix("website-") {
        Some(region) if is_region(region) => Endpoint::Website { region },
        None if is_region(rest) => Endpoint::Bucket { region: Some(rest), dualstack: false },
        _ => Endpoint::Other,
    }
}

/// Letters, more letters, and a number at the end: `eu-west-1`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let is = |part: &str, kind: fn(&u8) -> bool| !part.is_empty() && part.bytes().all(|byte| kind(&byte));
    match parts.as_slice() {
        [words @ .., number] if words.len() >= 2 => {
            words.iter().all(|word| is(word, u8::is_ascii_lowercase)) && is(number, u8::is_ascii_digit)
        }
        _ => false,
    }
}

fn is_china(region: &str) -> bool {
    region.starts_with("cn-")
}

/// Underscores are of the time before 2018, when buckets in Virginia could have them.
fn is_bucket(labels: &[&str]) -> bool {
    let is_label = |label: &&str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        (1..=63).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    labels.iter().all(is_label) && labels.join(".").len() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_names_of_buckets() {
        for (domain, bucket, region, dualstack) in [
            ("films.s3.amazonaws.com", "films", None, false),
            ("films.s3.amazonaws.com.", "films", None, false),
            (" Films.S3.AmazonAWS.com", "films", None, false),
            ("my.own.films.s3.amazonaws.com", "my.own.films", None, false),
            ("old_films-2.s3.amazonaws.com", "old_films-2", None, false),
            ("films.s3.eu-west-1.amazonaws.com", "films", Some("eu-west-1"), false),
            ("films.s3.us-gov-west-1.amazonaws.com", "films", Some("us-gov-west-1"), false),
            ("films.s3-eu-west-1.amazonaws.com", "films", Some("eu-west-1"), false),
            ("films.s3-external-1.amazonaws.com", "films", Some("us-east-1"), false),
            ("films.s3.dualstack.ap-southeast-2.amazonaws.com", "films", Some("ap-southeast-2"), true),
            ("films.s3.cn-north-1.amazonaws.com.cn", "films", Some("cn-north-1"), false),
            ("films.s3.dualstack.cn-north-1.amazonaws.com.cn", "films", Some("cn-north-1"), true),
            // Buckets that are called as endpoints are.
            ("a.s3.s3.amazonaws.com", "a.s3", None, false),
            ("a.s3.eu-west-1.s3.us-east-1.amazonaws.com", "a.s3.eu-west-1", Some("us-east-1"), false),
            ("s3.s3-eu-west-1.s3.amazonaws.com", "s3.s3-eu-west-1", None, false),
            ("a.s3-accelerate.s3.amazonaws.com", "a.s3-accelerate", None, false),
        ] {
            let region = region.map(str::to_owned);
            let expected = S3Domain { bucket: bucket.into(), region, dualstack };
            assert_eq!(S3Domain::parse(domain), Ok(expected), "{domain}");
        }
    }

    #[test]
    fn what_is_none_is_told_what_to_write() {
        for (domain, says) in [
            ("", "no domain name of an S3 bucket; write BUCKET.s3.REGION.amazonaws.com"),
            ("films.example.com", "no domain name of an S3 bucket"),
            ("amazonaws.com", "no domain name of an S3 bucket"),
            ("films.amazonaws.com", "no domain name of an S3 bucket"),
            ("films.s3.amazonaws.com.example.com", "no domain name of an S3 bucket"),
            ("d111.cloudfront.net", "no domain name of an S3 bucket"),
            ("https://films.s3.amazonaws.com", "no scheme, port or path"),
            ("films.s3.amazonaws.com:443", "no scheme, port or path"),
            ("s3.amazonaws.com/films", "no scheme, port or path"),
            ("s3.amazonaws.com", "write BUCKET.s3.amazonaws.com"),
            ("s3.eu-west-1.amazonaws.com", "write BUCKET.s3.eu-west-1.amazonaws.com"),
            ("s3-eu-west-1.amazonaws.com", "write BUCKET.s3-eu-west-1.amazonaws.com"),
            ("s3.dualstack.eu-west-1.amazonaws.com", "names no bucket"),
            ("films.s3-accelerate.amazonaws.com", "write films.s3.REGION.amazonaws.com"),
            ("films.s3-accelerate.dualstack.amazonaws.com", "accelerated"),
            ("films.s3-website-us-east-1.amazonaws.com", "write films.s3.us-east-1.amazonaws.com"),
            (
                "my.films.s3-website.eu-central-1.amazonaws.com",
                "write my.films.s3.eu-central-1.amazonaws.com",
            ),
            ("films.s3-fips.us-east-1.amazonaws.com", "not known here"),
            ("films.s3-fips.dualstack.us-east-1.amazonaws.com", "not known here"),
            ("films-123.s3-accesspoint.us-east-1.amazonaws.com", "not known here"),
            ("films.s3.nowhere.amazonaws.com", "not known here"),
            ("films.s3-.amazonaws.com", "not known here"),
            ("films.s3.cn-north-1.amazonaws.com", "mixes AWS and AWS China"),
            ("films.s3.eu-west-1.amazonaws.com.cn", "mixes AWS and AWS China"),
            ("films.s3.amazonaws.com.cn", "mixes AWS and AWS China"),
            (".s3.amazonaws.com", "names no bucket"),
            ("ab.s3.amazonaws.com", "no possible name"),
            ("a..b.s3.amazonaws.com", "no possible name"),
            ("-films.s3.amazonaws.com", "no possible name"),
            ("fil ms.s3.amazonaws.com", "no possible name"),
            ("filmé.s3.amazonaws.com", "no possible name"),
        ] {
            let error = S3Domain::parse(domain).expect_err(domain).to_string();
            assert!(error.contains(says), "{domain}: {error}");
        }
    }
}
