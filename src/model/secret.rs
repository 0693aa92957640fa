//! Owns the difference between a plain secret and its hash: the first can't be stored or printed, the second can't be presented.
//! Leaves the making of tokens to `tokens/` and slow password hashing to `identity/`.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::random::{Randomness, bytes};

/// A secret that people or programs present as text: a password, a client secret, a whole token.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PlainSecret(String);

impl PlainSecret {
    /// The text itself; call it only where the secret is checked or sent.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a client secret like this could be found by trying: fewer than 32 characters, or hardly two alike. A secret of
    /// ours has 43.
    pub fn is_guessable(&self) -> bool {
        let mut different = self.0.as_bytes().to_vec();
        different.sort_unstable();
        different.dedup();
        let guessable = self.0.len() < 32 || different.len() < 10;
        different.zeroize();
        guessable
    }
}

impl From<String> for PlainSecret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

/// The 256 secret bits inside a code, a refresh token or a browser cookie.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TokenSecret([u8; 32]);

impl TokenSecret {
    /// Fresh secret bits.
    pub fn random(randomness: &dyn Randomness) -> Self {
        Self(bytes(randomness))
    }

    /// Bits that were read from a presented token or derived from another one.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bits themselves.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What the database keeps: with 256 random bits one round of SHA-256 can't be turned back.
    pub fn hash(&self) -> TokenHash {
        TokenHash(sha256(&[&self.0]))
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(…)")
    }
}

/// The stored hash of a [`TokenSecret`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// Reads the stored form; `None` unless it has 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The stored form.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether this is the hash of `secret`, compared in constant time.
    pub fn matches(&self, secret: &TokenSecret) -> bool {
        self.0.ct_eq(&secret.hash().0).into()
    }
}

/// The stored, salted hash of a client secret.
///
/// Secrets we generate have 256 bits; a fast hash keeps the token endpoint fast (never a slow hash on that path).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecretHash([u8; 48]);

impl ClientSecretHash {
    const SALT: usize = 16;

    /// Hashes `secret` with a fresh salt.
    pub fn of(secret: &PlainSecret, randomness: &dyn Randomness) -> Self {
        Self::salted(&bytes::<16>(randomness), secret)
    }

    fn salted(salt: &[u8], secret: &PlainSecret) -> Self {
        let mut stored = [0; 48];
        let digest = sha256(&[salt, secret.expose().as_bytes()]);
        let parts = salt.iter().chain(digest.iter());
        stored.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
        Self(stored)
    }

    /// Reads the stored form; `None` unless it has 48 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The stored form: 16 bytes of salt, then SHA-256 of salt and secret.
    pub fn as_bytes(&self) -> &[u8; 48] {
        &self.0
    }

    /// Whether this is the hash of `secret`, compared in constant time.
    pub fn matches(&self, secret: &PlainSecret) -> bool {
        let (salt, _) = self.0.split_at(Self::SALT);
        self.0.ct_eq(&Self::salted(salt, secret).0).into()
    }
}

/// SHA-256 over the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let digest = digest(&SHA256, &parts.concat());
    let mut out = [0; 32];
    out.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    out
}
