//! Owns the statements about accounts.

use async_trait::async_trait;

use super::{Driver, SqlStore, statement};
use crate::model::push::account::PushAccount;
use crate::model::push::sid::AccountSid;
use crate::store::StoreError;
use crate::store::push::PushAccountStore;
use crate::store::rows::push::AccountRow;

#[async_trait]
impl<D: Driver> PushAccountStore for SqlStore<D> {
    async fn add_push_account(&self, account: &PushAccount) -> Result<(), StoreError> {
        let statement = statement!(
            "INSERT INTO push_accounts (id, auth_token, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
            account.sid.0,
            account.sealed_token.as_slice(),
            account.created_at,
        );
        self.driver.execute(statement).await.map(drop)
    }

    async fn push_account(&self, sid: AccountSid) -> Result<Option<PushAccount>, StoreError> {
        let statement = statement!("SELECT id, auth_token, created_at FROM push_accounts WHERE id = $1", sid.0);
        self.find::<AccountRow, _>(statement).await
    }

    async fn push_accounts(&self) -> Result<Vec<PushAccount>, StoreError> {
        self.list::<AccountRow, _>(statement!(
            "SELECT id, auth_token, created_at FROM push_accounts ORDER BY created_at, id"
        ))
        .await
    }

    async fn delete_push_account(&self, sid: AccountSid) -> Result<bool, StoreError> {
        self.changes(statement!("DELETE FROM push_accounts WHERE id = $1", sid.0)).await
    }
}
