//! Standard output.

use std::io::Write;

/// Prints; a reader that went away, as `head` does, is no reason to fail.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
