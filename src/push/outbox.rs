//! Owns bringing events to webhooks: signed, each try for a bounded time, again with growing pauses, and always with the same
//! `uuid`. What is on its way is in the database until it is done. Leaves when to look to `jobs/webhooks.rs`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::model::failure::{Failure, Fault, StoreError};
use crate::model::outcomes::Outcomes;
use crate::model::parameters::Parameters;
use crate::model::push::sid::WebhookSid;
use crate::model::push::webhook::Delivery;
use crate::model::time::{Clock, after};
use crate::push::accounts::auth_token;
use crate::push::targets::Targets;
use crate::push::webhook_signature::{Scheme, sign};
use crate::store::Store;
use crate::tokens::keys::Keys;

/// How long a try may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pauses after each try. The first is longer than a try: a process that dies in one leaves it to another.
const PAUSES: [Duration; 5] = [
    Duration::from_secs(15),
    Duration::from_secs(60),
    Duration::from_secs(300),
    Duration::from_secs(1800),
    Duration::from_secs(15),
];

/// As many tries as there are.
pub const TRIES: u32 = 5;

/// What becomes of tries, in words for counting.
pub const OUTCOMES: [&str; 3] = ["told", "failed", "given_up"];

/// Brings events to webhooks.
pub struct Outbox {
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    http: reqwest::Client,
    /// Where webhooks may go.
    pub targets: Targets,
    /// What became of tries.
    pub outcomes: Outcomes<3>,
    happened: Notify,
}

/// Why a try failed, in words.
struct Failed(String);

impl From<reqwest::Error> for Failed {
    fn from(error: reqwest::Error) -> Self {
        Self(match error {
            error if error.is_timeout() => format!("no answer within {} s", PATIENCE.as_secs()),
            error if error.is_connect() => "it can't be reached, or is not public".to_owned(),
            _ => "the connection broke".to_owned(),
        })
    }
}

impl Outbox {
    /// Sends to these targets only.
    pub fn new(store: Arc<dyn Store>, keys: Arc<Keys>, clock: Arc<dyn Clock>, targets: Targets) -> Result<Self, Fault> {
        let http = targets.client(PATIENCE)?;
        Ok(Self { store, keys, clock, http, targets, outcomes: Outcomes::of(OUTCOMES), happened: Notify::new() })
    }

    /// Something may be on its way.
    pub(super) fn wake(&self) {
        self.happened.notify_one();
    }

    /// Returns when something may be on its way.
    pub async fn woken(&self) {
        self.happened.notified().await;
    }

    /// The webhooks to which something is due.
    pub async fn due_webhooks(&self) -> Result<Vec<WebhookSid>, StoreError> {
        self.store.due_webhooks(self.clock.now()).await
    }

    /// What is due to a webhook, the longest due first.
    pub async fn due(&self, webhook: WebhookSid, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.store.due_deliveries(webhook, self.clock.now(), limit).await
    }

    /// Tries a delivery, unless another process does. What went wrong is told to the log; fails when storage does.
    pub async fn deliver(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let delivered = self.try_to_deliver(delivery).await;
        if let Err(error) = &delivered {
            tracing::error!(%error, webhook = %delivery.webhook, "a webhook can't be served; it will be tried again");
        }
        delivered
    }

    async fn try_to_deliver(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let (webhook, event) = (delivery.webhook, delivery.event);
        let Some(url) = delivery.url.as_deref().filter(|_| delivery.attempts < TRIES) else {
            return self.store.end_delivery(delivery).await;
        };
        let attempt = delivery.attempts.saturating_add(1);
        let pause = PAUSES.get(usize::try_from(delivery.attempts).unwrap_or(usize::MAX)).copied().unwrap_or(PATIENCE);
        if !self.store.begin_delivery(delivery, after(self.clock.now(), pause)).await? {
            return Ok(());
        }
        match self.post(delivery, url).await {
            Ok(()) => {
                self.outcomes.count("told");
                tracing::info!(%webhook, %event, attempt, "told a webhook");
            }
            Err(Failed(why)) if attempt < TRIES => {
                self.outcomes.count("failed");
                tracing::warn!(%webhook, %event, attempt, why, "a webhook was not told; it will be tried again");
                return Ok(());
            }
            Err(Failed(why)) => {
                self.outcomes.count("given_up");
                tracing::error!(%webhook, %event, attempt, why, "a webhook was not told; given up");
            }
        }
        self.store.end_delivery(delivery).await
    }

    async fn post(&self, delivery: &Delivery, url: &str) -> Result<(), Failed> {
        // Looked at again: the configuration may have changed since the webhook was made.
        if let Some(why) = self.targets.why_not(url) {
            return Err(Failed(format!("its address {why}")));
        }
        let signature = self.signature(delivery, url).await?;
        let request = self
            .http
            .post(url)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("X-Twilio-Signature", signature)
            .body(delivery.body.clone());
        let status = request.send().await?.status();
        if status.is_success() { Ok(()) } else { Err(Failed(format!("it answered with status {}", status.as_u16()))) }
    }

    async fn signature(&self, delivery: &Delivery, url: &str) -> Result<String, Failed> {
        let account = self.store.push_account(delivery.account).await.map_err(|error| Failed(error.to_string()))?;
        let account = account.ok_or_else(|| Failed("its account is gone".to_owned()))?;
        let token = auth_token(&self.keys, &account).await.map_err(|failure| match failure {
            Failure::Store(error) => Failed(error.to_string()),
            Failure::Internal(fault) => Failed(fault.to_string()),
            Failure::Refused(never) => match never {},
        })?;
        let parameters = Parameters::parse(delivery.body.as_bytes()).map_err(|why| Failed(why.to_string()))?;
        Ok(sign(Scheme::Sha1, &token, url, &parameters.into_pairs()))
    }
}
