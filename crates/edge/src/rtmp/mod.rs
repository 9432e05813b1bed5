//! Viewers over RTMP.

mod caller;
pub(crate) mod connection;
mod permission;
mod play;
mod player;
mod session;
mod switch;
mod verification;
mod work;

pub(crate) use self::caller::{Caller, Carrier};
