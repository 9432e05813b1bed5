//! End to end: the built program, real players, real media, a real S3 server.

mod api;
mod certificates;
mod commands;
mod crowds;
mod demo;
mod disk;
mod docs;
mod faults;
mod machines;
mod names;
mod players;
mod proxies;
mod readme;
mod rules;
mod s3;
mod seeks;
mod serve;
mod signed;
mod swf;
mod variants;
mod variants_seek;
mod web;
mod whole;
