//! Owns what an approval is: one question to a person's device whether a sign-in is theirs, and who is asked at all. Leaves
//! asking to `identity/`.

use serde::{Deserialize, Serialize};

use crate::model::ids::{ApprovalId, UserId};
use crate::model::push::factor::Texts;
use crate::model::push::sid::{ChallengeSid, FactorSid};
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;
use crate::model::user::User;

/// By what somebody has shown first who they are. The second time it has to be something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstFactor {
    /// The password.
    Password,
    /// A password that was set by a code by text message and proves no more than one ([`User::password_by_code`]).
    PasswordByCode,
    /// A code by text message.
    TextCode,
}

impl FirstFactor {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::PasswordByCode => "password_by_code",
            Self::TextCode => "text_code",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Password, Self::PasswordByCode, Self::TextCode].into_iter().find(|factor| factor.as_str() == text)
    }
}

/// Whose sign-ins are approved on a device, by what they lead to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPolicy {
    /// Nobody's.
    Never,
    /// Those of users who switched it on.
    #[default]
    Enrolled,
    /// Everybody's.
    Required,
}

impl ApprovalPolicy {
    /// Whether a sign-in of this user has to be approved.
    pub fn asks(self, user: &User) -> bool {
        match self {
            Self::Never => false,
            Self::Enrolled => user.approval,
            Self::Required => true,
        }
    }

    /// The word for operators.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Enrolled => "enrolled",
            Self::Required => "required",
        }
    }
}

/// What became of an approval. Only a pending one can still let somebody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalState {
    /// Nothing yet.
    Pending,
    /// Somebody was let in by it.
    Approved,
    /// The device said no, or did not know the number.
    Refused,
    /// Another question took its place.
    Superseded,
    /// The question could not be put to the device, as far as we know.
    NotPut,
    /// The person said that it was not them, and nothing has followed yet.
    NotMe,
    /// The same, and what follows is done, but for telling them.
    Disowned,
    /// The same, and they were told.
    Told,
}

impl ApprovalState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Approved,
        Self::Refused,
        Self::Superseded,
        Self::NotPut,
        Self::NotMe,
        Self::Disowned,
        Self::Told,
    ];

    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Superseded => "superseded",
            Self::NotPut => "not_put",
            Self::NotMe => "not_me",
            Self::Disowned => "disowned",
            Self::Told => "told",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// Which device is asked, and by which challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedDevice {
    /// The device.
    pub device: FactorSid,
    /// The question. It is stored after the approval, so it may be missing when a process died in between.
    pub challenge: ChallengeSid,
}

/// A sign-in that waits for its approval: no session yet. What the database keeps of it.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Names the row.
    pub id: ApprovalId,
    /// The hash of the secret in the waiting browser's cookie.
    pub secret_hash: TokenHash,
    /// Who showed a first factor.
    pub user_id: UserId,
    /// The user's [`User::sign_in_epoch`] then.
    pub epoch: u32,
    /// Which one it was.
    pub first: FirstFactor,
    /// The two digits that the page shows and the device has to name.
    pub number: u8,
    /// Who is asked; nobody where only a code by text message can approve.
    pub asked: Option<AskedDevice>,
    /// What became of it.
    pub state: ApprovalState,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it lets nobody in.
    pub expires_at: Timestamp,
    /// When it was decided, as far as that still matters: the session of an approved one that has ended is not given again.
    pub decided_at: Option<Timestamp>,
}

/// Whether a device that denies says with this that it was not the person at all.
pub fn is_not_me(metadata: Option<&Texts>) -> bool {
    metadata.and_then(|metadata| metadata.get("reason")).is_some_and(|reason| reason == "not_me")
}

/// A person who said that a sign-in was not them.
#[derive(Clone, Debug)]
pub struct Disowned {
    /// The approval.
    pub id: ApprovalId,
    /// Who.
    pub user_id: UserId,
    /// Whether that sign-in began with a code by text message: then the stranger has the number, and not the password.
    pub by_code: bool,
    /// Whether what follows is done already, and only telling is left.
    pub is_withdrawn: bool,
}
