//! Owns what a person sees and ends of their own links. Leaves showing them to `web/pages/account.rs`.

use crate::model::client::ClientSettings;
use crate::model::failure::StoreError;
use crate::model::grant::{ActiveGrant, Grant, GrantState};
use crate::model::ids::{GrantId, UserId};
use crate::oauth::Protocol;

/// As many links as are shown; nobody has more.
const MOST: u32 = 200;

/// An active link of a person.
#[derive(Debug)]
pub struct Link {
    /// What was linked.
    pub grant: Grant,
    /// Since when, and when it was last used.
    pub active: ActiveGrant,
    /// The settings of the client it is linked to.
    pub client: ClientSettings,
}

impl Protocol {
    /// The person's active links, newest first.
    pub async fn links_of(&self, user: UserId) -> Result<Vec<Link>, StoreError> {
        let found = self.store.links_of(user, MOST).await?;
        let link = found.into_iter().filter_map(|presented| {
            let grant = presented.grant?.grant;
            let GrantState::Active(active) = grant.state.clone() else { return None };
            Some(Link { grant, active, client: presented.client.settings })
        });
        Ok(link.collect())
    }

    /// Ends a link, provided it is the person's own; another's is not touched.
    pub async fn unlink(&self, user: UserId, grant: GrantId) -> Result<(), StoreError> {
        self.store.revoke_grant_of(grant, user, self.clock.now()).await.map(drop)
    }

    /// Whether this was a link of the person and has ended.
    pub async fn is_unlinked(&self, user: UserId, grant: GrantId) -> Result<bool, StoreError> {
        let found = self.store.grant(grant).await?.map(|owned| owned.grant);
        Ok(found.is_some_and(|grant| grant.user_id == user && matches!(grant.state, GrantState::Revoked { .. })))
    }
}
