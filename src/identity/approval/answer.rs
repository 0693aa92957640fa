//! Owns what a waiting browser finds when it looks: still nothing, a session, or that it came to nothing. One write decides
//! whether there is a session; of many who look at once, or again because an answer was lost, all have the same one.

use std::time::Duration;

use super::{ApprovingDevice, DeviceAnswer, Held, QUESTION_LIFE, Trouble};
use crate::identity::Identity;
use crate::identity::sign_in::{Proven, Spent};
use crate::model::approval::{ApprovalState, AskedDevice, FirstFactor};
use crate::model::time::{Timestamp, after};

/// How long a browser that shows its approved approval again gets the same session.
const AGAIN: Duration = Duration::from_secs(60);

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
    /// The device said yes, and that is used up for this browser: whoever it is may be let in.
    Approved(Box<Proven>),
    /// It came to nothing.
    Refused(Refused),
}

/// What the device that was asked says of an approval.
pub(super) enum Verdict {
    /// Nothing yet, and it still can.
    Pending,
    /// Nothing, and it can't any more.
    Nothing,
    /// Yes, with the number.
    Yes,
    /// No, or yes with another number.
    No(Refused),
}

impl Identity {
    /// Looks how an approval stands. Who looks again soon after it was approved is approved again: the answer may have been
    /// lost, or read by nobody.
    pub async fn look(&self, held: &str) -> Result<Looked, Trouble> {
        let Some(held) = self.held(Some(held)).await? else { return Ok(Looked::Unknown) };
        match (self.verdict(&held).await?, held.is_open) {
            (Verdict::No(Refused::NotMe), _) => Ok(Looked::Refused(Refused::NotMe)),
            (Verdict::No(why), true) => self.refuse(held, why).await,
            (Verdict::No(_), false) => Ok(Looked::Refused(came_to(&held))),
            (_, false) => Ok(self.same_again(held)),
            (Verdict::Yes, true) => self.let_through_by_device(held).await,
            (Verdict::Pending, true) => self.waits(held, true).await,
            (Verdict::Nothing, true) => self.waits(held, false).await,
        }
    }

    /// What the device says, whatever has become of the approval meanwhile.
    pub(super) async fn verdict(&self, held: &Held) -> Result<Verdict, Trouble> {
        let Some(asked) = held.approval.asked else { return Ok(Verdict::Nothing) };
        let number = held.approval.number.to_string();
        Ok(match self.approvers.answer(held.user.id, asked.challenge).await? {
            DeviceAnswer::Pending => Verdict::Pending,
            DeviceAnswer::Over => Verdict::Nothing,
            DeviceAnswer::Approved(named) if named.as_ref() == Some(&number) => Verdict::Yes,
            DeviceAnswer::Approved(_) => Verdict::No(Refused::WrongNumber),
            DeviceAnswer::Denied => Verdict::No(Refused::Denied),
            DeviceAnswer::NotMe => Verdict::No(Refused::NotMe),
        })
    }

    async fn let_through_by_device(&self, held: Held) -> Result<Looked, Trouble> {
        let (user, epoch, first) = (held.user.id, held.approval.epoch, held.approval.first);
        let looked = self.let_through(held).await?;
        // No more than that password is approved: a sign-in by a code says nothing of whose the password is.
        if first == FirstFactor::PasswordByCode
            && matches!(looked, Looked::Approved(_))
            && let Err(error) = self.store.trust_password(user, epoch).await
        {
            tracing::warn!(%user, %error, "an approved password is not trusted yet; the next approval tries again");
        }
        Ok(looked)
    }

    /// Uses an open approval up.
    pub(super) async fn let_through(&self, held: Held) -> Result<Looked, Trouble> {
        let now = self.clock.now();
        if self.store.decide_approval(held.approval.id, ApprovalState::Approved, now).await? {
            tracing::info!(user = %held.user.id, approval = %held.approval.id, "a sign-in was approved");
            return Ok(approved(held, now));
        }
        // Somebody was faster: another look of the same browser, or a no.
        let again = self.held_by(held.approval.id, held.secret).await?;
        Ok(again.map_or(Looked::Refused(Refused::Over), |held| self.same_again(held)))
    }

    /// The same session again, for a while; else why there is none.
    fn same_again(&self, held: Held) -> Looked {
        let decided_at = held.approval.decided_at.filter(|_| held.approval.state == ApprovalState::Approved);
        match decided_at.filter(|at| held.is_valid && self.clock.now() < after(*at, AGAIN)) {
            Some(at) => approved(held, at),
            None => Looked::Refused(came_to(&held)),
        }
    }

    pub(super) async fn refuse(&self, held: Held, why: Refused) -> Result<Looked, Trouble> {
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

fn approved(held: Held, at: Timestamp) -> Looked {
    let Held { approval, user, secret, .. } = held;
    Looked::Approved(Box::new(Proven::approved(user, approval.first, Spent { id: approval.id, secret, at })))
}

/// Why an approval that is over came to nothing.
fn came_to(held: &Held) -> Refused {
    match held.approval.state {
        ApprovalState::Refused => Refused::Denied,
        ApprovalState::NotMe | ApprovalState::Disowned | ApprovalState::Told => Refused::NotMe,
        ApprovalState::Pending | ApprovalState::Approved | ApprovalState::Superseded | ApprovalState::NotPut => {
            Refused::Over
        }
    }
}
