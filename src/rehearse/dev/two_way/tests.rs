//! When a fresh partner token is one.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::model::random::Randomness;
use crate::model::time::{Clock, Timestamp};
use crate::rehearse::login_with_amazon::TokenCall;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp(1_795_000_000, 0).unwrap()
    }
}

impl Randomness for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Login with Amazon, and an access token that it issued.
fn amazon() -> (LoginWithAmazon, String) {
    let amazon = LoginWithAmazon::new("a", "b".to_owned().into(), Arc::new(Still), Arc::new(Still));
    let body =
        format!("grant_type=authorization_code&code={}&client_id=a&client_secret=b", amazon.issue_code().expose());
    let content_type = Some("application/x-www-form-urlencoded");
    let answer = amazon.answer(&TokenCall { content_type, authorization: None, body: body.as_bytes() });
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    (amazon, json["access_token"].as_str().unwrap().to_owned())
}

fn judged(status: u16, change: impl FnOnce(&mut Value)) -> Result<(), &'static str> {
    let (amazon, token) = amazon();
    let mut json = json!({ "access_token": token, "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer" });
    change(&mut json);
    let json_type = HeaderValue::from_static("application/json");
    let answer = Recorded {
        request: String::new(),
        answer: String::new(),
        status,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, json_type)]),
        body: json.to_string(),
        took: Duration::ZERO,
    };
    check_partner_token(&answer, &amazon).map_err(|fault| fault.reason)
}

#[rstest]
#[case::pending(503, "error", json!("temporarily_unavailable"), "partner_token_refused")]
#[case::none(200, "access_token", Value::Null, "partner_token_unknown")]
#[case::made_up(200, "access_token", json!("Atza|made-up"), "partner_token_unknown")]
#[case::refresh_token(200, "refresh_token", json!("Atzr|x"), "partner_refresh_token_shown")]
#[case::no_issued_type(200, "issued_token_type", Value::Null, "partner_token_type")]
#[case::another_type(200, "token_type", json!("N_A"), "partner_token_type")]
fn what_is_no_fresh_token_is_named(
    #[case] status: u16,
    #[case] name: &str,
    #[case] value: Value,
    #[case] reason: &'static str,
) {
    assert_eq!(judged(status, |json| json[name] = value), Err(reason));
}

#[test]
fn a_token_that_amazon_takes_is_fresh() {
    assert_eq!(judged(200, |_| {}), Ok(()));
}
