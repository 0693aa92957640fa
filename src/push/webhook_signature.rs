//! Owns the signature of webhooks (`X-Twilio-Signature`), so that receivers know who sent them.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, Key};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::secret::PlainSecret;

/// How the signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA-1 under the account's auth token: what every receiver knows.
    Sha1,
    /// HMAC-SHA-256 under a key shared apart.
    Sha256,
}

/// The signature over an address exactly as it is configured and over the form parameters: by name in the order of bytes, each
/// name followed by its value; the distinct values of one name in order.
pub fn sign(scheme: Scheme, secret: &PlainSecret, url: &str, parameters: &[(String, String)]) -> String {
    let mut sorted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, value) in parameters {
        sorted.entry(name).or_default().insert(value);
    }
    let algorithm = match scheme {
        Scheme::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Scheme::Sha256 => HMAC_SHA256,
    };
    let mut context = hmac::Context::with_key(&Key::new(algorithm, secret.expose().as_bytes()));
    context.update(url.as_bytes());
    for (name, values) in sorted {
        for value in values {
            context.update(name.as_bytes());
            context.update(value.as_bytes());
        }
    }
    STANDARD.encode(context.sign())
}
