//! What the database keeps of clients and rotations, if something else wrote it.

use std::time::Duration;

use couplet::model::client::ClientSettings;
use couplet::model::grant::Rotations;
use couplet::model::secret::ClientSecretHash;
use couplet::model::time::Timestamp;

pub fn run(data: &[u8]) {
    if let Ok(settings) = serde_json::from_slice::<ClientSettings>(data) {
        let written = serde_json::to_string(&settings).expect("settings can be written");
        assert_eq!(serde_json::from_str::<ClientSettings>(&written).ok(), Some(settings));
    }
    if let Some(hash) = ClientSecretHash::from_slice(data) {
        assert_eq!(hash.as_bytes().as_slice(), data);
        assert!(!hash.matches(&String::from_utf8_lossy(data).into_owned().into()));
    }
    if let Some(rotations) = Rotations::from_bytes(data) {
        rotation(&rotations);
    }
}

fn rotation(rotations: &Rotations) {
    let written = rotations.to_bytes();
    assert!(written.len() <= 12 + 4 * Rotations::KEPT);
    assert_eq!(Rotations::from_bytes(&written).as_ref(), Some(rotations));
    let (now, grace) = (Timestamp::from_timestamp(1_795_000_000, 0).expect("a time"), Duration::from_secs(60));
    let next = rotations.with(now, grace);
    assert!(next.in_grace(1, now, grace), "a rotation that nobody can have heard of is over");
    assert_eq!(Rotations::from_bytes(&next.to_bytes()), Some(next));
}
