//! Owns the other way of the link on the page of `couplet dev`: Alexa hands over a code of its own, and the skill's backend gets
//! a token of Login with Amazon for it. Leaves Login with Amazon to its stand-in.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::played::{Played, expect_status, keep};
use super::{PARTNER, Rehearsal};
use crate::model::secret::PlainSecret;
use crate::rehearse::login_with_amazon::LoginWithAmazon;
use crate::rehearse::report::Fault;
use crate::rehearse::token_answer::{Tokens, check_error, outcome};
use crate::rehearse::token_client::{ACCESS_TOKEN, TokenClient};
use crate::rehearse::wire::{Recorded, WireFault};

/// How long the exchange at the partner may take before the backend gives up.
const PATIENCE: Duration = Duration::from_secs(3);

/// Between two questions for a token that is still on its way.
const PAUSE: Duration = Duration::from_millis(100);

/// Said when there is no stand-in.
const REAL_PARTNER: &str = "Not rehearsed: the demo client’s partner is one of your own, which takes no made-up codes. `couplet client show` lists it.";

impl Rehearsal {
    /// Hands over a code, twice, and fetches a token for it.
    pub(super) async fn other_way(&self, alexa: &TokenClient<'_>, access: &PlainSecret, played: &mut Vec<Played>) {
        let Some(amazon) = &self.amazon else { return played.push(Played::skipped("Reciprocal", REAL_PARTNER)) };
        let code = amazon.issue_code();
        let taken = |answer: &Recorded| expect_status(answer, 200, "reciprocal_refused");
        let first = alexa.hand_over(access, &code).await;
        let success = "Alexa handed over a code of Login with Amazon; from here the link leads both ways.";
        if keep(played, "Reciprocal", first, success, taken).is_none() {
            return;
        }
        let again = alexa.hand_over(access, &code).await;
        let success = "The same code once more, as after a lost answer: taken, and nothing changed.";
        keep(played, "Reciprocal again", again, success, taken);
        let token = patiently(alexa, access).await;
        let success = "The skill’s backend asked for a token, and Login with Amazon takes it.";
        keep(played, "Fresh Alexa token", token, success, |answer| check_partner_token(answer, amazon));
    }
}

/// Nothing of the other way is left when the link has ended.
pub(super) async fn after_unlinking(alexa: &TokenClient<'_>, access: &PlainSecret, played: &mut Vec<Played>) {
    let dead = alexa.partner_token(access, PARTNER).await;
    let success = "Refused, as it must be: unlinking ended both directions.";
    keep(played, "Alexa token after unlinking", dead, success, |answer| check_error(answer, &[400], "invalid_request"));
}

/// Asks again while the server says that the token is still on its way.
async fn patiently(alexa: &TokenClient<'_>, access: &PlainSecret) -> Result<Recorded, WireFault> {
    let began = Instant::now();
    loop {
        let answer = alexa.partner_token(access, PARTNER).await?;
        if answer.status != 503 || began.elapsed() > PATIENCE {
            return Ok(answer);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn check_partner_token(answer: &Recorded, amazon: &LoginWithAmazon) -> Result<(), Fault> {
    expect_status(answer, 200, "partner_token_refused")?;
    let json = answer.json().unwrap_or_default();
    let text = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
    let tokens = Tokens::of(answer);
    if !tokens.access_token.is_some_and(|token| amazon.is_valid(token.expose())) {
        let mend = "answer with the access token that the partner issued last";
        return Err(Fault::new("partner_token_unknown", "a token that Login with Amazon takes", outcome(answer), mend));
    }
    if tokens.refresh_token.is_some() {
        let mend = "keep the partner's refresh token for the server alone";
        return Err(Fault::new("partner_refresh_token_shown", "an access token alone", "a refresh token too", mend));
    }
    if text("issued_token_type") != ACCESS_TOKEN || !text("token_type").eq_ignore_ascii_case("bearer") {
        let mend = "answer as RFC 8693 section 2.2.1 says";
        return Err(Fault::new("partner_token_type", "both token types", "others", mend));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
