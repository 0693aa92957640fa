//! Owns what a brake tells other processes and learns from them. Leaves the way between to `store/` and `jobs/brakes.rs`.

use std::time::Instant;

use super::{Limit, Throttle, Window, make_room};
use crate::model::brake::{BrakeKey, BrakeKind, Tally};

impl Throttle {
    /// Takes what other processes do not know yet: at most `most` keys, those with most failures first, in the order of their
    /// keys. A key with hardly a failure is not worth telling, or a flood of names would become a flood of rows.
    pub fn take(&self, most: usize) -> Vec<Tally> {
        let Some(limit) = self.limit else { return Vec::new() };
        let mut windows = self.windows();
        let worth =
            |window: &Window| window.unshared > 0 && window.failures >= self.several(limit) && !window.is_over(limit);
        let mut found: Vec<_> = windows.iter_mut().filter(|(_, window)| worth(window)).collect();
        found.sort_unstable_by_key(|(_, window)| std::cmp::Reverse(window.failures));
        found.truncate(most);
        let tally = |(hash, window): (&[u8; 32], &mut Window)| Tally {
            key: BrakeKey::new(self.kind, hash),
            age: window.began.elapsed(),
            window: limit.per,
            failures: std::mem::take(&mut window.unshared),
        };
        let mut taken: Vec<Tally> = found.into_iter().map(tally).collect();
        taken.sort_unstable_by_key(|tally| tally.key);
        taken
    }

    /// Takes back what could not be told; it will be again.
    pub fn take_back(&self, tallies: &[Tally]) {
        let mut windows = self.windows();
        for tally in tallies {
            if let Some(window) = tally.key.hash_of(self.kind).and_then(|hash| windows.get_mut(&hash)) {
                window.unshared = window.unshared.saturating_add(tally.failures).min(window.failures);
            }
        }
    }

    /// Learns what all processes counted together; tallies of other brakes are passed over.
    pub fn learn(&self, tallies: &[Tally]) {
        let Some(limit) = self.limit else { return };
        let now = Instant::now();
        let mut windows = self.windows();
        for tally in tallies.iter().filter(|tally| tally.age < limit.per) {
            let Some((hash, began)) = tally.key.hash_of(self.kind).zip(now.checked_sub(tally.age)) else { continue };
            make_room(&mut windows, limit);
            let window = windows.entry(hash).or_insert_with(Window::new);
            window.turn(limit);
            window.began = began;
            window.failures = tally.failures.saturating_add(window.unshared);
        }
    }

    /// From how many failures on a key is told: a fifth of the limit, but no single one, unless the limit is one. Of networks,
    /// which are as many as accounts times networks, never a single one.
    fn several(&self, limit: Limit) -> u32 {
        let several = (limit.count / 5).max(2);
        if self.kind == BrakeKind::Network { several } else { several.min(limit.count) }
    }
}
