//! Owns the keys that are derived from the stored token root: one for each use, so that a value made for one is worthless
//! for another. Leaves the forms of tokens to `opaque.rs`.

use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};

use crate::model::failure::Fault;

/// A key for one use of HMAC-SHA-256.
pub struct MacKey(Key);

impl MacKey {
    /// The whole tag, 32 bytes, over the parts; every part has a fixed length or is the last.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        parts.iter().for_each(|part| context.update(part));
        let mut tag = [0; 32];
        tag.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
        tag
    }

    /// The first half of the tag, enough for an authenticator.
    pub fn short_tag(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut half = [0; 16];
        half.iter_mut().zip(self.tag(parts)).for_each(|(to, from)| *to = from);
        half
    }
}

/// The derived keys.
pub struct TokenKeys {
    /// Shows that a refresh token is one of ours, so that only what we made can be punished.
    pub refresh: MacKey,
    /// Derives a refresh token from the code or the token before it, so that a retry gets the same one although only
    /// hashes are kept.
    pub successor: MacKey,
    /// Shows that an opaque access token is one of ours.
    pub access: MacKey,
    /// Binds forms to the browser they were made for.
    pub form: MacKey,
    /// Shows that somebody has signed in with a browser before.
    pub device: MacKey,
    /// Hides what brakes count by.
    pub brake: MacKey,
    /// Hides codes by text message, with the browsers and numbers that they were sent to.
    pub text_code: MacKey,
}

impl TokenKeys {
    /// Derives all keys from the root.
    pub fn from_root(root: &[u8]) -> Result<Self, Fault> {
        let prk = Salt::new(HKDF_SHA256, b"couplet tokens").extract(root);
        Ok(Self {
            refresh: derive(&prk, b"refresh")?,
            successor: derive(&prk, b"successor")?,
            access: derive(&prk, b"access")?,
            form: derive(&prk, b"form")?,
            device: derive(&prk, b"device")?,
            brake: derive(&prk, b"brake")?,
            text_code: derive(&prk, b"text code")?,
        })
    }
}

fn derive(prk: &Prk, label: &[u8]) -> Result<MacKey, Fault> {
    let parts = [label];
    let okm = prk.expand(&parts, HMAC_SHA256).map_err(|_| Fault::new("deriving a key failed"))?;
    Ok(MacKey(okm.into()))
}
