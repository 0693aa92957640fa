//! Owns the statements about factors.

use async_trait::async_trait;

use super::{Driver, Listing, SqlStore, Statement, json, listing, statement, tell};
use crate::model::push::event::Event;
use crate::model::push::factor::{Factor, FactorChange, Platform, UNVERIFIED_LIFE};
use crate::model::push::paging::PageRequest;
use crate::model::push::service::Scope;
use crate::model::push::sid::{CredentialSid, EnrolmentSid, FactorSid};
use crate::model::time::{Timestamp, before};
use crate::store::StoreError;
use crate::store::push::{AddFactor, PushFactorStore};
use crate::store::rows::push::FactorRow;

const DAY: i64 = 86_400_000;

macro_rules! factors {
    () => {
        "SELECT f.id, f.entity_id, f.credential_id, f.friendly_name, f.status, f.public_key, f.sdk_version, f.app_id, \
         f.platform, f.token, f.metadata, f.tries, f.created_at, f.updated_at, e.service_id, e.identity, s.account_id \
         FROM push_factors f JOIN push_entities e ON e.id = f.entity_id JOIN push_services s ON s.id = e.service_id WHERE "
    };
}

const LIST: Listing = listing!(
    concat!(
        factors!(),
        "s.account_id = $5 AND e.service_id = $6 AND e.identity = $7 AND (f.status = 'verified' OR f.created_at > $8)"
    ),
    "f"
);

/// The entity, unless it is there.
fn entity(factor: &Factor, now: Timestamp) -> Statement {
    statement!(
        "INSERT INTO push_entities (id, service_id, identity, factors_made_on, factors_made, created_at, updated_at) \
         SELECT $1, s.id, $3, 0, 0, $4, $4 FROM push_services s WHERE s.id = $2 ON CONFLICT DO NOTHING",
        factor.entity.0,
        factor.scope.service.0,
        factor.scope.identity.as_str(),
        now,
    )
}

/// Spends the access token; without one nothing has to be.
fn spend(factor: &Factor, token: Option<EnrolmentSid>, now: Timestamp) -> Statement {
    let spend = statement!(
        "UPDATE push_enrolments SET factor_id = $2 WHERE id = $1 AND factor_id IS NULL AND expires_at > $3",
        token.map(|token| token.0),
        factor.sid.0,
        now,
    );
    if token.is_some() { spend.or_nothing() } else { spend }
}

/// Takes hold of the entity for one factor more today.
fn hold(scope: &Scope, today: u32, event: &Event) -> Statement {
    statement!(
        "UPDATE push_entities SET event_id = $3, factors_made_on = $4, \
         factors_made = CASE WHEN factors_made_on = $4 THEN factors_made + 1 ELSE 1 END \
         WHERE service_id = $1 AND identity = $2 AND (factors_made_on <> $4 OR factors_made < $5)",
        scope.service.0,
        scope.identity.as_str(),
        event.id,
        event.at.timestamp_millis().div_euclid(DAY),
        today,
    )
    .or_nothing()
}

/// The factor, in the entity that was taken hold of.
fn add(factor: &Factor, most: u32, event: &Event) -> Statement {
    let now = event.at;
    statement!(
        "INSERT INTO push_factors (id, entity_id, credential_id, friendly_name, status, public_key, sdk_version, app_id, \
         platform, token, metadata, tries, event_id, created_at, updated_at) \
         SELECT $1, e.id, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $12 FROM push_entities e \
         WHERE e.service_id = $13 AND e.identity = $14 AND e.event_id = $11 \
         AND (SELECT count(*) FROM push_factors f WHERE f.entity_id = e.id \
         AND (f.status = 'verified' OR f.created_at > $15)) < $16",
        factor.sid.0,
        factor.credential.0,
        factor.friendly_name.as_str(),
        factor.status.as_str(),
        factor.public_key.as_str(),
        factor.config.sdk_version.as_deref(),
        factor.config.app_id.as_deref(),
        factor.config.platform.as_str(),
        factor.config.token.as_deref(),
        json(factor.metadata.as_ref()).as_deref(),
        event.id,
        now,
        factor.scope.service.0,
        factor.scope.identity.as_str(),
        before(now, UNVERIFIED_LIFE),
        most,
    )
    .or_nothing()
}

