//! Owns what happens and is told to webhooks.

use uuid::Uuid;

use crate::model::push::service::Scope;
use crate::model::push::sid::{ChallengeSid, FactorSid};
use crate::model::time::Timestamp;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A device enrolled.
    FactorCreated,
    /// It showed that it holds its key.
    FactorVerified,
    /// It was removed.
    FactorDeleted,
    /// A challenge was approved.
    ChallengeApproved,
    /// A challenge was denied.
    ChallengeDenied,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::FactorCreated,
        Self::FactorVerified,
        Self::FactorDeleted,
        Self::ChallengeApproved,
        Self::ChallengeDenied,
    ];

    /// Twilio's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FactorCreated => "factor.created",
            Self::FactorVerified => "factor.verified",
            Self::FactorDeleted => "factor.deleted",
            Self::ChallengeApproved => "challenge.approved",
            Self::ChallengeDenied => "challenge.denied",
        }
    }
}

/// Something that happened. It is stored for every webhook that wants it in the transaction that makes it true.
#[derive(Clone, Debug)]
pub struct Event {
    /// The `uuid` that receivers tell repetitions by.
    pub id: Uuid,
    /// What happened.
    pub kind: EventKind,
    /// Where, and to whom.
    pub scope: Scope,
    /// To which factor.
    pub factor: FactorSid,
    /// To which challenge, for those of challenges.
    pub challenge: Option<ChallengeSid>,
    /// When.
    pub at: Timestamp,
}

impl Event {
    /// The form parameters, in the order in which Twilio documents them.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut parameters = vec![
            ("uuid", self.id.hyphenated().to_string()),
            ("type", self.kind.as_str().to_owned()),
            ("account_sid", self.scope.account.to_string()),
            ("service_sid", self.scope.service.to_string()),
            ("entity_identity", self.scope.identity.to_string()),
            ("factor_sid", self.factor.to_string()),
            ("factor_type", "push".to_owned()),
        ];
        parameters.extend(self.challenge.map(|challenge| ("challenge_sid", challenge.to_string())));
        parameters
    }
}
