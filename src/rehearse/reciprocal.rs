//! Owns the step in which the platform hands over a code of its own, so that the link leads both ways.
//! Leaves what the server then does at the platform to the server: the code is made up and good for nothing there.

use std::time::Duration;

use reqwest::header::WWW_AUTHENTICATE;

use super::attempt::random_text;
use super::report::{Fault, Verdict};
use super::token_answer::{check_time, outcome};
use super::token_client::TokenClient;
use super::wire::{Recorded, WireFault};
use crate::model::random::Randomness;
use crate::model::secret::PlainSecret;

/// The hand-over on one link.
pub(super) struct Reciprocal<'a> {
    pub(super) client: TokenClient<'a>,
    pub(super) access_token: &'a PlainSecret,
    pub(super) deadline: Duration,
    pub(super) randomness: &'a dyn Randomness,
}

impl Reciprocal<'_> {
    /// Hands over a code, the same once more, and one with an access token that nobody issued.
    pub(super) async fn rehearse(&self) -> Verdict {
        let code: PlainSecret = random_text(self.randomness).into();
        let first = self.client.hand_over(self.access_token, &code).await;
        let recorded = self.in_time(&first)?;
        if let Some(why) = not_offered(recorded) {
            return Ok(format!("not checked: {why}"));
        }
        let mend = "take the code with status 200 as soon as it is stored, and exchange it afterwards";
        expect_taken(recorded, "reciprocal_refused", mend)?;

        let again = self.client.hand_over(self.access_token, &code).await;
        let mend = "take the same code for the same link again: the platform may have lost the first answer";
        expect_taken(self.in_time(&again)?, "reciprocal_repeat_refused", mend)?;

        let made_up: PlainSecret = random_text(self.randomness).into();
        let stranger = self.client.hand_over(&made_up, &code).await;
        expect_challenge(self.in_time(&stranger)?)?;
        Ok("a code was taken, its repeat as well, and a made-up access token refused".to_owned())
    }

    fn in_time<'r>(&self, answer: &'r Result<Recorded, WireFault>) -> Result<&'r Recorded, Fault> {
        check_time(answer, self.deadline).map_err(|fault| match fault.reason {
            "token_too_slow" => Fault {
                reason: "reciprocal_too_slow",
                mend: "store the code, answer, and exchange it afterwards: the platform's own server may be slow"
                    .to_owned(),
                ..fault
            },
            _ => fault,
        })
    }
}

/// In words why this server or client has no other direction; many links need none.
fn not_offered(answer: &Recorded) -> Option<&'static str> {
    match (answer.status, answer.error_code().as_deref()) {
        (404 | 405, _) => Some("no reciprocal endpoint"),
        (400, Some("invalid_client")) => {
            Some("this client has no partner; `couplet client set-partner` makes the link two-way")
        }
        _ => None,
    }
}

fn expect_taken(answer: &Recorded, reason: &'static str, mend: &str) -> Result<(), Fault> {
    match answer.status {
        200 => Ok(()),
        _ => Err(Fault::new(reason, "status 200", outcome(answer), mend)),
    }
}

/// RFC 6750 section 3.
fn expect_challenge(answer: &Recorded) -> Result<(), Fault> {
    let challenge = answer.headers.get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let scheme = challenge.and_then(|challenge| challenge.split_whitespace().next()).unwrap_or_default();
    if answer.status == 401 && scheme.eq_ignore_ascii_case("bearer") {
        return Ok(());
    }
    let challenged = if scheme.is_empty() { "no challenge" } else { "a challenge" };
    Err(Fault::new(
        "reciprocal_takes_any_token",
        "status 401 with a Bearer challenge for a made-up access token",
        format!("{} and {challenged}", outcome(answer)),
        "check the access token before anything else, and refuse a dead one as RFC 6750 section 3 says",
    ))
}
