//! For tests only: a small S3 on loopback that misbehaves on request.
//!
//! It speaks real HTTP/1.1 over real sockets: path-style `GET` with `Range` and `If-Match`, `ETag`,
//! `Content-Range` and S3's XML errors. It takes requests without signatures too, until it is
//! [given a key](S3Fake::require). Every answer can be made wrong in the ways real stores and networks are: see
//! [`Fault`].
//!
//! ```no_run
//! # async fn demo() {
//! use millrace_s3_fake::{Fault, Rule, S3Fake};
//!
//! let s3 = S3Fake::start().await;
//! s3.put("films", "a.mp4", vec![7; 1000]);
//! s3.inject(Rule::key("films/a.mp4").times(2), Fault::slow_down());
//! // … let the code under test read from `s3.endpoint()` …
//! assert_eq!(s3.requests().len(), 3);
//! # }
//! ```

mod answer;
mod fault;
mod request;
mod server;
mod signature;

pub use fault::{Fault, Rule};
pub use server::{S3Fake, Seen};
