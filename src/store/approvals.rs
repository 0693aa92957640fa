//! Owns what is remembered of sign-ins that wait for an approval, and of those that somebody said were not theirs.

use async_trait::async_trait;

use crate::model::approval::{Approval, ApprovalState, Disowned};
use crate::model::ids::ApprovalId;
use crate::model::time::Timestamp;
use crate::model::user::User;
use crate::store::StoreError;

/// What became of a new approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddApproval {
    /// It is stored.
    Added,
    /// So many questions to that person came to nothing before, or so many waited without one, or the person is gone; it is not
    /// stored.
    TooMany,
}

/// What became of an approval that was said not to be the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disown {
    /// This call withdrew the password, or ended the sign-ins; the person has to be told.
    Withdrawn,
    /// The password had been changed since the sign-in; nothing changed but that it is dealt with.
    Outdated,
    /// Somebody else deals with it.
    Overtaken,
}

/// How many approvals that came to nothing are borne, counted from a moment on.
#[derive(Clone, Copy, Debug)]
pub struct QuestionLimit {
    /// How many that asked a device.
    pub most: u32,
    /// How many that asked none.
    pub unasked: u32,
    /// Made after this.
    pub since: Timestamp,
}

/// Remembers approvals.
#[async_trait]
pub trait ApprovalStore: Send + Sync {
    /// Adds an approval within the limit, however many come at once. What counts are those of that user that nobody was let in
    /// by: for one that asks a device the questions, for any those that asked nobody or were not put. `former`, if it still waits, is superseded in any case.
    async fn add_approval(
        &self,
        approval: &Approval,
        former: Option<ApprovalId>,
        limit: QuestionLimit,
    ) -> Result<AddApproval, StoreError>;

    /// The approval of that id with its user.
    async fn approval(&self, id: ApprovalId) -> Result<Option<(Approval, User)>, StoreError>;

    /// Decides an approval at `now`, provided that it is pending and has not ended then. Of any number of simultaneous
    /// decisions one counts; `false` for all others, and for a yes to what a device has denied.
    async fn decide_approval(&self, id: ApprovalId, state: ApprovalState, now: Timestamp) -> Result<bool, StoreError>;

    /// Lets an approval that is pending at `now` end no sooner than at `until`; `false` when it is not pending.
    async fn extend_approval(&self, id: ApprovalId, until: Timestamp, now: Timestamp) -> Result<bool, StoreError>;

    /// At most `limit` approvals whose device said that it was not the person, and that are not dealt with; also those whose
    /// person is to be told at `now`. First those whose password still opens something.
    async fn disowned(&self, now: Timestamp, limit: u32) -> Result<Vec<Disowned>, StoreError>;

    /// Deals with an approval whose device said that it was not the person, once: withdraws the password and ends all
    /// sign-ins of the user, provided the sign-in epoch is still that of the approval. Where that began with a code, a password
    /// that was not set by one stays. All in one transaction; links stay. Whoever is not told until `telling` is for others to
    /// tell.
    async fn disown(&self, disowned: &Disowned, now: Timestamp, telling: Timestamp) -> Result<Disown, StoreError>;

    /// Begins to tell a person, who is for others to tell from `telling` on. Of any number of simultaneous calls one begins;
    /// `false` for all others.
    async fn begin_telling(&self, id: ApprovalId, now: Timestamp, telling: Timestamp) -> Result<bool, StoreError>;

    /// The person was told.
    async fn told_of_disowned(&self, id: ApprovalId) -> Result<(), StoreError>;

    /// Forgets at most `limit` approvals that ended before `before`, but none that is to be dealt with; tells how many.
    async fn purge_approvals(&self, limit: u32, before: Timestamp) -> Result<u64, StoreError>;
}
