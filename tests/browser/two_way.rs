//! A link that leads both ways, from the authorization request to the end of both directions.

use rstest::rstest;

use crate::scene::Scripts::{self, Off, On};
use crate::scene::{link, parameter, phone};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::Tokens;
use crate::support::two_way::TwoWay;

#[rstest]
#[case(Sqlite, Off)]
#[case(Postgres, On)]
#[tokio::test]
async fn a_person_links_both_ways_sees_it_and_ends_both(#[case] backend: Backend, #[case] scripts: Scripts) {
    let two_way = TwoWay::on(backend).await;
    let (alexa, url) = (two_way.stage.alexa(), &two_way.stage.server.url);
    let browser = phone(scripts).await;
    let platform = link(&browser, &alexa.authorize(&[])).await;
    let code = parameter(&platform, "code").unwrap();
    let tokens = Tokens::from(&alexa.exchange(&code, &[]).await);
    assert_eq!(two_way.hand_over(&tokens, two_way.amazon.issue_code().expose()).await.status, 200);
    two_way.until("active").await;
    let token = two_way.partner_token(&tokens).await.text("access_token");
    assert!(two_way.amazon.is_valid(&token), "the skill's backend can talk to Alexa");

    browser.visit(&format!("{url}/account")).await;
    browser.sees("to Amazon Alexa\nConnected").await;
    browser.press_button("Unlink Amazon Alexa").await;
    browser.sees("Unlinked. It can no longer use your account.").await;
    assert_eq!(two_way.grant()["partner"], serde_json::Value::Null);
    assert_eq!(two_way.partner_token(&tokens).await.error(), "invalid_request");
    two_way.amazon.assert_content();
    browser.close().await;
}
