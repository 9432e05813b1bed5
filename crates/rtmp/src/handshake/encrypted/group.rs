//! Diffie-Hellman in the second Oakley group (RFC 2409, section 6.2): 1024 bits, generator 2.
//!
//! Its prime p is a safe one: q = (p - 1) / 2 is prime too, so the squares are a group of prime order q, and the
//! generator is one of them.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{JacobiSymbol, U256, U1024, Uint, const_monty_params};

use crate::Error;
use crate::handshake::Random;

const_monty_params!(
    Prime,
    U1024,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
     020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
     4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF",
    "Arithmetic modulo p."
);

pub(super) type Element = ConstMontyForm<Prime, { U1024::LIMBS }>;

/// Bytes in a public key and in a shared secret.
pub(super) const SIZE: usize = 128;

/// A public key or a shared secret: big-endian, with zeros in front.
pub(super) type Number = [u8; SIZE];

/// The other side's public key, found fit.
#[derive(Debug)]
pub(super) struct PublicKey(Element);

impl PublicKey {
    /// Takes 2..=p-2 that are squares modulo p. Others would betray or fix the secret, and all that honest peers
    /// make are squares, since the generator is one. FFmpeg checks its server in the same way.
    ///
    /// # Errors
    /// [`Error::KeyExchange`] for every other number.
    pub(super) fn check(bytes: &Number) -> Result<Self, Error> {
        let number = U1024::from_be_slice(bytes);
        let largest = Element::MODULUS.wrapping_sub(&U1024::from(2u8));
        let element = Element::new(&number);
        // For a prime modulus, the Jacobi symbol tells what raising to the power of q does, many times faster; the
        // number is public, so the time that it takes betrays nothing.
        match element.jacobi_symbol_vartime() {
            JacobiSymbol::One if number > U1024::ONE && number <= largest => Ok(Self(element)),
            _ => Err(Error::KeyExchange("the public key is not one of the group")),
        }
    }
}

/// A private exponent. Those that we draw have 256 bits: finding one by its size takes 2^128 steps (Pollard's
/// kangaroos), far more than breaking the group itself, and no small subgroup gives parts of it away because the
/// prime is a safe one. 1024 bits would cost four times as much.
pub(super) struct Private<const LIMBS: usize = { U256::LIMBS }>(Uint<LIMBS>);

impl Private {
    /// A new one.
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut bytes = [0; 32];
        random(&mut bytes);
        Self(U256::from_be_slice(&bytes))
    }
}

impl<const LIMBS: usize> Private<LIMBS> {
    /// A given one.
    #[cfg(test)]
    pub(super) fn new(exponent: Uint<LIMBS>) -> Self {
        Self(exponent)
    }

    /// The public key that belongs to it.
    pub(super) fn public(&self) -> Number {
        self.power(&Element::new(&U1024::from(2u8)))
    }

    /// The secret that is shared with the owner of `theirs`.
    pub(super) fn secret(&self, theirs: &PublicKey) -> Number {
        self.power(&theirs.0)
    }

    fn power(&self, base: &Element) -> Number {
        base.pow(&self.0).retrieve().to_be_bytes().into()
    }
}
