//! Owns the floors on SQLite: the same statements over one connection with the server's settings, and nothing around them.

use std::time::{Duration, Instant};

use couplet::app::SystemRandomness;
use couplet::tokens::opaque::AuthorizationCode;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, query};

use super::{Floor, What};
use crate::links::Links;
use crate::machine;
use crate::stage::{Backend, Stage};

/// As in `src/store/sql/grants.rs`.
const UPDATE: &str = "UPDATE grants SET state = 'active', redeemed_at = $4, last_used_at = $4, refresh_hash = $3 \
     WHERE id = $1 AND state = 'issued' AND code_hash = $2 AND code_expires_at > $4";

const LOOK_UP: &str = "SELECT * FROM grants WHERE id = $1";

/// Rows for each second.
const A_SECOND: f64 = 20_000.0;

/// Runs one statement again and again.
pub fn run(stage: &Stage, what: What, time: Duration) -> Floor {
    let rows = (A_SECOND * time.as_secs_f64()) as usize;
    let codes: Vec<_> = (0..rows).map(|_| AuthorizationCode::random(&SystemRandomness)).collect();
    Links::of(stage, "stable", codes.clone());
    // A runtime of one thread, so that nothing but the statement and its thread is awake.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = SqliteConnectOptions::new()
            .filename(stage.url.strip_prefix("sqlite:").unwrap())
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let (before, began) = (machine::cpu_of_self(), Instant::now());
        let mut done = 0;
        for code in codes {
            let changed = turn(&mut connection, what, &code).await;
            assert_eq!(changed, 1, "every row is there");
            done += 1;
            if began.elapsed() >= time {
                break;
            }
        }
        let rate = f64::from(done) / began.elapsed().as_secs_f64();
        let cpu = machine::cpu_of_self().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(done);
        Floor { what, backend: Some(Backend::Sqlite), connections: 1, rate, cpu }
    })
}

async fn turn(connection: &mut SqliteConnection, what: What, code: &AuthorizationCode) -> u64 {
    let id = code.grant_id.0;
    if what == What::LookUp {
        let found = query(LOOK_UP).bind(id).fetch_optional(connection).await.unwrap();
        return u64::from(found.is_some());
    }
    let hash = code.secret.hash().as_bytes().to_vec();
    let update = query(UPDATE).bind(id).bind(hash.clone()).bind(hash).bind(1_700_000_000_000_i64);
    update.execute(connection).await.unwrap().rows_affected()
}