#[async_trait]
impl<D: Driver> PushFactorStore for SqlStore<D> {
    async fn add_push_factor(
        &self,
        factor: &Factor,
        token: Option<EnrolmentSid>,
        (today, most): (u32, u32),
        event: &Event,
    ) -> Result<AddFactor, StoreError> {
        let statements = vec![
            entity(factor, event.at),
            spend(factor, token, event.at),
            hold(&factor.scope, today, event),
            add(factor, most, event),
            tell(event),
        ];
        // What is told ends with the statement that could not be done.
        Ok(match self.driver.execute_all(statements).await?.as_slice() {
            [_, _] => AddFactor::NotAdmitted,
            [_, _, _] => self.why_not_held(&factor.scope).await?,
            [_, _, _, _] => AddFactor::TooMany,
            _ => AddFactor::Added,
        })
    }

    async fn push_factor(&self, scope: &Scope, sid: FactorSid) -> Result<Option<Factor>, StoreError> {
        let sql = concat!(factors!(), "f.id = $1 AND s.account_id = $2 AND e.service_id = $3 AND e.identity = $4");
        let identity = scope.identity.as_str();
        self.find::<FactorRow, _>(statement!(sql, sid.0, scope.account.0, scope.service.0, identity)).await
    }

    async fn push_factor_of(&self, credential: CredentialSid) -> Result<Option<Factor>, StoreError> {
        let sql = concat!(factors!(), "f.credential_id = $1");
        self.find::<FactorRow, _>(statement!(sql, credential.0)).await
    }

    async fn push_factors(&self, scope: &Scope, now: Timestamp, page: &PageRequest) -> Result<Vec<Factor>, StoreError> {
        let identity = scope.identity.as_str();
        let values =
            vec![scope.account.0.into(), scope.service.0.into(), identity.into(), before(now, UNVERIFIED_LIFE).into()];
        self.page::<FactorRow, _>(&LIST, page, values).await
    }

    async fn change_push_factor(
        &self,
        sid: FactorSid,
        change: &FactorChange,
        verified: Option<&Event>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let write = statement!(
            "UPDATE push_factors SET friendly_name = coalesce($2, friendly_name), sdk_version = coalesce($3, sdk_version), \
             app_id = coalesce($4, app_id), platform = coalesce($5, platform), token = CASE WHEN $5 = 'none' THEN NULL ELSE coalesce($6, token) END, \
             event_id = CASE WHEN $7 AND status = 'unverified' THEN $8 ELSE event_id END, \
             status = CASE WHEN $7 THEN 'verified' ELSE status END, updated_at = $9 WHERE id = $1",
            sid.0,
            change.friendly_name.as_deref(),
            change.sdk_version.as_deref(),
            change.app_id.as_deref(),
            change.platform.map(|platform| platform.as_str()),
            change.token.as_deref(),
            verified.is_some(),
            verified.map(|event| event.id),
            now,
        );
        let Some(event) = verified else { return self.changes(write).await };
        let changed = self.driver.execute_all(vec![write, tell(event)]).await?;
        Ok(changed.first().is_some_and(|changed| *changed > 0))
    }

    async fn forget_push_token(
        &self,
        sid: FactorSid,
        platform: Platform,
        token: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE push_factors SET platform = $4, token = NULL, updated_at = $5 \
             WHERE id = $1 AND platform = $2 AND token = $3";
        self.changes(statement!(sql, sid.0, platform.as_str(), token, Platform::None.as_str(), now)).await
    }

    async fn count_factor_try(&self, sid: FactorSid) -> Result<(), StoreError> {
        let statement = statement!("UPDATE push_factors SET tries = tries + 1 WHERE id = $1", sid.0);
        self.driver.execute(statement).await.map(drop)
    }

    async fn delete_push_factor(&self, sid: FactorSid, event: &Event) -> Result<bool, StoreError> {
        let mark = statement!("UPDATE push_factors SET event_id = $2 WHERE id = $1", sid.0, event.id);
        let delete = statement!("DELETE FROM push_factors WHERE id = $1", sid.0);
        let changed = self.driver.execute_all(vec![mark, tell(event), delete]).await?;
        Ok(changed.last().is_some_and(|deleted| *deleted > 0))
    }
}

impl<D: Driver> SqlStore<D> {
    /// Without its service an entity can't be there; with it, only the day's limit kept it from being held.
    async fn why_not_held(&self, scope: &Scope) -> Result<AddFactor, StoreError> {
        let service = crate::store::push::PushServiceStore::push_service(self, scope.account, scope.service).await?;
        Ok(if service.is_some() { AddFactor::TooManyToday } else { AddFactor::NotAdmitted })
    }
}
