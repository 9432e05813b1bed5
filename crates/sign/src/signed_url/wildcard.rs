//! `*` for any characters, `?` for exactly one.

use std::collections::HashMap;

/// Whether `text` is what `pattern` describes. What viewers send takes time in proportion to its length, times the
/// longest part of the pattern between two `*`, divided by 64.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let parts: Vec<Vec<char>> = pattern.split('*').map(|part| part.chars().collect()).collect();
    let ([first, ..], [.., last]) = (parts.as_slice(), parts.as_slice()) else { return false };
    if parts.len() == 1 {
        return first.len() == text.len() && is_at_start(first, &text);
    }
    let middle = &parts[1..parts.len() - 1];
    let least: usize = parts.iter().map(Vec::len).sum();
    if least > text.len()
        || !is_at_start(first, &text)
        || !is_at_start(last, &text[text.len() - last.len()..])
    {
        return false;
    }
    // The first place that each part fits is the best one: it leaves the most for those that follow.
    let mut rest = &text[first.len()..text.len() - last.len()];
    middle.iter().filter(|part| !part.is_empty()).all(|part| {
        let end = end_of(part, rest);
        rest = &rest[end.unwrap_or(0)..];
        end.is_some()
    })
}

fn is_at_start(part: &[char], text: &[char]) -> bool {
    part.len() <= text.len() && part.iter().zip(text).all(|(part, text)| *part == '?' || part == text)
}

/// Where the first place ends that a part fits (Baeza-Yates and Gonnet's shift-and, a bit for each of its characters:
/// set if what was read last fits the part up to there).
fn end_of(part: &[char], text: &[char]) -> Option<usize> {
    let fits = places(part);
    let last = part.len() - 1;
    let mut state = vec![0_u64; part.len().div_ceil(64)];
    for (at, letter) in text.iter().enumerate() {
        let fits = fits.get(letter).or_else(|| fits.get(&'?'))?;
        let mut carry = 1;
        for (word, fits) in state.iter_mut().zip(fits) {
            (*word, carry) = ((*word << 1 | carry) & fits, *word >> 63);
        }
        if state[last / 64] >> (last % 64) & 1 == 1 {
            return Some(at + 1);
        }
    }
    None
}

/// For each character of a part where it fits, and for all others under `?`.
fn places(part: &[char]) -> HashMap<char, Vec<u64>> {
    let mut any = vec![0_u64; part.len().div_ceil(64)];
    let bit = |at: usize| 1_u64 << (at % 64);
    for (at, _) in part.iter().enumerate().filter(|(_, letter)| **letter == '?') {
        any[at / 64] |= bit(at);
    }
    let mut places = HashMap::from([('?', any.clone())]);
    for (at, letter) in part.iter().enumerate().filter(|(_, letter)| **letter != '?') {
        places.entry(*letter).or_insert_with(|| any.clone())[at / 64] |= bit(at);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::matches;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_without_wildcards_is_the_text_itself() {
        assert!(matches("dir/x.mp4", "dir/x.mp4"));
        for other in ["dir/x.mp", "dir/x.mp4a", "Dir/x.mp4", ""] {
            assert!(!matches("dir/x.mp4", other), "{other}");
        }
        assert!(matches("", ""));
    }

    #[test]
    fn a_star_is_any_number_of_characters() {
        for text in ["a/b", "a/", "a/b/c.mp4"] {
            assert!(matches("*", text) && matches("a/*", text) && matches("*a*/*", text), "{text}");
        }
        assert!(matches("*.mp4", "x.mp4") && matches("*.mp4", ".mp4") && matches("a*a", "aa"));
        assert!(!matches("*.mp4", "x.mp4?") && !matches("a*a", "a") && !matches("ab*ba", "aba"));
        assert!(matches("*ab*ab*", "abab") && !matches("*ab*ab*", "aba"));
        assert!(matches("http*://h/*", "https://h/x") && matches("http*://h/*", "http://h/"));
    }

    #[test]
    fn a_question_mark_is_exactly_one_character() {
        assert!(matches("?.mp4", "é.mp4") && matches("?.mp4", "🎬.mp4") && matches("a?b*", "a?bc"));
        assert!(!matches("?.mp4", ".mp4") && !matches("?.mp4", "ab.mp4"));
        assert!(
            matches("*?", "a") && !matches("*?", "") && matches("*?b?*", "abc") && !matches("*?b?*", "bc")
        );
    }

    #[test]
    fn long_patterns_are_more_than_one_word_of_bits() {
        let (needle, hay) = ("ab?c".repeat(40), "abxc".repeat(90));
        let pattern = format!("*d{needle}e*");
        assert!(!matches(&pattern, &hay));
        assert!(matches(&pattern, &format!("{hay}d{}e{hay}", &hay[..160])));
        assert!(!matches(&pattern, &format!("{hay}d{}e{hay}", &hay[..156])));
        // This would take a backtracking matcher some 10^9 steps.
        let (pattern, text) = (format!("*{}b*", "a".repeat(8000)), "a".repeat(16_000));
        assert!(!matches(&pattern, &text) && matches(&pattern, &format!("{text}b")));
    }

    /// The definition, in exponential time.
    fn defined(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => (0..=text.len()).any(|skipped| defined(rest, &text[skipped..])),
            (['?', rest @ ..], [_, after @ ..]) => defined(rest, after),
            ([one, rest @ ..], [other, after @ ..]) => one == other && defined(rest, after),
            (_, []) => false,
        }
    }

    proptest! {
        #[test]
        fn all_patterns_match_what_they_are_defined_to(pattern in "[ab*?]{0,8}", text in "[ab]{0,10}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), defined(&chars(&pattern), &chars(&text)));
        }
    }
}
