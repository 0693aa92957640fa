//! A partner that is slow, broken or gone delays no link and costs none.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::login_with_amazon::WireFault::{self, Broken, Close, Hang, Html, Redirect};
use crate::support::two_way::TwoWay;
use couplet::rehearse::login_with_amazon::Fault;

/// Far less than the partner's silence lasts, and than Alexa's patience.
const AT_ONCE: Duration = Duration::from_secs(2);

#[rstest]
#[case::hangs(Hang, "pending")]
#[case::closes(Close, "pending")]
#[case::a_page(Html, "pending")]
#[case::broken(Broken, "pending")]
#[case::redirects(Redirect, "pending")]
#[tokio::test]
async fn a_partner_out_of_order_leaves_the_link_as_it_is_and_the_code_waiting(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] fault: WireFault,
    #[case] state: &str,
) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.fail_always(Some(fault));
    let tokens = two_way.link().await;
    let began = Instant::now();
    let answer = two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    assert_eq!((answer.status.as_u16(), began.elapsed() < AT_ONCE), (200, true), "{:?}", began.elapsed());
    two_way.amazon.until_arrived(1).await;
    assert!(two_way.stage.alexa().is_active(&tokens.access).await);
    assert_eq!(two_way.stage.alexa().refresh(&tokens.refresh).await.status, 200);
    assert_eq!(two_way.grant()["partner"], state);
    let waiting = two_way.partner_token(&tokens).await;
    assert_eq!((waiting.status.as_u16(), waiting.error()), (503, "temporarily_unavailable"));
    assert!(waiting.headers.contains_key("retry-after"));
    two_way.amazon.fail_always(None);
    two_way.amazon.release();
    two_way.until("active").await;
    two_way.amazon.assert_content();
}

#[rstest]
#[tokio::test]
async fn three_times_500_and_then_tokens(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.fail_next([Broken; 3]);
    let tokens = two_way.link_both_ways().await;
    assert_eq!(two_way.amazon.arrived(), 4);
    let token = two_way.partner_token(&tokens).await.text("access_token");
    assert!(two_way.amazon.is_valid(&token));
    assert_eq!(two_way.grant()["partner_error"], serde_json::Value::Null, "the last error is over");
}

#[rstest]
#[case::invalid_grant("invalid_grant", "the code was used")]
#[case::invalid_client("invalid_client", "set-partner")]
#[tokio::test]
async fn a_refused_code_is_final_and_says_why(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] error: &'static str,
    #[case] words: &str,
) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.break_next([Fault::Error(error)]);
    let tokens = two_way.link().await;
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    let grant = two_way.until("failed").await;
    let why = grant["partner_error"].as_str().unwrap();
    assert!(why.starts_with(error) && why.contains(words), "{why}");
    let refused = two_way.partner_token(&tokens).await;
    assert_eq!((refused.status.as_u16(), refused.error()), (400, "invalid_grant"));
    assert!(refused.text("error_description").contains("failed"), "{}", refused.json);
    assert!(two_way.stage.alexa().is_active(&tokens.access).await, "the link itself goes on");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(two_way.amazon.arrived(), 1, "it is not tried again");
}

#[rstest]
#[tokio::test]
async fn unlinking_while_the_partner_hangs_keeps_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let two_way = TwoWay::on(backend).await;
    two_way.amazon.hold_answers();
    let tokens = two_way.link().await;
    two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await;
    two_way.amazon.until_ready(1).await;
    assert_eq!(two_way.stage.alexa().revoke(&tokens.refresh).await.status, 200);
    two_way.amazon.release();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(two_way.grant()["partner"], serde_json::Value::Null);
    assert_eq!(two_way.partner_token(&tokens).await.error(), "invalid_request");
}
