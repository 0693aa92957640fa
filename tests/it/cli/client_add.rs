//! Registering a client: what is refused, and what an operator gets to paste.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::SECRET;
use crate::support::program::Program;

#[rstest]
#[case::relative("/callback", "not an absolute URI")]
#[case::without_slashes("https:app.example.com/cb", "not an absolute URI")]
#[case::fragment("https://app.example.com/cb#x", "fragment")]
#[case::user_info("https://me@app.example.com/cb", "user information")]
#[case::wildcard("https://*.example.com/cb", "wildcard")]
#[case::plain_http("http://app.example.com/cb", "plain http")]
#[case::private_scheme("com.example.app:/cb", "--public")]
#[case::script("javascript:alert(1)", "can't receive")]
fn a_redirect_uri_that_can_not_be_trusted_is_refused(#[case] uri: &str, #[case] why: &str) {
    let program = Program::new();
    let ran =
        program.run(&format!("client add --name App --redirect-uri https://good.example/cb --redirect-uri {uri}"));
    let told = ran.refused(2);
    assert!(told.starts_with("--redirect-uri") && told.contains(uri) && told.contains(why), "{told}");
    assert!(!program.has_data());
}

#[test]
fn a_skill_id_in_place_of_the_vendor_id_is_refused_with_the_explanation() {
    let skill_id = "amzn1.ask.skill.0d2b3c4d-0000-4000-8000-000000000000";
    let ran = Program::new().run(&format!("client add --preset alexa --vendor-id {skill_id}"));
    let told = ran.refused(2);
    assert!(told.starts_with("--vendor-id") && told.contains("skill id") && told.contains("redirect"), "{told}");
}

#[rstest]
#[case::no_name("--redirect-uri https://app.example/cb", "--name")]
#[case::no_redirect_uri("--name App", "--redirect-uri")]
#[case::no_vendor_id("--preset alexa", "--vendor-id")]
#[case::lower_case_vendor_id("--preset alexa --vendor-id m2testvendor0", "--vendor-id")]
#[case::vendor_id_without_platform("--name App --vendor-id M2TESTVENDOR0", "--preset")]
#[case::unknown_platform("--preset alexis --vendor-id M2TESTVENDOR0", "alexa")]
#[case::unknown_grant("--name App --redirect-uri https://app.example/cb --grant password", "authorization_code")]
#[case::bad_scope("--name App --redirect-uri https://app.example/cb --scope \"", "--scope")]
#[case::bad_client_id("--name App --redirect-uri https://app.example/cb --client-id a/b", "client id")]
fn what_is_missing_or_wrong_is_named(#[case] options: &str, #[case] words: &str) {
    let ran = Program::new().run(&format!("client add {options}"));
    assert!(ran.refused(2).contains(words), "{ran:?}");
}

#[test]
fn alexa_takes_at_most_fifteen_scopes() {
    let scopes = |count| (0..count).map(|n| format!(" --scope s{n}")).collect::<String>();
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0";
    let ran = Program::new().run(&format!("{add}{}", scopes(16)));
    assert!(ran.refused(2).contains("15"), "{ran:?}");
    Program::new().run(&format!("{add}{}", scopes(15))).done();
}

#[test]
fn a_client_id_is_given_once() {
    let program = Program::new();
    let add = "client add --name App --client-id app --redirect-uri https://app.example/cb";
    program.run(add).done();
    assert!(program.run(add).refused(1).contains("app already"));
    assert_eq!(program.run("client list --json").json().as_array().unwrap().len(), 1);
}

#[rstest]
#[case::empty("\n", "empty")]
#[case::nothing("", "empty")]
fn an_empty_secret_is_refused(#[case] input: &str, #[case] words: &str) {
    let add = "client add --name App --redirect-uri https://app.example/cb --client-secret-stdin";
    let ran = Program::new().tell(add, input);
    assert!(ran.refused(2).contains(words), "{ran:?}");
}

#[test]
fn a_short_secret_is_taken_with_a_warning() {
    let add = "client add --name App --redirect-uri https://app.example/cb --client-secret-stdin";
    let ran = Program::new().tell(add, "hunter2\n");
    ran.done();
    assert!(ran.err.contains("short") && !ran.err.contains("hunter2"), "{ran:?}");
}

