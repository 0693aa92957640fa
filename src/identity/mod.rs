//! Owns knowing people: passwords, signed-in browsers, the brakes on guessing. Leaves what they may link to `oauth/`, and
//! cookies to `web/extract/`.

mod argon2id;
pub mod device;
pub mod doors;
mod hashing_threads;
pub mod password;
pub mod places;
pub mod sign_in;
#[cfg(target_os = "linux")]
mod standing_back;

use std::sync::Arc;

use crate::identity::doors::Doors;
use crate::identity::password::PasswordHasher;
use crate::model::random::Randomness;
use crate::model::time::Clock;
use crate::store::Store;
use crate::tokens::keys::Keys;

/// What knowing people depends on.
pub struct Identity {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// Hashes passwords off the request threads.
    pub hasher: PasswordHasher,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub randomness: Arc<dyn Randomness>,
    /// The keys in force.
    pub keys: Arc<Keys>,
    /// Slow down guessing.
    pub doors: Doors,
}
