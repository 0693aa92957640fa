//! `sms test`: whether messages go out, and if not, why.

use std::sync::Arc;

use couplet::app::SystemClock;
use rstest::rstest;

use crate::support::messages_api::{ACCOUNT, SERVICE, TEMPLATES, TOKEN, Twilio};
use crate::support::program::Program;

fn connected(twilio: &Twilio, token: &str) -> Program {
    Program::new()
        .with("COUPLET_SMS_TWILIO_ACCOUNT_SID", ACCOUNT)
        .with("COUPLET_SMS_TWILIO_AUTH_TOKEN", token)
        .with("COUPLET_SMS_TWILIO_FROM_MESSAGING_SERVICE_SID", SERVICE)
        .with("COUPLET_SMS_TWILIO_TEMPLATES", TEMPLATES)
        .with("COUPLET_SMS_TWILIO_BASE_URL", &twilio.url)
}

#[test]
fn without_a_connector_the_missing_key_is_named() {
    let ran = Program::new().run("sms test --to +14155550100");
    assert!(ran.refused(2).starts_with("sms.twilio.accountSID is missing; "), "{ran:?}");
}

#[rstest]
#[case::no_number("415", TOKEN, 2, "--to: a phone number is written as +")]
#[case::not_reachable("+15005550001", TOKEN, 1, "general: no messages can be sent to this number: 21211")]
#[case::country("+15005550003", TOKEN, 1, "general: the account does not send to this country: 21408")]
#[case::opted_out("+15005550004", TOKEN, 1, "general: the recipient has opted out: 21610")]
#[case::wrong_token(
    "+14155550100",
    "wrong0token0that0is0long",
    2,
    "invalid_config: the configuration is not accepted: 20003"
)]
fn a_refusal_is_told_in_one_line_with_its_mend_and_without_the_token(
    #[case] to: &str,
    #[case] token: &str,
    #[case] code: i32,
    #[case] words: &str,
) {
    let twilio = Twilio::start(Arc::new(SystemClock));
    let ran = connected(&twilio, token).run(&format!("sms test --to {to}"));
    let told = ran.refused(code);
    assert!(told.starts_with(words) && told.contains("; "), "{told}");
    assert!(!told.contains(token), "{told}");
}

#[test]
fn the_generic_text_is_sent_and_its_sid_told() {
    let twilio = Twilio::start(Arc::new(SystemClock));
    let json = connected(&twilio, TOKEN).run("sms test --to +14155550100 --json").json();
    assert_eq!((json["to"].as_str(), json["status"].as_str()), (Some("+14155550100"), Some("accepted")));
    assert!(json["sid"].as_str().unwrap().starts_with("SM"));
    let sent = twilio.sent();
    assert_eq!((sent[0].to.as_str(), sent[0].body.as_str()), ("+14155550100", "[Generic] Your code is 000000."));
    let words = connected(&twilio, TOKEN).run("sms test --to +14155550100");
    assert!(words.done().contains("Handed over to Twilio"), "{words:?}");
}
