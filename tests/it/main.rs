//! Tests of Couplet as its users meet it: storage on both databases, HTTP, pages, whole links, the command line.
//!
//! Each is a short story whose name says what is promised. `support/` has the actors.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen must fail"
)]

mod support;

mod cli;
mod faults;
mod flows;
mod house;
mod http;
mod master_key;
mod outage;
mod pages;
mod push;
mod secrets;
mod store;
mod twilio;
mod vault;
