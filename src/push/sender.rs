//! Owns what a message to a device says, and the way out to those that bring it there.

use crate::model::push::factor::FactorConfig;
use crate::model::push::sid::{ChallengeSid, FactorSid};

/// A message that wakes an app up. It says nothing that the app could not ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushMessage {
    /// About which challenge.
    pub challenge: ChallengeSid,
    /// To which factor.
    pub factor: FactorSid,
    /// What the person is asked.
    pub message: String,
    /// For how many seconds it is worth bringing.
    pub ttl: u32,
}

impl PushMessage {
    /// The data members, all of them texts.
    pub fn data(&self) -> [(&'static str, String); 4] {
        [
            ("type", "verify_push_challenge".to_owned()),
            ("challenge_sid", self.challenge.to_string()),
            ("factor_sid", self.factor.to_string()),
            ("message", self.message.clone()),
        ]
    }
}

/// Brings messages to devices.
pub trait Sender: Send + Sync {
    /// Takes a message over and returns at once; it may get lost, for the app asks by itself when it is opened.
    fn send(&self, to: &FactorConfig, message: PushMessage);
}

/// Brings nothing anywhere: apps ask by themselves.
pub struct NoSender;

impl Sender for NoSender {
    fn send(&self, _to: &FactorConfig, message: PushMessage) {
        tracing::debug!(challenge = %message.challenge, "no sender is configured; the device asks by itself");
    }
}
