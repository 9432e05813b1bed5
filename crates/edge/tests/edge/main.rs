//! The edge over loopback TCP: what viewers ask, and byte for byte what they get.
//!
//! The oracle is `millrace_media`: the samples that it finds in a file, in their order, are what a viewer has to
//! receive, with stamps as the protocol wants them. All tests are in one binary, which is linked once.

mod addresses;
mod admission;
mod crowds;
mod entrance;
mod faults;
mod handshakes;
mod http;
mod letter;
mod limits;
mod pause;
mod play;
mod playlist;
mod requests;
mod secure;
mod seek;
mod sharing;
mod signed;
mod smuggling;
mod streams;
mod support;
mod swf;
mod tunnels;
mod variants;
mod version3;
mod versions;
mod web;
mod websocket;
