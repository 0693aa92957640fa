//! Many at once, in one process and in several, cause one call to the partner.

use std::time::Duration;

use futures_util::future::join_all;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::Platform;
use crate::support::two_way::TwoWay;

/// Puts the token at its end, waits for that, and lets the next one live long.
async fn let_token_end(two_way: &TwoWay) {
    tokio::time::sleep(Duration::from_millis(1100)).await;
    two_way.amazon.expires_in(3600, true);
}

async fn linked_for_a_second(backend: Backend) -> (TwoWay, String) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.expires_in(1, true);
    let access = two_way.link_both_ways().await.access;
    let_token_end(&two_way).await;
    (two_way, access)
}

/// Lets 64 ask at once; every one gets the same token, after one refresh.
async fn ask_at_once(two_way: &TwoWay, servers: &[Platform], access: &str) {
    let asked = (0..64).map(|number: usize| servers[number % servers.len()].partner_token(access, &[]));
    let mut tokens: Vec<String> = join_all(asked).await.iter().map(|answer| answer.text("access_token")).collect();
    tokens.dedup();
    assert_eq!((tokens.len(), two_way.amazon.seen().refreshes), (1, 1));
    assert!(two_way.amazon.is_valid(&tokens[0]));
    two_way.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn requests_for_a_fresh_token_at_once_cause_one_refresh(#[values(Sqlite, Postgres)] backend: Backend) {
    let (two_way, access) = linked_for_a_second(backend).await;
    ask_at_once(&two_way, &[two_way.stage.alexa()], &access).await;
}

#[rstest]
#[tokio::test]
async fn two_processes_on_one_database_refresh_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let (two_way, access) = linked_for_a_second(backend).await;
    let (second, _running) = two_way.stage.second_server().await;
    ask_at_once(&two_way, &[two_way.stage.alexa(), second], &access).await;
}

#[rstest]
#[tokio::test]
async fn two_processes_on_one_database_exchange_a_code_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    let (_second, _running) = two_way.stage.second_server().await;
    two_way.amazon.hold_answers();
    let tokens = two_way.link().await;
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    two_way.amazon.until_ready(1).await;
    // Long enough for either process to look for codes again.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    two_way.amazon.release();
    two_way.until("active").await;
    assert_eq!(two_way.amazon.seen().calls, 1);
    two_way.amazon.assert_content();
}