#[test]
fn an_app_has_no_secret_and_may_have_a_scheme_of_its_own() {
    let add = "client add --name App --public --redirect-uri com.example.app:/cb --json";
    let client = Program::new().run(add).json();
    assert_eq!((&client["public"], &client["client_secret"]), (&json!(true), &Value::Null));
}

#[rstest]
#[case("--refresh stable", "--refresh")]
#[case("--repeat-exchange on", "--repeat-exchange")]
fn an_app_s_refresh_tokens_rotate(#[case] option: &str, #[case] named: &str) {
    let program = Program::new();
    let add = "client add --name App --public --client-id app --redirect-uri com.example.app:/cb --json";
    assert!(program.run(&format!("{add} {option}")).refused(2).contains(named));
    assert_eq!(program.run(add).json()["refresh"], "rotate");
    assert!(program.run(&format!("client set app {option}")).refused(2).contains(named), "afterwards neither");
}

#[rstest]
#[tokio::test]
async fn every_field_of_the_console_is_printed_with_its_value(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.with("COUPLET_PUBLIC_URL", "https://auth.example.com");
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id skill --scope a --scope b";
    let ran = program.tell(&format!("{add} --client-secret-stdin"), SECRET);
    let printed = |label: &str| ran.done().lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
    for (label, value) in [
        ("Do you allow users to create an account or link to an existing account with you?", "On"),
        ("Select an authorization grant type", "Auth Code Grant"),
        ("Your Web Authorization URI", "https://auth.example.com/oauth2/authorize"),
        ("Access Token URI", "https://auth.example.com/oauth2/token"),
        ("Your Client ID", "skill"),
        ("Your Secret", SECRET),
        ("Your Authentication Scheme", "HTTP Basic (Recommended)"),
        ("Scope", "a, b"),
        ("Domain List", "auth.example.com"),
        ("Default Access Token Expiration Time", "3600"),
    ] {
        assert_eq!(printed(label), Some(value), "{label} in {}", ran.out);
    }
    for host in ["pitangui.amazon.com", "layla.amazon.com", "alexa.amazon.co.jp"] {
        assert!(ran.out.contains(&format!("https://{host}/api/skill/link/M2TESTVENDOR0")), "{}", ran.out);
    }
}

#[test]
fn the_same_is_printed_as_the_skill_management_api_takes_it() {
    let program = Program::new().with("COUPLET_PUBLIC_URL", "https://auth.example.com");
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0 --client-id skill --scope a --client-secret-stdin";
    let expected = json!({ "accountLinkingRequest": {
        "type": "AUTH_CODE",
        "authorizationUrl": "https://auth.example.com/oauth2/authorize",
        "accessTokenUrl": "https://auth.example.com/oauth2/token",
        "reciprocalAccessTokenUrl": "https://auth.example.com/oauth2/reciprocal",
        "accessTokenScheme": "HTTP_BASIC",
        "clientId": "skill",
        "clientSecret": SECRET,
        "scopes": ["a"],
        "domains": ["auth.example.com"],
        "defaultTokenExpirationInSeconds": 3600,
        "skipOnEnablement": false,
    }});
    let ran = program.tell(add, SECRET);
    let printed: Value = serde_json::from_str(&ran.done()[ran.out.find('{').unwrap()..]).unwrap();
    assert_eq!(printed, expected);
    program.run("client delete skill").done();
    assert_eq!(program.tell(&format!("{add} --json"), SECRET).json()["skill_management"], expected);
}

#[test]
fn a_made_secret_has_256_bits_and_is_another_each_time() {
    let program = Program::new();
    let add = "client add --preset alexa --vendor-id M2TESTVENDOR0 --json";
    let secrets = (0..3).map(|_| program.run(add).json()["client_secret"].as_str().unwrap().to_owned());
    let secrets: BTreeSet<String> = secrets.collect();
    assert_eq!(secrets.len(), 3);
    // 256 bits in base64 without padding.
    assert!(secrets.iter().all(|secret| secret.len() == 43), "{secrets:?}");
}
