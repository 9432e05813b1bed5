//! End to end: the built program, real players, real media, a real S3 server.

mod demo;

mod names;
mod players;
mod seeks;

mod whole;
