//! Owns a strict stand-in for the token endpoint of Login with Amazon, over plain values: which requests it takes and what it
//! answers. Leaves HTTP to whoever serves it (`couplet dev` and the tests), taking requests apart to `request`, and what is
//! known of customers to `customers`.

mod customers;
mod request;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use self::customers::{Customers, Issued};
use self::request::{Refusal, basic, one, read, required};
use crate::model::parameters::Parameters;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;
use crate::model::time::{Clock, after};

/// As many refusals as are remembered; the oldest is forgotten first.
const MOST_REFUSALS: usize = 50;

/// The media type of every answer of its own.
const JSON: &str = "application/json;charset=UTF-8";

/// Login with Amazon for one security profile: its client, and the customers who let that client act for them.
pub struct LoginWithAmazon {
    client_id: String,
    client_secret: PlainSecret,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    state: Mutex<State>,
}

/// A request to the token endpoint: its `Content-Type`, its `Authorization` and its body.
#[derive(Clone, Copy)]
pub struct TokenCall<'a> {
    /// The value of `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
}

/// What the token endpoint answers. Holds tokens: not for logs.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// What happened so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Requests of any kind, also those that a fault answered.
    pub calls: u32,
    /// Codes that became tokens.
    pub exchanges: u32,
    /// Refreshes that were answered with tokens.
    pub refreshes: u32,
    /// Why other requests were refused, in words without secrets; the latest fifty.
    pub refused: Vec<String>,
}

/// A fault on demand: the next request is answered so, whatever it is.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Any status, content type and body.
    Status(u16, &'static str, String),
    /// Status 400 with an OAuth error code (RFC 6749 section 5.2).
    Error(&'static str),
}

/// What changes from request to request.
struct State {
    customers: Customers,
    faults: VecDeque<Fault>,
    seen: Seen,
    life: u64,
    life_as_text: bool,
}

impl LoginWithAmazon {
    /// A server without customers that knows one client.
    pub fn new(
        client_id: &str,
        client_secret: PlainSecret,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Self {
        let state = State {
            customers: Customers::default(),
            faults: VecDeque::new(),
            seen: Seen::default(),
            life: 3600,
            life_as_text: true,
        };
        Self { client_id: client_id.to_owned(), client_secret, clock, randomness, state: Mutex::new(state) }
    }

    /// A code of a fresh customer, as Amazon hands it to a reciprocal endpoint; it can be used once, within five minutes.
    pub fn issue_code(&self) -> PlainSecret {
        let letters = bytes::<18>(&*self.randomness).map(|byte| char::from(b'A' + byte % 26));
        let code: PlainSecret = format!("AN{}", letters.iter().collect::<String>()).into();
        self.state().customers.welcome(code.clone(), self.clock.now());
        code
    }

    /// Answers a POST to the token endpoint.
    pub fn answer(&self, request: &TokenCall<'_>) -> Answer {
        let mut state = self.state();
        state.seen.calls += 1;
        if let Some(fault) = state.faults.pop_front() {
            return fault.into();
        }
        self.tokens(request, &mut state).unwrap_or_else(|refusal| {
            state.seen.refused.push(format!("{}: {}", refusal.error, refusal.why));
            let forgotten = state.seen.refused.len().saturating_sub(MOST_REFUSALS);
            state.seen.refused.drain(..forgotten);
            refusal.into()
        })
    }

    /// Whether the event gateway would take this access token.
    pub fn is_valid(&self, access_token: &str) -> bool {
        self.state().customers.accept(access_token, self.clock.now())
    }

    /// All customers so far take their permission back: their tokens are worth nothing from now on. Whoever gets a code
    /// afterwards is a new customer.
    pub fn remove_permission(&self) {
        self.state().customers.leave();
    }

    /// What happened so far.
    pub fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// Lets the next requests meet these faults, one each.
    pub fn break_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state().faults.extend(faults);
    }

    /// How many seconds access tokens live from now on, and whether `expires_in` says so as text, as one of Amazon's own
    /// examples does.
    pub fn expires_in(&self, seconds: u64, as_text: bool) {
        let mut state = self.state();
        (state.life, state.life_as_text) = (seconds, as_text);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tokens(&self, request: &TokenCall<'_>, state: &mut State) -> Result<Answer, Refusal> {
        let form = read(request)?;
        self.authenticate(request.authorization, &form)?;
        let now = self.clock.now();
        let issued = Issued {
            access_token: self.token("Atza"),
            refresh_token: self.token("Atzr"),
            expires_at: after(now, Duration::from_secs(state.life)),
        };
        let answer = state.success(&issued);
        match one(&form, "grant_type")? {
            Some("authorization_code") => {
                if one(&form, "redirect_uri")?.is_some() {
                    return Err(Refusal::invalid_grant("a reciprocal code has no redirect_uri"));
                }
                state.customers.exchange(required(&form, "code")?, issued, now).map_err(Refusal::invalid_grant)?;
                state.seen.exchanges += 1;
            }
            Some("refresh_token") => {
                let token = required(&form, "refresh_token")?;
                state.customers.refresh(token, issued, now).map_err(Refusal::invalid_grant)?;
                state.seen.refreshes += 1;
            }
            Some(_) => return Err(Refusal::new("unsupported_grant_type", "this grant_type is not supported")),
            None => return Err(Refusal::invalid_request("grant_type is missing")),
        }
        Ok(answer)
    }

    fn authenticate(&self, authorization: Option<&str>, form: &Parameters) -> Result<(), Refusal> {
        let (id, secret) = (one(form, "client_id")?, one(form, "client_secret")?);
        let Some(header) = authorization else {
            return self.check_client(id.unwrap_or_default(), secret.unwrap_or_default());
        };
        if secret.is_some() {
            return Err(Refusal::invalid_request("the client authenticates in two ways at once"));
        }
        let (basic_id, basic_secret) = basic(header).ok_or_else(Refusal::invalid_client)?;
        if id.is_some_and(|id| id != basic_id) {
            return Err(Refusal::invalid_client());
        }
        self.check_client(&basic_id, &basic_secret)
    }

    fn check_client(&self, id: &str, secret: &str) -> Result<(), Refusal> {
        let same = secret.as_bytes().ct_eq(self.client_secret.expose().as_bytes());
        if id == self.client_id && bool::from(same) { Ok(()) } else { Err(Refusal::invalid_client()) }
    }

    /// As long as the shortest that Amazon promises, and a little more.
    fn token(&self, kind: &str) -> PlainSecret {
        format!("{kind}|{}", URL_SAFE_NO_PAD.encode(bytes::<270>(&*self.randomness))).into()
    }
}

impl State {
    fn success(&self, issued: &Issued) -> Answer {
        let life: Value = if self.life_as_text { self.life.to_string().into() } else { self.life.into() };
        let body = json!({
            "access_token": issued.access_token.expose(),
            "refresh_token": issued.refresh_token.expose(),
            "token_type": "bearer",
            "expires_in": life,
        });
        Answer { status: 200, content_type: JSON, body: body.to_string() }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        let body = json!({ "error": refusal.error, "error_description": refusal.why });
        Self { status: refusal.status, content_type: JSON, body: body.to_string() }
    }
}

impl From<Fault> for Answer {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Status(status, content_type, body) => Self { status, content_type, body },
            Fault::Error(error) => Refusal::new(error, "a fault on demand").into(),
        }
    }
}

#[cfg(test)]
mod tests;
