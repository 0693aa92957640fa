//! The account page in a browser.

use rstest::rstest;

use crate::scene::Scripts::{self, Off, On};
use crate::scene::{arrival, link, parameter, phone, sign_in, stage};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD};
use crate::support::platform::Tokens;

#[rstest]
#[tokio::test]
async fn unlinking_ends_the_link(#[values(Sqlite, Postgres)] backend: Backend, #[values(On, Off)] scripts: Scripts) {
    let app = stage(backend).await;
    let alexa = app.alexa();
    let browser = phone(scripts).await;
    let code = parameter(&link(&browser, &alexa.authorize(&[])).await, "code").unwrap();
    let tokens = Tokens::from(&alexa.exchange(&code, &[]).await);
    browser.visit(&format!("{}/account", app.url)).await;
    browser.sees("Linked since").await;
    browser.press_button("Unlink Amazon Alexa").await;
    browser.sees("Unlinked. It can no longer use your account.").await;
    browser.sees("Nothing is linked yet").await;
    assert_eq!(alexa.refresh(&tokens.refresh).await.error(), "invalid_grant");
    browser.close().await;
}

#[rstest]
#[case(Sqlite, Off)]
#[case(Postgres, On)]
#[tokio::test]
async fn signing_out_forgets_the_person(#[case] backend: Backend, #[case] scripts: Scripts) {
    let app = stage(backend).await;
    let browser = phone(scripts).await;
    browser.visit(&app.url).await;
    sign_in(&browser, ALICE, PASSWORD).await;
    browser.sees("Your account").await;
    browser.press_button("Sign out").await;
    browser.by_label("Password").await;
    browser.visit(&format!("{}/account", app.url)).await;
    browser.by_label("Password").await;
    assert_eq!(arrival(&browser).await.path(), "/account");
    browser.close().await;
}
