//! The way out for messages to devices: owns who waits for whom, and how long a message is tried. What is on its way is in memory
//! only; what gets lost the app asks for when it is opened. Leaves one try to `web_push.rs`, `fcm.rs` and `apns.rs`.

pub mod aes128gcm;
pub mod apns;
pub mod attempt;
mod counts;
pub mod fcm;
mod lanes;
pub mod vapid;
pub mod web_push;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit, watch};
use tokio::time::{sleep, timeout};

use self::attempt::{Outcome, Way};
use self::counts::{Counted, Fate};
use self::lanes::{Lane, Lanes};
use crate::model::failure::Fault;
use crate::model::push::factor::{Factor, Platform};
use crate::model::random::{Randomness, bytes};
use crate::model::time::Clock;
use crate::push::sender::{Counts, PushMessage, Sender};
use crate::store::Store;

/// As many messages as are on their way at once.
const MOST: u32 = 2000;

/// As many to one service.
const OF_A_SERVICE: usize = 1000;

/// As many to one device: whoever has its back end ask it all the time fills no more with it.
const OF_A_DEVICE: usize = 8;

/// How long one try may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The pauses between tries, unless the service says how long: the first, twice that, and so on to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// How often the removal of a dead registration is tried. If all fails, the next message finds it dead again.
const REMOVALS: u32 = 3;

/// Brings messages by the platforms that are configured.
pub struct Senders {
    shared: Arc<Shared>,
    runtime: Handle,
}

/// What the messages on their way share.
struct Shared {
    ways: Vec<(Platform, Box<dyn Way>)>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    places: Arc<Semaphore>,
    lanes: Lanes,
    devices: Lanes,
    counted: Counted,
    stopping: watch::Sender<bool>,
}

/// A message on its way.
struct Job {
    platform: Platform,
    token: String,
    message: PushMessage,
    lane: Arc<Lane>,
    _device: Arc<Lane>,
    began: Instant,
    /// Given back when it has ended.
    _places: [OwnedSemaphorePermit; 3],
}

impl Job {
    /// How long it is still worth bringing.
    fn left(&self) -> Duration {
        Duration::from_secs(self.message.ttl.into()).saturating_sub(self.began.elapsed())
    }

    /// The same in seconds, begun ones counted whole: what was just made has all of its time.
    fn seconds_left(&self) -> u32 {
        u32::try_from(self.left().as_millis().div_ceil(1000)).unwrap_or(self.message.ttl)
    }
}

impl Senders {
    /// Brings messages on the runtime that this is called on.
    pub fn new(
        ways: Vec<(Platform, Box<dyn Way>)>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, Fault> {
        let runtime = Handle::try_current().map_err(|_| Fault::new("push messages need a runtime"))?;
        let places = Arc::new(Semaphore::new(usize::try_from(MOST).unwrap_or_default()));
        let (lanes, devices) = (Lanes::of(OF_A_SERVICE), Lanes::of(OF_A_DEVICE));
        let (counted, stopping) = (Counted::default(), watch::Sender::new(false));
        let shared = Shared { ways, store, clock, randomness, places, lanes, devices, counted, stopping };
        Ok(Self { shared: Arc::new(shared), runtime })
    }
}

#[async_trait]
impl Sender for Senders {
    fn send(&self, to: &Factor, message: PushMessage) {
        let (shared, platform) = (&self.shared, to.config.platform);
        let (Some(token), Some(way)) = (&to.config.token, shared.way(platform)) else {
            tracing::debug!(challenge = %message.challenge, "the device asks by itself: nothing brings it messages");
            return;
        };
        let (lane, device) = (shared.lanes.to(&way.lane(token)), shared.devices.to(&to.sid.to_string()));
        let places = (shared.places.clone().try_acquire_owned(), lane.place(), device.place());
        let (Ok(place), Some(of_service), Some(of_device)) = places else {
            shared.counted.count(platform, Fate::Lost);
            tracing::warn!(
                platform = platform.as_str(), challenge = %message.challenge, "too many push messages wait; one is not sent"
            );
            return;
        };
        let (token, began) = (token.clone(), Instant::now());
        let places = [place, of_service, of_device];
        let job = Job { platform, token, message, lane, _device: device, began, _places: places };
        self.runtime.spawn(shared.clone().bring(job));
    }

