//! Owns the rehearsal of a whole platform: which rounds are made and in what order their parts follow.
//! Leaves the browser's part to `front` and the servers' part to `back`.

use std::time::{Duration, Instant};

use reqwest::Client;
use url::Url;

use super::attempt::{Attempt, random_redirect_uri};
use super::back::Back;
use super::endpoints::Endpoints;
use super::front::{Front, IN_EVERY_ROUND};
use super::report::{Fault, Logbook, Report, Step, Verdict};
use super::token_client::{ClientAuthentication, TokenClient};
use super::wire::Wire;
use crate::model::random::Randomness;
use crate::model::secret::PlainSecret;

/// What Alexa waits for an answer of the token endpoint, at most.
pub const ALEXA_DEADLINE: Duration = Duration::from_millis(4500);

/// Against what, and as whom, to rehearse.
#[derive(Debug)]
pub struct Plan {
    /// The server; its metadata or the customary paths are looked for below this.
    pub base_url: Url,
    /// The platform's client at the server.
    pub client_id: String,
    /// That client's secret.
    pub client_secret: PlainSecret,
    /// A test user's name.
    pub login: String,
    /// The test user's password.
    pub password: PlainSecret,
    /// The platform's redirect URIs, one per region; each round takes one by chance.
    pub redirect_uris: Vec<String>,
    /// The scope to ask for, blank-separated; `None` sends none.
    pub scope: Option<String>,
    /// The longest time for any answer of the token endpoint.
    pub deadline: Duration,
}

/// The platform's settings for one link.
struct Round {
    number: u8,
    pkce: bool,
    authentication: ClientAuthentication,
}

/// What a round means for those after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
    /// They may do better.
    Go,
    /// They may, but not with this client authentication.
    Without(ClientAuthentication),
    /// They would fail alike.
    Stop,
}

const ROUNDS: [Round; 4] = [
    Round { number: 1, pkce: true, authentication: ClientAuthentication::Basic },
    Round { number: 2, pkce: true, authentication: ClientAuthentication::Body },
    Round { number: 3, pkce: false, authentication: ClientAuthentication::Basic },
    Round { number: 4, pkce: false, authentication: ClientAuthentication::Body },
];

/// Plays Alexa: four links with all combinations of PKCE and client authentication, each unlinked at its end.
///
/// `http` must neither follow redirects nor keep cookies. `on_step` hears of each step as soon as it is over.
/// Failures are in the report.
pub async fn alexa(plan: &Plan, http: &Client, randomness: &dyn Randomness, on_step: &mut dyn FnMut(&Step)) -> Report {
    let wire = Wire::new(http);
    let mut logbook = Logbook::new(on_step);
    let mut refused = None;
    for round in &ROUNDS {
        logbook.begin_round(round.number);
        let authentication = round.authentication;
        if refused == Some(authentication) {
            logbook.skip(format!("the server refused {authentication} before; this round would fail alike"));
            continue;
        }
        match round.play(plan, wire, randomness, &mut logbook).await {
            Some(Onward::Go) => {}
            Some(Onward::Without(authentication)) => refused = Some(authentication),
            Some(Onward::Stop) => {
                logbook.skip(format!("{} would fail alike; mend the step above first", rest_from(round.number)));
                break;
            }
            None => break,
        }
    }
    Report::new("alexa", plan.base_url.to_string(), logbook.into_steps())
}

impl Round {
    /// One link from nothing to unlinked; `None` when the server can not even be asked.
    async fn play(
        &self,
        plan: &Plan,
        wire: Wire<'_>,
        randomness: &dyn Randomness,
        logbook: &mut Logbook<'_>,
    ) -> Option<Onward> {
        let started = Instant::now();
        let found = self.discover(plan, wire, randomness).await;
        let (endpoints, attempt) = logbook.keep("discover", started, found)?;

        let front = Front { plan, endpoints: &endpoints, attempt: &attempt };
        let Some(code) = front.obtain_code(wire, logbook).await else {
            if logbook.last_reason().is_some_and(|reason| IN_EVERY_ROUND.contains(&reason)) {
                return Some(Onward::Stop);
            }
            logbook.stop("an authorization code");
            return Some(Onward::Go);
        };

        let client = TokenClient {
            wire,
            endpoints: &endpoints,
            client_id: &plan.client_id,
            client_secret: &plan.client_secret,
            authentication: self.authentication,
        };
        let back = Back { client, attempt: &attempt, deadline: plan.deadline, randomness };
        Some(back.use_code(&code, logbook).await)
    }

    async fn discover(
        &self,
        plan: &Plan,
        wire: Wire<'_>,
        randomness: &dyn Randomness,
    ) -> Result<((Endpoints, Attempt), Verdict), Fault> {
        let redirect_uri = random_redirect_uri(&plan.redirect_uris, randomness).ok_or_else(|| {
            let mend = "give the redirect URIs of the platform's regions";
            Fault::new("no_redirect_uri", "at least one redirect URI", "none", mend)
        })?;
        let (endpoints, _) = Endpoints::discover(&wire, &plan.base_url).await?;
        let scope = plan.scope.as_deref();
        let attempt = Attempt::new(&plan.client_id, redirect_uri, scope, self.pkce, randomness);
        let source = match &endpoints.issuer {
            Some(issuer) => format!("metadata of {}", issuer.escape_debug()),
            None => "no metadata, customary paths".to_owned(),
        };
        let pkce = if self.pkce { "with PKCE" } else { "without PKCE" };
        let authentication = self.authentication;
        let detail = format!("{source}; {pkce}, {authentication}, redirect to {redirect_uri}");
        let verdict = endpoints.check_issuer(&plan.base_url).map(|()| detail);
        Ok(((endpoints, attempt), verdict))
    }
}

/// The rounds after `number` in words, together with what is left of it.
fn rest_from(number: u8) -> String {
    let last = ROUNDS.last().map_or(number, |round| round.number);
    match last.saturating_sub(number) {
        0 => "the rest of this round".to_owned(),
        1 => format!("the rest of this round and round {last}"),
        _ => format!("the rest of this round and rounds {}-{last}", number + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rounds_that_are_left_out_are_named() {
        assert_eq!(rest_from(4), "the rest of this round");
        assert_eq!(rest_from(3), "the rest of this round and round 4");
        assert_eq!(rest_from(1), "the rest of this round and rounds 2-4");
    }
}
