//! Owns the shape of a stored client, and what was read from such a row before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::FromRow;

use super::Doubt;
use crate::model::client::{Client, ClientSecrets, ClientSettings, Credentials, FormerSecret};
use crate::model::ids::ClientId;
use crate::model::secret::ClientSecretHash;
use crate::store::StoreError;

/// A row of `clients`.
#[derive(Clone, PartialEq, FromRow)]
pub struct ClientRow {
    client_id: String,
    settings: String,
    client_secret_hash: Option<Vec<u8>>,
    former_secret_hash: Option<Vec<u8>>,
    former_secret_until: Option<i64>,
    client_enabled: bool,
    client_created_at: i64,
}

impl ClientRow {
    /// The primary key.
    pub fn id(&self) -> &str {
        &self.client_id
    }
}

impl TryFrom<ClientRow> for Client {
    type Error = StoreError;

    fn try_from(row: ClientRow) -> Result<Self, StoreError> {
        let doubt = Doubt { table: "clients", id: &row.client_id };
        let settings = serde_json::from_str::<ClientSettings>(&row.settings);
        let former = match (&row.former_secret_hash, row.former_secret_until) {
            (Some(hash), Some(until)) => Some(FormerSecret {
                hash: doubt.some("former_secret_hash", ClientSecretHash::from_slice(hash))?,
                valid_until: doubt.moment("former_secret_until", until)?,
            }),
            (None, None) => None,
            (Some(_), None) => return Err(doubt.broken("former_secret_until")),
            (None, Some(_)) => return Err(doubt.broken("former_secret_hash")),
        };
        let credentials = match &row.client_secret_hash {
            None => Credentials::Public,
            Some(hash) => Credentials::Confidential(ClientSecrets {
                current: doubt.some("secret_hash", ClientSecretHash::from_slice(hash))?,
                former,
            }),
        };
        Ok(Client {
            id: doubt.some("id", ClientId::parse(&row.client_id).ok())?,
            credentials,
            settings: doubt.some("settings", settings.ok())?,
            enabled: row.client_enabled,
            created_at: doubt.moment("created_at", row.client_created_at)?,
        })
    }
}

/// Clients that were read before, each with its row. Every request still reads the row, so that a change counts at once in all
/// processes; only making a client of the same row again is spared.
#[derive(Default)]
pub struct KnownClients(Mutex<HashMap<String, (ClientRow, Arc<Client>)>>);

/// As many clients as are known at once; services have few.
const MOST: usize = 1000;

impl KnownClients {
    /// What the row stands for.
    pub fn read(&self, row: ClientRow) -> Result<Arc<Client>, StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, client)) = known.get(&row.client_id)
            && *seen == row
        {
            return Ok(client.clone());
        }
        if known.len() >= MOST {
            known.clear();
        }
        let client = Arc::new(Client::try_from(row.clone())?);
        known.insert(row.client_id.clone(), (row, client.clone()));
        Ok(client)
    }
}
