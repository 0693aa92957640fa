//! Owns when events are brought to webhooks: a few at a time to each, so that one that hangs keeps nobody else waiting. Leaves one
//! try to `push/outbox.rs`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use crate::model::failure::StoreError;
use crate::model::push::sid::WebhookSid;
use crate::push::outbox::Outbox;

/// How often the database is asked what is due, also because of other processes.
const LOOK: Duration = Duration::from_secs(1);

/// How long is waited for more after something happened.
const GATHER: Duration = Duration::from_millis(20);

/// Tries under way at once to one webhook.
const ABREAST: usize = 4;

/// How long tries under way may take after the server was told to stop.
const GRACE: Duration = Duration::from_secs(12);

/// Who may try how much at once.
type Slots = HashMap<WebhookSid, Arc<Semaphore>>;

/// Brings events until it is told to stop, then waits for the tries under way. What is left is brought by another process, or
/// by the next.
pub async fn deliver_until(outbox: Arc<Outbox>, stop: Arc<Notify>) {
    let (mut slots, mut under_way, mut failed) = (Slots::new(), UnderWay::new(), false);
    loop {
        while let Some(ended) = under_way.try_join_next() {
            failed |= has_failed(&ended);
        }
        slots.retain(|_, slot| slot.available_permits() < ABREAST);
        if let Err(error) = begin_due(&outbox, &mut slots, &mut under_way).await {
            tracing::error!(%error, "webhooks can't be looked for; they will be again");
            failed = true;
        }
        // What could not be written down would be found due again at once, without end.
        let at_once = !std::mem::take(&mut failed);
        tokio::select! {
            () = stop.notified() => break,
            () = sleep(LOOK) => {}
            () = outbox.woken(), if at_once => sleep(GATHER).await,
            // A slot is free again; there may be more for it.
            Some(ended) = under_way.join_next(), if at_once => failed = has_failed(&ended),
        }
    }
    let rest = async { while under_way.join_next().await.is_some() {} };
    if timeout(GRACE, rest).await.is_err() {
        tracing::warn!("a webhook has not answered yet; it is told again later");
    }
}

/// Tries under way; what is in storage could be read or written, or not.
type UnderWay = JoinSet<Result<(), StoreError>>;

fn has_failed(ended: &Result<Result<(), StoreError>, JoinError>) -> bool {
    matches!(ended, Ok(Err(_)))
}

/// Begins what there is room for. A webhook whose rows can't be read keeps no other waiting.
async fn begin_due(outbox: &Arc<Outbox>, slots: &mut Slots, under_way: &mut UnderWay) -> Result<(), StoreError> {
    for webhook in outbox.due_webhooks().await? {
        let slot = slots.entry(webhook).or_insert_with(|| Arc::new(Semaphore::new(ABREAST))).clone();
        let room = u32::try_from(slot.available_permits()).unwrap_or_default();
        if room == 0 {
            continue;
        }
        let due = match outbox.due(webhook, room).await {
            Err(error @ StoreError::Corrupt { .. }) => {
                tracing::error!(%error, %webhook, "what is due to a webhook can't be read");
                continue;
            }
            due => due?,
        };
        for delivery in due {
            let Ok(permit) = slot.clone().try_acquire_owned() else { break };
            let outbox = outbox.clone();
            under_way.spawn(async move {
                let delivered = outbox.deliver(&delivery).await;
                drop(permit);
                delivered
            });
        }
    }
    Ok(())
}
