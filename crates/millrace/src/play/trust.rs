//! Whom a viewer takes for the server it means: TLS from the client's side.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How viewers make sure of the server.
pub(super) struct Trust {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Trust {
    /// Trusts the system's authorities and those in the file `ca` with the server `host`; or, `insecure`, everybody.
    pub(super) fn new(host: &str, ca: Option<&Path>, insecure: bool) -> anyhow::Result<Self> {
        let name =
            ServerName::try_from(host.to_owned()).with_context(|| format!("{host:?} is no host name"))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().context("TLS can't be set up")?;
        let builder = if insecure {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else {
            builder.with_root_certificates(roots(ca)?)
        };
        let mut config = builder.with_no_client_auth();
        // Each viewer stands for another machine, which has no session to go on with.
        config.resumption = Resumption::disabled();
        Ok(Self { connector: Arc::new(config).into(), name })
    }

    /// Begins TLS.
    pub(super) async fn connect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        self.connector.connect(self.name.clone(), stream).await.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            let cure = match inner {
                Some(Error::InvalidCertificate(_)) => {
                    "; --ca FILE trusts a certificate, --insecure takes any"
                }
                Some(Error::InvalidMessage(_)) => "; does the port speak TLS?",
                _ => "",
            };
            format!("TLS: {error}{cure}")
        })
    }
}

fn roots(ca: Option<&Path>) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    let (_, unusable) = roots.add_parsable_certificates(system.certs);
    tracing::debug!(unusable, errors = ?system.errors, "the system's authorities were read");
    if let Some(file) = ca {
        let name = || format!("--ca {}", file.display());
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        let certificates = certificates.with_context(name)?;
        ensure!(!certificates.is_empty(), "{}: there is no certificate in it", name());
        for certificate in certificates {
            roots.add(certificate).with_context(name)?;
        }
    }
    ensure!(
        !roots.is_empty(),
        "this system has no list of authorities (ca-certificates); name one with --ca FILE, or take anybody with --insecure"
    );
    Ok(roots)
}

/// Takes every certificate. Signatures are checked all the same, so that what is measured is what players do.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use millrace_edge::{CertificateFiles, Certificates};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// What a viewer gets from a server whose certificate is for localhost.
    async fn greeted(trust: impl FnOnce(&Path) -> Trust) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name| folder.path().join(name);
        let names = ["localhost".to_owned()];
        crate::cert::keep_self_signed(&names, &file("cert"), &file("key")).expect("a certificate");
        let files = CertificateFiles { certificate: file("cert"), key: file("key") };
        let certificates = Certificates::load(vec![files]).expect("a sound pair");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.expect("a viewer");
            if let Ok(mut stream) = TlsAcceptor::from(certificates.server_config()).accept(stream).await {
                let _ = stream.write_all(b"hello").await;
                let _ = stream.shutdown().await;
            }
        });
        let stream = TcpStream::connect(address).await.expect("it listens");
        let mut stream = trust(&file("cert")).connect(stream).await?;
        let mut hello = Vec::new();
        stream.read_to_end(&mut hello).await.map_err(|error| error.to_string())?;
        Ok(hello)
    }

    #[tokio::test]
    async fn a_certificate_counts_if_it_is_trusted_and_for_the_host() {
        let by =
            |host: &'static str| move |ca: &Path| Trust::new(host, Some(ca), false).expect("a sound file");
        assert_eq!(greeted(by("localhost")).await, Ok(b"hello".to_vec()));
        let error = greeted(by("example.net")).await.expect_err("another host's");
        assert!(error.contains("example.net") && error.contains("--insecure"), "{error}");
    }

    #[tokio::test]
    async fn anybody_will_do_if_it_is_said_so() {
        let anybody = |_: &Path| Trust::new("example.net", None, true).expect("nothing is read");
        assert_eq!(greeted(anybody).await, Ok(b"hello".to_vec()));
    }

    #[test]
    fn a_file_without_a_certificate_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        let says =
            || format!("{:#}", Trust::new("localhost", Some(&file), false).expect_err("no certificate"));
        assert!(says().contains("ca.pem"), "{}", says());
        std::fs::write(&file, "nothing").expect("it can be written");
        assert!(says().contains("there is no certificate"), "{}", says());
    }
}
