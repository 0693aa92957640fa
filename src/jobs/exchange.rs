//! Owns when reciprocal codes are exchanged: as soon as one arrives here, and once a second for those that other processes left
//! behind. Leaves each exchange to `partners/`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::partners::Partners;

/// How often the database is asked for codes that are due.
const LOOK: Duration = Duration::from_secs(1);

/// How long nothing is begun after the database was away: whoever holds an answer of a partner stores it first.
const AFTER_OUTAGE: Duration = Duration::from_secs(5);

/// Exchanges under way at once: with a partner that hangs, as many are waited for.
const MOST: usize = 256;

/// How long calls under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(12);

/// Exchanges codes until it is told to stop, then waits for the calls under way, refreshes too: their answers can't be had
/// again.
pub async fn exchange_until(partners: Arc<Partners>, stop: Arc<Notify>) {
    let mut under_way = JoinSet::new();
    loop {
        while under_way.try_join_next().is_some() {}
        let pause = begin_due(&partners, &mut under_way).await;
        let full = under_way.len() >= MOST;
        tokio::select! {
            () = stop.notified() => break,
            Some(_) = under_way.join_next(), if full => {}
            () = partners.code_arrived(), if !full => {}
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

/// Begins what there is room for; tells how long to wait before looking again.
async fn begin_due(partners: &Arc<Partners>, under_way: &mut JoinSet<()>) -> Duration {
    let room = u32::try_from(MOST.saturating_sub(under_way.len())).unwrap_or_default();
    if room == 0 {
        return LOOK;
    }
    match partners.due(room).await {
        Ok(due) => {
            due.into_iter().for_each(|grant_id| {
                under_way.spawn(partners.clone().exchange(grant_id));
            });
            LOOK
        }
        Err(error) => {
            tracing::error!(%error, "reciprocal codes can't be looked for; they will be again");
            AFTER_OUTAGE
        }
    }
}
