//! Owns that one process refreshes the tokens of one link once at a time: whoever comes meanwhile waits for the same refresh.
//! Leaves other processes to the lease in the row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::Handle;

use crate::model::ids::GrantId;

/// What came of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    /// The row says how things are now.
    Settled,
    /// The partner could not be reached; the tokens are as before.
    Unreachable,
    /// The partner refused us, not the refresh token; the tokens are as before.
    Refused,
}

pub(super) type Flight = Shared<BoxFuture<'static, Landed>>;

/// The refreshes under way, on a runtime that outlives the request that begins one.
#[derive(Clone)]
pub(super) struct Flights {
    under_way: Arc<Mutex<HashMap<GrantId, Flight>>>,
    runtime: Handle,
}

/// Takes a refresh off the list when it is over, however it ended.
struct Landing(Flights, GrantId);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

impl Flights {
    /// None yet.
    pub(super) fn on(runtime: Handle) -> Self {
        Self { under_way: Arc::default(), runtime }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<GrantId, Flight>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is any.
    pub(super) fn are_under_way(&self) -> bool {
        !self.lock().is_empty()
    }

    /// The refresh under way.
    pub(super) fn of(&self, grant_id: GrantId) -> Option<Flight> {
        self.lock().get(&grant_id).cloned()
    }

    /// The refresh under way, or the one that is begun with `refresh`. It goes on when nobody waits for it any more.
    pub(super) fn join(&self, grant_id: GrantId, refresh: impl Future<Output = Landed> + Send + 'static) -> Flight {
        let begin = || {
            let flights = self.clone();
            let task = self.runtime.spawn(async move {
                // Made here and not before: a runtime that ends drops the task at once, while the list is locked.
                let _landing = Landing(flights, grant_id);
                refresh.await
            });
            task.map(|landed| landed.unwrap_or(Landed::Unreachable)).boxed().shared()
        };
        self.lock().entry(grant_id).or_insert_with(begin).clone()
    }
}
