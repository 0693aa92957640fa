//! Owns forgetting what has ended: unredeemed codes, old revoked and idle links with their reverse links, sign-ins, replaced
//! keys, old failures, codes by text message; and of push verification access tokens, devices that were never verified, old
//! challenges.
//! One walk through all rows, in small steps and with pauses, so that nobody waits behind it; on its way it counts what is alive.
//!
//! Every process walks by itself, each at its own time. Two walks at once do no harm: every step is whole by itself, forgets only
//! what has ended, and one that finds nothing to forget writes nothing. A walk that is broken off is begun anew.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::time::sleep;

use crate::app::App;
use crate::model::failure::{Failure, StoreError};
use crate::model::push::factor::UNVERIFIED_LIFE;
use crate::model::random::bytes;
use crate::model::reverse_link::ReverseStanding;
use crate::model::time::before;
use crate::store::push::PushTable;
use crate::telemetry::metrics::Walk;

/// How long a revoked link is kept, to explain why it ended.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// How long an answered challenge, or one that ran out, can still be looked at; and a spent access token.
const KEPT_CHALLENGES: Duration = Duration::from_secs(30 * 86_400);

/// How long an event waits for a webhook that takes fewer than there are: longer than all tries of one take.
const KEPT_EVENTS: Duration = Duration::from_secs(86_400);
/// How long an approval that is over still counts, and can be said to be somebody else's.
const KEPT_APPROVALS: Duration = Duration::from_secs(86_400);

/// Rows a step looks at.
const STEP: u32 = 500;

/// How many times as long as a step took the walk rests after it: it takes a fifth of one connection at most.
const REST: u32 = 4;

/// How many times as long as a walk worked the server waits for the next: walking takes a fiftieth of one connection at most.
const PAUSE: u32 = 50;

/// The shortest and the longest time between two walks.
const PAUSES: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(6 * 3600));

/// How soon a server walks first, so that a process that never lives for long does too.
const SETTLED: Duration = Duration::from_secs(5);

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

/// A walk under way.
struct Walker<'a> {
    app: &'a App,
    purged: Purged,
    began: Instant,
    worked: Duration,
    links: u64,
    codes: u64,
    reverse_links: [u64; ReverseStanding::ALL.len()],
}

/// Forgets everything that has ended by now.
pub async fn purge(app: &App) -> Result<Purged, StoreError> {
    Ok(walk(app).await?.0)
}

/// The same; tells too how long it worked, pauses not included.
async fn walk(app: &App) -> Result<(Purged, Duration), StoreError> {
    let (purged, reverse_links) = (Purged::default(), [0; ReverseStanding::ALL.len()]);
    let mut walker =
        Walker { app, purged, began: Instant::now(), worked: Duration::ZERO, links: 0, codes: 0, reverse_links };
    let walked = walker.walk().await;
    let Purged { grants, sign_ins, keys } = walker.purged;
    app.metrics.purge.forgot(grants, sign_ins, keys);
    match walked {
        Ok(()) => app.metrics.purge.walked(walker.end()),
        Err(error) => {
            app.metrics.purge.failed();
            return Err(error);
        }
    }
    Ok((walker.purged, walker.worked))
}

