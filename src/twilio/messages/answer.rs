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
    let told: String = message.chars().filter(|c| !c.is_control()).take(200).collect();
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
