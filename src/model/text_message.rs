//! Owns what a text message with a code is, and how sending one fails. Leaves the words of messages and the way to phones to
//! `twilio/`, and who gets one to `identity/`.

use async_trait::async_trait;
use thiserror::Error;

use crate::model::phone::Phone;
use crate::model::secret::PlainSecret;

/// What a code is for. A code for one use is worth nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeUsage {
    /// Making an account.
    Register,
    /// Signing in.
    SignIn,
    /// Setting a new password.
    ForgotPassword,
    /// Approving a sign-in in place of a device.
    MfaVerification,
}

impl CodeUsage {
    /// The usage type of its template, and its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "Register",
            Self::SignIn => "SignIn",
            Self::ForgotPassword => "ForgotPassword",
            Self::MfaVerification => "MfaVerification",
        }
    }
}

/// A code on its way.
#[derive(Debug)]
pub struct CodeMessage {
    /// To whom.
    pub to: Phone,
    /// For what.
    pub usage: CodeUsage,
    /// The code.
    pub code: PlainSecret,
    /// What the person is about to sign in to: the platform, or the service itself.
    pub application: String,
}

/// Why a message was not handed over.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum NotSent {
    /// No phone has this number, or none that gets messages.
    #[error("no messages can be sent to this number: {0}")]
    Number(String),
    /// The account does not send to this country.
    #[error("the account does not send to this country: {0}")]
    Country(String),
    /// The recipient has asked for no more messages.
    #[error("the recipient has opted out: {0}")]
    OptedOut(String),
    /// Too many at once; nothing was sent.
    #[error("too many messages at once: {0}")]
    TooMany(String),
    /// Wrong credentials, sender or settings: the operator has to mend it.
    #[error("the configuration is not accepted: {0}")]
    Configuration(String),
    /// No template for this usage, and no generic one.
    #[error("there is no template for {0} and no Generic one")]
    NoTemplate(String),
    /// The message itself is wrong, which is our own fault or the template's.
    #[error("the message is not accepted: {0}")]
    Message(String),
    /// Refused with a code that we know nothing of.
    #[error("refused: {0}")]
    Refused(String),
    /// The sender could not be reached; nothing was sent.
    #[error("it can't be reached: {0}")]
    Unreachable(String),
    /// No answer, or one that says nothing: the message may have been sent.
    #[error("no settling answer: {0}")]
    Unsettled(String),
}

impl NotSent {
    /// The class of the error, as connectors of this kind name it.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Configuration(_) => "invalid_config",
            Self::NoTemplate(_) => "template_not_found",
            Self::TooMany(_) => "rate_limit_exceeded",
            Self::Unsettled(_) => "invalid_response",
            _ => "general",
        }
    }
}

/// What becomes of messages, in words for counting.
pub const OUTCOMES: [&str; 4] = ["sent", "refused", "misconfigured", "unsettled"];

impl NotSent {
    /// Its word among the [`OUTCOMES`].
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Number(_) | Self::Country(_) | Self::OptedOut(_) | Self::Refused(_) => "refused",
            Self::Configuration(_) | Self::NoTemplate(_) | Self::Message(_) => "misconfigured",
            Self::TooMany(_) | Self::Unreachable(_) | Self::Unsettled(_) => "unsettled",
        }
    }
}

/// Sends messages.
#[async_trait]
pub trait CodeSender: Send + Sync {
    /// Hands a message over to whoever delivers it, and does not wait for that.
    async fn send_code(&self, message: &CodeMessage) -> Result<(), NotSent>;

    /// The same for words without a code.
    async fn send_words(&self, to: &Phone, words: &str) -> Result<(), NotSent>;
}
