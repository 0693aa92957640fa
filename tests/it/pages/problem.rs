//! The page that says what went wrong: in words, without an echo of the request, with the right status.

use reqwest::{Client, Method};
use rstest::rstest;

use super::scene::stage;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::person::Page;

/// Asks and gives the problem page.
async fn ask(app: &TestApp, method: Method, path: &str, kind: &str, body: Vec<u8>) -> Page {
    let request = Client::new().request(method, format!("{}{path}", app.url));
    let page = app.person().send(request.header("Content-Type", kind).body(body)).await;
    assert!(page.has("main h1"), "{} {}", page.status, page.body);
    page
}

#[rstest]
#[case::unknown_client("nobody", "https://layla.amazon.com/api/skill/link/M2TESTVENDOR0", "client_id is unknown")]
#[case::missing_client("", "https://layla.amazon.com/api/skill/link/M2TESTVENDOR0", "client_id is missing")]
#[case::other_redirect("alexa", "https://evil.example/callback", "redirect_uri")]
#[case::markup("<script>x</script>", "https://evil.example/<b>", "client_id")]
#[tokio::test]
async fn an_untrusted_request_is_explained_and_not_redirected(
    #[case] client_id: &str,
    #[case] redirect_uri: &str,
    #[case] cause: &str,
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = stage(backend).await;
    let address = app.alexa().authorize(&[("client_id", client_id), ("redirect_uri", redirect_uri)]);
    let page = app.person().open(&address).await;
    assert_eq!((page.status.as_u16(), page.location()), (400, None));
    assert!(page.text("main").contains(cause), "{}", page.text("main"));
    assert!(
        !page.body.contains("evil") && !page.has("script") && !page.has("main a"),
        "nothing of the request is shown"
    );
}

#[tokio::test]
async fn a_problem_has_a_reference_that_is_never_the_same() {
    let app = stage(Sqlite).await;
    let first = ask(&app, Method::GET, "/nowhere", "text/plain", vec![]).await.text("main code");
    let second = ask(&app, Method::GET, "/nowhere", "text/plain", vec![]).await.text("main code");
    assert_eq!(first.len(), 32);
    assert_ne!(first, second);
}

#[rstest]
#[case::unknown_path(Method::GET, "/nowhere", 404)]
#[case::unknown_file(Method::GET, "/static/../Cargo.toml", 404)]
#[case::wrong_method(Method::GET, "/sign-in", 405)]
#[case::wrong_method_on_a_page(Method::DELETE, "/account", 405)]
#[case::wrong_method_on_authorize(Method::PUT, "/oauth2/authorize", 405)]
#[case::missing_type(Method::POST, "/consent", 415)]
#[tokio::test]
async fn wrong_addresses_and_methods_get_a_page(#[case] method: Method, #[case] path: &str, #[case] status: u16) {
    let app = stage(Sqlite).await;
    let page = ask(&app, method, path, "text/plain", vec![]).await;
    assert_eq!(page.status.as_u16(), status);
    assert_eq!(!page.header("allow").is_empty(), status == 405);
}

#[rstest]
#[case::other_type("application/json", b"{}".to_vec(), 415)]
#[case::broken_escape("application/x-www-form-urlencoded", b"request=%zz".to_vec(), 400)]
#[case::no_utf8("application/x-www-form-urlencoded", b"username=\xff".to_vec(), 400)]
#[case::nul("application/x-www-form-urlencoded", b"username=%00".to_vec(), 400)]
#[case::too_much("application/x-www-form-urlencoded", vec![b'a'; 65 * 1024], 413)]
#[tokio::test]
async fn unreadable_forms_get_a_page(
    #[case] kind: &str,
    #[case] body: Vec<u8>,
    #[case] status: u16,
    #[values("/sign-in", "/consent", "/sign-out", "/account/unlink", "/oauth2/authorize")] path: &str,
) {
    let app = stage(Sqlite).await;
    assert_eq!(ask(&app, Method::POST, path, kind, body).await.status.as_u16(), status);
}

#[rstest]
#[case("client_id=%ff")]
#[case("client_id=%zz")]
#[case("client_id=alexa&client_id=alexa")]
#[case("")]
#[tokio::test]
async fn unreadable_queries_get_a_page(#[case] query: &str) {
    let app = stage(Sqlite).await;
    let page = ask(&app, Method::GET, &format!("/oauth2/authorize?{query}"), "text/plain", vec![]).await;
    assert_eq!((page.status.as_u16(), page.location()), (400, None));
}
