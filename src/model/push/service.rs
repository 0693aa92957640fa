//! Owns what a service, an entity and an access token for enrolment are.

use crate::model::push::identity::Identity;
use crate::model::push::sid::{AccountSid, EnrolmentSid, EntitySid, FactorSid, ServiceSid};
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;

/// What a back end sets of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSettings {
    /// What the back end calls it.
    pub friendly_name: String,
    /// The digits of codes by other ways than push; kept and shown, used by nothing here.
    pub code_length: u32,
    /// Whether challenges tell their date in `details`.
    pub include_date: bool,
    /// Twilio's name for what APNs is called with; kept and shown.
    pub apn_credential_sid: Option<String>,
    /// Twilio's name for what FCM is called with; kept and shown.
    pub fcm_credential_sid: Option<String>,
}

/// What an update changes; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct ServiceChange {
    /// As in [`ServiceSettings`].
    pub friendly_name: Option<String>,
    /// As in [`ServiceSettings`].
    pub code_length: Option<u32>,
    /// As in [`ServiceSettings`].
    pub include_date: Option<bool>,
    /// As in [`ServiceSettings`].
    pub apn_credential_sid: Option<String>,
    /// As in [`ServiceSettings`].
    pub fcm_credential_sid: Option<String>,
}

/// A service: a set of entities with settings and webhooks of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub sid: ServiceSid,
    /// Whose it is.
    pub account: AccountSid,
    /// How it is set.
    pub settings: ServiceSettings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A person in a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its name.
    pub sid: EntitySid,
    /// Where it is.
    pub service: ServiceSid,
    /// What the back end calls it.
    pub identity: Identity,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A place below a service of an account: one person there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose it is.
    pub account: AccountSid,
    /// Where it is.
    pub service: ServiceSid,
    /// Who it is.
    pub identity: Identity,
}

/// An access token with which one device enrols itself once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Its name.
    pub sid: EnrolmentSid,
    /// Where the factor will be, and whose.
    pub scope: Scope,
    /// What the factor is called, whatever the device says.
    pub friendly_name: Option<String>,
    /// The hash of its secret.
    pub hash: TokenHash,
    /// For how many seconds it is good.
    pub ttl: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The factor for which it was spent.
    pub factor: Option<FactorSid>,
}
