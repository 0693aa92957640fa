//! Owns what is remembered of factors.

use async_trait::async_trait;

use crate::model::push::event::Event;
use crate::model::push::factor::{Factor, FactorChange, Platform};
use crate::model::push::paging::PageRequest;
use crate::model::push::service::Scope;
use crate::model::push::sid::{CredentialSid, EnrolmentSid, FactorSid};
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// What became of a new factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddFactor {
    /// It is stored.
    Added,
    /// The access token was spent or has ended, or the service is gone; nothing changed.
    NotAdmitted,
    /// So many were made today for the entity; nothing changed.
    TooManyToday,
    /// The entity has so many; nothing changed.
    TooMany,
}

/// Remembers factors.
#[async_trait]
pub trait PushFactorStore: Send + Sync {
    /// Adds a factor, and its entity when that is new; `factor.entity` is the name it gets then. With an access token, that
    /// is spent: of any number of simultaneous calls with one token one adds. An entity gets no more than `today` a day and
    /// `most` in all, not counting those that are gone.
    async fn add_push_factor(
        &self,
        factor: &Factor,
        token: Option<EnrolmentSid>,
        limits: (u32, u32),
        event: &Event,
    ) -> Result<AddFactor, StoreError>;

    /// A factor of an entity.
    async fn push_factor(&self, scope: &Scope, sid: FactorSid) -> Result<Option<Factor>, StoreError>;

    /// The factor that has this key.
    async fn push_factor_of(&self, credential: CredentialSid) -> Result<Option<Factor>, StoreError>;

    /// The factors of an entity but for those that are gone at `now`: one more than the page has rows, if there are more, in
    /// the direction of the search.
    async fn push_factors(&self, scope: &Scope, now: Timestamp, page: &PageRequest) -> Result<Vec<Factor>, StoreError>;

    /// Changes what `change` names; `false` when there is no such factor. With an event the factor is verified too; only who
    /// does that first tells of it.
    async fn change_push_factor(
        &self,
        sid: FactorSid,
        change: &FactorChange,
        verified: Option<&Event>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Forgets how a device is reached, provided it is still this way: from then on it asks by itself. `false` when it told
    /// another token meanwhile, or is gone.
    async fn forget_push_token(
        &self,
        sid: FactorSid,
        platform: Platform,
        token: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Counts a failed verification.
    async fn count_factor_try(&self, sid: FactorSid) -> Result<(), StoreError>;

    /// Forgets a factor with its challenges; `false` when there is none. Of any number of simultaneous calls one tells of it.
    async fn delete_push_factor(&self, sid: FactorSid, event: &Event) -> Result<bool, StoreError>;
}
