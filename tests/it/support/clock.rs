//! A clock for stand-ins that begin before the server whose clock they follow.

use std::sync::{Arc, OnceLock};

use couplet::model::time::{Clock, Timestamp};

use super::app::TestClock;

/// Shows what another clock shows, from when it is told which.
#[derive(Default)]
pub struct Handed(OnceLock<Arc<TestClock>>);

impl Handed {
    /// From now on it follows that clock.
    pub fn follow(&self, clock: Arc<TestClock>) {
        assert!(self.0.set(clock).is_ok());
    }
}

impl Clock for Handed {
    fn now(&self) -> Timestamp {
        self.0.get().expect("it follows a clock").now()
    }
}
