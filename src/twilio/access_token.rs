//! Owns Twilio access tokens: JWTs that an API key signs for one identity. Leaves who is who, and what they may, to those who ask.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::json;

use crate::model::failure::Fault;
use crate::model::ids::UserId;
use crate::model::secret::PlainSecret;
use crate::model::time::Timestamp;
use crate::model::twilio::{ApiKey, TokenLife};
use crate::twilio::grants::Grants;

/// How tokens are signed (RFC 7518 section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// The one that Twilio documents.
    #[default]
    Hs256,
    /// Offered by some of its libraries.
    Hs384,
    /// The same.
    Hs512,
}

impl Algorithm {
    /// All there are.
    pub const ALL: [Algorithm; 3] = [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512];

    /// The value of `alg`.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Hs256 => "HS256",
            Algorithm::Hs384 => "HS384",
            Algorithm::Hs512 => "HS512",
        }
    }

    /// The algorithm of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Algorithm::Hs256 => hmac::HMAC_SHA256,
            Algorithm::Hs384 => hmac::HMAC_SHA384,
            Algorithm::Hs512 => hmac::HMAC_SHA512,
        }
    }
}

/// Who a token is for, as Twilio's services know them. Never empty, never changed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(String);

impl Identity {
    /// Any text that is not empty.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// A user of ours: their id, which never changes and is never given to somebody else.
    pub fn of(user: UserId) -> Self {
        Self(user.to_string())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A token about to be made.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// For whom.
    pub identity: &'a Identity,
    /// What it permits.
    pub grants: &'a Grants,
    /// How long, counted from now whatever `not_before` says.
    pub life: TokenLife,
    /// From when on, in seconds since 1970; at once when absent, with no claim that a slow clock would stumble over.
    pub not_before: Option<i64>,
}

/// An API key ready to sign.
pub struct AccessTokenKey {
    issuer: String,
    subject: String,
    header: String,
    secret: hmac::Key,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: &'a str,
    iss: &'a str,
    sub: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    exp: i64,
    grants: GrantsClaim<'a>,
}

#[derive(Serialize)]
struct GrantsClaim<'a> {
    identity: &'a str,
    #[serde(flatten)]
    grants: &'a Grants,
}

impl AccessTokenKey {
    /// The header is the same in all its tokens.
    pub fn new(key: &ApiKey, algorithm: Algorithm) -> Self {
        let mut header = json!({ "alg": algorithm.as_str(), "typ": "JWT", "cty": "twilio-fpa;v=1" });
        if let (Some(region), Some(members)) = (&key.region, header.as_object_mut()) {
            members.insert("twr".to_owned(), region.as_str().into());
        }
        Self {
            issuer: key.sid.to_string(),
            subject: key.account_sid.to_string(),
            header: URL_SAFE_NO_PAD.encode(header.to_string()),
            secret: hmac::Key::new(algorithm.hmac(), key.secret.expose().as_bytes()),
        }
    }

    /// Makes a token; `now` is what Twilio's clocks show.
    pub fn mint(&self, new: &NewToken<'_>, now: Timestamp) -> Result<PlainSecret, Fault> {
        let iat = now.timestamp();
        let claims = Claims {
            jti: &format!("{}-{iat}", self.issuer),
            iss: &self.issuer,
            sub: &self.subject,
            iat,
            nbf: new.not_before,
            exp: iat.saturating_add(new.life.seconds().into()),
            grants: GrantsClaim { identity: new.identity.as_str(), grants: new.grants },
        };
        let claims = serde_json::to_vec(&claims).map_err(|_| Fault::new("writing an access token failed"))?;
        let mut token = String::with_capacity(self.header.len() + claims.len() * 4 / 3 + 92);
        token.push_str(&self.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut token);
        let signature = hmac::sign(&self.secret, token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token.into())
    }
}
