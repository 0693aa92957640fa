//! Owns the statements about what is on its way to webhooks.

use async_trait::async_trait;

use super::{Driver, SqlStore, statement};
use crate::model::push::sid::WebhookSid;
use crate::model::push::webhook::Delivery;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::push::PushDeliveryStore;
use crate::store::rows::push::{DeliveryRow, DueWebhookRow};

#[async_trait]
impl<D: Driver> PushDeliveryStore for SqlStore<D> {
    async fn due_webhooks(&self, now: Timestamp) -> Result<Vec<WebhookSid>, StoreError> {
        // A look into the index for each webhook, however much waits for it.
        let sql = "SELECT w.id AS webhook_id FROM push_webhooks w WHERE EXISTS \
                   (SELECT 1 FROM push_deliveries d WHERE d.webhook_id = w.id AND d.next_attempt_at <= $1)";
        let rows: Vec<DueWebhookRow> = self.driver.all(statement!(sql, now)).await?;
        Ok(rows.into_iter().map(DueWebhookRow::sid).collect())
    }

    async fn due_deliveries(
        &self,
        webhook: WebhookSid,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.list::<DeliveryRow, _>(statement!(
            "SELECT d.event_id, d.webhook_id, s.account_id, w.url, w.enabled, d.body, d.attempts, d.next_attempt_at \
             FROM push_deliveries d JOIN push_webhooks w ON w.id = d.webhook_id \
             JOIN push_services s ON s.id = w.service_id \
             WHERE d.webhook_id = $1 AND d.next_attempt_at <= $2 ORDER BY d.next_attempt_at LIMIT $3",
            webhook.0,
            now,
            limit,
        ))
        .await
    }

    async fn begin_delivery(&self, delivery: &Delivery, next: Timestamp) -> Result<bool, StoreError> {
        self.changes(statement!(
            "UPDATE push_deliveries SET attempts = attempts + 1, next_attempt_at = $5 \
             WHERE event_id = $1 AND webhook_id = $2 AND attempts = $3 AND next_attempt_at = $4",
            delivery.event,
            delivery.webhook.0,
            delivery.attempts,
            delivery.next_attempt_at,
            next,
        ))
        .await
    }

    async fn end_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let sql = "DELETE FROM push_deliveries WHERE event_id = $1 AND webhook_id = $2";
        self.driver.execute(statement!(sql, delivery.event, delivery.webhook.0)).await.map(drop)
    }
}
