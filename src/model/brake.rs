//! Owns what brakes on guessing are called and what processes tell one another of them. Leaves counting to `throttle/`.

use std::time::Duration;

/// What is counted. Each kind counts by keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrakeKind {
    /// Wrong client secrets, by client and address.
    Client,
    /// Reciprocal codes, by link.
    Code,
    /// Authorization codes, by user and client.
    Issue,
    /// Failed sign-ins, by address.
    Address,
    /// Failed sign-ins of browsers that are new to an account, by account.
    Account,
    /// The same by account and network.
    Network,
    /// Failed tries that were taken from an account's reserve.
    Reserve,
    /// Failed sign-ins of a browser that knows the account, by both.
    Device,
    /// Text messages, by number.
    TextNumber,
    /// Text messages, by the address that asks for them.
    TextAddress,
    /// Text messages, by country code.
    TextCountry,
    /// Wrong codes, by number.
    WrongCode,
}

impl BrakeKind {
    /// The byte with which its keys begin.
    fn tag(self) -> u8 {
        match self {
            Self::Client => 1,
            Self::Code => 2,
            Self::Address => 3,
            Self::Account => 4,
            Self::Network => 5,
            Self::Reserve => 6,
            Self::Device => 7,
            Self::Issue => 8,
            Self::TextNumber => 9,
            Self::TextAddress => 10,
            Self::TextCountry => 11,
            Self::WrongCode => 12,
        }
    }
}

/// What failures are counted by, as it leaves the process: the kind of the brake and a keyed hash, from which nobody learns a
/// login or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrakeKey([u8; 33]);

impl BrakeKey {
    /// The key of a hash.
    pub fn new(kind: BrakeKind, hash: &[u8; 32]) -> Self {
        let mut key = [kind.tag(); 33];
        key.iter_mut().skip(1).zip(hash).for_each(|(to, from)| *to = *from);
        Self(key)
    }

    /// Reads the stored form; `None` unless it has 33 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The stored form.
    pub fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// The hash, if the key belongs to that kind of brake.
    pub fn hash_of(&self, kind: BrakeKind) -> Option<[u8; 32]> {
        let (tag, hash) = self.0.split_first()?;
        if *tag == kind.tag() { hash.try_into().ok() } else { None }
    }
}

/// Failures of one key within one window. Times are lengths, not moments: processes need no common clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// What is counted by.
    pub key: BrakeKey,
    /// How long ago the window began.
    pub age: Duration,
    /// How long it lasts.
    pub window: Duration,
    /// How many failures there were.
    pub failures: u32,
}

#[cfg(test)]
mod tests {
    use super::{BrakeKey, BrakeKind};

    #[test]
    fn a_key_belongs_to_one_kind() {
        let key = BrakeKey::new(BrakeKind::Account, &[9; 32]);
        assert_eq!(key.hash_of(BrakeKind::Address), None);
        assert_eq!(key.hash_of(BrakeKind::Account), Some([9; 32]));
        assert_eq!(BrakeKey::from_slice(key.as_bytes()), Some(key));
        assert_eq!(BrakeKey::from_slice(&[4; 32]), None);
    }
}
