//! RTMPE: the digest handshake with a Diffie-Hellman key exchange in it, and RC4 over everything behind.
//!
//! ```text
//! client                                    server
//! C0 = 6, 8, 9   C1 with a public key  ---->
//!                                      <----  S0   S1 with a public key   S2, signed
//! C2, signed                           ---->
//! connect ...    RC4, from the key stream's byte 1536 on, each direction with its own key
//! ```
//!
//! C1 and S1 are laid out by one of the two schemes of [`super::digest`]; the key is put in before the digest is
//! made, and the digest signs it. C0 proposes what is put over the signatures of C2 and S2 ([`Wrap`]), S0 decides.
//!
//! # What it is worth
//!
//! Very little. Nobody is authenticated: the keys of the digests are public, so anyone on the way can put in keys of
//! their own and read everything. RC4 without a checksum can be changed on the way without being noticed, and a group
//! of 1024 bits is within reach of the well-funded. What remains: somebody who only listens sees no film.
//! For security there is RTMPS.
//!
//! # Where the arithmetic is done
//!
//! Two powers modulo a 1024-bit prime cost thousands of times more than the rest of a handshake. So a server's
//! handshake stops at an [`Exchange`], which is small and can be sent to another thread; [`Exchange::agree`] turns it
//! into the [`Agreement`] that the handshake goes on with.

mod cipher;
mod exchange;
mod group;
mod offer;
mod signer;
#[cfg(test)]
mod tests;
mod wrap;

pub use cipher::{Cipher, Ciphers};
pub use exchange::{Agreement, Exchange};
pub(super) use offer::Offer;
pub(super) use signer::Signer;
pub use wrap::Wrap;
