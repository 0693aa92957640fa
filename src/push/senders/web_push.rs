//! Owns one try to bring a message to a browser (RFC 8030): encrypted for it, signed for its push service. The address is the
//! device's word, so it is looked at before each try.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Map, Value};

use crate::model::failure::Fault;
use crate::model::push::subscription::Subscription;
use crate::model::random::{Randomness, bytes};
use crate::model::time::Clock;
use crate::push::sender::PushMessage;
use crate::push::senders::PATIENCE;
use crate::push::senders::aes128gcm::{encrypt, fresh_key};
use crate::push::senders::attempt::{Outcome, Way, broken, judge, retry_after};
use crate::push::senders::vapid::Vapid;
use crate::push::targets::Targets;

/// Brings messages to browsers.
pub struct WebPush {
    http: reqwest::Client,
    targets: Targets,
    vapid: Vapid,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
}

impl WebPush {
    /// Sends to these targets only.
    pub fn new(
        targets: Targets,
        vapid: Vapid,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, Fault> {
        Ok(Self { http: targets.client(PATIENCE)?, targets, vapid, clock, randomness })
    }

    async fn post(&self, to: &Subscription, message: &PushMessage, ttl: u32) -> Outcome {
        if let Some(why) = self.targets.why_no_push_service(&to.endpoint) {
            return Outcome::Refused(format!("the address of its push service {why}"));
        }
        let origin = to.origin();
        let authorization = match self.vapid.authorization(&origin).await {
            Ok(header) => header,
            Err(_) => return Outcome::Later("the key pair for push services can't be read".to_owned(), None),
        };
        let body = match self.sealed(to, message) {
            Ok(body) => body,
            Err(fault) => return Outcome::Refused(fault.to_string()),
        };
        let request = self.http.post(to.endpoint.clone());
        let request = request.header(AUTHORIZATION, authorization).header("TTL", ttl).header("Urgency", "high");
        // A reminder of a challenge takes the place of what still waits for the browser.
        let request = request.header("Topic", message.challenge.0.simple().to_string());
        let request = request.header(CONTENT_ENCODING, "aes128gcm").header(CONTENT_TYPE, "application/octet-stream");
        match request.body(body).send().await {
            Ok(response) => {
                let (status, after) = (response.status(), retry_after(&response, self.clock.shown_to_others()));
                let why = format!("{origin} answered with status {}", status.as_u16());
                match status {
                    StatusCode::NOT_FOUND | StatusCode::GONE => Outcome::Gone(why),
                    status => judge(status, why, after),
                }
            }
            Err(error) => broken(&error),
        }
    }

    fn sealed(&self, to: &Subscription, message: &PushMessage) -> Result<Vec<u8>, Fault> {
        let data: Map<String, Value> =
            message.data().into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        encrypt(to, Value::from(data).to_string().as_bytes(), bytes(&*self.randomness), &fresh_key()?)
    }
}

#[async_trait]
impl Way for WebPush {
    fn lane(&self, token: &str) -> String {
        Subscription::parse(token).map(|subscription| subscription.origin()).unwrap_or_default()
    }

    async fn bring(&self, token: &str, message: &PushMessage, ttl: u32) -> Outcome {
        match Subscription::parse(token) {
            Ok(subscription) => self.post(&subscription, message, ttl).await,
            Err(why) => Outcome::Refused(format!("its registration {why}")),
        }
    }
}
