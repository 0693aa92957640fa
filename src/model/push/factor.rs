//! Owns what a factor is: a device with a key, and how it is reached.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::push::service::Scope;
use crate::model::push::sid::{CredentialSid, EntitySid, FactorSid};
use crate::model::time::{Timestamp, before};

/// How long a factor waits for its verification before it is gone.
pub const UNVERIFIED_LIFE: Duration = Duration::from_secs(24 * 3600);

/// A JSON object of texts, as back ends attach it to things.
pub type Texts = BTreeMap<String, String>;

/// How far a factor has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorStatus {
    /// It has not yet shown that it holds its key.
    Unverified,
    /// It has.
    Verified,
}

impl FactorStatus {
    /// Twilio's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Verified => "verified",
        }
    }

    /// Reads Twilio's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Unverified, Self::Verified].into_iter().find(|status| status.as_str() == text)
    }
}

/// By which service a device's push messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Apple's.
    Apn,
    /// Google's.
    Fcm,
    /// A browser's own (RFC 8030); Twilio has no word for it.
    Web,
    /// None: the device asks by itself.
    None,
}

impl Platform {
    /// Twilio's word, or our own.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apn => "apn",
            Self::Fcm => "fcm",
            Self::Web => "web",
            Self::None => "none",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Apn, Self::Fcm, Self::Web, Self::None].into_iter().find(|platform| platform.as_str() == text)
    }
}

/// How a device is reached, and what it says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorConfig {
    /// The version of its SDK.
    pub sdk_version: Option<String>,
    /// Its app.
    pub app_id: Option<String>,
    /// By which service.
    pub platform: Platform,
    /// Its address there.
    pub token: Option<String>,
}

/// A device of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Its name.
    pub sid: FactorSid,
    /// Where and whose it is.
    pub scope: Scope,
    /// The same entity by its SID.
    pub entity: EntitySid,
    /// The name of its key.
    pub credential: CredentialSid,
    /// What people call it.
    pub friendly_name: String,
    /// How far it has come.
    pub status: FactorStatus,
    /// Its public key: standard Base64 of a P-256 SubjectPublicKeyInfo.
    pub public_key: String,
    /// How it is reached.
    pub config: FactorConfig,
    /// What the back end attached.
    pub metadata: Option<Texts>,
    /// How often its verification failed.
    pub tries: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Factor {
    /// Whether it waited for its verification for too long: then it is as if it were deleted.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.status == FactorStatus::Unverified && self.created_at <= before(now, UNVERIFIED_LIFE)
    }
}

/// What an update changes; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct FactorChange {
    /// As in [`Factor`].
    pub friendly_name: Option<String>,
    /// As in [`FactorConfig`].
    pub sdk_version: Option<String>,
    /// As in [`FactorConfig`].
    pub app_id: Option<String>,
    /// As in [`FactorConfig`].
    pub platform: Option<Platform>,
    /// As in [`FactorConfig`].
    pub token: Option<String>,
}
