//! Whether a request is signed by the owner of the buckets.

use crate::answer::Answer;
use crate::request::Request;
use millrace_sign::sigv4::{self, Authorization, Error, Payload};
use std::time::{Duration, SystemTime};

/// S3's own.
const WINDOW: Duration = Duration::from_secs(15 * 60);

/// Whose requests are taken.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) key_id: String,
    pub(crate) secret: String,
}

/// The answer to a request that `owner` has not signed.
pub(crate) fn refusal(request: &Request, owner: &Owner) -> Option<Answer> {
    let error = verify(request, owner).err()?;
    let code = match &error {
        Error::Missing => "AccessDenied",
        Error::UnknownKey(_) => "InvalidAccessKeyId",
        Error::Expired { .. } | Error::Early { .. } => "RequestTimeTooSkewed",
        error => error.code(),
    };
    Some(Answer::error(403, code, &error.to_string()))
}

fn verify(request: &Request, owner: &Owner) -> Result<(), Error> {
    let Request { method, path, query, headers, .. } = request;
    let authorization = Authorization::parse(headers)?;
    if authorization.key_id != owner.key_id {
        return Err(Error::UnknownKey(authorization.key_id));
    }
    let payload = Payload::Bytes(b"");
    let request = sigv4::Request { method, path, query, headers, payload };
    authorization.verify(&owner.secret, &request, "s3", SystemTime::now(), WINDOW)
}
