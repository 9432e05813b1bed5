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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyKind;

    const RSA_1024: &str = include_str!("../tests/keys/rsa1024.pem");
    const RSA_2048: &str = include_str!("../tests/keys/rsa2048.pem");
    const RSA_4096: &str = include_str!("../tests/keys/rsa4096.pem");
    const P256: &str = include_str!("../tests/keys/p256.pem");
    const P256_PKCS8: &str = include_str!("../tests/keys/p256-pkcs8.pem");

    fn parse(text: &str) -> PrivateKey {
        PrivateKey::parse(text).expect("it is a key")
    }

    fn fault(text: &str) -> String {
        PrivateKey::parse(text).expect_err("it is none").to_string()
    }

    #[test]
    fn keys_are_read_in_the_forms_that_openssl_writes() {
        for (text, kind) in [
            (RSA_1024, KeyKind::Rsa(1024)),
            (RSA_2048, KeyKind::Rsa(2048)),
            (RSA_4096, KeyKind::Rsa(4096)),
            (P256, KeyKind::P256),
            (P256_PKCS8, KeyKind::P256),
        ] {
            assert_eq!(parse(text).public().kind(), kind);
        }
        assert_eq!(parse(P256).public(), parse(P256_PKCS8).public());
    }

    #[test]
    fn what_is_signed_is_verified_with_the_same_hash_only() {
        for text in [RSA_1024, P256] {
            let key = parse(text);
            for (hash, other) in [(Hash::Sha1, Hash::Sha256), (Hash::Sha256, Hash::Sha1)] {
                let signature = key.sign(hash, b"message").expect("it signs");
                assert!(key.public().verifies(hash, b"message", &signature));
                assert!(!key.public().verifies(other, b"message", &signature));
                assert!(!key.public().verifies(hash, b"massage", &signature));
            }
        }
    }

    #[test]
    fn rsa_signs_as_openssl_does() {
        // openssl dgst -sha1 -sign rsa1024.pem, of `message`.
        let hex = "83c05cf63ea3badc5e53a2104ca102f7bc31335c1ecc01f852c77a0f00cb7c34be5ae135244d4c17bf9d536023d97bff932b2a4e58d45e91aaa42719a472e6620c380d153a4a955771690503006895294cf3f5e6ef95188a1e80379c87ab76f036c96a58eb107e3b77a2b1df7cea5f2b66991005d888cbca63e92bddaf9b2ea6";
        let signature = parse(RSA_1024).sign(Hash::Sha1, b"message").expect("it signs");
        assert_eq!(signature.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), hex);
    }

    #[test]
    fn a_file_that_is_no_key_says_what_to_do() {
        let block = |tag: &str, text: &str| format!("-----BEGIN {tag}-----\n{text}\n-----END {tag}-----\n");
        assert_eq!(fault("key"), PrivateKeyError::NoPem.to_string());
        assert_eq!(fault(""), PrivateKeyError::NoPem.to_string());
        let public = "it is a public key: what signs is the private key that belongs to it";
        assert_eq!(fault(&block("PUBLIC KEY", "AAAA")), public);
        let password = "it is under a password: `openssl pkey -in FILE -out plain.pem` takes that off";
        assert_eq!(fault(&block("ENCRYPTED PRIVATE KEY", "AAAA")), password);
        let old = block("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA");
        assert_eq!(fault(&old), password);
        let words = "it is a CERTIFICATE; what is needed is a PRIVATE KEY: `openssl genrsa -out private.pem 2048` makes one";
        assert_eq!(fault(&block("CERTIFICATE", "AAAA")), words);
        assert_eq!(fault(&block("RSA PRIVATE KEY", "AAAA")), "the RSA PRIVATE KEY inside can't be read");
        for tag in ["PRIVATE KEY", "EC PRIVATE KEY"] {
            assert_eq!(fault(&block(tag, "AAAA")), PrivateKeyError::Kind.to_string());
        }
    }

    #[test]
    fn other_kinds_of_keys_are_refused() {
        // ECDSA on P-384 and RSA with 512 bits, each made for this test by openssl.
        for text in [include_str!("../tests/keys/p384.pem"), include_str!("../tests/keys/rsa512.pem")] {
            assert_eq!(fault(text), PrivateKeyError::Kind.to_string());
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", parse(RSA_1024)), "PrivateKey(Rsa(1024))");
    }
}
