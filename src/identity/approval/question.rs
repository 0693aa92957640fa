//! Owns what a device is asked about a sign-in, and what its answer means. Leaves whether that lets anybody in to `answer.rs`.

use std::net::IpAddr;

use crate::model::approval::is_not_me;
use crate::model::push::challenge::{Answer, Challenge, Details, Field, Standing};
use crate::model::push::factor::Texts;
use crate::model::time::Timestamp;

/// As long as a line may be that a device shows, in characters.
const LONGEST: usize = 128;

/// What a device shows of a sign-in.
#[derive(Clone, Debug)]
pub struct Question {
    /// The service.
    pub service: String,
    /// What it leads to: the platform; `None` for the account page.
    pub application: Option<String>,
    /// Where the browser is.
    pub address: IpAddr,
    /// Which browser it is, in words.
    pub browser: String,
}

/// What a device said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceAnswer {
    /// Nothing yet.
    Pending,
    /// Yes, with the number that was typed there.
    Approved(Option<String>),
    /// No.
    Denied,
    /// No, and it was not the person at all.
    NotMe,
    /// It is too late, or the question never came there.
    Over,
}

impl Question {
    /// What the device shows.
    pub fn details(&self) -> Details {
        let Self { service, application, address, browser } = self;
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

    /// What the device does not show: that it has to ask for the number, which is nowhere here.
    pub fn hidden_details() -> Texts {
        Texts::from([("ask".to_owned(), "number".to_owned())])
    }
}

impl DeviceAnswer {
    /// What a device has said by `now`.
    pub fn of(challenge: &Challenge, now: Timestamp) -> Self {
        let number = || challenge.metadata.as_ref().and_then(|metadata| metadata.get("number")).cloned();
        match challenge.standing(now) {
            Standing::Pending => Self::Pending,
            Standing::Expired => Self::Over,
            Standing::Answered(Answer::Approved) => Self::Approved(number()),
            Standing::Answered(Answer::Denied) if is_not_me(challenge.metadata.as_ref()) => Self::NotMe,
            Standing::Answered(Answer::Denied) => Self::Denied,
        }
    }
}

/// Lines of a browser or a platform may be of any length, and hold anything.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Question};

    #[test]
    fn a_line_is_never_long_and_holds_nothing_that_moves_the_others() {
        let long = "é\n".repeat(1000);
        let question =
            Question { service: long.clone(), application: None, address: [127, 0, 0, 1].into(), browser: long };
        let details = question.details();
        assert_eq!(details.message, format!("Sign in to {}?", "é".repeat(LONGEST)));
        let lines: Vec<_> = details.fields.iter().map(|field| (&*field.label, &*field.value)).collect();
        let browser = "é".repeat(LONGEST);
        assert_eq!(lines, [("For", "Your account"), ("From", "127.0.0.1"), ("With", &*browser)]);
    }
}
