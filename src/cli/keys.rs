//! Owns `couplet keys …`. Leaves the master key to `rotate_master.rs`.

use serde::Serialize;

use crate::app::StartFailure;
use crate::cli::args::KeysCommand;
use crate::cli::{CliError, open, print, rotate_master};
use crate::config::Config;
use crate::tokens::keys::{DatedKey, Keys};

#[derive(Serialize)]
struct Listed {
    kid: String,
    state: &'static str,
    created_at: String,
    published_until: Option<String>,
}

impl From<&DatedKey> for Listed {
    fn from(dated: &DatedKey) -> Self {
        Self {
            kid: dated.key.jwk().kid.clone(),
            state: if dated.published_until.is_some() { "published" } else { "signing" },
            created_at: dated.created_at.to_rfc3339(),
            published_until: dated.published_until.map(|until| until.to_rfc3339()),
        }
    }
}

/// Lists or rotates.
pub async fn run(config: &Config, command: KeysCommand) -> Result<(), CliError> {
    match command {
        KeysCommand::List { json } => list(&open::app(config).await?.protocol.keys, json).await,
        KeysCommand::Rotate { json } => rotate(&open::app(config).await?.protocol.keys, json).await,
        KeysCommand::RotateMaster { new_key_file, json } => rotate_master::run(config, &new_key_file, json).await,
    }
}

async fn list(keys: &Keys, json: bool) -> Result<(), CliError> {
    let listed: Vec<Listed> = keys.published().await.map_err(StartFailure::from)?.iter().map(Listed::from).collect();
    if json {
        return print::json(&listed);
    }
    listed.iter().for_each(show);
    Ok(())
}

async fn rotate(keys: &Keys, json: bool) -> Result<(), CliError> {
    let listed = Listed::from(&keys.rotate().await.map_err(StartFailure::from)?);
    if json {
        return print::json(&listed);
    }
    show(&listed);
    Ok(())
}

fn show(key: &Listed) {
    let until = key.published_until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
    print::line(&format!("{}  {}{until}  since {}", key.kid, key.state, key.created_at));
}
