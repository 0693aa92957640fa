//! Owns what the pages say when an approval came to nothing or can't begin.

use std::time::Duration;

use actix_web::http::StatusCode;

use crate::identity::approval::Refused;
use crate::telemetry::metrics::SignInResult;

/// An end as a page tells it.
pub struct Ended {
    /// The status of the page.
    pub status: StatusCode,
    /// How the request is counted.
    pub outcome: &'static str,
    /// How the sign-in is counted.
    pub result: SignInResult,
    /// The heading.
    pub title: &'static str,
    /// What happened.
    pub message: String,
    /// What to do.
    pub hint: &'static str,
    /// Whether that begins on the account page, in place of the beginning of the way.
    pub at_account: bool,
    /// What following the link does.
    pub label: &'static str,
}

impl Ended {
    fn new(outcome: &'static str, title: &'static str, message: &str, hint: &'static str) -> Self {
        let (status, result) = (StatusCode::FORBIDDEN, SignInResult::Wrong);
        let (message, label) = (message.to_owned(), "Start again");
        Self { status, outcome, result, title, message, hint, at_account: false, label }
    }
}

/// Why somebody is not let in.
pub fn refused(why: Refused) -> Ended {
    match why {
        Refused::Denied => Ended::new(
            "approval_denied",
            "The sign-in was denied",
            "Your device said no, so nobody is signed in here.",
            "If that was a mistake, start again and approve the next question.",
        ),
        Refused::NotMe => Ended::new(
            "approval_not_me",
            "The sign-in was stopped",
            "The owner of this account said that this was not them, so nobody is signed in here.",
            "If it is your account, start again; your device has told you what became of your password.",
        ),
        Refused::WrongNumber => Ended::new(
            "approval_wrong_number",
            "The numbers did not match",
            "Another number than the one on this page was entered on your device, so nobody is signed in here.",
            "Start again, and enter the number that this page then shows.",
        ),
        Refused::Over => Ended::new(
            "approval_over",
            "Nobody answered in time",
            "The question to your device is over.",
            "Have your device at hand and start again.",
        ),
    }
}

/// There is nothing by which this person could approve.
pub fn no_way(platform: Option<&str>, has_switched_on: bool) -> Ended {
    let title = "This needs a second step";
    if has_switched_on {
        let message = "You want sign-ins approved on a device of yours, but there is none any more.";
        return Ended::new("approval_no_way", title, message, "Ask those who run this service to switch that off.");
    }
    let what = platform.unwrap_or("This page");
    let message = format!("{what} asks that you approve the sign-in on a device of yours, and you have not added one.");
    let hint = "Open your account, add this phone or another device there, then come back and start again.";
    Ended { at_account: true, label: "Open your account", ..Ended::new("approval_no_way", title, &message, hint) }
}

/// The person was asked too often.
pub fn asked_too_often() -> Ended {
    let (status, result) = (StatusCode::TOO_MANY_REQUESTS, SignInResult::Braked);
    let ended = Ended::new(
        "too_many_requests",
        "Your devices were asked too often",
        "To spare you from questions that you did not begin, we ask no more for now.",
        "Wait a quarter of an hour, then start again. If that was not you, change your password.",
    );
    Ended { status, result, ..ended }
}

/// A time that is left, in words.
pub fn left(time: Duration) -> String {
    let (minutes, seconds) = (time.as_secs() / 60, time.as_secs() % 60);
    let of = |count: u64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match (minutes, seconds) {
        (0, seconds) => of(seconds, "second"),
        (minutes, 0) => of(minutes, "minute"),
        (minutes, seconds) => format!("{} {}", of(minutes, "minute"), of(seconds, "second")),
    }
}
