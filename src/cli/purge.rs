//! Owns `couplet purge`.

use crate::cli::{CliError, open, print};
use crate::config::Config;
use crate::jobs::purge::purge;

/// Deletes what has expired.
pub async fn run(config: &Config, json: bool) -> Result<(), CliError> {
    let purged = purge(&open::app(config).await?).await?;
    if json {
        return print::json(&purged);
    }
    print::fields(&[
        ("links and codes", purged.grants.to_string()),
        ("browser sessions", purged.sign_ins.to_string()),
        ("signing keys", purged.keys.to_string()),
    ]);
    Ok(())
}
