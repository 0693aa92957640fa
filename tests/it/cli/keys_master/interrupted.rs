//! A rotation that was killed harms nobody and goes on when it is run again.

use couplet::store::sealed::SealedColumn;
use rstest::rstest;

use super::{NEW, ROTATE, assert_all_under, interrupt, reseal_one, values, write_key};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::Tokens;
use crate::support::stage::Stage;

/// A link, and a rotation that was killed when one of the two sealed values was under the new key.
async fn in_the_middle(backend: Backend) -> (Stage, Tokens) {
    let stage = Stage::on(backend).await;
    stage.program.run("client set alexa --access-token jwt").done();
    let tokens = stage.alexa().link(&stage.person()).await;
    write_key(&stage.program, "new.key", NEW);
    interrupt(&stage.program, ROTATE).await;
    reseal_one(&stage.program, SealedColumn::Key).await;
    (stage, tokens)
}

#[rstest]
#[tokio::test]
async fn in_the_middle_a_server_starts_with_the_old_file_and_with_the_new(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values("couplet.key", "new.key")] file: &str,
) {
    let (mut stage, tokens) = in_the_middle(backend).await;
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0));
    stage.program = stage.program.with("COUPLET_MASTER_KEY_FILE", file);
    stage.server = stage.program.serve("serve").await;
    let alexa = stage.alexa();
    assert!(alexa.is_active(&tokens.access).await);
    let next = Tokens::from(&alexa.refresh(&tokens.refresh).await);
    let ran = stage.program.run(ROTATE);
    assert!(ran.done().contains("sealed under the master key"), "{ran:?}");
    assert_all_under(NEW, &values(&stage.program).await);
    assert!(alexa.is_active(&next.access).await);
}

#[rstest]
#[tokio::test]
async fn what_is_made_in_the_middle_is_under_the_new_key_already(#[values(Sqlite, Postgres)] backend: Backend) {
    let (stage, tokens) = in_the_middle(backend).await;
    stage.program.run("keys rotate").done();
    let next = Tokens::from(&stage.alexa().refresh(&tokens.refresh).await);
    assert!(stage.alexa().is_active(&next.access).await);
    let resealed = stage.program.run(&format!("{ROTATE} --json")).json()["resealed"]["keys.sealed"].clone();
    assert_eq!(resealed, 1, "of three keys one was under the old master key");
}

#[rstest]
#[tokio::test]
async fn run_again_after_its_end_it_finds_nothing_to_do(#[values(Sqlite, Postgres)] backend: Backend) {
    let (stage, _) = in_the_middle(backend).await;
    stage.program.run(ROTATE).done();
    let again = stage.program.run(ROTATE);
    assert!(again.done().contains("nothing to do") && again.out.contains("must name new.key"), "{again:?}");
    assert!(again.err.is_empty(), "it does not wait: {again:?}");
}
