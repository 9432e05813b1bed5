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
