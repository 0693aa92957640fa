//! Owns the browser's side of an encrypted message (RFC 8291, RFC 8188): its keys and how it reads.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::model::secret::sha256;

/// A browser with one subscription.
pub struct Browser {
    key: PrivateKey,
    auth: [u8; 32],
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF with SHA-256.
fn hkdf<const LENGTH: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> Option<[u8; LENGTH]> {
    let mut out = [0; LENGTH];
    Salt::new(HKDF_SHA256, salt).extract(secret).expand(&[info], Length(LENGTH)).ok()?.fill(&mut out).ok()?;
    Some(out)
}

impl Browser {
    /// The browser that made its keys from this text; `None` unless that has 32 bytes in base64url.
    pub fn of(seed: &str) -> Option<Self> {
        let seed: [u8; 32] = URL_SAFE_NO_PAD.decode(seed).ok()?.try_into().ok()?;
        let key = PrivateKey::from_private_key(&ECDH_P256, &sha256(&[&seed, b"key"])).ok()?;
        Some(Self { key, auth: sha256(&[&seed, b"auth"]) })
    }

    /// The uncompressed point.
    pub fn public_key(&self) -> Vec<u8> {
        self.key.compute_public_key().map(|key| key.as_ref().to_vec()).unwrap_or_default()
    }

    /// The secret besides, 16 bytes.
    pub fn auth(&self) -> Vec<u8> {
        self.auth.iter().take(16).copied().collect()
    }

    /// What a message says; `None` when it is not for this browser, or malformed.
    pub fn decrypt(&self, body: &[u8]) -> Option<Vec<u8>> {
        let (salt, rest) = body.split_at_checked(16)?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first()?;
        let (sender, sealed) = rest.split_at_checked((*length).into())?;
        // A message is one record (RFC 8291 section 4).
        if sealed.len() > usize::try_from(u32::from_be_bytes(*size)).ok()? {
            return None;
        }
        let info = [b"WebPush: info\0", self.public_key().as_slice(), sender].concat();
        let agreed = UnparsedPublicKey::new(&ECDH_P256, sender);
        let secret = agree(&self.key, agreed, (), |shared| hkdf::<32>(&self.auth(), shared, &info).ok_or(())).ok()?;
        let key: [u8; 16] = hkdf(salt, &secret, b"Content-Encoding: aes128gcm\0")?;
        let nonce: [u8; NONCE_LEN] = hkdf(salt, &secret, b"Content-Encoding: nonce\0")?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).ok()?);
        let mut sealed = sealed.to_vec();
        let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed).ok()?;
        // The delimiter of the last record is 2; zeros behind it are padding.
        let end = plain.iter().rposition(|byte| *byte != 0)?;
        let (text, [2, ..]) = plain.split_at(end) else { return None };
        Some(text.to_vec())
    }
}
