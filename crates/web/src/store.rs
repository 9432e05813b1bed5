//! Whether a response may be kept (RFC 9111 §3).

use http::header::{AUTHORIZATION, HeaderMap};
use http::{Method, StatusCode};

use crate::{Directives, Fields};

/// Status codes whose responses caches understand: those of RFC 9110, without the interim ones and partial content,
/// which is kept as a part of the whole.
fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 302 | 303 | 307 | 308 | 400 | 403 | 404 | 405 | 410 | 414 | 500..=504
    )
}

/// Whether a response to a `method` request with these fields may be kept for others. `keeps_anyway`: the behaviour keeps
/// everything for some time, whatever the origin says.
#[must_use]
pub fn may_store(
    method: &Method,
    request: &HeaderMap,
    status: StatusCode,
    directives: &Directives,
    keeps_anyway: bool,
) -> bool {
    let cacheable = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !cacheable || status.is_informational() || status == StatusCode::PARTIAL_CONTENT {
        return false;
    }
    if directives.must_understand && !is_understood(status) {
        return false;
    }
    if keeps_anyway {
        return true;
    }
    // `must-understand` beside `no-store` is for caches that do understand (RFC 9111 §5.2.2.3).
    let forbidden = directives.no_store && !directives.must_understand;
    if forbidden || directives.private == Fields::All {
        return false;
    }
    // Credentials make an answer somebody's own, unless the origin says otherwise (RFC 9111 §3.5).
    let shared = directives.public || directives.must_revalidate || directives.s_maxage.is_some();
    !request.contains_key(AUTHORIZATION) || shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(status: u16, control: &str, authorized: bool, keeps_anyway: bool) -> bool {
        let mut response = HeaderMap::new();
        response.append("cache-control", control.parse().expect("a header's value"));
        let mut request = HeaderMap::new();
        if authorized {
            request.append(AUTHORIZATION, "Basic x".parse().expect("a header's value"));
        }
        let status = StatusCode::from_u16(status).expect("a status");
        may_store(&Method::GET, &request, status, &Directives::of(&response), keeps_anyway)
    }

    #[test]
    fn what_is_private_or_not_to_be_stored_is_not_kept_unless_the_behaviour_says_so() {
        for control in ["no-store", "nO-StOrE, max-age=60", "private", "private, max-age=60"] {
            assert!(!stored(200, control, false, false), "{control}");
            assert!(stored(200, control, false, true), "{control}");
        }
        assert!(stored(200, "", false, false) && stored(200, "no-cache", false, false));
        assert!(stored(200, "private=\"set-cookie\"", false, false));
    }

    #[test]
    fn answers_to_credentials_are_kept_only_if_the_origin_says_so() {
        assert!(!stored(200, "max-age=60", true, false));
        for control in ["public, max-age=60", "must-revalidate, max-age=60", "s-maxage=60"] {
            assert!(stored(200, control, true, false), "{control}");
        }
    }

    #[test]
    fn what_has_to_be_understood_is_kept_if_it_is() {
        assert!(stored(200, "max-age=60, no-store, must-understand", false, false));
        assert!(!stored(599, "max-age=60, no-store, must-understand", false, false));
        assert!(stored(599, "max-age=60", false, false));
        assert!(!stored(206, "max-age=60", false, true));
    }

    #[test]
    fn only_answers_to_methods_that_change_nothing_are_kept() {
        let none = (HeaderMap::new(), Directives::default());
        for (method, kept) in
            [(Method::HEAD, true), (Method::OPTIONS, true), (Method::POST, false), (Method::PUT, false)]
        {
            assert_eq!(may_store(&method, &none.0, StatusCode::OK, &none.1, true), kept, "{method}");
        }
    }
}
