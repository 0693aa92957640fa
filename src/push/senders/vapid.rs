//! Owns saying to browsers' push services who sends (RFC 8292): one key pair of this server, to which each browser binds its
//! subscription, and a token for each service, used until shortly before its end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use crate::model::failure::Fault;
use crate::model::push::factor::Platform;
use crate::model::time::{Clock, Timestamp, after};
use crate::push::senders::attempt::serves;
use crate::push::{Denied, Push};
use crate::tokens::assertion::AssertionKey;
use crate::tokens::keys::{KeyFailure, Keys};

/// How long a token lives: half of what is allowed, for clocks that differ.
const LIFE: Duration = Duration::from_secs(12 * 3600);

/// How long a token is used.
const USE: Duration = Duration::from_secs(11 * 3600);

/// As many services as have a token; devices name them.
const MOST: usize = 200;

/// Signs for push services.
pub struct Vapid {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    contact: Option<String>,
    key: OnceCell<AssertionKey>,
    /// The headers in use, with the moments at which they were made.
    headers: Mutex<HashMap<String, (Timestamp, HeaderValue)>>,
}

impl Vapid {
    /// Tells services that they may turn to `contact`, a `mailto:` or `https:` address.
    pub fn new(keys: Arc<Keys>, clock: Arc<dyn Clock>, contact: Option<String>) -> Self {
        Self { keys, clock, contact, key: OnceCell::new(), headers: Mutex::default() }
    }

    /// The value of `Authorization` for a service, by its origin.
    pub async fn authorization(&self, origin: &str) -> Result<HeaderValue, KeyFailure> {
        let now = self.clock.shown_to_others();
        let mut headers = self.headers.lock().await;
        if let Some((_, header)) = headers.get(origin).filter(|(made, _)| serves(*made, USE, now)) {
            return Ok(header.clone());
        }
        let key = self.key.get_or_try_init(|| open(&self.keys)).await?;
        let token = key.sign(None, &self.claims(origin, now))?;
        let text = format!("vapid t={}, k={}", token.expose(), URL_SAFE_NO_PAD.encode(key.public_key()));
        let mut header = HeaderValue::from_str(&text).map_err(|_| Fault::new("a VAPID token fits into no header"))?;
        header.set_sensitive(true);
        if headers.len() >= MOST {
            headers.clear();
        }
        headers.insert(origin.to_owned(), (now, header.clone()));
        Ok(header)
    }

    fn claims(&self, origin: &str, now: Timestamp) -> Value {
        let mut claims = json!({ "aud": origin, "exp": after(now, LIFE).timestamp() });
        if let (Some(contact), Some(claims)) = (&self.contact, claims.as_object_mut()) {
            claims.insert("sub".to_owned(), contact.as_str().into());
        }
        claims
    }
}

async fn open(keys: &Keys) -> Result<AssertionKey, KeyFailure> {
    let pkcs8 = keys.vapid().await?;
    AssertionKey::es256(&pkcs8).ok_or_else(|| Fault::new("the stored key pair for push services is none").into())
}

impl Push {
    /// The public key to which a browser binds its subscription: the uncompressed point in base64url. It never changes. `None`
    /// when this server sends nothing to browsers.
    pub async fn vapid_public_key(&self) -> Result<Option<String>, Denied> {
        if !self.sender.serves(Platform::Web) {
            return Ok(None);
        }
        let key = open(&self.keys).await.map_err(|failure| failure.map(|never| match never {}))?;
        Ok(Some(URL_SAFE_NO_PAD.encode(key.public_key())))
    }
}
