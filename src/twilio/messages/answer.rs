//! Owns what an answer of the Messages API means (Twilio's error dictionary). Leaves asking to `mod.rs`.

use serde::Deserialize;

use crate::model::text_message::NotSent;

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Names the message at Twilio.
    pub sid: Option<String>,
    /// How it stands there, such as `accepted` or `queued`.
    pub status: Option<String>,
}

#[derive(Default, Deserialize)]
struct Message {
    sid: Option<String>,
    status: Option<String>,
}

#[derive(Default, Deserialize)]
struct Trouble {
    code: Option<u32>,
    #[serde(default)]
    message: String,
}

/// Reads an answer. Any success means that the message was handed over, whatever else it says.
pub fn read(status: u16, body: &[u8]) -> Result<Accepted, NotSent> {
    if (200..300).contains(&status) {
        let Message { sid, status } = serde_json::from_slice(body).unwrap_or_default();
        return Ok(Accepted { sid, status });
    }
    let Trouble { code, message } = serde_json::from_slice(body).unwrap_or_default();
    let told: String = without_numbers(&message).chars().filter(|c| !c.is_control()).take(200).collect();
    Err(match code {
        Some(code) => refusal(code, status, format!("{code} {told}").trim_end().to_owned()),
        None if status == 429 => NotSent::TooMany(format!("status {status}")),
        None if matches!(status, 401 | 403 | 404) => {
            NotSent::Configuration(format!("status {status} without a code; is base_url right?"))
        }
        None => NotSent::Unsettled(format!("status {status} without a code")),
    })
}

/// Judged by the code alone: the status that comes with it varies.
fn refusal(code: u32, status: u16, told: String) -> NotSent {
    match code {
        21211 | 21614 => NotSent::Number(told),
        21408 => NotSent::Country(told),
        21610 => NotSent::OptedOut(told),
        20429 | 21611 => NotSent::TooMany(told),
        20003 | 20404 | 21606 | 21608 | 21612 | 21703 | 21705 => NotSent::Configuration(told),
        21602 | 21604 | 21617 => NotSent::Message(told),
        _ if status == 429 => NotSent::TooMany(told),
        _ if status >= 500 => NotSent::Unsettled(told),
        _ => NotSent::Refused(told),
    }
}

/// As few digits as a phone number has.
const SHORTEST_NUMBER: usize = 7;

/// Twilio's words quote the number that a message was for, and no log of ours tells one.
fn without_numbers(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(|c: char| c == '+' || c.is_ascii_digit()) {
        let (before, from) = rest.split_at(begin);
        let end = from.find(|c: char| !(c.is_ascii_digit() || "+ ()-.".contains(c))).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        let number = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        kept.push_str(before);
        if number.bytes().filter(u8::is_ascii_digit).count() >= SHORTEST_NUMBER {
            kept.push('…');
            kept.push_str(run.get(number.len()..).unwrap_or_default());
        } else {
            kept.push_str(run);
        }
        rest = after;
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::{read, without_numbers};
    use rstest::rstest;

    #[rstest]
    #[case("The 'To' number +15005550001 is not a valid phone number", "The 'To' number … is not a valid phone number")]
    #[case("to +1 (500) 555-0001.", "to ….")]
    #[case("14155550100", "…")]
    #[case("error 21211 after 3 tries", "error 21211 after 3 tries")]
    #[case("Überall 5 + 6", "Überall 5 + 6")]
    #[case("", "")]
    fn words_are_kept_without_phone_numbers(#[case] told: &str, #[case] kept: &str) {
        assert_eq!(without_numbers(told), kept);
    }

    #[test]
    fn a_refusal_does_not_tell_the_number_it_is_about() {
        let body = br#"{"code": 21211, "message": "The 'To' number +15005550001 is not valid", "status": 400}"#;
        let why = read(400, body).unwrap_err();
        assert_eq!(why.to_string(), "no messages can be sent to this number: 21211 The 'To' number … is not valid");
    }
}
