//! Owns what is remembered of entities, and of access tokens for their devices.

use async_trait::async_trait;

use crate::model::push::identity::Identity;
use crate::model::push::paging::PageRequest;
use crate::model::push::service::{Enrolment, Entity};
use crate::model::push::sid::{EnrolmentSid, ServiceSid};
use crate::store::StoreError;

/// Remembers entities and enrolments. Whoever asks has looked at the service before.
#[async_trait]
pub trait PushPeopleStore: Send + Sync {
    /// Adds an access token; `false` when its service is gone.
    async fn add_enrolment(&self, enrolment: &Enrolment) -> Result<bool, StoreError>;

    /// An access token, spent or not.
    async fn enrolment(&self, sid: EnrolmentSid) -> Result<Option<Enrolment>, StoreError>;

    /// Adds an entity; `false` when the service is gone or has that identity already.
    async fn add_push_entity(&self, entity: &Entity) -> Result<bool, StoreError>;

    /// An entity.
    async fn push_entity(&self, service: ServiceSid, identity: &Identity) -> Result<Option<Entity>, StoreError>;

    /// The entities of a service: one more than the page has rows, if there are more, in the direction of the search.
    async fn push_entities(&self, service: ServiceSid, page: &PageRequest) -> Result<Vec<Entity>, StoreError>;

    /// Forgets an entity with its factors and challenges; `false` when there is none.
    async fn delete_push_entity(&self, service: ServiceSid, identity: &Identity) -> Result<bool, StoreError>;
}
