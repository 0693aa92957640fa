//! Owns carrying failures between the processes on one database, so that a limit reached in one holds in all within two
//! seconds. Leaves counting to `throttle/` and the sums to `store/`.
//!
//! Nobody waits for it. While the database is away each process goes on by its own counts, and tells them afterwards.

use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use crate::app::App;
use crate::model::brake::Tally;
use crate::model::failure::StoreError;
use crate::throttle::Throttle;

/// How often. What fails here is told within one pause, and learnt elsewhere within another.
const EVERY: Duration = Duration::from_millis(750);

/// How much further back than the last time one looks: writes that were under way come late.
const OVERLAP: Duration = Duration::from_secs(6);

/// How far back one looks at first: further than any window.
const EVER: Duration = Duration::from_secs(1000 * 366 * 86_400);

/// As many keys of each brake are told in one write, those with most failures first.
const MOST_TOLD: usize = 100;

/// As many keys are learnt at a time, those that changed last.
const MOST_LEARNT: u32 = 2000;

/// As many windows that are over are forgotten at a time; more than can be told meanwhile.
const STEP: u32 = 5000;

/// How often that is done while failures come in, in rounds. Without any the purge is enough.
const ROUNDS: u32 = 8;

/// How long the last round of a process may take.
const AT_THE_END: Duration = Duration::from_secs(1);

/// Tells and learns again and again, as long as the server runs. A failure is told once, until it is over.
pub async fn share_forever(app: &App) {
    let (mut learnt_at, mut is_away, mut busy_rounds) = (None::<Instant>, false, 0_u32);
    loop {
        let began = Instant::now();
        let within = learnt_at.map_or(EVER, |at| at.elapsed().saturating_add(OVERLAP));
        match share(app, within).await {
            Ok(learnt) => {
                (learnt_at, is_away) = (Some(began), false);
                busy_rounds += u32::from(learnt > 0);
            }
            Err(error) if !is_away => {
                tracing::warn!(%error, "brakes on guessing hold in this process alone, until the database is back");
                is_away = true;
            }
            Err(_) => {}
        }
        if busy_rounds >= ROUNDS {
            busy_rounds = 0;
            forget(app).await;
        }
        sleep(EVERY).await;
    }
}

/// Tells what is left when a server ends, for the one that follows.
pub async fn share_at_the_end(app: &App) {
    if !matches!(timeout(AT_THE_END, tell(app)).await, Ok(Ok(()))) {
        tracing::warn!("the last failures that brakes counted are lost with this process");
    }
}

/// Tells other processes what failed here, and learns what failed anywhere within that time; gives the number of keys.
pub async fn share(app: &App, within: Duration) -> Result<usize, StoreError> {
    tell(app).await?;
    let tallies = app.store.failures_within(within, MOST_LEARNT).await?;
    app.brakes().into_iter().for_each(|brake| brake.learn(&tallies));
    Ok(tallies.len())
}

async fn tell(app: &App) -> Result<(), StoreError> {
    for brake in app.brakes() {
        loop {
            let taken = Taken { brake, tallies: brake.take(MOST_TOLD), told: false };
            if !taken.tell(app).await? {
                break;
            }
        }
    }
    Ok(())
}

/// What is being told. Dropped before that is done, also because the server ends, it is taken back.
struct Taken<'a> {
    brake: &'a Throttle,
    tallies: Vec<Tally>,
    told: bool,
}

impl Taken<'_> {
    /// Tells it; gives whether there may be more.
    async fn tell(mut self, app: &App) -> Result<bool, StoreError> {
        if !self.tallies.is_empty() {
            app.store.add_failures(&self.tallies).await?;
            self.told = true;
        }
        Ok(self.tallies.len() == MOST_TOLD)
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.brake.take_back(&self.tallies);
        }
    }
}

async fn forget(app: &App) {
    if let Err(error) = app.store.purge_brakes(STEP).await {
        tracing::warn!(%error, "windows of brakes that are over were not forgotten; they will be");
    }
}
