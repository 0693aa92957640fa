//! Actors and stages for the tests: a server on either database, the clock they share, a platform, a person with a browser.

pub mod app;
pub mod authority;
pub mod ledger;
pub mod login_with_amazon;
pub mod messages_api;
pub mod numbers;
pub mod partner;
pub mod person;
pub mod platform;
pub mod postgres;
pub mod private_postgres;
pub mod program;
pub mod push;
pub mod raw;
pub mod receiver;
pub mod rows;
pub mod spoiler;
pub mod stage;
pub mod twilio;
pub mod two_way;
pub mod watchdog;
pub mod write_lock;
