//! Owns `couplet simulate …`. Leaves playing the platform to `rehearse/`.

use std::path::Path;

use url::Url;

use crate::app::{SystemRandomness, outbound};
use crate::cli::args::{SimulateCommand, SimulateOptions};
use crate::cli::client::client_id;
use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::platforms::alexa::PRESET;
use crate::rehearse::simulate::ALEXA_DEADLINE;
use crate::rehearse::{Plan, alexa};
use crate::store::open::{DatabaseUrl, Migrations, open as open_store};

/// Plays the platform.
pub async fn run(config: &Config, command: SimulateCommand) -> Result<(), CliError> {
    let SimulateCommand::Alexa(options) = command;
    let plan = plan(config, &options).await?;
    let json = options.json;
    let report = alexa(&plan, &outbound()?, &SystemRandomness, &mut |step| {
        if !json {
            print::line(&step.to_string());
        }
    })
    .await;
    if json {
        print::json(&report)?;
    }
    let failed = report.failures();
    if report.passed {
        if !json {
            print::line(&format!("Alexa would be content: {} steps, all passed.", report.steps.len()));
        }
        return Ok(());
    }
    Err(CliError::Failed(format!(
        "Alexa would not be content: {failed} of {} steps failed; see above",
        report.steps.len()
    )))
}

async fn plan(config: &Config, options: &SimulateOptions) -> Result<Plan, CliError> {
    let base_url = match (&options.base_url, &config.public_url) {
        (Some(text), _) => {
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(|| {
                CliError::Usage(format!("--base-url {text}: write it whole, for example https://auth.example.com"))
            })?
        }
        (None, Some(url)) => url.clone(),
        (None, None) => return Err(CliError::Usage("--base-url is missing; name the server".to_owned())),
    };
    let password = open::secret_from_file("the password", &options.password_file)?;
    let client_secret = open::secret_from_stdin("the client secret")?;
    Ok(Plan {
        base_url,
        client_id: options.client_id.clone(),
        client_secret,
        login: options.user.clone(),
        password,
        redirect_uris: redirect_uris(config, options).await?,
        scope: options.scope.clone(),
        deadline: ALEXA_DEADLINE,
    })
}

/// The given URIs, else the platform's own for the vendor, else what this machine's own database knows of the client.
async fn redirect_uris(config: &Config, options: &SimulateOptions) -> Result<Vec<String>, CliError> {
    if !options.redirect_uris.is_empty() {
        return Ok(options.redirect_uris.clone());
    }
    if let Some(vendor_id) = &options.vendor_id {
        let wrong = |why: String| CliError::Usage(format!("--vendor-id: {why}"));
        (PRESET.check_vendor_id)(vendor_id).map_err(|why| wrong(why.to_string()))?;
        let uris = PRESET.redirect_uris_of(vendor_id).map_err(|why| wrong(why.to_string()))?;
        return Ok(uris.iter().map(ToString::to_string).collect());
    }
    let registered = registered_here(config, &options.client_id).await;
    registered.ok_or_else(|| {
        CliError::Usage("--vendor-id is missing, and this machine's own database does not know the client".to_owned())
    })
}

async fn registered_here(config: &Config, id: &str) -> Option<Vec<String>> {
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !Path::exists(path)
    {
        return None;
    }
    let store = open_store(&config.database, Migrations::Leave).await.ok()?;
    let client = store.client(&client_id(id).ok()?).await.ok()??;
    let all = &client.settings.redirect_uris;
    let own: Vec<String> = all.iter().filter(|uri| PRESET.owns(uri)).map(ToString::to_string).collect();
    let uris = if own.is_empty() { all.iter().map(ToString::to_string).collect() } else { own };
    (!uris.is_empty()).then_some(uris)
}
