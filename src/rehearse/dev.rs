//! Owns the link that `couplet dev` plays through for a developer: one attempt at a time, each step with its raw messages and
//! a verdict in words. Leaves showing it to `web/pages/dev.rs`.

mod played;
mod two_way;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Client;
use url::Url;

pub use self::played::Played;
use self::played::{expect_status, is_active, keep, words};
use super::attempt::{Attempt, random_text};
use super::endpoints::Endpoints;
use super::login_with_amazon::LoginWithAmazon;
use super::messages_api::MessagesApi;
use super::push_service::PushService;
use super::token_answer::{Tokens, check_error, check_tokens};
use super::token_client::{ClientAuthentication, TokenClient};
use super::wire::Wire;
use crate::model::random::Randomness;
use crate::model::secret::PlainSecret;

/// As many unfinished links as are remembered; the oldest is forgotten first.
const MOST: usize = 100;

/// The name of Login with Amazon among the partners, and the audience of its tokens.
pub const PARTNER: &str = "alexa";

/// The demo platform: a client, a user, and the links on their way.
pub struct Rehearsal {
    /// The demo user's login.
    pub login: String,
    /// The demo user's password, shown on the page.
    pub password: PlainSecret,
    /// The demo user's phone number, for codes by text message.
    pub phone: &'static str,
    /// The demo client's id.
    pub client_id: String,
    /// The demo client's secret, shown on the page.
    pub client_secret: PlainSecret,
    /// Where the answer of the authorization endpoint goes: the dev page.
    pub redirect_uri: String,
    /// The server, as browsers and platforms reach it.
    pub public_url: Url,
    /// The server, as its own machine reaches it.
    pub base_url: Url,
    /// Fields of the platform's console with their values.
    pub console: Vec<(String, String)>,
    /// Sends the platform's requests.
    pub http: Client,
    /// Stands in for Login with Amazon, where the codes come from that Alexa hands over; none when the demo client has a
    /// partner of the developer's own.
    pub amazon: Option<LoginWithAmazon>,
    /// Stands in for Twilio's Messages API; none when the developer's own connector sends text messages.
    pub messages: Option<MessagesApi>,
    /// Stands in for the push service of browsers; none when messages go to no browser.
    pub push_service: Option<PushService>,
    /// The links on their way.
    pub attempts: Attempts,
}

/// The links on their way, by `state`.
#[derive(Default)]
pub struct Attempts(Mutex<BTreeMap<String, (Instant, Attempt)>>);

impl Attempts {
    fn put(&self, attempt: Attempt) {
        let mut attempts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MOST {
            let oldest = attempts.iter().min_by_key(|(_, (began, _))| *began).map(|(state, _)| state.clone());
            oldest.and_then(|state| attempts.remove(&state));
        }
        attempts.insert(attempt.state.clone(), (Instant::now(), attempt));
    }

    fn take(&self, state: &str) -> Option<Attempt> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(state).map(|(_, attempt)| attempt)
    }
}

impl Rehearsal {
    /// Starts a link: the address that the app opens.
    pub fn begin(&self, randomness: &dyn Randomness) -> String {
        let mut attempt = Attempt::new(&self.client_id, &self.redirect_uri, None, true, randomness);
        attempt.state = random_text(randomness);
        let url = attempt.authorize_url(&Endpoints::customary(&self.public_url).authorization);
        self.attempts.put(attempt);
        url.to_string()
    }

    /// Goes on when the browser came back with `query`; `None` when no link of that `state` is on its way.
    pub async fn go_on(&self, state: &str, query: &str) -> Option<Vec<Played>> {
        let attempt = self.attempts.take(state)?;
        let endpoints = Endpoints::customary(&self.base_url);
        let location = format!("{}?{query}", attempt.redirect_uri);
        let mut played = Vec::new();
        let authorize = attempt.authorize_url(&endpoints.authorization);
        played.push(Played {
            name: "Authorize",
            verdict: "The app opened the authorization page; you signed in and decided. Your own time is not measured."
                .to_owned(),
            passed: true,
            took: Duration::ZERO,
            request: format!("GET {authorize}"),
            answer: "The sign-in and consent pages you saw.".to_owned(),
        });
        let code = attempt.read_redirect(&location, &endpoints);
        played.push(Played {
            name: "Code",
            verdict: words(code.as_ref().map(|_| "The code and the unchanged state came back.")),
            passed: code.is_ok(),
            took: Duration::ZERO,
            request: "The browser came back by itself.".to_owned(),
            answer: format!("302 Found\nLocation: {location}"),
        });
        if let Ok(code) = code {
            self.use_code(&endpoints, &attempt, &code, &mut played).await;
        }
        Some(played)
    }

    async fn use_code(&self, endpoints: &Endpoints, attempt: &Attempt, code: &PlainSecret, played: &mut Vec<Played>) {
        let platform = TokenClient {
            wire: Wire::new(&self.http),
            endpoints,
            client_id: &self.client_id,
            client_secret: &self.client_secret,
            authentication: ClientAuthentication::Basic,
        };
        let exchanged = platform.exchange(attempt, code).await;
        let tokens =
            keep(played, "Exchange", exchanged, "The code became an access token and a refresh token.", |answer| {
                check_tokens(answer, true)
            });
        let Some(Tokens { access_token: Some(access), refresh_token: Some(refresh) }) = tokens else { return };
        let refreshed = platform.refresh(&refresh).await;
        keep(played, "Refresh", refreshed, "The refresh token got another access token.", |answer| {
            check_tokens(answer, false)
        });
        if let Some(answer) = platform.introspect(&access).await {
            keep(played, "Introspect", answer, "The first access token still works after the refresh.", is_active);
        }
        self.other_way(&platform, &access, played).await;
        unlink(&platform, &access, &refresh, played).await;
    }
}

async fn unlink(alexa: &TokenClient<'_>, access: &PlainSecret, refresh: &PlainSecret, played: &mut Vec<Played>) {
    if let Some(answer) = alexa.revoke(refresh).await {
        let ended = "The link is ended again, so that every rehearsal starts fresh.";
        keep(played, "Unlink", answer, ended, |answer| expect_status(answer, 200, "revoke_refused"));
        let dead = alexa.refresh(refresh).await;
        keep(played, "Refresh after unlinking", dead, "Refused with invalid_grant, as it must be.", |answer| {
            check_error(answer, &[400], "invalid_grant")
        });
        two_way::after_unlinking(alexa, access, played).await;
    }
}
