//! What origins say of being kept: read within bounds, whatever they say, and never better than the worst that they said.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use millrace_web::{Bounds, Directives, Fields, Freshness, Moment, may_store, said};

/// The fields that count here, by the first letter of a line; all other lines are `Cache-Control`.
fn named(letter: u8) -> HeaderName {
    match letter {
        b'a' => http::header::AGE,
        b'd' => http::header::DATE,
        b'e' => http::header::EXPIRES,
        b's' => HeaderName::from_static("surrogate-control"),
        _ => http::header::CACHE_CONTROL,
    }
}

fn fields(text: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in text.split(|byte| *byte == b'\n').take(16) {
        let Some((letter, value)) = line.split_first() else { continue };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            fields.append(named(*letter), value);
        }
    }
    fields
}

fn freshness(fields: &HeaderMap, bounds: Bounds, moment: Moment) -> Freshness {
    Freshness::of(fields, &Directives::of(fields), bounds, moment)
}

/// The bounds hold, and nothing that was stale is fresh later.
fn is_bounded(fields: &HeaderMap, bounds: Bounds, moment: Moment, since: [u32; 2]) {
    let freshness = freshness(fields, bounds, moment);
    assert!(freshness.lifetime >= bounds.min && freshness.lifetime <= bounds.max.max(bounds.min));
    let earlier = Duration::from_secs(since[0].min(since[1]).into());
    let later = Duration::from_secs(since[0].max(since[1]).into());
    assert!(freshness.age(earlier) <= freshness.age(later));
    for is in [Freshness::is_fresh, Freshness::is_usable_while_revalidating, Freshness::is_usable_on_error] {
        assert!(is(&freshness, earlier) || !is(&freshness, later));
    }
    if freshness.is_fresh(earlier) {
        assert!(freshness.is_usable_while_revalidating(earlier) && freshness.is_usable_on_error(earlier));
    }
}

/// One line more that forbids it, and nothing is kept; one that limits it, and nothing is kept for longer.
fn is_never_better(fields: &HeaderMap, bounds: Bounds, moment: Moment) {
    if fields.contains_key("surrogate-control") {
        return;
    }
    let with = |line: &'static str| {
        let mut fields = fields.clone();
        fields.append(http::header::CACHE_CONTROL, HeaderValue::from_static(line));
        fields
    };
    let (kept, get) = (HeaderMap::new(), Method::GET);
    let stores = |fields: &HeaderMap| may_store(&get, &kept, StatusCode::OK, &Directives::of(fields), false);
    for line in ["no-store", "private"] {
        // A line before it whose quotes never end takes nothing of this one.
        assert!(!stores(&with(line)) || stores(fields), "{line}: {fields:?}");
        assert!(Directives::of(&with(line)).forbid_use(), "{line}: {fields:?}");
        let forbidden = freshness(&with(line), bounds, moment);
        assert_eq!(forbidden.lifetime, bounds.of(Some(Duration::ZERO)), "{line}: {fields:?}");
    }
    assert_eq!(
        said(&with("s-maxage=0"), &Directives::of(&with("s-maxage=0")), moment.answered),
        Some(Duration::ZERO)
    );
    let once = Directives::of(fields);
    for fields in [&once.no_cache, &once.private] {
        assert!(!matches!(fields, Fields::Named(names) if names.len() > 16 << 10));
    }
}

fuzz_target!(|data: ([u16; 3], [u32; 4], &[u8])| {
    let ([min, default, max], [asked, took, since, later], text) = data;
    let seconds = |number: u16| Duration::from_secs(number.into());
    let bounds = Bounds { min: seconds(min), default: seconds(default), max: seconds(max) };
    let asked = SystemTime::UNIX_EPOCH + Duration::from_secs(asked.into());
    // A clock may be set back while an origin thinks.
    let answered = asked + Duration::from_secs((took & 0xffff).into());
    let fields = fields(text);
    for moment in [Moment { asked, answered }, Moment { asked: answered, answered: asked }] {
        is_bounded(&fields, bounds, moment, [since, later]);
        is_never_better(&fields, bounds, moment);
    }
});
