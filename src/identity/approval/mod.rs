//! Owns approval: who has shown a first factor is let in when a device of theirs says yes and names the number on the page.
//! Until then there is no session, only an approval. Leaves the answer to `answer.rs`, codes in place of a device to
//! `by_text.rs`, what a device is asked to `question.rs`, and "this was not me" to `disowned.rs`. How a device is asked is behind [`Approvers`].

mod answer;
mod by_text;
mod disowned;
mod number;
mod question;

use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;

use self::answer::Verdict;
pub use self::answer::{Looked, Refused, Waits};
pub use self::by_text::{Sent, TextRefusal};
use self::number::two_digits;
pub use self::question::{DeviceAnswer, Question};
use crate::identity::Identity;
use crate::identity::device::Device;
use crate::identity::held_secret::HeldSecret;
use crate::identity::sign_in::{Proven, Welcome};
use crate::model::approval::{Approval, ApprovalPolicy, ApprovalState, AskedDevice, FirstFactor};
use crate::model::failure::{Failure, StoreError};
use crate::model::ids::{ApprovalId, UserId};
use crate::model::push::sid::{ChallengeSid, FactorSid};
use crate::model::secret::{PlainSecret, TokenSecret};
use crate::model::text_message::CodeUsage;
use crate::model::time::{Timestamp, after, before};
use crate::model::user::User;
use crate::store::approvals::{AddApproval, QuestionLimit};

/// How long a device can answer.
pub const QUESTION_LIFE: Duration = Duration::from_secs(120);

/// How much longer the waiting browser can fetch the answer, or ask for a code.
const GRACE: Duration = Duration::from_secs(60);

/// As many questions that come to nothing are put to a person, within this time: more would only tire them into saying yes.
const BORNE: (u32, Duration) = (5, Duration::from_secs(900));

/// As many that ask no device, or could not, wait within the same time: each is a row that stays for a day.
const UNASKED: u32 = 20;

/// A device that can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovingDevice {
    /// Names it.
    pub sid: FactorSid,
    /// What its owner calls it.
    pub name: String,
}

/// Asks people's devices.
#[async_trait]
pub trait Approvers: Send + Sync {
    /// The devices of a user, the one that changed last first.
    async fn devices(&self, user: UserId) -> Result<Vec<ApprovingDevice>, Trouble>;

    /// Puts a question to a device until `expires_at`, under a name that is stored already. `false` when that device is not
    /// there any more, or has too many questions.
    async fn ask(
        &self,
        user: UserId,
        asked: AskedDevice,
        question: &Question,
        expires_at: Timestamp,
    ) -> Result<bool, Trouble>;

    /// What became of a question.
    async fn answer(&self, user: UserId, challenge: ChallengeSid) -> Result<DeviceAnswer, Trouble>;
}

/// What a browser brings along.
#[derive(Debug)]
pub struct Browser<'a> {
    /// The secret of the approval that it waited for until now.
    pub held: Option<&'a str>,
    /// How it is known again.
    pub device: Option<Device>,
}

/// A failure that is nobody's refusal.
pub type Trouble = Failure<Infallible>;

/// Where a first factor has led.
#[derive(Debug)]
pub enum Entered {
    /// In.
    In(Box<Welcome>),
    /// Not yet: the browser holds this secret and waits.
    Waits(PlainSecret),
    /// No further: there is no device and no other way to approve.
    NoWay {
        /// Whether it was the person who wants sign-ins approved.
        has_switched_on: bool,
    },
    /// No further for now: the person was asked too often, and there is no other way.
    AskedTooOften,
}

/// By what somebody could approve.
#[derive(Debug)]
pub struct Means {
    /// The devices, the one that changed last first.
    pub devices: Vec<ApprovingDevice>,
    /// Whether a code by text message will do.
    pub text: bool,
}

impl Identity {
    /// Lets in whoever has shown a first factor, or has them wait for an approval where that is asked for.
    pub async fn enter(
        &self,
        proven: Proven,
        policy: ApprovalPolicy,
        browser: Browser<'_>,
        question: &Question,
    ) -> Result<Entered, Trouble> {
        if proven.is_approved() || !policy.asks(proven.user()) {
            return Ok(Entered::In(Box::new(self.let_in(proven, browser.device).await?)));
        }
        self.begin_approval(&proven, browser.held, question).await
    }

    /// Has somebody wait who has shown a first factor, now or in this session.
    pub async fn begin_approval(
        &self,
        proven: &Proven,
        held: Option<&str>,
        question: &Question,
    ) -> Result<Entered, Trouble> {
        let former = self.held(held).await?.map(|held| held.approval.id);
        let means = self.means(proven.user(), proven.first()).await?;
        self.ask_first_of(&means, proven.user(), proven.first(), former, question).await
    }

    /// By what this person could approve a sign-in that began like this.
    pub async fn means(&self, user: &User, first: FirstFactor) -> Result<Means, Trouble> {
        let devices = self.approvers.devices(user.id).await?;
        let text = first == FirstFactor::Password && user.phone.is_some();
        Ok(Means { devices, text: text && self.codes_for(CodeUsage::MfaVerification).is_some() })
    }

