//! Owns how the program asks for the time and how a moment is written down. Leaves the real clock to `app.rs`.

use chrono::{DateTime, Utc};

/// A moment, in UTC. Stored as whole milliseconds since 1970.
pub type Timestamp = DateTime<Utc>;

/// Tells the time. Handed in everywhere, so that tests move time instead of sleeping.
pub trait Clock: Send + Sync {
    /// The moment it is now.
    fn now(&self) -> Timestamp;

    /// The moment that others take for now, when it is another one: for what they compare with clocks of their own.
    fn shown_to_others(&self) -> Timestamp {
        self.now()
    }
}

/// A configured span as the signed span that date arithmetic takes; spans too long to add become the longest possible.
pub fn span(duration: std::time::Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}

/// `at` minus `duration`, or the beginning of time when the difference can't be written down.
pub fn before(at: Timestamp, duration: std::time::Duration) -> Timestamp {
    at.checked_sub_signed(span(duration)).unwrap_or(Timestamp::MIN_UTC)
}

/// `at` plus `duration`, or the end of time when the sum can't be written down.
pub fn after(at: Timestamp, duration: std::time::Duration) -> Timestamp {
    at.checked_add_signed(span(duration)).unwrap_or(Timestamp::MAX_UTC)
}
