//! Certificates for TLS: which one a client gets, and how they are renewed under a running server.
//!
//! ```text
//!   files ──read──▶ Set ──ArcSwap──▶ Resolver, asked at each handshake
//!                    ▲
//!                    └── reload() when a file changed, replace() when the list did
//! ```
//!
//! One [`rustls::ServerConfig`] lives as long as the server; only the set behind its resolver is exchanged, so a
//! renewal reaches the next handshake and no connection that is there.

mod files;
mod set;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};

use set::{Set, Stamps};

/// Sessions of TLS 1.2 that are remembered for a client that comes back. Those of 1.3 would need tickets.
const SESSIONS: usize = 1024;

/// What is offered where HTTP/2 is (RFC 7301), the best first.
const HTTP2: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A certificate and its key, each in a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and behind it those that lead to a root.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub key: PathBuf,
}

/// Why certificates can't be used. The texts name the file and what to do.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The list is empty.
    #[error("no certificate is listed")]
    None,
    /// A file can't be read.
    #[error("{} can't be read: {error}; check the path, and that the server's user may read it", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: {what}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, and what to do.
        what: String,
    },
    /// Two sound files that do not belong together.
    #[error(
        "the key in {} is not the one of the certificate in {}; copy both from the same order or renewal",
        key.display(),
        certificate.display()
    )]
    KeyMismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}

/// The certificates of a server: cheap to clone, the same ones in all clones.
#[derive(Clone)]
pub struct Certificates(Arc<Inner>);

struct Inner {
    set: Arc<ArcSwap<Set>>,
    config: Arc<ServerConfig>,
    /// The same, for those who may use HTTP/2.
    http2: Arc<ServerConfig>,
    /// What is known of the files; held while they are read, so that one reload does not undo another.
    watched: Mutex<Watched>,
}

/// The files as they were last looked at.
struct Watched {
    files: Vec<CertificateFiles>,
    stamps: Stamps,
    /// What was wrong with them then.
    fault: Option<String>,
}

impl Certificates {
    /// Reads `files`. The first one is for clients that name no server, or one that no certificate has.
    ///
    /// # Errors
    /// When there are none, or one can't be used. A certificate that has expired is only warned of.
    pub fn load(files: Vec<CertificateFiles>) -> Result<Self, CertificateError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let stamps = set::stamps(&files);
        let set = Arc::new(ArcSwap::from_pointee(Set::read(&files, &provider)?));
        let config = config(provider, Resolver { set: Arc::clone(&set), local: None });
        let mut http2 = config.clone();
        http2.alpn_protocols = HTTP2.map(<[u8]>::to_vec).to_vec();
        let (config, http2) = (Arc::new(config), Arc::new(http2));
        let watched = Mutex::new(Watched { files, stamps, fault: None });
        Ok(Self(Arc::new(Inner { set, config, http2, watched })))
    }

    /// Uses other files from now on.
    ///
    /// # Errors
    /// As [`Certificates::load`]; the old ones then stay in force.
    pub fn replace(&self, files: Vec<CertificateFiles>) -> Result<(), CertificateError> {
        let mut watched = self.watched();
        let stamps = set::stamps(&files);
        let set = Set::read(&files, self.0.config.crypto_provider())?;
        self.0.set.store(Arc::new(set));
        *watched = Watched { files, stamps, fault: None };
        Ok(())
    }

    /// Reads the files again if one of them changed; true if other certificates are in force now. Reads files, so it
    /// belongs on a thread that may block.
    ///
    /// # Errors
    /// As [`Certificates::load`]; the old ones then stay in force. The same fault is told again only when a file has
    /// changed since; until it is gone each call tries again.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let mut watched = self.watched();
        let stamps = set::stamps(&watched.files);
        let changed = stamps != watched.stamps;
        if !changed && watched.fault.is_none() {
            return Ok(false);
        }
        watched.stamps = stamps;
        match Set::read(&watched.files, self.0.config.crypto_provider()) {
            Ok(set) => {
                self.0.set.store(Arc::new(set));
                watched.fault = None;
                Ok(true)
            }
            Err(error) => {
                let text = Some(error.to_string());
                let known = std::mem::replace(&mut watched.fault, text.clone()) == text;
                if known && !changed { Ok(false) } else { Err(error) }
            }
        }
    }

    /// TLS 1.2 and 1.3 with these certificates, whatever becomes of them.
    #[must_use]
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.config)
    }

    /// The same for a client that reached us at `local`: clients that connect to an address name no server, and get
    /// the certificate that was made for the address.
    #[must_use]
    pub fn server_config_at(&self, local: IpAddr) -> Arc<ServerConfig> {
        self.at(local, &self.0.config)
    }

    /// The same for a client that may speak HTTP/2 inside. It has to offer one of HTTP's versions.
    pub(crate) fn http2_config_at(&self, local: IpAddr) -> Arc<ServerConfig> {
        self.at(local, &self.0.http2)
    }

    fn at(&self, local: IpAddr, config: &Arc<ServerConfig>) -> Arc<ServerConfig> {
        let local = local.to_canonical();
        if !self.0.set.load().has_address(local) {
            return Arc::clone(config);
        }
        let mut config = ServerConfig::clone(config);
        config.cert_resolver = Arc::new(Resolver { set: Arc::clone(&self.0.set), local: Some(local) });
        Arc::new(config)
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.watched().files.iter().map(|files| &files.certificate)).finish()
    }
}

fn config(provider: Arc<CryptoProvider>, resolver: Resolver) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("the provider has cipher suites for both versions")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    // rtmpdump with GnuTLS takes the record of a ticket for an error in the RTMP handshake.
    config.send_tls13_tickets = 0;
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    config
}

/// Chooses the certificate of a handshake.
struct Resolver {
    set: Arc<ArcSwap<Set>>,
    local: Option<IpAddr>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.set.load().choose(hello.server_name(), self.local, hello.signature_schemes()))
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("local", &self.local).finish_non_exhaustive()
    }
}
