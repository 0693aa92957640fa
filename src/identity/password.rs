//! Owns hashing and checking passwords with argon2id, off the request threads and as many at once as there are cores. Leaves
//! who signs in to `sign_in.rs`.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use unicode_normalization::UnicodeNormalization;

use crate::identity::argon2id::{Argon2id, check_against_reference, has_cost};
use crate::model::failure::Fault;
use crate::model::password_cost::PasswordCost;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;

/// The longest wait for a turn; people give up later, platforms do not wait here at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many as may wait for a turn, for each core.
const QUEUE_PER_CORE: usize = 64;

/// More hashes are wanted at once than this machine can make in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// How the queue stands, and what came of it since the process began.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Passwords being hashed.
    pub running: u64,
    /// Passwords waiting for their turn.
    pub waiting: u64,
    /// Passwords that were not hashed because too many wait.
    pub refused: u64,
    /// Passwords hashed.
    pub done: u64,
    /// The time that took, without the waits.
    pub took: Duration,
}

#[derive(Default)]
struct Tally {
    refused: AtomicU64,
    done: AtomicU64,
    micros: AtomicU64,
}

impl Tally {
    fn note_done(&self, took: Duration) {
        self.done.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// Hashes passwords and checks them.
pub struct PasswordHasher {
    cost: PasswordCost,
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue: usize,
    cores: usize,
    tally: Arc<Tally>,
    /// Hashers whose memory is kept while people wait; without a queue it is given back.
    spare: Arc<Mutex<Vec<Argon2id>>>,
    randomness: Arc<dyn Randomness>,
    /// The hash of no password, of today's cost: checked when there is no user, so that both take equally long.
    nobody: String,
}

impl PasswordHasher {
    /// A hasher of the configured cost.
    pub fn new(cost: PasswordCost, randomness: Arc<dyn Randomness>) -> Result<Self, Fault> {
        let (password, salt) = (bytes::<32>(&*randomness), bytes::<16>(&*randomness));
        check_against_reference(&password, &salt)?;
        let nobody = Argon2id::new(cost)?.hash(&password, &salt)?;
        let cores = available_parallelism().map_or(2, usize::from);
        Ok(Self {
            cost,
            turns: Arc::new(Semaphore::new(cores)),
            waiting: Arc::default(),
            queue: cores * QUEUE_PER_CORE,
            cores,
            tally: Arc::default(),
            spare: Arc::default(),
            randomness,
            nobody,
        })
    }

    /// The PHC string of a password's hash, with a fresh salt.
    pub async fn hash(&self, password: &PlainSecret) -> Result<String, Busy> {
        let salt = bytes::<16>(&*self.randomness);
        let password = normal(password);
        self.in_turn(move |argon2id| argon2id.hash(password.expose().as_bytes(), &salt)).await?.map_err(|_| Busy)
    }

    /// Whether the password is the one that `stored` was made from. Without a stored hash it takes as long, and is not.
    pub async fn verify(&self, password: &PlainSecret, stored: Option<&str>) -> Result<bool, Busy> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let password = normal(password);
        let right = self.in_turn(move |argon2id| argon2id.verify(password.expose().as_bytes(), &stored));
        Ok(right.await? && known)
    }

    /// Whether a stored hash has today's cost.
    pub fn is_current(&self, stored: &str) -> bool {
        has_cost(stored, self.cost)
    }

    /// How the queue stands.
    pub fn queue(&self) -> Queue {
        let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Queue {
            running: number(self.cores.saturating_sub(self.turns.available_permits())),
            waiting: number(self.waiting.load(Ordering::Relaxed)),
            refused: self.tally.refused.load(Ordering::Relaxed),
            done: self.tally.done.load(Ordering::Relaxed),
            took: Duration::from_micros(self.tally.micros.load(Ordering::Relaxed)),
        }
    }

    /// Runs slow work when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Argon2id) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let turn = self.turn().await.inspect_err(|Busy| {
            self.tally.refused.fetch_add(1, Ordering::Relaxed);
        })?;
        let (cost, spare, waiting) = (self.cost, self.spare.clone(), self.waiting.clone());
        let tally = self.tally.clone();
        // The turn ends with the work, also when the person who waited has gone.
        spawn_blocking(move || {
            let kept = spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut argon2id = kept.map_or_else(|| Argon2id::new(cost), Ok).map_err(|_| Busy)?;
            let began = Instant::now();
            let done = work(&mut argon2id);
            tally.note_done(began.elapsed());
            let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.load(Ordering::Relaxed) > 0 {
                spare.push(argon2id);
            } else {
                spare.clear();
            }
            drop(turn);
            Ok(done)
        })
        .await
        .map_err(|_| Busy)?
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Busy> {
        let place = Place::take(&self.waiting, self.queue)?;
        let turn = timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        drop(place);
        turn.map_err(|_| Busy)?.map_err(|_| Busy)
    }
}

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, queue: usize) -> Result<Self, Busy> {
        let place = Place(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= queue { Err(Busy) } else { Ok(place) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keyboards compose accents differently; the password is the same.
fn normal(password: &PlainSecret) -> PlainSecret {
    password.expose().nfc().collect::<String>().into()
}
