//! The cellar: owns what is remembered, and that each change happens whole or not at all. Leaves every decision to the rooms:
//! methods are named after the fact they record and answer with an outcome, never with a refusal.
//!
//! Each file here is one trait with its contract in words. `sql/` fulfils all of them once, with statements that both
//! databases understand; `postgres.rs` and `sqlite.rs` only carry statements to their database.

pub mod brakes;
pub mod clients;
pub mod grants;
pub mod keys;
pub mod open;
pub mod partners;
mod postgres;
mod rows;
pub mod sealed;
pub mod sign_ins;
mod sql;
mod sqlite;
pub mod users;

use async_trait::async_trait;

pub use crate::model::failure::StoreError;
pub use brakes::BrakeStore;
pub use clients::ClientStore;
pub use grants::GrantStore;
pub use keys::KeyStore;
pub use partners::PartnerStore;
pub use sealed::SealedStore;
pub use sign_ins::SignInStore;
pub use users::UserStore;

/// Everything the program remembers.
pub trait Store:
    ClientStore + UserStore + SignInStore + GrantStore + PartnerStore + KeyStore + SealedStore + BrakeStore + Health
{
}

impl<S> Store for S where
    S: ClientStore + UserStore + SignInStore + GrantStore + PartnerStore + KeyStore + SealedStore + BrakeStore + Health
{
}

/// Whether the database answers.
#[async_trait]
pub trait Health: Send + Sync {
    /// Succeeds when the database is reachable and its schema is the one this program knows.
    async fn check(&self) -> Result<(), StoreError>;
}
