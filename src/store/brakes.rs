//! Owns what processes on one database tell one another of failures, so that a limit reached in one holds in all.

use std::time::Duration;

use async_trait::async_trait;

use crate::model::brake::Tally;
use crate::store::StoreError;

/// Sums failures over all processes. All times are the database's own: machines whose clocks differ, or are set, agree.
#[async_trait]
pub trait BrakeStore: Send + Sync {
    /// Adds failures to the open window of each key, or begins that window as long ago as the tally says. All or none; a key is
    /// at most once among them. After an error they may have been added all the same: a failure is rather counted twice than
    /// forgotten.
    async fn add_failures(&self, tallies: &[Tally]) -> Result<(), StoreError>;

    /// The sums of the windows that are open and to which somebody added something within that time: the latest first, at
    /// most `limit`.
    async fn failures_within(&self, time: Duration, limit: u32) -> Result<Vec<Tally>, StoreError>;

    /// Forgets at most `limit` windows that are over; tells how many.
    async fn purge_brakes(&self, limit: u32) -> Result<u64, StoreError>;
}
