//! Owns one try to bring a message to an Android phone by Firebase Cloud Messaging (its HTTP v1 API). Leaves access tokens to
//! `fcm/access.rs`.

mod access;
mod account;

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

pub use self::account::{Firebase, ServiceAccount};

use self::access::Access;
use crate::model::failure::Fault;
use crate::model::secret::PlainSecret;
use crate::model::time::Clock;
use crate::push::sender::PushMessage;
use crate::push::senders::PATIENCE;
use crate::push::senders::attempt::{Outcome, Way, beginning, broken, judge, retry_after};

/// Where Google takes messages.
pub const GOOGLE: &str = "https://fcm.googleapis.com";

/// Access tokens that one try is made with: the one in use, and a new one when that is refused.
const TOKENS: u32 = 2;

/// Brings messages by one Firebase project.
pub struct Fcm {
    http: reqwest::Client,
    endpoint: Url,
    access: Access,
    clock: Arc<dyn Clock>,
}

/// What an answer says of an error (google.rpc.Status).
#[derive(Default, Deserialize)]
struct Answer {
    #[serde(default)]
    error: Problem,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    status: String,
    message: String,
    details: Vec<Detail>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: String,
    field_violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Problem {
    /// Firebase's own code where it tells one, else that of all of Google's services.
    fn code(&self) -> &str {
        let own = self.details.iter().map(|detail| detail.error_code.as_str()).find(|code| !code.is_empty());
        own.unwrap_or(&self.status)
    }

    /// Whether it is the token that is wrong, and not something else of the message.
    fn is_about_token(&self) -> bool {
        let mut fields = self.details.iter().flat_map(|detail| &detail.field_violations);
        fields.any(|violation| violation.field == "message.token")
            || self.message.contains("not a valid FCM registration token")
    }
}

impl Fcm {
    /// By a client that follows no redirect.
    pub fn new(firebase: &Firebase, http: reqwest::Client, clock: Arc<dyn Clock>) -> Result<Self, Fault> {
        let mut endpoint = firebase.base_url.clone();
        let path = endpoint.path_segments_mut().map_err(|()| Fault::new("push.fcm_base_url can have no path"));
        path?.pop_if_empty().extend(["v1", "projects", &firebase.account.project_id, "messages:send"]);
        let access = Access::new(firebase.account.clone(), http.clone(), clock.clone());
        Ok(Self { http, endpoint, access, clock })
    }

    /// One request; `None` when the access token is not good any more.
    async fn post(&self, body: &Value, access: &PlainSecret) -> Option<Outcome> {
        let request = self.http.post(self.endpoint.clone()).timeout(PATIENCE).bearer_auth(access.expose());
        let response = match request.json(body).send().await {
            Ok(response) => response,
            Err(error) => return Some(broken(&error)),
        };
        let (status, after) = (response.status(), retry_after(&response, self.clock.shown_to_others()));
        if status.is_success() {
            return Some(Outcome::Taken);
        }
        let answer: Answer = serde_json::from_slice(&beginning(response).await).unwrap_or_default();
        let why = format!("Firebase answered with status {} {}", status.as_u16(), answer.error.code());
        match (status, answer.error.code()) {
            // About the key or certificate with which Firebase reaches the device in its turn, not about ours.
            (StatusCode::UNAUTHORIZED, "THIRD_PARTY_AUTH_ERROR") => {
                let words = "check the APNs key and the Web Push certificate of the project in the Firebase console";
                return Some(Outcome::Refused(format!("{why}; {words}")));
            }
            (StatusCode::UNAUTHORIZED, _) => return None,
            _ => {}
        }
        // A project that is not there is a 404 too.
        let gone = match (status, answer.error.code()) {
            (StatusCode::NOT_FOUND, "UNREGISTERED") => true,
            (StatusCode::BAD_REQUEST, "INVALID_ARGUMENT") => answer.error.is_about_token(),
            _ => false,
        };
        Some(if gone { Outcome::Gone(why) } else { judge(status, why, after) })
    }
}

/// What became of a message when no access token that Google gives is good at Firebase.
fn not_taken() -> Outcome {
    Outcome::Refused("Firebase does not take the access token; check push.fcm_service_account_file".to_owned())
}

#[async_trait]
impl Way for Fcm {
    fn lane(&self, _token: &str) -> String {
        "fcm".to_owned()
    }

    async fn bring(&self, token: &str, message: &PushMessage, ttl: u32) -> Outcome {
        let data: Map<String, Value> =
            message.data().into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        let android = json!({ "priority": "HIGH", "ttl": format!("{ttl}s") });
        let body = json!({ "message": { "token": token, "data": data, "android": android } });
        let mut refused = None;
        for _ in 0..TOKENS {
            let access = match self.access.token(refused.as_ref()).await {
                Ok(access) => access,
                Err(outcome) => return outcome,
            };
            if let Some(outcome) = self.post(&body, &access).await {
                return outcome;
            }
            refused = Some(access);
        }
        not_taken()
    }
}
