//! Owns following a rotation of the master key, so that this server knows the new key before anything is sealed under it.
//! Leaves what is learnt to `tokens/`.

use std::time::Duration;

use crate::app::{App, StartFailure};

/// How often the server looks; `couplet keys rotate-master` waits for three times as long.
const EVERY: Duration = Duration::from_secs(1);

/// Looks again and again, as long as the server runs. A failure is told once, until it is over or another one.
pub async fn follow_forever(app: &App) {
    let mut told = String::new();
    loop {
        tokio::time::sleep(EVERY).await;
        let looked = app.protocol.keys.refresh_master_keys().await.map_err(StartFailure::from);
        let failure = looked.err().map(|failure| failure.to_string()).unwrap_or_default();
        if failure != told && !failure.is_empty() {
            tracing::error!(error = failure, "looking for a new master key failed; it will be tried again");
        }
        told = failure;
    }
}
