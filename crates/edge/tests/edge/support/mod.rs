//! What the tests need: an edge on a port of its own, media to put behind it, and a player to look at it.

mod house;
mod media;
mod oracle;
mod viewer;

pub(crate) use house::{HOST, House, TC_URL};
pub(crate) use media::{
    Flv, Spec, long_flv, mp3, mp4, sample_flv, sample_mp3, sample_mp4, short_flv, short_flv_of,
};
pub(crate) use oracle::{Oracle, Sent, assert_same, until};
pub(crate) use viewer::{ALL_AT_ONCE, Heard, Viewer, labels, media_of};
