//! Owns codes that come by text message: who is sent one, and which one is right. Leaves what a right one opens to
//! `by_code.rs`, messages on their way to `queue.rs`, limits to `brakes.rs`.
//!
//! Whether a number has an account shows nowhere before its owner has shown the code: an unknown number gets a row of its own
//! with a code that nobody was sent, counts with the same brakes, and takes as long.

pub mod brakes;
mod queue;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use self::brakes::{AdmittedTry, TextBrakes};
pub use self::queue::Message;
use self::queue::{Place, Queue};
use crate::identity::Identity;
use crate::model::failure::{Failure, StoreError};
use crate::model::outcomes::Counted;
use crate::model::phone::{Country, Phone};
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;
use crate::model::text_code::{CodeKey, CodeTry, TextCode, TriedCode};
use crate::model::text_message::{CodeMessage, CodeSender, CodeUsage, NotSent, OUTCOMES};
use crate::model::time::after;
use crate::model::user::User;
use crate::throttle::Wait;
use crate::tokens::derived::MacKey;

/// How long somebody who registers waits for the word that the number is wrong. All who register are sent a message, so this
/// time tells nothing.
const SENDING: Duration = Duration::from_secs(3);

/// How many different codes there are.
const CODES: u32 = 1_000_000;

/// What codes may be used for, and how long.
#[derive(Clone, Copy, Debug)]
pub struct CodePolicy {
    /// Whether people may sign in with a code.
    pub sign_in: bool,
    /// Whether people may make an account with a code.
    pub register: bool,
    /// Whether people may set a new password with a code.
    pub forgot: bool,
    /// Whose numbers may be typed without the country code.
    pub home: Option<Country>,
    /// How long a code lives.
    pub ttl: Duration,
    /// How many wrong codes end it.
    pub tries: u32,
}

/// Everything about codes by text message.
pub struct TextCodes {
    /// What they may be used for.
    pub policy: CodePolicy,
    /// How many there are.
    pub brakes: TextBrakes,
    queue: Queue,
}

impl TextCodes {
    /// Sends codes by `sender`, on the runtime that this is called on.
    pub fn new(policy: CodePolicy, brakes: TextBrakes, sender: Arc<dyn CodeSender>) -> Self {
        Phone::prepare();
        Self { policy, brakes, queue: Queue::before(sender) }
    }

    /// Whether codes may be used for this.
    pub fn serve(&self, usage: CodeUsage) -> bool {
        match usage {
            CodeUsage::Register => self.policy.register,
            CodeUsage::SignIn => self.policy.sign_in,
            CodeUsage::ForgotPassword => self.policy.forgot,
            CodeUsage::MfaVerification => true,
        }
    }

    /// What became of messages since the process began.
    pub fn outcomes(&self) -> Counted<{ OUTCOMES.len() }> {
        self.queue.outcomes.read()
    }

    /// A place in the queue for words without a code, unless too many messages wait.
    pub fn place(&self) -> Option<Place> {
        self.queue.place()
    }

    /// Returns when no message is on its way any more.
    pub async fn ended(&self) {
        self.queue.ended().await;
    }
}

/// Who asks for a code, or shows one: a browser, by the secret of its cookie.
#[derive(Clone, Copy, Debug)]
pub struct CodeHolder<'a> {
    /// For what.
    pub usage: CodeUsage,
    /// The secret.
    pub browser: &'a [u8; 32],
    /// The number.
    pub phone: &'a Phone,
    /// The address of the request.
    pub address: IpAddr,
}

impl CodeHolder<'_> {
    fn key(&self, key: &MacKey) -> CodeKey {
        key.tag(&[b"browser", self.browser, self.usage.as_str().as_bytes()])
    }

    fn phone_hash(&self, key: &MacKey) -> [u8; 32] {
        key.tag(&[b"phone", self.phone.as_str().as_bytes()])
    }

    fn code_hash(&self, key: &MacKey, code: &str) -> [u8; 32] {
        key.tag(&[b"code", &self.key(key), &self.phone_hash(key), code.as_bytes()])
    }
}

/// Why no code was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskRefusal {
    /// Too many messages; wait.
    TooMany(Duration),
    /// More messages at once than go out; try again soon.
    Busy,
    /// None can be sent to this number. Told only to those who register.
    Undeliverable(NotSent),
}

/// Why a code opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefusal {
    /// It is not the right one, or not any more.
    Code(CodeTry),
    /// Too many wrong codes; wait.
    TooMany(Duration),
    /// More at once than this machine can do; try again soon. The code was not looked at.
    Busy,
    /// The new password is too short. The code was not looked at.
    ShortPassword,
    /// It is right, but there is no account that it opens, or there is one already.
    NoWay,
}

impl Identity {
    /// What is known of codes, when they may be used for this.
    pub fn codes_for(&self, usage: CodeUsage) -> Option<&TextCodes> {
        self.texts.as_ref().filter(|texts| texts.serve(usage))
    }

