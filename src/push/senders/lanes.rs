//! Owns that services and devices do not wait for one another: each has a lane, with so many messages and so many tries at once.
//! A browser's push service is whatever its device says, so one that hangs must not hold up the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

/// As many tries at once.
const ABREAST: usize = 32;

/// The way to one of them.
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

/// The lanes in use, by name.
pub struct Lanes {
    most: usize,
    used: Mutex<HashMap<String, Arc<Lane>>>,
}

impl Lanes {
    /// Lanes for so many messages each that are on their way at once.
    pub fn of(most: usize) -> Self {
        Self { most, used: Mutex::default() }
    }

    /// The lane to one of them. Those that nobody uses are forgotten.
    pub fn to(&self, name: &str) -> Arc<Lane> {
        let mut lanes = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(name) {
            return lane.clone();
        }
        lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        let lane = Arc::new(Lane { places: Arc::new(Semaphore::new(self.most)), turns: Semaphore::new(ABREAST) });
        lanes.insert(name.to_owned(), lane.clone());
        lane
    }
}