    fn serves(&self, platform: Platform) -> bool {
        self.shared.way(platform).is_some()
    }

    fn counts(&self) -> Counts {
        self.shared.counted.all()
    }

    async fn ended(&self) {
        self.shared.stopping.send_replace(true);
        drop(self.shared.places.acquire_many(MOST).await);
    }
}

impl Shared {
    fn way(&self, platform: Platform) -> Option<&dyn Way> {
        self.ways.iter().find(|(served, _)| *served == platform).map(|(_, way)| &**way)
    }

    /// Tries until the message is taken or can't be, or its time is over.
    async fn bring(self: Arc<Self>, job: Job) {
        let Some(way) = self.way(job.platform) else { return };
        let (factor, platform) = (job.message.factor, job.platform.as_str());
        for tries in 0.. {
            let Some(turn) = self.turn(&job).await else { break };
            if tries > 0 && job.left().is_zero() {
                break;
            }
            let trying = way.bring(&job.token, &job.message, job.seconds_left());
            let late = || Outcome::Later("it took too long".to_owned(), None);
            let outcome = timeout(PATIENCE, trying).await.unwrap_or_else(|_| late());
            drop(turn);
            let (why, after) = match outcome {
                Outcome::Taken => {
                    self.counted.count(job.platform, Fate::Sent);
                    tracing::info!(%factor, platform, challenge = %job.message.challenge, "push message handed over");
                    return;
                }
                Outcome::Gone(why) => return self.forget(&job, &why).await,
                Outcome::Refused(why) => {
                    self.counted.count(job.platform, Fate::Refused);
                    tracing::error!(%factor, platform, why, "a push message was refused");
                    return;
                }
                Outcome::Later(why, after) => (why, after),
            };
            tracing::debug!(%factor, platform, why, tries, "a push message was not taken yet");
            if !self.pause(&job, tries, after).await {
                tracing::warn!(%factor, platform, why, "a push message was not taken in its time; given up");
                break;
            }
        }
        self.counted.count(job.platform, Fate::Lost);
    }

    /// Waits for a turn to try. None comes when that takes too long, or when the server stops while others are before it.
    async fn turn<'a>(&self, job: &'a Job) -> Option<SemaphorePermit<'a>> {
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            biased;
            turn = timeout(job.left().max(PATIENCE), job.lane.turn()) => turn.ok().flatten(),
            _ = stopping.wait_for(|stopping| *stopping) => None,
        }
    }

    /// Waits before the next try; `false` when there is none, because the message is not worth it any more or the server stops.
    async fn pause(&self, job: &Job, tries: u32, after: Option<Duration>) -> bool {
        let (first, longest) = PAUSES;
        let usual = first.saturating_mul(1_u32.checked_shl(tries).unwrap_or(u32::MAX)).min(longest);
        // Those that failed together do not come back together.
        let [chance] = bytes::<1>(&*self.randomness);
        let pause = after.unwrap_or(usual).saturating_add(usual * u32::from(chance) / 1024);
        if pause >= job.left() {
            return false;
        }
        let mut stopping = self.stopping.subscribe();
        tokio::select! {
            () = sleep(pause) => true,
            _ = stopping.wait_for(|stopping| *stopping) => false,
        }
    }

    /// The device is not there any more: from now on it asks by itself, unless it has told another token meanwhile.
    async fn forget(&self, job: &Job, why: &str) {
        let (factor, platform) = (job.message.factor, job.platform.as_str());
        for left in (0..REMOVALS).rev() {
            match self.store.forget_push_token(factor, job.platform, &job.token, self.clock.now()).await {
                Ok(true) => tracing::warn!(%factor, platform, why, "a device's registration is dead and was removed"),
                Ok(false) => tracing::info!(%factor, platform, why, "a device's registration is dead; it has another"),
                Err(_) if left > 0 => {
                    sleep(PAUSES.0).await;
                    continue;
                }
                Err(error) => tracing::error!(%factor, platform, %error, "a dead registration could not be removed"),
            }
            break;
        }
        self.counted.count(job.platform, Fate::Gone);
    }
}
