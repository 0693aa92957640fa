//! Owns the statements about users.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Driver, SqlStore, Statement, statement};
use crate::model::failure::StoreError;
use crate::model::ids::UserId;
use crate::model::login::Login;
use crate::model::phone::Phone;
use crate::model::push::sid::ServiceSid;
use crate::model::time::Timestamp;
use crate::model::user::User;
use crate::store::rows::UserRow;
use crate::store::users::{AddUser, UserStore};

/// A `SELECT` of whole users; what is given follows `FROM users u`.
macro_rules! select_users {
    ($tail:literal) => {
        concat!(
            "SELECT u.id AS user_id, u.login, u.email, u.phone, u.password_hash, u.password_by_code, u.disabled_at, \
             u.approval, u.disowned_at, u.sign_in_epoch, u.created_at AS user_created_at FROM users u ",
            $tail
        )
    };
}

/// What ends together with a user's sign-ins: the sessions, and what somebody has fetched in one to add a device with.
fn end_sign_ins_of(id: UserId) -> [Statement; 3] {
    let [tickets, unverified] = end_enrolments_of(id);
    [statement!("DELETE FROM sign_ins WHERE user_id = $1", id.0), tickets, unverified]
}

/// A user's access tokens for devices, and devices that have not shown their keys yet.
pub(super) fn end_enrolments_of(id: UserId) -> [Statement; 2] {
    let identity = id.0.hyphenated().to_string();
    let tickets = statement!(
        "DELETE FROM push_enrolments WHERE service_id = $1 AND identity = $2",
        ServiceSid::OWN.0,
        identity.as_str(),
    );
    let unverified = statement!(
        "DELETE FROM push_factors WHERE status = 'unverified' AND entity_id IN \
         (SELECT e.id FROM push_entities e WHERE e.service_id = $1 AND e.identity = $2)",
        ServiceSid::OWN.0,
        identity.as_str(),
    );
    [tickets, unverified]
}

#[async_trait]
impl<D: Driver> UserStore for SqlStore<D> {
    async fn add_user(&self, user: &User) -> Result<AddUser, StoreError> {
        let added = self.changes(statement!(
            "INSERT INTO users (id, login, login_key, email, phone, password_hash, password_by_code, \
             disabled_at, approval, disowned_at, sign_in_epoch, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING",
            user.id.0,
            user.login.as_str(),
            user.login.key(),
            user.email.as_ref().map(|email| email.as_str()),
            user.phone.as_ref().map(|phone| phone.as_str()),
            user.password_hash.as_deref(),
            user.password_by_code,
            user.disabled_at,
            user.approval,
            user.disowned_at,
            user.sign_in_epoch,
            user.created_at,
        ));
        Ok(if added.await? { AddUser::Added } else { AddUser::LoginTaken })
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.find::<UserRow, _>(statement!(select_users!("WHERE u.id = $1"), id.0)).await
    }

    async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError> {
        self.find::<UserRow, _>(statement!(select_users!("WHERE u.login_key = $1"), login.key())).await
    }

    async fn users_by_phone(&self, phone: &Phone, limit: u32) -> Result<Vec<User>, StoreError> {
        let statement = statement!(select_users!("WHERE u.phone = $1 ORDER BY u.id LIMIT $2"), phone.as_str(), limit);
        self.list::<UserRow, _>(statement).await
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, StoreError> {
        let after = after.map_or(Uuid::nil(), |id| id.0);
        let statement = statement!(select_users!("WHERE u.id > $1 ORDER BY u.id LIMIT $2"), after, limit);
        self.list::<UserRow, _>(statement).await
    }

    async fn set_password(&self, id: UserId, password_hash: &str) -> Result<bool, StoreError> {
        self.replace_password(id, password_hash, false).await
    }

    async fn set_password_by_code(&self, id: UserId, password_hash: &str) -> Result<bool, StoreError> {
        self.replace_password(id, password_hash, true).await
    }

    async fn trust_password(&self, id: UserId, epoch: u32) -> Result<bool, StoreError> {
        let statement = statement!(
            "UPDATE users SET password_by_code = $3 WHERE id = $1 AND sign_in_epoch = $2 AND password_by_code <> $3",
            id.0,
            epoch,
            false,
        );
        self.changes(statement).await
    }

    async fn rehash_password(&self, id: UserId, expected: &str, password_hash: &str) -> Result<bool, StoreError> {
        let statement = statement!(
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
            id.0,
            expected,
            password_hash,
        );
        self.changes(statement).await
    }

    async fn disable_user(&self, id: UserId, now: Timestamp) -> Result<bool, StoreError> {
        let disable = statement!(
            "UPDATE users SET disabled_at = $2, sign_in_epoch = sign_in_epoch + 1 WHERE id = $1 AND disabled_at IS NULL",
            id.0,
            now
        );
        let changed = self.driver.execute_all([disable].into_iter().chain(end_sign_ins_of(id)).collect()).await?;
        Ok(changed.first().is_some_and(|rows| *rows > 0))
    }

    async fn enable_user(&self, id: UserId) -> Result<bool, StoreError> {
        let statement =
            statement!("UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL", id.0);
        self.changes(statement).await
    }

    async fn set_approval(&self, id: UserId, on: bool) -> Result<bool, StoreError> {
        let set = statement!("UPDATE users SET approval = $2 WHERE id = $1", id.0, on);
        let changed = self.driver.execute_all([set].into_iter().chain(end_enrolments_of(id)).collect()).await?;
        Ok(changed.first().is_some_and(|rows| *rows > 0))
    }

    async fn delete_user(&self, id: UserId) -> Result<bool, StoreError> {
        self.changes(statement!("DELETE FROM users WHERE id = $1", id.0)).await
    }
}

impl<D: Driver> SqlStore<D> {
    async fn replace_password(&self, id: UserId, password_hash: &str, by_code: bool) -> Result<bool, StoreError> {
        let set = statement!(
            "UPDATE users SET password_hash = $2, password_by_code = $3, sign_in_epoch = sign_in_epoch + 1 WHERE id = $1",
            id.0,
            password_hash,
            by_code,
        );
        let changed = self.driver.execute_all([set].into_iter().chain(end_sign_ins_of(id)).collect()).await?;
        Ok(changed.first().is_some_and(|rows| *rows > 0))
    }
}
