//! Owns what is remembered of partners and of reverse links: one row for each client, one for each grant.

use async_trait::async_trait;

use crate::model::ids::{ClientId, GrantId};
use crate::model::partner::{Partner, Profile};
use crate::model::reverse_link::ReverseLink;
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// What became of a partner that was about to be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetPartner {
    /// It is in force.
    Set,
    /// There is no such client; nothing changed.
    UnknownClient,
}

/// What became of a new reverse link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddReverseLink {
    /// It is stored.
    Added,
    /// The grant has one already; nothing changed.
    Exists,
    /// The grant is not active (any more); nothing changed.
    NotLinked,
}

/// Remembers partners and reverse links. A reverse link ends with its grant: every method of [`crate::store::GrantStore`] that
/// ends a grant deletes it in the same transaction.
#[async_trait]
pub trait PartnerStore: Send + Sync {
    /// Puts the partner of a client in force, in place of the one before.
    async fn set_partner(&self, partner: &Partner, now: Timestamp) -> Result<SetPartner, StoreError>;

    /// The partner of a client.
    async fn partner(&self, client_id: &ClientId) -> Result<Option<Partner>, StoreError>;

    /// Forgets the partner of a client; `false` when it has none.
    async fn delete_partner(&self, client_id: &ClientId) -> Result<bool, StoreError>;

    /// The reverse link of a grant.
    async fn reverse_link(&self, grant_id: GrantId) -> Result<Option<ReverseLink>, StoreError>;

    /// Adds the first reverse link of an active grant. A grant that ends at the same moment keeps none.
    async fn add_reverse_link(&self, link: &ReverseLink) -> Result<AddReverseLink, StoreError>;

    /// Stores `link`, provided the row still has the version that `link` was read with. Of any number of simultaneous calls one
    /// stores; `false` for all others, and when the row is gone.
    async fn change_reverse_link(&self, link: &ReverseLink) -> Result<bool, StoreError>;

    /// The accounts at partners for which codes are due at `now`.
    async fn due_profiles(&self, now: Timestamp) -> Result<Vec<Profile>, StoreError>;

    /// At most `limit` grants with a code for that account whose next try is due at `now`, the longest due first.
    async fn due_reverse_links(
        &self,
        profile: &Profile,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<GrantId>, StoreError>;

    /// Looks at `limit` grants of a client after `after`, by id, and forgets their reverse links. Tells where to go on; `None` at
    /// the end.
    async fn forget_reverse_links_of(
        &self,
        client_id: &ClientId,
        after: Option<GrantId>,
        limit: u32,
    ) -> Result<Option<GrantId>, StoreError>;
}
