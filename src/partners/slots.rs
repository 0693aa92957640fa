//! Owns how many calls are under way at once to each account at a partner, so that one that hangs delays no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;

use crate::model::partner::Profile;

/// As many calls of one kind as are under way to one account.
const MOST: usize = 128;

/// The slots of all accounts; there are as many as clients with partners.
#[derive(Default)]
pub struct Slots(Mutex<HashMap<Profile, Arc<Semaphore>>>);

impl Slots {
    /// The slots of one account.
    pub fn of(&self, profile: &Profile) -> Arc<Semaphore> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(*profile).or_insert_with(|| Arc::new(Semaphore::new(MOST))).clone()
    }
}
