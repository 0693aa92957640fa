//! Owns the statements about webhooks.

use async_trait::async_trait;

use super::{Driver, Listing, SqlStore, listing, statement};
use crate::model::push::paging::PageRequest;
use crate::model::push::sid::{ServiceSid, WebhookSid};
use crate::model::push::webhook::{Webhook, WebhookChange};
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::push::PushWebhookStore;
use crate::store::rows::push::WebhookRow;

macro_rules! webhooks {
    () => {
        "SELECT w.id, s.account_id, w.service_id, w.friendly_name, w.event_types, w.url, w.enabled, w.version, w.created_at, \
         w.updated_at FROM push_webhooks w JOIN push_services s ON s.id = w.service_id WHERE "
    };
}

const LIST: Listing = listing!(concat!(webhooks!(), "w.service_id = $5"), "w");

#[async_trait]
impl<D: Driver> PushWebhookStore for SqlStore<D> {
    async fn add_webhook(&self, webhook: &Webhook, most: u32) -> Result<bool, StoreError> {
        let settings = &webhook.settings;
        self.changes(statement!(
            "INSERT INTO push_webhooks (id, service_id, friendly_name, event_types, url, enabled, version, created_at, \
             updated_at) SELECT $1, s.id, $3, $4, $5, $6, $7, $8, $8 FROM push_services s WHERE s.id = $2 \
             AND (SELECT count(*) FROM push_webhooks w WHERE w.service_id = s.id) < $9",
            webhook.sid.0,
            webhook.service.0,
            settings.friendly_name.as_str(),
            settings.event_types.join(",").as_str(),
            settings.url.as_str(),
            settings.enabled,
            settings.version.as_str(),
            webhook.created_at,
            most,
        ))
        .await
    }

    async fn webhook(&self, service: ServiceSid, sid: WebhookSid) -> Result<Option<Webhook>, StoreError> {
        let sql = concat!(webhooks!(), "w.id = $1 AND w.service_id = $2");
        self.find::<WebhookRow, _>(statement!(sql, sid.0, service.0)).await
    }

    async fn webhooks(&self, service: ServiceSid, page: &PageRequest) -> Result<Vec<Webhook>, StoreError> {
        self.page::<WebhookRow, _>(&LIST, page, vec![service.0.into()]).await
    }

    async fn change_webhook(
        &self,
        service: ServiceSid,
        sid: WebhookSid,
        change: &WebhookChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let event_types = change.event_types.as_ref().map(|types| types.join(","));
        self.changes(statement!(
            "UPDATE push_webhooks SET friendly_name = coalesce($3, friendly_name), event_types = coalesce($4, event_types), \
             url = coalesce($5, url), enabled = CASE WHEN $6 THEN $7 ELSE enabled END, version = coalesce($8, version), \
             updated_at = $9 WHERE id = $1 AND service_id = $2",
            sid.0,
            service.0,
            change.friendly_name.as_deref(),
            event_types.as_deref(),
            change.url.as_deref(),
            change.enabled.is_some(),
            change.enabled.unwrap_or_default(),
            change.version.as_deref(),
            now,
        ))
        .await
    }

    async fn delete_webhook(&self, service: ServiceSid, sid: WebhookSid) -> Result<bool, StoreError> {
        self.changes(statement!("DELETE FROM push_webhooks WHERE id = $1 AND service_id = $2", sid.0, service.0)).await
    }
}
