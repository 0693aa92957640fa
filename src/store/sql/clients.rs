//! Owns the statements about clients.

use async_trait::async_trait;

use super::{Driver, SqlStore, statement};
use crate::model::client::{Client, ClientSettings, Credentials};
use crate::model::failure::StoreError;
use crate::model::ids::ClientId;
use crate::model::secret::ClientSecretHash;
use crate::model::time::Timestamp;
use crate::store::clients::{AddClient, ChangeSettings, ClientStore};
use crate::store::rows::{ClientRow, SettingsRow};

/// A `SELECT` of whole clients; what is given follows `FROM clients c`.
macro_rules! select_clients {
    ($tail:literal) => {
        concat!(
            "SELECT c.id AS client_id, c.settings, c.secret_hash AS client_secret_hash, c.former_secret_hash, \
             c.former_secret_until, c.enabled AS client_enabled, c.created_at AS client_created_at FROM clients c ",
            $tail
        )
    };
}

pub(super) use select_clients;

fn to_json(settings: &ClientSettings) -> Result<String, StoreError> {
    serde_json::to_string(settings).map_err(|_| StoreError::Corrupt {
        table: "clients",
        column: "settings",
        id: settings.name.clone(),
    })
}

#[async_trait]
impl<D: Driver> ClientStore for SqlStore<D> {
    async fn add_client(&self, client: &Client) -> Result<AddClient, StoreError> {
        let secret = match &client.credentials {
            Credentials::Public => None,
            Credentials::Confidential(secrets) => Some(secrets.current.as_bytes().as_slice()),
        };
        let added = self.changes(statement!(
            "INSERT INTO clients (id, settings, secret_hash, enabled, created_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT DO NOTHING",
            client.id.as_str(),
            to_json(&client.settings)?.as_str(),
            secret,
            client.enabled,
            client.created_at,
        ));
        Ok(if added.await? { AddClient::Added } else { AddClient::IdTaken })
    }

    async fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        let statement = statement!(select_clients!("WHERE c.id = $1"), id.as_str());
        let row: Option<ClientRow> = self.driver.optional(statement).await?;
        row.map(|row| self.clients.read(row).map(|client| Client::clone(&client))).transpose()
    }

    async fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.list::<ClientRow, _>(statement!(select_clients!("ORDER BY c.id"))).await
    }

    async fn change_settings(
        &self,
        id: &ClientId,
        expected: &ClientSettings,
        settings: &ClientSettings,
    ) -> Result<ChangeSettings, StoreError> {
        // Compared as it is stored: written by another version, the same settings may look different.
        let select = statement!("SELECT settings FROM clients WHERE id = $1", id.as_str());
        let Some(SettingsRow { settings: stored }) = self.driver.optional(select).await? else {
            return Ok(ChangeSettings::Overtaken);
        };
        if serde_json::from_str::<ClientSettings>(&stored).ok().as_ref() != Some(expected) {
            return Ok(ChangeSettings::Overtaken);
        }
        let changed = self.changes(statement!(
            "UPDATE clients SET settings = $3 WHERE id = $1 AND settings = $2",
            id.as_str(),
            stored.as_str(),
            to_json(settings)?.as_str(),
        ));
        Ok(if changed.await? { ChangeSettings::Changed } else { ChangeSettings::Overtaken })
    }

    async fn rotate_secret(
        &self,
        id: &ClientId,
        secret: &ClientSecretHash,
        former_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = statement!(
            "UPDATE clients SET former_secret_hash = secret_hash, former_secret_until = $3, secret_hash = $2 \
             WHERE id = $1 AND secret_hash IS NOT NULL",
            id.as_str(),
            secret.as_bytes().as_slice(),
            former_until,
        );
        self.changes(statement).await
    }

    async fn enable_client(&self, id: &ClientId, enabled: bool) -> Result<bool, StoreError> {
        self.changes(statement!("UPDATE clients SET enabled = $2 WHERE id = $1", id.as_str(), enabled)).await
    }

    async fn delete_client(&self, id: &ClientId) -> Result<bool, StoreError> {
        self.changes(statement!("DELETE FROM clients WHERE id = $1", id.as_str())).await
    }
}
