//! Owns handing a database over from one master key to the next: the rows that carry each of both keys under the other, so
//! that every server knows both, whichever file it was started with. Leaves sealing to `seal.rs`, and bringing what is stored
//! under the new key to `reseal.rs`.

use zeroize::Zeroizing;

use crate::model::failure::Fault;
use crate::model::time::Timestamp;
use crate::store::KeyStore;
use crate::store::keys::{AddKey, KeyPurpose, SealedKey};
use crate::tokens::keys::{KeyFailure, place, row_of};
use crate::tokens::master_key::MasterKey;
use crate::tokens::seal::{KeyName, Sealer, Use};

/// The number of every [`KeyPurpose::NextMaster`]: there is room for one, so that one rotation is under way at a time.
const NEXT: u32 = 0;

/// How a rotation stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Every server is about to learn the new key, or has learnt it.
    UnderWay,
    /// There is none, and the new key is the one that seals.
    NotNeeded,
    /// Another one is under way, to the key of that name.
    Another(String),
}

/// Learns the master keys that the database hands over to whoever knows one of them: the target of a rotation, which then
/// seals, and former keys, which only open.
pub async fn learn_keys(store: &dyn KeyStore, sealer: &Sealer) -> Result<(), KeyFailure> {
    for next in store.keys(KeyPurpose::NextMaster).await? {
        // Only the key that seals may name its successor: one that was replaced, perhaps since others know it, has no say.
        if next.kid != sealer.current().to_string() && sealer.is_current(&next.sealed) {
            sealer.learn(&open(sealer, &next)?, Use::SealAndOpen)?;
        }
    }
    let mut former = store.keys(KeyPurpose::FormerMaster).await?;
    // Each is sealed under its successor, so one that opens may open the next.
    loop {
        let unknown = former.len();
        former.retain(|row| !sealer.knows(&row.kid));
        for row in &former {
            if let Ok(key) = open(sealer, row) {
                sealer.learn(&key, Use::OpenOnly)?;
            }
        }
        former.retain(|row| !sealer.knows(&row.kid));
        if former.len() == unknown {
            return Ok(());
        }
    }
}

/// Begins a rotation from `old`, the key that seals, to `new`, unless it is under way already. From now on we seal under it.
pub async fn begin(
    store: &dyn KeyStore,
    sealer: &Sealer,
    old: &MasterKey,
    new: &MasterKey,
    now: Timestamp,
) -> Result<Rotation, KeyFailure> {
    let name = Sealer::name_of(new)?;
    // First of all, since it fails for a key that can't be told from one in use.
    sealer.learn(new, Use::OpenOnly)?;
    if store.keys(KeyPurpose::NextMaster).await?.is_empty() && sealer.current() != name {
        announce(store, sealer, old, new, now).await?;
    }
    let under_way = store.keys(KeyPurpose::NextMaster).await?.pop();
    match under_way {
        Some(next) if next.kid == name.to_string() => {
            sealer.learn(new, Use::SealAndOpen)?;
            Ok(Rotation::UnderWay)
        }
        Some(next) => Ok(Rotation::Another(next.kid)),
        None if sealer.current() == name => Ok(Rotation::NotNeeded),
        None => {
            Err(Fault::new("another rotation has ended at this moment; look where it led, then begin again").into())
        }
    }
}

/// Ends the rotation to that key: nothing is sealed under another one.
pub async fn finish(store: &dyn KeyStore, new: KeyName) -> Result<(), KeyFailure> {
    Ok(store.delete_key(KeyPurpose::NextMaster, &new.to_string()).await?)
}

/// Why the master key of the file does not fit, in better words when it is one that was replaced.
pub async fn explain(store: &dyn KeyStore, sealer: &Sealer, fault: Fault) -> Result<Fault, KeyFailure> {
    let name = sealer.current().to_string();
    let is_former = store.keys(KeyPurpose::FormerMaster).await?.iter().any(|row| row.kid == name);
    let words = "master_key_file names a master key that was replaced; point it to the file that was the --new-key-file of \
                 the last `couplet keys rotate-master`";
    Ok(if is_former { Fault::new(words) } else { fault })
}

/// Adds both rows, unless somebody else is faster.
async fn announce(
    store: &dyn KeyStore,
    sealer: &Sealer,
    old: &MasterKey,
    new: &MasterKey,
    now: Timestamp,
) -> Result<AddKey, KeyFailure> {
    if sealer.current() != Sealer::name_of(old)? {
        return Err(Fault::new("a rotation has ended at this moment; point master_key_file to its key first").into());
    }
    let latest = store.keys(KeyPurpose::FormerMaster).await?.pop();
    let serial = latest.map_or(0, |row| row.serial.saturating_add(1));
    let next = sealed(sealer, (KeyPurpose::NextMaster, NEXT), new, now)?;
    let former = sealed(&Sealer::new(new)?, (KeyPurpose::FormerMaster, serial), old, now)?;
    Ok(store.hand_over(&next, &former).await?)
}

fn sealed(
    sealer: &Sealer,
    (purpose, serial): (KeyPurpose, u32),
    key: &MasterKey,
    created_at: Timestamp,
) -> Result<SealedKey, Fault> {
    let sealed = sealer.seal(place(&row_of(purpose, serial)), key.expose())?;
    Ok(SealedKey { purpose, serial, kid: Sealer::name_of(key)?.to_string(), sealed, created_at })
}

/// The master key in a row; it must be the one that the row names.
fn open(sealer: &Sealer, row: &SealedKey) -> Result<MasterKey, Fault> {
    let name = row_of(row.purpose, row.serial);
    let bytes = Zeroizing::new(sealer.open(place(&name), &row.sealed)?);
    let key =
        MasterKey::from_slice(&bytes).filter(|key| Sealer::name_of(key).is_ok_and(|it| it.to_string() == row.kid));
    key.ok_or_else(|| Fault::new(format!("keys.sealed of row {name}: it is not the master key {}", row.kid)))
}
