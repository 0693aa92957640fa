//! Owns asking people's devices whether a sign-in is theirs: joins the room that knows people to the one that knows devices.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;

use crate::identity::approval::{Approvers, ApprovingDevice, DeviceAnswer, Question, Trouble};
use crate::model::approval::{AskedDevice, is_not_me};
use crate::model::failure::Failure;
use crate::model::ids::UserId;
use crate::model::push::challenge::{Answer, Challenge, Details, Field, Standing};
use crate::model::push::factor::Texts;
use crate::model::push::sid::ChallengeSid;
use crate::model::time::Timestamp;
use crate::push::own_people::scope_of;
use crate::push::{Denied, Push};

/// As long as a line may be that a device shows.
const LONGEST: usize = 128;

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
        let hidden = Texts::from([("ask".to_owned(), "number".to_owned())]);
        let until = Timestamp::from_timestamp(expires_at.timestamp(), 0).unwrap_or(expires_at);
        let challenge = self.0.ask_as(asked.challenge, &factor, details(question), Some(hidden), until).await;
        Ok(ours(challenge)?.is_some())
    }

    async fn answer(&self, user: UserId, challenge: ChallengeSid) -> Result<DeviceAnswer, Trouble> {
        let Some(scope) = ours(scope_of(user))? else { return Ok(DeviceAnswer::Over) };
        let found = self.0.store.challenge(&scope, challenge).await?;
        Ok(found.map_or(DeviceAnswer::Over, |challenge| said(&challenge, self.0.clock.now())))
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

fn details(question: &Question) -> Details {
    let Question { service, application, address, browser } = question;
    let line = |label: &str, value: &str| Field { label: label.to_owned(), value: shortened(value) };
    Details {
        message: format!("Sign in to {}?", shortened(service)),
        fields: vec![
            line("For", application.as_deref().unwrap_or("Your account")),
            line("From", &address.to_string()),
            line("With", browser),
        ],
        date: None,
    }
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

fn said(challenge: &Challenge, now: Timestamp) -> DeviceAnswer {
    let with = |name: &str| challenge.metadata.as_ref().and_then(|metadata| metadata.get(name));
    match challenge.standing(now) {
        Standing::Pending => DeviceAnswer::Pending,
        Standing::Expired => DeviceAnswer::Over,
        Standing::Answered(Answer::Approved) => DeviceAnswer::Approved(with("number").cloned()),
        Standing::Answered(Answer::Denied) if is_not_me(challenge.metadata.as_ref()) => DeviceAnswer::NotMe,
        Standing::Answered(Answer::Denied) => DeviceAnswer::Denied,
    }
}
