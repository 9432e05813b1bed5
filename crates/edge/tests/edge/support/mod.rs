//! What the tests need: an edge on a port of its own, media to put behind it, and a player to look at it.

mod browser;
mod heard;
mod house;
mod keys;
mod log;
mod media;
mod oracle;
mod pages;
mod road;
mod server;
mod signatory;
mod tunnel;
mod viewer;
mod websocket;

pub(crate) use browser::{Got, ask, ask_with, get, hear, version_2};
pub(crate) use heard::{Heard, labels, media_of};
pub(crate) use house::{HOST, House, OLD_WEB_HOST, TC_URL, WEB_HOST};
pub(crate) use keys::Keys;
pub(crate) use log::Log;
pub(crate) use media::{
    Flv, Spec, long_flv, mp3, mp4, sample_flv, sample_mp3, sample_mp4, short_flv, short_flv_of,
};
pub(crate) use oracle::{Oracle, Sent, assert_same, until};
pub(crate) use pages::{Pages, publish};
pub(crate) use road::{BoxedStream, Road};
pub(crate) use server::{Do, Server, config, page, said};
pub(crate) use signatory::{Signatory, now};
pub(crate) use tunnel::{Answer, Http, Requests, Tunnel, hello, post};
pub(crate) use viewer::{ALL_AT_ONCE, Viewer};
pub(crate) use websocket::{Page, WEBSOCKET, closed_with};
