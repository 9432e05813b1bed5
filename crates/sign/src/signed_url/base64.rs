//! Base64 as CloudFront's signers write it: `-` for `+`, `~` for `/`, `_` for `=`. The standard letters are taken as well.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~";

/// Why a text is no base64.
pub(super) const NO_LETTER: &str = "it has a character that base64 has not";
pub(super) const CUT: &str = "its last letters are missing";
pub(super) const SPARE_BITS: &str = "its last letter is damaged or not the last";
pub(super) const URL_SAFE: &str = "a \"_\" stands inside, as in URL-safe base64: CloudFront writes \"/\" as \"~\", \"+\" as \"-\" and only \"=\" as \"_\"";

/// Bytes as text.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let word = three.iter().fold(0, |word, byte| word << 8 | usize::from(*byte));
        for place in 0..4 {
            let letter = char::from(LETTERS[word >> (18 - 6 * place) & 63]);
            text.push(if place <= chunk.len() { letter } else { '_' });
        }
    }
    text
}

/// Text as bytes. Both alphabets are taken, even mixed, as are a blank for the `+` that a form decoder made of it, line
/// breaks, and missing padding. What is left is one text for one meaning: no letter may change without being noticed.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut word, mut letters, mut padding) = (0_u32, 0_usize, None);
    for byte in text.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        if let b'=' | b'_' = byte {
            padding = padding.max(Some(*byte));
            continue;
        }
        let value = value(*byte).ok_or(NO_LETTER)?;
        match padding {
            Some(b'_') => return Err(URL_SAFE),
            Some(_) => return Err(NO_LETTER),
            None => (word, letters) = (word << 6 | value, letters + 1),
        }
        if letters.is_multiple_of(4) {
            bytes.extend_from_slice(&word.to_be_bytes()[1..]);
            word = 0;
        }
    }
    finish(bytes, word, letters % 4)
}

/// The one or two bytes of a last group that is not full.
fn finish(mut bytes: Vec<u8>, word: u32, letters: usize) -> Result<Vec<u8>, &'static str> {
    let (spare, count) = match letters {
        0 => return Ok(bytes),
        2 => (4, 1),
        3 => (2, 2),
        _ => return Err(CUT),
    };
    if word & ((1 << spare) - 1) != 0 {
        return Err(SPARE_BITS);
    }
    bytes.extend_from_slice(&(word >> spare).to_be_bytes()[4 - count..]);
    Ok(bytes)
}

fn value(letter: u8) -> Option<u32> {
    let value = match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'-' | b'+' | b' ' => 62,
        b'~' | b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_with_cloudfronts_letters() {
        for (bytes, text) in
            [("", ""), ("a", "YQ__"), ("ab", "YWI_"), ("abc", "YWJj"), ("a>b?c~d", "YT5iP2N-ZA__")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
        }
        assert_eq!(encode(&[0xfb, 0xef, 0xff]), "--~~");
    }

    #[test]
    fn both_alphabets_are_read() {
        for text in ["--~~", "++//", "+-/~", " +~/", "-\r\n-~~\n"] {
            assert_eq!(decode(text.as_bytes()), Ok(vec![0xfb, 0xef, 0xff]), "{text:?}");
        }
        for text in ["YQ__", "YQ==", "YQ=_", "YQ=", "YQ", "YQ\n_\n_"] {
            assert_eq!(decode(text.as_bytes()), Ok(b"a".to_vec()), "{text:?}");
        }
    }

    #[test]
    fn what_is_damaged_is_not_read() {
        for (text, error) in [
            ("Y", CUT),
            ("YWJjY", CUT),
            ("YR__", SPARE_BITS),
            ("YWJ_", SPARE_BITS),
            ("YQ_Q", URL_SAFE),
            ("YQ=Q", NO_LETTER),
            ("YQ\t", NO_LETTER),
            ("YQ\u{e4}", NO_LETTER),
        ] {
            assert_eq!(decode(text.as_bytes()), Err(error), "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..=bytes.len() {
            assert_eq!(decode(encode(&bytes[..length]).as_bytes()).as_deref(), Ok(&bytes[..length]));
        }
    }
}
