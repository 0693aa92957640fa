//! Owns who calls: a back end with its auth token, a device that enrols with an access token, or a device with a JWT of its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::model::push::factor::{Factor, FactorStatus};
use crate::model::push::identity::Identity;
use crate::model::push::service::{Enrolment, Scope};
use crate::model::push::sid::{AccountSid, EnrolmentSid, ServiceSid};
use crate::model::secret::{PlainSecret, TokenSecret};
use crate::push::error::{PushCode, Refusal};
use crate::push::request_jwt::RequestJwt;
use crate::push::signatures::DeviceKey;
use crate::push::{Denied, Push};

/// How an access token begins.
const ENROLMENT: &str = "cplen";

/// Who proved to be calling.
#[derive(Debug)]
pub enum Caller {
    /// A back end: may do everything in its account.
    BackEnd(AccountSid),
    /// A device on its first call: may create one factor.
    Enrolling(Box<Enrolment>),
    /// A device with a key.
    Device(Box<Factor>),
}

/// A place that the caller may be at.
#[derive(Debug)]
pub(super) struct Access<'a> {
    /// Where.
    pub(super) scope: Scope,
    /// The device, if that is who calls.
    pub(super) device: Option<&'a Factor>,
}

impl Caller {
    /// A back end.
    pub(super) fn back_end(&self) -> Result<AccountSid, Refusal> {
        match self {
            Self::BackEnd(account) => Ok(*account),
            Self::Enrolling(_) | Self::Device(_) => Err(Refusal::unauthorized("only a back end may do this")),
        }
    }

    /// A back end, or a device of that person.
    pub(super) fn at(&self, service: &str, identity: &str) -> Result<Access<'_>, Refusal> {
        let there = || Refusal::not_found("entity");
        let service = ServiceSid::parse(service).ok_or_else(there)?;
        let identity = Identity::parse(identity).ok_or_else(there)?;
        match self {
            Self::BackEnd(account) => {
                Ok(Access { scope: Scope { account: *account, service, identity }, device: None })
            }
            Self::Device(factor) if factor.scope.service == service && factor.scope.identity == identity => {
                Ok(Access { scope: factor.scope.clone(), device: Some(factor) })
            }
            Self::Device(_) => Err(Refusal::unauthorized("the device belongs to another entity")),
            Self::Enrolling(_) => Err(Refusal::unauthorized("an access token only creates a factor")),
        }
    }
}

impl Access<'_> {
    /// Refuses a device that has not been verified.
    pub(super) fn verified(self) -> Result<Self, Refusal> {
        match self.device {
            Some(factor) if factor.status == FactorStatus::Unverified => {
                Err(Refusal::new(PushCode::FactorUnverified, "The factor is not verified yet"))
            }
            _ => Ok(self),
        }
    }
}

/// An access token as the device presents it.
pub(super) fn written(sid: EnrolmentSid, secret: &TokenSecret) -> PlainSecret {
    let bytes = [sid.0.as_bytes().as_slice(), secret.expose()].concat();
    format!("{ENROLMENT}{}", URL_SAFE_NO_PAD.encode(bytes)).into()
}

fn read(token: &str) -> Option<(EnrolmentSid, TokenSecret)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(ENROLMENT)?).ok()?;
    let (sid, secret) = bytes.split_at_checked(16)?;
    Some((EnrolmentSid(Uuid::from_slice(sid).ok()?), TokenSecret::from_bytes(secret.try_into().ok()?)))
}

impl Push {
    /// Who presents these Basic credentials.
    pub async fn caller(&self, user: &str, password: &PlainSecret) -> Result<Caller, Denied> {
        match (user, password.expose().contains('.')) {
            ("token", true) => self.device(password.expose()).await,
            ("token", false) => self.enrolling(password.expose()).await,
            _ => Ok(Caller::BackEnd(self.account(user, password).await?)),
        }
    }

    async fn enrolling(&self, token: &str) -> Result<Caller, Denied> {
        let wrong = || Refusal::unauthorized("the access token is unknown");
        let (sid, secret) = read(token).ok_or_else(wrong)?;
        let enrolment = self.store.enrolment(sid).await?.filter(|found| found.hash.matches(&secret));
        let enrolment = enrolment.ok_or_else(wrong)?;
        if enrolment.factor.is_some() {
            return Err(Refusal::unauthorized("the access token was spent").into());
        }
        if enrolment.expires_at <= self.now() {
            return Err(Refusal::unauthorized("the access token has ended").into());
        }
        Ok(Caller::Enrolling(Box::new(enrolment)))
    }

    async fn device(&self, token: &str) -> Result<Caller, Denied> {
        let wrong = || Refusal::unauthorized("the password is no request JWT of a factor that is there");
        let jwt = RequestJwt::parse(token).ok_or_else(wrong)?;
        let credential = jwt.credential().ok_or_else(wrong)?;
        let now = self.now();
        let factor = self.store.push_factor_of(credential).await?.filter(|factor| !factor.is_gone(now));
        let factor = factor.ok_or_else(wrong)?;
        let key = DeviceKey::parse(&factor.public_key).ok_or_else(wrong)?;
        // By the time that the device sees in our `Date`: its clock is not ours.
        jwt.check(&key, factor.scope.account, self.clock.shown_to_others()).map_err(Refusal::unauthorized)?;
        Ok(Caller::Device(Box::new(factor)))
    }
}
