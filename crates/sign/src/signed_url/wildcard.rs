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
