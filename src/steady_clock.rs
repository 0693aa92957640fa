//! Owns a time that never runs backwards within the process, whatever the machine's clock does: what has ended stays ended.
//! Leaves reading that clock to `app.rs`.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;

use crate::model::time::{Clock, Timestamp};

/// While we are ahead of the machine's clock, our time runs slower by this part.
const SLOWER: i32 = 10;

/// A clock that goes on from where it was when the machine's clock steps back, and runs a little slower until the machine's
/// clock has caught up.
pub struct SteadyClock {
    wall: Arc<dyn Clock>,
    seen: Mutex<Option<Seen>>,
}

/// The latest reading.
#[derive(Clone, Copy)]
struct Seen {
    wall: Timestamp,
    ahead: TimeDelta,
}

impl SteadyClock {
    /// Over the machine's clock.
    pub fn over(wall: Arc<dyn Clock>) -> Self {
        Self { wall, seen: Mutex::default() }
    }

    /// What the machine's clock shows, and how far we are ahead of it.
    fn read(&self) -> Seen {
        // Read under the lock: two readings must not overtake each other.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let wall = self.wall.now();
        let ahead = seen.map_or(TimeDelta::zero(), |former| former.ahead_at(wall));
        *seen.insert(Seen { wall, ahead })
    }
}

impl Seen {
    fn ahead_at(self, wall: Timestamp) -> TimeDelta {
        let passed = wall.signed_duration_since(self.wall);
        if passed < TimeDelta::zero() {
            tracing::warn!(by = %passed, "the machine's clock stepped back; our time goes on and waits for it");
            return self.ahead - passed;
        }
        let caught_up = TimeDelta::milliseconds(passed.num_milliseconds() / i64::from(SLOWER));
        (self.ahead - caught_up).max(TimeDelta::zero())
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let Seen { wall, ahead } = self.read();
        wall.checked_add_signed(ahead).unwrap_or(wall)
    }

    fn shown_to_others(&self) -> Timestamp {
        self.read().wall
    }
}

#[cfg(test)]
mod tests {
    use super::SteadyClock;
    use crate::model::time::{Clock, Timestamp};
    use std::sync::{Arc, Mutex};

    struct Wall(Mutex<i64>);

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            Timestamp::from_timestamp(*self.0.lock().unwrap(), 0).unwrap()
        }
    }

    fn readings(walls: &[i64]) -> Vec<i64> {
        let wall = Arc::new(Wall(Mutex::new(0)));
        let steady = SteadyClock::over(wall.clone());
        let read = |second: &i64| {
            *wall.0.lock().unwrap() = *second;
            steady.now().timestamp()
        };
        walls.iter().map(read).collect()
    }

    #[test]
    fn it_never_runs_backwards_and_never_stands_still_for_long() {
        assert_eq!(readings(&[5000, 1400, 1410, 1500]), [5000, 5000, 5009, 5090]);
    }

    #[test]
    fn in_the_end_the_machines_clock_has_caught_up() {
        assert_eq!(readings(&[5000, 4900, 5900, 6000]), [5000, 5000, 5900, 6000]);
    }

    #[test]
    fn a_clock_that_only_goes_on_is_followed_however_it_jumps() {
        assert_eq!(readings(&[10, 10, 3700, 3701]), [10, 10, 3700, 3701]);
    }
}
