//! The control plane beside an edge, and the commands that work on its store.

pub(crate) mod backup;
pub(crate) mod documents;
pub(crate) mod history;
pub(crate) mod identity;
pub(crate) mod keys;
mod place;
mod plane;
pub(crate) mod user;

use std::io::Read;

use anyhow::Context;

pub(crate) use place::Place;
pub(crate) use plane::{Plane, all_distributions, shown};

/// A secret from standard input: on the command line everybody on the machine could read it.
fn secret_from_stdin(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).with_context(|| format!("{what} can't be read"))?;
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "{what} is expected on standard input, which is empty");
    Ok(text.to_owned())
}
