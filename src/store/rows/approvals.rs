//! Owns the rows of sign-ins that wait for an approval.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Doubt, UserRow};
use crate::model::approval::{Approval, ApprovalState, AskedDevice, Disowned, FirstFactor};
use crate::model::ids::{ApprovalId, UserId};
use crate::model::push::sid::{ChallengeSid, FactorSid};
use crate::model::secret::TokenHash;
use crate::model::user::User;
use crate::store::StoreError;

/// A row of `approvals` with its user.
#[derive(FromRow)]
pub struct ApprovalRow {
    approval_id: Uuid,
    secret_hash: Vec<u8>,
    epoch: i64,
    first_factor: String,
    number: i64,
    device_id: Option<Uuid>,
    challenge_id: Option<Uuid>,
    state: String,
    approval_created_at: i64,
    expires_at: i64,
    decided_at: Option<i64>,
    #[sqlx(flatten)]
    user: UserRow,
}

impl TryFrom<ApprovalRow> for (Approval, User) {
    type Error = StoreError;

    fn try_from(row: ApprovalRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "approvals", id: &row.approval_id };
        let user: User = row.user.try_into()?;
        let asked = row.device_id.zip(row.challenge_id);
        let approval = Approval {
            id: ApprovalId(row.approval_id),
            secret_hash: doubt.some("secret_hash", TokenHash::from_slice(&row.secret_hash))?,
            user_id: user.id,
            epoch: doubt.some("epoch", u32::try_from(row.epoch).ok())?,
            first: doubt.some("first_factor", FirstFactor::parse(&row.first_factor))?,
            number: doubt.some("number", u8::try_from(row.number).ok())?,
            asked: asked.map(|(device, challenge)| AskedDevice {
                device: FactorSid(device),
                challenge: ChallengeSid(challenge),
            }),
            state: doubt.some("state", ApprovalState::parse(&row.state))?,
            created_at: doubt.moment("created_at", row.approval_created_at)?,
            expires_at: doubt.moment("expires_at", row.expires_at)?,
            decided_at: row.decided_at.map(|at| doubt.moment("decided_at", at)).transpose()?,
        };
        Ok((approval, user))
    }
}

/// An approval that somebody said was not theirs.
#[derive(FromRow)]
pub struct DisownedRow {
    id: Uuid,
    user_id: Uuid,
    by_code: bool,
    withdrawn: bool,
}

impl TryFrom<DisownedRow> for Disowned {
    type Error = StoreError;

    /// Nothing in it can be damaged: one bad row would keep all others from being dealt with.
    fn try_from(row: DisownedRow) -> Result<Self, StoreError> {
        let (id, user_id) = (ApprovalId(row.id), UserId(row.user_id));
        Ok(Disowned { id, user_id, by_code: row.by_code, is_withdrawn: row.withdrawn })
    }
}
