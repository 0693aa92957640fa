//! Owns factors: how a device gets in, shows that it holds its key, is changed, and goes. Leaves how it is reached to
//! `registrations.rs`.

use crate::model::parameters::Parameters;
use crate::model::push::event::EventKind;
use crate::model::push::factor::{Factor, FactorStatus};
use crate::model::push::paging::{Page, Position};
use crate::model::push::service::{Enrolment, Scope};
use crate::model::push::sid::{CredentialSid, EntitySid, FactorSid, ServiceSid};
use crate::push::caller::{Access, Caller};
use crate::push::error::{PushCode, Refusal};
use crate::push::form::Form;
use crate::push::listing::page_request;
use crate::push::signatures::DeviceKey;
use crate::push::{Denied, Push};
use crate::store::push::AddFactor;

/// As many factors as an entity gets a day, and as it has.
const LIMITS: (u32, u32) = (100, 20);

/// Failed verifications of a factor that are borne.
const TRIES: u32 = 100;

impl Push {
    /// Makes a factor, and its entity when that is new.
    pub async fn create_factor(
        &self,
        caller: &Caller,
        service: &str,
        identity: &str,
        parameters: &Parameters,
    ) -> Result<Factor, Denied> {
        let (scope, enrolment) = match caller {
            Caller::Enrolling(enrolment) => (enrolled(enrolment, service, identity)?, Some(&**enrolment)),
            caller => {
                let scope = caller.at(service, identity)?.scope;
                self.own_service(caller.back_end()?, service).await?;
                (scope, None)
            }
        };
        let factor = self.new_factor(scope, enrolment, parameters)?;
        let created = self.event(EventKind::FactorCreated, &factor.scope, factor.sid);
        let token = enrolment.map(|enrolment| enrolment.sid);
        match self.store.add_push_factor(&factor, token, LIMITS, &created).await? {
            AddFactor::Added => {}
            AddFactor::NotAdmitted if token.is_some() => {
                return Err(Refusal::unauthorized("the access token was spent or has ended").into());
            }
            AddFactor::NotAdmitted => return Err(Refusal::not_found("service").into()),
            AddFactor::TooManyToday => {
                let words = format!("No more than {} factors are created for an entity in a day", LIMITS.0);
                return Err(Refusal::new(PushCode::TooManyFactorsToday, words).into());
            }
            AddFactor::TooMany => {
                let words = format!("An entity has no more than {} factors; delete one", LIMITS.1);
                return Err(Refusal::new(PushCode::TooManyFactors, words).into());
            }
        }
        self.outbox.wake();
        self.find_factor(&factor.scope, factor.sid).await
    }

    fn new_factor(
        &self,
        scope: Scope,
        enrolment: Option<&Enrolment>,
        parameters: &Parameters,
    ) -> Result<Factor, Refusal> {
        let form = Form::new(parameters);
        form.check_factor_type()?;
        form.required("FriendlyName")?;
        let given = form.name("FriendlyName", 1..=64)?.unwrap_or_default();
        match form.raw("Binding.Alg")? {
            None | Some("ES256") => {}
            Some(_) => return Err(form.refuse("Binding.Alg has to be ES256")),
        }
        let public_key = form.required("Binding.PublicKey")?;
        if DeviceKey::parse(public_key).is_none() {
            let words = "Binding.PublicKey has to be standard Base64 of the DER SubjectPublicKeyInfo of a P-256 key";
            return Err(form.refuse(words));
        }
        let now = self.now();
        Ok(Factor {
            sid: FactorSid::random(&*self.randomness),
            scope,
            entity: EntitySid::random(&*self.randomness),
            credential: CredentialSid::random(&*self.randomness),
            friendly_name: enrolment.and_then(|enrolment| enrolment.friendly_name.clone()).unwrap_or(given),
            status: FactorStatus::Unverified,
            public_key: public_key.to_owned(),
            config: self.new_config(&form)?,
            metadata: form.texts("Metadata")?,
            tries: 0,
            created_at: now,
            updated_at: now,
        })
    }

    /// A factor.
    pub async fn factor(&self, caller: &Caller, at: (&str, &str), sid: &str) -> Result<Factor, Denied> {
        caller.back_end()?;
        self.factor_at(&caller.at(at.0, at.1)?, sid).await
    }

