//! Who may play what: with trusted keys a distribution gives a stream only to names that one of them signed.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use millrace_model::{StreamName, StreamingDistribution};
use millrace_sign::{Grant, Mistake, Parted, Refusal, Request, Signed, of_name, of_query};

use super::work::Access;
use crate::Site;
use crate::edge::Shared;
use crate::signatures::{Denial, Denied};
use crate::titles::PlayError;

/// What a name opens.
pub(crate) struct Permit {
    /// The objects, the likeliest first.
    pub(crate) keys: Vec<String>,
    /// The right to them; none where nobody needs one.
    pub(crate) grant: Option<Arc<Grant>>,
}

/// Where a viewer is connected, as far as its rights depend on it.
#[derive(Debug)]
pub(crate) struct Visit {
    /// The distribution as it was at connect.
    pub(crate) distribution: Arc<StreamingDistribution>,
    pub(crate) tc_url: String,
    /// The queries of the application and the `tcUrl`: players that can't sign names put signatures there.
    pub(crate) queries: Vec<String>,
    pub(crate) address: IpAddr,
}

impl Access {
    /// Which objects `name` opens for this viewer now.
    pub(crate) async fn permit(&self, name: &str) -> Result<Permit, PlayError> {
        let Parted { bare, signed } = of_name(name);
        let stream = StreamName::parse(&self.path, &bare)?;
        let keys = stream.keys();
        let site = self.shared.site.load_full();
        let Some(trusted) = self.visit.trusted_keys(&site) else {
            return Ok(Permit { keys, grant: None });
        };
        let signed = match signed.map_err(Denied::from)? {
            Some(signed) => signed,
            None => self.visit.signed().map_err(Denied::from)?,
        };
        let by = |denial: Denial| denial.by(&signed.key_id);
        let refused = |refusal: Refusal| by(refusal.into());
        let key = site.trusted_key(trusted, &signed.key_id).map_err(refused)?;
        let objects: Vec<Vec<String>> = keys.iter().map(|key| stream.resources(key)).collect();
        let (now, address) = (seconds(), self.visit.address);
        let examine = |mistakes: &[Mistake]| {
            signed.examine(key, &Request { now, address, objects: &objects, mistakes })
        };
        let mistakes = || stream.mistakes(&self.visit.tc_url).into_iter().map(Mistake::from);
        let explained = || examine(&mistakes().collect::<Vec<_>>());
        let case = examine(&[]).or_else(|_| explained()).map_err(refused)?;
        let Shared { signatures, metrics, .. } = &*self.shared;
        let grant = signatures.grant(case, explained, key, address, metrics).await.map_err(by)?;
        let keys = grant.objects.iter().filter_map(|index| keys.get(*index).cloned()).collect();
        Ok(Permit { keys, grant: Some(Arc::new(grant)) })
    }

    /// Whether a right that was good when playback began still lets its viewer seek. CloudFront took each seek for a
    /// new play, so one after the end of the right fails.
    pub(crate) fn may_seek(&self, grant: Option<&Grant>) -> Result<(), Denied> {
        let site = self.shared.site.load();
        let Some(trusted) = self.visit.trusted_keys(&site) else { return Ok(()) };
        let grant = grant.ok_or(Refusal::Unsigned)?;
        self.still_granted(&site, trusted, grant).map_err(|refusal| Denial::from(refusal).by(&grant.key_id))
    }

    fn still_granted(&self, site: &Site, trusted: &[String], grant: &Grant) -> Result<(), Refusal> {
        let key = site.trusted_key(trusted, &grant.key_id)?;
        if *key.fingerprint() != grant.fingerprint {
            return Err(Refusal::UnknownKey { id: grant.key_id.clone() });
        }
        let (now, grace) = (seconds(), self.shared.limits.seek_grace.as_secs());
        match grant.check(now, self.visit.address) {
            Err(Refusal::Expired { .. }) if now < grant.policy.expires.saturating_add(grace) => Ok(()),
            checked => checked,
        }
    }
}

impl Visit {
    /// The keys that are trusted now; none: nobody needs a signature. What is changed counts from the next play on,
    /// also for viewers who are here. Of a distribution that is gone the last word counts.
    fn trusted_keys<'a>(&'a self, site: &'a Site) -> Option<&'a [String]> {
        let now = site.snapshot.distribution(&self.distribution.id);
        // Another one that has its id is none of its affair.
        let now = now.filter(|now| now.domain_name == self.distribution.domain_name);
        now.unwrap_or(&self.distribution).trusted_keys.as_deref()
    }

    /// What those queries say: the first in which anything is signed.
    fn signed(&self) -> Result<Signed, Refusal> {
        let mut signed = self.queries.iter().filter_map(|query| of_query(query).signed.transpose());
        signed.next().unwrap_or(Err(Refusal::Unsigned))
    }
}

/// The time, seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
