//! Owns challenges: how one is asked, read, and answered once.

use std::time::Duration;

use serde::Deserialize;

use crate::model::parameters::Parameters;
use crate::model::push::challenge::{Answer, Challenge, ChallengeFilter, ChallengeState, Details, Field, Standing};
use crate::model::push::date;
use crate::model::push::event::{Event, EventKind};
use crate::model::push::factor::{Factor, FactorStatus, Texts};
use crate::model::push::paging::{Page, Position};
use crate::model::push::service::Scope;
use crate::model::push::sid::{ChallengeSid, FactorSid};
use crate::model::time::{Timestamp, after};
use crate::push::answer::{check, signed_members};
use crate::push::caller::{Access, Caller};
use crate::push::error::{PushCode, Refusal};
use crate::push::form::Form;
use crate::push::listing::page_request;
use crate::push::signatures::DeviceKey;
use crate::push::{Denied, Push};
use crate::store::push::AddChallenge;

/// How long a challenge can be answered, unless its back end says otherwise, and at most.
const LIFE: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(3600));

/// As many challenges as wait at once for one factor.
const WAITING: u32 = 100;

/// Refused answers to a challenge that are borne.
const TRIES: u32 = 100;

/// The most lines that a person is shown.
const FIELDS: usize = 20;

/// A line as a back end sends it.
#[derive(Deserialize)]
struct GivenField {
    label: String,
    value: String,
}

impl Push {
    /// Asks a factor.
    pub async fn create_challenge(
        &self,
        caller: &Caller,
        at: (&str, &str),
        parameters: &Parameters,
    ) -> Result<Challenge, Denied> {
        caller.back_end()?;
        let scope = caller.at(at.0, at.1)?.scope;
        let service = self.own_service(scope.account, at.0).await?;
        let form = Form::new(parameters);
        let sid = FactorSid::parse(form.required("FactorSid")?);
        let sid = sid.ok_or_else(|| form.refuse("FactorSid has to be YF and 32 hexadecimal digits"))?;
        let factor = self.find_factor(&scope, sid).await?;
        let now = self.now();
        let mut details = read_details(&form)?;
        details.date = service.settings.include_date.then(String::new);
        let hidden_details = form.texts("HiddenDetails")?;
        let expires_at = read_expiry(&form, now)?;
        self.ask(&factor, details, hidden_details, expires_at).await
    }

    /// Asks a factor, and tells its device.
    pub async fn ask(
        &self,
        factor: &Factor,
        details: Details,
        hidden_details: Option<Texts>,
        expires_at: Timestamp,
    ) -> Result<Challenge, Denied> {
        self.ask_as(ChallengeSid::random(&*self.randomness), factor, details, hidden_details, expires_at).await
    }

    /// The same under a name that somebody knows already, and that nothing else has.
    pub async fn ask_as(
        &self,
        sid: ChallengeSid,
        factor: &Factor,
        mut details: Details,
        hidden_details: Option<Texts>,
        expires_at: Timestamp,
    ) -> Result<Challenge, Denied> {
        let now = self.now();
        // The moment at which it was made, to the second: devices compare the two.
        details.date = details.date.map(|_| date::written(now));
        let challenge = Challenge {
            sid,
            scope: factor.scope.clone(),
            entity: factor.entity,
            factor: factor.sid,
            state: ChallengeState::Pending,
            details,
            hidden_details,
            metadata: None,
            tries: 0,
            created_at: now,
            updated_at: now,
            expires_at,
        };
        match self.store.add_challenge(&challenge, WAITING).await? {
            AddChallenge::Added => {}
            AddChallenge::Unverified => {
                return Err(Refusal::new(PushCode::FactorUnverified, "The factor is not verified yet").into());
            }
            AddChallenge::TooMany => {
                let words = "Too many challenges wait for this factor";
                return Err(Refusal::new(PushCode::TooManyChallenges, words).into());
            }
        }
        self.notify(factor, &challenge, None);
        Ok(challenge)
    }

    /// A challenge, for its back end and its device.
    pub async fn challenge(&self, caller: &Caller, at: (&str, &str), sid: &str) -> Result<Challenge, Denied> {
        self.challenge_at(&caller.at(at.0, at.1)?.verified()?, sid).await
    }

    /// The challenges of an entity; a device sees its own only.
    pub async fn challenges(
        &self,
        caller: &Caller,
        at: (&str, &str),
        query: &Parameters,
    ) -> Result<(Scope, Page<Challenge>), Denied> {
        let access = caller.at(at.0, at.1)?.verified()?;
        let (form, request) = (Form::new(query), page_request(query)?);
        let wrong = || form.refuse("FactorSid has to be YF and 32 hexadecimal digits");
        let asked = form.raw("FactorSid")?.map(|sid| FactorSid::parse(sid).ok_or_else(wrong)).transpose()?;
        let wrong = || form.refuse("Status has to be pending, expired, approved or denied");
        let standing = form.raw("Status")?.map(|word| Standing::parse(word).ok_or_else(wrong)).transpose()?;
        let factor = match (access.device, asked) {
            (Some(own), Some(asked)) if asked != own.sid => {
                return Err(Refusal::unauthorized("the request JWT is another factor's").into());
            }
            (Some(own), _) => Some(own.sid),
            (None, asked) => asked,
        };
        if access.device.is_none() {
            self.check_entity(&access.scope).await?;
        }
        let filter = ChallengeFilter { factor, standing };
        let found = self.store.challenges(&access.scope, &filter, self.now(), &request).await?;
        Ok((access.scope, Page::cut(request, found, |row| Position { at: row.created_at, id: row.sid.0 })))
    }

