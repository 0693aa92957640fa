//! Redirect URIs that are registered and not quite plain.

use couplet::model::redirect_uri::RedirectUri;
use rstest::rstest;

use super::assert_page_400;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::platform::{CHALLENGE, Platform, VERIFIER, answer_parameter};

const WITH_PKCE: [(&str, &str); 2] = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];

async fn client_at(app: &TestApp, secret: Option<&str>, redirect_uri: &str) -> Platform {
    let registered = RedirectUri::parse(redirect_uri, secret.is_none()).unwrap();
    let mut client = app.add_app("app", secret, |settings| settings.redirect_uris = vec![registered]).await;
    redirect_uri.clone_into(&mut client.redirect_uri);
    client
}

#[rstest]
#[case::a_name("http://localhost:4000/callback", "http://localhost:4001/callback")]
#[case::another_path("http://127.0.0.1/callback", "http://127.0.0.1:4001/other")]
#[case::another_address("http://127.0.0.1/callback", "http://127.0.0.2:4001/callback")]
#[case::another_family("http://127.0.0.1/callback", "http://[::1]:4001/callback")]
#[case::longer_host("http://127.0.0.1/callback", "http://127.0.0.1.evil.example/callback")]
#[case::user_info("http://127.0.0.1/callback", "http://127.0.0.1:1@evil.example/callback")]
#[case::impossible_port("http://127.0.0.1/callback", "http://127.0.0.1:99999/callback")]
#[case::not_loopback("https://app.example.com/callback", "https://app.example.com:4001/callback")]
#[tokio::test]
async fn nothing_else_about_a_loopback_address_may_differ(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] registered: &str,
    #[case] received: &str,
) {
    let app = TestApp::on(backend).await;
    let mut client = client_at(&app, None, registered).await;
    received.clone_into(&mut client.redirect_uri);
    assert_page_400(&app.person().open(&client.authorize(&WITH_PKCE)).await);
}

#[rstest]
#[tokio::test]
async fn a_confidential_client_s_loopback_port_is_exact(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let mut client = client_at(&app, Some(SECRET), "http://127.0.0.1:4000/callback").await;
    client.redirect_uri = "http://127.0.0.1:4001/callback".to_owned();
    assert_page_400(&app.person().open(&client.authorize(&[])).await);
}

#[rstest]
#[case::any_port("http://127.0.0.1:4000/callback", "http://127.0.0.1:50123/callback")]
#[case::registered_without_port("http://127.0.0.1/callback", "http://127.0.0.1:50123/callback")]
#[case::version_6("http://[::1]/callback", "http://[::1]:50123/callback")]
#[case::with_a_query("http://127.0.0.1/callback?a=b", "http://127.0.0.1:50123/callback?a=b")]
#[case::private_scheme("com.example.app:/callback", "com.example.app:/callback")]
#[tokio::test]
async fn an_app_on_a_device_links(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] registered: &str,
    #[case] received: &str,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let mut client = client_at(&app, None, registered).await;
    received.clone_into(&mut client.redirect_uri);
    let page = app.person().link(&client.authorize(&WITH_PKCE)).await;
    assert!(page.location().unwrap().starts_with(received));
    let code = answer_parameter(&page, "code").unwrap();
    let other_port = [("code_verifier", VERIFIER), ("redirect_uri", "http://127.0.0.1:50124/callback")];
    assert_eq!(client.exchange(&code, &other_port).await.error(), "invalid_grant");
    assert_eq!(client.exchange(&code, &[("code_verifier", VERIFIER)]).await.status, 200);
}

#[rstest]
#[case(
    "https://app.example.com/callback?tenant=a%20b&empty=",
    "https://app.example.com/callback?tenant=a%20b&empty=&code="
)]
#[case("https://app.example.com/callback?", "https://app.example.com/callback?code=")]
#[case("https://app.example.com", "https://app.example.com?code=")]
#[case("https://app.example.com/a%2Fb;c/~d", "https://app.example.com/a%2Fb;c/~d?code=")]
#[tokio::test]
async fn a_redirect_uri_is_kept_to_the_byte(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] redirect_uri: &str,
    #[case] answered: &str,
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = client_at(&app, Some(SECRET), redirect_uri).await;
    let page = app.person().link(&client.authorize(&[])).await;
    let location = page.location().unwrap();
    assert!(location.starts_with(answered), "{location}");
    assert_eq!(client.exchange(&answer_parameter(&page, "code").unwrap(), &[]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn the_only_redirect_uri_need_not_be_named(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let code = client.code_with(&app.person(), &[("redirect_uri", "")]).await;
    assert_eq!(client.exchange(&code, &[("redirect_uri", "")]).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn alexa_links_at_each_of_its_three_addresses(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alexa().await.with_alice().await;
    let mut alexa = app.alexa();
    for host in ["pitangui.amazon.com", "layla.amazon.com", "alexa.amazon.co.jp"] {
        alexa.redirect_uri = format!("https://{host}/api/skill/link/M2TESTVENDOR0");
        alexa.link(&app.person()).await;
    }
}
