//! The canned policy in each form that signers write it.

use super::policy::Policy;
use std::fmt::Write as _;

/// The bytes that may have been signed, likeliest first. They differ only where a resource has characters that some
/// programs escape.
pub(super) fn forms(resource: &str, expires: u64) -> Vec<String> {
    let plain = template(resource, expires);
    let is_plain =
        |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
    if resource.bytes().all(is_plain) {
        return vec![plain];
    }
    let mut forms = vec![plain];
    let others = [
        Policy::canned(resource, expires),
        template(&ascii(resource), expires),
        template(&html(resource), expires),
    ];
    for form in others {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

/// Java, .NET, and whoever pastes strings together.
fn template(resource: &str, expires: u64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{expires}}}}}}}]}}"#
    )
}

/// Python's `json.dumps` and PHP's `json_encode`: UTF-16 units for all that is not ASCII.
fn ascii(resource: &str) -> String {
    let mut text = String::with_capacity(resource.len() * 2);
    let mut units = [0; 2];
    for letter in resource.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(letter),
            _ => letter.encode_utf16(&mut units).iter().for_each(|unit| escape(&mut text, *unit)),
        }
    }
    text
}

/// Go's `json.Marshal`: what HTML and JavaScript would take for their own.
fn html(resource: &str) -> String {
    let quoted = super::policy::quoted(resource);
    let mut text = String::with_capacity(quoted.len() * 2);
    for letter in quoted[1..quoted.len() - 1].chars() {
        match letter {
            '&' => escape(&mut text, 0x26),
            '<' => escape(&mut text, 0x3c),
            '>' => escape(&mut text, 0x3e),
            '\u{2028}' => escape(&mut text, 0x2028),
            '\u{2029}' => escape(&mut text, 0x2029),
            _ => text.push(letter),
        }
    }
    text
}

fn escape(text: &mut String, unit: u16) {
    // Writing to a string can't fail.
    let _ = write!(text, "\\u{unit:04x}");
}

#[cfg(test)]
mod tests {
    use super::forms;
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn a_plain_name_has_one_form_whose_bytes_everybody_agrees_on() {
        let forms = forms("example/video.mp4", 1_357_034_400);
        assert_eq!(forms.len(), 1);
        let bytes = forms[0].as_bytes();
        assert_eq!(bytes.len(), 106);
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes);
        assert_eq!(hex(sha1.as_ref()), "6791a6ca7a8064e82dc9b4a4a98293ba157ccce4");
        let sha256 = digest(&SHA256, bytes);
        assert_eq!(hex(sha256.as_ref()), "4208ec22661d70d7d5efb7330144fb7193ddb0b92d620250621f586f24b39c3d");
    }

    /// Only what stands between the quotes of the resource.
    fn resources(name: &str) -> Vec<String> {
        let inner = |form: String| {
            let start = r#"{"Statement":[{"Resource":""#;
            let end = r#"","Condition":{"DateLessThan":{"AWS:EpochTime":7}}}]}"#;
            form.strip_prefix(start).and_then(|rest| rest.strip_suffix(end)).expect("the template").to_owned()
        };
        forms(name, 7).into_iter().map(inner).collect()
    }

    #[test]
    fn letters_that_are_not_ascii_are_utf_8_or_escapes() {
        assert_eq!(resources("é🎬"), ["é🎬", r"\u00e9\ud83c\udfac"]);
    }

    #[test]
    fn quotes_and_backslashes_are_escaped_or_not() {
        assert_eq!(resources(r#"a"b\c"#), [r#"a"b\c"#, r#"a\"b\\c"#]);
    }

    #[test]
    fn control_characters_are_escaped_in_short_where_json_can() {
        let short = r"\n\r\t\b\f";
        assert_eq!(resources("\n\r\t\u{8}\u{c}\u{1}"), ["\n\r\t\u{8}\u{c}\u{1}", &format!(r"{short}\u0001")]);
        assert_eq!(resources("\u{7f}"), ["\u{7f}", r"\u007f"]);
    }

    #[test]
    fn go_escapes_what_html_would_read() {
        assert_eq!(resources("a?b=1&c=<>"), ["a?b=1&c=<>", r"a?b=1\u0026c=\u003c\u003e"]);
    }
}
