//! Owns when reciprocal codes are exchanged: as soon as one arrives here, and once a second for those that other processes left
//! behind. Leaves each exchange to `partners/`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::model::failure::StoreError;
use crate::partners::Partners;
use crate::partners::slots::Slots;

/// How often the database is asked for codes that are due.
const LOOK: Duration = Duration::from_secs(1);

/// How long nothing is begun after the database was away: whoever holds an answer of a partner stores it first.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);

/// How long calls under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(12);

/// Exchanges codes until it is told to stop, then waits for the calls under way, refreshes too: their answers can't be had
/// again.
pub async fn exchange_until(partners: Arc<Partners>, stop: Arc<Notify>) {
    let (slots, mut under_way) = (Slots::default(), JoinSet::new());
    loop {
        while under_way.try_join_next().is_some() {}
        let (pause, heed) = match begin_due(&partners, &slots, &mut under_way).await {
            Ok(()) => (LOOK, true),
            Err(error) => {
                tracing::error!(%error, "reciprocal codes can't be looked for; they will be again");
                (AFTER_OUTAGE, false)
            }
        };
        tokio::select! {
            () = stop.notified() => break,
            () = partners.code_arrived(), if heed => {}
            () = sleep(pause) => {}
        }
    }
    let rest = async {
        while under_way.join_next().await.is_some() {}
        partners.refreshes_ended().await;
    };
    if timeout(GRACE, rest).await.is_err() {
        tracing::warn!("a partner has not answered yet; if it did its part, the answer is lost with this process");
    }
}

/// Begins what there is room for.
async fn begin_due(partners: &Arc<Partners>, slots: &Slots, under_way: &mut JoinSet<()>) -> Result<(), StoreError> {
    for profile in partners.due_profiles().await? {
        let slots = slots.of(&profile);
        let room = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
        for grant_id in partners.due(&profile, room).await? {
            let Ok(slot) = slots.clone().try_acquire_owned() else { break };
            let exchange = partners.clone().exchange(grant_id);
            under_way.spawn(async move {
                exchange.await;
                drop(slot);
            });
        }
    }
    Ok(())
}
