//! Owns the statements that forget what has ended.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Driver, SqlStore, statement};
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::push::{PushPurgeStore, PushTable};
use crate::store::rows::EndedRow;

/// A look at some rows, and the deletion of those among them that have ended.
macro_rules! purge {
    ($table:literal, $ended:literal) => {
        (
            concat!("SELECT id, ", $ended, " AS ended FROM ", $table, " WHERE id > $1 ORDER BY id LIMIT $2"),
            concat!("DELETE FROM ", $table, " WHERE id > $1 AND id <= $2 AND ", $ended),
        )
    };
}

fn statements(table: PushTable) -> (&'static str, &'static str) {
    match table {
        PushTable::Enrolments => purge!("push_enrolments", "expires_at < $3"),
        PushTable::Factors => purge!("push_factors", "(status = 'unverified' AND created_at < $3)"),
        PushTable::Challenges => purge!("push_challenges", "expires_at < $3"),
    }
}

#[async_trait]
impl<D: Driver> PushPurgeStore for SqlStore<D> {
    async fn purge_push(
        &self,
        table: PushTable,
        after: Option<Uuid>,
        limit: u32,
        before: Timestamp,
    ) -> Result<(u64, Option<Uuid>), StoreError> {
        let (look, delete) = statements(table);
        let after = after.unwrap_or(Uuid::nil());
        let seen: Vec<EndedRow> = self.driver.all(statement!(look, after, limit, before)).await?;
        let Some(&EndedRow { id: last, .. }) = seen.last() else { return Ok((0, None)) };
        // A step that finds nothing to forget takes no writer's turn.
        if !seen.iter().any(|row| row.ended) {
            return Ok((0, Some(last)));
        }
        Ok((self.driver.execute(statement!(delete, after, last, before)).await?, Some(last)))
    }

    async fn purge_deliveries(&self, limit: u32, before: Timestamp) -> Result<u64, StoreError> {
        self.driver
            .execute(statement!(
                "DELETE FROM push_deliveries WHERE created_at < $1 AND (event_id, webhook_id) IN \
                 (SELECT d.event_id, d.webhook_id FROM push_deliveries d WHERE d.created_at < $1 LIMIT $2)",
                before,
                limit,
            ))
            .await
    }
}
