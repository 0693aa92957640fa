//! Owns that one process refreshes the tokens of one link once at a time: whoever comes meanwhile waits for the same refresh.
//! Leaves other processes to the lease in the row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::model::ids::GrantId;

/// What came of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    /// The row says how things are now.
    Settled,
    /// The partner could not be reached; the tokens are as before.
    Unreachable,
}

type Flight = Shared<BoxFuture<'static, Landed>>;

/// The refreshes under way.
#[derive(Clone, Default)]
pub(super) struct Flights(Arc<Mutex<HashMap<GrantId, Flight>>>);

/// Takes a refresh off the list when it is over, however it ended.
struct Landing(Flights, GrantId);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

impl Flights {
    /// The refresh under way, or the one that is begun with `refresh`. It goes on when nobody waits for it any more.
    pub(super) fn join(&self, grant_id: GrantId, refresh: impl Future<Output = Landed> + Send + 'static) -> Flight {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begin = || {
            let landing = Landing(self.clone(), grant_id);
            let task = tokio::spawn(async move {
                let landed = refresh.await;
                drop(landing);
                landed
            });
            task.map(|landed| landed.unwrap_or(Landed::Unreachable)).boxed().shared()
        };
        flights.entry(grant_id).or_insert_with(begin).clone()
    }
}
