//! Names that are made here. They look like Amazon's, since tools check their form.

use crate::Error;

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8] = b"0123456789abcdef";

/// So many letters of an alphabet, by chance.
fn letters(alphabet: &[u8], count: usize) -> Result<String, Error> {
    // Bytes from here on would make the first letters of the alphabet more frequent.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(count);
    let mut random = [0; 64];
    while text.len() < count {
        getrandom::fill(&mut random).map_err(|error| Error::internal(&error))?;
        let chosen = random.iter().filter(|byte| usize::from(**byte) < fair);
        let left = count - text.len();
        text.extend(chosen.take(left).map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])));
    }
    Ok(text)
}

/// An id such as `EDFDVBD6EXAMPLE`, and an ETag, which looks the same.
pub(crate) fn id(letter: char) -> Result<String, Error> {
    Ok(format!("{letter}{}", letters(UPPER, 13)?))
}

/// An id of an invalidation: they sort newest first.
pub(crate) fn invalidation(now_ms: i64) -> Result<String, Error> {
    let mut left = u64::MAX / 2 - now_ms.unsigned_abs();
    let mut digits = Vec::new();
    while digits.len() < 13 {
        digits.push(UPPER_SORTED[(left % 36) as usize]);
        left /= 36;
    }
    let digits: String = digits.iter().rev().map(|digit| char::from(*digit)).collect();
    Ok(format!("I{digits}{}", letters(UPPER, 4)?))
}

/// Digits in the order in which databases sort them.
const UPPER_SORTED: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The first part of a host name: `d` or `s` and 13 more.
pub(crate) fn host(letter: char) -> Result<String, Error> {
    Ok(format!("{letter}{}", letters(LOWER, 13)?))
}

/// The user id that an origin access identity has at S3.
pub(crate) fn canonical_user() -> Result<String, Error> {
    letters(HEX, 96)
}

/// An access key: id and secret.
pub(crate) fn access_key() -> Result<(String, String), Error> {
    Ok((format!("AKIA{}", letters(BASE32, 16)?), letters(BASE64, 40)?))
}

/// A UUID, version 4: ids of policies and requests.
pub(crate) fn uuid() -> Result<String, Error> {
    let hex = letters(HEX, 31)?;
    let (a, b, c, d, e) = (&hex[..8], &hex[8..12], &hex[12..15], &hex[16..19], &hex[19..]);
    let variant = ["8", "9", "a", "b"][usize::from(hex.as_bytes()[15] % 4)];
    Ok(format!("{a}-{b}-4{c}-{variant}{d}-{e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_like_amazons() {
        let id = id('E').expect("random");
        assert!(id.len() == 14 && id.starts_with('E') && id.bytes().all(|b| UPPER.contains(&b)), "{id}");
        assert_eq!(host('s').expect("random").len(), 14);
        let uuid = uuid().expect("random");
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(uuid.as_bytes()[14], b'4');
        let (key, secret) = access_key().expect("random");
        assert_eq!((key.len(), secret.len()), (20, 40));
    }

    #[test]
    fn newer_invalidations_sort_first() {
        let (old, new) = (invalidation(1_000).expect("random"), invalidation(1_001).expect("random"));
        assert!(new < old, "{new} {old}");
    }
}
