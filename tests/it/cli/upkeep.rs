//! Migrating and purging by hand.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::{Program, Ran};
use crate::support::stage::Stage;

#[test]
fn a_database_made_on_the_way_is_told_once() {
    let program = Program::new();
    let is_told =
        |ran: Ran| ran.done().contains("user_id") && ran.err.contains("made a new database ./data/couplet.db");
    assert!(is_told(program.run("user add ada")), "it may be the wrong folder");
    assert!(!is_told(program.run("user add brian")));
}

#[rstest]
#[tokio::test]
async fn migrating_twice_is_as_good_as_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await;
    for _ in 0..2 {
        assert_eq!(program.run("migrate").done().lines().count(), 1);
    }
}

#[rstest]
#[tokio::test]
async fn purging_forgets_an_expired_code_and_keeps_a_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.with("COUPLET_TOKENS_CODE_TTL", "1s");
    let stage = Stage::of(program).await;
    let alexa = stage.alexa();
    let tokens = alexa.link(&stage.person()).await;
    alexa.code_from(&stage.person()).await;
    assert_eq!(stage.program.run("purge --json").json(), json!({ "grants": 0, "sign_ins": 0, "keys": 0 }));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(stage.program.run("purge --json").json(), json!({ "grants": 1, "sign_ins": 0, "keys": 0 }));
    assert_eq!(stage.program.run("purge").done().lines().count(), 3);
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
}
