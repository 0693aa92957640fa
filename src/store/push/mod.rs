//! Owns what is remembered for push verification: one file for each kind of thing. Leaves who may ask for it to `push/`.
//!
//! Every change that an [`Event`](crate::model::push::event::Event) tells of stores the event for each webhook that wants it,
//! in the same transaction: who loses a race tells nobody.

mod accounts;
mod challenges;
mod deliveries;
mod factors;
mod people;
mod purge;
mod services;
mod webhooks;

pub use accounts::PushAccountStore;
pub use challenges::{AddChallenge, PushChallengeStore};
pub use deliveries::PushDeliveryStore;
pub use factors::{AddFactor, PushFactorStore};
pub use people::PushPeopleStore;
pub use purge::{PushPurgeStore, PushTable};
pub use services::PushServiceStore;
pub use webhooks::PushWebhookStore;

/// Everything that is remembered for push verification.
pub trait PushStore:
    PushAccountStore
    + PushServiceStore
    + PushPeopleStore
    + PushFactorStore
    + PushChallengeStore
    + PushWebhookStore
    + PushDeliveryStore
    + PushPurgeStore
{
}

impl<S> PushStore for S where
    S: PushAccountStore
        + PushServiceStore
        + PushPeopleStore
        + PushFactorStore
        + PushChallengeStore
        + PushWebhookStore
        + PushDeliveryStore
        + PushPurgeStore
{
}
