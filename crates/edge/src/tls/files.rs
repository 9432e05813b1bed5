//! A certificate and its key out of their files, with every fault told so that a person knows what to do.

use std::net::IpAddr;
use std::path::Path;
use std::time::SystemTime;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::{CertificateError, CertificateFiles};

/// Whom a certificate is for.
pub(super) enum Name {
    /// A host, in lower case; perhaps a wildcard.
    Dns(String),
    Address(IpAddr),
}

/// Reads one certificate with its key, and whom it is for.
pub(super) fn read(
    files: &CertificateFiles,
    provider: &CryptoProvider,
) -> Result<(CertifiedKey, Vec<Name>), CertificateError> {
    let chain = chain(&files.certificate)?;
    let names = inspect(&files.certificate, &chain[0])?;
    let key = key(&files.key)?;
    let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            CertificateError::KeyMismatch { certificate: files.certificate.clone(), key: files.key.clone() }
        }
        error => unusable(
            &files.key,
            format!(
                "this key can't be used: {error}; RSA from 2048 bits, P-256, P-384, P-521 and Ed25519 can"
            ),
        ),
    })?;
    Ok((certified, names))
}

/// The certificates in a file: at least one.
fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let text = pem(file, "openssl x509 -inform der")?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|error| damaged(file, &error))?;
    if chain.is_empty() {
        let key = holds(&text, "PRIVATE KEY-----");
        let why = if key { " but a private key; are the two files exchanged?" } else { "" };
        return Err(unusable(file, format!("there is no certificate in it{why}")));
    }
    Ok(chain)
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, CertificateError> {
    let text = pem(file, "openssl pkey -inform der")?;
    if holds(&text, "BEGIN ENCRYPTED PRIVATE KEY-----") || holds(&text, "Proc-Type: 4,ENCRYPTED") {
        let what = "the key has a passphrase; take it off with `openssl pkey -in FILE -out NEW`";
        return Err(unusable(file, what.to_owned()));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            let certificate = holds(&text, "BEGIN CERTIFICATE-----");
            let why = if certificate { " but a certificate; are the two files exchanged?" } else { "" };
            unusable(file, format!("there is no private key in it{why}"))
        }
        error => damaged(file, &error),
    })
}

/// The text of a PEM file; `cure` makes one of a DER file.
fn pem(file: &Path, cure: &str) -> Result<Vec<u8>, CertificateError> {
    let text =
        std::fs::read(file).map_err(|error| CertificateError::Unreadable { file: file.to_owned(), error })?;
    if holds(&text, "-----BEGIN ") {
        return Ok(text);
    }
    let what = format!("it is not PEM (`-----BEGIN …`); `{cure} -in FILE -out NEW` makes that of DER");
    Err(unusable(file, what))
}

fn holds(text: &[u8], what: &str) -> bool {
    text.windows(what.len()).any(|window| window == what.as_bytes())
}

fn unusable(file: &Path, what: String) -> CertificateError {
    CertificateError::Unusable { file: file.to_owned(), what }
}

fn damaged(file: &Path, error: &rustls::pki_types::pem::Error) -> CertificateError {
    unusable(file, format!("its PEM is damaged: {error}; copy the file again"))
}

/// Whom a certificate is for. Warns when it is not valid today, which is no reason not to serve: most players of RTMP
/// do not look, and those who do say so themselves.
fn inspect(file: &Path, leaf: &CertificateDer<'_>) -> Result<Vec<Name>, CertificateError> {
    let faulty = |what: &dyn std::fmt::Display| {
        unusable(file, format!("its first certificate can't be read: {what}; copy the file again"))
    };
    let (_, leaf) = X509Certificate::from_der(leaf).map_err(|error| faulty(&error))?;
    let today = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let (from, until) = (leaf.validity().not_before, leaf.validity().not_after);
    if until.timestamp() < today {
        tracing::warn!(file = %file.display(), %until, "the certificate has expired; players that check it go away");
    } else if from.timestamp() > today {
        tracing::warn!(file = %file.display(), %from, "the certificate is not valid yet");
    }
    let names = leaf.subject_alternative_name().map_err(|error| faulty(&error))?;
    let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
    Ok(names.iter().filter_map(Name::of).collect())
}

impl Name {
    fn of(name: &GeneralName<'_>) -> Option<Self> {
        match name {
            GeneralName::DNSName(name) => Some(Self::Dns(name.trim_end_matches('.').to_ascii_lowercase())),
            GeneralName::IPAddress(octets) => {
                let v4 = <[u8; 4]>::try_from(*octets).map(IpAddr::from).ok();
                v4.or_else(|| <[u8; 16]>::try_from(*octets).map(IpAddr::from).ok()).map(Self::Address)
            }
            _ => None,
        }
    }
}
