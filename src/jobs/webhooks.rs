//! Owns when events are brought to webhooks: a few at a time to each, so that one that hangs keeps nobody else waiting. Leaves one
//! try to `push/outbox.rs`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
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
    let (mut slots, mut under_way) = (Slots::new(), JoinSet::new());
    loop {
        while under_way.try_join_next().is_some() {}
        slots.retain(|_, slot| slot.available_permits() < ABREAST);
        if let Err(error) = begin_due(&outbox, &mut slots, &mut under_way).await {
            tracing::error!(%error, "webhooks can't be looked for; they will be again");
        }
        tokio::select! {
            () = stop.notified() => break,
            () = outbox.woken() => sleep(GATHER).await,
            // A slot is free again; there may be more for it.
            Some(_) = under_way.join_next() => {}
            () = sleep(LOOK) => {}
        }
    }
    let rest = async { while under_way.join_next().await.is_some() {} };
    if timeout(GRACE, rest).await.is_err() {
        tracing::warn!("a webhook has not answered yet; it is told again later");
    }
}

/// Begins what there is room for.
async fn begin_due(outbox: &Arc<Outbox>, slots: &mut Slots, under_way: &mut JoinSet<()>) -> Result<(), StoreError> {
    for webhook in outbox.due_webhooks().await? {
        let slot = slots.entry(webhook).or_insert_with(|| Arc::new(Semaphore::new(ABREAST))).clone();
        let room = u32::try_from(slot.available_permits()).unwrap_or_default();
        if room == 0 {
            continue;
        }
        for delivery in outbox.due(webhook, room).await? {
            let Ok(permit) = slot.clone().try_acquire_owned() else { break };
            let outbox = outbox.clone();
            under_way.spawn(async move {
                outbox.deliver(&delivery).await;
                drop(permit);
            });
        }
    }
    Ok(())
}
