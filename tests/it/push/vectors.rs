//! Signatures of the mobile SDKs and of Twilio's webhooks, from files of vectors.

use couplet::model::push::sid::AccountSid;
use couplet::model::secret::PlainSecret;
use couplet::model::time::Timestamp;
use couplet::push::answer::{SIGNED, check};
use couplet::push::request_jwt::RequestJwt;
use couplet::push::signatures::DeviceKey;
use couplet::push::webhook_signature::{Scheme, sign};
use serde_json::{Map, Value};
use url::Url;

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn of_kind(kind: &str) -> Vec<Value> {
    let cases: Vec<Value> =
        cases("verify-push-signatures.json").into_iter().filter(|case| case["kind"] == kind).collect();
    assert!(cases.len() >= 3, "{kind}");
    cases
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case[member].as_str().unwrap_or_else(|| panic!("no {member} in {case}"))
}

fn key(case: &Value) -> DeviceKey {
    DeviceKey::parse(text(case, "public_key")).unwrap()
}

#[test]
fn factors_are_verified_by_their_own_signature_alone() {
    for case in of_kind("factor_verify") {
        let signed = key(&case).signed_der(text(&case, "factor_sid"), text(&case, "auth_payload"));
        assert_eq!(signed, case["valid"], "{}", case["id"]);
    }
}

#[test]
fn challenges_are_answered_by_what_was_shown_and_signed() {
    for case in of_kind("challenge_update") {
        assert_eq!(text(&case, "signature_fields"), SIGNED.join(","));
        let member = |name: &str| (name.to_owned(), case["challenge"][name].clone());
        let shown: Map<String, Value> = SIGNED.into_iter().map(member).collect();
        let answer = check(&key(&case), text(&case, "auth_payload"), &shown);
        let expected = case["status_if_valid"].as_str();
        assert_eq!(answer.as_ref().ok().map(|answer| answer.as_str()), expected, "{} {answer:?}", case["id"]);
        assert_eq!(answer.is_ok(), case["valid"], "{}", case["id"]);
    }
}

#[test]
fn request_tokens_count_for_their_account_and_time() {
    for case in of_kind("request_jwt") {
        let jwt = RequestJwt::parse(text(&case, "jwt")).unwrap();
        assert_eq!(jwt.credential().unwrap().to_string(), text(&case, "credential_sid"));
        let account = AccountSid::parse(text(&case, "account_sid")).unwrap();
        let now = Timestamp::from_timestamp(case["now"].as_i64().unwrap(), 0).unwrap();
        let checked = jwt.check(&key(&case), account, now);
        assert_eq!(checked.is_ok(), case["valid"], "{} {checked:?}", case["id"]);
    }
}

/// What a receiver does: it knows the address without or with the port, and tries both.
pub fn is_accepted(scheme: Scheme, token: &PlainSecret, url: &str, form: &[(String, String)], sent: &str) -> bool {
    let mut tried = vec![url.to_owned()];
    let parsed = Url::parse(url).unwrap();
    let (host, rest) = (parsed.host_str().unwrap(), &parsed[url::Position::BeforePath..]);
    tried.push(format!("{}://{host}{rest}", parsed.scheme()));
    tried.push(format!("{}://{host}:{}{rest}", parsed.scheme(), parsed.port_or_known_default().unwrap()));
    tried.iter().any(|url| sign(scheme, token, url, form) == sent)
}

#[test]
fn webhooks_are_signed_as_receivers_check_them() {
    let cases = cases("twilio-webhook-signatures.json");
    assert!(cases.len() >= 12);
    for case in cases {
        let form = |member: &str| -> Vec<(String, String)> {
            let values = |value: &Value| match value {
                Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
                value => vec![value.as_str().unwrap().to_owned()],
            };
            let pairs = case[member].as_object().into_iter().flatten();
            pairs.flat_map(|(name, value)| values(value).into_iter().map(|value| (name.clone(), value))).collect()
        };
        let scheme = if text(&case, "algorithm") == "HMAC_SHA256" { Scheme::Sha256 } else { Scheme::Sha1 };
        let token: PlainSecret = text(&case, "auth_token").to_owned().into();
        let signature = sign(scheme, &token, text(&case, "url"), &form("params"));
        assert_eq!(signature, case["expected"]["signature"], "{}", case["id"]);
        let received = if case["params_received"].is_null() { form("params") } else { form("params_received") };
        let url = case["request_url"].as_str().unwrap_or(text(&case, "url"));
        let sent = case["signature_sent"].as_str().unwrap_or(&signature);
        assert_eq!(is_accepted(scheme, &token, url, &received, sent), case["expected"]["valid"], "{}", case["id"]);
    }
}
