//! `Range` fields of strangers: what is cut out lies inside, in order, and a body of several parts can be parted again.
#![no_main]

use std::ops::Range;

use libfuzzer_sys::fuzz_target;
use millrace_web::{Ranges, content_range, multipart_head, multipart_tail};

/// More parts than that are not made for anybody.
const MOST: usize = 16;

/// A part's place, as the field says it that goes with it.
fn place(text: &str) -> (Range<u64>, u64) {
    let (part, length) = text.strip_prefix("bytes ").and_then(|text| text.split_once('/')).expect("a place");
    let (first, last) = part.split_once('-').expect("a first and a last byte");
    let number = |text: &str| text.parse::<u64>().expect("a number");
    (number(first)..number(last) + 1, number(length))
}

/// Asks again for each part alone, and for all of them as they are written here.
fn is_same(parts: &[Range<u64>], length: u64) {
    let fields: Vec<String> = parts.iter().map(|part| format!("{}-{}", part.start, part.end - 1)).collect();
    for (field, part) in fields.iter().zip(parts) {
        assert_eq!(Ranges::parse(&format!("bytes={field}"), length), Ranges::One(part.clone()));
        assert_eq!(place(&content_range(part, length)), (part.clone(), length));
    }
    let again = Ranges::parse(&format!("bytes={}", fields.join(", ")), length);
    match parts {
        [part] => assert_eq!(again, Ranges::One(part.clone())),
        parts => assert_eq!(again, Ranges::Several(parts.to_vec())),
    }
}

/// Parts that were put together come apart again, at the same places.
fn comes_apart(parts: &[Range<u64>], bytes: &[u8]) {
    let (length, boundary) = (bytes.len() as u64, "BOUNDARY-OF-NO-BODY");
    let slice = |part: &Range<u64>| &bytes[part.start as usize..part.end as usize];
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(multipart_head(boundary, Some("text/plain"), part, length).as_bytes());
        body.extend_from_slice(slice(part));
    }
    body.extend_from_slice(multipart_tail(boundary).as_bytes());
    let mut rest = &body[..];
    for part in parts {
        let end = rest.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of a head") + 4;
        let head = std::str::from_utf8(&rest[..end]).expect("a head is text");
        let line = head.lines().find_map(|line| line.strip_prefix("Content-Range: ")).expect("a place");
        assert!(head.starts_with(&format!("\r\n--{boundary}\r\n")), "{head:?}");
        assert_eq!(place(line), (part.clone(), length));
        let (here, behind) = rest[end..].split_at((part.end - part.start) as usize);
        assert_eq!(here, slice(part));
        rest = behind;
    }
    assert_eq!(rest, multipart_tail(boundary).as_bytes());
}

// A length, a field, and, behind a line end, the bytes of which parts are wanted.
fuzz_target!(|data: (u64, &[u8])| {
    let (length, data) = data;
    let at = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (field, bytes) = (String::from_utf8_lossy(&data[..at]), &data[(at + 1).min(data.len())..]);
    for (length, bytes) in [(length, None), (bytes.len() as u64, Some(bytes))] {
        let parts = match Ranges::parse(&field, length) {
            Ranges::One(part) => vec![part],
            Ranges::Several(parts) => {
                assert!(parts.len() > 1 && parts.len() <= MOST);
                parts
            }
            Ranges::Whole | Ranges::Unsatisfiable => continue,
        };
        assert!(parts.iter().all(|part| part.start < part.end && part.end <= length), "{field:?} {parts:?}");
        assert!(parts.windows(2).all(|pair| pair[0].end <= pair[1].start), "{field:?} {parts:?}");
        is_same(&parts, length);
        if let Some(bytes) = bytes {
            comes_apart(&parts, bytes);
        }
    }
});
