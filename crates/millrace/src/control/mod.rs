//! The control plane beside an edge, and the commands that work on its store.

pub(crate) mod backup;
pub(crate) mod documents;
pub(crate) mod history;
pub(crate) mod identity;
pub(crate) mod keys;
mod place;
mod plane;
mod shown;
mod upstreams;
pub(crate) mod user;

use std::io::Read;

use anyhow::Context;
use millrace_control::Service;
use millrace_control::auth::Principal;
use serde_json::Value;

pub(crate) use place::Place;
pub(crate) use plane::Plane;
pub(crate) use shown::{all_distributions, shown};

/// All items of a list of the API, such as `PublicKeys`, page by page.
pub(crate) async fn all_of(service: &Service, plural: &str) -> anyhow::Result<Vec<Value>> {
    let who = Principal::operator();
    let mut found = Vec::new();
    let mut marker = String::new();
    loop {
        let input = [("Marker".to_owned(), marker.as_str().into())].into_iter().collect();
        let page = service.call(&who, &format!("List{plural}"), input).await?;
        let list = page.values().next().unwrap_or(&Value::Null);
        found.extend(list["Items"].as_array().into_iter().flatten().cloned());
        match list["NextMarker"].as_str() {
            Some(next) => next.clone_into(&mut marker),
            None => return Ok(found),
        }
    }
}

/// A secret from standard input: on the command line everybody on the machine could read it.
fn secret_from_stdin(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).with_context(|| format!("{what} can't be read"))?;
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "{what} is expected on standard input, which is empty");
    Ok(text.to_owned())
}
