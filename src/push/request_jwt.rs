//! Owns the checks of the JWT that a device signs for each request. Leaves finding the key to `caller.rs`.

use crate::model::push::sid::{AccountSid, CredentialSid};
use crate::model::time::Timestamp;
use crate::push::signatures::{DeviceKey, Jws};

/// What clocks may differ by, in seconds.
const LEEWAY: i64 = 60;

/// How long a device makes its tokens live, in seconds.
const LONGEST: i64 = 600;

/// What the SDKs say that the payload is.
const CONTENT: &str = "twilio-pba;v=1";

/// A device's request token, taken apart; nothing of it is believed yet.
pub struct RequestJwt<'a>(Jws<'a>);

impl<'a> RequestJwt<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Option<Self> {
        Jws::parse(token).map(Self)
    }

    /// The key that it says it was signed with.
    pub fn credential(&self) -> Option<CredentialSid> {
        self.0.header.kid.as_deref().and_then(CredentialSid::parse)
    }

    /// Why it does not count, if it does not: signed with another key, for another account, not now.
    pub fn check(&self, key: &DeviceKey, account: AccountSid, now: Timestamp) -> Result<(), &'static str> {
        if !key.signed(&self.0) {
            return Err("the request JWT is not signed with the factor's key by ES256");
        }
        if self.0.header.cty.as_deref() != Some(CONTENT) {
            return Err("the request JWT has another content type than twilio-pba;v=1");
        }
        let subject = self.0.payload.get("sub").and_then(|sub| sub.as_str()).and_then(AccountSid::parse);
        if subject != Some(account) {
            return Err("the request JWT is for another account");
        }
        let seconds = |name: &str| self.0.payload.get(name).and_then(serde_json::Value::as_i64);
        let (Some(from), Some(until)) = (seconds("nbf"), seconds("exp")) else {
            return Err("the request JWT lacks nbf or exp");
        };
        if until.saturating_sub(from) > LONGEST + LEEWAY {
            return Err("the request JWT lives too long");
        }
        let now = now.timestamp();
        if now < from.saturating_sub(LEEWAY) || now >= until {
            return Err("the request JWT is not in force at this time; the device's clock may be wrong");
        }
        Ok(())
    }
}
