//! Owns knowing people: passwords, codes by text message, approval on a device, signed-in browsers, the brakes on guessing. Leaves
//! what they may link to `oauth/`, and cookies to `web/extract/`.

pub mod approval;
mod argon2id;
pub mod by_code;
pub mod device;
pub mod doors;
mod hashing_threads;
pub mod held_secret;
pub mod password;
pub mod places;
pub mod sign_in;
#[cfg(target_os = "linux")]
mod standing_back;
pub mod text_codes;

use std::sync::Arc;

use crate::identity::approval::Approvers;
use crate::identity::doors::Doors;
use crate::identity::password::PasswordHasher;
use crate::identity::text_codes::TextCodes;
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
    /// Codes by text message, when something sends them.
    pub texts: Option<TextCodes>,
    /// Asks people's devices.
    pub approvers: Arc<dyn Approvers>,
}
