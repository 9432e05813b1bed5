//! Handshakes that cost arithmetic, RTMPE's and TLS's: in a workshop, and so many for each address.

use std::net::IpAddr;

use crate::Limits;
use crate::rate::Rate;
use crate::workshop::{Overcrowded, Workshop};

/// Where handshakes are made.
pub(crate) struct Handshakes {
    workshop: Workshop,
    begun: Rate,
}

/// Why a handshake is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Crowded {
    #[error("too many handshakes wait")]
    Line,
    #[error("too many handshakes from this address")]
    Address,
}

impl From<Overcrowded> for Crowded {
    fn from(_: Overcrowded) -> Self {
        Self::Line
    }
}

impl Handshakes {
    /// Starts the workshop.
    pub(crate) fn start(limits: &Limits) -> std::io::Result<Self> {
        let (per_second, waiting) = (limits.handshakes_per_second, limits.handshakes_waiting);
        let workshop = Workshop::start("handshakes", per_second, waiting)?;
        Ok(Self { workshop, begun: Rate::new(limits.handshakes_per_address) })
    }

    /// Makes a handshake when it is its turn. Whoever stops waiting for it gives its turn back.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        address: IpAddr,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Crowded> {
        let place = self.workshop.place()?;
        if !self.begun.count(address) {
            return Err(Crowded::Address);
        }
        Ok(self.workshop.run(place, work).await?)
    }
}
