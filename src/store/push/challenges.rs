//! Owns what is remembered of challenges.

use async_trait::async_trait;

use crate::model::push::challenge::{Answer, Challenge, ChallengeFilter};
use crate::model::push::event::Event;
use crate::model::push::factor::Texts;
use crate::model::push::paging::PageRequest;
use crate::model::push::service::Scope;
use crate::model::push::sid::ChallengeSid;
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// What became of a new challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddChallenge {
    /// It is stored.
    Added,
    /// The factor is not verified, or gone; nothing changed.
    Unverified,
    /// So many wait for that factor; nothing changed.
    TooMany,
}

/// Remembers challenges.
#[async_trait]
pub trait PushChallengeStore: Send + Sync {
    /// Adds a pending challenge for a verified factor. No more than about `most` wait at once for one factor; those that come
    /// at the same moment may each be the last.
    async fn add_challenge(&self, challenge: &Challenge, most: u32) -> Result<AddChallenge, StoreError>;

    /// A challenge of an entity.
    async fn challenge(&self, scope: &Scope, sid: ChallengeSid) -> Result<Option<Challenge>, StoreError>;

    /// The challenges of an entity that the filter lets through as they stand at `now`: one more than the page has rows, if
    /// there are more, in the direction of the search.
    async fn challenges(
        &self,
        scope: &Scope,
        filter: &ChallengeFilter,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Vec<Challenge>, StoreError>;

    /// Answers a challenge, provided it is pending and has not run out at `event.at`. Of any number of simultaneous answers
    /// one counts, and is told to the webhooks that were there before; `false` for all others. A sign-in that a user said was
    /// not theirs is marked by the same write.
    async fn answer_challenge(
        &self,
        sid: ChallengeSid,
        answer: Answer,
        metadata: Option<&Texts>,
        event: &Event,
    ) -> Result<bool, StoreError>;

    /// Counts a refused answer.
    async fn count_challenge_try(&self, sid: ChallengeSid) -> Result<(), StoreError>;
}
