//! Owns counting failures in memory, so that guessing gets slow. Leaves what counts as a failure to the rooms.
//!
//! Counts are per process and vanish with it. Whoever keeps failing for an account makes its owner wait too, but never longer
//! than one window after the last failure.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::secret::sha256;

/// How many failures within which time are borne.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many.
    pub count: u32,
    /// Within what, beginning with the first.
    pub per: Duration,
}

/// As many keys as are remembered at once; beyond it the older half is forgotten, so that memory stays bounded.
const MOST_KEYS: usize = 100_000;

/// Counts failures by key. Without a limit it bears everything.
pub struct Throttle {
    limit: Option<Limit>,
    counts: Mutex<HashMap<[u8; 32], Window>>,
}

struct Window {
    began: Instant,
    failures: u32,
}

/// Too many failures: come back after this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Throttle {
    /// Counts towards `limit`.
    pub fn new(limit: Option<Limit>) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    /// Counts an attempt as a failure until [`Throttle::forgive`] takes it back, so that attempts made at the same moment
    /// can't slip past the limit.
    pub fn admit(&self, key: &[u8]) -> Result<(), Wait> {
        let Some(limit) = self.limit else { return Ok(()) };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MOST_KEYS {
            forget_older_half(&mut counts);
        }
        let window = counts.entry(sha256(&[key])).or_insert_with(|| Window { began: Instant::now(), failures: 0 });
        let age = window.began.elapsed();
        if age >= limit.per {
            *window = Window { began: Instant::now(), failures: 0 };
        } else if window.failures >= limit.count {
            return Err(Wait(limit.per.saturating_sub(age)));
        }
        window.failures = window.failures.saturating_add(1);
        Ok(())
    }

    /// Takes back one admitted attempt that turned out well.
    pub fn forgive(&self, key: &[u8]) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut window) = counts.entry(sha256(&[key])) {
            window.get_mut().failures = window.get().failures.saturating_sub(1);
            if window.get().failures == 0 {
                window.remove();
            }
        }
    }
}

fn forget_older_half(counts: &mut HashMap<[u8; 32], Window>) {
    let mut beginnings: Vec<Instant> = counts.values().map(|window| window.began).collect();
    let middle = beginnings.len() / 2;
    let (_, median, _) = beginnings.select_nth_unstable(middle);
    let median = *median;
    counts.retain(|_, window| window.began > median);
}

/// An address as it is counted: IPv6 by its /64 network, since one household or server has all of that.
pub fn address_key(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Limit, Throttle, Wait};
    use std::time::Duration;

    #[test]
    fn beyond_the_limit_one_waits_and_others_do_not() {
        let throttle = Throttle::new(Some(Limit { count: 2, per: Duration::from_secs(60) }));
        assert_eq!((throttle.admit(b"a"), throttle.admit(b"a")), (Ok(()), Ok(())));
        let Err(Wait(wait)) = throttle.admit(b"a") else { panic!("admitted a third time") };
        assert!(wait <= Duration::from_secs(60) && wait > Duration::from_secs(50));
        assert_eq!(throttle.admit(b"b"), Ok(()));
    }

    #[test]
    fn attempts_that_turn_out_well_do_not_count() {
        let throttle = Throttle::new(Some(Limit { count: 1, per: Duration::from_secs(60) }));
        for _ in 0..10 {
            assert_eq!(throttle.admit(b"a"), Ok(()));
            throttle.forgive(b"a");
        }
    }

    #[test]
    fn time_heals() {
        let throttle = Throttle::new(Some(Limit { count: 1, per: Duration::from_millis(1) }));
        assert_eq!(throttle.admit(b"a"), Ok(()));
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(throttle.admit(b"a"), Ok(()));
    }
}
