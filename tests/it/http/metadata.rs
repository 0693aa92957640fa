//! What the server says about itself (RFC 8414): all of it is true, and nothing is said that does not work.

use reqwest::{Client, Method, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

const PATH: &str = "/.well-known/oauth-authorization-server";

async fn metadata(app: &TestApp) -> Value {
    let answer = reqwest::get(format!("{}{PATH}", app.url)).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    answer.json().await.unwrap()
}

#[rstest]
#[tokio::test]
async fn every_listed_address_answers(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let metadata = metadata(&app).await;
    let listed = metadata.as_object().unwrap().iter();
    let addresses = listed.filter(|(name, _)| name.ends_with("_endpoint") || name.ends_with("_uri"));
    let mut count = 0;
    for (name, address) in addresses {
        let method =
            if ["authorization_endpoint", "jwks_uri"].contains(&name.as_str()) { Method::GET } else { Method::POST };
        let answer = Client::new().request(method, address.as_str().unwrap()).form(&[("a", "b")]).send().await.unwrap();
        let missing = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED];
        assert!(
            !missing.contains(&answer.status()) && !answer.status().is_server_error(),
            "{name} {}",
            answer.status()
        );
        count += 1;
    }
    assert!(count >= 5, "{metadata}");
}

#[rstest]
#[tokio::test]
async fn exactly_the_listed_grant_types_are_known(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let client = app.add_app("app", Some(SECRET), |_| {}).await;
    let metadata = metadata(&app).await;
    let listed: Vec<_> =
        metadata["grant_types_supported"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let jwt = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    for grant in ["authorization_code", "refresh_token", "client_credentials", "password", device, jwt, "Refresh_Token"]
    {
        let known = client.post("/oauth2/token", &[("grant_type", grant)]).await.error() != "unsupported_grant_type";
        assert_eq!(known, listed.contains(&grant), "{grant}");
    }
}

#[rstest]
#[tokio::test]
async fn the_rules_of_the_server_are_listed(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let metadata = metadata(&app).await;
    assert_eq!(metadata["issuer"], app.url);
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]), "plain is refused");
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let methods = &metadata["token_endpoint_auth_methods_supported"];
    assert_eq!(methods, &json!(["client_secret_basic", "client_secret_post", "none"]));
}

#[rstest]
#[tokio::test]
async fn openid_connect_clients_find_the_same_where_they_look(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let found = reqwest::get(format!("{}/.well-known/openid-configuration", app.url)).await.unwrap();
    assert_eq!(found.json::<Value>().await.unwrap(), metadata(&app).await);
}

#[rstest]
#[case("https://auth.example.com", "https://auth.example.com")]
#[case("https://auth.example.com/", "https://auth.example.com")]
#[case("https://auth.example.com:8443", "https://auth.example.com:8443")]
#[tokio::test]
async fn everything_is_below_the_public_url(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] public_url: &str,
    #[case] issuer: &str,
) {
    let public_url = Some(public_url.parse().unwrap());
    let app = TestApp::with(backend, |config| config.public_url = public_url).await;
    let metadata = metadata(&app).await;
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/oauth2/token"));
    for (name, value) in metadata.as_object().unwrap() {
        if let Some(address) = value.as_str().filter(|_| name != "issuer") {
            assert!(address.starts_with(&format!("{issuer}/")), "{name} {address}");
        }
    }
}
