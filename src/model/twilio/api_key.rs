//! Owns what signs access tokens.

use super::{AccountSid, ApiKeySid};
use crate::model::secret::PlainSecret;

/// An API key of an account at Twilio.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Whose account it is.
    pub account_sid: AccountSid,
    /// Its name.
    pub sid: ApiKeySid,
    /// Its secret; the bytes of the text are the key, nothing is decoded.
    pub secret: PlainSecret,
    /// The region that it belongs to, such as `au1`; the United States when absent.
    pub region: Option<String>,
}
