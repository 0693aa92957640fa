//! Many at once, in one process and in several, cause one call to the partner.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::WireFault;
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

/// More codes than are exchanged at once for one account.
const CROWD: usize = 140;

#[rstest]
#[tokio::test]
async fn a_partner_that_hangs_does_not_delay_the_codes_of_another_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    let (other, healthy) = two_way.other_client().await;
    two_way.amazon.fail_always(Some(WireFault::Hang));
    let person = two_way.stage.person();
    for _ in 0..CROWD {
        let tokens = two_way.stage.alexa().link(&person).await;
        assert_eq!(two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await.status, 200);
    }
    let tokens = other.link(&person).await;
    let began = Instant::now();
    assert_eq!(other.hand_over(&tokens.access, healthy.issue_code().expose()).await.status, 200);
    while other.partner_token(&tokens.access, &[("audience", "other")]).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(5), "the hanging one is waited for ten seconds");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
