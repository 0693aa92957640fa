//! Scripts of listed origins may fetch tokens, and nobody else's.

use reqwest::header::{HeaderMap, ORIGIN, VARY};
use reqwest::{Client, Method, RequestBuilder};
use rstest::rstest;

use super::{PATH, Scene};
use crate::support::app::Backend::{Postgres, Sqlite};
use crate::support::app::{Backend, TestApp};
use crate::support::twilio::PAGE;

fn request(app: &TestApp, method: Method, query: &str) -> RequestBuilder {
    Client::new().request(method, format!("{}{PATH}?{query}", app.url))
}

fn cors(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let headers = headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect()
}

#[rstest]
#[case::another_site("https://evil.example")]
#[case::plain_http("http://app.example.com")]
#[case::another_port("https://app.example.com:8443")]
#[case::longer("https://app.example.com.evil.example")]
#[case::shorter("https://app.example.co")]
#[case::in_capitals("https://APP.example.com")]
#[case::with_slash("https://app.example.com/")]
#[case::nobody("null")]
#[case::everybody("*")]
#[case::empty("")]
#[tokio::test]
async fn an_origin_that_is_not_listed_to_the_byte_is_told_nothing(#[case] origin: &str) {
    let scene = Scene::on(Sqlite).await;
    for method in [Method::OPTIONS, Method::GET, Method::POST] {
        let asked = request(&scene.app, method.clone(), "grant=sync").bearer_auth(&scene.tokens.access);
        let answer = asked.header(ORIGIN, origin).send().await.unwrap();
        assert_eq!(cors(answer.headers()), [], "{method}");
        assert_eq!(answer.headers()[VARY], "Origin", "{method}");
    }
}

#[tokio::test]
async fn two_origins_are_none() {
    let scene = Scene::on(Sqlite).await;
    let asked = request(&scene.app, Method::OPTIONS, "").header(ORIGIN, PAGE).header(ORIGIN, PAGE);
    assert_eq!(cors(asked.send().await.unwrap().headers()), []);
}

#[tokio::test]
async fn without_an_origin_nothing_is_said_but_that_it_matters() {
    let scene = Scene::on(Sqlite).await;
    let answer = request(&scene.app, Method::GET, "grant=sync").bearer_auth(&scene.tokens.access).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), cors(answer.headers())), (200, vec![]));
    assert_eq!(answer.headers()[VARY], "Origin");
}

#[rstest]
#[tokio::test]
async fn a_listed_page_is_told_what_its_scripts_may_send(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let asked = request(&app, Method::OPTIONS, "").header(ORIGIN, PAGE);
    let asked = asked.header("Access-Control-Request-Method", "POST");
    let answer = asked.header("Access-Control-Request-Headers", "authorization").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()[VARY]), (204, &"Origin".parse().unwrap()));
    let mut told = cors(answer.headers());
    told.sort_unstable();
    let expected = [
        ("access-control-allow-headers", "Authorization, Content-Type"),
        ("access-control-allow-methods", "GET, POST, OPTIONS"),
        ("access-control-allow-origin", PAGE),
        ("access-control-max-age", "600"),
    ];
    assert_eq!(told, expected);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.bytes().await.unwrap().len(), 0);
}

#[rstest]
#[case::given("grant=sync", 200)]
#[case::malformed("ttl=0", 400)]
#[case::forbidden("identity=bob", 403)]
#[tokio::test]
async fn a_listed_page_can_read_successes_and_refusals(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] query: &str,
    #[case] status: u16,
) {
    let scene = Scene::on(backend).await;
    for method in [Method::GET, Method::POST] {
        let asked = request(&scene.app, method, query).bearer_auth(&scene.tokens.access).header(ORIGIN, PAGE);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(cors(answer.headers()), [("access-control-allow-origin", PAGE)]);
        assert_eq!(answer.headers()[VARY], "Origin");
    }
    let stranger = request(&scene.app, Method::GET, query).header(ORIGIN, PAGE).send().await.unwrap();
    assert_eq!((stranger.status().as_u16(), cors(stranger.headers()).len()), (401, 1));
}
