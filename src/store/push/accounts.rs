//! Owns what is remembered of accounts.

use async_trait::async_trait;

use crate::model::push::account::PushAccount;
use crate::model::push::sid::AccountSid;
use crate::store::StoreError;

/// Remembers the credentials of back ends.
#[async_trait]
pub trait PushAccountStore: Send + Sync {
    /// Adds an account; one that is there stays as it is.
    async fn add_push_account(&self, account: &PushAccount) -> Result<(), StoreError>;

    /// An account.
    async fn push_account(&self, sid: AccountSid) -> Result<Option<PushAccount>, StoreError>;

    /// All accounts, the oldest first.
    async fn push_accounts(&self) -> Result<Vec<PushAccount>, StoreError>;

    /// Forgets an account with everything below it; `false` when there is none.
    async fn delete_push_account(&self, sid: AccountSid) -> Result<bool, StoreError>;
}
