//! Owns how the program asks for chance. Leaves the source of it to `app.rs`, so that tests can hand in their own.

use uuid::{Builder, Uuid};

/// A source of unpredictable bytes, fit for secrets.
pub trait Randomness: Send + Sync {
    /// Fills `bytes` completely.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh random bytes.
pub fn bytes<const N: usize>(randomness: &dyn Randomness) -> [u8; N] {
    let mut bytes = [0; N];
    randomness.fill(&mut bytes);
    bytes
}

/// A fresh random UUID (version 4, RFC 9562 section 5.4).
pub fn uuid(randomness: &dyn Randomness) -> Uuid {
    Builder::from_random_bytes(bytes(randomness)).into_uuid()
}
