//! Authorization requests that try to send an answer elsewhere, or to put something of their own into it.

use couplet::model::redirect_uri::RedirectUri;
use rstest::rstest;
use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};
use crate::support::person::Page;
use crate::support::platform::{CHALLENGE, Platform, VERIFIER, answer_parameter};

fn encoded(text: &[u8]) -> String {
    byte_serialize(text).collect()
}

async fn opened(app: &TestApp, query: &str) -> Page {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    app.person().send(http.get(format!("{}/oauth2/authorize?{query}", app.url))).await
}

/// Spellings of `https://app.example.com/callback` that some parser takes for it.
const NEARLY: [&str; 40] = [
    "https://app.example.com/callback%2f..%2fevil",
    "https://app.example.com/callback/%2e%2e/callback",
    "https://app.example.com/./callback",
    "https://app.example.com//callback",
    "https://app.example.com/callback;x",
    "https://app.example.com/callback%00",
    "https://app.example.com/callback%23",
    "https://app.example.com/callback%3fx",
    "https://app.example.com/callback?",
    "https://app.example.com/callback#",
    "https://app.example.com/callback#code=x",
    "https://app.example.com/%63allback",
    "https://app.example.com/call\u{ad}back",
    "https://app.example.com/c\u{430}llback",
    "https://app.example.com./callback",
    "https://app.example.com:443/callback",
    "https://app.example.com:0443/callback",
    "https://app.example.com:/callback",
    "https://APP.example.com/callback",
    "HTTPS://app.example.com/callback",
    "https:/app.example.com/callback",
    "https:app.example.com/callback",
    "https:///app.example.com/callback",
    "https:\\\\app.example.com\\callback",
    "https://app.example.com\\callback",
    "https://app.example.com\\.evil.example/callback",
    "https://evil.example\\@app.example.com/callback",
    "https://app.example.com%2fcallback",
    "https://app.example.com%00.evil.example/callback",
    "https://app.example.com%2eevil.example/callback",
    "https://@app.example.com/callback",
    "https://app.example.com:x@evil.example/callback",
    "https://\u{430}pp.example.com/callback",
    "https://xn--pp-6kc.example.com/callback",
    "https://app\u{3002}example.com/callback",
    "https://app.example.com/callback\t",
    "\u{a0}https://app.example.com/callback",
    "ht\ntps://app.example.com/callback",
    "https://app.example.com/callback,https://evil.example/",
    "https://app.example.com/callback https://evil.example/",
];

#[rstest]
#[tokio::test]
async fn what_some_parser_takes_for_the_registered_uri_is_another(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let public = app.add_app("public", None, |_| {}).await;
    for uri in NEARLY {
        for id in ["app", &public.client_id] {
            let query =
                format!("response_type=code&client_id={id}&prompt=none&redirect_uri={}", encoded(uri.as_bytes()));
            let page = opened(&app, &query).await;
            assert_eq!((page.status.as_u16(), page.location()), (400, None), "{uri}");
            assert!(page.has("h1") && !page.body.contains("evil"), "{uri}");
        }
    }
}

#[rstest]
#[case::encoded_twice("https%253A%252F%252Fapp.example.com%252Fcallback")]
#[case::of_another_name_first("https%3A%2F%2Fevil.example%2F&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcallback")]
#[case::of_another_name_last("https%3A%2F%2Fapp.example.com%2Fcallback&redirect_uri=https%3A%2F%2Fevil.example%2F")]
#[case::as_a_list("https%3A%2F%2Fapp.example.com%2Fcallback&redirect_uri[]=https%3A%2F%2Fevil.example%2F&x=")]
#[case::empty_and_full("&redirect_uri=https%3A%2F%2Fevil.example%2F")]
#[tokio::test]
async fn two_redirect_uris_are_not_chosen_from(#[values(Sqlite, Postgres)] backend: Backend, #[case] uri: &str) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let page = opened(&app, &format!("response_type=code&client_id=app&prompt=none&redirect_uri={uri}")).await;
    let to = page.location().unwrap_or_default();
    assert!(to.is_empty() || to.starts_with("https://app.example.com/callback?error="), "{to}");
    assert!(!page.body.contains("evil"));
}

/// The answer's own parameters, each of which must come once and from us.
#[track_caller]
fn assert_ours(app: &TestApp, page: &Page, uri: &str) {
    assert_eq!(page.status, 302, "{}", page.body);
    let location = page.location().unwrap();
    assert!(location.starts_with(uri) && location.is_ascii(), "{location}");
    let url = Url::parse(&location).unwrap();
    for name in ["iss", "error", "code", "state"] {
        assert!(url.query_pairs().filter(|(key, _)| key == name).count() <= 1, "{name} in {location}");
    }
    assert_eq!(answer_parameter(page, "iss").as_deref(), Some(app.url.as_str()), "{location}");
    assert_eq!((url.host_str(), url.fragment()), (Some("app.example.com"), None), "{location}");
}

#[rstest]
#[case::split("x\r\nSet-Cookie: couplet_session=planted\r\n\r\n<script>alert(1)</script>")]
#[case::split_by_other_lines("x\u{2028}\u{85}\u{560a}\u{560d}Set-Cookie: a=b")]
#[case::parameters("x&code=stolen&iss=https://evil.example&error=none#")]
#[case::markup("\"><script>alert(1)</script><a href=\"https://evil.example")]
#[case::a_uri("https://evil.example/")]
#[case::semicolons(";code=stolen;iss=evil")]
#[tokio::test]
async fn a_state_stays_a_value(#[values(Sqlite, Postgres)] backend: Backend, #[case] state: &str) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    for page in [
        person.open(&client.authorize(&[("state", state), ("prompt", "none")])).await,
        person.open(&client.authorize(&[("state", state), ("scope", "<script>")])).await,
        person.link(&client.authorize(&[("state", state)])).await,
    ] {
        assert_ours(&app, &page, &client.redirect_uri);
        assert_eq!(answer_parameter(&page, "state").as_deref(), Some(state));
        assert!(!page.has("script") && page.headers.get("set-cookie").is_none());
        assert_eq!(Some(page.attribute("a", "href")), page.location());
    }
}

