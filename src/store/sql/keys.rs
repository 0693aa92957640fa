//! Owns the statements about keys.

use async_trait::async_trait;

use super::{Driver, SqlStore, statement};
use crate::model::failure::StoreError;
use crate::model::time::Timestamp;
use crate::store::keys::{AddKey, KeyPurpose, KeyStore, SealedKey};
use crate::store::rows::KeyRow;

#[async_trait]
impl<D: Driver> KeyStore for SqlStore<D> {
    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<SealedKey>, StoreError> {
        let statement = statement!(
            "SELECT serial, kid, sealed, created_at FROM keys WHERE purpose = $1 ORDER BY serial",
            purpose.as_str(),
        );
        let rows: Vec<KeyRow> = self.driver.all(statement).await?;
        rows.into_iter().map(|row| row.into_key(purpose)).collect()
    }

    async fn add_key(&self, key: &SealedKey) -> Result<AddKey, StoreError> {
        let added = self.changes(statement!(
            "INSERT INTO keys (purpose, serial, kid, sealed, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            key.purpose.as_str(),
            key.serial,
            key.kid.as_str(),
            key.sealed.as_slice(),
            key.created_at,
        ));
        Ok(if added.await? { AddKey::Added } else { AddKey::SerialTaken })
    }

    async fn purge_keys(&self, purpose: KeyPurpose, replaced_before: Timestamp) -> Result<u64, StoreError> {
        let statement = statement!(
            "DELETE FROM keys WHERE purpose = $1 AND serial < \
             (SELECT MAX(k.serial) FROM keys k WHERE k.purpose = $1 AND k.created_at < $2)",
            purpose.as_str(),
            replaced_before,
        );
        self.driver.execute(statement).await
    }
}