    /// Answers a challenge: whoever brings the answer, the device has signed it.
    pub async fn answer_challenge(
        &self,
        caller: &Caller,
        at: (&str, &str),
        sid: &str,
        parameters: &Parameters,
    ) -> Result<Challenge, Denied> {
        let access = caller.at(at.0, at.1)?.verified()?;
        let challenge = self.challenge_at(&access, sid).await?;
        let form = Form::new(parameters);
        let payload = form.required("AuthPayload")?;
        let metadata = form.texts("Metadata")?;
        let factor = match access.device {
            Some(own) => own.clone(),
            None => self.find_factor(&challenge.scope, challenge.factor).await?,
        };
        if factor.status != FactorStatus::Verified {
            return Err(Refusal::new(PushCode::FactorUnverified, "The factor is not verified yet").into());
        }
        let now = self.now();
        refuse_ended(challenge.standing(now))?;
        let answer = self.check_answer(&factor, &challenge, payload, now).await?;
        self.record(challenge, answer, metadata, now).await
    }

    async fn check_answer(
        &self,
        factor: &Factor,
        challenge: &Challenge,
        payload: &str,
        now: Timestamp,
    ) -> Result<Answer, Denied> {
        if challenge.tries >= TRIES {
            return Err(Refusal::new(PushCode::ChallengeTries, "Too many verification tries").into());
        }
        let unusable = || Refusal::new(PushCode::ChallengeVerificationFailed, "The factor's key is unusable");
        let key = DeviceKey::parse(&factor.public_key).ok_or_else(unusable)?;
        match check(&key, payload, &signed_members(challenge, now)) {
            Ok(answer) => Ok(answer),
            Err(refusal) => {
                self.store.count_challenge_try(challenge.sid).await?;
                Err(refusal.into())
            }
        }
    }

    async fn record(
        &self,
        challenge: Challenge,
        answer: Answer,
        metadata: Option<Texts>,
        now: Timestamp,
    ) -> Result<Challenge, Denied> {
        let kind = match answer {
            Answer::Approved => EventKind::ChallengeApproved,
            Answer::Denied => EventKind::ChallengeDenied,
        };
        let event = self.event(kind, &challenge.scope, challenge.factor);
        let event = Event { challenge: Some(challenge.sid), at: now, ..event };
        if self.store.answer_challenge(challenge.sid, answer, metadata.as_ref(), &event).await? {
            self.outbox.wake();
            let state = ChallengeState::Answered(answer, now);
            return Ok(Challenge { state, metadata, updated_at: now, ..challenge });
        }
        // Somebody was faster, or it is gone.
        let found = self.store.challenge(&challenge.scope, challenge.sid).await?;
        let found = found.ok_or_else(|| Refusal::not_found("challenge"))?;
        refuse_ended(found.standing(self.now()))?;
        Err(Refusal::new(PushCode::ChallengeExpired, "The challenge has expired").into())
    }

    /// The challenge in a path, which for a device has to be its own.
    pub(super) async fn challenge_at(&self, access: &Access<'_>, sid: &str) -> Result<Challenge, Denied> {
        let there = || Refusal::not_found("challenge");
        let sid = ChallengeSid::parse(sid).ok_or_else(there)?;
        let challenge = self.store.challenge(&access.scope, sid).await?.ok_or_else(there)?;
        match access.device {
            Some(own) if own.sid != challenge.factor => {
                Err(Refusal::unauthorized("the challenge is for another factor").into())
            }
            _ => Ok(challenge),
        }
    }
}

/// Refuses to answer what has ended.
fn refuse_ended(standing: Standing) -> Result<(), Refusal> {
    match standing {
        Standing::Pending => Ok(()),
        Standing::Expired => Err(Refusal::new(PushCode::ChallengeExpired, "The challenge has expired")),
        Standing::Answered(_) => {
            let words = "Challenge verification failed: it was answered before";
            Err(Refusal::new(PushCode::ChallengeVerificationFailed, words))
        }
    }
}

fn read_details(form: &Form<'_>) -> Result<Details, Refusal> {
    let message = form.required_text("Details.Message", 1..=256)?;
    let given = form.all("Details.Fields");
    if given.len() > FIELDS {
        return Err(form.refuse("Details.Fields are more than 20"));
    }
    let field = |text: &str| {
        let wrong = |_| form.refuse("each of Details.Fields has to be a JSON object with the strings label and value");
        let GivenField { label, value } = serde_json::from_str(text).map_err(wrong)?;
        form.check_length("the label of a field", &label, 1..=36)?;
        form.check_length("the value of a field", &value, 0..=128)?;
        if label.contains('\0') || value.contains('\0') {
            return Err(form.refuse("Details.Fields contain NUL"));
        }
        Ok(Field { label, value })
    };
    let fields = given.into_iter().map(field).collect::<Result<_, Refusal>>()?;
    Ok(Details { message, fields, date: None })
}

fn read_expiry(form: &Form<'_>, now: Timestamp) -> Result<Timestamp, Refusal> {
    let whole = |at: Timestamp| Timestamp::from_timestamp(at.timestamp(), 0).unwrap_or(at);
    let Some(text) = form.raw("ExpirationDate")? else { return Ok(whole(after(now, LIFE.0))) };
    let at = date::read(text).ok_or_else(|| form.refuse("ExpirationDate has to be such as 2026-01-01T00:00:00Z"))?;
    if at <= now || at > after(now, LIFE.1) {
        return Err(form.refuse("ExpirationDate has to lie in the future, and no more than 60 minutes ahead"));
    }
    Ok(at)
}
