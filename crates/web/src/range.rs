//! Which part of a representation is wanted (RFC 9110 §14), and how several parts are sent.

use std::ops::Range;

/// Parts that one request may want. CloudFront and clients that mean well want a few.
const MOST: usize = 16;

/// What a `Range` field means for a representation of some length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ranges {
    /// Everything: there is no such field, or it makes no sense, or its parts overlap or go backwards.
    Whole,
    /// One part: 206 with `Content-Range`.
    One(Range<u64>),
    /// Several: 206 as `multipart/byteranges`.
    Several(Vec<Range<u64>>),
    /// Nothing of it lies inside: 416.
    Unsatisfiable,
}

impl Ranges {
    /// Reads the value of a `Range` field.
    #[must_use]
    pub fn parse(field: &str, length: u64) -> Self {
        let Some((unit, list)) = field.split_once('=') else { return Self::Whole };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Self::Whole;
        }
        let mut parts = Vec::new();
        for piece in list.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
            match part(piece, length) {
                Some(part) if parts.len() < MOST => parts.push(part),
                _ => return Self::Whole,
            }
        }
        if parts.is_empty() {
            return Self::Whole;
        }
        let mut inside: Vec<Range<u64>> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        match inside.len() {
            0 => Self::Unsatisfiable,
            1 => Self::One(inside.remove(0)),
            _ if inside.windows(2).any(|pair| pair[1].start < pair[0].end) => Self::Whole,
            _ => Self::Several(inside),
        }
    }
}

/// A part: empty if it lies behind the end; none if it is no part at all.
fn part(text: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim(), last.trim());
    match (first.is_empty(), last.is_empty()) {
        (true, true) => None,
        (true, false) => Some(length.saturating_sub(number(last)?)..length),
        (false, true) => Some(number(first)?.min(length)..length),
        (false, false) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first.min(length)..last.saturating_add(1).min(length))
        }
    }
}

/// Digits; more of them than fit mean the largest number.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The value of `Content-Range` for a part.
#[must_use]
pub fn content_range(part: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1))
}

/// What stands in front of a part of a `multipart/byteranges` body (RFC 9110 §14.6).
#[must_use]
pub fn multipart_head(boundary: &str, content_type: Option<&str>, part: &Range<u64>, length: u64) -> String {
    let content_type = content_type.map_or_else(String::new, |kind| format!("Content-Type: {kind}\r\n"));
    let range = content_range(part, length);
    format!("\r\n--{boundary}\r\n{content_type}Content-Range: {range}\r\n\r\n")
}

/// What stands behind the last part.
#[must_use]
pub fn multipart_tail(boundary: &str) -> String {
    format!("\r\n--{boundary}--\r\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_part_is_cut_at_the_end() {
        for (field, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-499", 0..500),
            ("bytes=500-", 500..1000),
            ("bytes=-1", 999..1000),
            ("bytes=-5000", 0..1000),
            ("bytes=900-5000", 900..1000),
            ("bytes=900-99999999999999999999999", 900..1000),
            ("Bytes = 0 - 9", 0..10),
            ("bytes=0-9, 2000-3000", 0..10),
        ] {
            assert_eq!(Ranges::parse(field, 1000), Ranges::One(part), "{field}");
        }
    }

    #[test]
    fn several_parts_go_forward_and_do_not_overlap() {
        let several = Ranges::parse("bytes=0-9,20-29, -10", 1000);
        assert_eq!(several, Ranges::Several(vec![0..10, 20..30, 990..1000]));
        for field in ["bytes=0-9,5-20", "bytes=20-29,0-9", "bytes=0-,-1"] {
            assert_eq!(Ranges::parse(field, 1000), Ranges::Whole, "{field}");
        }
        let many: Vec<String> = (0..17).map(|part| format!("{0}-{0}", part * 2)).collect();
        assert_eq!(Ranges::parse(&format!("bytes={}", many.join(",")), 1000), Ranges::Whole);
    }

    #[test]
    fn what_makes_no_sense_means_everything() {
        for field in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "items=0-1",
            "bytes=a-b",
            "bytes=9-0",
            "bytes=-",
            "bytes=0-1,x",
        ] {
            assert_eq!(Ranges::parse(field, 1000), Ranges::Whole, "{field}");
        }
    }

    #[test]
    fn what_lies_outside_can_not_be_sent() {
        for (field, length) in
            [("bytes=1000-", 1000), ("bytes=1000-2000", 1000), ("bytes=-0", 1000), ("bytes=0-0", 0)]
        {
            assert_eq!(Ranges::parse(field, length), Ranges::Unsatisfiable, "{field}");
        }
    }

    #[test]
    fn parts_are_framed_as_multipart() {
        let head = multipart_head("B", Some("text/plain"), &(0..10), 1000);
        assert_eq!(head, "\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-9/1000\r\n\r\n");
        assert_eq!(multipart_tail("B"), "\r\n--B--\r\n");
    }

    proptest! {
        #[test]
        fn every_part_lies_inside_and_in_order(field in "(bytes=)?[-0-9, ]{0,40}", length in 0u64..100) {
            let parts = match Ranges::parse(&field, length) {
                Ranges::One(part) => vec![part],
                Ranges::Several(parts) => parts,
                Ranges::Whole | Ranges::Unsatisfiable => vec![],
            };
            prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= length));
            prop_assert!(parts.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }
}
