//! Owns this server's own people in push verification: one account and one service, made when first needed, in which a user is
//! an entity by the user's id. Nobody has credentials for that account: devices are enrolled from the account page, and asked
//! from inside.

use crate::model::failure::StoreError;
use crate::model::ids::UserId;
use crate::model::push::factor::{Factor, FactorStatus};
use crate::model::push::identity::Identity;
use crate::model::push::paging::PageRequest;
use crate::model::push::service::{Enrolment, Scope, Service, ServiceSettings};
use crate::model::push::sid::{AccountSid, FactorSid, ServiceSid};
use crate::model::secret::PlainSecret;
use crate::model::time::Timestamp;
use crate::push::error::Refusal;
use crate::push::services::CODE_LENGTH;
use crate::push::{Denied, Push, accounts};
use crate::store::Store;

/// The account of this server itself.
pub const OWN_ACCOUNT: AccountSid = AccountSid::OWN;

/// The service in which its users' devices are.
pub const OWN_SERVICE: ServiceSid = ServiceSid::OWN;

/// For how many seconds a person's browser may enrol after it asked to.
const ENROLMENT_TTL: u32 = 60;

/// As many devices of one person as are looked at: more than an entity can have.
const DEVICES: u32 = 50;

/// Where a user's devices are.
pub fn scope_of(user: UserId) -> Result<Scope, Denied> {
    let identity = Identity::parse(&user.0.hyphenated().to_string()).ok_or_else(|| Refusal::not_found("entity"))?;
    Ok(Scope { account: OWN_ACCOUNT, service: OWN_SERVICE, identity })
}

/// The devices of a user that have shown their keys, the oldest first, for whoever has no more than the store.
pub async fn devices_in(store: &dyn Store, user: UserId, now: Timestamp) -> Result<Vec<Factor>, Denied> {
    let all = store.push_factors(&scope_of(user)?, now, &PageRequest::first(DEVICES)).await?;
    Ok(all.into_iter().filter(|factor| factor.status == FactorStatus::Verified).collect())
}

/// Forgets all that is known of a user, for whoever has no more than the store.
pub async fn forget_in(store: &dyn Store, user: UserId) -> Result<(), Denied> {
    store.delete_push_entity(OWN_SERVICE, &scope_of(user)?.identity).await?;
    Ok(())
}

impl Push {
    /// Makes an access token with which one device of a user enrols itself, within a minute.
    pub async fn enrol_user(&self, user: UserId) -> Result<(Enrolment, PlainSecret), Denied> {
        self.make_own_service().await?;
        self.enrol(scope_of(user)?, None, ENROLMENT_TTL).await
    }

    /// The devices of a user that have shown their keys, the oldest first.
    pub async fn devices_of(&self, user: UserId) -> Result<Vec<Factor>, Denied> {
        devices_in(&*self.store, user, self.now()).await
    }

    /// Forgets a device of a user; `false` when it is not there, or not theirs.
    pub async fn forget_device(&self, user: UserId, device: FactorSid) -> Result<bool, Denied> {
        let Some(factor) = self.store.push_factor(&scope_of(user)?, device).await? else { return Ok(false) };
        self.forget(&factor).await
    }

    /// Forgets all that is known of a user here.
    pub async fn forget_user(&self, user: UserId) -> Result<(), Denied> {
        forget_in(&*self.store, user).await
    }

    /// Two who make it at once end with the same.
    async fn make_own_service(&self) -> Result<(), Denied> {
        if self.store.push_service(OWN_ACCOUNT, OWN_SERVICE).await?.is_some() {
            return Ok(());
        }
        let made = accounts::make(&self.keys, &*self.clock, &*self.randomness, OWN_ACCOUNT);
        let (account, _nobody_is_told) = made.map_err(|failure| failure.map(|never| match never {}))?;
        self.store.add_push_account(&account).await?;
        self.add_own_service().await.map_err(Denied::from)
    }

    async fn add_own_service(&self) -> Result<(), StoreError> {
        let now = self.now();
        let settings = ServiceSettings {
            friendly_name: "Sign-ins".to_owned(),
            code_length: CODE_LENGTH,
            include_date: false,
            apn_credential_sid: None,
            fcm_credential_sid: None,
        };
        let service = Service { sid: OWN_SERVICE, account: OWN_ACCOUNT, settings, created_at: now, updated_at: now };
        self.store.add_push_service(&service).await.map(drop)
    }
}
