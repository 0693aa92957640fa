//! Owns what a person sees and ends of their own links. Leaves showing them to `web/pages/account.rs`.

use crate::model::client::ClientSettings;
use crate::model::failure::StoreError;
use crate::model::grant::GrantState;
use crate::model::ids::{ClientId, GrantId, UserId};
use crate::model::reverse_link::ReverseStanding;
use crate::model::scope::Scope;
use crate::model::time::Timestamp;
use crate::oauth::Protocol;
use crate::store::grants::{Link, OwnedGrant};

/// As many links as are looked at; platforms make a new one at each linking, people have few.
const MOST: u32 = 500;

/// A client that a person is linked to, by one link or by several: a platform links anew without ending the former link.
#[derive(Debug)]
pub struct Linked {
    /// One of its links; names the client when the person unlinks.
    pub grant_id: GrantId,
    /// The client.
    pub client_id: ClientId,
    /// The settings of the client.
    pub client: ClientSettings,
    /// What the links permit, each.
    pub scopes: Vec<Scope>,
    /// When the first of them was made.
    pub since: Timestamp,
    /// When any of them was last used.
    pub last_used: Timestamp,
    /// The best standing among their reverse links, if there are any.
    pub reverse: Option<ReverseStanding>,
}

impl Protocol {
    /// What the person is linked to by live links, the newest first.
    pub async fn links_of(&self, user: UserId) -> Result<Vec<Linked>, StoreError> {
        let mut all: Vec<Linked> = Vec::new();
        for both in self.store.links_of(user, MOST).await? {
            let Link { owned: OwnedGrant { grant, .. }, client } = both.link;
            let GrantState::Active(active) = &grant.state else { continue };
            if self.is_idle(active) {
                continue;
            }
            let reverse = both.reverse.map(|reverse| reverse.standing);
            match all.iter_mut().find(|linked| linked.client_id == grant.client_id) {
                Some(linked) => {
                    linked.since = linked.since.min(active.redeemed_at);
                    linked.last_used = linked.last_used.max(active.last_used_at);
                    linked.scopes.push(grant.scope);
                    linked.reverse = linked.reverse.max(reverse);
                }
                None => all.push(Linked {
                    grant_id: grant.id,
                    since: active.redeemed_at,
                    last_used: active.last_used_at,
                    client_id: grant.client_id,
                    client: client.settings.clone(),
                    scopes: vec![grant.scope],
                    reverse,
                }),
            }
        }
        Ok(all)
    }

    /// Ends all links of the person with the client of this one; another person's is not touched.
    pub async fn unlink(&self, user: UserId, grant: GrantId) -> Result<(), StoreError> {
        self.store.unlink(grant, user, self.clock.now()).await.map(drop)
    }

    /// Whether this was a link of the person and has ended.
    pub async fn is_unlinked(&self, user: UserId, grant: GrantId) -> Result<bool, StoreError> {
        let found = self.store.grant(grant).await?.map(|owned| owned.grant);
        Ok(found.is_some_and(|grant| grant.user_id == user && matches!(grant.state, GrantState::Revoked { .. })))
    }
}
