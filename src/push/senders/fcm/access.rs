//! Owns Google's access tokens for one service account: asked for by a signed assertion (RFC 7523), used until shortly before
//! their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::account::ServiceAccount;
use crate::model::secret::PlainSecret;
use crate::model::time::{Clock, Timestamp, after};
use crate::push::senders::attempt::{Outcome, beginning, broken, judge, retry_after};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion lives: as long as Google allows.
const LIFE: Duration = Duration::from_secs(3600);

/// How long before its end a token is used no more.
const MARGIN: Duration = Duration::from_secs(60);

/// How long Google may take: less than a try, so that what comes of asking is known before the one who asked gives up.
const ASKING: Duration = Duration::from_secs(5);

/// For how long nobody asks again after Google gave none.
const RESTING: Duration = Duration::from_secs(2);

/// For how long a token that was asked for because another was refused is not replaced in its turn: what Firebase does not take
/// for another reason no new one mends.
const REPLACING: Duration = Duration::from_secs(10);

/// The token in use.
pub struct Access {
    account: ServiceAccount,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

/// What came of asking for tokens. Those that wait for one share it.
#[derive(Default)]
struct State {
    /// With the moment from which it is not used.
    current: Option<(Timestamp, PlainSecret)>,
    failed: Option<(Instant, Outcome)>,
    replaced: Option<Instant>,
}

impl State {
    /// What is known without asking.
    fn known(&self, now: Timestamp, refused: Option<&PlainSecret>) -> Option<Result<PlainSecret, Outcome>> {
        let is_refused = |token: &PlainSecret| refused.is_some_and(|refused| refused.expose() == token.expose());
        match &self.current {
            Some((until, token)) if now < *until && !is_refused(token) => return Some(Ok(token.clone())),
            Some((_, token)) if is_refused(token) && is_within(self.replaced, REPLACING) => {
                return Some(Err(super::not_taken()));
            }
            _ => {}
        }
        let (at, outcome) = self.failed.as_ref()?;
        is_within(Some(*at), RESTING).then(|| Err(outcome.clone()))
    }
}

fn is_within(at: Option<Instant>, span: Duration) -> bool {
    at.is_some_and(|at| at.elapsed() < span)
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

impl Access {
    /// None is asked for yet.
    pub fn new(account: ServiceAccount, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self { account, http, clock, state: Mutex::default() }
    }

    /// The token, or a new one if it is the one that was refused. Of those who want one at once, one asks, and what comes of it
    /// is for all.
    pub async fn token(&self, refused: Option<&PlainSecret>) -> Result<PlainSecret, Outcome> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(known) = state.known(now, refused) {
            return known;
        }
        state.current = None;
        state.replaced = refused.map(|_| Instant::now()).or(state.replaced);
        let granted = match self.ask().await {
            Ok(granted) => granted,
            Err(outcome) => {
                state.failed = Some((Instant::now(), outcome.clone()));
                return Err(outcome);
            }
        };
        let life = Duration::from_secs(granted.expires_in).min(LIFE).saturating_sub(MARGIN);
        let token = PlainSecret::from(granted.access_token);
        state.current = Some((after(now, life), token.clone()));
        state.failed = None;
        Ok(token)
    }

    async fn ask(&self) -> Result<Granted, Outcome> {
        let now = self.clock.shown_to_others();
        let ServiceAccount { client_email, key_id, token_uri, key, .. } = &self.account;
        let claims = json!({
            "iss": client_email,
            "scope": SCOPE,
            "aud": token_uri.as_str(),
            "iat": now.timestamp(),
            "exp": after(now, LIFE).timestamp(),
        });
        let assertion = key.sign(key_id.as_deref(), &claims).map_err(|fault| Outcome::Refused(fault.to_string()))?;
        let form = [("grant_type", GRANT), ("assertion", assertion.expose())];
        let request = self.http.post(token_uri.clone()).timeout(ASKING).form(&form);
        let response = request.send().await.map_err(|error| broken(&error))?;
        let (status, after) = (response.status(), retry_after(&response, now));
        if !status.is_success() {
            let words = "Google gave no access token for push.fcm_service_account_file: status";
            return Err(judge(status, format!("{words} {}", status.as_u16()), after));
        }
        let unclear = || Outcome::Later("Google's answer has no access token".to_owned(), None);
        serde_json::from_slice(&beginning(response).await).map_err(|_| unclear())
    }
}
