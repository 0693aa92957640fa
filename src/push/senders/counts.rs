//! Owns counting what became of messages, by platform.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::push::factor::Platform;
use crate::push::sender::Counts;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The service took it.
    Sent,
    /// The device was not there any more.
    Gone,
    /// The service did not want it.
    Refused,
    /// It was not taken in its time, or there were too many.
    Lost,
}

const PLATFORMS: [Platform; 3] = [Platform::Apn, Platform::Fcm, Platform::Web];

const FATES: [(Fate, &str); 4] =
    [(Fate::Sent, "sent"), (Fate::Gone, "gone"), (Fate::Refused, "refused"), (Fate::Lost, "lost")];

/// How often each thing happened.
#[derive(Default)]
pub struct Counted([[AtomicU64; 4]; 3]);

impl Counted {
    /// Once more.
    pub fn count(&self, platform: Platform, fate: Fate) {
        let row = PLATFORMS.iter().zip(&self.0).find(|(of, _)| **of == platform);
        let cell = row.and_then(|(_, row)| FATES.iter().zip(row).find(|((of, _), _)| *of == fate));
        if let Some((_, cell)) = cell {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// All of them.
    pub fn all(&self) -> Counts {
        let rows = PLATFORMS.iter().zip(&self.0);
        rows.flat_map(|(platform, row)| {
            let cells = FATES.iter().zip(row);
            cells.map(|((_, name), cell)| (platform.as_str(), *name, cell.load(Ordering::Relaxed)))
        })
        .collect()
    }
}
