//! Owns the statements about services.

use async_trait::async_trait;

use super::{Driver, Listing, SqlStore, Value, listing, statement};
use crate::model::push::paging::PageRequest;
use crate::model::push::service::{Service, ServiceChange};
use crate::model::push::sid::{AccountSid, ServiceSid};
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::push::PushServiceStore;
use crate::store::rows::push::ServiceRow;

macro_rules! columns {
    () => {
        "SELECT s.id, s.account_id, s.friendly_name, s.code_length, s.include_date, s.apn_credential_sid, \
         s.fcm_credential_sid, s.created_at, s.updated_at FROM push_services s WHERE "
    };
}

const LIST: Listing = listing!(concat!(columns!(), "s.account_id = $5"), "s");

#[async_trait]
impl<D: Driver> PushServiceStore for SqlStore<D> {
    async fn add_push_service(&self, service: &Service) -> Result<bool, StoreError> {
        let settings = &service.settings;
        self.changes(statement!(
            "INSERT INTO push_services (id, account_id, friendly_name, code_length, include_date, apn_credential_sid, \
             fcm_credential_sid, created_at, updated_at) \
             SELECT $1, a.id, $3, $4, $5, $6, $7, $8, $8 FROM push_accounts a WHERE a.id = $2 \
             ON CONFLICT (id) DO NOTHING",
            service.sid.0,
            service.account.0,
            settings.friendly_name.as_str(),
            settings.code_length,
            settings.include_date,
            settings.apn_credential_sid.as_deref(),
            settings.fcm_credential_sid.as_deref(),
            service.created_at,
        ))
        .await
    }

    async fn push_service(&self, account: AccountSid, sid: ServiceSid) -> Result<Option<Service>, StoreError> {
        let sql = concat!(columns!(), "s.id = $1 AND s.account_id = $2");
        self.find::<ServiceRow, _>(statement!(sql, sid.0, account.0)).await
    }

    async fn push_services(&self, account: AccountSid, page: &PageRequest) -> Result<Vec<Service>, StoreError> {
        self.page::<ServiceRow, _>(&LIST, page, vec![account.0.into()]).await
    }

    async fn change_push_service(
        &self,
        account: AccountSid,
        sid: ServiceSid,
        change: &ServiceChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.changes(statement!(
            "UPDATE push_services SET friendly_name = coalesce($3, friendly_name), \
             code_length = coalesce($4, code_length), \
             include_date = CASE WHEN $5 THEN $6 ELSE include_date END, \
             apn_credential_sid = coalesce($7, apn_credential_sid), \
             fcm_credential_sid = coalesce($8, fcm_credential_sid), updated_at = $9 \
             WHERE id = $1 AND account_id = $2",
            sid.0,
            account.0,
            change.friendly_name.as_deref(),
            Value::Int(change.code_length.map(Into::into)),
            change.include_date.is_some(),
            change.include_date.unwrap_or_default(),
            change.apn_credential_sid.as_deref(),
            change.fcm_credential_sid.as_deref(),
            now,
        ))
        .await
    }

    async fn delete_push_service(&self, account: AccountSid, sid: ServiceSid) -> Result<bool, StoreError> {
        self.changes(statement!("DELETE FROM push_services WHERE id = $1 AND account_id = $2", sid.0, account.0)).await
    }
}
