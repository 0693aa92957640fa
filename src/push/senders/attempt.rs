//! Owns what can come of one try to bring a message, and what services say alike: statuses, `Retry-After`, broken connections.

use std::time::Duration;

use async_trait::async_trait;
use chrono::DateTime;
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};

use crate::model::time::{self, Timestamp};
use crate::push::sender::PushMessage;

/// As much of an answer as is read.
const MOST: usize = 16 * 1024;

/// What came of a try. The words name no token and no address of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The service brings it.
    Taken,
    /// There is no such device any more.
    Gone(String),
    /// It will never be taken like this.
    Refused(String),
    /// Perhaps another time, after a pause if the service tells one.
    Later(String, Option<Duration>),
}

/// Brings messages by one platform.
#[async_trait]
pub trait Way: Send + Sync {
    /// The service that takes messages for a token: those to one do not hold up others.
    fn lane(&self, token: &str) -> String;

    /// One try, with so many seconds left.
    async fn bring(&self, token: &str, message: &PushMessage, ttl: u32) -> Outcome;
}

/// What a status means to every service; a device that is gone each of them tells differently.
pub fn judge(status: StatusCode, why: String, after: Option<Duration>) -> Outcome {
    match status {
        _ if status.is_success() => Outcome::Taken,
        StatusCode::TOO_MANY_REQUESTS => Outcome::Later(why, after),
        _ if status.is_server_error() => Outcome::Later(why, after),
        _ => Outcome::Refused(why),
    }
}

/// Whether a token of ours that says that it was `made` then is good for now, by the clock that others see. One that was made
/// before that clock stepped back comes from their future: none takes it.
pub fn serves(made: Timestamp, life: Duration, now: Timestamp) -> bool {
    (made..time::after(made, life)).contains(&now)
}

/// How long a service wants to be left alone (RFC 9110 section 10.2.3); `now` is what others take for now.
pub fn retry_after(response: &Response, now: Timestamp) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some(at.signed_duration_since(now).to_std().unwrap_or_default())
}

/// A request that got no answer. Its own words would tell the address.
pub fn broken(error: &reqwest::Error) -> Outcome {
    let why = match error {
        error if error.is_timeout() => "no answer in time",
        error if error.is_connect() => "it can't be reached, or is not public",
        _ => "the connection broke",
    };
    Outcome::Later(why.to_owned(), None)
}

/// The beginning of an answer, as far as it comes.
pub async fn beginning(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MOST {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    body
}
