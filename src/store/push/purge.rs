//! Owns forgetting what has ended.

use async_trait::async_trait;
use uuid::Uuid;

use crate::model::time::Timestamp;
use crate::store::StoreError;

/// A table in which things end by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushTable {
    /// Access tokens, by when they ended.
    Enrolments,
    /// Unverified factors, by when they were made.
    Factors,
    /// Challenges, by when they ran out or would have.
    Challenges,
}

impl PushTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Enrolments, Self::Factors, Self::Challenges];
}

/// Forgets what has ended.
#[async_trait]
pub trait PushPurgeStore: Send + Sync {
    /// Looks at `limit` rows after `after`, by id, and forgets those that ended before `before`. Tells how many those were and
    /// where to go on; `None` at the end.
    async fn purge_push(
        &self,
        table: PushTable,
        after: Option<Uuid>,
        limit: u32,
        before: Timestamp,
    ) -> Result<(u64, Option<Uuid>), StoreError>;

    /// Gives up events that were stored for webhooks before `before`, so many at most; tells how many those were.
    async fn purge_deliveries(&self, limit: u32, before: Timestamp) -> Result<u64, StoreError>;
}
