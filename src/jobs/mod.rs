//! Owns work that nobody waits for. Leaves what is remembered to `store/`.

pub mod purge;
