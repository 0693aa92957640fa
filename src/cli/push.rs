//! Owns `couplet push account …`.

use serde_json::json;

use crate::app::{App, StartFailure, SystemRandomness};
use crate::cli::args::PushAccountCommand;
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::model::push::sid::AccountSid;
use crate::push::accounts;
use crate::push::own_people::OWN_ACCOUNT;

/// Adds, lists or deletes.
pub async fn run(config: &Config, command: PushAccountCommand) -> Result<(), CliError> {
    match command {
        PushAccountCommand::Add { json } => add(&open::app(config).await?, json).await,
        PushAccountCommand::List { json } => list(config, json).await,
        PushAccountCommand::Delete { account_sid, json } => delete(config, &account_sid, json).await,
    }
}

async fn add(app: &App, json: bool) -> Result<(), CliError> {
    let push = &app.push;
    let made = accounts::add(&push.store, &push.keys, &*push.clock, &SystemRandomness).await;
    let (account, token) = made.map_err(StartFailure::from)?;
    let (sid, token) = (account.sid.to_string(), token.expose());
    if json {
        return print::json(&json!({ "account_sid": sid, "auth_token": token }));
    }
    print::fields(&[("account_sid", sid), ("auth_token", token.to_owned())]);
    print::hint(
        "The auth token is shown this once. Back ends send both as Basic credentials; webhooks are signed with it.",
    );
    Ok(())
}

async fn list(config: &Config, json: bool) -> Result<(), CliError> {
    let accounts = open::store(config).await?.push_accounts().await?;
    let of_back_ends = accounts.iter().filter(|account| account.sid != OWN_ACCOUNT);
    let listed: Vec<_> =
        of_back_ends.map(|account| (account.sid.to_string(), account.created_at.to_rfc3339())).collect();
    if json {
        let shown = listed.iter().map(|(sid, made)| json!({ "account_sid": sid, "created_at": made }));
        return print::json(&shown.collect::<Vec<_>>());
    }
    listed.iter().for_each(|(sid, made)| print::line(&format!("{sid}  since {made}")));
    Ok(())
}

async fn delete(config: &Config, sid: &str, json: bool) -> Result<(), CliError> {
    let malformed = || CliError::Usage(format!("{sid} is no account SID; see `couplet push account list`"));
    let account = AccountSid::parse(sid).ok_or_else(malformed)?;
    if account == OWN_ACCOUNT || !open::store(config).await?.delete_push_account(account).await? {
        return Err(CliError::Failed(format!("there is no account {account}; see `couplet push account list`")));
    }
    if json {
        return print::json(&json!({ "account_sid": account.to_string(), "deleted": true }));
    }
    print::line(&format!("deleted {account}"));
    Ok(())
}
