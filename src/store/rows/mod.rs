//! Owns the shape of stored rows, the same for both databases, and the doubt about them: a row that can't be what we wrote
//! becomes [`StoreError::Corrupt`].

mod approvals;
mod brakes;
mod clients;
mod grants;
pub mod push;
mod reverse_links;
mod text_codes;

use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use crate::model::approval::FirstFactor;
use crate::model::email::Email;
use crate::model::ids::{SignInId, UserId};
use crate::model::login::Login;
use crate::model::phone::Phone;
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;
use crate::model::user::{SignIn, User};
use crate::store::StoreError;
use crate::store::keys::{KeyPurpose, SealedKey};
use crate::store::sealed::SealedValue;
pub use approvals::{ApprovalRow, DisownedRow};
pub use brakes::{NowRow, TallyRow};
pub use clients::{ClientRow, KnownClients};
pub use grants::{BothWaysRow, GrantRow, LinkRow, WalkedGrantRow};
pub use reverse_links::{GrantIdRow, PartnerRow, ProfileRow, ReverseLinkRow};
pub use text_codes::{TextCodeRow, TriedRow};

/// A row that either database can give.
pub trait AnyRow: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static {}

impl<T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static> AnyRow for T {}

/// Names the row while its values are read, so that a broken one can be found.
struct Doubt<'a> {
    table: &'static str,
    id: &'a dyn ToString,
}

impl Doubt<'_> {
    fn broken(&self, column: &'static str) -> StoreError {
        StoreError::Corrupt { table: self.table, column, id: self.id.to_string() }
    }

    fn moment(&self, column: &'static str, millis: i64) -> Result<Timestamp, StoreError> {
        Timestamp::from_timestamp_millis(millis).ok_or_else(|| self.broken(column))
    }

    fn some<T>(&self, column: &'static str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.broken(column))
    }
}

/// The settings of a client as they are stored.
#[derive(FromRow)]
pub struct SettingsRow {
    /// A JSON document.
    pub settings: String,
}

/// A row of `users`.
#[derive(FromRow)]
pub struct UserRow {
    user_id: Uuid,
    login: String,
    email: Option<String>,
    phone: Option<String>,
    password_hash: Option<String>,
    password_by_code: bool,
    disabled_at: Option<i64>,
    approval: bool,
    disowned_at: Option<i64>,
    sign_in_epoch: i64,
    user_created_at: i64,
}

impl TryFrom<UserRow> for User {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "users", id: &row.user_id };
        let email = row.email.as_deref().map(Email::parse).transpose();
        let phone = row.phone.as_deref().map(Phone::parse).transpose();
        Ok(User {
            id: UserId(row.user_id),
            login: doubt.some("login", Login::parse(&row.login).ok())?,
            email: doubt.some("email", email.ok())?,
            phone: doubt.some("phone", phone.ok())?,
            password_hash: row.password_hash,
            password_by_code: row.password_by_code,
            disabled_at: row.disabled_at.map(|at| doubt.moment("disabled_at", at)).transpose()?,
            approval: row.approval,
            disowned_at: row.disowned_at.map(|at| doubt.moment("disowned_at", at)).transpose()?,
            sign_in_epoch: doubt.some("sign_in_epoch", u32::try_from(row.sign_in_epoch).ok())?,
            created_at: doubt.moment("created_at", row.user_created_at)?,
        })
    }
}

/// A row of `sign_ins` with its user.
#[derive(FromRow)]
pub struct SignInRow {
    sign_in_id: Uuid,
    secret_hash: Vec<u8>,
    epoch: i64,
    first_factor: String,
    approved: bool,
    sign_in_created_at: i64,
    expires_at: i64,
    #[sqlx(flatten)]
    user: UserRow,
}

impl TryFrom<SignInRow> for (SignIn, User) {
    type Error = StoreError;

    fn try_from(row: SignInRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "sign_ins", id: &row.sign_in_id };
        let sign_in = SignIn {
            id: SignInId(row.sign_in_id),
            user_id: UserId(row.user.user_id),
            secret_hash: doubt.some("secret_hash", TokenHash::from_slice(&row.secret_hash))?,
            epoch: doubt.some("epoch", u32::try_from(row.epoch).ok())?,
            first: doubt.some("first_factor", FirstFactor::parse(&row.first_factor))?,
            approved: row.approved,
            created_at: doubt.moment("created_at", row.sign_in_created_at)?,
            expires_at: doubt.moment("expires_at", row.expires_at)?,
        };
        Ok((sign_in, row.user.try_into()?))
    }
}

/// A row of `keys`.
#[derive(FromRow)]
pub struct KeyRow {
    serial: i64,
    kid: String,
    sealed: Vec<u8>,
    created_at: i64,
}

impl KeyRow {
    /// The key, of the purpose that was asked for.
    pub fn into_key(self, purpose: KeyPurpose) -> Result<SealedKey, StoreError> {
        let doubt = Doubt { table: "keys", id: &self.kid };
        Ok(SealedKey {
            purpose,
            serial: doubt.some("serial", u32::try_from(self.serial).ok())?,
            created_at: doubt.moment("created_at", self.created_at)?,
            kid: self.kid.clone(),
            sealed: self.sealed,
        })
    }
}

/// A row of one id, for walking a table.
#[derive(FromRow)]
pub struct IdRow {
    /// The primary key.
    pub id: Uuid,
}

/// A row of a walk through a table, and whether it has ended.
#[derive(FromRow)]
pub struct EndedRow {
    /// The primary key.
    pub id: Uuid,
    /// Whether nothing needs it any more.
    pub ended: bool,
}

/// A sealed value whose row is named by a text.
#[derive(FromRow)]
pub struct SealedRow {
    id: String,
    sealed: Vec<u8>,
}

impl From<SealedRow> for SealedValue {
    fn from(row: SealedRow) -> Self {
        Self { row: row.id, sealed: row.sealed }
    }
}

/// A sealed value of a link.
#[derive(FromRow)]
pub struct SealedLinkRow {
    id: Uuid,
    sealed: Vec<u8>,
}

impl From<SealedLinkRow> for SealedValue {
    fn from(row: SealedLinkRow) -> Self {
        Self { row: row.id.hyphenated().to_string(), sealed: row.sealed }
    }
}
