//! Policies of strangers: read within bounds, written as they were read, and their wildcards mean what they are defined to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use millrace_sign::{Policy, PolicyError};

/// The definition of the wildcards, by a table. It is quadratic, so only short ones are compared.
fn covers(pattern: &str, text: &str) -> Option<bool> {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    if pattern.len() * text.len() > 20_000 {
        return None;
    }
    // Which beginnings of the text fit the beginning of the pattern that was read.
    let mut fits = vec![false; text.len() + 1];
    fits[0] = true;
    for letter in pattern {
        let mut next = vec![false; text.len() + 1];
        for end in 0..=text.len() {
            next[end] = match letter {
                '*' => fits[end] || (end > 0 && next[end - 1]),
                _ => end > 0 && fits[end - 1] && (letter == '?' || letter == text[end - 1]),
            };
        }
        fits = next;
    }
    fits.last().copied()
}

fn is_sound(policy: &Policy, text: &str) {
    let json = policy.to_json();
    match Policy::parse(json.as_bytes()) {
        Ok(again) => assert_eq!(again, *policy),
        // A length that was left out of an address makes it longer than it came.
        Err(error) => assert!(error == PolicyError::TooLong && json.len() > 8192),
    }
    let Some(pattern) = &policy.resource else { return assert!(policy.covers(text)) };
    assert!(policy.covers(pattern), "a pattern fits itself");
    let defined = covers(pattern, text);
    assert!(defined.is_none_or(|defined| policy.covers(text) == defined), "{pattern:?} {text:?}");
}

// A line with a resource, then a policy; and the line as a pattern for the policy as text.
fuzz_target!(|data: &[u8]| {
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (text, json) = (String::from_utf8_lossy(&data[..at]), &data[(at + 1).min(data.len())..]);
    match Policy::parse(json) {
        Ok(policy) => is_sound(&policy, &text),
        Err(error) => {
            let words = error.to_string();
            assert!(words.len() < 5000 && !words.contains(char::is_control), "{words:?}");
        }
    }
    let pattern = Policy { resource: Some(text.into_owned()), expires: 9, not_before: None, network: None };
    if pattern.to_json().len() <= 8192 {
        is_sound(&pattern, &String::from_utf8_lossy(json));
    }
});
