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

    async fn hand_over(&self, next: &SealedKey, former: &SealedKey) -> Result<AddKey, StoreError> {
        // Of two that begin at once one gets the number of `former`; what the other sealed is its own, and not there.
        let former_alone = statement!(
            "INSERT INTO keys (purpose, serial, kid, sealed, created_at) SELECT $1, $2, $3, $4, $5 \
             WHERE NOT EXISTS (SELECT 1 FROM keys k WHERE k.purpose = $6) ON CONFLICT DO NOTHING",
            former.purpose.as_str(),
            former.serial,
            former.kid.as_str(),
            former.sealed.as_slice(),
            former.created_at,
            next.purpose.as_str(),
        );
        let next_beside_it = statement!(
            "INSERT INTO keys (purpose, serial, kid, sealed, created_at) SELECT $1, $2, $3, $4, $5 \
             WHERE EXISTS (SELECT 1 FROM keys k WHERE k.purpose = $6 AND k.serial = $7 AND k.sealed = $8) \
             ON CONFLICT DO NOTHING",
            next.purpose.as_str(),
            next.serial,
            next.kid.as_str(),
            next.sealed.as_slice(),
            next.created_at,
            former.purpose.as_str(),
            former.serial,
            former.sealed.as_slice(),
        );
        let added = self.driver.execute_all(vec![former_alone, next_beside_it]).await?;
        Ok(if added == [1, 1] { AddKey::Added } else { AddKey::SerialTaken })
    }

    async fn delete_key(&self, purpose: KeyPurpose, kid: &str) -> Result<(), StoreError> {
        let statement = statement!("DELETE FROM keys WHERE purpose = $1 AND kid = $2", purpose.as_str(), kid);
        self.driver.execute(statement).await.map(drop)
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
