//! How often an address did something in this second.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::census::household;

/// Counts for each address, and begins anew each second.
pub(crate) struct Rate {
    most: u32,
    second: Mutex<Second>,
}

struct Second {
    began: Instant,
    counts: HashMap<IpAddr, u32>,
}

impl Rate {
    /// So many are allowed in a second.
    pub(crate) fn new(most: u32) -> Self {
        Self { most, second: Mutex::new(Second { began: Instant::now(), counts: HashMap::new() }) }
    }

    /// One more of this address, if it may.
    pub(crate) fn count(&self, address: IpAddr) -> bool {
        self.with(address, |count, most| {
            let may = *count < most;
            *count += u32::from(may);
            may
        })
    }

    /// Whether this address may do no more.
    pub(crate) fn is_spent(&self, address: IpAddr) -> bool {
        self.with(address, |count, most| *count >= most)
    }

    /// How much this address did.
    pub(crate) fn of(&self, address: IpAddr) -> u32 {
        self.with(address, |count, _| *count)
    }

    /// Waits until the second is over.
    pub(crate) async fn pass(&self) {
        let began = self.second.lock().unwrap_or_else(PoisonError::into_inner).began;
        sleep_until(began + Duration::from_secs(1)).await;
    }

    fn with<T>(&self, address: IpAddr, look: impl FnOnce(&mut u32, u32) -> T) -> T {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now.duration_since(second.began) >= Duration::from_secs(1) {
            *second = Second { began: now, counts: HashMap::new() };
        }
        look(second.counts.entry(household(address)).or_default(), self.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test(start_paused = true)]
    async fn an_address_does_so_many_in_a_second() {
        let rate = Rate::new(2);
        assert!(rate.of(A) == 0 && !rate.is_spent(A));
        assert!(rate.count(A) && rate.count(A));
        assert!(rate.of(A) == 2 && rate.is_spent(A) && !rate.count(A));
        assert!(rate.count(IpAddr::from([10, 0, 0, 1])));
        rate.pass().await;
        assert!(rate.of(A) == 0 && rate.count(A));
    }
}
