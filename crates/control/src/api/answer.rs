//! Answers, and the line that the log has of each.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::shape::{Encoded, encode_error};
use crate::{Error, names};

/// What SDKs show people who ask for help.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An answer in Amazon's shapes. What was answered has the user's name with it.
pub(super) fn cloudfront(
    parts: &Parts,
    version: &str,
    answered: Result<(String, Encoded), Error>,
) -> Response {
    let id = names::uuid().unwrap_or_default();
    match answered {
        Ok((who, encoded)) => {
            log(parts, &who, encoded.status, "");
            let mut response = response(encoded.status, &id, "text/xml", encoded.body);
            for (name, value) in encoded.headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Err(error) => {
            log(parts, "-", error.status, error.code);
            let body = encode_error(version, error.status, error.code, &error.message, &id);
            response(error.status, &id, "text/xml", body)
        }
    }
}

/// An answer in JSON.
pub(super) fn json(parts: &Parts, answered: Result<(String, u16, serde_json::Value), Error>) -> Response {
    let id = names::uuid().unwrap_or_default();
    match answered {
        Ok((who, status, value)) => {
            log(parts, &who, status, "");
            response(status, &id, "application/json", value.to_string())
        }
        Err(error) => {
            log(parts, "-", error.status, error.code);
            let value = serde_json::json!({"Code": error.code, "Message": error.message, "RequestId": id});
            response(error.status, &id, "application/json", value.to_string())
        }
    }
}

fn response(status: u16, id: &str, kind: &'static str, body: String) -> Response {
    let empty = body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !empty {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn log(parts: &Parts, who: &str, status: u16, code: &str) {
    let (method, path) = (&parts.method, parts.uri.path());
    tracing::info!(target: "millrace::api", %method, path, who, status, code);
}
