//! Web distributions, from the viewer's socket to the origin's: origins that fail, viewers that want parts, and everybody
//! who hopes that others get what was made for him.

mod crowd;
mod delivery;
mod faults;
mod kernel;
mod parts;
mod paths;
mod poisoning;
mod sockets;

use std::sync::Arc;

use millrace_model::web;
use millrace_origin::Upstream;

use crate::support::*;

/// A house whose web distribution has this server for its origin.
async fn in_front_of(server: &Server, change: impl FnOnce(&mut web::Distribution)) -> House {
    let house = House::new().await;
    put(&house, server, change);
    house
}

/// Puts a distribution with this server for its origin into a house.
fn put(house: &House, server: &Server, change: impl FnOnce(&mut web::Distribution)) {
    let upstream: Arc<dyn Upstream> = Arc::new(server.upstream());
    publish(house, [("pages", upstream)], [], change);
}

/// The value of a header in a request that an origin saw.
fn sent<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let lines = request.lines().skip(1).take_while(|line| !line.is_empty());
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// What a request that an origin saw asked for.
fn target(request: &str) -> &str {
    request.split(' ').nth(1).unwrap_or_default()
}
