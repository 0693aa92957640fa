//! Whole links in a real browser the size of a phone, with scripts on and off.
//!
//! Actors and stages are those of `tests/it`; here a person sees, types and presses.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen must fail"
)]

#[path = "../it/support"]
#[expect(dead_code, reason = "the other tests need more of their actors")]
mod support {
    pub mod app;
    pub mod browser_push;
    pub mod chrome;
    pub mod chromedriver;
    pub mod ledger;
    pub mod login_with_amazon;
    pub mod messages_api;
    pub mod person;
    pub mod platform;
    pub mod postgres;
    pub mod program;
    pub mod push;
    pub mod rows;
    pub mod stage;
    pub mod stand_in;
    pub mod twilio;
    pub mod two_way;
    pub mod watchdog;
}

mod account;
mod approval;
mod by_code;
mod dev;
mod devices;
mod keyboard;
mod link;
mod pictures;
mod scene;
mod two_way;
