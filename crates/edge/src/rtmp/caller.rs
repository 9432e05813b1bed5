//! Who comes, and by which way.

use std::net::SocketAddr;

use millrace_model::Variant;

/// What carries a viewer's bytes, as far as anybody wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Socket,
    WebSocket,
    Tunnel,
}

/// Somebody who wants to be served.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) peer: SocketAddr,
    pub(crate) carrier: Carrier,
    /// Whether TLS protects the whole way, by ourselves or by a load balancer that we believe.
    pub(crate) tls: bool,
    /// The origin of the page that holds the player, if a browser told one.
    pub(crate) page: Option<String>,
}

impl Caller {
    /// The variant that this is. A WebSocket is no variant of its own: what is in it is RTMP as on a socket.
    pub(crate) fn variant(&self, encrypted: bool) -> Variant {
        Variant::of(self.carrier == Carrier::Tunnel, self.tls, encrypted)
    }
}
