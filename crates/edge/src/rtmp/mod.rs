//! Viewers over RTMP.

pub(crate) mod connection;
mod permission;
mod play;
mod player;
mod session;
mod switch;
mod verification;
mod work;
