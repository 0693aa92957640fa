//! Owns what is remembered of grants: one row per link, for its whole life.

use std::ops::Deref;
use std::sync::Arc;

use async_trait::async_trait;

use crate::model::client::Client;
use crate::model::grant::{CodeBinding, Grant, RefreshState};
use crate::model::ids::{ClientId, GrantId, UserId};
use crate::model::login::Login;
use crate::model::reverse_link::{ReverseStanding, ReverseSummary};
use crate::model::scope::Scope;
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// A grant together with what matters of its owner.
#[derive(Clone, Debug)]
pub struct OwnedGrant {
    /// The grant.
    pub grant: Grant,
    /// The owner's login.
    pub login: Login,
    /// Whether the owner may use it.
    pub owner_enabled: bool,
}

/// A grant with its owner and the client it was issued to.
#[derive(Clone, Debug)]
pub struct Link {
    /// The grant and its owner.
    pub owned: OwnedGrant,
    /// The client.
    pub client: Arc<Client>,
}

impl Deref for Link {
    type Target = OwnedGrant;

    fn deref(&self) -> &OwnedGrant {
        &self.owned
    }
}

/// What is found out about the client that asks and the grant it names.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The client of the presented id.
    pub client: Arc<Client>,
    /// The grant of the presented code or token, of whichever client.
    pub link: Option<Link>,
}

/// A link with what is told of its reverse link, if it has one.
#[derive(Clone, Debug)]
pub struct BothWays<T> {
    /// The link.
    pub link: T,
    /// What we hold at the partner for it.
    pub reverse: Option<ReverseSummary>,
}

/// A grant about to be issued as a code.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Its id, part of the code.
    pub id: GrantId,
    /// Who allowed it.
    pub user_id: UserId,
    /// To whom.
    pub client_id: ClientId,
    /// What.
    pub scope: Scope,
    /// The code.
    pub code: CodeBinding,
    /// When.
    pub created_at: Timestamp,
}

/// What became of a code that was about to be redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemCode {
    /// This call redeemed it; no other ever will.
    Redeemed,
    /// It was redeemed, revoked or expired already; nothing changed.
    Spent,
}

/// What became of a refresh token that was about to be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotateRefresh {
    /// This call replaced it.
    Rotated,
    /// It was no longer the token in force; nothing changed.
    Overtaken,
}

/// Which grants to list.
#[derive(Clone, Debug, Default)]
pub struct GrantFilter {
    /// Only those of this user.
    pub user_id: Option<UserId>,
    /// Only those of this client.
    pub client_id: Option<ClientId>,
}

/// What a step of a walk through all grants saw and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GrantStep {
    /// Forgotten.
    pub forgotten: u64,
    /// Links in force.
    pub links: u64,
    /// Codes that may yet be redeemed.
    pub codes: u64,
    /// Reverse links, in the order of [`ReverseStanding::ALL`].
    pub reverse_links: [u64; ReverseStanding::ALL.len()],
    /// Where to go on; none at the end.
    pub next: Option<GrantId>,
}

/// Remembers grants.
#[async_trait]
pub trait GrantStore: Send + Sync {
    /// Remembers a grant whose code is about to be sent.
    async fn issue_code(&self, grant: &NewGrant) -> Result<(), StoreError>;

    /// The client of that id and, when one is named, the grant; one read when it is the client's own. `None` when the client
    /// is unknown.
    async fn presented(&self, client_id: &ClientId, grant_id: Option<GrantId>)
    -> Result<Option<Presented>, StoreError>;

    /// The grant of that id with the client it was issued to; one read.
    async fn link(&self, id: GrantId) -> Result<Option<Link>, StoreError>;

    /// The grant of that id.
    async fn grant(&self, id: GrantId) -> Result<Option<OwnedGrant>, StoreError>;

    /// Turns an issued grant into an active one, provided its code is unspent and alive at `now`. Of any number of
    /// simultaneous calls one redeems.
    async fn redeem_code(
        &self,
        id: GrantId,
        code: &TokenHash,
        refresh: &TokenHash,
        now: Timestamp,
    ) -> Result<RedeemCode, StoreError>;

    /// Ends a grant that was never redeemed, for good: its code was refused, and stays so when the clock steps back. `false`
    /// when it was redeemed or ended meanwhile; then nothing changed.
    async fn end_issued(&self, id: GrantId, now: Timestamp) -> Result<bool, StoreError>;

    /// Replaces the refresh token in force, provided it still is `from`. Of any number of simultaneous calls one rotates.
    async fn rotate_refresh(
        &self,
        id: GrantId,
        from: &RefreshState,
        to: &RefreshState,
        now: Timestamp,
    ) -> Result<RotateRefresh, StoreError>;

    /// Notes that the token of `generation`, or an access token issued with it, was seen in use. Changes nothing when
    /// another generation is in force.
    async fn note_refresh_used(&self, id: GrantId, generation: u32) -> Result<(), StoreError>;

    /// Notes when the link was last used; never moves backwards.
    async fn note_use(&self, id: GrantId, now: Timestamp) -> Result<(), StoreError>;

    /// Ends a grant for good, and forgets its reverse link with it. `false` when it had ended before or does not exist.
    async fn revoke_grant(&self, id: GrantId, now: Timestamp) -> Result<bool, StoreError>;

    /// Ends all grants that `owner` has with the client of this one, provided it is the owner's, and forgets their reverse
    /// links. `false` when there was nothing to end.
    async fn unlink(&self, id: GrantId, owner: UserId, now: Timestamp) -> Result<bool, StoreError>;

    /// At most `limit` active links of a user with one client, in any order.
    async fn links_between(
        &self,
        user_id: UserId,
        client_id: &ClientId,
        limit: u32,
    ) -> Result<Vec<OwnedGrant>, StoreError>;

    /// At most `limit` active links of a user with the names of their clients, newest first.
    async fn links_of(&self, user_id: UserId, limit: u32) -> Result<Vec<BothWays<Link>>, StoreError>;

    /// At most `limit` grants after `after`, by id, whose code was redeemed, also those that ended since.
    async fn grants(
        &self,
        filter: &GrantFilter,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Vec<BothWays<OwnedGrant>>, StoreError>;

    /// Forgets at most `limit` grants of a client, live ones too; tells how many.
    async fn forget_grants_of(&self, client_id: &ClientId, limit: u32) -> Result<u64, StoreError>;

    /// Looks at `limit` grants after `after`, by id, and forgets those whose code expired unredeemed before `now` or that
    /// were revoked before `revoked_before` or last used before `idle_before`, if given. Tells what it saw.
    async fn purge_grants(
        &self,
        after: Option<GrantId>,
        limit: u32,
        now: Timestamp,
        revoked_before: Timestamp,
        idle_before: Option<Timestamp>,
    ) -> Result<GrantStep, StoreError>;
}
