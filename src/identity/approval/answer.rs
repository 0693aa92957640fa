//! Owns what a waiting browser finds when it looks: still nothing, a session, or that it came to nothing. One write decides
//! which of many who look at once has the session.

use std::time::Duration;

use super::{ApprovingDevice, DeviceAnswer, Held, QUESTION_LIFE, Trouble};
use crate::identity::Identity;
use crate::identity::sign_in::Proven;
use crate::model::approval::{ApprovalState, AskedDevice};
use crate::model::time::after;

/// What a waiting page shows.
#[derive(Debug)]
pub struct Waits {
    /// The device that was asked, and how long it can still answer; nothing where only a code can approve, or when it can't
    /// any more.
    pub asked: Option<(ApprovingDevice, Duration)>,
    /// Whether a device was asked at all.
    pub is_asked: bool,
    /// Whether there are devices.
    pub has_devices: bool,
    /// The two digits.
    pub number: u8,
    /// Whether there are other devices.
    pub others: bool,
    /// Whether a question that was not answered can be put again.
    pub again: bool,
    /// Whether a code can be sent.
    pub text: bool,
}

/// Why an approval came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The device said no.
    Denied,
    /// The device said that it was not the person.
    NotMe,
    /// The device said yes, but with another number or none.
    WrongNumber,
    /// Nobody answered in time, or it is of no use any more.
    Over,
}

/// What a waiting browser finds.
#[derive(Debug)]
pub enum Looked {
    /// It waits for nothing that we know of.
    Unknown,
    /// Nothing yet.
    Waits(Waits),
    /// The device said yes, and this call has used that up: whoever it is may be let in.
    Approved(Box<Proven>),
    /// It came to nothing.
    Refused(Refused),
}

impl Identity {
    /// Looks how an approval stands.
    pub async fn look(&self, held: &str) -> Result<Looked, Trouble> {
        let Some(held) = self.held(Some(held)).await? else { return Ok(Looked::Unknown) };
        let answer = match held.approval.asked {
            Some(asked) => self.approvers.answer(held.user.id, asked.challenge).await?,
            None => DeviceAnswer::Over,
        };
        if answer == DeviceAnswer::NotMe {
            return Ok(Looked::Refused(Refused::NotMe));
        }
        if !held.is_open {
            return Ok(Looked::Refused(came_to(&held)));
        }
        match answer {
            DeviceAnswer::Approved(number) if number.as_deref() == Some(&*held.approval.number.to_string()) => {
                let (user, epoch) = (held.approval.user_id, held.approval.epoch);
                let looked = self.let_through(held).await?;
                if matches!(looked, Looked::Approved(_)) {
                    self.store.trust_password(user, epoch).await?;
                }
                Ok(looked)
            }
            DeviceAnswer::Approved(_) => self.refuse(held, Refused::WrongNumber).await,
            DeviceAnswer::Denied | DeviceAnswer::NotMe => self.refuse(held, Refused::Denied).await,
            DeviceAnswer::Pending | DeviceAnswer::Over => {
                let can_answer = answer == DeviceAnswer::Pending;
                self.waits(held, can_answer).await
            }
        }
    }

    /// Uses an open approval up.
    pub(super) async fn let_through(&self, held: Held) -> Result<Looked, Trouble> {
        if !self.store.decide_approval(held.approval.id, ApprovalState::Approved, self.clock.now()).await? {
            return Ok(Looked::Refused(Refused::Over));
        }
        tracing::info!(user = %held.user.id, approval = %held.approval.id, "a sign-in was approved");
        Ok(Looked::Approved(Box::new(Proven::approved(held.user, held.approval.first))))
    }

    async fn refuse(&self, held: Held, why: Refused) -> Result<Looked, Trouble> {
        self.store.decide_approval(held.approval.id, ApprovalState::Refused, self.clock.now()).await?;
        tracing::warn!(user = %held.user.id, approval = %held.approval.id, cause = ?why, "a sign-in was not approved");
        Ok(Looked::Refused(why))
    }

    async fn waits(&self, held: Held, can_answer: bool) -> Result<Looked, Trouble> {
        let means = self.means(&held.user, held.approval.first).await?;
        let left = (after(held.approval.created_at, QUESTION_LIFE) - self.clock.now()).to_std().unwrap_or_default();
        let device = |asked: AskedDevice| means.devices.iter().find(|device| device.sid == asked.device).cloned();
        let asked = held.approval.asked.filter(|_| can_answer).and_then(device).map(|device| (device, left));
        if asked.is_none() && !means.text {
            return Ok(Looked::Refused(Refused::Over));
        }
        Ok(Looked::Waits(Waits {
            is_asked: held.approval.asked.is_some(),
            has_devices: !means.devices.is_empty(),
            again: asked.is_none() && held.approval.asked.is_some() && !means.devices.is_empty(),
            others: asked.is_some() && means.devices.len() > 1,
            asked,
            number: held.approval.number,
            text: means.text,
        }))
    }
}

/// Why an approval that is over came to nothing.
fn came_to(held: &Held) -> Refused {
    match held.approval.state {
        ApprovalState::Refused => Refused::Denied,
        ApprovalState::Disowned | ApprovalState::Told => Refused::NotMe,
        ApprovalState::Pending | ApprovalState::Approved | ApprovalState::Superseded => Refused::Over,
    }
}