    /// Sends a code to a number, if it is to get one; the former code of this browser for this use is worth nothing from now on.
    /// The asker does not learn whether one was sent.
    pub async fn ask_code(
        &self,
        texts: &TextCodes,
        holder: CodeHolder<'_>,
        application: &str,
    ) -> Result<(), Failure<AskRefusal>> {
        let refused = |refusal| Err(Failure::Refused(refusal));
        let admitted = match texts.brakes.admit(holder.phone, holder.address) {
            Ok(admitted) => admitted,
            Err(Wait(wait)) => return refused(AskRefusal::TooMany(wait)),
        };
        let Some(place) = texts.queue.place() else {
            admitted.forgive();
            return refused(AskRefusal::Busy);
        };
        let owner = self.owner_of(holder.phone).await;
        // Whoever registers, or has shown who they are by other means, may well have a number of no account, or of several.
        let is_sent =
            matches!(holder.usage, CodeUsage::Register | CodeUsage::MfaVerification) || matches!(owner, Ok(Some(_)));
        let stored = match owner {
            Ok(_) => self.put_code(texts, &holder, is_sent).await,
            Err(error) => Err(error),
        };
        let code = match stored {
            Ok(code) => code,
            Err(error) => {
                admitted.forgive();
                return Err(error.into());
            }
        };
        let message = code.map(|code| {
            Message::Code(CodeMessage {
                to: holder.phone.clone(),
                usage: holder.usage,
                code,
                application: application.to_owned(),
            })
        });
        let told = place.take(message);
        if holder.usage != CodeUsage::Register {
            return Ok(());
        }
        match timeout(SENDING, told).await {
            Ok(Ok(Err(why @ (NotSent::Number(_) | NotSent::Country(_) | NotSent::OptedOut(_))))) => {
                refused(AskRefusal::Undeliverable(why))
            }
            _ => Ok(()),
        }
    }

    /// Puts a fresh code in force and gives it; or one that nobody can type, and gives none.
    async fn put_code(
        &self,
        texts: &TextCodes,
        holder: &CodeHolder<'_>,
        is_sent: bool,
    ) -> Result<Option<PlainSecret>, StoreError> {
        let key = &self.keys.tokens().text_code;
        let (code, none) = (six_digits(&*self.randomness), bytes(&*self.randomness));
        let right = holder.code_hash(key, code.expose());
        let stored = TextCode {
            key: holder.key(key),
            phone_hash: holder.phone_hash(key),
            code_hash: if is_sent { right } else { none },
            expires_at: after(self.clock.now(), texts.policy.ttl),
        };
        self.store.put_text_code(&stored).await?;
        Ok(Some(code).filter(|_| is_sent))
    }

    /// Lets a code be tried, or tells how long to wait.
    pub(super) fn admit_try<'a>(
        &'a self,
        texts: &'a TextCodes,
        holder: &CodeHolder<'_>,
    ) -> Result<AdmittedTry<'a>, CodeRefusal> {
        let admitted = texts.brakes.admit_try(holder.phone, &self.doors.address, holder.address);
        admitted.map_err(|Wait(wait)| CodeRefusal::TooMany(wait))
    }

    /// Tries a code. A right one is used by this.
    pub(super) async fn try_code(
        &self,
        texts: &TextCodes,
        holder: &CodeHolder<'_>,
        code: &str,
        admitted: AdmittedTry<'_>,
    ) -> Result<(), Failure<CodeRefusal>> {
        let key = &self.keys.tokens().text_code;
        // People copy blanks along.
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let tried = TriedCode {
            key: holder.key(key),
            phone_hash: holder.phone_hash(key),
            code_hash: holder.code_hash(key, &code),
        };
        let outcome = self.store.try_text_code(&tried, texts.policy.tries, self.clock.now()).await;
        admitted.end(outcome.as_ref().ok().copied());
        match outcome? {
            CodeTry::Right => Ok(()),
            other => Err(Failure::Refused(CodeRefusal::Code(other))),
        }
    }

    /// The one account that can be opened by this number. A number of several accounts opens none: a code says nothing of which.
    pub(super) async fn owner_of(&self, phone: &Phone) -> Result<Option<User>, StoreError> {
        let mut found = self.store.users_by_phone(phone, 2).await?;
        if found.len() > 1 {
            tracing::warn!("a phone number of several accounts opens none of them");
            return Ok(None);
        }
        Ok(found.pop().filter(User::is_enabled))
    }
}

/// Six decimal digits, each code as likely as any other.
fn six_digits(randomness: &dyn Randomness) -> PlainSecret {
    let fair = u32::MAX - u32::MAX % CODES;
    loop {
        let number = u32::from_be_bytes(bytes(randomness));
        if number < fair {
            return format!("{:06}", number % CODES).into();
        }
    }
}
