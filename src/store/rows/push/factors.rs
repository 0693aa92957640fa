//! Owns the rows of factors.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Doubt, ScopeRow};
use crate::model::push::factor::{Factor, FactorConfig, FactorStatus, Platform};
use crate::model::push::sid::{CredentialSid, EntitySid, FactorSid};
use crate::store::StoreError;

/// A row of `push_factors` with where it is.
#[derive(FromRow)]
pub struct FactorRow {
    id: Uuid,
    entity_id: Uuid,
    credential_id: Uuid,
    friendly_name: String,
    status: String,
    public_key: String,
    sdk_version: Option<String>,
    app_id: Option<String>,
    platform: String,
    token: Option<String>,
    metadata: Option<String>,
    tries: i64,
    created_at: i64,
    updated_at: i64,
    #[sqlx(flatten)]
    scope: ScopeRow,
}

impl TryFrom<FactorRow> for Factor {
    type Error = StoreError;

    fn try_from(row: FactorRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_factors", id: &row.id };
        Ok(Self {
            sid: FactorSid(row.id),
            scope: doubt.scope(&row.scope)?,
            entity: EntitySid(row.entity_id),
            credential: CredentialSid(row.credential_id),
            friendly_name: row.friendly_name,
            status: doubt.some("status", FactorStatus::parse(&row.status))?,
            public_key: row.public_key,
            config: FactorConfig {
                sdk_version: row.sdk_version,
                app_id: row.app_id,
                platform: doubt.some("platform", Platform::parse(&row.platform))?,
                token: row.token,
            },
            metadata: doubt.texts("metadata", row.metadata.as_deref())?,
            tries: doubt.count("tries", row.tries)?,
            created_at: doubt.moment("created_at", row.created_at)?,
            updated_at: doubt.moment("updated_at", row.updated_at)?,
        })
    }
}
