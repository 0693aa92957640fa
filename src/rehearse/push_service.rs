//! Owns a strict stand-in for the push service of a browser (RFC 8030), and the browser behind it, over plain values: which
//! requests it takes, what it answers, and what the browser was told. Leaves HTTP to whoever serves it (`couplet dev` and the
//! tests).
//!
//! A subscription is its address: the keys come from a text in it, so that one still works after a restart. No real push service
//! may do that, for whoever knows the address could read the messages.

mod browser;
mod vapid;

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use url::Url;

use self::browser::Browser;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::sha256;
use crate::model::time::{Clock, Timestamp};

/// As many messages, and refusals, as are remembered; the oldest is forgotten first.
const MOST: usize = 50;

/// The most that is taken, in bytes (RFC 8030 section 7.2).
const LONGEST: usize = 4096;

/// Stands in an address for a subscription that is bound to no key.
const UNBOUND: &str = "-";

/// A push service with its browsers.
pub struct PushService {
    base_url: Url,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    state: Mutex<State>,
}

/// A request.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// The method.
    pub method: &'a str,
    /// What stands in the path behind the service's address and a slash.
    pub subscription: &'a str,
    /// The value of a header by its name.
    pub header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body as it came.
    pub body: &'a [u8],
}

/// What is answered, without a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

/// A message that a browser got.
#[derive(Clone, Debug, PartialEq)]
pub struct Pushed {
    /// To which subscription.
    pub subscription: String,
    /// What it says.
    pub data: Value,
    /// For how many seconds it would be kept.
    pub ttl: u32,
    /// The value of `Urgency`.
    pub urgency: String,
    /// The value of `Topic`.
    pub topic: Option<String>,
    /// To whom the push service may turn.
    pub contact: Option<String>,
    /// When.
    pub at: Timestamp,
}

#[derive(Default)]
struct State {
    pushed: VecDeque<Pushed>,
    refused: VecDeque<String>,
    next: VecDeque<Answer>,
    gone: BTreeSet<String>,
    calls: u32,
}

/// A refused request.
struct Refusal {
    status: u16,
    why: String,
}

fn refuse(status: u16, why: impl Into<String>) -> Refusal {
    Refusal { status, why: why.into() }
}

impl PushService {
    /// A service whose subscriptions have addresses below `base_url`.
    pub fn new(base_url: Url, clock: Arc<dyn Clock>, randomness: Arc<dyn Randomness>) -> Self {
        Self { base_url, clock, randomness, state: Mutex::default() }
    }

    /// What a browser's `PushManager` gives: the JSON of a PushSubscription. With the key that the server tells (in base64url)
    /// messages of others are refused.
    pub fn subscribe(&self, application_server_key: Option<&str>) -> Value {
        let seed = URL_SAFE_NO_PAD.encode(bytes::<32>(&*self.randomness));
        let bound = application_server_key.and_then(|key| URL_SAFE_NO_PAD.decode(key).ok());
        let bound = bound.map_or_else(|| UNBOUND.to_owned(), |key| digest(&key));
        let browser = Browser::of(&seed);
        let endpoint = format!("{}/{seed}.{bound}", self.base_url.as_str().trim_end_matches('/'));
        let (p256dh, auth) = browser.map(|browser| (browser.public_key(), browser.auth())).unwrap_or_default();
        json!({ "endpoint": endpoint, "expirationTime": null, "keys": {
            "p256dh": URL_SAFE_NO_PAD.encode(p256dh), "auth": URL_SAFE_NO_PAD.encode(auth),
        } })
    }

    /// Answers a request.
    pub fn answer(&self, call: &Call<'_>) -> Answer {
        let taken = self.take(call);
        let mut state = self.state();
        state.calls += 1;
        if let Some(answer) = state.next.pop_front() {
            return answer;
        }
        match taken {
            Ok(_) if state.gone.contains(call.subscription) => Answer { status: 410, retry_after: None },
            Ok(pushed) => {
                keep(&mut state.pushed, pushed);
                Answer { status: 201, retry_after: None }
            }
            Err(Refusal { status, why }) => {
                keep(&mut state.refused, format!("{status}: {why}"));
                Answer { status, retry_after: None }
            }
        }
    }

