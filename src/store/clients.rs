//! Owns what is remembered of clients.

use async_trait::async_trait;

use crate::model::client::{Client, ClientSettings};
use crate::model::ids::ClientId;
use crate::model::secret::ClientSecretHash;
use crate::model::time::Timestamp;
use crate::store::StoreError;

/// What became of a new client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddClient {
    /// It is registered.
    Added,
    /// Another client has this id; nothing changed.
    IdTaken,
}

/// What became of a change of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeSettings {
    /// The new settings are in force.
    Changed,
    /// The client is gone or its settings are no longer the expected ones; nothing changed.
    Overtaken,
}

/// Remembers clients. All methods that name an unknown client change nothing and say so with `false` or `None`.
#[async_trait]
pub trait ClientStore: Send + Sync {
    /// Registers a client under an id that is free.
    async fn add_client(&self, client: &Client) -> Result<AddClient, StoreError>;

    /// The client of that id.
    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError>;

    /// All clients, by id. There are few: one per platform and app.
    async fn clients(&self) -> Result<Vec<Client>, StoreError>;

    /// Replaces the settings, provided they still are `expected`.
    async fn change_settings(
        &self,
        id: &ClientId,
        expected: &ClientSettings,
        settings: &ClientSettings,
    ) -> Result<ChangeSettings, StoreError>;

    /// Makes `secret` the current one and keeps the one before valid until `former_until`; an older one ends at once.
    /// Public clients have no secret and are not changed.
    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &ClientSecretHash,
        former_until: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Switches a client on or off.
    async fn enable_client(&self, id: &ClientId, enabled: bool) -> Result<bool, StoreError>;

    /// Forgets a client with all its grants.
    async fn delete_client(&self, id: &ClientId) -> Result<bool, StoreError>;
}
