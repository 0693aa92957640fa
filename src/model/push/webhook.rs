//! Owns what a webhook is, and one delivery to it.

use uuid::Uuid;

use crate::model::push::sid::{AccountSid, ServiceSid, WebhookSid};
use crate::model::time::Timestamp;

/// What a back end sets of a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// What the back end calls it.
    pub friendly_name: String,
    /// Events by Twilio's words, or `*`, as they were given.
    pub event_types: Vec<String>,
    /// Where events are posted.
    pub url: String,
    /// Whether they are.
    pub enabled: bool,
    /// `v1` or `v2`; kept and shown.
    pub version: String,
}

/// What an update changes; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    /// As in [`WebhookSettings`].
    pub friendly_name: Option<String>,
    /// As in [`WebhookSettings`].
    pub event_types: Option<Vec<String>>,
    /// As in [`WebhookSettings`].
    pub url: Option<String>,
    /// As in [`WebhookSettings`].
    pub enabled: Option<bool>,
    /// As in [`WebhookSettings`].
    pub version: Option<String>,
}

/// An address to which a service's events are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Its name.
    pub sid: WebhookSid,
    /// Whose it is.
    pub account: AccountSid,
    /// Where it is.
    pub service: ServiceSid,
    /// How it is set.
    pub settings: WebhookSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An event on its way to a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub event: Uuid,
    /// To which webhook.
    pub webhook: WebhookSid,
    /// Where that is now, unless it is switched off.
    pub url: Option<String>,
    /// Whose token signs.
    pub account: AccountSid,
    /// The form, encoded.
    pub body: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is due.
    pub next_attempt_at: Timestamp,
}
