//! Owns what the pages for codes say: their own words for each use, and the words, status and count of each refusal. None of them
//! tells whether a number has an account.

use std::time::Duration;

use actix_web::http::StatusCode;

use crate::identity::password::SHORTEST;
use crate::identity::text_codes::{AskRefusal, CodeRefusal};
use crate::model::text_code::CodeTry;
use crate::model::text_message::{CodeUsage, NotSent};
use crate::telemetry::metrics::SignInResult;
use crate::web::pages::{BUSY, too_many};

/// The words for one use of codes.
pub struct Words {
    /// The heading of both pages.
    pub title: &'static str,
    /// What the page with the number says.
    pub number: &'static str,
    /// What the page with the code says before the number; the rest of the sentence follows.
    pub code: &'static str,
    /// What the button does.
    pub submit: &'static str,
}

/// The words for a use.
pub fn words(usage: CodeUsage) -> Words {
    const MAYBE: &str = "If an account belongs to this number, a code is on its way to";
    match usage {
        CodeUsage::SignIn => Words {
            title: "Sign in with a code",
            number: "We text a code to the phone number of your account.",
            code: MAYBE,
            submit: "Sign in",
        },
        CodeUsage::Register => Words {
            title: "Create an account",
            number: "All it takes is your phone number. We text a code to it.",
            code: "A code is on its way to",
            submit: "Create account",
        },
        CodeUsage::ForgotPassword => Words {
            title: "Set a new password",
            number: "We text a code to the phone number of your account.",
            code: MAYBE,
            submit: "Set password and sign in",
        },
        CodeUsage::MfaVerification => Words {
            title: "Approve with a code",
            number: "We text a code to the phone number of your account.",
            code: "A code is on its way to",
            submit: "Approve",
        },
    }
}

/// A refusal as a page tells it.
pub struct Told {
    /// The status of the page.
    pub status: StatusCode,
    /// How the request is counted.
    pub outcome: &'static str,
    /// How the attempt to sign in is counted.
    pub result: SignInResult,
    /// The words.
    pub words: String,
    /// When to come again, in seconds.
    pub retry_after: Option<u64>,
    /// Whether it is about the new password.
    pub about_password: bool,
}

impl Told {
    /// Words with a status.
    pub fn page(status: StatusCode, outcome: &'static str, words: impl Into<String>) -> Self {
        let (result, words) = (SignInResult::Wrong, words.into());
        Self { status, outcome, result, words, retry_after: None, about_password: false }
    }

    /// What was typed is no phone number.
    pub fn no_number() -> Self {
        let words = "That is no phone number. Write it with + and the country code, for example +1 415 555 0100.";
        Self::page(StatusCode::OK, "no_number", words)
    }

    fn wait(wait: Duration) -> Self {
        let told = Self::page(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", too_many(wait));
        Self { result: SignInResult::Braked, retry_after: Some(wait.as_secs().saturating_add(1)), ..told }
    }

    fn busy() -> Self {
        let told = Self::page(StatusCode::SERVICE_UNAVAILABLE, "busy", BUSY);
        Self { result: SignInResult::Busy, retry_after: Some(2), ..told }
    }
}

/// Why no code was sent.
pub fn of_ask(refusal: &AskRefusal) -> Told {
    let undeliverable = |words: &str| Told::page(StatusCode::OK, "undeliverable", words);
    match refusal {
        AskRefusal::TooMany(wait) => Told::wait(*wait),
        AskRefusal::Busy => Told::busy(),
        AskRefusal::Undeliverable(NotSent::Country(_)) => {
            undeliverable("We can’t send text messages to that country. Use another number.")
        }
        AskRefusal::Undeliverable(NotSent::OptedOut(_)) => {
            undeliverable("This number has asked us for no more messages. Use another one.")
        }
        AskRefusal::Undeliverable(_) => {
            undeliverable("We can’t send text messages to that number. Check it, or use another one.")
        }
    }
}

/// Why a code opened nothing.
pub fn of_code(refusal: CodeRefusal) -> Told {
    let wrong = |outcome, words: &str| Told::page(StatusCode::OK, outcome, words);
    match refusal {
        CodeRefusal::TooMany(wait) => Told::wait(wait),
        CodeRefusal::Busy => Told::busy(),
        CodeRefusal::ShortPassword => {
            let words = format!("Choose a password of at least {SHORTEST} characters.");
            Told { about_password: true, ..wrong("short_password", &words) }
        }
        CodeRefusal::NoWay => wrong(
            "no_way",
            "This number can’t be used for that. Perhaps there is an account with it already: go back and sign in.",
        ),
        CodeRefusal::Code(CodeTry::Expired) => wrong("expired", "That code is too old. Ask for another one."),
        CodeRefusal::Code(CodeTry::NoTriesLeft) => {
            wrong("exceed_max_try", "There were too many wrong codes. Ask for another one.")
        }
        CodeRefusal::Code(CodeTry::NotFound) => {
            wrong("not_found", "That code was used, or another one was sent. Ask for another one.")
        }
        CodeRefusal::Code(CodeTry::OtherPhone) => {
            wrong("phone_mismatch", "The last code was for another number. Ask for another one.")
        }
        CodeRefusal::Code(CodeTry::Wrong | CodeTry::Right) => {
            wrong("code_mismatch", "That code is not right. Check it and try again.")
        }
    }
}
