//! Owns hashing and checking passwords with argon2id, off the request threads and as many at once as there are cores. Leaves
//! who signs in to `sign_in.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use unicode_normalization::UnicodeNormalization;

use crate::config::PasswordCost;
use crate::model::failure::Fault;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;

/// The longest wait for a turn; people give up later, platforms do not wait here at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many as may wait for a turn, for each core.
const QUEUE_PER_CORE: usize = 64;

/// More hashes are wanted at once than this machine can make in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Hashes passwords and checks them.
pub struct PasswordHasher {
    params: Params,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    randomness: Arc<dyn Randomness>,
    /// The hash of no password, of today's cost: checked when there is no user, so that both take equally long.
    nobody: String,
}

impl PasswordHasher {
    /// A hasher of the configured cost.
    pub fn new(cost: PasswordCost, randomness: Arc<dyn Randomness>) -> Result<Self, Fault> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(|why| Fault::new(format!("password.memory_kib, .iterations, .parallelism: {why}")))?;
        let cores = available_parallelism().map_or(2, usize::from);
        let nobody = hash_now(&params, &bytes::<32>(&*randomness), &bytes::<16>(&*randomness))?;
        Ok(Self {
            params,
            turns: Arc::new(Semaphore::new(cores)),
            waiting: AtomicUsize::new(0),
            queue: cores * QUEUE_PER_CORE,
            randomness,
            nobody,
        })
    }

    /// The PHC string of a password's hash, with a fresh salt.
    pub async fn hash(&self, password: &PlainSecret) -> Result<String, Busy> {
        let (params, salt) = (self.params.clone(), bytes::<16>(&*self.randomness));
        let password = normal(password);
        self.in_turn(move || hash_now(&params, password.expose().as_bytes(), &salt)).await?.map_err(|_| Busy)
    }

    /// Whether the password is the one that `stored` was made from. Without a stored hash it takes as long, and is not.
    pub async fn verify(&self, password: &PlainSecret, stored: Option<&str>) -> Result<bool, Busy> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let password = normal(password);
        let right = self.in_turn(move || {
            let parsed = PasswordHash::new(&stored).ok();
            let verify = |hash| Argon2::default().verify_password(password.expose().as_bytes(), &hash);
            parsed.is_some_and(|hash| verify(hash).is_ok())
        });
        Ok(right.await? && known)
    }

    /// Whether a stored hash has today's cost.
    pub fn is_current(&self, stored: &str) -> bool {
        let parsed = PasswordHash::new(stored).ok();
        let params = parsed.filter(|hash| hash.algorithm.as_str() == "argon2id").and_then(|hash| Params::try_from(&hash).ok());
        params.is_some_and(|params| {
            params.m_cost() == self.params.m_cost()
                && params.t_cost() == self.params.t_cost()
                && params.p_cost() == self.params.p_cost()
        })
    }

    /// Runs slow work when it is its turn.
    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Place::take(&self.waiting, self.queue)?;
        let turn = timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        drop(place);
        let turn = turn.map_err(|_| Busy)?.map_err(|_| Busy)?;
        // The turn ends with the work, also when the person who waited has gone.
        spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(|_| Busy)
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

fn hash_now(params: &Params, password: &[u8], salt: &[u8]) -> Result<String, Fault> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let hash = argon2.hash_password_customized(password, salt, None, None, params.clone());
    hash.map(|hash| hash.to_string()).map_err(|why| Fault::new(format!("hashing a password failed: {why}")))
}
