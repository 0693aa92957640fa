//! The connector for text messages, against its vectors and against a stand-in that misbehaves.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use couplet::app::{SystemClock, SystemRandomness, outbound};
use couplet::config::{Config, Purpose};
use couplet::model::parameters::Parameters;
use couplet::model::phone::Phone;
use couplet::model::text_message::NotSent;
use couplet::rehearse::messages_api::Fault;
use couplet::twilio::messages::{Messages, Settings};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::messages_api::{Twilio, WireFault, field};

/// The variables that say the same as a connector's configuration in JSON.
fn variables(config: &Value, base_url: &str) -> BTreeMap<&'static str, String> {
    let names = [
        ("accountSID", "COUPLET_SMS_TWILIO_ACCOUNT_SID"),
        ("authToken", "COUPLET_SMS_TWILIO_AUTH_TOKEN"),
        ("fromMessagingServiceSID", "COUPLET_SMS_TWILIO_FROM_MESSAGING_SERVICE_SID"),
        ("disableRiskCheck", "COUPLET_SMS_TWILIO_DISABLE_RISK_CHECK"),
        ("templates", "COUPLET_SMS_TWILIO_TEMPLATES"),
    ];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let given = names.into_iter().filter_map(|(name, variable)| Some((variable, text(config.get(name)?))));
    given.chain([("COUPLET_SMS_TWILIO_BASE_URL", base_url.to_owned())]).collect()
}

fn connector(settings: Settings) -> Messages {
    Messages::new(settings, outbound().unwrap(), Arc::new(SystemRandomness)).unwrap()
}

fn number() -> Phone {
    Phone::parse("+16502530000").unwrap()
}

async fn send(twilio: &Twilio) -> Result<(), NotSent> {
    connector(twilio.settings()).send(&number(), "SignIn", &json!({ "code": "123456" })).await.map(drop)
}

#[tokio::test]
async fn every_vector_becomes_that_very_request_or_is_refused() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/logto-sms.json")).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= 12);
    for case in cases {
        let (id, message, expected) = (&case["id"], &case["message"], &case["expected"]);
        let twilio =
            Twilio::start_with(case["config"]["authToken"].as_str().unwrap_or_default(), Arc::new(SystemClock));
        let given = variables(&case["config"], &twilio.url);
        let config = Config::load(None, &|name| given.get(name).cloned(), Purpose::Tool);
        if expected["error"] == "invalid_config" {
            assert!(config.is_err(), "{id}");
            continue;
        }
        let settings = config.unwrap().sms.twilio.unwrap().settings().unwrap();
        let to = format!("+{}", message["to"].as_str().unwrap().trim_start_matches('+'));
        let usage = message["type"].as_str().unwrap();
        connector(settings).send(&Phone::parse(&to).unwrap(), usage, &message["payload"]).await.unwrap();
        let [request] = &twilio.requests()[..] else { panic!("{id}") };
        let expected = &expected["request"];
        assert_eq!(
            request.head.lines().next().unwrap(),
            format!("POST {} HTTP/1.1", expected["path"].as_str().unwrap())
        );
        assert_eq!(field(&request.head, "authorization"), expected["authorization"].as_str(), "{id}");
        assert_eq!(field(&request.head, "content-type"), expected["content_type"].as_str(), "{id}");
        let form = Parameters::parse(request.body.as_bytes()).unwrap();
        let fields: BTreeMap<_, _> =
            ["To", "MessagingServiceSid", "Body", "RiskCheck"].map(|name| (name, form.one(name).unwrap())).into();
        assert_eq!(json!(fields), expected["form"], "{id}");
        assert_eq!(request.body.split('&').count(), 4, "{id}");
    }
}

