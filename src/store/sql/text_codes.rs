//! Owns the statements about codes that were sent by text message.

use async_trait::async_trait;

use super::{Driver, SqlStore, statement};
use crate::model::failure::StoreError;
use crate::model::text_code::{CodeTry, TextCode, TriedCode};
use crate::model::time::Timestamp;
use crate::store::rows::{TextCodeRow, TriedRow};
use crate::store::text_codes::TextCodeStore;

#[async_trait]
impl<D: Driver> TextCodeStore for SqlStore<D> {
    async fn put_text_code(&self, code: &TextCode) -> Result<(), StoreError> {
        let statement = statement!(
            "INSERT INTO text_codes (key, phone_hash, code_hash, tries, spent, expires_at) VALUES ($1, $2, $3, 0, $4, $5) \
             ON CONFLICT (key) DO UPDATE SET phone_hash = excluded.phone_hash, code_hash = excluded.code_hash, \
             tries = excluded.tries, spent = excluded.spent, expires_at = excluded.expires_at",
            code.key.as_slice(),
            code.phone_hash.as_slice(),
            code.code_hash.as_slice(),
            false,
            code.expires_at,
        );
        self.driver.execute(statement).await.map(drop)
    }

    async fn try_text_code(&self, tried: &TriedCode, most: u32, now: Timestamp) -> Result<CodeTry, StoreError> {
        // What is compared are keyed hashes: whoever times the comparison learns nothing of the code.
        let statement = statement!(
            "UPDATE text_codes SET spent = (code_hash = $3), tries = tries + CASE WHEN code_hash = $3 THEN 0 ELSE 1 END \
             WHERE key = $1 AND phone_hash = $2 AND spent = $4 AND expires_at > $5 AND tries < $6 RETURNING spent",
            tried.key.as_slice(),
            tried.phone_hash.as_slice(),
            tried.code_hash.as_slice(),
            false,
            now,
            most,
        );
        let looked_at: Vec<TriedRow> = self.driver.returning(statement).await?;
        match looked_at.first() {
            Some(TriedRow { spent: true }) => Ok(CodeTry::Right),
            Some(TriedRow { spent: false }) => Ok(CodeTry::Wrong),
            None => self.why_not_tried(tried, now).await,
        }
    }

    async fn purge_text_codes(&self, limit: u32, now: Timestamp) -> Result<u64, StoreError> {
        let statement = statement!(
            "DELETE FROM text_codes WHERE expires_at < $1 AND key IN \
             (SELECT t.key FROM text_codes t WHERE t.expires_at < $1 ORDER BY t.expires_at LIMIT $2)",
            now,
            limit,
        );
        self.driver.execute(statement).await
    }
}

impl<D: Driver> SqlStore<D> {
    /// For words only: the try has failed already.
    async fn why_not_tried(&self, tried: &TriedCode, now: Timestamp) -> Result<CodeTry, StoreError> {
        let statement =
            statement!("SELECT phone_hash, spent, expires_at FROM text_codes WHERE key = $1", tried.key.as_slice());
        let row: Option<TextCodeRow> = self.driver.optional(statement).await?;
        Ok(match row {
            None => CodeTry::NotFound,
            Some(row) if row.spent => CodeTry::NotFound,
            Some(row) if row.phone_hash != tried.phone_hash => CodeTry::OtherPhone,
            Some(row) if row.expires_at <= now.timestamp_millis() => CodeTry::Expired,
            Some(_) => CodeTry::NoTriesLeft,
        })
    }
}
