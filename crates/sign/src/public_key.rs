//! Public keys as people have them, PEM files, and signatures checked with them.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA1_ASN1, ECDSA_P256_SHA256_ASN1, ParsedPublicKey,
    RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    VerificationAlgorithm,
};
use sha2::{Digest, Sha256};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

/// Bits of the RSA keys that Amazon took at one time or another.
const RSA_BITS: [usize; 3] = [1024, 2048, 4096];

/// The digest that is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Hash {
    /// SHA-1, what every signer of CloudFront's does unless it is told otherwise. Forging one needs a second preimage,
    /// which nobody can make; only collisions of SHA-1 can be.
    #[default]
    Sha1,
    /// SHA-256, since 2026, with `Hash-Algorithm=SHA256`.
    Sha256,
}

/// What kind of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA, with so many bits.
    Rsa(usize),
    /// ECDSA on P-256.
    P256,
}

/// A public key that signatures are checked with.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    fingerprint: [u8; 32],
    sha1: ParsedPublicKey,
    sha256: ParsedPublicKey,
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

impl PublicKey {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// When it can't be used; a private key is not repeated in the error.
    pub fn parse(text: &str) -> Result<Self, PublicKeyError> {
        let pem = pem::parse(text).map_err(|_| PublicKeyError::NoPem)?;
        if pem.tag() != "PUBLIC KEY" {
            return Err(PublicKeyError::Other(pem.tag().to_owned()));
        }
        Self::from_der(pem.contents())
    }

    /// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1).
    ///
    /// # Errors
    /// When it can't be used.
    pub fn from_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        let (rest, info) = SubjectPublicKeyInfo::from_der(der).map_err(|_| PublicKeyError::Broken)?;
        let kind = match info.parsed().map_err(|_| PublicKeyError::Broken)? {
            _ if !rest.is_empty() => return Err(PublicKeyError::Broken),
            Parsed::RSA(key) if RSA_BITS.contains(&key.key_size()) => KeyKind::Rsa(key.key_size()),
            Parsed::EC(point) if point.key_size() == 256 && is_p256(&info) => KeyKind::P256,
            _ => return Err(PublicKeyError::Kind),
        };
        let (sha1, sha256): (&'static dyn VerificationAlgorithm, &'static dyn VerificationAlgorithm) =
            match kind {
                KeyKind::Rsa(_) => (
                    &RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
                    &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                ),
                KeyKind::P256 => (&ECDSA_P256_SHA1_ASN1, &ECDSA_P256_SHA256_ASN1),
            };
        let parsed = |algorithm| ParsedPublicKey::new(algorithm, der).map_err(|_| PublicKeyError::Broken);
        Ok(Self {
            kind,
            fingerprint: Sha256::digest(der).into(),
            sha1: parsed(sha1)?,
            sha256: parsed(sha256)?,
        })
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// SHA-256 of it: what it is, whatever it is called.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// Whether `signature` is one of `message`: PKCS #1 v1.5 (RFC 8017 §8.2) by an RSA key, ASN.1 DER by an ECDSA key.
    /// Costs tens of microseconds.
    #[must_use]
    pub fn verifies(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let key = match hash {
            Hash::Sha1 => &self.sha1,
            Hash::Sha256 => &self.sha256,
        };
        key.verify_sig(message, signature).is_ok()
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PublicKey").field(&self.kind).finish()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for PublicKey {}

/// Whether the curve is named as P-256.
fn is_p256(info: &SubjectPublicKeyInfo<'_>) -> bool {
    let curve = info.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    curve.is_some_and(|curve| curve.to_id_string() == "1.2.840.10045.3.1.7")
}
