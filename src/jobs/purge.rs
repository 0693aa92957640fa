//! Owns forgetting what has ended: unredeemed codes, old revoked and idle links, sign-ins, replaced keys, old failures. In small steps, so
//! that nobody waits behind it.

use std::time::Duration;

use serde::Serialize;

use crate::app::App;
use crate::model::failure::{Failure, StoreError};
use crate::model::time::{Timestamp, span};

/// How long a revoked link is kept, to explain why it ended.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// Rows a step looks at.
const STEP: u32 = 500;

/// How often the server purges by itself.
const EVERY: Duration = Duration::from_secs(3600);

/// How soon it purges first, so that a process that never lives for long purges too.
const SETTLED: Duration = Duration::from_secs(60);

/// How many of each were forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Codes never redeemed, and links that ended long ago.
    pub grants: u64,
    /// Signed-in browsers whose time is over.
    pub sign_ins: u64,
    /// Signing keys whose last token has ended.
    pub keys: u64,
}

/// Forgets everything that has ended by now.
pub async fn purge(app: &App) -> Result<Purged, StoreError> {
    let now = app.protocol.clock.now();
    let before = |kept: Duration| now.checked_sub_signed(span(kept)).unwrap_or(Timestamp::MIN_UTC);
    let idle_before = app.protocol.policy.refresh_idle.map(|idle| before(idle.saturating_add(KEPT)));
    let mut purged = Purged::default();
    let mut after = None;
    loop {
        let (forgotten, next) = app.store.purge_grants(after, STEP, now, before(KEPT), idle_before).await?;
        purged.grants += forgotten;
        if next.is_none() {
            break;
        }
        after = next;
    }
    loop {
        let forgotten = app.store.purge_sign_ins(now, STEP).await?;
        purged.sign_ins += forgotten;
        if forgotten == 0 {
            break;
        }
    }
    while app.store.purge_brakes(STEP).await? > 0 {}
    purged.keys = match app.protocol.keys.purge().await {
        Ok(keys) => keys,
        Err(Failure::Store(error)) => return Err(error),
        Err(Failure::Internal(_)) => 0,
        Err(Failure::Refused(never)) => match never {},
    };
    Ok(purged)
}

/// Purges again and again, as long as the server runs.
pub async fn purge_forever(app: &App) {
    let mut pause = SETTLED;
    loop {
        tokio::time::sleep(std::mem::replace(&mut pause, EVERY)).await;
        match purge(app).await {
            Ok(purged) => tracing::info!(purged.grants, purged.sign_ins, purged.keys, "purged"),
            Err(error) => tracing::error!(%error, "purging failed; it will be tried again"),
        }
    }
}
