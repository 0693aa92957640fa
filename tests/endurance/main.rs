//! Servers that are killed, and databases that are stopped, while platforms and people use them: no acknowledged link is lost,
//! no code makes two links, no good token is refused.
//!
//! Real processes, real HTTP, PostgreSQL with its own settings for durability; actors and stages are those of `tests/it`.
//! `COUPLET_ROUNDS` says how many rounds of killing there are (a fifth as many stops of PostgreSQL), `COUPLET_SEED` repeats
//! the choices of an earlier run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets something unforeseen must fail"
)]
#![expect(clippy::print_stdout, reason = "the counts are what a long run is made for")]

#[path = "../it/support"]
#[expect(dead_code, reason = "the other tests need more of their actors")]
mod support {
    pub mod app;
    pub mod ledger;
    pub mod messages_api;
    pub mod person;
    pub mod platform;
    pub mod postgres;
    pub mod private_postgres;
    pub mod program;
    pub mod twilio;
    pub mod watchdog;
}

mod asking;
mod dice;
mod ledger;
mod rounds;
mod scene;
mod worker;
