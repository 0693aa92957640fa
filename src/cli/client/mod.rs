//! Owns `couplet client …`. Leaves what an operator may choose to `settings.rs` and what is printed to `report.rs`.

mod partner;
mod report;
mod settings;
mod twilio;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::app::{SystemClock, SystemRandomness};
use crate::cli::args::{ClientCommand, ClientOptions};
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::model::client::{Client, ClientSecrets, ClientSettings, Credentials};
use crate::model::ids::ClientId;
use crate::model::random::bytes;
use crate::model::secret::{ClientSecretHash, PlainSecret};
use crate::model::time::{Clock, after};
use crate::model::twilio::TwilioAccess;
use crate::store::Store;
use crate::store::clients::{AddClient, ChangeSettings};
pub use report::console;
pub use twilio::voice_params;

/// Links that are deleted at once.
const STEP: u32 = 500;

/// Runs a command about clients.
pub async fn run(config: &Config, command: ClientCommand) -> Result<(), CliError> {
    match command {
        ClientCommand::Add { options, client_id, client_secret_stdin, public, json } => {
            let secret = match (public, client_secret_stdin) {
                (true, _) => None,
                (false, true) => Some(read_secret()?),
                (false, false) => Some(random_secret()),
            };
            let client = new_client(&options, client_id.as_deref(), secret.as_ref())?;
            add(config, &client, secret.as_ref(), json).await
        }
        ClientCommand::List { json } => {
            let clients = open::store_telling(config).await?.clients().await?;
            report::list(&clients, json)
        }
        ClientCommand::Show { id, json } => {
            let store = open::store(config).await?;
            let client = find(&*store, &id).await?;
            let partner = store.partner(&client.id).await?;
            report::show(config, &client, partner.as_ref(), None, json)
        }
        ClientCommand::SetPartner { id, options } => partner::set(config, &id, &options).await,
        ClientCommand::RemovePartner { id } => partner::remove(config, &id).await,
        ClientCommand::Set { id, options, json } => set(config, &id, &options, json).await,
        ClientCommand::RotateSecret { id, overlap, client_secret_stdin, json } => {
            rotate_secret(config, &id, &overlap, client_secret_stdin, json).await
        }
        ClientCommand::Disable { id } => enable(config, &id, false).await,
        ClientCommand::Enable { id } => enable(config, &id, true).await,
        ClientCommand::Delete { id } => delete(config, &id).await,
    }
}

/// A client about to be added, with everything checked.
pub fn new_client(options: &ClientOptions, id: Option<&str>, secret: Option<&PlainSecret>) -> Result<Client, CliError> {
    let settings = settings::new(options, secret.is_none())?;
    let id = match id {
        Some(id) => client_id(id)?,
        None => client_id(&format!("{}-{}", settings.preset.as_deref().unwrap_or("client"), random_suffix()))?,
    };
    let hash = secret.map(|secret| ClientSecretHash::of(secret, &SystemRandomness));
    let credentials = match hash {
        Some(current) => Credentials::Confidential(ClientSecrets { current, former: None }),
        None => Credentials::Public,
    };
    Ok(Client { id, credentials, settings, enabled: true, created_at: SystemClock.now() })
}

async fn add(config: &Config, client: &Client, secret: Option<&PlainSecret>, json: bool) -> Result<(), CliError> {
    let store = open::store_telling(config).await?;
    check_backend_of(&*store, &client.settings).await?;
    twilio::check_workers(&*store, &TwilioAccess::default(), &client.settings.twilio).await?;
    match store.add_client(client).await? {
        AddClient::Added => report::show(config, client, None, secret, json),
        AddClient::IdTaken => Err(CliError::Failed(format!(
            "there is a client {} already; choose another --client-id, or change it with `couplet client set`",
            client.id
        ))),
    }
}

async fn set(config: &Config, id: &str, options: &ClientOptions, json: bool) -> Result<(), CliError> {
    let store = open::store(config).await?;
    let mut client = find(&*store, id).await?;
    let settings = settings::changed(&client.settings, options, client.is_public())?;
    check_backend_of(&*store, &settings).await?;
    twilio::check_workers(&*store, &client.settings.twilio, &settings.twilio).await?;
    match store.change_settings(&client.id, &client.settings, &settings).await? {
        ChangeSettings::Changed => {
            client.settings = settings;
            let partner = store.partner(&client.id).await?;
            report::show(config, &client, partner.as_ref(), None, json)
        }
        ChangeSettings::Overtaken => {
            Err(CliError::Failed(format!("{id} was changed by someone else meanwhile; look at it and try again")))
        }
    }
}

