//! Owns the rows of push verification.

mod challenges;
mod factors;
mod services;
mod webhooks;

use super::Doubt;
use crate::model::push::factor::Texts;
use crate::model::push::identity::Identity;
use crate::model::push::service::Scope;
use crate::model::push::sid::{AccountSid, ServiceSid};
use crate::store::StoreError;
pub use challenges::ChallengeRow;
pub use factors::FactorRow;
pub use services::{AccountRow, EnrolmentRow, EntityRow, ServiceRow};
use sqlx::FromRow;
use uuid::Uuid;
pub use webhooks::{DeliveryRow, DueWebhookRow, WebhookRow};

/// Where a thing is and whose.
#[derive(FromRow)]
pub struct ScopeRow {
    account_id: Uuid,
    service_id: Uuid,
    identity: String,
}

impl Doubt<'_> {
    fn scope(&self, row: &ScopeRow) -> Result<Scope, StoreError> {
        Ok(Scope {
            account: AccountSid(row.account_id),
            service: ServiceSid(row.service_id),
            identity: self.some("identity", Identity::parse(&row.identity))?,
        })
    }

    fn texts(&self, column: &'static str, text: Option<&str>) -> Result<Option<Texts>, StoreError> {
        text.map(|text| self.some(column, serde_json::from_str(text).ok())).transpose()
    }

    fn count(&self, column: &'static str, number: i64) -> Result<u32, StoreError> {
        self.some(column, u32::try_from(number).ok())
    }
}
