//! Owns what is remembered of codes that were sent by text message.

use async_trait::async_trait;

use crate::model::text_code::{CodeTry, TextCode, TriedCode};
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// Remembers codes.
#[async_trait]
pub trait TextCodeStore: Send + Sync {
    /// Puts a code in force, untried; the former one of that key is worth nothing from now on.
    async fn put_text_code(&self, code: &TextCode) -> Result<(), StoreError>;

    /// Tries a code at `now`: it must be there, of that phone, alive, with fewer than `most` wrong tries before, and the same.
    /// One write decides and counts: of many that try the right code at once, one has it; and no more than `most` wrong ones are
    /// looked at, however many come at once.
    async fn try_text_code(&self, tried: &TriedCode, most: u32, now: Timestamp) -> Result<CodeTry, StoreError>;

    /// Forgets at most `limit` codes that ended before `now`; tells how many.
    async fn purge_text_codes(&self, limit: u32, now: Timestamp) -> Result<u64, StoreError>;
}
