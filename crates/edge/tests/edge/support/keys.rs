//! A certificate for the tests, and a client of TLS that trusts it.

use std::sync::Arc;

use millrace_edge::{CertificateFiles, Certificates, Entrance};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

/// Certificates in files of their own.
pub(crate) struct Keys {
    folder: TempDir,
    issued: Vec<CertificateFiles>,
    roots: RootCertStore,
}

impl Keys {
    /// One for each of these names, the first for clients that ask for none of them.
    pub(crate) fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut keys = Self { folder, issued: Vec::new(), roots: RootCertStore::empty() };
        names.iter().for_each(|name| _ = keys.issue(name));
        keys
    }

    /// Makes a certificate for a name, in the place of the one that was there, and tells its bytes.
    pub(crate) fn issue(&mut self, name: &str) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([name.to_owned()]).expect("a sound name");
        let path = |end: &str| self.folder.path().join(format!("{name}.{end}"));
        let files = CertificateFiles { certificate: path("crt"), key: path("key") };
        std::fs::write(&files.certificate, cert.pem()).expect("the certificate is written");
        std::fs::write(&files.key, signing_key.serialize_pem()).expect("the key is written");
        if !self.issued.contains(&files) {
            self.issued.push(files);
        }
        self.roots.add(cert.der().clone()).expect("a certificate");
        cert.der().clone()
    }

    /// What the edge has to be given.
    pub(crate) fn certificates(&self) -> Certificates {
        Certificates::load(self.issued.clone()).expect("sound certificates")
    }

    pub(crate) fn entrance(&self) -> Entrance {
        Entrance { certificates: Some(self.certificates()), ..Entrance::default() }
    }

    /// A client that trusts all that was issued up to now, and remembers nothing of other connections.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        self.client_of(&rustls::version::TLS13)
    }

    /// The same for a version of TLS.
    pub(crate) fn client_of(&self, version: &'static rustls::SupportedProtocolVersion) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
        let config = config.expect("the provider has the version").with_root_certificates(self.roots.clone());
        Arc::new(config.with_no_client_auth())
    }
}
