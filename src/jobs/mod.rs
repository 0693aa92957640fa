//! Owns work that nobody waits for. Leaves what is remembered to `store/`.

pub mod brakes;
pub mod certificate;
pub mod disowned;
pub mod exchange;
pub mod master_key;
pub mod purge;
pub mod webhooks;
