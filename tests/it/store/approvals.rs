//! Makers of sign-ins that wait for an approval, and of the questions behind them.

use couplet::app::SystemRandomness;
use couplet::model::approval::{Approval, ApprovalState, AskedDevice, Disowned, FirstFactor};
use couplet::model::ids::ApprovalId;
use couplet::model::push::sid::{ChallengeSid, FactorSid};
use couplet::model::user::User;
use couplet::store::approvals::{AddApproval, QuestionLimit};

use super::cellar::{Cellar, moment, token_hash};

/// As many questions as the cases bear, from the beginning on.
pub fn limit(most: u32) -> QuestionLimit {
    QuestionLimit { most, unasked: 100, since: moment(-1) }
}

/// An approval made at `moment(0)` that asks a device until `moment(180)`.
pub fn approval(user: &User) -> Approval {
    let (device, challenge) = (FactorSid::random(&SystemRandomness), ChallengeSid::random(&SystemRandomness));
    Approval {
        id: ApprovalId::random(&SystemRandomness),
        secret_hash: token_hash(5),
        user_id: user.id,
        epoch: user.sign_in_epoch,
        first: FirstFactor::Password,
        number: 47,
        asked: Some(AskedDevice { device, challenge }),
        state: ApprovalState::Pending,
        created_at: moment(0),
        expires_at: moment(180),
        decided_at: None,
    }
}

/// The same as something that was said not to be the person's.
pub fn disowned(approval: &Approval) -> Disowned {
    Disowned { id: approval.id, user_id: approval.user_id, by_code: false, is_withdrawn: false }
}

impl Cellar {
    /// Alice waits.
    pub async fn approval(&self) -> Approval {
        let approval = approval(&self.alice);
        assert_eq!(self.store.add_approval(&approval, None, limit(100)).await.unwrap(), AddApproval::Added);
        approval
    }

    /// What became of it.
    pub async fn approval_state(&self, id: ApprovalId) -> ApprovalState {
        self.store.approval(id).await.unwrap().unwrap().0.state
    }
}
