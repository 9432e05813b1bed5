//! Which keys are possible names, and how their exact bytes travel in a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

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

/// The key that the path of a URL names: what is behind its first slash, decoded. A plus is a plus. `None` if that is no
/// text.
pub(crate) fn of_path(path: &str) -> Option<String> {
    let key = path.strip_prefix('/').unwrap_or(path);
    percent_decode_str(key).decode_utf8().ok().map(std::borrow::Cow::into_owned)
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
    fn a_path_names_the_key_that_it_was_made_of() {
        for key in ["a b+c%d//é?.mp4", "", "/", "a//b/", "%2F", "%"] {
            assert_eq!(of_path(&format!("/{}", encode(key))).as_deref(), Some(key));
        }
        assert_eq!(of_path("/a+b%2fc").as_deref(), Some("a+b/c"));
        assert_eq!(of_path("/%ff"), None);
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