#[rstest]
#[tokio::test]
async fn a_request_object_replaces_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    // {"alg":"none"} and {"redirect_uri":"https://evil.example/","scope":"write","state":"theirs","client_id":"nobody"}
    let object = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8iLCJzY29wZSI6IndyaXRlIiwic3RhdGUi\
                  OiJ0aGVpcnMiLCJjbGllbnRfaWQiOiJub2JvZHkifQ.";
    let more = [("scope", "read"), ("request", object), ("request_uri", "urn:ietf:params:oauth:request_uri:x")];
    let page = app.person().link(&client.authorize(&more)).await;
    assert_ours(&app, &page, &client.redirect_uri);
    assert_eq!(answer_parameter(&page, "state").as_deref(), Some("a state"));
    let tokens = client.exchange(&answer_parameter(&page, "code").unwrap(), &[]).await;
    assert_eq!(tokens.text("scope"), "read");
}

#[rstest]
#[case::token(&[("response_type", "token")])]
#[case::id_token(&[("response_type", "id_token")])]
#[case::all(&[("response_type", "code token id_token")])]
#[case::none(&[("response_type", "none")])]
#[case::case(&[("response_type", "CODE")])]
#[case::blank(&[("response_type", "code ")])]
#[case::fragment(&[("response_mode", "fragment")])]
#[case::form_post(&[("response_mode", "form_post")])]
#[case::web_message(&[("response_mode", "web_message")])]
#[case::signed(&[("response_mode", "jwt")])]
#[case::none_and_login(&[("prompt", "none login")])]
#[case::none_and_consent(&[("prompt", "consent none")])]
#[case::none_and_account(&[("prompt", "none select_account")])]
#[case::scope_of_lines(&[("scope", "read\nwrite")])]
#[case::scope_with_a_tab(&[("scope", "read\twrite")])]
#[case::scope_in_other_letters(&[("scope", "r\u{435}ad")])]
#[case::scope_of_one_more(&[("scope", "read write openid offline_access")])]
#[tokio::test]
async fn no_other_way_to_answer_is_taken_and_the_refusal_goes_by_the_query(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] more: &[(&str, &str)],
) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    let page = person.open(&client.authorize(more)).await;
    assert_ours(&app, &page, &client.redirect_uri);
    assert_eq!((answer_parameter(&page, "code"), answer_parameter(&page, "error").is_some()), (None, true));
}

#[rstest]
#[tokio::test]
async fn a_scope_in_another_order_or_doubled_is_the_same(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    client.link(&person).await;
    for scope in ["write read", "read read  write", "write", " read "] {
        let page = person.open(&client.authorize(&[("scope", scope), ("prompt", "none")])).await;
        assert!(answer_parameter(&page, "code").is_some(), "{scope}: {:?}", page.location());
    }
    let many: String = (0..2000).map(|number| format!("s{number} ")).collect();
    let page = person.open(&client.authorize(&[("scope", &many), ("prompt", "none")])).await;
    assert_eq!(answer_parameter(&page, "error").as_deref(), Some("invalid_scope"));
}

#[rstest]
#[tokio::test]
async fn a_challenge_taken_out_on_the_way_makes_the_code_worthless(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let person = app.person();
    let with = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let refused = |client: Platform, code: String, verifier: &'static str| async move {
        let answer = client.exchange(&code, &[("code_verifier", verifier)]).await;
        assert_eq!((answer.status.as_u16(), answer.error()), (400, "invalid_grant"), "{verifier}");
    };
    refused(client.clone(), client.code_with(&person, &[]).await, VERIFIER).await;
    refused(client.clone(), client.code_with(&person, &with).await, "").await;
    refused(client.clone(), client.code_with(&person, &with).await, CHALLENGE).await;
    refused(client.clone(), client.code_with(&person, &with).await, &VERIFIER[1..]).await;
}

#[rstest]
#[tokio::test]
async fn a_client_that_got_another_s_code_gets_nothing_and_costs_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await.with_alice().await;
    let honest = app.add_app("honest", Some(SECRET), |_| {}).await;
    let mixer = app.add_app("mixer", Some(SECRET), |settings| {
        settings.redirect_uris.push(RedirectUri::parse("https://mixer.example/cb", false).unwrap());
    });
    let mixer = mixer.await;
    let person = app.person();
    let page = person.link(&honest.authorize(&[])).await;
    assert_ours(&app, &page, &honest.redirect_uri);
    let code = answer_parameter(&page, "code").unwrap();
    for more in [vec![], vec![("client_id", "honest")], vec![("redirect_uri", "https://mixer.example/cb")]] {
        let answer = mixer.exchange(&code, &more).await;
        assert!(["invalid_grant", "invalid_request"].contains(&answer.error()), "{}", answer.json);
    }
    let tokens = honest.exchange(&code, &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.json);
    let refresh = tokens.text("refresh_token");
    assert_eq!(mixer.refresh(&refresh).await.error(), "invalid_grant");
    assert_eq!(mixer.exchange(&code, &[]).await.error(), "invalid_grant", "a stranger's replay");
    assert!(honest.is_active(&refresh).await, "punishes nobody");
}
