//! Private keys as people have them, PEM files, and signatures made with them.

use crate::{Hash, PublicKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use p256::SecretKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _};
use rsa::rand_core::OsRng;
use rsa::{Pkcs1v15Sign, RsaPrivateKey};
use std::fmt;
use zeroize::Zeroizing;

/// What stands before a digest that RSA signs (RFC 8017 §9.2, note 1).
const SHA1_PREFIX: [u8; 15] = *b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14";
const SHA256_PREFIX: [u8; 19] =
    *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";

/// A private key that signs. It is wiped from memory when it goes.
pub struct PrivateKey {
    key: Key,
    public: PublicKey,
}

/// AWS-LC, which verifies, makes no signatures with SHA-1, and SHA-1 is what players' sites have used for years.
enum Key {
    Rsa(Box<RsaPrivateKey>),
    P256(Box<SigningKey>),
}

/// Why a file is no private key that can sign. What is in the file is not repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PrivateKeyError {
    /// No PEM at all.
    #[error(
        "it is no PEM file: it should begin with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----"
    )]
    NoPem,
    /// The public half.
    #[error("it is a public key: what signs is the private key that belongs to it")]
    Public,
    /// Under a password.
    #[error("it is under a password: `openssl pkey -in FILE -out plain.pem` takes that off")]
    Encrypted,
    /// PEM of something else.
    #[error("it is a {0}; what is needed is a PRIVATE KEY: `openssl genrsa -out private.pem 2048` makes one")]
    Other(String),
    /// Broken inside.
    #[error("the {0} inside can't be read")]
    Broken(&'static str),
    /// Neither RSA nor P-256.
    #[error("it is neither RSA with 1024, 2048 or 4096 bits nor ECDSA on P-256")]
    Kind,
    /// The arithmetic went wrong.
    #[error("the key can't sign: is it damaged?")]
    Unusable,
}

impl PrivateKey {
    /// Reads a PEM file: PKCS #8 with either kind of key, PKCS #1 with RSA, SEC 1 with P-256.
    ///
    /// # Errors
    /// When it can't be used, and what to do about it.
    pub fn parse(text: &str) -> Result<Self, PrivateKeyError> {
        let blocks = pem::parse_many(text).map_err(|_| PrivateKeyError::NoPem)?;
        // `openssl ecparam -genkey` writes the curve before the key.
        let block = blocks.into_iter().find(|block| block.tag() != "EC PARAMETERS");
        let block = block.ok_or(PrivateKeyError::NoPem)?;
        let is_encrypted = block.headers().get("Proc-Type").is_some_and(|value| value.contains("ENCRYPTED"));
        let tag = block.tag().to_owned();
        let der = Zeroizing::new(block.into_contents());
        let key = match tag.as_str() {
            _ if is_encrypted => return Err(PrivateKeyError::Encrypted),
            "ENCRYPTED PRIVATE KEY" => return Err(PrivateKeyError::Encrypted),
            "PUBLIC KEY" | "RSA PUBLIC KEY" => return Err(PrivateKeyError::Public),
            "PRIVATE KEY" => Key::from_pkcs8(&der)?,
            "RSA PRIVATE KEY" => match RsaPrivateKey::from_pkcs1_der(&der) {
                Ok(key) => Key::Rsa(Box::new(key)),
                Err(_) => return Err(PrivateKeyError::Broken("RSA PRIVATE KEY")),
            },
            "EC PRIVATE KEY" => match SecretKey::from_sec1_der(&der) {
                Ok(key) => Key::P256(Box::new(key.into())),
                Err(_) => return Err(PrivateKeyError::Kind),
            },
            _ => return Err(PrivateKeyError::Other(tag)),
        };
        let public = key.public()?;
        Ok(Self { key, public })
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs as [`PublicKey::verifies`] verifies.
    ///
    /// # Errors
    /// When the parts of the key do not belong together.
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Result<Vec<u8>, PrivateKeyError> {
        let (algorithm, prefix) = match hash {
            Hash::Sha1 => (&SHA1_FOR_LEGACY_USE_ONLY, SHA1_PREFIX.as_slice()),
            Hash::Sha256 => (&SHA256, SHA256_PREFIX.as_slice()),
        };
        let digest = digest(algorithm, message);
        let digest = digest.as_ref();
        match &self.key {
            Key::Rsa(key) => {
                let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
                // Blinded: how long it takes says nothing about the key.
                key.sign_with_rng(&mut OsRng, scheme, digest).map_err(|_| PrivateKeyError::Unusable)
            }
            Key::P256(key) => {
                let signature: Result<DerSignature, _> = key.sign_prehash(digest);
                signature
                    .map(|signature| signature.as_bytes().to_vec())
                    .map_err(|_| PrivateKeyError::Unusable)
            }
        }
    }
}

impl Key {
    /// PKCS #8 says itself which kind it is.
    fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let rsa = RsaPrivateKey::from_pkcs8_der(der).map(|key| Self::Rsa(Box::new(key)));
        let p256 = || SigningKey::from_pkcs8_der(der).map(|key| Self::P256(Box::new(key)));
        rsa.or_else(|_| p256()).map_err(|_| PrivateKeyError::Kind)
    }

    fn public(&self) -> Result<PublicKey, PrivateKeyError> {
        let der = match self {
            Self::Rsa(key) => key.to_public_key().to_public_key_der().ok().map(|der| der.as_bytes().to_vec()),
            Self::P256(key) => {
                key.verifying_key().to_public_key_der().ok().map(|der| der.as_bytes().to_vec())
            }
        };
        PublicKey::from_der(&der.ok_or(PrivateKeyError::Unusable)?).map_err(|_| PrivateKeyError::Kind)
    }
}

/// Nothing of a private key is ever shown.
impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.public.kind()).finish()
    }
}
