//! The cellar: owns what is remembered, and that each change happens whole or not at all. Leaves every decision to the rooms:
//! methods are named after the fact they record and answer with an outcome, never with a refusal.
//!
//! Each file here is one trait with its contract in words. `sql/` fulfils all of them once, with statements that both
//! databases understand; `postgres.rs` and `sqlite.rs` only carry statements to their database.

pub mod approvals;
pub mod brakes;
pub mod clients;
pub mod grants;
mod kept;
pub mod keys;
mod lanes;
pub mod open;
pub mod partners;
mod postgres;
pub mod push;
mod rows;
pub mod sealed;
pub mod sign_ins;
mod sql;
mod sqlite;
pub mod text_codes;
mod together;
pub mod users;

use std::time::Duration;

use async_trait::async_trait;

pub use crate::model::failure::StoreError;
pub use approvals::ApprovalStore;
pub use brakes::BrakeStore;
pub use clients::ClientStore;
pub use grants::GrantStore;
pub use keys::KeyStore;
pub use partners::PartnerStore;
pub use push::PushStore;
pub use sealed::SealedStore;
pub use sign_ins::SignInStore;
pub use text_codes::TextCodeStore;
pub use users::UserStore;

/// Longest wait for an answer of the database, the wait for a turn included. A token request has 4 s in all.
const PATIENCE: Duration = Duration::from_secs(3);

/// Longest wait for a turn: once to be asked together with others, once for a connection.
const QUEUE: Duration = Duration::from_millis(700);

/// Longest that the database itself may work on something. With the waits before it this is no more than our patience, so that
/// nothing is begun that we have given up on. Only a commit that the disk holds up can end later.
const ROUND: Duration = Duration::from_millis(1600);

/// Everything the program remembers.
pub trait Store:
    ClientStore
    + UserStore
    + SignInStore
    + GrantStore
    + PartnerStore
    + KeyStore
    + SealedStore
    + BrakeStore
    + TextCodeStore
    + ApprovalStore
    + PushStore
    + Health
{
}

impl<S> Store for S where
    S: ClientStore
        + UserStore
        + SignInStore
        + GrantStore
        + PartnerStore
        + KeyStore
        + SealedStore
        + BrakeStore
        + TextCodeStore
        + ApprovalStore
        + PushStore
        + Health
{
}

/// Whether the database answers.
#[async_trait]
pub trait Health: Send + Sync {
    /// Succeeds when the database is reachable and its schema is the one this program knows.
    async fn check(&self) -> Result<(), StoreError>;

    /// How its pools of connections stand.
    fn pools(&self) -> Vec<PoolState>;

    /// Lets go of the database in order: a SQLite file is whole by itself afterwards. Nothing can be asked any more.
    async fn close(&self);
}

/// A pool of connections at one moment.
#[derive(Clone, Copy, Debug)]
pub struct PoolState {
    /// What it is for.
    pub name: &'static str,
    /// Open connections.
    pub size: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
    /// As many as there may be.
    pub most: u32,
}

impl PoolState {
    /// Two pools that serve the same purpose, as one.
    fn and(self, other: Self) -> Self {
        Self {
            name: self.name,
            size: self.size.saturating_add(other.size),
            idle: self.idle.saturating_add(other.idle),
            most: self.most.saturating_add(other.most),
        }
    }
}
