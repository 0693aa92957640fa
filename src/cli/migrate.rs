//! Owns `couplet migrate`.

use crate::cli::CliError;
use crate::cli::print::line;
use crate::config::Config;
use crate::store::open::{Migrations, open};

/// Brings the schema up to date.
pub async fn run(config: &Config) -> Result<(), CliError> {
    open(&config.database, Migrations::Apply).await?.check().await?;
    line("The database is up to date.");
    Ok(())
}
