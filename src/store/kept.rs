//! Owns connections that are used again a moment later. One that is given back to its pool is asked there whether it still
//! answers, which would double the round trips of short statements; here that happens once a second. Leaves opening, testing
//! and closing connections to the pool.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::store::{PATIENCE, PoolState, QUEUE};

/// How long a connection is used before it goes through its pool again.
const KEPT: Duration = Duration::from_secs(1);

/// How long somebody waits for the answer of a connection that was not used lately, before another one is taken.
pub const A_MOMENT: Duration = Duration::from_millis(200);

/// A pool, and those of its connections that wait for the next statement.
pub struct KeptPool<D: Database> {
    pool: Pool<D>,
    kept: Arc<Mutex<Kept<D>>>,
}

struct Kept<D: Database> {
    spare: Vec<Lent<D>>,
    /// As many as wait for the pool, which learns nothing of what is kept here.
    waiting: usize,
    /// Whether somebody comes by to give back what nobody uses.
    is_watched: bool,
}

/// A connection in use. Dropped, because its statement failed or nobody waited for it, it goes back to the pool, which asks it
/// before anyone else does.
pub struct Lent<D: Database> {
    connection: PoolConnection<D>,
    until: Instant,
    has_gone: bool,
}

impl<D: Database> Lent<D> {
    /// Closes the connection, whatever state it is in.
    pub fn close(mut self) {
        self.has_gone = true;
        self.connection.close_on_drop();
    }

    /// Gives it back to its pool. One that does not answer in that time is cut off, and its place is free again.
    async fn give_back(mut self, within: Duration) {
        self.has_gone = true;
        drop(timeout(within, self.connection.return_to_pool()).await);
    }
}

impl<D: Database> Drop for Lent<D> {
    fn drop(&mut self) {
        if self.has_gone {
            return;
        }
        let returning = self.connection.return_to_pool();
        // Without end a connection whose other side is gone would hold its place until the network gives up. Where no task can
        // run it is cut off.
        if let Ok(here) = Handle::try_current() {
            drop(here.spawn(timeout(PATIENCE, returning)));
        }
    }
}

impl<D: Database> Deref for Lent<D> {
    type Target = PoolConnection<D>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<D: Database> DerefMut for Lent<D> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl<D: Database> KeptPool<D> {
    /// Nothing is kept yet.
    pub fn new(pool: Pool<D>) -> Self {
        let kept = Kept { spare: Vec::new(), waiting: 0, is_watched: false };
        Self { pool, kept: Arc::new(Mutex::new(kept)) }
    }

    /// The pool. Once statements run through this value, all of them have to: what is kept counts as taken there.
    pub fn pool(&self) -> &Pool<D> {
        &self.pool
    }

    /// A connection, within the time for that.
    pub async fn lend(&self) -> Result<Lent<D>, sqlx::Error> {
        let end = Instant::now() + QUEUE;
        let (lent, mut old) = self.kept().take();
        if let Some(lent) = lent {
            return Ok(lent);
        }
        let _waiting = Waiting(&self.kept);
        if let Some(latest) = old.pop() {
            // Back in its pool it is the first to be taken from there.
            latest.give_back(A_MOMENT).await;
        }
        drop(old);
        match timeout_at(end, self.pool.acquire()).await {
            Ok(connection) => Ok(Lent { connection: connection?, until: Instant::now() + KEPT, has_gone: false }),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Takes a connection back whose statement, or whole transaction, has ended well.
    pub fn keep(&self, lent: Lent<D>) {
        let mut kept = self.kept();
        // Under the same lock as `lend` and `close`: nothing is kept from somebody who waits for it.
        if kept.waiting > 0 || self.pool.is_closed() {
            return;
        }
        kept.spare.push(lent);
        if !std::mem::replace(&mut kept.is_watched, true) {
            tokio::spawn(watch(Arc::downgrade(&self.kept)));
        }
    }

    /// How it stands.
    pub fn state(&self, name: &'static str) -> PoolState {
        let spare = self.kept().spare.len();
        let idle = u32::try_from(self.pool.num_idle().saturating_add(spare)).unwrap_or(u32::MAX);
        PoolState { name, size: self.pool.size(), idle, most: self.pool.options().get_max_connections() }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        // Closed from the call on, not only once it is waited for.
        let closing = self.pool.close();
        self.kept().spare.clear();
        closing.await;
    }

    fn kept(&self) -> MutexGuard<'_, Kept<D>> {
        lock(&self.kept)
    }
}

impl<D: Database> Kept<D> {
    /// A connection that was used lately; without one the caller waits for the pool. And those that were not.
    fn take(&mut self) -> (Option<Lent<D>>, Vec<Lent<D>>) {
        let old = self.take_old();
        let lent = self.spare.pop();
        self.waiting += usize::from(lent.is_none());
        (lent, old)
    }

    fn take_old(&mut self) -> Vec<Lent<D>> {
        let now = Instant::now();
        self.spare.extract_if(.., |lent| lent.until <= now).collect()
    }
}

/// Gives back what nobody uses, as long as there is anything.
async fn watch<D: Database>(kept: Weak<Mutex<Kept<D>>>) {
    loop {
        sleep(KEPT).await;
        let Some(kept) = kept.upgrade() else { return };
        let mut kept = lock(&kept);
        // Those are let go of one after the other, each by a task of its own.
        drop(kept.take_old());
        if kept.spare.is_empty() {
            kept.is_watched = false;
            return;
        }
    }
}

fn lock<D: Database>(kept: &Mutex<Kept<D>>) -> MutexGuard<'_, Kept<D>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Somebody who waits for the pool.
struct Waiting<'a, D: Database>(&'a Mutex<Kept<D>>);

impl<D: Database> Drop for Waiting<'_, D> {
    fn drop(&mut self) {
        lock(self.0).waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, KeptPool};
    use sqlx::sqlite::SqlitePoolOptions;
    use sqlx::{Sqlite, query_scalar};
    use std::time::Duration;
    use tokio::time::{Instant, sleep, timeout};

