//! Texts of viewers', made fit for logs.

use std::borrow::Cow;
use std::ops::Range;

/// How often a text may have been escaped: by the signer, by a page, and by a proxy.
const ESCAPES: usize = 3;
/// The end of `Signature` and `CloudFront-Signature`, in small letters.
const NAME: &[u8] = b"signature=";

/// A character of a text, however often it was escaped there.
struct Letter {
    byte: u8,
    place: Range<usize>,
}

/// A text of a viewer's for logs: the value of each `Signature` and `CloudFront-Signature` becomes `…`, whether the text
/// is raw or escaped. A value ends at `&`, `;`, `"` or the end: at anything else a damaged one might go on.
#[must_use]
pub fn redacted(text: &str) -> Cow<'_, str> {
    let can_hold = text.bytes().any(|byte| byte == b'=') || text.contains("%3") || text.contains("%2");
    if !can_hold {
        return Cow::Borrowed(text);
    }
    let values = values(&letters(text));
    if values.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut clean, mut end) = (String::with_capacity(text.len()), 0);
    for value in values {
        clean.push_str(&text[end..value.start]);
        clean.push('…');
        end = value.end;
    }
    clean.push_str(&text[end..]);
    Cow::Owned(clean)
}

/// Where the values stand in the text.
fn values(letters: &[Letter]) -> Vec<Range<usize>> {
    let mut values = Vec::new();
    let mut at = 0;
    while at + NAME.len() < letters.len() {
        let is_name = NAME.iter().zip(&letters[at..]).all(|(a, b)| *a == b.byte.to_ascii_lowercase());
        at += 1;
        if !is_name {
            continue;
        }
        let first = at - 1 + NAME.len();
        let rest = letters[first..].iter();
        let length = rest.take_while(|letter| !matches!(letter.byte, b'&' | b';' | b'"')).count();
        if length > 0 {
            values.push(letters[first].place.start..letters[first + length - 1].place.end);
        }
        at = first + length;
    }
    values
}

/// A text without its escapes. A letter's place is always between characters of the text.
fn letters(text: &str) -> Vec<Letter> {
    let single = |(at, byte): (usize, &u8)| Letter { byte: *byte, place: at..at + 1 };
    let mut letters: Vec<Letter> = text.as_bytes().iter().enumerate().map(single).collect();
    for _ in 0..ESCAPES {
        let before = letters.len();
        letters = unescaped(letters);
        if letters.len() == before {
            break;
        }
    }
    letters
}

fn unescaped(letters: Vec<Letter>) -> Vec<Letter> {
    let mut out = Vec::with_capacity(letters.len());
    let mut rest = letters.as_slice();
    while let [first, after @ ..] = rest {
        let hex = |letter: &Letter| char::from(letter.byte).to_digit(16);
        let pair = match (first.byte, after) {
            (b'%', [high, low, ..]) => hex(high).zip(hex(low)).map(|pair| (pair, low.place.end)),
            _ => None,
        };
        let byte = pair.and_then(|((high, low), end)| Some((u8::try_from(high * 16 + low).ok()?, end)));
        let (byte, end, length) = byte.map_or((first.byte, first.place.end, 1), |(byte, end)| (byte, end, 3));
        out.push(Letter { byte, place: first.place.start..end });
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::redacted;
    use std::borrow::Cow;

    #[test]
    fn signatures_are_not_shown() {
        for (text, clean) in [
            ("x?Signature=abc", "x?Signature=…"),
            ("x?Signature=ab c\n+d&Expires=1", "x?Signature=…&Expires=1"),
            ("x?a=b&amp;Signature=abc&amp;Expires=1", "x?a=b&amp;Signature=…&amp;Expires=1"),
            ("x%3FSignature%3Dabc%26Expires%3D1", "x%3FSignature%3D…%26Expires%3D1"),
            ("x%253FSignature%253dabc%2526Expires%253D1", "x%253FSignature%253d…%2526Expires%253D1"),
            ("x%3F%53ignature=ab%7Ec", "x%3F%53ignature=…"),
            (
                "CloudFront-Signature=abc; CloudFront-Policy=def",
                "CloudFront-Signature=…; CloudFront-Policy=def",
            ),
            ("\"x?signature=abc\" refused", "\"x?signature=…\" refused"),
            ("Signature=abc&Signature=é", "Signature=…&Signature=…"),
        ] {
            assert_eq!(redacted(text), clean);
            assert_eq!(redacted(clean), clean);
        }
    }

    #[test]
    fn text_without_signatures_is_as_it_was() {
        for text in [
            "",
            "mp4:dir/x.mp4?color=red",
            "Signature",
            "Signature=",
            "Signature=&a=b",
            "100%",
            "%3",
            "%%3F=é",
        ] {
            assert_eq!(redacted(text), text);
        }
        assert!(matches!(redacted("mp4:dir/x.mp4?color=red"), Cow::Borrowed(_)));
    }
}
