//! Owns what a challenge is: a question to one factor that is answered once, or runs out.

use serde::{Deserialize, Serialize};

use crate::model::push::factor::Texts;
use crate::model::push::service::Scope;
use crate::model::push::sid::{ChallengeSid, EntitySid, FactorSid};
use crate::model::time::Timestamp;

/// A line of what the person is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
}

/// What the person is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The question.
    pub message: String,
    /// More lines.
    pub fields: Vec<Field>,
    /// The date, where the service tells it. Left out otherwise: one SDK can't read a null here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// What a device says to a challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Approved,
    /// No.
    Denied,
}

impl Answer {
    /// Twilio's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
        }
    }

    /// Reads Twilio's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Approved, Self::Denied].into_iter().find(|answer| answer.as_str() == text)
    }
}

/// What is stored of a challenge's course. That it ran out is never stored: the time says so, to everybody at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeState {
    /// No answer yet.
    Pending,
    /// Answered at that moment, for good.
    Answered(Answer, Timestamp),
}

/// How a challenge stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be answered.
    Pending,
    /// It ran out.
    Expired,
    /// It was answered.
    Answered(Answer),
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Pending, Self::Expired, Self::Answered(Answer::Approved), Self::Answered(Answer::Denied)];

    /// Twilio's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Answered(answer) => answer.as_str(),
        }
    }

    /// Reads Twilio's word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text)
    }
}

/// A question to one factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Its name.
    pub sid: ChallengeSid,
    /// Where and whose it is.
    pub scope: Scope,
    /// The same entity by its SID.
    pub entity: EntitySid,
    /// Who is asked.
    pub factor: FactorSid,
    /// How far it has come.
    pub state: ChallengeState,
    /// What the person is shown.
    pub details: Details,
    /// What the person is not shown, but the device signs.
    pub hidden_details: Option<Texts>,
    /// What the device attached to its answer.
    pub metadata: Option<Texts>,
    /// How often an answer was refused.
    pub tries: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// From when on it can't be answered, in whole seconds.
    pub expires_at: Timestamp,
}

impl Challenge {
    /// How it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.state {
            ChallengeState::Answered(answer, _) => Standing::Answered(answer),
            ChallengeState::Pending if now < self.expires_at => Standing::Pending,
            ChallengeState::Pending => Standing::Expired,
        }
    }

    /// When it was answered.
    pub fn responded_at(&self) -> Option<Timestamp> {
        match self.state {
            ChallengeState::Answered(_, at) => Some(at),
            ChallengeState::Pending => None,
        }
    }
}

/// Which challenges of an entity are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChallengeFilter {
    /// Those of this factor.
    pub factor: Option<FactorSid>,
    /// Those that stand like this.
    pub standing: Option<Standing>,
}
