//! Owns the two changes that every new link and every rotation make, many in one statement: each row has its own guard, and
//! each caller learns what became of its own.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use super::many::{ForMany, MOST};
use super::{Driver, Value};
use crate::model::grant::RefreshState;
use crate::model::ids::GrantId;
use crate::model::secret::TokenHash;
use crate::model::time::Timestamp;
use crate::store::rows::IdRow;
use crate::store::together::{Answer, Limits};

// Each `coalesce` says nothing but keeps SQLite from reading all grants to look each up among the few values, which it takes
// for the better plan.

/// Each thread has one round of changes under way.
pub const CHANGES: Limits = Limits { rounds: 1, questions: MOST };

/// A change of one grant, guarded by what it was.
pub trait Change: Send + 'static {
    /// The statement for many of them; it gives the ids of the grants that it changed.
    fn statement() -> &'static ForMany;

    /// Which grant.
    fn id(&self) -> GrantId;

    /// The values of its row in the statement.
    fn values(&self) -> Vec<Value>;
}

/// A code is redeemed.
pub struct Redeem {
    /// The grant.
    pub id: GrantId,
    /// The hash of the code, which must be unspent and alive.
    pub code: TokenHash,
    /// The hash of the first refresh token.
    pub refresh: TokenHash,
    /// The moment.
    pub now: Timestamp,
}

static REDEEM: LazyLock<ForMany> = LazyLock::new(|| {
    ForMany::new(
        "UPDATE grants SET state = 'active', redeemed_at = v.column4, last_used_at = v.column4, refresh_hash = v.column3 \
         FROM (VALUES ",
        4,
        ") AS v WHERE grants.id = coalesce(v.column1, v.column1) AND grants.state = 'issued' \
         AND grants.code_hash = coalesce(v.column2, v.column2) \
         AND grants.code_expires_at > v.column4 RETURNING id",
    )
});

impl Change for Redeem {
    fn statement() -> &'static ForMany {
        &REDEEM
    }

    fn id(&self) -> GrantId {
        self.id
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.code.as_bytes().as_slice().into(),
            self.refresh.as_bytes().as_slice().into(),
            self.now.into(),
        ]
    }
}

/// A refresh token is replaced.
pub struct Rotate {
    /// The grant.
    pub id: GrantId,
    /// What must be in force.
    pub from: RefreshState,
    /// What comes into force.
    pub to: RefreshState,
    /// The moment.
    pub now: Timestamp,
}

static ROTATE: LazyLock<ForMany> = LazyLock::new(|| {
    ForMany::new(
        "UPDATE grants SET refresh_hash = v.column4, generation = v.column5, refresh_used = v.column6, \
         rotations = v.column7, last_used_at = v.column8 FROM (VALUES ",
        8,
        ") AS v WHERE grants.id = coalesce(v.column1, v.column1) AND grants.state = 'active' \
         AND grants.generation = coalesce(v.column2, v.column2) \
         AND grants.refresh_hash = coalesce(v.column3, v.column3) RETURNING id",
    )
});

impl Change for Rotate {
    fn statement() -> &'static ForMany {
        &ROTATE
    }

    fn id(&self) -> GrantId {
        self.id
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.from.generation.into(),
            self.from.hash.as_bytes().as_slice().into(),
            self.to.hash.as_bytes().as_slice().into(),
            self.to.generation.into(),
            self.to.used.into(),
            self.to.rotations.to_bytes().as_slice().into(),
            self.now.into(),
        ]
    }
}

/// Makes changes in one statement; tells of each whether it was made. Of several changes of one grant the first is tried, the
/// others find the grant changed, as if they had come a moment later.
pub async fn make<D: Driver, C: Change>(driver: Arc<D>, changes: Vec<C>) -> Vec<Answer<bool>> {
    let mut ids = HashSet::new();
    let mut first: Vec<&C> = changes.iter().filter(|change| ids.insert(change.id())).collect();
    // Locked in this order by everybody, as the planner as a rule does it; a circle all the same is tried again.
    first.sort_by_key(|change| change.id());
    let rows = first.iter().map(|change| change.values()).collect();
    match driver.change::<IdRow>(C::statement().with(rows)).await {
        Ok(changed) => {
            let mut changed: HashSet<GrantId> = changed.into_iter().map(|row| GrantId(row.id)).collect();
            changes.iter().map(|change| Ok(changed.remove(&change.id()))).collect()
        }
        Err(error) => changes.iter().map(|_| Err(error.clone())).collect(),
    }
}
