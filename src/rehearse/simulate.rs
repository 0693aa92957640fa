//! Owns the rehearsal of a whole platform: which rounds are made and in what order their parts follow.
//! Leaves the browser's part to `front` and the servers' part to `back`.

use std::time::{Duration, Instant};

use reqwest::Client;
use url::Url;

use super::attempt::{Attempt, random_redirect_uri};
use super::back::Back;
use super::endpoints::Endpoints;
use super::front::Front;
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
    for round in &ROUNDS {
        logbook.begin_round(round.number);
        if round.play(plan, wire, randomness, &mut logbook).await.is_none() {
            break;
        }
    }
    Report::new("alexa", plan.base_url.to_string(), logbook.into_steps())
}

impl Round {
    /// One link from nothing to unlinked; `None` when no other round can do better.
    async fn play(
        &self,
        plan: &Plan,
        wire: Wire<'_>,
        randomness: &dyn Randomness,
        logbook: &mut Logbook<'_>,
    ) -> Option<()> {
        let started = Instant::now();
        let found = self.discover(plan, wire, randomness).await;
        let (endpoints, attempt) = logbook.keep("discover", started, found)?;

        let front = Front { plan, endpoints: &endpoints, attempt: &attempt };
        let Some(code) = front.obtain_code(wire, logbook).await else {
            logbook.stop("an authorization code");
            return Some(());
        };

        let client = TokenClient {
            wire,
            endpoints: &endpoints,
            client_id: &plan.client_id,
            client_secret: &plan.client_secret,
            authentication: self.authentication,
        };
        let back = Back { client, attempt: &attempt, deadline: plan.deadline, randomness };
        back.use_code(&code, logbook).await;
        Some(())
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
        Ok(((endpoints, attempt), Ok(detail)))
    }
}
