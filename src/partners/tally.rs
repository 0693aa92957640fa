//! Owns how often calls to partners came to what, since the process began. Leaves what follows from an answer to its caller.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::partners::answer::{CallFault, Issued};

/// How often a partner was asked for something with what result: what, result, how often.
pub type Calls = [(&'static str, &'static str, u64); 6];

/// Calls by what became of them.
#[derive(Default)]
pub(super) struct Tally {
    exchanges: Results,
    refreshes: Results,
}

#[derive(Default)]
struct Results {
    ok: AtomicU64,
    refused: AtomicU64,
    unsettled: AtomicU64,
}

impl Results {
    fn count(&self, answer: &Result<Issued, CallFault>) {
        let result = match answer {
            Ok(_) => &self.ok,
            Err(CallFault::Refused(_)) => &self.refused,
            Err(CallFault::Unsettled(_)) => &self.unsettled,
        };
        result.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self) -> [u64; 3] {
        [&self.ok, &self.refused, &self.unsettled].map(|number| number.load(Ordering::Relaxed))
    }
}

impl Tally {
    /// Counts an answer to a reciprocal code.
    pub(super) fn exchange(&self, answer: &Result<Issued, CallFault>) {
        self.exchanges.count(answer);
    }

    /// Counts an answer to a refresh token.
    pub(super) fn refresh(&self, answer: &Result<Issued, CallFault>) {
        self.refreshes.count(answer);
    }

    /// All numbers.
    pub(super) fn read(&self) -> Calls {
        let ([exchanged, refused, unsettled], [refreshed, lost, later]) =
            (self.exchanges.read(), self.refreshes.read());
        [
            ("exchange", "ok", exchanged),
            ("exchange", "refused", refused),
            ("exchange", "unsettled", unsettled),
            ("refresh", "ok", refreshed),
            ("refresh", "refused", lost),
            ("refresh", "unsettled", later),
        ]
    }
}
