//! The server's part of the key exchange.

use super::cipher::{Cipher, Ciphers};
use super::group::{Number, Private, PublicKey};
use super::signer::Signer;
use super::wrap::Wrap;
use crate::Error;
use crate::handshake::digest::{self, Digest, Scheme};
use crate::handshake::{BLOCK, Block, Random, SERVER_VERSION};

/// How often an exponent is drawn before the random source is taken for broken: a good one fails 64 times in a row
/// once in 2^448 handshakes.
const DRAWS: usize = 64;

/// What a client's C0 and C1 ask for, waiting for arithmetic.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    pub(super) wrap: Wrap,
    pub(super) scheme: Scheme,
    /// The client's public key, not checked yet.
    pub(super) client_key: Number,
    pub(super) client_digest: Digest,
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("wrap", &self.wrap)
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}

/// What came of an [`Exchange`]: give it back to the handshake that asked.
#[derive(Debug)]
pub struct Agreement {
    /// S0, S1 and S2.
    pub(in crate::handshake) answer: Vec<u8>,
    /// Whoever signs C2 like this has seen S1.
    pub(in crate::handshake) c2: Signer,
    /// The last 32 bytes of S1.
    pub(in crate::handshake) s1_end: Digest,
    pub(in crate::handshake) ciphers: Ciphers,
}

impl Exchange {
    /// What C1 asks for, under the version that C0 said.
    ///
    /// # Errors
    /// [`Error::NoDigest`]: without one there is no telling where the key is.
    pub(in crate::handshake) fn read(wrap: Wrap, c1: &Block) -> Result<Self, Error> {
        let (scheme, client_digest) =
            digest::find(c1, digest::CLIENT_KEY).ok_or_else(|| Error::NoDigest(wrap.version()))?;
        let client_key = *scheme.public_key(c1);
        Ok(Self { wrap, scheme, client_key, client_digest })
    }

    /// What is put over the signatures.
    #[must_use]
    pub fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// How C1 is laid out, and S1 will be.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Does the arithmetic. This takes a fraction of a millisecond and depends on nothing else, so it belongs onto a
    /// thread that serves nobody at that moment. `random` fills a slice with unpredictable bytes; here they matter:
    /// whoever can guess them reads the connection.
    ///
    /// # Errors
    /// [`Error::KeyExchange`] when the client's public key is not one of the group, or when `random` gives nothing
    /// usable: the connection is of no more use.
    pub fn agree(self, random: &mut Random) -> Result<Agreement, Error> {
        let theirs = PublicKey::check(&self.client_key)?;
        let (server_key, secret) = (0..DRAWS)
            .find_map(|_| {
                let private = Private::draw(random);
                usable(private.public(), || private.secret(&theirs))
            })
            .ok_or(Error::KeyExchange("the random source gives no usable exponent"))?;
        Ok(self.conclude(&server_key, &secret, random))
    }

    /// Everything but the arithmetic.
    pub(super) fn conclude(self, server_key: &Number, secret: &Number, random: &mut Random) -> Agreement {
        let (mut s1, mut s2) = ([0; BLOCK], [0; BLOCK]);
        random(&mut s1[8..]);
        s1[4..8].copy_from_slice(&SERVER_VERSION);
        self.scheme.put_public_key(&mut s1, server_key);
        let server_digest = digest::sign(&mut s1, self.scheme, digest::SERVER_KEY);
        random(&mut s2);
        Signer::new(self.wrap, &self.client_digest, digest::SERVER_ANSWER_KEY).sign(&mut s2);
        Agreement {
            answer: [&[self.wrap.version()], &s1[..], &s2].concat(),
            c2: Signer::new(self.wrap, &server_digest, digest::CLIENT_ANSWER_KEY),
            s1_end: digest::end(&s1),
            ciphers: Ciphers {
                inbound: Cipher::new(secret, server_key),
                outbound: Cipher::new(secret, &self.client_key),
            },
        }
    }
}

/// The public key and the secret, unless one of them begins with a zero byte.
///
/// Clients disagree on such secrets: librtmp with GnuTLS keeps 128 bytes, but FFmpeg with GMP, and both of them with
/// OpenSSL, move the shorter number to the front of their buffer, and then all that they send is noise. The server
/// knows the client's key before it shows its own, so it can see to it that the question never comes up; one
/// handshake in 128 draws a second time for it.
fn usable(server_key: Number, secret: impl FnOnce() -> Number) -> Option<(Number, Number)> {
    if server_key[0] == 0 {
        return None;
    }
    let secret = secret();
    (secret[0] != 0).then_some((server_key, secret))
}
