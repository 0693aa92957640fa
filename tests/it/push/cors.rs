//! Scripts of listed origins may be devices, and nobody else's; back ends have no business in browsers.

use reqwest::header::{HeaderMap, ORIGIN, VARY};
use reqwest::{Client, Method, RequestBuilder};
use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd};

const PAGE: &str = "https://owl.example.com";

async fn stage(backend: Backend) -> (TestApp, BackEnd) {
    let app = TestApp::with(backend, |config| config.push_origins = vec![PAGE.to_owned()]).await;
    let owl = BackEnd::of(&app).await;
    (app, owl)
}

fn cors(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let headers = headers.iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
    let mut told: Vec<_> = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    told.sort_unstable();
    told
}

fn preflight(url: &str, origin: &'static str) -> RequestBuilder {
    let asked = Client::new().request(Method::OPTIONS, url).header(ORIGIN, origin);
    asked.header("Access-Control-Request-Method", "POST").header("Access-Control-Request-Headers", "authorization")
}

/// What devices call.
fn of_devices(app: &TestApp, owl: &BackEnd) -> Vec<String> {
    let below = ["Factors", "Factors/YF1", "Challenges?Status=pending", "Challenges/YC1"];
    below.iter().map(|path| format!("{}{}/{path}", app.url, owl.entity(ALICE))).collect()
}

#[tokio::test]
async fn without_a_list_no_script_of_another_origin_is_a_device() {
    let app = TestApp::on(Sqlite).await;
    let owl = BackEnd::of(&app).await;
    for url in of_devices(&app, &owl) {
        let answer = preflight(&url, PAGE).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), cors(answer.headers())), (405, vec![]), "{url}");
        let answer = Client::new().get(&url).header(ORIGIN, PAGE).send().await.unwrap();
        assert_eq!(cors(answer.headers()), [], "{url}");
    }
}

#[rstest]
#[case::another_site("https://evil.example")]
#[case::plain_http("http://owl.example.com")]
#[case::longer("https://owl.example.com.evil.example")]
#[case::nobody("null")]
#[case::everybody("*")]
#[tokio::test]
async fn an_origin_that_is_not_listed_is_told_nothing(#[case] origin: &'static str) {
    let (app, owl) = stage(Sqlite).await;
    for url in of_devices(&app, &owl) {
        let answer = preflight(&url, origin).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), cors(answer.headers())), (204, vec![]), "{url}");
        let answer = Client::new().get(&url).header(ORIGIN, origin).send().await.unwrap();
        assert_eq!((cors(answer.headers()), &answer.headers()[VARY]), (vec![], &"Origin".parse().unwrap()), "{url}");
    }
}

#[tokio::test]
async fn what_only_back_ends_call_is_for_no_script() {
    let (app, owl) = stage(Sqlite).await;
    let entity = owl.entity(ALICE);
    let paths = ["/AccessTokens", "/Entities", "/Webhooks", ""].map(|path| format!("{}{path}", owl.service));
    for path in paths.into_iter().chain([entity.clone(), format!("{entity}/Challenges/YC1/Notifications")]) {
        let answer = preflight(&format!("{}{path}", app.url), PAGE).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), cors(answer.headers())), (405, vec![]), "{path}");
    }
}

#[tokio::test]
async fn a_listed_page_is_told_what_its_scripts_may_send() {
    let (app, owl) = stage(Sqlite).await;
    for url in of_devices(&app, &owl) {
        let answer = preflight(&url, PAGE).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.headers()[VARY]), (204, &"Origin".parse().unwrap()));
        let expected = [
            ("access-control-allow-headers", "Authorization, Content-Type"),
            ("access-control-allow-methods", "GET, POST, DELETE, OPTIONS"),
            ("access-control-allow-origin", PAGE),
            ("access-control-max-age", "600"),
        ];
        assert_eq!(cors(answer.headers()), expected, "{url}");
    }
}

#[rstest]
#[tokio::test]
async fn a_listed_page_reads_answers_refusals_and_what_to_sign(#[values(Sqlite, Postgres)] backend: Backend) {
    let (app, owl) = stage(backend).await;
    let device = owl.device(&app, ALICE).await;
    let challenge = owl.ask(&device, &[]).await;
    let expected = [
        ("access-control-allow-origin", PAGE),
        ("access-control-expose-headers", "Twilio-Verify-Signature-Fields, Date"),
    ];
    let known = device.at(couplet::model::time::Clock::now(&*app.clock));
    let stranger = Client::new().get(format!("{}{challenge}", app.url));
    for (request, status) in [(known.request(Method::GET, &challenge), 200), (stranger, 401)] {
        let answer = request.header(ORIGIN, PAGE).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), cors(answer.headers())), (status, expected.to_vec()));
        assert_eq!(answer.headers()[VARY], "Origin");
    }
}
