//! Migrating and purging by hand.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::Program;
use crate::support::stage::Stage;

#[test]
fn looking_at_a_database_makes_none() {
    for look in ["user list", "client list", "grant list", "user show ada", "client delete app"] {
        let program = Program::new();
        let ran = program.run(look);
        assert!(ran.refused(1).contains("couplet migrate") && !program.has_data(), "{look}: {ran:?}");
    }
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
