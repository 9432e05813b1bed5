//! Which keys are possible names, and how their exact bytes travel in a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// S3's limit on the UTF-8 length of a key.
const LONGEST: usize = 1024;

/// Everything but RFC 3986's unreserved characters and the slash: what SigV4 wants of a path, encoded once.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Why `key` cannot be asked for by URL, or `None` if it can.
///
/// `.` and `..` are legal segments of an S3 key, but every URL library resolves them away, so the object that
/// answered would be another one than was asked for.
pub(crate) fn fault(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        Some("the key is empty")
    } else if key.len() > LONGEST {
        Some("the key is longer than 1024 bytes")
    } else if key.split('/').any(|part| part == "." || part == "..") {
        Some("the key has a segment . or ..")
    } else if key.bytes().any(|byte| byte == 0) {
        Some("the key has a NUL byte")
    } else {
        None
    }
}

/// The bytes of `key` percent-encoded for the path of a URL; slashes stay, also doubled and trailing ones.
pub(crate) fn encode(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_characters_and_utf8_are_encoded_and_slashes_kept() {
        assert_eq!(encode("a b+c%d//é?.mp4"), "a%20b%2Bc%25d//%C3%A9%3F.mp4");
        assert_eq!(encode("A-z_0.9~/"), "A-z_0.9~/");
    }

    #[test]
    fn impossible_keys_are_named() {
        for key in ["", "a/../b", ".", "a/.", "x\0y", &"k".repeat(1025)] {
            assert!(fault(key).is_some(), "{key:?}");
        }
        for key in ["a", "..a/b..", "a//b", "/a", "a/", "...", "é"] {
            assert!(fault(key).is_none(), "{key:?}");
        }
    }
}
