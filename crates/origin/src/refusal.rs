//! The documents with which S3 refuses.

use crate::upstream::ResponseBody;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Full};

/// A refusal as S3 words it.
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: &'static str,
}

impl Refusal {
    pub(crate) const NO_SUCH_KEY: Self =
        Self::new(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist.");
    pub(crate) const ACCESS_DENIED: Self = Self::new(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied");
    pub(crate) const METHOD_NOT_ALLOWED: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllowed",
        "The specified method is not allowed against this resource.",
    );
    pub(crate) const PRECONDITION_FAILED: Self = Self::new(
        StatusCode::PRECONDITION_FAILED,
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
    );
    pub(crate) const INVALID_RANGE: Self = Self::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "InvalidRange",
        "The requested range is not satisfiable",
    );

    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self { status, code, message }
    }

    /// As the answer to a request; `key` is named where S3 names it.
    pub(crate) fn answer(&self, method: &Method, key: Option<&str>) -> Response<ResponseBody> {
        let Self { status, code, message } = self;
        let key = key.map_or_else(String::new, |key| format!("<Key>{}</Key>", text(key)));
        let document = Bytes::from(format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{key}</Error>"
        ));
        let length = HeaderValue::from(document.len());
        let mut response = Response::new(whole(if method == Method::HEAD { Bytes::new() } else { document }));
        *response.status_mut() = *status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
        response.headers_mut().insert(CONTENT_LENGTH, length);
        response
    }
}

/// A body that is all there.
pub(crate) fn whole(bytes: Bytes) -> ResponseBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// As the text of an element. XML has no way to write most control characters.
fn text(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    escaped
        .replace(|letter: char| letter.is_control() || matches!(letter, '\u{fffe}' | '\u{ffff}'), "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_can_not_add_elements() {
        let answer = Refusal::NO_SUCH_KEY.answer(&Method::GET, Some("<a>&\u{0}\u{ffff}é"));
        let document = answer.into_body().collect().await.unwrap().to_bytes();
        let document = std::str::from_utf8(&document).unwrap();
        assert!(document.ends_with("<Key>&lt;a&gt;&amp;\u{fffd}\u{fffd}é</Key></Error>"), "{document}");
    }

    #[tokio::test]
    async fn who_asks_for_the_head_gets_no_document() {
        let answer = Refusal::ACCESS_DENIED.answer(&Method::HEAD, None);
        assert_eq!(
            (answer.status(), answer.headers()[CONTENT_TYPE].as_bytes()),
            (StatusCode::FORBIDDEN, &b"application/xml"[..])
        );
        assert!(answer.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}
