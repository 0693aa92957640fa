//! Owns the rows of brakes.

use std::time::Duration;

use sqlx::FromRow;

use super::Doubt;
use crate::model::brake::{BrakeKey, Tally};
use crate::store::StoreError;

/// The database's time.
#[derive(FromRow)]
pub struct NowRow {
    /// Since 1970.
    pub millis: i64,
}

/// A row of `brakes`.
#[derive(FromRow)]
pub struct TallyRow {
    key: Vec<u8>,
    began_at: i64,
    ends_at: i64,
    failures: i64,
}

impl TallyRow {
    /// The window as it is at a moment of the database's time.
    pub fn into_tally(self, now: i64) -> Result<Tally, StoreError> {
        let shown: String = self.key.iter().map(|byte| format!("{byte:02x}")).collect();
        let doubt = Doubt { table: "brakes", id: &shown };
        let length = |from: i64, to: i64| Duration::from_millis(u64::try_from(to.saturating_sub(from)).unwrap_or(0));
        Ok(Tally {
            key: doubt.some("key", BrakeKey::from_slice(&self.key))?,
            age: length(self.began_at, now),
            window: length(self.began_at, self.ends_at),
            failures: u32::try_from(self.failures.max(0)).unwrap_or(u32::MAX),
        })
    }
}
