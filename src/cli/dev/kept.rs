//! Owns the demo's secrets in `dev.json`, kept so that every run is the same. Leaves what they open to its parent.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::app::SystemRandomness;
use crate::cli::CliError;
use crate::cli::client::random_secret;
use crate::model::ids::UserId;
use crate::tokens::master_key::write_new;

/// What `dev.json` holds.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) user_id: UserId,
    pub(super) password: String,
    pub(super) client_secret: String,
    /// The client's secret at Login with Amazon. Files from before links led both ways lack it.
    #[serde(default)]
    pub(super) amazon_client_secret: String,
}

impl Kept {
    /// Reads the file; makes it, and what an older version of it lacks.
    pub(super) fn read_or_make(path: &Path) -> Result<Self, CliError> {
        if !path.exists() {
            match Self::made().write(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(unusable(path, error)),
                _ => {}
            }
        }
        let mut kept = Self::read(path)?;
        if kept.amazon_client_secret.is_empty() {
            kept.amazon_client_secret = random_secret().expose().to_owned();
            kept.replace(path).map_err(|error| unusable(path, error))?;
            kept = Self::read(path)?;
        }
        Ok(kept)
    }

    fn made() -> Self {
        Self {
            user_id: UserId::random(&SystemRandomness),
            password: random_secret().expose().chars().filter(char::is_ascii_alphanumeric).take(12).collect(),
            client_secret: random_secret().expose().to_owned(),
            amazon_client_secret: random_secret().expose().to_owned(),
        }
    }

    fn read(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path).map_err(|error| unusable(path, error))?;
        serde_json::from_str(&text).map_err(|error| unusable(path, error))
    }

    fn write(&self, path: &Path) -> std::io::Result<()> {
        write_new(path, &serde_json::to_string_pretty(self)?)
    }

    /// Whole or not at all, as a file of its own that takes the name.
    fn replace(&self, path: &Path) -> std::io::Result<()> {
        let next = path.with_extension("json.next");
        // One that a run left behind when it was ended half-way.
        drop(std::fs::remove_file(&next));
        self.write(&next)?;
        std::fs::rename(next, path)
    }
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> CliError {
    CliError::Failed(format!("{}: {why}; mend the file, or choose another COUPLET_DATA_DIR", path.display()))
}
