//! Owns what every command begins with: configuration, database, keys, and reading secrets from standard input.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;

use crate::app::{App, Parts, StartFailure, SystemClock, SystemRandomness};
use crate::cli::CliError;
use crate::cli::print::hint;

use crate::config::{Config, Purpose, Sms, environment, unknown_variables};
use crate::model::secret::PlainSecret;
use crate::store::Store;
use crate::store::open::{Migrations, open};
use crate::tokens::master_key::{MasterKey, MasterKeyError};

/// The largest secret that is read, in bytes.
const MOST: u64 = 4096;

impl From<StartFailure> for CliError {
    fn from(failure: StartFailure) -> Self {
        match failure {
            StartFailure::Store(error) => error.into(),
            StartFailure::Fault(fault) => fault.into(),
        }
    }
}

impl From<MasterKeyError> for CliError {
    fn from(error: MasterKeyError) -> Self {
        Self::Usage(format!("master_key_file {error}; {}", error.mend()))
    }
}

/// Reads the configuration. A variable that looks like ours and is none is told, since it may be misspelt.
pub fn config(file: Option<&Path>, purpose: Purpose) -> Result<Config, CliError> {
    let config = Config::load(file, &environment, purpose)?;
    for name in unknown_variables() {
        hint(&format!("couplet: the environment variable {name} is none of ours and is ignored"));
    }
    Ok(config)
}

/// Opens the database for a command, made first when there is none. An older schema is left to `couplet migrate` and `serve`.
pub async fn store(config: &Config) -> Result<Arc<dyn Store>, CliError> {
    let store = open(&config.database, Migrations::Initialize).await?;
    store.check().await?;
    Ok(store)
}

/// The same for a command that adds or lists something: a new file is told, since it may be the wrong folder.
pub async fn store_telling(config: &Config) -> Result<Arc<dyn Store>, CliError> {
    let new = config.database.missing_file();
    let store = store(config).await?;
    if let Some(path) = new {
        hint(&format!("couplet: made a new database {}; set COUPLET_DATA_DIR to use another", path.display()));
    }
    Ok(store)
}

/// The master key: the configured one, else the one that `dev` made.
pub fn master_key(config: &Config) -> Result<MasterKey, CliError> {
    match (MasterKey::read(&dev_key_file(config)), &config.master_key_file) {
        (Err(MasterKeyError::Missing(file)), None) => Err(CliError::Usage(format!(
            "master_key_file is not set, and {file} does not exist; set COUPLET_MASTER_KEY_FILE to the key of this database, or make the key of a new one with `openssl rand -base64 32`"
        ))),
        (key, _) => Ok(key?),
    }
}

/// Where `dev` keeps its master key.
pub fn dev_key_file(config: &Config) -> std::path::PathBuf {
    config.master_key_file.clone().unwrap_or_else(|| config.data_dir.join("master.key"))
}

/// Everything a running server has, without a server, and without what sends text messages: who runs a command need not be able
/// to read its secret.
pub async fn app(config: &Config) -> Result<App, CliError> {
    let master_key = master_key(config)?;
    let store = store(config).await?;
    let sms = Sms { twilio: None, ..config.sms.clone() };
    Ok(assemble(&Config { sms, ..config.clone() }, &issuer(config), store, master_key).await?)
}

/// Puts an app together from the real clock and the system's randomness.
pub async fn assemble(
    config: &Config,
    issuer: &str,
    store: Arc<dyn Store>,
    master_key: MasterKey,
) -> Result<App, StartFailure> {
    let (clock, randomness) = (Arc::new(SystemClock), Arc::new(SystemRandomness));
    App::assemble(config, issuer, Parts { store, master_key, clock, randomness }).await
}

/// The public URL without a slash at its end, or where it would be.
pub fn issuer(config: &Config) -> String {
    match &config.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => "https://YOUR-PUBLIC-URL".to_owned(),
    }
}

/// Reads a secret: from a terminal without showing it, else the first line of standard input.
pub fn secret_from_stdin(what: &str) -> Result<PlainSecret, CliError> {
    let unreadable = |error| CliError::Failed(format!("{what} can't be read from standard input: {error}"));
    let stdin = std::io::stdin();
    let text = if stdin.is_terminal() {
        rpassword::prompt_password(format!("Type {what}: ")).map_err(unreadable)?
    } else {
        let mut text = String::new();
        BufReader::new(stdin.lock().take(MOST)).read_line(&mut text).map_err(unreadable)?;
        text
    };
    first_line(what, &text)
}

/// Reads a secret from a file: its first line, without the line break.
pub fn secret_from_file(what: &str, path: &Path) -> Result<PlainSecret, CliError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| CliError::Failed(format!("{what} can't be read from {}: {error}", path.display())))?;
    first_line(what, &text)
}

fn first_line(what: &str, text: &str) -> Result<PlainSecret, CliError> {
    match text.lines().next().unwrap_or_default() {
        "" => Err(CliError::Usage(format!("{what} is empty; write it as one line"))),
        line if line.contains('\0') => Err(CliError::Usage(format!("{what} contains NUL; leave it out"))),
        line => Ok(line.to_owned().into()),
    }
}
