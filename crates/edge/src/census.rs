//! Who is here: how many in all, and how many from each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts places, and bounds them. Cheap to clone, the same one in all clones.
#[derive(Debug, Clone)]
pub(crate) struct Census {
    most: usize,
    most_of_address: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place in the census; leaves it when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    census: Census,
    /// Whose; none for a load balancer that speaks for others.
    address: Option<IpAddr>,
}

/// Whom an address counts for: a household gets a whole /64 of IPv6, and could come from another address each time.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

/// Which bound was hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Total,
    Address,
}

impl Census {
    /// With so many places in all, and so many for each address.
    pub(crate) fn new(most: usize, most_of_address: usize) -> Self {
        Self { most, most_of_address, taken: Arc::default() }
    }

    /// A place for somebody at `address`.
    pub(crate) fn take(&self, address: IpAddr) -> Result<Place, Full> {
        let mut place = self.take_for_proxy()?;
        place.belongs_to(address)?;
        Ok(place)
    }

    /// A place for somebody who will tell for whom it is.
    pub(crate) fn take_for_proxy(&self) -> Result<Place, Full> {
        let mut taken = self.lock();
        if taken.total >= self.most {
            return Err(Full::Total);
        }
        taken.total += 1;
        Ok(Place { census: self.clone(), address: None })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Counts the place for `address`, if it belongs to nobody yet.
    pub(crate) fn belongs_to(&mut self, address: IpAddr) -> Result<(), Full> {
        if self.address.is_some() {
            return Ok(());
        }
        let address = household(address);
        let mut taken = self.census.lock();
        let here = taken.by_address.get(&address).copied().unwrap_or_default();
        if here >= self.census.most_of_address {
            return Err(Full::Address);
        }
        taken.by_address.insert(address, here + 1);
        drop(taken);
        self.address = Some(address);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.census.lock();
        taken.total -= 1;
        let Some(address) = self.address else { return };
        if let Some(here) = taken.by_address.get_mut(&address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const B: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn places_are_limited_in_all_and_for_each_address_and_given_back() {
        let census = Census::new(3, 2);
        let first = census.take(A);
        let second = census.take(A);
        assert_eq!(census.take(A).expect_err("two have it"), Full::Address);
        let third = census.take(B);
        assert_eq!(census.take(B).expect_err("three have it"), Full::Total);
        drop((first, second, third));
        let taken = census.lock();
        assert_eq!((taken.total, taken.by_address.len()), (0, 0));
    }

    #[test]
    fn a_household_is_one_address_of_ipv4_or_a_network_of_ipv6() {
        let of = |text: &str| household(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
        assert_eq!(of("::ffff:10.0.0.1"), A);
        assert_ne!(of("10.0.0.2"), A);
    }

    #[test]
    fn a_proxy_takes_places_for_others() {
        let census = Census::new(3, 1);
        let mut first = census.take_for_proxy().expect("there is room");
        let mut second = census.take_for_proxy().expect("there is room");
        assert_eq!(first.belongs_to(A), Ok(()));
        assert_eq!(second.belongs_to(A), Err(Full::Address));
        assert_eq!(second.belongs_to(B), Ok(()));
    }
}