    /// The messages so far, the latest last.
    pub fn pushed(&self) -> Vec<Pushed> {
        self.state().pushed.iter().cloned().collect()
    }

    /// Why requests were refused.
    pub fn refused(&self) -> Vec<String> {
        self.state().refused.iter().cloned().collect()
    }

    /// Requests of any kind, also those that were answered on demand.
    pub fn calls(&self) -> u32 {
        self.state().calls
    }

    /// Lets the next requests be answered so, one each.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.state().next.extend(answers);
    }

    /// From now on the browser of a subscription is gone, given what [`PushService::subscribe`] gave.
    pub fn unsubscribe(&self, subscription: &Value) {
        let endpoint = subscription.get("endpoint").and_then(Value::as_str).unwrap_or_default();
        let name = endpoint.rsplit('/').next().unwrap_or_default();
        self.state().gone.insert(name.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, call: &Call<'_>) -> Result<Pushed, Refusal> {
        let unknown = || refuse(404, "there is no such subscription");
        if call.method != "POST" {
            return Err(refuse(405, "messages are posted"));
        }
        let is_bound =
            |bound: &str| bound == UNBOUND || URL_SAFE_NO_PAD.decode(bound).is_ok_and(|digest| digest.len() == 32);
        let (seed, bound) =
            call.subscription.split_once('.').filter(|(_, bound)| is_bound(bound)).ok_or_else(unknown)?;
        let browser = Browser::of(seed).ok_or_else(unknown)?;
        let authorization = (call.header)("authorization").ok_or_else(|| refuse(401, "there is no Authorization"))?;
        let origin = self.base_url.origin().ascii_serialization();
        let sender = vapid::check(authorization, &origin, self.clock.now()).map_err(|why| refuse(403, why))?;
        if bound != UNBOUND && bound != digest(&sender.key) {
            return Err(refuse(403, "the subscription is bound to another application server's key"));
        }
        let (ttl, urgency, topic) = headers(call)?;
        if call.body.len() > LONGEST {
            return Err(refuse(413, "the message is too long"));
        }
        let plain = browser.decrypt(call.body).ok_or_else(|| refuse(400, "the browser can't decrypt it"))?;
        let data = serde_json::from_slice(&plain).map_err(|_| refuse(400, "the message is no JSON"))?;
        let (subscription, contact, at) = (call.subscription.to_owned(), sender.contact, self.clock.now());
        Ok(Pushed { subscription, data, ttl, urgency, topic, contact, at })
    }
}

/// What the message's headers say (RFC 8030 section 5).
fn headers(call: &Call<'_>) -> Result<(u32, String, Option<String>), Refusal> {
    let header = |name| (call.header)(name);
    let ttl =
        header("ttl").and_then(|ttl| ttl.parse().ok()).ok_or_else(|| refuse(400, "TTL is missing, or no number"))?;
    let urgency = header("urgency").unwrap_or("normal");
    if !["very-low", "low", "normal", "high"].contains(&urgency) {
        return Err(refuse(400, "Urgency is none of the four words"));
    }
    let topic = header("topic");
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if topic.is_some_and(|topic| topic.len() > 32 || !is_name(topic)) {
        return Err(refuse(400, "Topic has to be 32 characters of base64url at most"));
    }
    if header("content-encoding") != Some("aes128gcm") {
        return Err(refuse(415, "Content-Encoding has to be aes128gcm"));
    }
    Ok((ttl, urgency.to_owned(), topic.map(str::to_owned)))
}

fn digest(key: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(sha256(&[key]))
}

fn keep<T>(list: &mut VecDeque<T>, item: T) {
    list.push_back(item);
    let surplus = list.len().saturating_sub(MOST);
    list.drain(..surplus);
}
