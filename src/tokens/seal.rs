//! Owns encryption at rest: AES-256-GCM under a master key, bound to the place where the ciphertext is stored. It knows every
//! master key in use, since a rotation has two side by side. Leaves the key file to `master_key.rs`, and how a new key gets
//! here to `handover.rs`.

use std::fmt;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroize;

use crate::model::failure::Fault;
use crate::model::secret::sha256;
use crate::tokens::master_key::MasterKey;

/// Format of a sealed value: this byte, four bytes that name the key, twelve of nonce, then ciphertext and tag.
const VERSION: u8 = 1;

/// How many bytes say by whom and how it was sealed.
const HEAD: usize = 5;

const UNKNOWN_KEY: &str = "sealed under another master key than master_key_file names; name the key that this database was last given (`couplet dev` keeps its own in data/master.key), or start anew with another data_dir";

/// Where a sealed value is stored; a value moved elsewhere does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The primary key of the row.
    pub row: &'a str,
}

impl Place<'_> {
    fn bound(&self) -> Aad<Vec<u8>> {
        let parts = [self.table, self.column, self.row];
        Aad::from(parts.iter().flat_map(|part| sha256(&[part.as_bytes()])).collect())
    }

    fn fault(&self, why: &str) -> Fault {
        Fault::new(format!("{}.{} of row {}: {why}", self.table, self.column, self.row))
    }
}

/// What tells one master key from another; it says nothing about the key itself. Shown as eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyName([u8; 4]);

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// What a master key that is learnt is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It seals from now on, in place of the one before.
    SealAndOpen,
    /// It only opens what was sealed under it.
    OpenOnly,
}

/// Encrypts and decrypts what the database must not know: seals under the current master key, opens under each it knows.
pub struct Sealer(RwLock<Ring>);

struct Ring {
    current: DerivedKey,
    others: Vec<DerivedKey>,
}

/// The encryption key of a master key.
struct DerivedKey {
    name: KeyName,
    key: RandomizedNonceKey,
}

impl DerivedKey {
    fn of(master: &MasterKey) -> Result<Self, Fault> {
        let fault = |_| Fault::new("deriving the encryption key failed");
        let prk = Salt::new(HKDF_SHA256, b"couplet").extract(master.expose());
        let mut bytes = [0; 32];
        prk.expand(&[b"seal"], HKDF_SHA256).and_then(|okm| okm.fill(&mut bytes)).map_err(fault)?;
        let mut name = [0; 32];
        prk.expand(&[b"name"], HKDF_SHA256).and_then(|okm| okm.fill(&mut name)).map_err(fault)?;
        let [a, b, c, d, ..] = name;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(fault)?;
        bytes.zeroize();
        Ok(Self { name: KeyName([a, b, c, d]), key })
    }

    fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut text = plain.to_vec();
        let nonce =
            self.key.seal_in_place_append_tag(place.bound(), &mut text).map_err(|_| Fault::new("encrypting failed"))?;
        Ok([[VERSION].as_slice(), &self.name.0, nonce.as_ref(), &text].concat())
    }

    fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let too_short = || place.fault("too short to be a sealed value");
        let (_, rest) = sealed.split_at_checked(HEAD).ok_or_else(too_short)?;
        let (nonce, text) = rest.split_at_checked(12).ok_or_else(too_short)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| place.fault("no nonce"))?;
        let mut text = text.to_vec();
        let plain = self.key.open_in_place(nonce, place.bound(), &mut text);
        Ok(plain.map_err(|_| place.fault("it was changed or moved"))?.to_vec())
    }
}

impl Sealer {
    /// Knows one master key, and seals under it.
    pub fn new(master: &MasterKey) -> Result<Self, Fault> {
        Ok(Self(RwLock::new(Ring { current: DerivedKey::of(master)?, others: Vec::new() })))
    }

    /// The name of a master key.
    pub fn name_of(master: &MasterKey) -> Result<KeyName, Fault> {
        Ok(DerivedKey::of(master)?.name)
    }

    /// The name of the key that seals.
    pub fn current(&self) -> KeyName {
        self.ring().current.name
    }

    /// Whether what was sealed under the key of that name can be opened.
    pub fn knows(&self, name: &str) -> bool {
        self.ring().all().any(|known| known.name.to_string() == name)
    }

    /// Learns one more master key, or what a known one is for. Fails for another key of a name that is taken; what is
    /// sealed under the one could not be told from what is sealed under the other.
    pub fn learn(&self, master: &MasterKey, usage: Use) -> Result<(), Fault> {
        const PROBE: Place<'static> = Place { table: "", column: "", row: "" };
        let new = DerivedKey::of(master)?;
        let mut ring = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ring.all().find(|known| known.name == new.name)
            && known.open(PROBE, &new.seal(PROBE, b"")?).is_err()
        {
            return Err(Fault::new(format!("another master key has the same name {}; make one more", new.name)));
        }
        let is_current = ring.current.name == new.name;
        match usage {
            Use::SealAndOpen if !is_current => {
                ring.others.retain(|known| known.name != new.name);
                let former = std::mem::replace(&mut ring.current, new);
                ring.others.push(former);
            }
            Use::OpenOnly if !ring.all().any(|known| known.name == new.name) => ring.others.push(new),
            Use::SealAndOpen | Use::OpenOnly => {}
        }
        Ok(())
    }

