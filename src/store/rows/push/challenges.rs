//! Owns the rows of challenges.

use sqlx::FromRow;
use uuid::Uuid;

use super::{Doubt, ScopeRow};
use crate::model::push::challenge::{Answer, Challenge, ChallengeState};
use crate::model::push::sid::{ChallengeSid, EntitySid, FactorSid};
use crate::store::StoreError;

/// A row of `push_challenges` with where it is.
#[derive(FromRow)]
pub struct ChallengeRow {
    id: Uuid,
    entity_id: Uuid,
    factor_id: Uuid,
    status: String,
    details: String,
    hidden_details: Option<String>,
    metadata: Option<String>,
    tries: i64,
    created_at: i64,
    updated_at: i64,
    responded_at: Option<i64>,
    expires_at: i64,
    #[sqlx(flatten)]
    scope: ScopeRow,
}

impl TryFrom<ChallengeRow> for Challenge {
    type Error = StoreError;

    fn try_from(row: ChallengeRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "push_challenges", id: &row.id };
        let state = match (row.status.as_str(), row.responded_at) {
            ("pending", None) => ChallengeState::Pending,
            (status, at) => {
                let answer = doubt.some("status", Answer::parse(status))?;
                let at = doubt.moment("responded_at", doubt.some("responded_at", at)?)?;
                ChallengeState::Answered(answer, at)
            }
        };
        Ok(Self {
            sid: ChallengeSid(row.id),
            scope: doubt.scope(&row.scope)?,
            entity: EntitySid(row.entity_id),
            factor: FactorSid(row.factor_id),
            state,
            details: doubt.some("details", serde_json::from_str(&row.details).ok())?,
            hidden_details: doubt.texts("hidden_details", row.hidden_details.as_deref())?,
            metadata: doubt.texts("metadata", row.metadata.as_deref())?,
            tries: doubt.count("tries", row.tries)?,
            created_at: doubt.moment("created_at", row.created_at)?,
            updated_at: doubt.moment("updated_at", row.updated_at)?,
            expires_at: doubt.moment("expires_at", row.expires_at)?,
        })
    }
}
