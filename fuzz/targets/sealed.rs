//! Sealed values: nothing opens that was not sealed, for the place where it stands.

use std::sync::OnceLock;

use couplet::tokens::master_key::MasterKey;
use couplet::tokens::seal::{Place, Sealer};

const HERE: Place<'static> = Place { table: "keys", column: "sealed", row: "1" };

fn sealer() -> &'static Sealer {
    static SEALER: OnceLock<Sealer> = OnceLock::new();
    SEALER.get_or_init(|| Sealer::new(&MasterKey::from_bytes([7; 32])).expect("a sealer"))
}

pub fn run(data: &[u8]) {
    assert!(sealer().open(HERE, data).is_err(), "something opens that was never sealed");
    let sealed = sealer().seal(HERE, data).expect("sealing");
    assert_eq!(sealer().open(HERE, &sealed).ok().as_deref(), Some(data));
    assert!(sealer().is_current(&sealed) && sealed.len() == data.len() + 33);
    // The same moved, cut and changed.
    assert!(sealer().open(Place { row: "2", ..HERE }, &sealed).is_err());
    assert!(sealer().open(Place { column: "other", ..HERE }, &sealed).is_err());
    let Some((at, bit)) = data.first().zip(data.last()) else { return };
    let at = usize::from(*at) % sealed.len();
    let mut changed = sealed.clone();
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= 1 << (bit % 8);
    }
    assert!(sealer().open(HERE, &changed).is_err());
    assert!(sealer().open(HERE, sealed.get(..at).unwrap_or_default()).is_err());
}
