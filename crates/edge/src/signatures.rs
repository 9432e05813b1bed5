//! Signatures of viewers' names. Those that were good once are known; the others are verified in a workshop, so that a
//! flood of bad ones costs whoever plays nothing.

use std::net::IpAddr;
use std::sync::Arc;

use millrace_sign::{Case, Grant, Proof, PublicKey, Refusal};

use crate::rate::Rate;
use crate::workshop::Workshop;
use crate::{EventKind, Limits, Metrics};

/// So many bad signatures of an address in a second are looked at closer, for what was signed instead.
const EXPLAINED: u32 = 5;

/// Where signatures are verified.
pub(crate) struct Signatures {
    workshop: Workshop,
    /// How many of each address were bad.
    bad: Arc<Rate>,
    /// Only good ones come in here, so nobody without a key can push others out.
    known: quick_cache::sync::Cache<Proof, ()>,
}

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denial {
    /// There is no right to it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Nobody had the time to look.
    #[error("too many signatures are being verified: try again in a second")]
    Crowded,
    /// An address that tries out signatures.
    #[error("too many bad signatures came from this address: try again in a second")]
    TooManyBad,
}

/// A denial, and the key that is said to have signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub(crate) struct Denied {
    why: Denial,
    key_id: Option<String>,
}

impl Denial {
    /// Tells who is said to have signed.
    pub(crate) fn by(self, key_id: &str) -> Denied {
        Denied { why: self, key_id: Some(key_id.to_owned()) }
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self { why: refusal.into(), key_id: None }
    }
}

impl Denied {
    /// What the operator is told of it.
    pub(crate) fn event(&self, name: &str) -> EventKind {
        EventKind::Refused { name: name.to_owned(), key_id: self.key_id.clone(), reason: self.to_string() }
    }
}

impl Signatures {
    /// Starts the workshop.
    pub(crate) fn start(limits: &Limits) -> std::io::Result<Self> {
        let (per_second, waiting) = (limits.signatures_per_second, limits.signatures_waiting);
        Ok(Self {
            workshop: Workshop::start("signatures", per_second, waiting)?,
            bad: Arc::new(Rate::new(limits.bad_signatures_per_address)),
            known: quick_cache::sync::Cache::new(limits.signatures_known),
        })
    }

    /// What the signature in `case` grants to a viewer at `address`. `explained` is the same with what people sign by
    /// mistake, which takes longer to verify.
    pub(crate) async fn grant(
        &self,
        case: Case,
        explained: impl FnOnce() -> Result<Case, Refusal>,
        key: &PublicKey,
        address: IpAddr,
        metrics: &Metrics,
    ) -> Result<Grant, Denial> {
        if let Some(grant) = case.recall(|proof| self.known.get(proof).is_some()) {
            metrics.signatures_known.one();
            return Ok(grant);
        }
        let crowded = |denial| {
            metrics.signatures_crowded.one();
            denial
        };
        if self.bad.is_spent(address) {
            // An answer at once would only be an invitation to ask again.
            self.bad.pass().await;
        }
        let case = if self.bad.of(address) < EXPLAINED { explained()? } else { case };
        let place = self.workshop.place().map_err(|_| crowded(Denial::Crowded))?;
        let (bad, key) = (Arc::clone(&self.bad), key.clone());
        let work = async move { verified(&case, &key, &bad, address) };
        match self.workshop.run(place, work).await.unwrap_or(Err(Denial::Crowded)) {
            Ok((proof, grant)) => {
                metrics.signatures_verified.one();
                self.known.insert(proof, ());
                Ok(grant)
            }
            Err(Denial::Refused(refusal)) => {
                metrics.signatures_bad.one();
                Err(refusal.into())
            }
            Err(denial) => Err(crowded(denial)),
        }
    }
}

/// Verifies, unless others from the same address were bad while this one waited.
fn verified(case: &Case, key: &PublicKey, bad: &Rate, address: IpAddr) -> Result<(Proof, Grant), Denial> {
    if bad.is_spent(address) {
        return Err(Denial::TooManyBad);
    }
    case.verify(key).map_err(|refusal| {
        bad.count(address);
        refusal.into()
    })
}
