//! From the authorization request to the platform's address.

use rstest::rstest;

use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, link, parameter, phone, sign_in, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::platform::Tokens;

#[rstest]
#[tokio::test]
async fn a_wrong_password_is_said_and_the_right_one_goes_on(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(On, Off)] scripts: Scripts,
) {
    let app = stage(backend).await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    sign_in(&browser, ALICE, "wrong").await;
    browser.sees("That user name and password do not match.").await;
    let name = browser.by_label("User name or email").await;
    assert_eq!(name.prop("value").await.unwrap().as_deref(), Some(ALICE));
    let focused = browser.driver.active_element().await.unwrap();
    assert_eq!(focused.id().await.unwrap().as_deref(), Some("password"));
    focused.send_keys(PASSWORD).await.unwrap();
    browser.press_button("Sign in").await;
    browser.sees("Link your Example Lights account to Amazon Alexa?").await;
    browser.close().await;
}

#[rstest]
#[tokio::test]
async fn denying_leads_back_to_the_platform(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(On, Off)] scripts: Scripts,
) {
    let app = stage(backend).await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    sign_in(&browser, ALICE, PASSWORD).await;
    browser.press_button("Don’t allow").await;
    let platform = arrival(&browser).await;
    assert!(platform.as_str().starts_with(&app.alexa().redirect_uri), "{platform}");
    assert_eq!(parameter(&platform, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&platform, "state").as_deref(), Some("a state"));
    browser.close().await;
}

#[rstest]
#[case::north_america("pitangui.amazon.com", Sqlite, On)]
#[case::europe("layla.amazon.com", Sqlite, Off)]
#[case::japan("alexa.amazon.co.jp", Postgres, On)]
#[case::europe_again("layla.amazon.com", Postgres, Off)]
#[tokio::test]
async fn a_whole_link_ends_at_the_platform_with_tokens(
    #[case] host: &str,
    #[case] backend: Backend,
    #[case] scripts: Scripts,
) {
    let app = stage(backend).await;
    let mut alexa = app.alexa();
    alexa.redirect_uri = format!("https://{host}/api/skill/link/M2TESTVENDOR0");
    let browser = phone(scripts).await;
    let state = "é日 \"<&+/=%#?".repeat(90);
    let platform = link(&browser, &alexa.authorize(&[("state", &state)])).await;
    assert!(
        platform.as_str().starts_with(&format!("{}?", alexa.redirect_uri)),
        "the policy blocks the redirect: {platform}"
    );
    assert_eq!(parameter(&platform, "state").as_deref(), Some(&*state));
    assert_eq!(parameter(&platform, "iss").as_deref(), Some(&*app.url));
    let code = parameter(&platform, "code").unwrap();
    let tokens = Tokens::from(&alexa.exchange(&code, &[]).await);
    assert!(alexa.is_active(&tokens.access).await);
    browser.close().await;
}

#[rstest]
#[case(Sqlite, Off)]
#[case(Postgres, On)]
#[tokio::test]
async fn switching_the_account_links_the_other_one(#[case] backend: Backend, #[case] scripts: Scripts) {
    let app = stage(backend).await;
    app.add_user("Bob").await;
    let browser = phone(scripts).await;
    browser.visit(&app.alexa().authorize(&[])).await;
    sign_in(&browser, ALICE, PASSWORD).await;
    browser.press_button("Not you? Use another account").await;
    browser.sees("to link it to Amazon Alexa").await;
    sign_in(&browser, "Bob", PASSWORD).await;
    browser.sees("Signed in as Bob").await;
    browser.press_button("Allow").await;
    let code = parameter(&arrival(&browser).await, "code").unwrap();
    assert_eq!(app.alexa().exchange(&code, &[]).await.status, 200);
    browser.visit(&format!("{}/account", app.url)).await;
    browser.sees("Signed in as\nBob").await;
    browser.sees("Unlink Amazon Alexa").await;
    browser.close().await;
}

#[tokio::test]
async fn an_untrusted_request_stays_here() {
    let app = stage(Sqlite).await;
    let browser = phone(On).await;
    browser.visit(&app.alexa().authorize(&[("redirect_uri", "https://evil.example/")])).await;
    browser.sees("This link can’t be started").await;
    assert!(arrival(&browser).await.as_str().starts_with(&app.url));
    browser.close().await;
}
