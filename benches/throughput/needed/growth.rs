//! Owns how many bytes a link takes in the database after one rotation and after a thousand, with garbage cleared away.

use sqlx::{query_scalar, raw_sql};

use super::Finding;
use crate::copies::Database;
use crate::load::complete;
use crate::scenario::{Scenario, Share};
use crate::stage::{Backend, Stage};

/// Links: fewer where one write after the other waits for the disk.
fn links(backend: Backend) -> usize {
    match backend {
        Backend::Postgres => 208,
        Backend::Sqlite => 32,
    }
}

/// Connections over which they are refreshed.
const CONNECTIONS: usize = 16;

/// Refreshes of each link.
const REFRESHES: usize = 1000;

/// Refreshes every link once, and then again until it was refreshed a thousand times, in a database of its own.
pub fn find(backend: Backend, each: &mut impl FnMut(Finding)) {
    let links = links(backend);
    let stage = Stage::with(backend, links);
    let shares = Scenario::Rotate.shares(&stage, CONNECTIONS, links);
    let shares = refreshed(&stage, shares, 1);
    let after_one = stage.runtime.block_on(stage.database.size());
    drop(refreshed(&stage, shares, REFRESHES - 1));
    let after_all = stage.runtime.block_on(stage.database.size());
    let [one, all] = [after_one, after_all].map(|bytes| bytes as f64 / links as f64);
    let measured = format!("{one:.0} and {all:.0} for each of {links}");
    let what = "bytes of database a link, after 1 and after 1,000 rotations";
    each(Finding::new(&stage, what, measured, "equal", after_one == after_all));
}

fn refreshed(stage: &Stage, mut shares: Vec<Share>, rounds: usize) -> Vec<Share> {
    shares.iter_mut().for_each(|share| share.repeat(rounds));
    complete(stage.server.address, shares)
}

impl Database {
    /// The size of all tables and indexes without garbage.
    async fn size(&self) -> i64 {
        match self {
            Database::Postgres(pool) => {
                raw_sql("VACUUM FULL").execute(pool).await.unwrap();
                let size = "SELECT CAST(sum(pg_total_relation_size(relid)) AS bigint) FROM pg_stat_user_tables";
                query_scalar(size).fetch_one(pool).await.unwrap()
            }
            Database::Sqlite(pool) => {
                raw_sql("VACUUM").execute(pool).await.unwrap();
                let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
                query_scalar(size).fetch_one(pool).await.unwrap()
            }
        }
    }
}
