//! Owns hashing and checking passwords with argon2id. Leaves when it is done to `hashing_threads.rs`, and who signs in to
//! `sign_in.rs`.

use std::net::IpAddr;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;

use crate::identity::argon2id::{Argon2id, check_against_reference, has_cost};
use crate::identity::hashing_threads::HashingThreads;
pub use crate::identity::hashing_threads::{Busy, Load};
use crate::identity::places::{Place, Places};
use crate::model::failure::Fault;
use crate::model::login::Login;
use crate::model::password_cost::PasswordCost;
use crate::model::random::{Randomness, bytes};
use crate::model::secret::PlainSecret;

/// The shortest password that is taken, in characters (NIST SP 800-63B section 3.1.1).
pub const SHORTEST: usize = 8;

/// Hashes passwords and checks them.
pub struct PasswordHasher {
    cost: PasswordCost,
    threads: HashingThreads,
    places: Places,
    randomness: Arc<dyn Randomness>,
    /// The hash of no password, of today's cost: checked when there is no user, so that both take equally long.
    nobody: String,
}

impl PasswordHasher {
    /// A hasher of the configured cost.
    pub fn new(cost: PasswordCost, randomness: Arc<dyn Randomness>) -> Result<Self, Fault> {
        let (password, salt) = (bytes::<32>(&*randomness), bytes::<16>(&*randomness));
        check_against_reference(&password, &salt)?;
        let nobody = Argon2id::new(cost)?.hash(&password, &salt)?;
        let threads = HashingThreads::start(cost)
            .map_err(|error| Fault::new(format!("threads for password hashing can't be started: {error}")))?;
        let places = Places::new(threads.most());
        Ok(Self { cost, threads, places, randomness, nobody })
    }

    /// A place before the threads that hash, which is to be held while a password is checked.
    pub fn place(&self, login: Option<&Login>, address: IpAddr, is_known: bool) -> Result<Place<'_>, Busy> {
        self.places.take(login, address, is_known).inspect_err(|_| self.threads.refused())
    }

    /// How busy the threads that hash are.
    pub fn load(&self) -> Load {
        self.threads.load()
    }

    /// The PHC string of a password's hash, with a fresh salt.
    pub async fn hash(&self, password: &PlainSecret) -> Result<String, Busy> {
        let salt = bytes::<16>(&*self.randomness);
        let password = normal(password);
        self.threads.run(move |argon2id| argon2id.hash(password.expose().as_bytes(), &salt)).await?.map_err(|_| Busy)
    }

    /// Whether the password is the one that `stored` was made from. Without a stored hash it takes as long, and is not.
    pub async fn verify(&self, password: &PlainSecret, stored: Option<&str>) -> Result<bool, Busy> {
        let known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        let password = normal(password);
        let right = self.threads.run(move |argon2id| argon2id.verify(password.expose().as_bytes(), &stored));
        Ok(right.await? && known)
    }

    /// Whether a stored hash has today's cost.
    pub fn is_current(&self, stored: &str) -> bool {
        has_cost(stored, self.cost)
    }
}

/// Keyboards compose accents differently; the password is the same.
fn normal(password: &PlainSecret) -> PlainSecret {
    password.expose().nfc().collect::<String>().into()
}
