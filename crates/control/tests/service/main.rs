//! The operations, called in the process, on a store in a temporary folder.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic like tests")]

mod account;
mod aliases;
mod declared;
mod edges;
mod invalidations;
mod life;
mod matches;
mod needs;
mod pages;
mod picture;
mod quotas;
mod references;
mod secrets;
mod signers;
mod tags;
mod users;
mod web;
mod web_picture;
mod web_rules;
