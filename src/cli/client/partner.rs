//! Owns `couplet client set-partner` and `remove-partner`. Leaves keeping the partner's secret to `partners/`.

use super::{STEP, client_id, find, report, unknown};
use crate::cli::args::PartnerOptions;
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::model::client::Client;
use crate::model::failure::Failure;
use crate::model::partner::{PartnerName, PartnerUrl};
use crate::model::scope::Scope;
use crate::model::secret::PlainSecret;
use crate::partners::{PartnerConfiguration, VaultFailure};
use crate::platforms::alexa;
use crate::platforms::preset::partner_token_url;
use crate::store::partners::SetPartner;

/// The longest client id at a partner; Login with Amazon's have at most 100 characters.
const LONGEST_ID: usize = 256;

impl From<VaultFailure> for CliError {
    fn from(failure: VaultFailure) -> Self {
        match failure {
            Failure::Store(error) => error.into(),
            Failure::Internal(fault) => fault.into(),
            Failure::Refused(never) => match never {},
        }
    }
}

/// Puts a partner in force, in place of the one before.
pub async fn set(config: &Config, id: &str, options: &PartnerOptions) -> Result<(), CliError> {
    let checked = configuration(id, options)?;
    let app = open::app(config).await?;
    let client = find(&*app.store, id).await?;
    if client.is_public() {
        return Err(CliError::Failed(format!("{id} is a public client; a partner is for clients with a secret")));
    }
    check_id(options, &client)?;
    let secret = open::secret_from_stdin("the partner's client secret")?;
    check_secret(&secret)?;
    match app.protocol.partners.configure(PartnerConfiguration { client_secret: secret, ..checked }).await? {
        SetPartner::Set => {}
        SetPartner::UnknownClient => return Err(unknown(id)),
    }
    let partner = app.store.partner(&client.id).await?;
    report::show(config, &client, partner.as_ref(), None, options.json)
}

/// Everything but the secret, with each value checked.
fn configuration(id: &str, options: &PartnerOptions) -> Result<PartnerConfiguration, CliError> {
    let usage = |what: &str, why: &str| CliError::Usage(format!("{what}: {why}"));
    let name = PartnerName::parse(&options.partner).map_err(|why| usage("--partner", &why.to_string()))?;
    let url = options.token_url.as_deref().or_else(|| partner_token_url(name.as_str()));
    let url = url.ok_or_else(|| usage("--token-url", "is missing; only that of the partner alexa is known"))?;
    let token_url = PartnerUrl::parse(url).map_err(|why| usage("--token-url", &why.to_string()))?;
    let partner_client_id = options.partner_client_id.clone();
    let plain = partner_client_id.bytes().all(|b| (0x21..=0x7e).contains(&b));
    if partner_client_id.is_empty() || partner_client_id.len() > LONGEST_ID || !plain {
        return Err(usage("--partner-client-id", "has 1 to 256 printable ASCII characters and no blanks"));
    }
    if options.scopes.iter().any(|scope| scope.contains(',')) {
        return Err(usage("--scope", "has a comma; repeat the option for each scope"));
    }
    let scope = Scope::parse(&options.scopes.join(" ")).map_err(|why| usage("--scope", &why.to_string()))?;
    let client_secret = String::new().into();
    Ok(PartnerConfiguration { client_id: client_id(id)?, name, token_url, partner_client_id, client_secret, scope })
}

fn check_secret(secret: &PlainSecret) -> Result<(), CliError> {
    if secret.expose().bytes().all(|b| (0x20..=0x7e).contains(&b)) {
        return Ok(());
    }
    let why = "the partner's client secret has other than printable ASCII characters; copy it again";
    Err(CliError::Usage(why.to_owned()))
}

/// Three ids are easily taken for each other: the one for account linking, the skill's, and its client's at Login with Amazon.
fn check_id(options: &PartnerOptions, client: &Client) -> Result<(), CliError> {
    let id = &options.partner_client_id;
    let is_alexa = options.partner == alexa::PRESET.name;
    let right = "the Alexa Client Id is on the skill's Permissions page, under Alexa Skill Messaging";
    if id == client.id.as_str() {
        let why = "is this client's own id, which the partner does not know";
        return Err(CliError::Usage(format!("--partner-client-id: {id} {why}; {right}")));
    }
    if is_alexa && id.starts_with("amzn1.ask.skill") {
        return Err(CliError::Usage(format!("--partner-client-id: {id} is a skill id; {right}")));
    }
    if is_alexa && !id.starts_with(alexa::PARTNER_CLIENT_ID_PREFIX) {
        print::hint(&format!(
            "couplet: warning: Alexa Client Ids begin with {}; {right}",
            alexa::PARTNER_CLIENT_ID_PREFIX
        ));
    }
    Ok(())
}

/// Forgets a client's partner and all its tokens, in steps, so that nobody waits behind a million of them.
pub async fn remove(config: &Config, id: &str) -> Result<(), CliError> {
    let store = open::store(config).await?;
    let client = find(&*store, id).await?;
    let found = store.delete_partner(&client.id).await?;
    // Also when there was none: a command that was cut off half-way left tokens behind.
    let mut after = None;
    loop {
        after = store.forget_reverse_links_of(&client.id, after, STEP).await?;
        if after.is_none() {
            break;
        }
    }
    if !found {
        return Err(CliError::Failed(format!("{id} has no partner")));
    }
    print::line(&format!("{id} has no partner any more; its tokens there are deleted."));
    Ok(())
}