    /// The factors of an entity.
    pub async fn factors(
        &self,
        caller: &Caller,
        at: (&str, &str),
        query: &Parameters,
    ) -> Result<(Scope, Page<Factor>), Denied> {
        caller.back_end()?;
        let (scope, request) = (caller.at(at.0, at.1)?.scope, page_request(query)?);
        self.check_entity(&scope).await?;
        let found = self.store.push_factors(&scope, self.now(), &request).await?;
        Ok((scope, Page::cut(request, found, |row| Position { at: row.created_at, id: row.sid.0 })))
    }

    /// Verifies a factor, or changes what people call it and how it is reached.
    pub async fn update_factor(
        &self,
        caller: &Caller,
        at: (&str, &str),
        sid: &str,
        parameters: &Parameters,
    ) -> Result<Factor, Denied> {
        let factor = self.factor_at(&caller.at(at.0, at.1)?, sid).await?;
        let form = Form::new(parameters);
        let change = self.read_change(&form, &factor)?;
        let verified = match form.raw("AuthPayload")? {
            Some(payload) => {
                self.check_verification(&factor, payload).await?;
                Some(self.event(EventKind::FactorVerified, &factor.scope, factor.sid))
            }
            None => None,
        };
        if !self.store.change_push_factor(factor.sid, &change, verified.as_ref(), self.now()).await? {
            return Err(Refusal::not_found("factor").into());
        }
        if verified.is_some() {
            self.outbox.wake();
        }
        self.find_factor(&factor.scope, factor.sid).await
    }

    async fn check_verification(&self, factor: &Factor, payload: &str) -> Result<(), Denied> {
        if factor.tries >= TRIES {
            return Err(Refusal::new(PushCode::FactorTries, "Too many verification tries; enrol anew").into());
        }
        let key = DeviceKey::parse(&factor.public_key);
        if key.is_some_and(|key| key.signed_der(&factor.sid.to_string(), payload)) {
            return Ok(());
        }
        self.store.count_factor_try(factor.sid).await?;
        let words = "Factor verification failed: AuthPayload is not this key's signature over the factor SID";
        Err(Refusal::new(PushCode::FactorVerificationFailed, words).into())
    }

    /// Forgets a factor. Its device's tokens are worthless at once.
    pub async fn delete_factor(&self, caller: &Caller, at: (&str, &str), sid: &str) -> Result<(), Denied> {
        let factor = self.factor_at(&caller.at(at.0, at.1)?, sid).await?;
        match self.forget(&factor).await? {
            true => Ok(()),
            false => Err(Refusal::not_found("factor").into()),
        }
    }

    /// Forgets a factor and tells so; `false` when it is gone already.
    pub(super) async fn forget(&self, factor: &Factor) -> Result<bool, Denied> {
        let deleted = self.event(EventKind::FactorDeleted, &factor.scope, factor.sid);
        let forgotten = self.store.delete_push_factor(factor.sid, &deleted).await?;
        if forgotten {
            self.outbox.wake();
        }
        Ok(forgotten)
    }

    /// The factor in a path, which for a device has to be its own.
    async fn factor_at(&self, access: &Access<'_>, sid: &str) -> Result<Factor, Denied> {
        let sid = FactorSid::parse(sid).ok_or_else(|| Refusal::not_found("factor"))?;
        match access.device {
            Some(own) if own.sid == sid => Ok(own.clone()),
            Some(_) => Err(Refusal::unauthorized("the request JWT is another factor's").into()),
            None => self.find_factor(&access.scope, sid).await,
        }
    }

    /// A factor of an entity.
    pub(super) async fn find_factor(&self, scope: &Scope, sid: FactorSid) -> Result<Factor, Denied> {
        let now = self.now();
        let found = self.store.push_factor(scope, sid).await?.filter(|factor| !factor.is_gone(now));
        found.ok_or_else(|| Refusal::not_found("factor").into())
    }

    /// Refuses what lies below an entity that is not there.
    pub(super) async fn check_entity(&self, scope: &Scope) -> Result<(), Denied> {
        let service = self.store.push_service(scope.account, scope.service).await?;
        let entity = match service {
            Some(_) => self.store.push_entity(scope.service, &scope.identity).await?,
            None => None,
        };
        entity.map(drop).ok_or_else(|| Refusal::not_found("entity").into())
    }
}

/// The place that an access token is for, which has to be the one in the path.
fn enrolled(enrolment: &Enrolment, service: &str, identity: &str) -> Result<Scope, Refusal> {
    let scope = &enrolment.scope;
    if ServiceSid::parse(service) == Some(scope.service) && identity == scope.identity.as_str() {
        return Ok(scope.clone());
    }
    Err(Refusal::unauthorized("the access token is for another service or identity"))
}
