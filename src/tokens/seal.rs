//! Owns encryption at rest: AES-256-GCM under the master key, bound to the place where the ciphertext is stored. Leaves the
//! key file to `master_key.rs`.

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

use crate::model::failure::Fault;
use crate::model::secret::sha256;
use crate::tokens::master_key::MasterKey;

/// Format of a sealed value: this byte, four bytes that name the key, twelve of nonce, then ciphertext and tag.
const VERSION: u8 = 1;

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
}

/// Encrypts and decrypts what the database must not know.
pub struct Sealer {
    key: RandomizedNonceKey,
    name: [u8; 4],
}

impl Sealer {
    /// Derives the encryption key from the master key.
    pub fn new(master: &MasterKey) -> Result<Self, Fault> {
        let fault = |_| Fault::new("deriving the encryption key failed");
        let prk = Salt::new(HKDF_SHA256, b"couplet").extract(master.expose());
        let mut bytes = [0; 32];
        prk.expand(&[b"seal"], HKDF_SHA256).and_then(|okm| okm.fill(&mut bytes)).map_err(fault)?;
        let mut name = [0; 32];
        prk.expand(&[b"name"], HKDF_SHA256).and_then(|okm| okm.fill(&mut name)).map_err(fault)?;
        let [a, b, c, d, ..] = name;
        Ok(Self { key: RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(fault)?, name: [a, b, c, d] })
    }

    /// Encrypts `plain` for `place`.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut text = plain.to_vec();
        let nonce =
            self.key.seal_in_place_append_tag(place.bound(), &mut text).map_err(|_| Fault::new("encrypting failed"))?;
        Ok([[VERSION].as_slice(), &self.name, nonce.as_ref(), &text].concat())
    }

    /// Decrypts what was sealed for `place`; fails for another key, another place and a changed text.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Fault> {
        let fault = |why: &str| Fault::new(format!("{}.{} of row {}: {why}", place.table, place.column, place.row));
        let (head, rest) = sealed.split_at_checked(5).ok_or_else(|| fault("too short to be a sealed value"))?;
        if head != [[VERSION].as_slice(), &self.name].concat() {
            return Err(fault(
                "sealed under another master key than master_key_file names; name the one this database began with (`couplet dev` keeps its own in data/master.key), or start anew with another data_dir",
            ));
        }
        let (nonce, text) = rest.split_at_checked(12).ok_or_else(|| fault("too short to be a sealed value"))?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| fault("no nonce"))?;
        let mut text = text.to_vec();
        let plain = self.key.open_in_place(nonce, place.bound(), &mut text);
        Ok(plain.map_err(|_| fault("it was changed or moved"))?.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Sealer};
    use crate::tokens::master_key::MasterKey;

    const HERE: Place<'static> = Place { table: "keys", column: "sealed", row: "1" };

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::from_bytes([byte; 32])).unwrap()
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
}