async fn rotate_secret(config: &Config, id: &str, overlap: &str, stdin: bool, json: bool) -> Result<(), CliError> {
    let overlap = humantime::parse_duration(overlap)
        .map_err(|_| CliError::Usage("--overlap: write a duration such as 90s, 10m, 1h or 30d".to_owned()))?;
    let store = open::store(config).await?;
    let client = find(&*store, id).await?;
    if client.is_public() {
        return Err(CliError::Failed(format!("{id} is a public client and has no secret to rotate")));
    }
    let secret = if stdin { read_secret()? } else { random_secret() };
    let hash = ClientSecretHash::of(&secret, &SystemRandomness);
    if !store.rotate_secret(&client.id, &hash, after(SystemClock.now(), overlap)).await? {
        return Err(unknown(id));
    }
    let partner = store.partner(&client.id).await?;
    report::show(config, &client, partner.as_ref(), Some(&secret), json)
}

/// Whose backend a client is, must be known: a misspelt id would be found out only when a token is asked for.
async fn check_backend_of(store: &dyn Store, settings: &ClientSettings) -> Result<(), CliError> {
    for id in &settings.backend_of {
        store.client(id).await?.ok_or_else(|| unknown(id.as_str()))?;
    }
    Ok(())
}

async fn enable(config: &Config, id: &str, enabled: bool) -> Result<(), CliError> {
    let store = open::store(config).await?;
    let found = store.enable_client(&client_id(id)?, enabled).await?;
    told(found, id, if enabled { "is enabled" } else { "is disabled" })
}

/// Deletes a client: first nobody may use it, then its links go in steps, so that nobody waits behind a million of them.
async fn delete(config: &Config, id: &str) -> Result<(), CliError> {
    let store = open::store(config).await?;
    let client = client_id(id)?;
    store.enable_client(&client, false).await?;
    while store.forget_grants_of(&client, STEP).await? > 0 {}
    forget_backends_of(&*store, &client).await?;
    told(store.delete_client(&client).await?, id, "is deleted with all its links")
}

/// Whoever is the backend of a deleted client must not become that of a later one of the same id.
async fn forget_backends_of(store: &dyn Store, deleted: &ClientId) -> Result<(), CliError> {
    for client in store.clients().await?.iter().filter(|client| client.settings.backend_of.contains(deleted)) {
        let mut settings = client.settings.clone();
        settings.backend_of.retain(|id| id != deleted);
        if store.change_settings(&client.id, &client.settings, &settings).await? == ChangeSettings::Overtaken {
            let id = &client.id;
            return Err(CliError::Failed(format!(
                "{id} was changed by someone else meanwhile; delete {deleted} again"
            )));
        }
    }
    Ok(())
}

/// Reads a client id from the command line.
pub fn client_id(text: &str) -> Result<ClientId, CliError> {
    ClientId::parse(text).map_err(|why| CliError::Usage(format!("{text:?} is no client id: {why}")))
}

async fn find(store: &dyn Store, id: &str) -> Result<Client, CliError> {
    store.client(&client_id(id)?).await?.ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> CliError {
    CliError::Failed(format!("there is no client {id}; `couplet client list` shows them"))
}

fn told(found: bool, id: &str, what: &str) -> Result<(), CliError> {
    if !found {
        return Err(unknown(id));
    }
    print::line(&format!("{id} {what}."));
    Ok(())
}

fn read_secret() -> Result<PlainSecret, CliError> {
    let secret = open::secret_from_stdin("the client secret")?;
    // RFC 6749 appendix A.2; clients disagree about how to encode anything else.
    if !secret.expose().bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
        return Err(CliError::Usage(
            "the client secret has other than printable ASCII characters; leave them out".to_owned(),
        ));
    }
    // It is taken all the same: the stored hash is a fast one.
    if secret.is_guessable() {
        print::hint(
            "couplet: the client secret is short or plain and could be guessed; 32 random characters or more are better",
        );
    }
    Ok(secret)
}

/// A secret of 256 random bits, 43 characters that no encoding changes.
pub fn random_secret() -> PlainSecret {
    URL_SAFE_NO_PAD.encode(bytes::<32>(&SystemRandomness)).into()
}

fn random_suffix() -> String {
    bytes::<6>(&SystemRandomness).iter().map(|byte| format!("{byte:02x}")).collect()
}
