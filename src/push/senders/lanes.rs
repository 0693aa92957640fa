//! Owns that services do not wait for one another: each has a lane, with so many messages and so many tries at once. A browser's
//! push service is whatever its device says, so one that hangs must not hold up the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// As many messages to one service as are on their way at once.
const MOST: usize = 1000;

/// As many tries at once.
const ABREAST: usize = 32;

/// The way to one service.
pub struct Lane {
    places: Arc<Semaphore>,
    turns: Semaphore,
}

impl Lane {
    /// A place, unless too many wait.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.places.clone().try_acquire_owned().ok()
    }

    /// Waits for a turn to try.
    pub async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }
}

/// The lanes in use, by service.
#[derive(Default)]
pub struct Lanes(Mutex<HashMap<String, Arc<Lane>>>);

impl Lanes {
    /// The lane to a service. Those that nobody uses are forgotten.
    pub fn to(&self, service: &str) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(service) {
            return lane.clone();
        }
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        let lane = Arc::new(Lane { places: Arc::new(Semaphore::new(MOST)), turns: Semaphore::new(ABREAST) });
        lanes.insert(service.to_owned(), lane.clone());
        lane
    }
}
