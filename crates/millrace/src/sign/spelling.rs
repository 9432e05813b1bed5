//! How a signature is spelled in a name or a URL: which letters, which escapes, what was damaged on its way.

use percent_encoding::percent_decode_str;

/// Everything remarkable about it. Nothing of it is a fault: all these forms are taken.
pub(super) fn of(text: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let query = match text.split_once('?') {
        Some((_, query)) => query.to_owned(),
        None => {
            let upper = text.to_ascii_uppercase();
            let Some(at) = upper.find("%3F") else { return found };
            found.push("? = & are %3F %3D %26, as in a web page's variables");
            percent_decode_str(&text[at + 3..]).decode_utf8_lossy().into_owned()
        }
    };
    if query.contains("&amp;") {
        found.push("&amp; stands for &, as in XML");
    }
    let pieces = query.split('&').map(|piece| piece.trim_start_matches("amp;"));
    let values: Vec<&str> = pieces
        .filter_map(|piece| piece.split_once('='))
        .filter(|(name, _)| matches!(*name, "Signature" | "Policy"))
        .map(|(_, value)| value)
        .collect();
    if values.iter().any(|value| value.contains('%')) {
        found.push("the values are percent-encoded");
    }
    let decoded: Vec<_> = values.iter().map(|value| percent_decode_str(value).decode_utf8_lossy()).collect();
    let has = |letters: &[char]| decoded.iter().any(|value| value.contains(letters));
    match (has(&['-', '_', '~']), has(&['+', '/', '=', ' '])) {
        (true, true) => found.push("base64 with letters of both alphabets, CloudFront's - _ ~ and + = /"),
        (false, true) => found.push("base64 with + = / as everywhere else, where CloudFront writes - _ ~"),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_signers_write_is_nothing_remarkable() {
        assert_eq!(of("mp4:x.mp4?Expires=1&Signature=ab-~c__&Key-Pair-Id=K"), [""; 0]);
        assert_eq!(of("mp4:x.mp4?a=b%20c"), [""; 0]);
        assert_eq!(of("mp4:x.mp4"), [""; 0]);
    }

    #[test]
    fn escapes_damage_and_the_other_alphabet_are_noticed() {
        let one = |text: &str| {
            let found = of(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            found[0]
        };
        assert!(one("mp4:x%3FExpires%3D1%26Signature%3Dab-~c__").contains("%3F %3D %26"));
        assert!(one("mp4:x%3fExpires%3d1").contains("%3F %3D %26"));
        assert!(one("x?Expires=1&amp;Signature=ab-~").contains("XML"));
        assert!(one("x?Signature=ab%7Ecd").contains("percent-encoded"));
        assert!(one("x?Signature=ab/cd==").contains("as everywhere else"));
        assert!(one("x?Signature=ab/cd~_").contains("both"));
    }
}
