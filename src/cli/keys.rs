//! Owns `couplet keys …`.

use serde::Serialize;

use crate::app::StartFailure;
use crate::cli::args::KeysCommand;
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::tokens::keys::DatedKey;

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
    let app = open::app(config).await?;
    let keys = &app.protocol.keys;
    match command {
        KeysCommand::List { json } => {
            let listed: Vec<Listed> =
                keys.published().await.map_err(StartFailure::from)?.iter().map(Listed::from).collect();
            if json {
                return print::json(&listed);
            }
            listed.iter().for_each(show);
        }
        KeysCommand::Rotate { json } => {
            let listed = Listed::from(&keys.rotate().await.map_err(StartFailure::from)?);
            if json {
                return print::json(&listed);
            }
            show(&listed);
        }
    }
    Ok(())
}

fn show(key: &Listed) {
    let until = key.published_until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
    print::line(&format!("{}  {}{until}  since {}", key.kid, key.state, key.created_at));
}
