//! Owns connections that are used again a moment later. One that is given back to its pool is asked there whether it still
//! answers, which would double the round trips of short statements; here that happens once a second. Leaves opening, testing
//! and closing connections to the pool.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};
use tokio::runtime::Handle;
use tokio::time::Instant;

use crate::store::PoolState;

/// How long a connection is used before it goes through its pool again.
const KEPT: Duration = Duration::from_secs(1);

/// A pool, and those of its connections that wait for the next statement.
pub struct KeptPool<D: Database> {
    pool: Pool<D>,
    kept: Mutex<Kept<D>>,
}

struct Kept<D: Database> {
    spare: Vec<Lent<D>>,
    /// As many as wait for the pool, which learns nothing of what is kept here.
    waiting: usize,
}

/// A connection in use. Dropped, because its statement failed or nobody waited for it, it goes back to the pool, which asks it
/// before anyone else does.
pub struct Lent<D: Database> {
    connection: PoolConnection<D>,
    until: Instant,
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
        Self { pool, kept: Mutex::new(Kept { spare: Vec::new(), waiting: 0 }) }
    }

    /// The pool. Once statements run through this value, all of them have to: what is kept counts as taken there.
    pub fn pool(&self) -> &Pool<D> {
        &self.pool
    }

    /// A connection, within the pool's own time for that.
    pub async fn lend(&self) -> Result<Lent<D>, sqlx::Error> {
        let kept = {
            let mut kept = self.kept();
            let spare = kept.spare.pop().filter(|spare| Instant::now() < spare.until);
            kept.waiting += usize::from(spare.is_none());
            spare
        };
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let _waiting = Waiting(self);
        let connection = self.pool.acquire().await?;
        Ok(Lent { connection, until: Instant::now() + KEPT })
    }

    /// Takes a connection back whose statement, or whole transaction, has ended well.
    pub fn keep(&self, lent: Lent<D>) {
        let mut kept = self.kept();
        // Under the same lock as `lend` and `close`: nothing is kept from somebody who waits for it.
        if kept.waiting == 0 && !self.pool.is_closed() {
            kept.spare.push(lent);
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
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Database> Drop for KeptPool<D> {
    fn drop(&mut self) {
        // A connection goes back to its pool by a task; where none can run, it is simply cut off.
        if Handle::try_current().is_err() {
            self.kept().spare.drain(..).for_each(|lent| drop(lent.connection.detach()));
        }
    }
}

/// Somebody who waits for the pool.
struct Waiting<'a, D: Database>(&'a KeptPool<D>);

impl<D: Database> Drop for Waiting<'_, D> {
    fn drop(&mut self) {
        self.0.kept().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::KeptPool;
    use sqlx::sqlite::SqlitePoolOptions;
    use sqlx::{Sqlite, query_scalar};
    use std::time::Duration;
    use tokio::time::timeout;

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
