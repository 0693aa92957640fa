//! Owns which of several equal parts a thread uses: each thread that serves requests has its own, and everybody else shares
//! one. A connection's socket is watched by the thread that opened it, and an answer that arrives there needs to wake no other
//! one.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Handle, RuntimeFlavor};

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Numbers the threads in the order in which they first ask.
    static NUMBER: usize = NEXT.fetch_add(1, Ordering::Relaxed);
}

/// Equal parts for the threads of one process.
pub struct Lanes<T> {
    common: T,
    own: Vec<T>,
}

impl<T> Lanes<T> {
    /// One part for all who share, and `own` for threads that serve requests.
    pub fn new(own: usize, part: impl Fn() -> T) -> Self {
        Self { common: part(), own: (0..own).map(|_| part()).collect() }
    }

    /// The part that everybody shares.
    pub fn common(&self) -> &T {
        &self.common
    }

    /// Every part.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.common).chain(&self.own)
    }

    /// The part of this thread.
    pub fn here(&self) -> &T {
        // A thread that serves requests runs tasks alone; the other runtime spreads them over several.
        let alone = Handle::try_current().is_ok_and(|here| here.runtime_flavor() == RuntimeFlavor::CurrentThread);
        if !alone {
            return &self.common;
        }
        let number = NUMBER.with(|number| *number);
        number.checked_rem(self.own.len()).and_then(|at| self.own.get(at)).unwrap_or(&self.common)
    }
}