    fn one_connection() -> KeptPool<Sqlite> {
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(Duration::from_secs(5));
        KeptPool::new(pool.connect_lazy("sqlite::memory:").unwrap())
    }

    /// A number that belongs to the connection: a database in memory is another one for each.
    async fn visits(kept: &KeptPool<Sqlite>, well: bool) -> i64 {
        let mut lent = kept.lend().await.unwrap();
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS visits (at); INSERT INTO visits VALUES (1)")
            .execute(&mut **lent)
            .await
            .unwrap();
        let visits = query_scalar("SELECT count(*) FROM visits").fetch_one(&mut **lent).await.unwrap();
        if well {
            kept.keep(lent);
        }
        visits
    }

    #[tokio::test]
    async fn the_only_connection_is_used_again_whether_it_was_kept_or_not() {
        let kept = one_connection();
        assert_eq!(visits(&kept, true).await, 1);
        assert_eq!((kept.state("one").size, kept.state("one").idle), (1, 1));
        assert_eq!(visits(&kept, false).await, 2);
        assert_eq!(visits(&kept, true).await, 3);
    }

    #[tokio::test]
    async fn whoever_waits_gets_the_connection_that_comes_back() {
        let kept = one_connection();
        let only = kept.lend().await.unwrap();
        let (waited, ()) = tokio::join!(timeout(Duration::from_secs(2), kept.lend()), async {
            tokio::task::yield_now().await;
            kept.keep(only);
        });
        waited.expect("nobody waits beside an idle connection").unwrap();
        assert_eq!(kept.kept().waiting, 0);
    }

    #[test]
    fn what_is_kept_can_be_let_go_where_nothing_runs() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let kept = runtime.block_on(async {
            let kept = one_connection();
            let lent = kept.lend().await.unwrap();
            kept.keep(lent);
            kept
        });
        drop(runtime);
        drop(kept);
    }

    #[tokio::test]
    async fn after_a_pause_the_same_connection_serves_and_no_other_is_opened() {
        let pool = SqlitePoolOptions::new().max_connections(3);
        let kept = KeptPool::new(pool.connect_lazy("sqlite::memory:").unwrap());
        assert_eq!(visits(&kept, true).await, 1);
        sleep(KEPT * 3).await;
        assert_eq!(kept.kept().spare.len(), 0, "what nobody uses is given back");
        assert_eq!(visits(&kept, true).await, 2);
        kept.kept().spare.iter_mut().for_each(|lent| lent.until = Instant::now());
        assert_eq!(visits(&kept, true).await, 3);
        assert_eq!(kept.state("three").size, 1);
    }

    #[tokio::test]
    async fn closing_does_not_wait_for_what_is_kept_and_keeps_nothing_afterwards() {
        let kept = one_connection();
        let late = kept.lend().await.unwrap();
        kept.keep(late);
        timeout(Duration::from_secs(5), kept.close()).await.expect("what was kept is let go");
        assert!(kept.lend().await.is_err());

        let kept = one_connection();
        let late = kept.lend().await.unwrap();
        let closing = async {
            tokio::join!(kept.close(), async { kept.keep(late) });
        };
        timeout(Duration::from_secs(5), closing).await.expect("what comes late is not kept");
    }
}
