//! Public keys as people have them: PEM files.

use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Bits of the RSA keys that Amazon took at one time or another.
const RSA_BITS: [usize; 3] = [1024, 2048, 4096];

/// What kind of key a PEM file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicKeyPem {
    /// RSA, with so many bits.
    Rsa(usize),
    /// ECDSA on P-256.
    P256,
}

/// Why a file is no public key that signatures can be checked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// No PEM at all.
    #[error("it is no PEM file: it should begin with -----BEGIN PUBLIC KEY-----")]
    NoPem,
    /// PEM of something else.
    #[error("it is a {0}; what is needed is the PUBLIC KEY: `openssl rsa -in private.pem -pubout` makes it")]
    Other(String),
    /// Broken inside.
    #[error("the PUBLIC KEY inside can't be read")]
    Broken,
    /// Neither RSA nor P-256.
    #[error("it is neither RSA with 1024, 2048 or 4096 bits nor ECDSA on P-256")]
    Kind,
}

impl PublicKeyPem {
    /// Looks into a file.
    ///
    /// # Errors
    /// When it can't be used; a private key is not repeated in the error.
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        let pem = pem::parse(text).map_err(|_| PublicKeyError::NoPem)?;
        if pem.tag() != "PUBLIC KEY" {
            return Err(PublicKeyError::Other(pem.tag().to_owned()));
        }
        let (rest, info) =
            SubjectPublicKeyInfo::from_der(pem.contents()).map_err(|_| PublicKeyError::Broken)?;
        match info.parsed().map_err(|_| PublicKeyError::Broken)? {
            _ if !rest.is_empty() => Err(PublicKeyError::Broken),
            PublicKey::RSA(key) if RSA_BITS.contains(&key.key_size()) => Ok(Self::Rsa(key.key_size())),
            PublicKey::EC(point) if point.key_size() == 256 && is_p256(&info) => Ok(Self::P256),
            _ => Err(PublicKeyError::Kind),
        }
    }
}

/// Whether the curve is named as P-256.
fn is_p256(info: &SubjectPublicKeyInfo<'_>) -> bool {
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    curve.is_some_and(|curve| curve.to_id_string() == "1.2.840.10045.3.1.7")
}
