//! The rounds: the server is killed, the database is stopped; each time under load, each time at another moment.

use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use tokio::time::sleep;

use crate::asking::Asking;
use crate::dice::Dice;
use crate::ledger::Book;
use crate::scene::Scene;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::private_postgres::PrivatePostgres;
use crate::support::program::Program;

/// Rounds of killing the server.
fn rounds() -> u32 {
    let given = std::env::var("COUPLET_ROUNDS").ok();
    given.map_or(4, |rounds| rounds.parse().expect("COUPLET_ROUNDS is a number"))
}

#[rstest]
#[tokio::test]
async fn a_server_that_is_killed_loses_no_acknowledged_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let postgres = match backend {
        Sqlite => None,
        Postgres => Some(PrivatePostgres::start().await),
    };
    let program = match &postgres {
        None => Program::new(),
        Some(postgres) => Program::new().with("DATABASE_URL", &postgres.url()),
    };
    let asking = Asking { book: Arc::new(Book::new()), server_stays: false };
    let mut scene = Scene::of(program, &asking, &mut dice).await;
    for _ in 0..rounds() {
        asking.book.next_round();
        scene.kill_under_load(&mut dice).await;
    }
    scene.end().await;
    asking.book.close(&format!("kill -9 on {backend:?}"), rounds(), seed);
}

#[tokio::test]
async fn a_database_that_is_stopped_loses_no_acknowledged_link_and_needs_no_restart_of_the_server() {
    let seed = Dice::seed();
    let mut dice = Dice::new(seed);
    let postgres = PrivatePostgres::start().await;
    let asking = Asking { book: Arc::new(Book::new()), server_stays: true };
    let program = Program::new().with("DATABASE_URL", &postgres.url());
    let mut scene = Scene::of(program, &asking, &mut dice).await;
    let rounds = (rounds() / 5).max(2);
    for round in 0..rounds {
        asking.book.next_round();
        let mode = if round % 2 == 0 { "immediate" } else { "fast" };
        // A short one is waited out by the server, a long one is not.
        let shortest = if dice.one_in(3) { Duration::from_secs(4) } else { Duration::ZERO };
        let outage = shortest + dice.moment(Duration::from_secs(2));
        let stop_and_start = async {
            postgres.stop_by(mode).await;
            sleep(outage).await;
            postgres.start_again().await;
        };
        scene.befall_under_load(&mut dice, stop_and_start).await;
    }
    scene.end().await;
    asking.book.close("PostgreSQL stopped and started", rounds, seed);
}
