//! The API over a real socket, in the process.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod answers;
mod keys;
mod limits;
mod log;
mod plane;
mod tls;
