//! What the end-to-end tests share: the built program as a child process, real players with deadlines, media made by
//! ffmpeg, real S3 and PostgreSQL servers, Amazon's own clients, and the yardstick: the packets that a player got, beside those in the file.
//!
//! Everything here panics when something is not as it should be: a panic is a test's answer. Every process ends with
//! the value that stands for it, also when the test panics.

pub mod aws;
pub mod binary;
pub mod clients;
pub mod config;
pub mod fake;
pub mod frames;
pub mod juggler;
pub mod keys;
pub mod leash;
pub mod media;
pub mod nginx;
pub mod postgres;
pub mod process;
pub mod server;
pub mod signers;
pub mod snippets;
pub mod weed;

pub use config::Config;
pub use frames::Frames;
pub use juggler::Juggler;
pub use keys::KeyPair;
pub use media::Media;
pub use nginx::Nginx;
pub use process::{Finished, Running};
pub use server::Server;
