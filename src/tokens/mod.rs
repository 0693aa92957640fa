//! Owns making and reading codes, tokens and keys, and encryption at rest. Leaves what a token permits to the rooms, and
//! remembering keys to `store/`.

pub mod assertion;
pub mod derived;
pub mod handover;
pub mod jwt;
pub mod keys;
pub mod master_key;
pub mod opaque;
pub mod reseal;
pub mod seal;
