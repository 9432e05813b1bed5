//! The client's part of the key exchange.

use super::cipher::{Cipher, Ciphers};
use super::group::{Number, Private, PublicKey};
use super::signer::Signer;
use super::wrap::Wrap;
use crate::Error;
use crate::handshake::digest::{self, Digest, Scheme};
use crate::handshake::{BLOCK, Block, Random};

/// What has to be remembered of C1.
pub(in crate::handshake) struct Offer {
    private: Private,
    public: Number,
    digest: Digest,
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Offer").finish_non_exhaustive()
    }
}

/// What an offer came to.
pub(in crate::handshake) struct Acceptance {
    /// C2, signed.
    pub(in crate::handshake) c2: Block,
    /// Whoever signs S2 like this has seen C1.
    pub(in crate::handshake) s2: Signer,
    pub(in crate::handshake) ciphers: Ciphers,
}

impl Offer {
    /// Puts a public key and the digest into a C1 that is otherwise ready.
    pub(in crate::handshake) fn write(c1: &mut Block, scheme: Scheme, random: &mut Random) -> Self {
        let private = Private::draw(random);
        let public = private.public();
        scheme.put_public_key(c1, &public);
        let digest = digest::sign(c1, scheme, digest::CLIENT_KEY);
        Self { private, public, digest }
    }

    /// Does the arithmetic for a server's S0 and S1.
    ///
    /// # Errors
    /// [`Error::NoDigest`] and [`Error::KeyExchange`] when S1 has no right digest or no right key.
    pub(in crate::handshake) fn accept(
        &self,
        wrap: Wrap,
        s1: &Block,
        random: &mut Random,
    ) -> Result<Acceptance, Error> {
        let (scheme, server_digest) =
            digest::find(s1, digest::SERVER_KEY).ok_or_else(|| Error::NoDigest(wrap.version()))?;
        let server_key = scheme.public_key(s1);
        // A secret that begins with a zero byte is the server's to avoid; if it doesn't, the number as it is, with
        // its zeros, is what the wire format means.
        let secret = self.private.secret(&PublicKey::check(server_key)?);
        let mut c2 = [0; BLOCK];
        random(&mut c2);
        Signer::new(wrap, &server_digest, digest::CLIENT_ANSWER_KEY).sign(&mut c2);
        Ok(Acceptance {
            c2,
            s2: Signer::new(wrap, &self.digest, digest::SERVER_ANSWER_KEY),
            ciphers: Ciphers {
                inbound: Cipher::new(&secret, &self.public),
                outbound: Cipher::new(&secret, server_key),
            },
        })
    }
}
