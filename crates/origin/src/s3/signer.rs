//! Signs what is asked of a bucket.

use super::S3Config;
use http::Request;
use millrace_sign::sigv4::{self, Key, Payload};
use object_store::aws::AwsCredentialProvider;
use std::time::SystemTime;

/// Signs with whatever credentials hold at the time.
#[derive(Clone)]
pub(crate) struct Signer {
    credentials: AwsCredentialProvider,
    region: String,
}

impl Signer {
    /// None for who asks as nobody.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub(crate) fn new(config: &S3Config) -> Result<Option<Self>, String> {
        let credentials = config.provider()?;
        Ok(credentials.map(|credentials| Self { credentials, region: config.region.clone() }))
    }

    /// Signs the request as it stands; nothing that is signed may be changed after.
    ///
    /// # Errors
    /// Why there are no credentials, or none that a header could hold.
    pub(crate) async fn sign<B>(&self, request: &mut Request<B>, payload: Payload<'_>) -> Result<(), String> {
        let credential = self.credentials.get_credential().await.map_err(|error| error.to_string())?;
        let (id, secret) = (credential.key_id.as_str(), credential.secret_key.as_str());
        let key = Key { id, secret, token: credential.token.as_deref() };
        sigv4::sign(request, payload, &key, &self.region, "s3", SystemTime::now())
            .map_err(|error| error.to_string())
    }
}