    /// Whether this was sealed under the key that seals now.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.starts_with(&[[VERSION].as_slice(), &self.current().0].concat())
    }

    /// Encrypts `plain` for `place`.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        self.ring().current.seal(place, plain)
    }

    /// Decrypts what was sealed for `place`; fails for an unknown key, another place and a changed text.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let (head, _) = sealed.split_at_checked(HEAD).ok_or_else(|| place.fault("too short to be a sealed value"))?;
        let ring = self.ring();
        let key = ring.all().find(|known| head == [[VERSION].as_slice(), &known.name.0].concat());
        key.ok_or_else(|| place.fault(UNKNOWN_KEY))?.open(place, sealed)
    }

    fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn all(&self) -> impl Iterator<Item = &DerivedKey> {
        std::iter::once(&self.current).chain(&self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Sealer, Use};
    use crate::tokens::master_key::MasterKey;

    const HERE: Place<'static> = Place { table: "keys", column: "sealed", row: "1" };

    fn key(byte: u8) -> MasterKey {
        MasterKey::from_bytes([byte; 32])
    }

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&key(byte)).unwrap()
    }

    #[test]
    fn a_value_moved_to_another_row_does_not_open() {
        let sealed = sealer(1).seal(HERE, b"secret").unwrap();
        assert!(sealer(1).open(Place { row: "2", ..HERE }, &sealed).is_err());
    }

    #[test]
    fn a_value_sealed_under_another_master_key_does_not_open() {
        let sealed = sealer(1).seal(HERE, b"secret").unwrap();
        let why = sealer(2).open(HERE, &sealed).unwrap_err().to_string();
        assert!(why.contains("another master key"), "{why}");
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let sealed = sealer(1).seal(HERE, b"secret").unwrap();
        for length in 0..sealed.len() {
            assert!(sealer(1).open(HERE, &sealed[..length]).is_err());
            let mut changed = sealed.clone();
            changed[length] ^= 1;
            assert!(sealer(1).open(HERE, &changed).is_err());
        }
    }

    #[test]
    fn a_sealed_value_opens_where_it_was_put_and_hides_its_content() {
        let sealed = sealer(1).seal(HERE, b"secret").unwrap();
        assert_eq!(sealer(1).open(HERE, &sealed).unwrap(), b"secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn a_key_that_was_only_learnt_to_open_does_not_seal() {
        let ring = sealer(1);
        ring.learn(&key(2), Use::OpenOnly).unwrap();
        assert_eq!(ring.open(HERE, &sealer(2).seal(HERE, b"secret").unwrap()).unwrap(), b"secret");
        let sealed = ring.seal(HERE, b"secret").unwrap();
        assert!(ring.is_current(&sealed) && sealer(1).open(HERE, &sealed).is_ok());
    }

    #[test]
    fn a_key_learnt_to_seal_takes_over_and_the_one_before_still_opens() {
        let ring = sealer(1);
        let before = ring.seal(HERE, b"secret").unwrap();
        ring.learn(&key(2), Use::OpenOnly).unwrap();
        for _ in 0..2 {
            ring.learn(&key(2), Use::SealAndOpen).unwrap();
            ring.learn(&key(2), Use::OpenOnly).unwrap();
            let after = ring.seal(HERE, b"secret").unwrap();
            assert!(ring.is_current(&after) && !ring.is_current(&before));
            assert!(sealer(1).open(HERE, &after).is_err() && sealer(2).open(HERE, &after).is_ok());
            assert_eq!(ring.open(HERE, &before).unwrap(), b"secret");
        }
    }

    #[test]
    fn a_value_stays_bound_to_its_place_under_every_key() {
        let ring = sealer(1);
        let before = ring.seal(HERE, b"secret").unwrap();
        ring.learn(&key(2), Use::SealAndOpen).unwrap();
        let elsewhere = Place { column: "other", ..HERE };
        assert!(ring.open(elsewhere, &before).unwrap_err().to_string().contains("changed or moved"));
    }

    #[test]
    fn another_key_of_a_taken_name_is_refused() {
        // Such a pair is too rare to find, so the ring is told a wrong name.
        let ring = sealer(1);
        ring.0.write().unwrap().current.name = Sealer::name_of(&key(2)).unwrap();
        let why = ring.learn(&key(2), Use::OpenOnly).unwrap_err().to_string();
        assert!(why.contains("same name"), "{why}");
    }

    #[test]
    fn a_name_has_eight_hexadecimal_digits_and_is_the_keys_own() {
        let name = sealer(1).current().to_string();
        assert!(name.len() == 8 && name.bytes().all(|digit| digit.is_ascii_hexdigit()), "{name}");
        assert_eq!(name, Sealer::name_of(&key(1)).unwrap().to_string());
        assert!(sealer(1).knows(&name) && !sealer(2).knows(&name));
    }
}
