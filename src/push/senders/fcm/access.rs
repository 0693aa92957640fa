//! Owns Google's access tokens for one service account: asked for by a signed assertion (RFC 7523), used until shortly before
//! their end.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::account::ServiceAccount;
use crate::model::secret::PlainSecret;
use crate::model::time::{Clock, Timestamp, after};
use crate::push::senders::PATIENCE;
use crate::push::senders::attempt::{Outcome, beginning, broken, judge, retry_after};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long an assertion lives: as long as Google allows.
const LIFE: Duration = Duration::from_secs(3600);

/// How long before its end a token is used no more.
const MARGIN: Duration = Duration::from_secs(60);

/// The token in use.
pub struct Access {
    account: ServiceAccount,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    /// With the moment from which it is not used.
    current: Mutex<Option<(Timestamp, PlainSecret)>>,
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
        Self { account, http, clock, current: Mutex::default() }
    }

    /// The token, or a new one if it is the one that was refused; of those who want one at once, one asks.
    pub async fn token(&self, refused: Option<&PlainSecret>) -> Result<PlainSecret, Outcome> {
        let now = self.clock.now();
        let mut current = self.current.lock().await;
        let is_good = |token: &PlainSecret| refused.is_none_or(|refused| refused.expose() != token.expose());
        if let Some((_, token)) = current.as_ref().filter(|(until, token)| now < *until && is_good(token)) {
            return Ok(token.clone());
        }
        *current = None;
        let granted = self.ask(now).await?;
        let life = Duration::from_secs(granted.expires_in).min(LIFE).saturating_sub(MARGIN);
        let token = PlainSecret::from(granted.access_token);
        *current = Some((after(now, life), token.clone()));
        Ok(token)
    }

    async fn ask(&self, now: Timestamp) -> Result<Granted, Outcome> {
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
        let request = self.http.post(token_uri.clone()).timeout(PATIENCE).form(&form);
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
