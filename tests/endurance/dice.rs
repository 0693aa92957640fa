//! Chance from a seed: the same seed makes the same choices.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Gives one number after the other (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A seed nobody has chosen, unless `COUPLET_SEED` names one.
    pub fn seed() -> u64 {
        let given = std::env::var("COUPLET_SEED").ok().map(|seed| seed.parse().expect("COUPLET_SEED is a number"));
        given.unwrap_or_else(|| RandomState::new().hash_one("seed"))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Dice of somebody else, who throws them independently.
    pub fn other(&mut self) -> Self {
        Self(self.next())
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// True once in so many throws.
    pub fn one_in(&mut self, throws: u64) -> bool {
        self.below(throws) == 0
    }

    /// The index of one of `count` things; none when there is nothing.
    pub fn index(&mut self, count: usize) -> Option<usize> {
        let end = u64::try_from(count).ok().filter(|end| *end > 0)?;
        usize::try_from(self.below(end)).ok()
    }

    /// A time below `end`.
    pub fn moment(&mut self, end: Duration) -> Duration {
        end.mul_f64(self.below(10_000) as f64 / 10_000.0)
    }
}
