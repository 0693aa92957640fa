//! Owns entities, and the access tokens with which their devices enrol.

use std::time::Duration;

use crate::model::parameters::Parameters;
use crate::model::push::identity::Identity;
use crate::model::push::paging::{Page, Position};
use crate::model::push::service::{Enrolment, Entity, Scope, Service};
use crate::model::push::sid::{EnrolmentSid, EntitySid};
use crate::model::random::bytes;
use crate::model::secret::{PlainSecret, TokenSecret};
use crate::model::time::after;
use crate::push::caller::{self, Caller};
use crate::push::error::Refusal;
use crate::push::form::Form;
use crate::push::listing::page_request;
use crate::push::{Denied, Push};

/// How many seconds an access token lives: the shortest, the longest, and the usual.
const TTL: (u32, u32, u32) = (60, 300, 60);

impl Push {
    /// Makes an access token; its text can't be read again.
    pub async fn create_enrolment(
        &self,
        caller: &Caller,
        service: &str,
        parameters: &Parameters,
    ) -> Result<(Enrolment, PlainSecret), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let form = Form::of_service(parameters);
        form.check_factor_type()?;
        let (shortest, longest, usual) = TTL;
        let ttl = form.number("Ttl", shortest..=longest)?.unwrap_or(usual);
        let scope = Scope { account: service.account, service: service.sid, identity: form.identity()? };
        self.enrol(scope, form.text("FactorFriendlyName", 1..=64)?, ttl).await
    }

    /// Makes an access token for a person, good for so many seconds.
    pub async fn enrol(
        &self,
        scope: Scope,
        friendly_name: Option<String>,
        ttl: u32,
    ) -> Result<(Enrolment, PlainSecret), Denied> {
        let secret = TokenSecret::from_bytes(bytes(&*self.randomness));
        let now = self.now();
        let enrolment = Enrolment {
            sid: EnrolmentSid::random(&*self.randomness),
            scope,
            friendly_name,
            hash: secret.hash(),
            ttl,
            created_at: now,
            expires_at: after(now, Duration::from_secs(ttl.into())),
            factor: None,
        };
        if !self.store.add_enrolment(&enrolment).await? {
            return Err(Refusal::not_found("service").into());
        }
        let token = caller::written(enrolment.sid, &secret);
        Ok((enrolment, token))
    }

    /// An access token, without its text.
    pub async fn enrolment(&self, caller: &Caller, service: &str, sid: &str) -> Result<Enrolment, Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let there = || Refusal::not_found("access token");
        let found = self.store.enrolment(EnrolmentSid::parse(sid).ok_or_else(there)?).await?;
        let found = found.filter(|found| found.scope.service == service.sid);
        found.ok_or_else(|| there().into())
    }

    /// Makes an entity. One that is there already is given as it is: creating a factor makes entities too.
    pub async fn create_entity(
        &self,
        caller: &Caller,
        service: &str,
        parameters: &Parameters,
    ) -> Result<(Service, Entity), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let identity = Form::new(parameters).identity()?;
        let now = self.now();
        let sid = EntitySid::random(&*self.randomness);
        let entity = Entity { sid, service: service.sid, identity, created_at: now, updated_at: now };
        if self.store.add_push_entity(&entity).await? {
            return Ok((service, entity));
        }
        let found = self.store.push_entity(service.sid, &entity.identity).await?;
        Ok((service, found.ok_or_else(|| Refusal::not_found("service"))?))
    }

    /// An entity.
    pub async fn entity(&self, caller: &Caller, service: &str, identity: &str) -> Result<(Service, Entity), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let there = || Refusal::not_found("entity");
        let identity = Identity::parse(identity).ok_or_else(there)?;
        let found = self.store.push_entity(service.sid, &identity).await?;
        Ok((service, found.ok_or_else(there)?))
    }

    /// The entities of a service.
    pub async fn entities(
        &self,
        caller: &Caller,
        service: &str,
        query: &Parameters,
    ) -> Result<(Service, Page<Entity>), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let request = page_request(query)?;
        let found = self.store.push_entities(service.sid, &request).await?;
        Ok((service, Page::cut(request, found, |row| Position { at: row.created_at, id: row.sid.0 })))
    }

    /// Forgets an entity with its factors and challenges.
    pub async fn delete_entity(&self, caller: &Caller, service: &str, identity: &str) -> Result<(), Denied> {
        let service = self.own_service(caller.back_end()?, service).await?;
        let there = || Refusal::not_found("entity");
        let identity = Identity::parse(identity).ok_or_else(there)?;
        match self.store.delete_push_entity(service.sid, &identity).await? {
            true => Ok(()),
            false => Err(there().into()),
        }
    }
}
