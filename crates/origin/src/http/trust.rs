//! Which certificates of web servers are believed.

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::fmt;
use std::sync::Arc;

/// The authorities whose certificates are believed, and all else that TLS 1.2 and 1.3 need. Made once, and shared by
/// everything that asks: reading the machine's authorities takes milliseconds.
#[derive(Clone)]
pub struct Trust {
    pub(super) tls: Arc<ClientConfig>,
    /// How many authorities there are.
    authorities: usize,
}

/// Why certificates can not be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrustError(String);

impl Trust {
    /// Believes the authorities that the machine believes.
    ///
    /// # Errors
    /// When TLS can not be set up at all. A machine without authorities is no error: who is asked without TLS needs none.
    pub fn native() -> Result<Self, TrustError> {
        Self::of(native())
    }

    /// Believes in addition the authorities in `pem`.
    ///
    /// # Errors
    /// When a certificate can not be read, or there is none.
    pub fn native_and(pem: &[u8]) -> Result<Self, TrustError> {
        let unreadable = |why: &dyn fmt::Display| TrustError(format!("a certificate can't be read: {why}"));
        let mut roots = native();
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate).map_err(|error| unreadable(&error))?;
        }
        match roots.len() > before {
            true => Self::of(roots),
            false => Err(TrustError("there is no certificate in PEM".into())),
        }
    }

    fn of(roots: RootCertStore) -> Result<Self, TrustError> {
        let authorities = roots.len();
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: Arc::new(tls), authorities })
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("authorities", &self.authorities).finish()
    }
}

/// The machine's authorities. What it has that is none is left out, as every program there does.
fn native() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_said_to_be_none() {
        assert!(Trust::native().is_ok());
        let unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "hello", "-----BEGIN CERTIFICATE-----\n", unreadable] {
            assert!(Trust::native_and(pem.as_bytes()).is_err(), "{pem}");
        }
    }
}
