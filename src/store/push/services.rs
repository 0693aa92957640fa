//! Owns what is remembered of services.

use async_trait::async_trait;

use crate::model::push::paging::PageRequest;
use crate::model::push::service::{Service, ServiceChange};
use crate::model::push::sid::{AccountSid, ServiceSid};
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// Remembers services. A service of another account is as if it were not there.
#[async_trait]
pub trait PushServiceStore: Send + Sync {
    /// Adds a service; `false` when its account is gone, or the service is there.
    async fn add_push_service(&self, service: &Service) -> Result<bool, StoreError>;

    /// A service.
    async fn push_service(&self, account: AccountSid, sid: ServiceSid) -> Result<Option<Service>, StoreError>;

    /// The services of an account: one more than the page has rows, if there are more, in the direction of the search.
    async fn push_services(&self, account: AccountSid, page: &PageRequest) -> Result<Vec<Service>, StoreError>;

    /// Changes what `change` names; `false` when there is no such service.
    async fn change_push_service(
        &self,
        account: AccountSid,
        sid: ServiceSid,
        change: &ServiceChange,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets a service with everything below it; `false` when there is none.
    async fn delete_push_service(&self, account: AccountSid, sid: ServiceSid) -> Result<bool, StoreError>;
}
