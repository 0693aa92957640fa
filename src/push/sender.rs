//! Owns what a message to a device says, and what the room asks of those that bring it there.

use async_trait::async_trait;

use crate::model::push::factor::{Factor, Platform};
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

/// How often something came of messages: by which platform, what, how often.
pub type Counts = Vec<(&'static str, &'static str, u64)>;

/// Brings messages to devices.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Takes a message over and returns at once; it may get lost, for the app asks by itself when it is opened.
    fn send(&self, to: &Factor, message: PushMessage);

    /// Whether messages go out by this platform.
    fn serves(&self, platform: Platform) -> bool;

    /// What became of messages so far.
    fn counts(&self) -> Counts;

    /// From now on nothing is tried that waits, whether for its turn or for another try; returns when nothing is under way.
    async fn ended(&self);
}

/// Brings nothing anywhere: apps ask by themselves.
pub struct NoSender;

#[async_trait]
impl Sender for NoSender {
    fn send(&self, _to: &Factor, message: PushMessage) {
        tracing::debug!(challenge = %message.challenge, "no sender is configured; the device asks by itself");
    }

    fn serves(&self, _platform: Platform) -> bool {
        false
    }

    fn counts(&self) -> Counts {
        Counts::new()
    }

    async fn ended(&self) {}
}
