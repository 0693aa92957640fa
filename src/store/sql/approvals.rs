//! Owns the statements about sign-ins that wait for an approval.

use async_trait::async_trait;
use uuid::Uuid;

use super::users::end_enrolments_of;
use super::{Driver, SqlStore, Statement, statement};
use crate::model::approval::{Approval, ApprovalState, Disowned};
use crate::model::failure::StoreError;
use crate::model::ids::ApprovalId;
use crate::model::time::Timestamp;
use crate::model::user::User;
use crate::store::approvals::{AddApproval, ApprovalStore, Disown, QuestionLimit};
use crate::store::rows::{ApprovalRow, DisownedRow};

/// Counts what came to nothing inside the statement that adds another one.
fn add(approval: &Approval, limit: QuestionLimit) -> Statement {
    let asked = approval.asked;
    statement!(
        "INSERT INTO approvals (id, user_id, secret_hash, epoch, first_factor, number, device_id, challenge_id, state, \
         created_at, expires_at) SELECT $1, u.id, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM users u WHERE u.id = $2 \
         AND ($8 IS NULL OR (SELECT count(*) FROM approvals a WHERE a.user_id = $2 AND a.created_at > $12 \
         AND a.challenge_id IS NOT NULL AND a.state NOT IN ('approved', 'not_put')) < $13) \
         AND (SELECT count(*) FROM approvals a WHERE a.user_id = $2 AND a.created_at > $12 \
         AND a.state <> 'approved' AND (a.challenge_id IS NULL OR a.state = 'not_put')) < $14",
        approval.id.0,
        approval.user_id.0,
        approval.secret_hash.as_bytes().as_slice(),
        approval.epoch,
        approval.first.as_str(),
        u32::from(approval.number),
        asked.map(|asked| asked.device.0),
        asked.map(|asked| asked.challenge.0),
        approval.state.as_str(),
        approval.created_at,
        approval.expires_at,
        limit.since,
        limit.most,
        limit.unasked,
    )
}

#[async_trait]
impl<D: Driver> ApprovalStore for SqlStore<D> {
    async fn add_approval(
        &self,
        approval: &Approval,
        former: Option<ApprovalId>,
        limit: QuestionLimit,
    ) -> Result<AddApproval, StoreError> {
        // Takes hold of the user's row, so that those who come at once are counted one after the other.
        let hold = statement!("UPDATE users SET approval = approval WHERE id = $1", approval.user_id.0);
        let supersede = statement!(
            "UPDATE approvals SET state = 'superseded' WHERE id = $1 AND state = 'pending'",
            former.map_or(Uuid::nil(), |former| former.0),
        );
        let changed = self.driver.execute_all(vec![hold, supersede, add(approval, limit)]).await?;
        Ok(if changed.last().is_some_and(|rows| *rows > 0) { AddApproval::Added } else { AddApproval::TooMany })
    }

    async fn approval(&self, id: ApprovalId) -> Result<Option<(Approval, User)>, StoreError> {
        let statement = statement!(
            "SELECT a.id AS approval_id, a.secret_hash, a.epoch, a.first_factor, a.number, a.device_id, a.challenge_id, \
             a.state, a.created_at AS approval_created_at, a.expires_at, a.decided_at, \
             u.id AS user_id, u.login, u.email, u.phone, u.password_hash, u.password_by_code, u.disabled_at, \
             u.approval, u.disowned_at, u.sign_in_epoch, u.created_at AS user_created_at \
             FROM approvals a JOIN users u ON u.id = a.user_id WHERE a.id = $1",
            id.0,
        );
        self.find::<ApprovalRow, _>(statement).await
    }

    async fn decide_approval(&self, id: ApprovalId, state: ApprovalState, now: Timestamp) -> Result<bool, StoreError> {
        let statement = statement!(
            "UPDATE approvals SET state = $2, decided_at = $3 WHERE id = $1 AND state = 'pending' AND expires_at > $3 \
             AND ($2 <> 'approved' OR NOT EXISTS (SELECT 1 FROM push_challenges c WHERE c.id = approvals.challenge_id \
             AND c.status = 'denied'))",
            id.0,
            state.as_str(),
            now,
        );
        self.changes(statement).await
    }

    async fn extend_approval(&self, id: ApprovalId, until: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
        let statement = statement!(
            "UPDATE approvals SET expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END \
             WHERE id = $1 AND state = 'pending' AND expires_at > $3",
            id.0,
            until,
            now,
        );
        self.changes(statement).await
    }

    async fn disowned(&self, now: Timestamp, limit: u32) -> Result<Vec<Disowned>, StoreError> {
        // The first condition is that of the index, word for word.
        let statement = statement!(
            "SELECT id, user_id, first_factor = 'text_code' AS by_code, state = 'disowned' AS withdrawn FROM approvals \
             WHERE state IN ('not_me', 'disowned') AND (state = 'not_me' OR tell_at <= $1) \
             ORDER BY state DESC, created_at LIMIT $2",
            now,
            limit,
        );
        self.list::<DisownedRow, _>(statement).await
    }

    async fn disown(&self, disowned: &Disowned, now: Timestamp, telling: Timestamp) -> Result<Disown, StoreError> {
        let (id, user) = (disowned.id.0, disowned.user_id.0);
        let end = statement!(
            "DELETE FROM sign_ins WHERE user_id = $1 AND epoch <= (SELECT a.epoch FROM approvals a WHERE a.id = $2)",
            user,
            id,
        );
        let withdraw = statement!(
            "UPDATE users SET disowned_at = $3, sign_in_epoch = sign_in_epoch + 1, \
             password_hash = CASE WHEN $4 AND NOT password_by_code THEN password_hash ELSE NULL END \
             WHERE id = $1 AND sign_in_epoch = (SELECT a.epoch FROM approvals a WHERE a.id = $2)",
            user,
            id,
            now,
            disowned.by_code,
        );
        let mark = statement!(
            "UPDATE approvals SET state = 'disowned', tell_at = $2 WHERE id = $1 AND state NOT IN ('disowned', 'told')",
            id,
            telling,
        );
        let [tickets, unverified] = end_enrolments_of(disowned.user_id);
        let changed = self.driver.execute_all(vec![withdraw, end, tickets, unverified, mark]).await?;
        Ok(match (changed.first(), changed.last()) {
            (Some(1), _) => Disown::Withdrawn,
            (_, Some(1)) => Disown::Outdated,
            _ => Disown::Overtaken,
        })
    }

    async fn begin_telling(&self, id: ApprovalId, now: Timestamp, telling: Timestamp) -> Result<bool, StoreError> {
        let statement = statement!(
            "UPDATE approvals SET tell_at = $3 WHERE id = $1 AND state = 'disowned' AND tell_at <= $2",
            id.0,
            now,
            telling,
        );
        self.changes(statement).await
    }

    async fn told_of_disowned(&self, id: ApprovalId) -> Result<(), StoreError> {
        let statement = statement!("UPDATE approvals SET state = 'told' WHERE id = $1 AND state = 'disowned'", id.0);
        self.driver.execute(statement).await.map(drop)
    }

    async fn purge_approvals(&self, limit: u32, before: Timestamp) -> Result<u64, StoreError> {
        let statement = statement!(
            "DELETE FROM approvals WHERE expires_at < $1 AND state <> 'not_me' AND id IN (SELECT a.id FROM approvals a \
             WHERE a.expires_at < $1 AND a.state <> 'not_me' ORDER BY a.expires_at LIMIT $2)",
            before,
            limit,
        );
        self.driver.execute(statement).await
    }
}
