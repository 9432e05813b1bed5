//! SHA-256 and the chain of HMACs that leads from a secret to a signature.

use super::{ALGORITHM, Scope, TERMINATOR, stamp::Stamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;

pub(super) type Signature = [u8; 32];

/// The SHA-256 of `bytes` in lower-case hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

/// Reads 64 lower-case hex digits.
pub(super) fn unhex(text: &str) -> Option<Signature> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut signature = Signature::default();
    for (byte, pair) in signature.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(signature)
}

pub(super) fn string_to_sign(canonical: &[u8], stamp: Stamp, scope: &Scope) -> String {
    format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", sha256(canonical))
}

pub(super) fn signature(secret: &str, scope: &Scope, string_to_sign: &str) -> Signature {
    let start = format!("AWS4{secret}").into_bytes();
    let steps = [&scope.date, &scope.region, &scope.service, TERMINATOR, string_to_sign];
    let key = steps.iter().fold(start, |key, step| step_with(&key, step.as_bytes()).to_vec());
    key.try_into().expect("the last step gives 32 bytes")
}

fn step_with(key: &[u8], message: &[u8]) -> Signature {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
