//! Owns the credentials of a back end.

use crate::model::push::sid::AccountSid;
use crate::model::time::Timestamp;

/// A back end that may call the service, and whose webhooks are signed.
#[derive(Clone, Debug)]
pub struct PushAccount {
    /// Its name, the user of its Basic credentials.
    pub sid: AccountSid,
    /// Its auth token, sealed for its row.
    pub sealed_token: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}
