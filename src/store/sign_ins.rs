//! Owns what is remembered of signed-in browsers.

use async_trait::async_trait;

use crate::model::ids::SignInId;
use crate::model::time::Timestamp;
use crate::model::user::{SignIn, User};
use crate::store::StoreError;

/// Remembers signed-in browsers.
#[async_trait]
pub trait SignInStore: Send + Sync {
    /// Remembers a browser that has just signed in; the same again changes nothing.
    async fn add_sign_in(&self, sign_in: &SignIn) -> Result<(), StoreError>;

    /// The sign-in of that id with its user.
    async fn sign_in(&self, id: SignInId) -> Result<Option<(SignIn, User)>, StoreError>;

    /// Ends a sign-in, so that the approval of that id does not give it again; ending an unknown one changes nothing.
    async fn end_sign_in(&self, id: SignInId) -> Result<(), StoreError>;

    /// Looks at `limit` sign-ins after `after`, by id, and forgets those that ended before `now`. Tells how many it forgot, and
    /// where to go on; `None` at the end.
    async fn purge_sign_ins(
        &self,
        after: Option<SignInId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<(u64, Option<SignInId>), StoreError>;
}
