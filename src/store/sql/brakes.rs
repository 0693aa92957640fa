//! Owns the statements about brakes.

use std::time::Duration;

use async_trait::async_trait;

use super::{Driver, SqlStore, Statement, statement};
use crate::model::brake::Tally;
use crate::model::failure::StoreError;
use crate::store::brakes::BrakeStore;
use crate::store::rows::{NowRow, TallyRow};

/// How far a row may be ahead of the database's clock: others asked for the time a moment later than we did. A row further
/// ahead was written before the clock was set back, and holds no longer.
const AHEAD: i64 = 10_000;

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// `$5` is now, `$6` the latest moment at which a row can have been written.
fn add(tally: &Tally, now: i64) -> Statement {
    let began_at = now.saturating_sub(millis(tally.age));
    statement!(
        "INSERT INTO brakes (key, began_at, ends_at, failures, changed_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (key) DO UPDATE SET \
         began_at = CASE WHEN brakes.ends_at > $5 AND brakes.began_at <= $6 THEN brakes.began_at \
         ELSE excluded.began_at END, \
         ends_at = CASE WHEN brakes.ends_at > $5 AND brakes.began_at <= $6 THEN brakes.ends_at \
         ELSE excluded.ends_at END, \
         failures = CASE WHEN brakes.ends_at > $5 AND brakes.began_at <= $6 THEN brakes.failures + excluded.failures \
         ELSE excluded.failures END, \
         changed_at = excluded.changed_at",
        tally.key.as_bytes().as_slice(),
        began_at,
        began_at.saturating_add(millis(tally.window)),
        tally.failures,
        now,
        now.saturating_add(AHEAD),
    )
}

impl<D: Driver> SqlStore<D> {
    /// The database's own time, in milliseconds since 1970.
    async fn now(&self) -> Result<i64, StoreError> {
        let row: Option<NowRow> = self.driver.optional(statement!(D::NOW)).await?;
        row.map(|row| row.millis).ok_or_else(|| StoreError::Unavailable("the database tells no time".to_owned()))
    }
}

#[async_trait]
impl<D: Driver> BrakeStore for SqlStore<D> {
    async fn add_failures(&self, tallies: &[Tally]) -> Result<(), StoreError> {
        let now = self.now().await?;
        // In one order everywhere, so that two processes do not wait for each other.
        let mut ordered: Vec<&Tally> = tallies.iter().collect();
        ordered.sort_unstable_by_key(|tally| tally.key);
        self.driver.execute_all(ordered.into_iter().map(|tally| add(tally, now)).collect()).await.map(drop)
    }

    async fn failures_within(&self, time: Duration, limit: u32) -> Result<Vec<Tally>, StoreError> {
        let now = self.now().await?;
        let statement = statement!(
            "SELECT key, began_at, ends_at, failures FROM brakes \
             WHERE changed_at > $1 AND changed_at <= $2 AND ends_at > $3 AND began_at <= $2 \
             ORDER BY changed_at DESC LIMIT $4",
            now.saturating_sub(millis(time)),
            now.saturating_add(AHEAD),
            now,
            limit,
        );
        let rows: Vec<TallyRow> = self.driver.all(statement).await?;
        rows.into_iter().map(|row| row.into_tally(now)).collect()
    }

    async fn purge_brakes(&self, limit: u32) -> Result<u64, StoreError> {
        let now = self.now().await?;
        let statement = statement!(
            "DELETE FROM brakes WHERE key IN \
             (SELECT b.key FROM brakes b WHERE b.changed_at < $1 AND b.ends_at <= $1 ORDER BY b.changed_at LIMIT $2)",
            now,
            limit,
        );
        self.driver.execute(statement).await
    }
}
