//! Owns what a user is. Leaves checking passwords to `identity/`.

use crate::model::approval::FirstFactor;
use crate::model::email::Email;
use crate::model::ids::{SignInId, UserId};
use crate::model::login::Login;
use crate::model::phone::Phone;
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;

/// A person with an account at the service.
#[derive(Clone, Debug)]
pub struct User {
    /// The `sub` of every token.
    pub id: UserId,
    /// What the person signs in with.
    pub login: Login,
    /// An address to write to.
    pub email: Option<Email>,
    /// A number to text to.
    pub phone: Option<Phone>,
    /// The PHC string of the password's hash; without one, no password signs in.
    pub password_hash: Option<String>,
    /// Whether the password was set by a code by text message, and no device has approved a sign-in with it since: then it proves
    /// no more than such a code.
    pub password_by_code: bool,
    /// A disabled user signs in nowhere, and no link of theirs refreshes.
    pub disabled_at: Option<Timestamp>,
    /// Whether the person wants sign-ins approved on a device.
    pub approval: bool,
    /// When they last said that a sign-in was not them, and were signed out everywhere.
    pub disowned_at: Option<Timestamp>,
    /// How often all sign-ins were ended at once; one made in an earlier epoch no longer counts.
    pub sign_in_epoch: u32,
    /// When the account was made.
    pub created_at: Timestamp,
}

impl User {
    /// Whether links of this user work.
    pub fn is_enabled(&self) -> bool {
        self.disabled_at.is_none()
    }
}

/// One signed-in browser: what the database keeps of a session cookie.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Names the row.
    pub id: SignInId,
    /// Who signed in.
    pub user_id: UserId,
    /// The hash of the cookie's secret.
    pub secret_hash: TokenHash,
    /// The user's [`User::sign_in_epoch`] when the password was checked, so that a sign-in can't outlive a new password that
    /// was set meanwhile.
    pub epoch: u32,
    /// By what the person has shown first who they are.
    pub first: FirstFactor,
    /// Whether that was approved on a device, or by a second code.
    pub approved: bool,
    /// When the person proved who they are.
    pub created_at: Timestamp,
    /// When the browser is signed out by itself.
    pub expires_at: Timestamp,
}