    /// Puts the question to another device than before, the next one in turn; gives the new secret. Nothing when it is over, or
    /// when the device that was asked has said no.
    pub async fn ask_another(&self, held: &str, question: &Question) -> Result<Option<Entered>, Trouble> {
        let Some(held) = self.held(Some(held)).await?.filter(|held| held.is_open) else { return Ok(None) };
        if matches!(self.verdict(&held).await?, Verdict::No(_)) {
            return Ok(None);
        }
        let mut means = self.means(&held.user, held.approval.first).await?;
        let before = held.approval.asked.map(|asked| asked.device);
        let at = means.devices.iter().position(|device| Some(device.sid) == before);
        let count = means.devices.len();
        means.devices.rotate_left(at.map_or(0, |at| (at + 1) % count));
        let (id, first) = (held.approval.id, held.approval.first);
        self.ask_first_of(&means, &held.user, first, Some(id), question).await.map(Some)
    }

    async fn ask_first_of(
        &self,
        means: &Means,
        user: &User,
        first: FirstFactor,
        former: Option<ApprovalId>,
        question: &Question,
    ) -> Result<Entered, Trouble> {
        if means.devices.is_empty() && !means.text {
            return Ok(Entered::NoWay { has_switched_on: user.approval });
        }
        let device = means.devices.first().map(|device| device.sid);
        let put = self.put(user, first, device, former, question).await?;
        if put.is_none() {
            tracing::warn!(user = %user.id, by_code = means.text, "no question was put: a person was asked for approval too often");
        }
        let by_code = match put {
            None if device.is_some() && means.text => self.put(user, first, None, None, question).await?,
            put => put,
        };
        Ok(by_code.map_or(Entered::AskedTooOften, Entered::Waits))
    }

    /// Stores an approval and then puts its question, if it has one; nothing when that is too much for the person or the device.
    async fn put(
        &self,
        user: &User,
        first: FirstFactor,
        device: Option<FactorSid>,
        former: Option<ApprovalId>,
        question: &Question,
    ) -> Result<Option<PlainSecret>, Trouble> {
        let challenge = ChallengeSid::random(&*self.randomness);
        let (approval, secret) =
            self.fresh_approval(user, first, device.map(|device| AskedDevice { device, challenge }));
        let now = self.clock.now();
        let limit = QuestionLimit { most: BORNE.0, unasked: UNASKED, since: before(now, BORNE.1) };
        if self.store.add_approval(&approval, former, limit).await? == AddApproval::TooMany {
            return Ok(None);
        }
        let Some(asked) = approval.asked else { return Ok(Some(held_text(approval.id, &secret))) };
        let put = self.approvers.ask(user.id, asked, question, after(now, QUESTION_LIFE)).await;
        tracing::info!(user = %user.id, approval = %approval.id, device = %asked.device, put = ?put.as_ref().ok(), "asked for approval");
        // A question that nobody was put is none of those that a person bears. Should it have come there all the same, "this was
        // not me" still finds it.
        if !matches!(put, Ok(true))
            && let Err(error) = self.store.decide_approval(approval.id, ApprovalState::NotPut, now).await
        {
            tracing::warn!(user = %user.id, %error, "a question that was not put counts as one that came to nothing");
        }
        Ok(put?.then(|| held_text(approval.id, &secret)))
    }

    fn fresh_approval(&self, user: &User, first: FirstFactor, asked: Option<AskedDevice>) -> (Approval, TokenSecret) {
        let (secret, now) = (TokenSecret::random(&*self.randomness), self.clock.now());
        let approval = Approval {
            id: ApprovalId::random(&*self.randomness),
            secret_hash: secret.hash(),
            user_id: user.id,
            epoch: user.sign_in_epoch,
            first,
            number: two_digits(&*self.randomness),
            asked,
            state: ApprovalState::Pending,
            created_at: now,
            expires_at: after(now, QUESTION_LIFE + GRACE),
            decided_at: None,
        };
        (approval, secret)
    }

    /// Gives up waiting: the browser's approval is worth nothing from now on.
    pub async fn give_up(&self, held: &str) -> Result<(), StoreError> {
        if let Some(held) = self.held(Some(held)).await? {
            self.store.decide_approval(held.approval.id, ApprovalState::Superseded, self.clock.now()).await?;
        }
        Ok(())
    }

    /// The approval of which the browser holds the secret, with its user.
    async fn held(&self, held: Option<&str>) -> Result<Option<Held>, StoreError> {
        let Some(HeldSecret { id, secret }) = held.and_then(HeldSecret::parse) else { return Ok(None) };
        self.held_by(ApprovalId(id), secret).await
    }

    async fn held_by(&self, id: ApprovalId, secret: TokenSecret) -> Result<Option<Held>, StoreError> {
        let Some((approval, user)) = self.store.approval(id).await? else { return Ok(None) };
        if !approval.secret_hash.matches(&secret) {
            return Ok(None);
        }
        let is_valid = approval.epoch == user.sign_in_epoch && user.is_enabled();
        let is_open = is_valid && approval.state == ApprovalState::Pending && self.clock.now() < approval.expires_at;
        Ok(Some(Held { approval, user, secret, is_valid, is_open }))
    }
}

/// An approval whose secret was shown.
struct Held {
    approval: Approval,
    user: User,
    secret: TokenSecret,
    /// Whether the account is as it was when the first factor was shown.
    is_valid: bool,
    /// Whether it can still let somebody in.
    is_open: bool,
}

fn held_text(id: ApprovalId, secret: &TokenSecret) -> PlainSecret {
    HeldSecret { id: id.0, secret: secret.clone() }.encode()
}
