//! `millrace identity`: with which credentials origin access identities read their buckets.

use clap::{Args, Subcommand};
use millrace_control::auth::Principal;
use serde_json::{Value, json};

use super::{Place, all_of, secret_from_stdin};
use crate::out::say;

/// Says with which credentials an origin access identity reads buckets.
///
/// At Amazon an identity was a user of its own at S3. Here it needs an access key of the store where the bucket is;
/// one without reads with the credentials of the `[[bucket]]`, or of the environment (AWS_ACCESS_KEY_ID and so on).
/// Distributions without an identity read as everybody may.
#[derive(Debug, Subcommand)]
#[command(after_long_help = "\
Examples:
  millrace identity list
  millrace identity set E2QWRUHAPOMQZL --access-key-id AKIAIOSFODNN7EXAMPLE < secret.txt
  millrace identity policy E2QWRUHAPOMQZL my-films")]
pub(crate) enum Identity {
    /// Lists all identities, and which have credentials.
    List {
        #[command(flatten)]
        place: Place,
    },
    Set(Set),
    /// Forgets the credentials of an identity.
    Forget {
        /// The identity.
        id: String,
        #[command(flatten)]
        place: Place,
    },
    Policy(BucketPolicy),
}

/// Gives an identity an access key; the secret comes by standard input.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// The identity.
    id: String,
    /// The id of the access key.
    #[arg(long, value_name = "ID")]
    access_key_id: String,
    #[command(flatten)]
    place: Place,
}

/// Prints a policy that lets an identity read a bucket.
///
/// Its principal is the identity as Amazon called it. AWS takes only principals that it knows: name the user there who
/// has the identity's access key.
#[derive(Debug, Args)]
pub(crate) struct BucketPolicy {
    /// The identity.
    id: String,
    /// The bucket.
    bucket: String,
    #[command(flatten)]
    place: Place,
}

fn bucket_policy(canonical: &str, bucket: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"CanonicalUser": canonical},
            "Action": "s3:GetObject",
            "Resource": format!("arn:aws:s3:::{bucket}/*"),
        }],
    })
}

/// Does what was asked for.
pub(crate) fn run(command: Identity) -> anyhow::Result<()> {
    let who = Principal::operator();
    match command {
        Identity::List { place } => place.with(async |service| {
            let held = service.s3_identities(&who).await?;
            for identity in all_of(&service, "CloudFrontOriginAccessIdentities").await? {
                let get = |name: &str| identity[name].as_str().unwrap_or_default();
                let key =
                    held.iter().find(|held| held.id == get("Id")).map(|held| held.access_key_id.as_str());
                let key = key.map_or_else(
                    || "no credentials of its own".to_owned(),
                    |key| format!("reads with {key}"),
                );
                say(&format!(
                    "{}  {key}  {:?}\n  canonical user {}\n",
                    get("Id"),
                    get("Comment"),
                    get("S3CanonicalUserId")
                ));
            }
            Ok(())
        }),
        Identity::Set(Set { id, access_key_id, place }) => {
            let secret = secret_from_stdin("the secret of the access key")?;
            place
                .with(async |service| Ok(service.set_s3_identity(&who, &id, &access_key_id, &secret).await?))
        }
        Identity::Forget { id, place } => {
            place.with(async |service| Ok(service.forget_s3_identity(&who, &id).await?))
        }
        Identity::Policy(BucketPolicy { id, bucket, place }) => place.with(async |service| {
            let input = [("Id".to_owned(), id.as_str().into())].into_iter().collect();
            let got = service.call(&who, "GetCloudFrontOriginAccessIdentity", input).await?;
            let canonical = &got["CloudFrontOriginAccessIdentity"]["S3CanonicalUserId"];
            let policy = bucket_policy(canonical.as_str().unwrap_or_default(), &bucket);
            say(&format!("{}\n", serde_json::to_string_pretty(&policy)?));
            Ok(())
        }),
    }
}
