//! Owns notifications: messages that wake up the device which a challenge waits for.

use std::cmp::min;

use crate::model::parameters::Parameters;
use crate::model::push::challenge::{Challenge, Standing};
use crate::model::push::factor::{Factor, Platform};
use crate::model::push::sid::NotificationSid;
use crate::model::time::Timestamp;
use crate::push::caller::Caller;
use crate::push::error::{PushCode, Refusal};
use crate::push::form::Form;
use crate::push::sender::PushMessage;
use crate::push::{Denied, Push};

/// For how many seconds a message is worth bringing, unless its back end says otherwise, and at most.
const TTL: u32 = 300;

/// A message that was handed over, or would have been.
#[derive(Clone, Debug)]
pub struct Notification {
    /// Its name.
    pub sid: NotificationSid,
    /// About what.
    pub challenge: Challenge,
    /// For how many seconds it is worth bringing.
    pub ttl: u32,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Push {
    /// Wakes the device up once more.
    pub async fn create_notification(
        &self,
        caller: &Caller,
        at: (&str, &str),
        challenge: &str,
        parameters: &Parameters,
    ) -> Result<Notification, Denied> {
        caller.back_end()?;
        let challenge = self.challenge_at(&caller.at(at.0, at.1)?, challenge).await?;
        let form = Form::new(parameters);
        let ttl = form.number("Ttl", 0..=TTL)?.unwrap_or(TTL);
        match challenge.standing(self.now()) {
            Standing::Pending => {}
            Standing::Expired => {
                return Err(Refusal::new(PushCode::ChallengeExpired, "The challenge has expired").into());
            }
            Standing::Answered(_) => return Err(form.refuse("the challenge was answered").into()),
        }
        let factor = self.find_factor(&challenge.scope, challenge.factor).await?;
        self.notify(&factor, &challenge, Some(ttl));
        let sid = NotificationSid::random(&*self.randomness);
        Ok(Notification { sid, challenge, ttl, created_at: self.now() })
    }

    /// Hands a message over, if the device can be reached. It is never worth bringing when the challenge has run out.
    pub(super) fn notify(&self, factor: &Factor, challenge: &Challenge, ttl: Option<u32>) {
        if factor.config.platform == Platform::None {
            return;
        }
        let left = challenge.expires_at.signed_duration_since(self.now()).num_seconds();
        let ttl = min(ttl.unwrap_or(TTL), u32::try_from(left).unwrap_or_default());
        let message = challenge.details.message.clone();
        self.sender.send(factor, PushMessage { challenge: challenge.sid, factor: factor.sid, message, ttl });
    }
}
