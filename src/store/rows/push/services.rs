//! Owns the rows of accounts, services, entities and access tokens.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Doubt, ScopeRow};
use crate::model::push::account::PushAccount;
use crate::model::push::identity::Identity;
use crate::model::push::service::{Enrolment, Entity, Service, ServiceSettings};
use crate::model::push::sid::{AccountSid, EnrolmentSid, EntitySid, FactorSid, ServiceSid};
use crate::model::secret::TokenHash;
use crate::store::StoreError;

/// A row of `push_accounts`.
#[derive(FromRow)]
pub struct AccountRow {
    id: Uuid,
    auth_token: Vec<u8>,
    created_at: i64,
}

impl TryFrom<AccountRow> for PushAccount {
    type Error = StoreError;

    fn try_from(row: AccountRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_accounts", id: &row.id };
        Ok(Self {
            sid: AccountSid(row.id),
            created_at: doubt.moment("created_at", row.created_at)?,
            sealed_token: row.auth_token,
        })
    }
}

/// A row of `push_services`.
#[derive(FromRow)]
pub struct ServiceRow {
    id: Uuid,
    account_id: Uuid,
    friendly_name: String,
    code_length: i64,
    include_date: bool,
    apn_credential_sid: Option<String>,
    fcm_credential_sid: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<ServiceRow> for Service {
    type Error = StoreError;

    fn try_from(row: ServiceRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_services", id: &row.id };
        Ok(Self {
            sid: ServiceSid(row.id),
            account: AccountSid(row.account_id),
            settings: ServiceSettings {
                friendly_name: row.friendly_name,
                code_length: doubt.count("code_length", row.code_length)?,
                include_date: row.include_date,
                apn_credential_sid: row.apn_credential_sid,
                fcm_credential_sid: row.fcm_credential_sid,
            },
            created_at: doubt.moment("created_at", row.created_at)?,
            updated_at: doubt.moment("updated_at", row.updated_at)?,
        })
    }
}

/// A row of `push_entities`.
#[derive(FromRow)]
pub struct EntityRow {
    id: Uuid,
    service_id: Uuid,
    identity: String,
    created_at: i64,
    updated_at: i64,
}

impl TryFrom<EntityRow> for Entity {
    type Error = StoreError;

    fn try_from(row: EntityRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_entities", id: &row.id };
        Ok(Self {
            sid: EntitySid(row.id),
            service: ServiceSid(row.service_id),
            identity: doubt.some("identity", Identity::parse(&row.identity))?,
            created_at: doubt.moment("created_at", row.created_at)?,
            updated_at: doubt.moment("updated_at", row.updated_at)?,
        })
    }
}

/// A row of `push_enrolments` with its account.
#[derive(FromRow)]
pub struct EnrolmentRow {
    id: Uuid,
    friendly_name: Option<String>,
    secret_hash: Vec<u8>,
    ttl: i64,
    factor_id: Option<Uuid>,
    created_at: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    scope: ScopeRow,
}

impl TryFrom<EnrolmentRow> for Enrolment {
    type Error = StoreError;

    fn try_from(row: EnrolmentRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_enrolments", id: &row.id };
        Ok(Self {
            sid: EnrolmentSid(row.id),
            scope: doubt.scope(&row.scope)?,
            friendly_name: row.friendly_name,
            hash: doubt.some("secret_hash", TokenHash::from_slice(&row.secret_hash))?,
            ttl: doubt.count("ttl", row.ttl)?,
            factor: row.factor_id.map(FactorSid),
            created_at: doubt.moment("created_at", row.created_at)?,
            expires_at: doubt.moment("expires_at", row.expires_at)?,
        })
    }
}
