//! Owns `couplet grant …`.

use serde::Serialize;

use crate::app::SystemClock;
use crate::cli::args::GrantCommand;
use crate::cli::client::client_id;
use crate::cli::user::find;
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::model::grant::GrantState;
use crate::model::ids::GrantId;
use crate::model::reverse_link::ReverseSummary;
use crate::model::time::Clock;
use crate::store::Store;
use crate::store::grants::{GrantFilter, OwnedGrant};

/// As many links as are read at once.
const PAGE: u32 = 500;

#[derive(Serialize)]
struct Listed {
    id: String,
    user_id: String,
    login: String,
    client_id: String,
    state: &'static str,
    scope: String,
    created_at: String,
    last_used_at: Option<String>,
    /// The state of the reverse link, once there is one.
    partner: Option<&'static str>,
    /// Whose tokens it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_name: Option<String>,
    /// What went wrong with it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_error: Option<String>,
}

impl Listed {
    fn new(owned: &OwnedGrant, reverse: Option<&ReverseSummary>) -> Self {
        let grant = &owned.grant;
        let last_used_at = match &grant.state {
            GrantState::Active(active) => Some(active.last_used_at.to_rfc3339()),
            GrantState::Issued | GrantState::Revoked { .. } => None,
        };
        Self {
            id: grant.id.to_string(),
            user_id: grant.user_id.to_string(),
            login: owned.login.to_string(),
            client_id: grant.client_id.to_string(),
            state: grant.state.name(),
            scope: grant.scope.to_string(),
            created_at: grant.created_at.to_rfc3339(),
            last_used_at,
            partner: reverse.map(|reverse| reverse.standing.as_str()),
            partner_name: reverse.map(|reverse| reverse.partner.to_string()),
            partner_error: reverse.and_then(|reverse| reverse.last_error.clone()),
        }
    }
}

/// Lists, shows or revokes.
pub async fn run(config: &Config, command: GrantCommand) -> Result<(), CliError> {
    let store = open::store(config).await?;
    match command {
        GrantCommand::List { user, client, json } => {
            let filter = GrantFilter {
                user_id: match user {
                    Some(user) => Some(find(&*store, &user).await?.id),
                    None => None,
                },
                client_id: client.as_deref().map(client_id).transpose()?,
            };
            list(&*store, &filter, json).await
        }
        GrantCommand::Show { id, json } => {
            let found = store.grant(grant_id(&id)?).await?.ok_or_else(|| unknown(&id))?;
            let reverse = store.reverse_link(found.grant.id).await?.map(ReverseSummary::from);
            let listed = Listed::new(&found, reverse.as_ref());
            if json {
                return print::json(&listed);
            }
            show(&listed);
            Ok(())
        }
        GrantCommand::Revoke { id } => {
            let grant = grant_id(&id)?;
            if store.revoke_grant(grant, SystemClock.now()).await? {
                print::line(&format!("Link {id} is ended."));
                return Ok(());
            }
            match store.grant(grant).await? {
                Some(_) => {
                    print::line(&format!("Link {id} had ended before."));
                    Ok(())
                }
                None => Err(unknown(&id)),
            }
        }
    }
}

async fn list(store: &dyn Store, filter: &GrantFilter, json: bool) -> Result<(), CliError> {
    let mut after = None;
    let mut all = Vec::new();
    loop {
        let page = store.grants(filter, after, PAGE).await?;
        after = page.last().map(|both| both.link.grant.id);
        for listed in page.iter().map(|both| Listed::new(&both.link, both.reverse.as_ref())) {
            if json {
                all.push(listed);
            } else {
                show(&listed);
            }
        }
        if after.is_none() {
            break;
        }
    }
    if json { print::json(&all) } else { Ok(()) }
}

fn show(listed: &Listed) {
    let Listed { id, login, client_id, state, created_at, .. } = listed;
    print::line(&format!(
        "{id}  {state:7}  {login} – {client_id}  since {created_at}  {}{}",
        listed.scope,
        reverse_words(listed)
    ));
}

fn reverse_words(listed: &Listed) -> String {
    let (Some(state), Some(name)) = (listed.partner, &listed.partner_name) else { return String::new() };
    let error = listed.partner_error.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
    format!("  {name}: {state}{error}")
}

fn grant_id(text: &str) -> Result<GrantId, CliError> {
    GrantId::parse(text)
        .ok_or_else(|| CliError::Usage(format!("{text} is no link id; `couplet grant list` shows them")))
}

fn unknown(id: &str) -> CliError {
    CliError::Failed(format!("there is no link {id}; `couplet grant list` shows them"))
}
