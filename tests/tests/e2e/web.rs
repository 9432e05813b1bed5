//! Web distributions: the built program between real clients and real origins.

mod cache_tests;
mod countries;
mod delivery;
mod demo;
mod http2;
mod site;
