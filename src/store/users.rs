//! Owns what is remembered of users.

use async_trait::async_trait;

use crate::model::ids::UserId;
use crate::model::login::Login;
use crate::model::phone::Phone;
use crate::model::time::Timestamp;
use crate::model::user::User;
use crate::store::StoreError;

/// What became of a new user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddUser {
    /// The user exists now.
    Added,
    /// Someone has this login, perhaps written in another case; nothing changed.
    LoginTaken,
}

/// Remembers users. Methods that name an unknown user change nothing and say so with `false` or `None`.
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user whose login is free.
    async fn add_user(&self, user: &User) -> Result<AddUser, StoreError>;

    /// The user of that id.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The user of that login, written in any case.
    async fn user_by_login(&self, login: &Login) -> Result<Option<User>, StoreError>;

    /// At most `limit` users of that phone number. Several may have the same.
    async fn users_by_phone(&self, phone: &Phone, limit: u32) -> Result<Vec<User>, StoreError>;

    /// At most `limit` users after `after`, by id.
    async fn users(&self, after: Option<UserId>, limit: u32) -> Result<Vec<User>, StoreError>;

    /// Replaces the password's hash and ends all sign-ins of the user, also those whose password is being checked at this
    /// moment (by the sign-in epoch). Links stay.
    async fn set_password(&self, id: UserId, password_hash: &str) -> Result<bool, StoreError>;

    /// The same after a code by text message; the password proves no more than that code until it is trusted.
    async fn set_password_by_code(&self, id: UserId, password_hash: &str) -> Result<bool, StoreError>;

    /// The password proves by itself who the user is, from now on, provided the sign-in epoch is still this one.
    async fn trust_password(&self, id: UserId, epoch: u32) -> Result<bool, StoreError>;

    /// Replaces the password's hash by another hash of the same password, provided it still is `expected`; sign-ins stay.
    async fn rehash_password(&self, id: UserId, expected: &str, password_hash: &str) -> Result<bool, StoreError>;

    /// Disables a user at `now` and ends all sign-ins, both or neither.
    async fn disable_user(&self, id: UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// Lets a disabled user in again.
    async fn enable_user(&self, id: UserId) -> Result<bool, StoreError>;

    /// Whether sign-ins of a user are to be approved on a device, where that is left to users.
    async fn set_approval(&self, id: UserId, on: bool) -> Result<bool, StoreError>;

    /// Forgets a user with all sign-ins and grants.
    async fn delete_user(&self, id: UserId) -> Result<bool, StoreError>;
}
