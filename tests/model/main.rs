//! The life of a link, held to a specification that fits on a few pages.
//!
//! Histories are generated: codes are issued and redeemed, answers lost, tokens refreshed at once and too late, the clock
//! steps, the server dies. Each is played against the real protocol on a real database, and each answer must be one that
//! `specification.rs` gives. What is sent at once must be explained by some order. A history that can't be explained is made
//! as short as it can be, and told.
//!
//! `make test` plays a few, `make model` ten thousand on each database. `COUPLET_CASES` says how many, `COUPLET_SEED` repeats a
//! run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets something unforeseen must fail, and a long run says what it did"
)]

#[path = "../it/support"]
#[expect(dead_code, reason = "the other tests need more of their actors")]
mod support {
    pub mod app;
    pub mod ledger;
    pub mod messages_api;
    pub mod person;
    pub mod platform;
    pub mod postgres;
    pub mod rows;
    pub mod twilio;
    pub mod watchdog;
}

mod history;
mod specification;
mod stage;
mod story;
mod world;

use std::cell::RefCell;

use couplet::app::SystemRandomness;
use couplet::model::random::bytes;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rstest::rstest;
use tokio::runtime::Runtime;

use crate::history::histories;
use crate::stage::Stage;
use crate::story::play;
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// How many histories `make test` plays on each database.
const FEW: u32 = 120;

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

#[rstest]
fn every_history_of_links_is_one_that_the_specification_allows(#[values(Sqlite, Postgres)] backend: Backend) {
    let cases = number("COUPLET_CASES").map_or(FEW, |cases| u32::try_from(cases).unwrap());
    let seed = number("COUPLET_SEED").unwrap_or_else(|| u64::from_be_bytes(bytes(&SystemRandomness)));
    let config = Config { cases, max_shrink_iters: 1000, failure_persistence: None, ..Config::default() };
    let seed_bytes = [seed.to_be_bytes(); 4].concat();
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes));

    let runtime = Runtime::new().unwrap();
    let stage = RefCell::new(runtime.block_on(Stage::on(backend)));
    let requests = RefCell::new(0);
    let result = runner.run(&histories(), |history| {
        let played = runtime.block_on(play(&mut stage.borrow_mut(), &history));
        *requests.borrow_mut() += played.map_err(TestCaseError::fail)?;
        Ok(())
    });
    match result {
        Ok(()) => println!("{cases} interleavings, {} requests on {backend:?}: the model holds", requests.borrow()),
        Err(TestError::Fail(story, _)) => panic!("on {backend:?}, COUPLET_SEED={seed}:\n  {story}"),
        Err(TestError::Abort(why)) => panic!("no histories: {why}"),
    }
}
