//! Owns asking people's devices whether a sign-in is theirs: joins the room that knows people to the one that knows devices. Leaves
//! what they are asked, and what their answers mean, to `identity/approval/`.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;

use crate::identity::approval::{Approvers, ApprovingDevice, DeviceAnswer, Question, Trouble};
use crate::model::approval::AskedDevice;
use crate::model::failure::Failure;
use crate::model::ids::UserId;
use crate::model::push::sid::ChallengeSid;
use crate::model::time::Timestamp;
use crate::push::own_people::scope_of;
use crate::push::{Denied, Push};

/// Asks by push verification.
pub struct ByPush(pub Arc<Push>);

#[async_trait]
impl Approvers for ByPush {
    async fn devices(&self, user: UserId) -> Result<Vec<ApprovingDevice>, Trouble> {
        let mut factors = ours(self.0.devices_of(user).await)?.unwrap_or_default();
        factors.sort_by_key(|factor| (std::cmp::Reverse(factor.updated_at), factor.sid));
        Ok(factors.into_iter().map(|factor| ApprovingDevice { sid: factor.sid, name: factor.friendly_name }).collect())
    }

    async fn ask(
        &self,
        user: UserId,
        asked: AskedDevice,
        question: &Question,
        expires_at: Timestamp,
    ) -> Result<bool, Trouble> {
        let Some(scope) = ours(scope_of(user))? else { return Ok(false) };
        let Some(factor) = self.0.store.push_factor(&scope, asked.device).await? else { return Ok(false) };
        let until = Timestamp::from_timestamp(expires_at.timestamp(), 0).unwrap_or(expires_at);
        let challenge =
            self.0.ask_as(asked.challenge, &factor, question.details(), Some(Question::hidden_details()), until).await;
        Ok(ours(challenge)?.is_some())
    }

    async fn answer(&self, user: UserId, challenge: ChallengeSid) -> Result<DeviceAnswer, Trouble> {
        let Some(scope) = ours(scope_of(user))? else { return Ok(DeviceAnswer::Over) };
        let found = self.0.store.challenge(&scope, challenge).await?;
        Ok(found.map_or(DeviceAnswer::Over, |challenge| DeviceAnswer::of(&challenge, self.0.clock.now())))
    }
}

/// A refusal of that room is nobody's here: the device is gone, or has too many questions.
fn ours<T>(result: Result<T, Denied>) -> Result<Option<T>, Failure<Infallible>> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(Failure::Store(error)) => Err(Failure::Store(error)),
        Err(Failure::Internal(fault)) => Err(Failure::Internal(fault)),
    }
}
