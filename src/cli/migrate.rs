//! Owns `couplet migrate`.

use crate::cli::print::line;
use crate::cli::{CliError, open};
use crate::config::Config;

/// Brings the schema up to date.
pub async fn run(config: &Config) -> Result<(), CliError> {
    open::store(config).await?.check().await?;
    line("The database is up to date.");
    Ok(())
}
