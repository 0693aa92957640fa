//! Owns counting failures, so that guessing gets slow. Leaves what counts as a failure to the rooms, and carrying counts from
//! process to process to `jobs/brakes.rs`.
//!
//! A process decides by what it knows at once and never waits for the database; what others counted is learnt a moment later.

pub mod address;
mod shared;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::model::brake::BrakeKind;
use crate::model::secret::sha256;

/// How many failures within which time are borne.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// Within what, beginning with the first.
    pub per: Duration,
}

/// As many keys as are remembered at once; beyond it the half with fewer failures is forgotten, and among equals the older, so
/// that memory stays bounded and a flood of names opens no door that is shut.
const MOST_KEYS: usize = 50_000;

/// How long one waits for attempts whose end is not known yet.
const A_MOMENT: Duration = Duration::from_secs(1);

type Key = [u8; 32];

/// Counts failures by key. Without a limit it bears everything.
pub struct Throttle {
    kind: BrakeKind,
    limit: Option<Limit>,
    salt: [u8; 32],
    windows: Mutex<HashMap<Key, Window>>,
}

struct Window {
    began: Instant,
    /// Of all processes, as far as known here.
    failures: u32,
    /// Those among them that other processes can't know of yet.
    unshared: u32,
    /// Attempts whose end is not known yet.
    under_way: u32,
}

/// Too many failures: come back after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

/// An admitted attempt. It counts as a failure when it is dropped, also because nobody waited for its end, unless it was
/// forgiven.
#[must_use = "an attempt that is dropped counts as a failure"]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    key: Key,
    failed: bool,
}

impl Attempt<'_> {
    /// It was no failure.
    pub fn forgive(mut self) {
        self.failed = false;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.throttle.settle(self.key, self.failed);
    }
}

impl Throttle {
    /// Counts towards `limit`. Keys leave the process only hashed with `salt`, which all processes of a database share.
    pub fn new(kind: BrakeKind, limit: Option<Limit>, salt: [u8; 32]) -> Self {
        Self { kind, limit, salt, windows: Mutex::default() }
    }

    /// Admits an attempt. Those under way count like failures, so that many at the same moment can't slip past the limit.
    pub fn admit(&self, key: &[u8]) -> Result<Attempt<'_>, Wait> {
        self.enter(key, |window, limit| {
            if window.failures >= limit.count {
                return Err(window.wait(limit));
            }
            if window.failures.saturating_add(window.under_way) >= limit.count {
                return Err(Wait(A_MOMENT));
            }
            Ok(())
        })
    }

    /// Begins an attempt that others have admitted, to count it here too, beyond the limit as well.
    pub fn begin(&self, key: &[u8]) -> Attempt<'_> {
        let Ok(attempt) = self.enter(key, |_, _| Ok::<(), Infallible>(()));
        attempt
    }

    /// Begins an attempt if the window of the key lets it.
    fn enter<E>(&self, key: &[u8], lets: impl FnOnce(&Window, Limit) -> Result<(), E>) -> Result<Attempt<'_>, E> {
        let key = self.hashed(key);
        if let Some(limit) = self.limit {
            let mut windows = self.windows();
            make_room(&mut windows, limit);
            let window = windows.entry(key).or_insert_with(Window::new);
            window.turn(limit);
            lets(window, limit)?;
            window.under_way = window.under_way.saturating_add(1);
        }
        Ok(Attempt { throttle: self, key, failed: true })
    }

    /// Whether attempts are admitted, without beginning one.
    pub fn look(&self, key: &[u8]) -> Result<(), Wait> {
        let Some(limit) = self.limit else { return Ok(()) };
        let windows = self.windows();
        if windows.is_empty() {
            return Ok(());
        }
        let shut = |window: &&Window| window.failures >= limit.count && !window.is_over(limit);
        windows.get(&self.hashed(key)).filter(shut).map_or(Ok(()), |window| Err(window.wait(limit)))
    }

    /// Counts a failure, unless there were too many before.
    pub fn fail(&self, key: &[u8]) -> Result<(), Wait> {
        self.admit(key).map(drop)
    }

    fn settle(&self, key: Key, failed: bool) {
        let Some(limit) = self.limit else { return };
        let mut windows = self.windows();
        let window = windows.entry(key).or_insert_with(Window::new);
        window.turn(limit);
        window.under_way = window.under_way.saturating_sub(1);
        if failed {
            window.failures = window.failures.saturating_add(1);
            window.unshared = window.unshared.saturating_add(1);
        } else if window.failures == 0 && window.under_way == 0 {
            windows.remove(&key);
        }
    }

    fn hashed(&self, key: &[u8]) -> Key {
        sha256(&[&self.salt, key])
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<Key, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn new() -> Self {
        Self { began: Instant::now(), failures: 0, unshared: 0, under_way: 0 }
    }

    fn is_over(&self, limit: Limit) -> bool {
        self.began.elapsed() >= limit.per
    }

    /// Begins anew when the time is over.
    fn turn(&mut self, limit: Limit) {
        if self.is_over(limit) {
            *self = Self { under_way: self.under_way, ..Self::new() };
        }
    }

    fn wait(&self, limit: Limit) -> Wait {
        Wait(limit.per.saturating_sub(self.began.elapsed()))
    }
}

fn make_room(windows: &mut HashMap<Key, Window>, limit: Limit) {
    if windows.len() < MOST_KEYS {
        return;
    }
    windows.retain(|_, window| !window.is_over(limit));
    if windows.len() < MOST_KEYS {
        return;
    }
    // By when they began among equals, so that half of them stay whatever the counts are.
    let rank = |window: &Window| (window.failures.saturating_add(window.under_way), window.began);
    let mut ranks: Vec<_> = windows.values().map(rank).collect();
    let middle = ranks.len() / 2;
    let (_, median, _) = ranks.select_nth_unstable(middle);
    let median = *median;
    windows.retain(|_, window| rank(window) > median);
}

#[cfg(test)]
mod tests;
