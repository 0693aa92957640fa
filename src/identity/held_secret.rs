//! Owns the text of a secret that a browser holds in a cookie: it names a row, and shows that the row is this browser's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::model::secret::{PlainSecret, TokenSecret};

/// A row and its secret.
#[derive(Debug)]
pub struct HeldSecret {
    /// The row.
    pub id: Uuid,
    /// The secret.
    pub secret: TokenSecret,
}

impl HeldSecret {
    /// The cookie's text.
    pub fn encode(&self) -> PlainSecret {
        URL_SAFE_NO_PAD.encode([self.id.as_bytes().as_slice(), self.secret.expose()].concat()).into()
    }

    /// Reads the cookie's text; `None` when it can't be one of ours.
    pub fn parse(cookie: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (id, secret) = bytes.split_at_checked(16)?;
        let id = Uuid::from_slice(id).ok()?;
        Some(Self { id, secret: TokenSecret::from_bytes(secret.try_into().ok()?) })
    }
}
