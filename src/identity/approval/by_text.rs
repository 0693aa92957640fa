//! Owns approving by a code by text message in place of a device. Whoever began with such a code can't: it would be the same
//! thing twice. A device that has said no is heard before any code.

use std::net::IpAddr;

use super::answer::Verdict;
use super::{Held, Looked, Trouble};
use crate::identity::Identity;
use crate::identity::text_codes::{AskRefusal, CodeHolder, CodeRefusal, TextCodes};
use crate::model::failure::Failure;
use crate::model::phone::Phone;
use crate::model::text_message::CodeUsage;
use crate::model::time::after;

/// A code that was sent.
#[derive(Debug)]
pub struct Sent {
    /// The last digits of the number it was sent to.
    pub to: String,
    /// How many minutes it lives.
    pub minutes: u64,
}

/// Why a code was not sent, or let nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextRefusal {
    /// This browser waits for no approval that a code could give, or its device has said no.
    NotHere,
    /// None was sent.
    Ask(AskRefusal),
    /// It was not right.
    Code(Sendable, CodeRefusal),
}

/// To whom another code could be sent.
pub type Sendable = (String, u64);

/// An approval for which a code will do.
struct ByText<'a> {
    held: Held,
    texts: &'a TextCodes,
    phone: Phone,
}

impl ByText<'_> {
    /// The code is for this approval alone.
    fn holder(&self, address: IpAddr) -> CodeHolder<'_> {
        let browser = self.held.secret.expose();
        CodeHolder { usage: CodeUsage::MfaVerification, browser, phone: &self.phone, address }
    }

    fn to(&self) -> Sendable {
        (self.phone.last_digits().to_owned(), self.texts.policy.ttl.as_secs() / 60)
    }
}

impl Identity {
    /// Sends a code for the approval that a browser waits for, which then waits as long as the code lives.
    pub async fn send_approving_code(
        &self,
        held: &str,
        address: IpAddr,
        application: &str,
    ) -> Result<Sent, Failure<TextRefusal>> {
        let by_text = self.by_text(held).await?.ok_or(Failure::Refused(TextRefusal::NotHere))?;
        let asked = self.ask_code(by_text.texts, by_text.holder(address), application).await;
        asked.map_err(|failure| failure.map(TextRefusal::Ask))?;
        let now = self.clock.now();
        self.store.extend_approval(by_text.held.approval.id, after(now, by_text.texts.policy.ttl), now).await?;
        let (to, minutes) = by_text.to();
        Ok(Sent { to, minutes })
    }

    /// Approves by a code.
    pub async fn approve_by_code(
        &self,
        held: &str,
        code: &str,
        address: IpAddr,
    ) -> Result<Looked, Failure<TextRefusal>> {
        let by_text = self.by_text(held).await?.ok_or(Failure::Refused(TextRefusal::NotHere))?;
        let (holder, to) = (by_text.holder(address), by_text.to());
        let wrong = |refusal| TextRefusal::Code(to.clone(), refusal);
        let admitted = self.admit_try(by_text.texts, &holder).map_err(|refusal| Failure::Refused(wrong(refusal)))?;
        let tried = self.try_code(by_text.texts, &holder, code, admitted).await;
        tried.map_err(|failure| failure.map(wrong))?;
        // It may have said no while the code was looked at.
        match self.verdict(&by_text.held).await.map_err(never)? {
            Verdict::No(why) => self.refuse(by_text.held, why).await.map_err(never),
            _ => self.let_through(by_text.held).await.map_err(never),
        }
    }

    async fn by_text(&self, held: &str) -> Result<Option<ByText<'_>>, Failure<TextRefusal>> {
        let Some(held) = self.held(Some(held)).await?.filter(|held| held.is_open) else { return Ok(None) };
        if matches!(self.verdict(&held).await.map_err(never)?, Verdict::No(_)) {
            return Ok(None);
        }
        let means = self.means(&held.user, held.approval.first).await.map_err(never)?;
        let texts = self.codes_for(CodeUsage::MfaVerification).filter(|_| means.text);
        let phone = held.user.phone.clone();
        Ok(texts.zip(phone).map(|(texts, phone)| ByText { held, texts, phone }))
    }
}

fn never<R>(trouble: Trouble) -> Failure<R> {
    trouble.map(|never| match never {})
}