#[rstest]
#[case(400, 21211, "general", "to this number")]
#[case(400, 21614, "general", "to this number")]
#[case(403, 21408, "general", "this country")]
#[case(400, 21610, "general", "opted out")]
#[case(401, 20003, "invalid_config", "configuration")]
#[case(404, 20404, "invalid_config", "configuration")]
#[case(400, 21606, "invalid_config", "configuration")]
#[case(400, 21608, "invalid_config", "configuration")]
#[case(400, 21612, "invalid_config", "configuration")]
#[case(400, 21703, "invalid_config", "configuration")]
#[case(400, 21705, "invalid_config", "configuration")]
#[case(400, 21602, "general", "not accepted")]
#[case(400, 21604, "general", "not accepted")]
#[case(400, 21617, "general", "not accepted")]
#[case(400, 12345, "general", "refused: 12345")]
#[case(500, 12345, "invalid_response", "no settling answer")]
#[tokio::test]
async fn a_refusal_is_told_by_its_code_and_not_tried_again(
    #[case] status: u16,
    #[case] code: u32,
    #[case] class: &str,
    #[case] words: &str,
) {
    let twilio = Twilio::start(Arc::new(SystemClock));
    twilio.break_next([Fault::Error(status, code)]);
    let refused = send(&twilio).await.unwrap_err();
    assert_eq!(refused.class(), class, "{refused}");
    assert!(refused.to_string().contains(words), "{refused}");
    assert_eq!(twilio.calls(), 1);
}

#[rstest]
#[case::by_its_code(Fault::Error(429, 20429))]
#[case::by_its_status(Fault::Status(429, "slow down".to_owned()))]
#[case::a_full_queue(Fault::Error(400, 21611))]
#[tokio::test]
async fn what_was_too_many_is_tried_three_times_more(#[case] fault: Fault) {
    let twilio = Twilio::start(Arc::new(SystemClock));
    twilio.break_next(vec![fault.clone(); 3]);
    send(&twilio).await.unwrap();
    assert_eq!((twilio.calls(), twilio.sent().len()), (4, 1));
    twilio.break_next(vec![fault; 4]);
    assert_eq!(send(&twilio).await.unwrap_err().class(), "rate_limit_exceeded");
    assert_eq!((twilio.calls(), twilio.sent().len()), (8, 1));
}

#[rstest]
#[case::a_page_of_a_gateway(Fault::Status(502, "<html>".to_owned()))]
#[case::an_empty_refusal(Fault::Status(400, String::new()))]
#[tokio::test]
async fn an_answer_that_says_nothing_settles_nothing_and_is_not_tried_again(#[case] fault: Fault) {
    let twilio = Twilio::start(Arc::new(SystemClock));
    twilio.break_next([fault]);
    assert!(matches!(send(&twilio).await.unwrap_err(), NotSent::Unsettled(_)));
    assert_eq!(twilio.calls(), 1, "the message may have been sent");
}

#[tokio::test]
async fn a_lost_answer_is_not_asked_for_again() {
    let twilio = Twilio::start(Arc::new(SystemClock));
    twilio.fail(Some(WireFault::Close));
    assert!(matches!(send(&twilio).await.unwrap_err(), NotSent::Unsettled(_)));
    assert_eq!(twilio.requests().len(), 1);
}

#[tokio::test]
async fn who_can_not_be_reached_is_tried_once_more_and_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let twilio = Twilio::start(Arc::new(SystemClock));
    let settings = Settings { base_url: format!("http://{free}").parse().unwrap(), ..twilio.settings() };
    let began = Instant::now();
    let sent = connector(settings).send(&number(), "SignIn", &json!({ "code": "1" })).await;
    assert!(matches!(sent, Err(NotSent::Unreachable(_))), "{sent:?}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn any_success_counts_as_handed_over() {
    let twilio = Twilio::start(Arc::new(SystemClock));
    twilio
        .break_next([Fault::Status(200, "what".to_owned()), Fault::Status(202, r#"{"error_code": 30008}"#.to_owned())]);
    send(&twilio).await.unwrap();
    send(&twilio).await.unwrap();
}

#[tokio::test]
async fn the_stand_in_refuses_as_twilio_does() {
    let twilio = Twilio::start(Arc::new(SystemClock));
    let refused = async |change: fn(&mut Settings), to: &str| {
        let mut settings = twilio.settings();
        change(&mut settings);
        let to = Phone::parse(to).unwrap();
        connector(settings).send(&to, "SignIn", &json!({ "code": "1" })).await.unwrap_err().to_string()
    };
    let home = "+16502530000";
    assert!(refused(|settings| settings.auth_token = "wrong".to_owned().into(), home).await.contains("20003"));
    assert!(refused(|settings| settings.service_sid = "MG0".to_owned(), home).await.contains("21705"));
    for (to, code) in [("+15005550001", "21211"), ("+15005550003", "21408"), ("+15005550004", "21610")] {
        assert!(refused(|_| {}, to).await.contains(code), "{to}");
    }
    assert_eq!(twilio.sent(), []);
    assert_eq!(twilio.refused().len(), 5);
}
