//! The connector for text messages: owns one request to Twilio's Messages API and when it is made again. Leaves the texts to
//! `templates.rs` and the meaning of answers to `answer.rs`. Its settings have Logto's names.

mod answer;
mod templates;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::time::sleep;
use url::Url;

pub use answer::Accepted;
pub use templates::{REQUIRED, Template, Templates};

use crate::model::failure::Fault;
use crate::model::phone::Phone;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;
use crate::model::text_message::{CodeMessage, CodeSender, NotSent};

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// As much of an answer as is read.
const MOST: usize = 64 * 1024;

/// How often a request is made again that was not processed because there were too many (status 429).
const RETRIES: u32 = 3;

/// The pauses before that: up to the first, twice that, and so on, never over the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(3000));

/// Where Twilio is.
pub const TWILIO: &str = "https://api.twilio.com";

/// Everything the connector is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The account (`AC…`).
    pub account_sid: String,
    /// The secret of the account.
    pub auth_token: PlainSecret,
    /// The Messaging Service (`MG…`), by which Twilio chooses the sender.
    pub service_sid: String,
    /// Whether Twilio shall look at the risk of each message.
    pub risk_check: bool,
    /// The texts.
    pub templates: Templates,
    /// Where the API is; a stand-in is elsewhere than [`TWILIO`].
    pub base_url: Url,
}

/// Sends messages by one account.
pub struct Messages {
    http: reqwest::Client,
    randomness: Arc<dyn Randomness>,
    endpoint: Url,
    settings: Settings,
}

impl Messages {
    /// By a client that follows no redirect.
    pub fn new(settings: Settings, http: reqwest::Client, randomness: Arc<dyn Randomness>) -> Result<Self, Fault> {
        let mut endpoint = settings.base_url.clone();
        let base = endpoint.path_segments_mut().map_err(|()| Fault::new("sms.twilio.base_url can have no path"));
        base?.pop_if_empty().extend(["2010-04-01", "Accounts", &settings.account_sid, "Messages.json"]);
        for (name, sid, prefix) in
            [("accountSID", &settings.account_sid, "AC"), ("fromMessagingServiceSID", &settings.service_sid, "MG")]
        {
            if !sid.starts_with(prefix) || sid.len() != 34 {
                tracing::warn!("sms.twilio.{name} looks wrong: it has 34 characters and begins with {prefix}");
            }
        }
        Ok(Self { http, randomness, endpoint, settings })
    }

    /// Sends the text for `usage` with its gaps filled from `payload`.
    pub async fn send(&self, to: &Phone, usage: &str, payload: &Value) -> Result<Accepted, NotSent> {
        let text = self.settings.templates.text(usage, payload);
        let text = text.ok_or_else(|| NotSent::NoTemplate(usage.to_owned()))?;
        self.send_text(to, &text).await
    }

    async fn send_text(&self, to: &Phone, text: &str) -> Result<Accepted, NotSent> {
        let (mut crowded, mut unreachable) = (0, 0);
        loop {
            match self.attempt(to, text).await {
                Err(NotSent::TooMany(_)) if crowded < RETRIES => {
                    sleep(self.pause(crowded)).await;
                    crowded += 1;
                }
                // Only here it is known that nothing was sent; after a time-out a second request could be a second message.
                Err(NotSent::Unreachable(_)) if unreachable == 0 => unreachable += 1,
                settled => return settled,
            }
        }
    }

    async fn attempt(&self, to: &Phone, text: &str) -> Result<Accepted, NotSent> {
        let Settings { account_sid, auth_token, service_sid, risk_check, .. } = &self.settings;
        let form = [
            ("To", to.as_str()),
            ("MessagingServiceSid", service_sid),
            ("Body", text),
            ("RiskCheck", if *risk_check { "enable" } else { "disable" }),
        ];
        let request = self.http.post(self.endpoint.clone()).timeout(PATIENCE).form(&form);
        let mut response = request.basic_auth(account_sid, Some(auth_token.expose())).send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        answer::read(response.status().as_u16(), &body)
    }

    /// A random part of a time that doubles.
    fn pause(&self, number: u32) -> Duration {
        let (first, longest) = PAUSES;
        let most = first.saturating_mul(1 << number).min(longest);
        let [chance] = bytes::<1>(&*self.randomness);
        most * u32::from(chance) / u32::from(u8::MAX)
    }
}

/// Says nothing of the request, which holds a number and a code.
fn failed(error: reqwest::Error) -> NotSent {
    if error.is_connect() {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        return NotSent::Unreachable(cause.to_string());
    }
    NotSent::Unsettled(if error.is_timeout() { "no answer in time" } else { "the connection broke" }.to_owned())
}

#[async_trait]
impl CodeSender for Messages {
    async fn send_code(&self, message: &CodeMessage) -> Result<(), NotSent> {
        let CodeMessage { to, usage, code, application } = message;
        let payload = json!({ "code": code.expose(), "application": { "name": application } });
        let accepted = self.send(to, usage.as_str(), &payload).await?;
        // Without the number, which is somebody's.
        tracing::info!(
            usage = usage.as_str(),
            sid = accepted.sid,
            status = accepted.status,
            "text message handed over"
        );
        Ok(())
    }

    async fn send_words(&self, to: &Phone, words: &str) -> Result<(), NotSent> {
        let accepted = self.send_text(to, words).await?;
        tracing::info!(sid = accepted.sid, status = accepted.status, "text message handed over");
        Ok(())
    }
}
