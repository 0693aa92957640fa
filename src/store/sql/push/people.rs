//! Owns the statements about entities and access tokens.

use async_trait::async_trait;

use super::{Driver, Listing, SqlStore, listing, statement};
use crate::model::push::identity::Identity;
use crate::model::push::paging::PageRequest;
use crate::model::push::service::{Enrolment, Entity};
use crate::model::push::sid::{EnrolmentSid, ServiceSid};
use crate::store::StoreError;
use crate::store::push::PushPeopleStore;
use crate::store::rows::push::{EnrolmentRow, EntityRow};

macro_rules! entities {
    () => {
        "SELECT e.id, e.service_id, e.identity, e.created_at, e.updated_at FROM push_entities e WHERE "
    };
}

const LIST: Listing = listing!(concat!(entities!(), "e.service_id = $5"), "e");

#[async_trait]
impl<D: Driver> PushPeopleStore for SqlStore<D> {
    async fn add_enrolment(&self, enrolment: &Enrolment) -> Result<bool, StoreError> {
        self.changes(statement!(
            "INSERT INTO push_enrolments (id, service_id, identity, friendly_name, secret_hash, ttl, created_at, \
             expires_at) SELECT $1, s.id, $3, $4, $5, $6, $7, $8 FROM push_services s WHERE s.id = $2",
            enrolment.sid.0,
            enrolment.scope.service.0,
            enrolment.scope.identity.as_str(),
            enrolment.friendly_name.as_deref(),
            enrolment.hash.as_bytes().as_slice(),
            enrolment.ttl,
            enrolment.created_at,
            enrolment.expires_at,
        ))
        .await
    }

    async fn enrolment(&self, sid: EnrolmentSid) -> Result<Option<Enrolment>, StoreError> {
        self.find::<EnrolmentRow, _>(statement!(
            "SELECT t.id, t.service_id, t.identity, t.friendly_name, t.secret_hash, t.ttl, t.factor_id, t.created_at, \
             t.expires_at, s.account_id FROM push_enrolments t JOIN push_services s ON s.id = t.service_id WHERE t.id = $1",
            sid.0,
        ))
        .await
    }

    async fn add_push_entity(&self, entity: &Entity) -> Result<bool, StoreError> {
        self.changes(statement!(
            "INSERT INTO push_entities (id, service_id, identity, factors_made_on, factors_made, created_at, updated_at) \
             SELECT $1, s.id, $3, 0, 0, $4, $4 FROM push_services s WHERE s.id = $2 ON CONFLICT DO NOTHING",
            entity.sid.0,
            entity.service.0,
            entity.identity.as_str(),
            entity.created_at,
        ))
        .await
    }

    async fn push_entity(&self, service: ServiceSid, identity: &Identity) -> Result<Option<Entity>, StoreError> {
        let sql = concat!(entities!(), "e.service_id = $1 AND e.identity = $2");
        self.find::<EntityRow, _>(statement!(sql, service.0, identity.as_str())).await
    }

    async fn push_entities(&self, service: ServiceSid, page: &PageRequest) -> Result<Vec<Entity>, StoreError> {
        self.page::<EntityRow, _>(&LIST, page, vec![service.0.into()]).await
    }

    async fn delete_push_entity(&self, service: ServiceSid, identity: &Identity) -> Result<bool, StoreError> {
        let sql = "DELETE FROM push_entities WHERE service_id = $1 AND identity = $2";
        self.changes(statement!(sql, service.0, identity.as_str())).await
    }
}