impl Walker<'_> {
    async fn walk(&mut self) -> Result<(), StoreError> {
        self.walk_grants().await?;
        self.walk_sign_ins().await?;
        self.walk_brakes().await?;
        self.walk_text_codes().await?;
        self.walk_approvals().await?;
        self.walk_push().await?;
        self.walk_deliveries().await?;
        self.purged.keys = match self.app.protocol.keys.purge().await {
            Ok(keys) => keys,
            Err(Failure::Store(error)) => return Err(error),
            Err(Failure::Internal(fault)) => {
                tracing::error!(%fault, "replaced keys can't be judged");
                0
            }
            Err(Failure::Refused(never)) => match never {},
        };
        Ok(())
    }

    async fn walk_grants(&mut self) -> Result<(), StoreError> {
        let now = self.app.protocol.clock.now();
        let idle_before = self.app.protocol.policy.refresh_idle.map(|idle| before(now, idle.saturating_add(KEPT)));
        let mut after = None;
        loop {
            let began = Instant::now();
            let step = self.app.store.purge_grants(after, STEP, now, before(now, KEPT), idle_before).await?;
            self.purged.grants += step.forgotten;
            self.links += step.links;
            self.codes += step.codes;
            self.reverse_links.iter_mut().zip(step.reverse_links).for_each(|(sum, more)| *sum += more);
            if step.next.is_none() {
                return Ok(());
            }
            after = step.next;
            self.rest(began.elapsed()).await;
        }
    }

    async fn walk_sign_ins(&mut self) -> Result<(), StoreError> {
        let now = self.app.protocol.clock.now();
        let mut after = None;
        loop {
            let began = Instant::now();
            let (forgotten, next) = self.app.store.purge_sign_ins(after, STEP, now).await?;
            self.purged.sign_ins += forgotten;
            if next.is_none() {
                return Ok(());
            }
            after = next;
            self.rest(began.elapsed()).await;
        }
    }

    async fn walk_brakes(&mut self) -> Result<(), StoreError> {
        loop {
            let began = Instant::now();
            if self.app.store.purge_brakes(STEP).await? == 0 {
                return Ok(());
            }
            self.rest(began.elapsed()).await;
        }
    }

    async fn walk_text_codes(&mut self) -> Result<(), StoreError> {
        let now = self.app.protocol.clock.now();
        loop {
            let began = Instant::now();
            if self.app.store.purge_text_codes(STEP, now).await? == 0 {
                return Ok(());
            }
            self.rest(began.elapsed()).await;
        }
    }

    async fn walk_approvals(&mut self) -> Result<(), StoreError> {
        let now = self.app.protocol.clock.now();
        loop {
            let began = Instant::now();
            if self.app.store.purge_approvals(STEP, before(now, KEPT_APPROVALS)).await? == 0 {
                return Ok(());
            }
            self.rest(began.elapsed()).await;
        }
    }

    async fn walk_push(&mut self) -> Result<(), StoreError> {
        let now = self.app.protocol.clock.now();
        for table in PushTable::ALL {
            let kept = if table == PushTable::Factors { UNVERIFIED_LIFE } else { KEPT_CHALLENGES };
            let mut after = None;
            loop {
                let began = Instant::now();
                let (_, next) = self.app.store.purge_push(table, after, STEP, before(now, kept)).await?;
                if next.is_none() {
                    break;
                }
                after = next;
                self.rest(began.elapsed()).await;
            }
        }
        Ok(())
    }

    async fn walk_deliveries(&mut self) -> Result<(), StoreError> {
        let end = before(self.app.protocol.clock.now(), KEPT_EVENTS);
        loop {
            let began = Instant::now();
            let given_up = self.app.store.purge_deliveries(STEP, end).await?;
            if given_up == 0 {
                return Ok(());
            }
            tracing::error!(given_up, "events waited a day for webhooks that take too few");
            self.rest(began.elapsed()).await;
        }
    }

    async fn rest(&mut self, worked: Duration) {
        self.worked += worked;
        sleep(worked * REST).await;
    }

    fn end(&self) -> Walk {
        let names = ReverseStanding::ALL.map(ReverseStanding::as_str);
        let mut reverse_links = names.map(|name| (name, 0));
        reverse_links.iter_mut().zip(self.reverse_links).for_each(|((_, count), seen)| *count = seen);
        Walk {
            ended_at: self.app.protocol.clock.now(),
            took: self.began.elapsed(),
            links: self.links,
            codes: self.codes,
            reverse_links,
        }
    }
}

/// Purges again and again, as long as the server runs.
pub async fn purge_forever(app: &App) {
    let mut pause = SETTLED;
    loop {
        sleep(scattered(app, pause)).await;
        pause = match walk(app).await {
            Ok((purged, worked)) => {
                if purged != Purged::default() {
                    tracing::info!(purged.grants, purged.sign_ins, purged.keys, "purged");
                }
                (worked * PAUSE).clamp(PAUSES.0, PAUSES.1)
            }
            Err(error) => {
                tracing::error!(%error, "purging failed; it will be tried again");
                PAUSES.0
            }
        };
    }
}

/// Up to half as long again, by chance: processes that were started together do not walk together.
fn scattered(app: &App, pause: Duration) -> Duration {
    let [chance] = bytes::<1>(&*app.randomness);
    pause + pause * u32::from(chance) / 512
}
