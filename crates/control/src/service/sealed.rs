//! Secrets on their way into the store: which key file opens them is known before the first is needed.

use serde_json::json;

use super::Service;
use crate::Error;
use crate::store::{Resource, Write};
use crate::value::text;

/// The kind of the one resource that only this key file opens.
const KIND: &str = "seal";
/// Its id, and what is sealed in it.
const PROOF: &str = "proof";

impl Service {
    /// Whether the key file is the one that the store's secrets were sealed with.
    ///
    /// # Errors
    /// When it is another.
    pub async fn check_seal(&self) -> Result<(), Error> {
        let Some(proof) = self.store.read().await?.rows().get(KIND, PROOF).await? else { return Ok(()) };
        self.seal.unseal(PROOF, text(&proof.config, "sealed")).map(drop).map_err(|_| {
            let what = "the secrets in the store were sealed with another key file: copy seal.key from the control \
                        directory of the machine that made the store to this one's";
            Error::new(500, "InternalError", what)
        })
    }

    /// Seals a secret that is written in this change.
    pub(super) async fn sealed(&self, write: &mut Write, name: &str, secret: &str) -> Result<String, Error> {
        let seal =
            |name: &str, secret: &str| self.seal.seal(name, secret).map_err(|error| Error::internal(&error));
        if write.rows().get(KIND, PROOF).await?.is_none() {
            let proof = Resource {
                kind: KIND.to_owned(),
                id: PROOF.to_owned(),
                etag: String::new(),
                config: json!({"sealed": seal(PROOF, PROOF)?}),
                facts: json!({}),
                created_ms: write.now_ms,
                modified_ms: write.now_ms,
                revision: write.revision,
            };
            write.rows().put(&proof).await?;
        }
        seal(name, secret)
    }
}
