//! Owns one try to bring a message to an Apple device by the Apple Push Notification service: HTTP/2, with a provider token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use url::Url;

use crate::model::failure::Fault;
use crate::model::time::{Clock, Timestamp, after};
use crate::push::sender::PushMessage;
use crate::push::senders::PATIENCE;
use crate::push::senders::attempt::{Outcome, Way, beginning, broken, judge, retry_after, serves};
use crate::tokens::assertion::AssertionKey;

/// Where Apple takes messages.
pub const APPLE: &str = "https://api.push.apple.com";

/// How long a provider token is used. Apple takes none that is older than an hour, and no new one within 20 minutes.
const LIFE: Duration = Duration::from_secs(50 * 60);

/// Provider tokens that one try is made with: the one in use, and a new one when that is refused as too old.
const TOKENS: u32 = 2;

/// Everything that sending to Apple's devices takes.
#[derive(Clone, Debug)]
pub struct Apple {
    /// The key of the file that Apple's console gives.
    pub key: AssertionKey,
    /// Its name there.
    pub key_id: String,
    /// Whose it is.
    pub team_id: String,
    /// The app: its bundle id.
    pub topic: String,
    /// Where messages are taken: production, the sandbox, or a stand-in.
    pub base_url: Url,
}

/// Brings messages to one app.
pub struct Apns {
    http: reqwest::Client,
    apple: Apple,
    clock: Arc<dyn Clock>,
    /// With the moment at which it says that it was made.
    token: Mutex<Option<(Timestamp, HeaderValue)>>,
    /// Whether Apple took a message of ours: then topic and environment are right.
    proven: AtomicBool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    reason: String,
}

impl Apns {
    /// By a client that speaks HTTP/2 only, and follows no redirect.
    pub fn new(apple: Apple, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self { http, apple, clock, token: Mutex::default(), proven: AtomicBool::new(false) }
    }

    /// The token, or a new one if it is the one that was refused.
    async fn provider_token(&self, refused: Option<&HeaderValue>) -> Result<HeaderValue, Fault> {
        let now = self.clock.shown_to_others();
        let mut token = self.token.lock().await;
        let is_good = |header: &HeaderValue| refused != Some(header);
        if let Some((_, header)) = token.as_ref().filter(|(made, header)| serves(*made, LIFE, now) && is_good(header)) {
            return Ok(header.clone());
        }
        let Apple { key, key_id, team_id, .. } = &self.apple;
        let signed = key.sign(Some(key_id), &json!({ "iss": team_id, "iat": now.timestamp() }))?;
        let header = HeaderValue::from_str(&format!("bearer {}", signed.expose()));
        let mut header = header.map_err(|_| Fault::new("a provider token fits into no header"))?;
        header.set_sensitive(true);
        *token = Some((now, header.clone()));
        Ok(header)
    }

    fn address(&self, token: &str) -> Result<Url, Fault> {
        let mut address = self.apple.base_url.clone();
        let path = address.path_segments_mut().map_err(|()| Fault::new("push.apns_base_url can have no path"));
        path?.pop_if_empty().extend(["3", "device", token]);
        Ok(address)
    }

    /// One request; `None` when the provider token is too old.
    async fn post(&self, to: Url, body: &Value, ttl: u32, token: HeaderValue) -> Option<Outcome> {
        let now = self.clock.shown_to_others();
        // Zero means that it is tried once and not kept.
        let until = if ttl == 0 { 0 } else { after(now, Duration::from_secs(ttl.into())).timestamp() };
        let request = self.http.post(to).timeout(PATIENCE).header(AUTHORIZATION, token);
        let request = request.header("apns-topic", &self.apple.topic).header("apns-push-type", "alert");
        let request = request.header("apns-priority", "10").header("apns-expiration", until);
        let response = match request.json(body).send().await {
            Ok(response) => response,
            Err(error) => return Some(broken(&error)),
        };
        let (status, after) = (response.status(), retry_after(&response, now));
        if status.is_success() {
            self.proven.store(true, Ordering::Relaxed);
            return Some(Outcome::Taken);
        }
        let answer: Answer = serde_json::from_slice(&beginning(response).await).unwrap_or_default();
        let why = format!("Apple answered with status {} {}", status.as_u16(), answer.reason);
        match (status, answer.reason.as_str()) {
            (StatusCode::FORBIDDEN, "ExpiredProviderToken") => None,
            (StatusCode::GONE, _) => Some(Outcome::Gone(why)),
            (StatusCode::BAD_REQUEST, "BadDeviceToken" | "DeviceTokenNotForTopic") => Some(self.wrong_token(why)),
            _ => Some(judge(status, why, after)),
        }
    }

    /// With a wrong topic, or the sandbox in place of production, every device's token would be wrong; that is no reason to
    /// remove them all.
    fn wrong_token(&self, why: String) -> Outcome {
        if self.proven.load(Ordering::Relaxed) {
            return Outcome::Gone(why);
        }
        Outcome::Refused(format!("{why}; it took no message yet, so check push.apns_topic and push.apns_base_url"))
    }

    async fn try_to_bring(&self, token: &str, message: &PushMessage, ttl: u32) -> Result<Outcome, Fault> {
        let (to, body) = (self.address(token)?, payload(message));
        let mut refused = None;
        for _ in 0..TOKENS {
            let token = self.provider_token(refused.as_ref()).await?;
            if let Some(outcome) = self.post(to.clone(), &body, ttl, token.clone()).await {
                return Ok(outcome);
            }
            refused = Some(token);
        }
        Ok(Outcome::Refused("Apple does not take a new provider token; check this machine's clock".to_owned()))
    }
}

/// The data members stand beside what the system shows.
fn payload(message: &PushMessage) -> Value {
    let aps = json!({ "alert": message.message, "sound": "default", "category": "verify_push_challenge" });
    let data = message.data().into_iter().map(|(name, text)| (name.to_owned(), Value::from(text)));
    Value::from_iter(data.chain([("aps".to_owned(), aps)]))
}

#[async_trait]
impl Way for Apns {
    fn lane(&self, _token: &str) -> String {
        "apns".to_owned()
    }

    async fn bring(&self, token: &str, message: &PushMessage, ttl: u32) -> Outcome {
        self.try_to_bring(token, message, ttl).await.unwrap_or_else(|fault| Outcome::Refused(fault.to_string()))
    }
}
