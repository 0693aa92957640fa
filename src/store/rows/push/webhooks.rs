//! Owns the rows of webhooks and deliveries.

use sqlx::FromRow;
use uuid::Uuid;

use super::Doubt;
use crate::model::push::sid::{AccountSid, ServiceSid, WebhookSid};
use crate::model::push::webhook::{Delivery, Webhook, WebhookSettings};
use crate::store::StoreError;

/// A row of `push_webhooks` with its account.
#[derive(FromRow)]
pub struct WebhookRow {
    id: Uuid,
    account_id: Uuid,
    service_id: Uuid,
    friendly_name: String,
    event_types: String,
    url: String,
    enabled: bool,
    version: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<WebhookRow> for Webhook {
    type Error = StoreError;

    fn try_from(row: WebhookRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_webhooks", id: &row.id };
        Ok(Self {
            sid: WebhookSid(row.id),
            account: AccountSid(row.account_id),
            service: ServiceSid(row.service_id),
            settings: WebhookSettings {
                friendly_name: row.friendly_name,
                event_types: row.event_types.split(',').map(str::to_owned).collect(),
                url: row.url,
                enabled: row.enabled,
                version: row.version,
            },
            created_at: doubt.moment("created_at", row.created_at)?,
            updated_at: doubt.moment("updated_at", row.updated_at)?,
        })
    }
}

/// The id of a webhook to which something is due.
#[derive(FromRow)]
pub struct DueWebhookRow {
    webhook_id: Uuid,
}

impl DueWebhookRow {
    /// Its SID.
    pub fn sid(self) -> WebhookSid {
        WebhookSid(self.webhook_id)
    }
}

/// A row of `push_deliveries` with where it goes.
#[derive(FromRow)]
pub struct DeliveryRow {
    event_id: Uuid,
    webhook_id: Uuid,
    account_id: Uuid,
    url: String,
    enabled: bool,
    body: String,
    attempts: i64,
    next_attempt_at: i64,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_deliveries", id: &row.event_id };
        Ok(Self {
            event: row.event_id,
            webhook: WebhookSid(row.webhook_id),
            url: row.enabled.then_some(row.url),
            account: AccountSid(row.account_id),
            body: row.body,
            attempts: doubt.count("attempts", row.attempts)?,
            next_attempt_at: doubt.moment("next_attempt_at", row.next_attempt_at)?,
        })
    }
}
