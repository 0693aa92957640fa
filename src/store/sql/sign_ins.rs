//! Owns the statements about signed-in browsers.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Driver, SqlStore, statement};
use crate::model::failure::StoreError;
use crate::model::ids::SignInId;
use crate::model::time::Timestamp;
use crate::model::user::{SignIn, User};
use crate::store::rows::{EndedRow, SignInRow};
use crate::store::sign_ins::SignInStore;

#[async_trait]
impl<D: Driver> SignInStore for SqlStore<D> {
    async fn add_sign_in(&self, sign_in: &SignIn) -> Result<(), StoreError> {
        let statement = statement!(
            "INSERT INTO sign_ins (id, user_id, secret_hash, epoch, first_factor, approved, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
            sign_in.id.0,
            sign_in.user_id.0,
            sign_in.secret_hash.as_bytes().as_slice(),
            sign_in.epoch,
            sign_in.first.as_str(),
            sign_in.approved,
            sign_in.created_at,
            sign_in.expires_at,
        );
        self.driver.execute(statement).await.map(drop)
    }

    async fn sign_in(&self, id: SignInId) -> Result<Option<(SignIn, User)>, StoreError> {
        let statement = statement!(
            "SELECT s.id AS sign_in_id, s.secret_hash, s.epoch, s.first_factor, s.approved, s.created_at AS sign_in_created_at, s.expires_at, \
             u.id AS user_id, u.login, u.email, u.phone, u.password_hash, u.password_by_code, u.disabled_at, \
             u.approval, u.disowned_at, u.sign_in_epoch, u.created_at AS user_created_at \
             FROM sign_ins s JOIN users u ON u.id = s.user_id WHERE s.id = $1",
            id.0,
        );
        self.find::<SignInRow, _>(statement).await
    }

    async fn end_sign_in(&self, id: SignInId) -> Result<(), StoreError> {
        let spend = statement!("UPDATE approvals SET decided_at = NULL WHERE id = $1", id.0);
        let end = statement!("DELETE FROM sign_ins WHERE id = $1", id.0);
        self.driver.execute_all(vec![spend, end]).await.map(drop)
    }

    async fn purge_sign_ins(
        &self,
        after: Option<SignInId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<(u64, Option<SignInId>), StoreError> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let look = statement!(
            "SELECT id, expires_at < $3 AS ended FROM sign_ins WHERE id > $1 ORDER BY id LIMIT $2",
            after,
            limit,
            now,
        );
        let seen: Vec<EndedRow> = self.driver.all(look).await?;
        let Some(&EndedRow { id: last, .. }) = seen.last() else { return Ok((0, None)) };
        // A step that finds nothing to forget takes no writer's turn.
        if !seen.iter().any(|row| row.ended) {
            return Ok((0, Some(SignInId(last))));
        }
        let forget =
            statement!("DELETE FROM sign_ins WHERE id > $1 AND id <= $2 AND expires_at < $3", after, last, now);
        Ok((self.driver.execute(forget).await?, Some(SignInId(last))))
    }
}
