//! Owns what is remembered of keys: sealed private parts, in the order in which they came into force.

use async_trait::async_trait;

use crate::model::time::Timestamp;
use crate::store::StoreError;

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Signs access tokens with ES256.
    SignEs256,
    /// The root from which the keys for refresh tokens, opaque access tokens and forms are derived.
    TokenRoot,
    /// Signs what is told to browsers' push services (RFC 8292). There is one, for a browser's subscription is bound to it.
    Vapid,
    /// The master key to which a rotation leads, sealed under the one before; `kid` is its name. There while the rotation
    /// is under way.
    NextMaster,
    /// A master key that was replaced, sealed under its successor; `kid` is its name.
    FormerMaster,
}

impl KeyPurpose {
    /// The name in the database and in listings.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyPurpose::SignEs256 => "sign-es256",
            KeyPurpose::TokenRoot => "token-root",
            KeyPurpose::Vapid => "vapid",
            KeyPurpose::NextMaster => "next-master",
            KeyPurpose::FormerMaster => "former-master",
        }
    }
}

/// A key as it is stored: its private part encrypted and bound to its row.
#[derive(Clone, Debug)]
pub struct SealedKey {
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Its number among the keys of that purpose; the highest is in force.
    pub serial: u32,
    /// Its public name (RFC 7517 section 4.5).
    pub kid: String,
    /// The private part, encrypted under the master key.
    pub sealed: Vec<u8>,
    /// When it came into force.
    pub created_at: Timestamp,
}

/// What became of a new key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddKey {
    /// It is in force.
    Added,
    /// Someone else added the key of this number first; nothing changed.
    SerialTaken,
}

/// Remembers keys.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// All keys of a purpose, oldest first.
    async fn keys(&self, purpose: KeyPurpose) -> Result<Vec<SealedKey>, StoreError>;

    /// Adds a key under a number that is free.
    async fn add_key(&self, key: &SealedKey) -> Result<AddKey, StoreError>;

    /// Adds the two keys of a beginning rotation of the master key, both or neither: `former`, then `next`. Nothing changes
    /// while a key of the purpose of `next` is there, for one rotation is under way at a time.
    async fn hand_over(&self, next: &SealedKey, former: &SealedKey) -> Result<AddKey, StoreError>;

    /// Forgets the keys of that purpose and name; forgetting none is fine.
    async fn delete_key(&self, purpose: KeyPurpose, kid: &str) -> Result<(), StoreError>;

    /// Forgets the keys of a purpose whose successor came into force before `replaced_before`; tells how many.
    async fn purge_keys(&self, purpose: KeyPurpose, replaced_before: Timestamp) -> Result<u64, StoreError>;
}
