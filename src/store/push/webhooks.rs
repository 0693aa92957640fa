//! Owns what is remembered of webhooks.

use async_trait::async_trait;

use crate::model::push::paging::PageRequest;
use crate::model::push::sid::{ServiceSid, WebhookSid};
use crate::model::push::webhook::{Webhook, WebhookChange};
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// Remembers webhooks. Whoever asks has looked at the service before.
#[async_trait]
pub trait PushWebhookStore: Send + Sync {
    /// Adds a webhook; `false` when its service is gone, or has `most` already.
    async fn add_webhook(&self, webhook: &Webhook, most: u32) -> Result<bool, StoreError>;

    /// A webhook.
    async fn webhook(&self, service: ServiceSid, sid: WebhookSid) -> Result<Option<Webhook>, StoreError>;

    /// The webhooks of a service: one more than the page has rows, if there are more, in the direction of the search.
    async fn webhooks(&self, service: ServiceSid, page: &PageRequest) -> Result<Vec<Webhook>, StoreError>;

    /// Changes what `change` names; `false` when there is no such webhook.
    async fn change_webhook(
        &self,
        service: ServiceSid,
        sid: WebhookSid,
        change: &WebhookChange,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets a webhook with what is on its way to it; `false` when there is none.
    async fn delete_webhook(&self, service: ServiceSid, sid: WebhookSid) -> Result<bool, StoreError>;
}
