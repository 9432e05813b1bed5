//! Finds the samples of MP4, FLV and MP3 files by asking for byte ranges; no IO.
//!
//! A [`Source`] is one immutable file that is read by range. [`open`] reads as little of it as it takes to know
//! what is inside, and gives a [`Title`]. A title finds a place for a time ([`Title::locate`]) and gives the
//! samples from a place to the next cut ([`Title::run`]) as bodies of RTMP messages, mostly by their place in the
//! file, so that nothing is copied that the caller does not send.
//!
//! The path of a byte: [`source`] → `mp4`, `flv`, `mp3` (the containers) → `codec` (what stands in front of a
//! sample) → `cut` (where runs begin) → [`Sample`].
//!
//! There is no runtime, no clock and no IO in here. All functions that read are `async` because a source may wait;
//! any executor runs them. Everything in a file is taken for hostile: nothing is allocated from a declared count,
//! and [`Limits`] bounds what a file may cost.

mod codec;
mod cut;
mod error;
mod flv;
mod input;
mod limits;
mod metadata;
mod mp3;
mod mp4;
pub mod mux;
mod position;
mod sample;
pub mod source;
mod title;
mod track;
mod trail;

pub use error::{Error, Refusal};
pub use limits::Limits;
pub use position::Position;
pub use sample::{Body, Kind, Prefix, Run, Sample};
pub use source::{Source, SourceError};
pub use title::{Container, Title, open};
pub use track::{Capabilities, Codec, FourCc, Selection, Track};
