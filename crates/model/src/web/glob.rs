//! Texts with `*` and `?` in them.

use serde::{Deserialize, Serialize};

/// The longest run between two stars that is looked for, bytes. CloudFront's patterns have 255 characters at most.
const LONGEST: usize = 256;

/// A text in which `*` stands for any run of bytes and `?` for any one. Case matters.
///
/// Texts come from strangers, so a match takes time in proportion to the text whatever the pattern is: nothing is ever
/// tried twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(String);

impl Glob {
    /// Every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }

    /// The pattern as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` is meant, from its first byte to its last.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let text = text.as_bytes();
        let mut runs = self.0.split('*').map(str::as_bytes);
        let first = runs.next().unwrap_or_default();
        let Some(last) = runs.next_back() else { return is(first, text) };
        let Some(between) = text.len().checked_sub(last.len()).filter(|end| *end >= first.len()) else {
            return false;
        };
        if !is(first, &text[..first.len()]) || !is(last, &text[between..]) {
            return false;
        }
        // What stands between stars is taken where it comes first: that leaves the most for the rest.
        let mut left = &text[first.len()..between];
        runs.filter(|run| !run.is_empty()).all(|run| match end_of(run, left) {
            Some(end) => {
                left = &left[end..];
                true
            }
            None => false,
        })
    }
}

/// Whether a run without stars is this text.
fn is(run: &[u8], text: &[u8]) -> bool {
    run.len() == text.len() && run.iter().zip(text).all(|(run, byte)| *run == b'?' || run == byte)
}

/// Where the first place ends at which `text` has the run.
fn end_of(run: &[u8], text: &[u8]) -> Option<usize> {
    match run.len() {
        ..=64 => shift_and::<1>(run, text),
        65..=LONGEST => shift_and::<{ LONGEST / 64 }>(run, text),
        _ => None,
    }
}

/// Looks for a run of at most 64 bytes for each of `WORDS`, all of its beginnings at once: bit `i` of the state says that
/// the last `i + 1` bytes of the text are the first ones of the run (Baeza-Yates and Gonnet's shift-and).
fn shift_and<const WORDS: usize>(run: &[u8], text: &[u8]) -> Option<usize> {
    let mut places = [[0_u64; WORDS]; 256];
    let mut anywhere = [0_u64; WORDS];
    for (at, byte) in run.iter().enumerate() {
        let of = if *byte == b'?' { &mut anywhere } else { &mut places[usize::from(*byte)] };
        of[at / 64] |= 1 << (at % 64);
    }
    let end = run.len() - 1;
    let mut state = [0_u64; WORDS];
    for (at, byte) in text.iter().enumerate() {
        let mut carried = 1;
        for (word, state) in state.iter_mut().enumerate() {
            let next = *state << 1 | carried;
            carried = *state >> 63;
            *state = next & (places[usize::from(*byte)][word] | anywhere[word]);
        }
        if state[end / 64] >> (end % 64) & 1 == 1 {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule as one writes it down, which takes for ever for some.
    fn plainly(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], text) => text.is_empty(),
            ([b'*', rest @ ..], text) => (0..=text.len()).any(|at| plainly(rest, &text[at..])),
            ([b'?', pattern @ ..], [_, text @ ..]) => plainly(pattern, text),
            ([byte, pattern @ ..], [first, text @ ..]) => byte == first && plainly(pattern, text),
            (_, []) => false,
        }
    }

    /// All texts of up to `longest` letters.
    fn texts(letters: &str, longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..longest {
            let to = all.len();
            for at in from..to {
                all.extend(letters.chars().map(|letter| format!("{}{letter}", all[at])).collect::<Vec<_>>());
            }
            from = to;
        }
        all
    }

    #[test]
    fn it_matches_what_the_rule_says_for_every_short_pattern_and_text() {
        let texts_of_two = texts("ab", 5);
        for pattern in texts("ab*?", 5) {
            let glob = Glob::new(&pattern);
            for text in &texts_of_two {
                let expected = plainly(pattern.as_bytes(), text.as_bytes());
                assert_eq!(glob.matches(text), expected, "{pattern:?} and {text:?}");
            }
        }
    }

    #[test]
    fn long_runs_are_found_too() {
        for length in [63, 64, 65, 128, 255, 256] {
            let run = "ab?".repeat(100)[..length].to_owned();
            let glob = Glob::new(&format!("*{run}*"));
            let found = run.replace('?', "c");
            assert!(glob.matches(&format!("abab{found}z")), "{length}");
            let mut other = format!("abab{found}z").into_bytes();
            other[4 + 31] = b'c';
            assert!(!glob.matches(&String::from_utf8(other).expect("ASCII")), "{length}");
        }
    }

    #[test]
    fn what_would_be_tried_over_and_over_is_looked_at_once() {
        // A pattern that tries again at each place would take longer than the universe has been there.
        let glob = Glob::new(&"a*".repeat(120).replace("a*a*", "a?*"));
        let text = "a".repeat(1_000_000);
        assert!(glob.matches(&text));
        assert!(!Glob::new(&format!("{}b", glob.as_str())).matches(&text));
        let runs = Glob::new(&format!("*{}b*", "a?".repeat(100)));
        assert!(!runs.matches(&text));
    }
}
