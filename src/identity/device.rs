//! Owns knowing browsers again in which people have signed in before, so that strangers who guess can't keep those people out
//! (OWASP, "device cookies"). Leaves the cookie to `web/extract/`, and what follows to `doors.rs`.
//!
//! It proves nothing about who sits before the browser and gives access to nothing: it only has a count of its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq;

use crate::model::login::Login;
use crate::model::random::{Randomness, bytes};
use crate::tokens::derived::MacKey;

/// As many people are known in one browser; a family shares a tablet.
const PEOPLE: usize = 4;

const PART: usize = 16;

/// A browser in which people have signed in: a random number, and a tag for each of them, the latest first.
#[derive(Clone, Debug)]
pub struct Device {
    number: [u8; PART],
    people: Vec<[u8; PART]>,
}

/// A device that knows an account, as it is counted. Made only by [`Device::known_for`].
#[derive(Clone, Copy, Debug)]
pub struct KnownDevice([u8; PART]);

impl KnownDevice {
    /// What failures are counted by, besides the account.
    pub fn number(&self) -> &[u8; PART] {
        &self.0
    }
}

impl Device {
    /// A browser in which nobody has signed in.
    pub fn fresh(randomness: &dyn Randomness) -> Self {
        Self { number: bytes(randomness), people: Vec::new() }
    }

    /// Reads the cookie's text; `None` when it can't be one of ours. Whose it is, only the key tells.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (parts, rest) = bytes.as_chunks::<PART>();
        let (number, people) = parts.split_first()?;
        let fits = rest.is_empty() && people.len() <= PEOPLE;
        fits.then(|| Self { number: *number, people: people.to_vec() })
    }

    /// The cookie's text.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode([self.number.as_slice(), self.people.as_flattened()].concat())
    }

    /// The device as it is counted, if the owner of this login has signed in here.
    pub fn known_for(&self, key: &MacKey, login: &Login) -> Option<KnownDevice> {
        let expected = self.tag(key, login);
        let found = self.people.iter().fold(false, |found, tag| found | bool::from(tag.ct_eq(&expected)));
        found.then_some(KnownDevice(self.number))
    }

    /// The same browser after the owner of this login has signed in.
    pub fn with(&self, key: &MacKey, login: &Login) -> Self {
        let tag = self.tag(key, login);
        let others = self.people.iter().filter(|other| **other != tag);
        Self { number: self.number, people: [&tag].into_iter().chain(others).take(PEOPLE).copied().collect() }
    }

    fn tag(&self, key: &MacKey, login: &Login) -> [u8; PART] {
        key.short_tag(&[&self.number, login.key().as_bytes()])
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Device, PEOPLE};
    use crate::model::login::Login;
    use crate::model::random::Randomness;
    use crate::tokens::derived::TokenKeys;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Bytes of which each lot is another.
    pub struct Chance;

    impl Randomness for Chance {
        fn fill(&self, bytes: &mut [u8]) {
            static NEXT: AtomicU8 = AtomicU8::new(0);
            bytes.fill(NEXT.fetch_add(1, Ordering::Relaxed));
        }
    }

    fn login(text: &str) -> Login {
        Login::parse(text).unwrap()
    }

    #[test]
    fn what_we_did_not_make_knows_nobody() {
        let (keys, others) = (TokenKeys::from_root(&[1; 32]).unwrap(), TokenKeys::from_root(&[2; 32]).unwrap());
        let device = Device::fresh(&Chance).with(&keys.device, &login("ada"));
        assert!(device.known_for(&others.device, &login("ada")).is_none());
        assert!(device.known_for(&keys.form, &login("ada")).is_none());
        assert!(device.known_for(&keys.device, &login("adam")).is_none());
        let stolen = Device { people: device.people.clone(), ..Device::fresh(&Chance) };
        assert!(stolen.known_for(&keys.device, &login("ada")).is_none(), "a tag belongs to its number");
        for text in ["", "A", "AAAA", "%00", &"A".repeat(4000)] {
            assert!(Device::parse(text).is_none_or(|device| device.people.is_empty()), "{text}");
        }
    }

    #[test]
    fn it_knows_the_latest_people_in_whatever_case_they_write_themselves() {
        let keys = TokenKeys::from_root(&[1; 32]).unwrap();
        let mut device = Device::fresh(&Chance);
        for name in ["first", "ada", "b", "c", "d", "ADA"] {
            device = Device::parse(&device.with(&keys.device, &login(name)).encode()).unwrap();
        }
        assert_eq!(device.people.len(), PEOPLE);
        let known = |name| device.known_for(&keys.device, &login(name)).is_some();
        assert!(known("Ada") && known("b") && known("d") && !known("first"));
    }
}
