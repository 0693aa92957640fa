//! Owns the outbox: events on their way to webhooks.

use async_trait::async_trait;

use crate::model::push::sid::WebhookSid;
use crate::model::push::webhook::Delivery;
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// Remembers what is on its way. A delivery is there until it is ended, whatever dies meanwhile.
#[async_trait]
pub trait PushDeliveryStore: Send + Sync {
    /// The webhooks to which something is due at `now`.
    async fn due_webhooks(&self, now: Timestamp) -> Result<Vec<WebhookSid>, StoreError>;

    /// At most `limit` deliveries to a webhook that are due at `now`, the longest due first.
    async fn due_deliveries(
        &self,
        webhook: WebhookSid,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Begins a try: counts it, and puts the next one off to `next`, when it is due if nobody ends the delivery. Of any number
    /// of simultaneous calls one begins; `false` for all others.
    async fn begin_delivery(&self, delivery: &Delivery, next: Timestamp) -> Result<bool, StoreError>;

    /// Forgets a delivery.
    async fn end_delivery(&self, delivery: &Delivery) -> Result<(), StoreError>;
}
