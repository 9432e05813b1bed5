//! Which requests a stored response answers (RFC 9111 §4.1).

use http::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderName, VARY};

/// How many fields a response may vary by; one with more is nobody else's.
const MOST: usize = 32;

/// What a response depended on: the fields that it names, as the request had them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variant(Vec<(HeaderName, Option<String>)>);

impl Variant {
    /// Of a response to a request with these fields; none: it answers no other request.
    #[must_use]
    pub fn of(response: &HeaderMap, request: &HeaderMap) -> Option<Self> {
        let mut fields: Vec<(HeaderName, Option<String>)> = Vec::new();
        for line in response.get_all(VARY) {
            for name in line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                // `*` is no name of a field.
                let name: HeaderName = name.parse().ok().filter(|_| name != "*")?;
                if fields.iter().all(|(known, _)| *known != name) {
                    let value = normal(&name, request);
                    fields.push((name, value));
                }
            }
        }
        (fields.len() <= MOST).then_some(Self(fields))
    }

    /// Whether it depended on no field.
    #[must_use]
    pub fn is_for_all(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a request with these fields is answered by it too.
    #[must_use]
    pub fn matches(&self, request: &HeaderMap) -> bool {
        self.0.iter().all(|(name, value)| normal(name, request) == *value)
    }

    /// The fields it names.
    pub fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.iter().map(|(name, _)| name)
    }
}

/// A field's value such that equal meanings are equal texts: lines joined, no blanks around commas; languages in lower
/// case, the ones liked best first.
fn normal(name: &HeaderName, request: &HeaderMap) -> Option<String> {
    let lines: Vec<_> =
        request.get_all(name).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    if lines.is_empty() {
        return None;
    }
    let mut pieces: Vec<String> = lines
        .iter()
        .flat_map(|line| line.split(','))
        .map(|piece| piece.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    if name == ACCEPT_LANGUAGE {
        pieces = pieces.iter().map(|piece| piece.replace(' ', "").to_ascii_lowercase()).collect();
        pieces.sort_by(|a, b| weight(b).total_cmp(&weight(a)).then_with(|| a.cmp(b)));
    }
    Some(pieces.join(","))
}

/// The `q` of an element (RFC 9110 §12.4.2); 1 without one.
pub(crate) fn weight(element: &str) -> f32 {
    let q = element.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse::<f32>().unwrap_or(0.0))
    });
    q.unwrap_or(1.0).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().expect("a header's value"));
        }
        headers
    }

    fn variant(vary: &[&str], request: &[(&'static str, &str)]) -> Option<Variant> {
        let response: Vec<_> = vary.iter().map(|line| ("vary", *line)).collect();
        Variant::of(&headers(&response), &headers(request))
    }

    #[test]
    fn what_varies_by_everything_is_nobody_elses() {
        for vary in
            [&["*"][..], &["*, *"], &["*", "*"], &[", *"], &["", "*"], &["*, Foo"], &["Foo, *"], &["a b"]]
        {
            assert_eq!(variant(vary, &[]), None, "{vary:?}");
        }
        let many: Vec<String> = (0..40).map(|number| format!("x-{number}")).collect();
        assert_eq!(variant(&[&many.join(",")], &[]), None);
    }

    #[test]
    fn every_named_field_has_to_be_the_same_or_absent_in_both() {
        let stored = variant(&["Foo, Bar", "baz"], &[("foo", "1"), ("bar", "abc")]).expect("names");
        assert!(stored.matches(&headers(&[("foo", "1"), ("bar", "abc"), ("other", "x")])));
        for other in [
            &[("foo", "2"), ("bar", "abc")][..],
            &[("foo", "1")],
            &[("foo", "1"), ("bar", "abc"), ("baz", "")],
            &[],
        ] {
            assert!(!stored.matches(&headers(other)), "{other:?}");
        }
        assert!(variant(&[], &[("foo", "1")]).expect("no names").matches(&headers(&[("foo", "2")])));
    }

    #[test]
    fn equal_meanings_are_equal() {
        for (name, a, b) in [
            ("foo", &["1, 2"][..], &["1,   2"][..]),
            ("foo", &["1", "2"], &["1, 2"]),
            ("accept-language", &["en, de"], &["de, EN"]),
            ("accept-language", &["en;q=0.5, de"], &["DE,en; q=0.5"]),
        ] {
            let request =
                |lines: &[&'static str]| headers(&lines.iter().map(|line| (name, *line)).collect::<Vec<_>>());
            let stored = Variant::of(&headers(&[("vary", name)]), &request(a)).expect("a name");
            assert!(stored.matches(&request(b)), "{a:?} {b:?}");
        }
        let order = Variant::of(&headers(&[("vary", "foo")]), &headers(&[("foo", "1, 2")])).expect("a name");
        assert!(
            !order.matches(&headers(&[("foo", "2, 1")])),
            "only of languages the order is known to mean nothing"
        );
    }
}
