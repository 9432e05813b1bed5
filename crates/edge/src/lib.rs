//! Accepts viewers, decides by the snapshot, pulls through the cache, paces out.
//!
//! ```text
//!   listener          one task per port: accepts, counts, refuses
//!     rtmp/connection one task per viewer: the socket, and what is written to it next
//!       rtmp/session  what the viewer asks, what it is answered
//!         rtmp/play   one stream: where it stands, what comes next
//!           pacing    how far ahead of its play head a viewer may be
//!           titles    a stream name to an open title
//!           segment   a second of a title, packed once as RTMP chunks and shared by all viewers
//!           outbox    a cursor over shared bytes, written with one `writev`
//!     http            one task per connection, HTTP/1 or HTTP/2: whose a request is
//!       tunnel        RTMPT: sessions inside requests
//!       web           web distributions: who may come in, what of a request counts, what viewers get
//! ```
//!
//! Nothing here names an S3 bucket or a configuration file: both come in as a [`Site`], which can be replaced at any
//! time without touching viewers that play.

mod census;
mod config;
mod edge;
mod entrance;
mod event;
pub mod greeting;
mod handshakes;
mod http;
mod listener;
mod metrics;
mod outbox;
mod pacing;
mod rate;
mod rtmp;
mod segment;
mod signatures;
mod site;
mod titles;
mod tls;
mod tunnel;
mod web;
mod wire;
mod workshop;

pub use config::Limits;
pub use edge::{Edge, Phase};
pub use entrance::Entrance;
pub use event::{Event, EventKind, Sink};
pub use http::{PlayerFile, PlayerFiles, QuicListener};
pub use listener::Listener;
pub use metrics::{Counters, Metrics, VariantCounters};
pub use site::{SigningKey, Site};
pub use tls::{CertificateError, CertificateFiles, Certificates};
pub use web::{Countries, CountriesError};
