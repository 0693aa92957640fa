//! Owns the statements about challenges.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Driver, Listing, SqlStore, json, listing, statement, tell};
use crate::model::approval::is_not_me;
use crate::model::push::challenge::{Answer, Challenge, ChallengeFilter, Standing};
use crate::model::push::event::Event;
use crate::model::push::factor::Texts;
use crate::model::push::paging::PageRequest;
use crate::model::push::service::Scope;
use crate::model::push::sid::ChallengeSid;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::push::{AddChallenge, PushChallengeStore};
use crate::store::rows::IdRow;
use crate::store::rows::push::ChallengeRow;

macro_rules! challenges {
    () => {
        "SELECT c.id, c.entity_id, c.factor_id, c.status, c.details, c.hidden_details, c.metadata, c.tries, c.created_at, \
         c.updated_at, c.responded_at, c.expires_at, e.service_id, e.identity, s.account_id FROM push_challenges c \
         JOIN push_entities e ON e.id = c.entity_id JOIN push_services s ON s.id = e.service_id WHERE "
    };
}

/// Those that wait, which apps ask for again and again: what has ended is not looked at.
const WAITING: Listing = listing!(
    concat!(
        challenges!(),
        "s.account_id = $5 AND e.service_id = $6 AND e.identity = $7 AND ($8 IS NULL OR c.factor_id = $8) \
         AND c.status = 'pending' AND c.expires_at > $9"
    ),
    "c"
);

/// The sixth and later placeholders: the scope, the factor or nothing, the standing or nothing, the moment.
const LIST: Listing = listing!(
    concat!(
        challenges!(),
        "s.account_id = $5 AND e.service_id = $6 AND e.identity = $7 AND ($8 IS NULL OR c.factor_id = $8) \
         AND ($9 IS NULL OR CASE WHEN c.status = 'pending' AND c.expires_at <= $10 THEN 'expired' ELSE c.status END = $9)"
    ),
    "c"
);

#[async_trait]
impl<D: Driver> PushChallengeStore for SqlStore<D> {
    async fn add_challenge(&self, challenge: &Challenge, most: u32) -> Result<AddChallenge, StoreError> {
        let details = serde_json::to_string(&challenge.details).unwrap_or_default();
        let added = self.changes(statement!(
            "INSERT INTO push_challenges (id, entity_id, factor_id, status, details, hidden_details, tries, created_at, \
             updated_at, expires_at) SELECT $1, f.entity_id, f.id, 'pending', $3, $4, 0, $5, $5, $6 FROM push_factors f \
             WHERE f.id = $2 AND f.status = 'verified' AND (SELECT count(*) FROM push_challenges c \
             WHERE c.factor_id = f.id AND c.status = 'pending' AND c.expires_at > $5) < $7",
            challenge.sid.0,
            challenge.factor.0,
            details.as_str(),
            json(challenge.hidden_details.as_ref()).as_deref(),
            challenge.created_at,
            challenge.expires_at,
            most,
        ));
        if added.await? {
            return Ok(AddChallenge::Added);
        }
        let verified =
            statement!("SELECT id FROM push_factors WHERE id = $1 AND status = 'verified'", challenge.factor.0,);
        let found: Option<IdRow> = self.driver.optional(verified).await?;
        Ok(if found.is_some() { AddChallenge::TooMany } else { AddChallenge::Unverified })
    }

    async fn challenge(&self, scope: &Scope, sid: ChallengeSid) -> Result<Option<Challenge>, StoreError> {
        let sql = concat!(challenges!(), "c.id = $1 AND s.account_id = $2 AND e.service_id = $3 AND e.identity = $4");
        let identity = scope.identity.as_str();
        self.find::<ChallengeRow, _>(statement!(sql, sid.0, scope.account.0, scope.service.0, identity)).await
    }

    async fn challenges(
        &self,
        scope: &Scope,
        filter: &ChallengeFilter,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Vec<Challenge>, StoreError> {
        let mut values = vec![
            scope.account.0.into(),
            scope.service.0.into(),
            scope.identity.as_str().into(),
            filter.factor.map(|factor| factor.0).into(),
        ];
        if filter.standing == Some(Standing::Pending) {
            values.push(now.into());
            return self.page::<ChallengeRow, _>(&WAITING, page, values).await;
        }
        values.extend([filter.standing.map(|standing| standing.as_str()).into(), now.into()]);
        self.page::<ChallengeRow, _>(&LIST, page, values).await
    }

    async fn answer_challenge(
        &self,
        sid: ChallengeSid,
        answer: Answer,
        metadata: Option<&Texts>,
        event: &Event,
    ) -> Result<bool, StoreError> {
        let write = statement!(
            "UPDATE push_challenges SET status = $2, metadata = $3, event_id = $4, responded_at = $5, updated_at = $5 \
             WHERE id = $1 AND status = 'pending' AND expires_at > $5",
            sid.0,
            answer.as_str(),
            json(metadata).as_deref(),
            event.id,
            event.at,
        );
        // Where nobody listens one statement is enough, and on a server that is three round trips less.
        let listening = statement!(
            "SELECT id FROM push_webhooks WHERE service_id = $1 AND enabled LIMIT 1",
            event.scope.service.0,
        );
        let listening: Option<IdRow> = self.driver.optional(listening).await?;
        let not_me = Uuid::parse_str(event.scope.identity.as_str()).ok();
        let not_me = not_me.filter(|_| answer == Answer::Denied && is_not_me(metadata));
        if listening.is_none() && not_me.is_none() {
            return self.changes(write).await;
        }
        // A sign-in that a person said was not theirs is marked by the same write, whoever looks at it and when.
        let mark = not_me.map(|user| {
            statement!(
                "UPDATE approvals SET state = 'not_me' WHERE user_id = $1 AND challenge_id = $2 \
                 AND state NOT IN ('disowned', 'told') \
                 AND EXISTS (SELECT 1 FROM push_challenges c WHERE c.id = $2 AND c.event_id = $3)",
                user,
                sid.0,
                event.id,
            )
        });
        let told = listening.map(|_| tell(event));
        let changed = self.driver.execute_all([write].into_iter().chain(mark).chain(told).collect()).await?;
        Ok(changed.first().is_some_and(|answered| *answered > 0))
    }

    async fn count_challenge_try(&self, sid: ChallengeSid) -> Result<(), StoreError> {
        let statement = statement!("UPDATE push_challenges SET tries = tries + 1 WHERE id = $1", sid.0);
        self.driver.execute(statement).await.map(drop)
    }
}
