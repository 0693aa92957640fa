//! Owns showing that a `stable` refresh and an introspection write nothing. In PostgreSQL every transaction that writes takes a
//! number; SQLite tells a connection whether another one wrote, and its files tell too.

use std::time::{Duration, SystemTime};

use sqlx::query_scalar;

use super::Finding;
use crate::copies::Database;
use crate::scenario::Scenario;
use crate::stage::Stage;

/// What only reads.
const READERS: [Scenario; 5] =
    [Scenario::Stable, Scenario::IntrospectOpaque, Scenario::IntrospectJwt, Scenario::ResourceServer, Scenario::Twilio];

/// A maintenance job of the database itself may come in between.
const TRIES: usize = 3;

/// Runs each scenario and compares what the database has counted before and after.
pub fn find(stage: &Stage, time: Duration, each: &mut impl FnMut(Finding)) {
    for scenario in READERS {
        let mut tries = (0..TRIES).map(|_| {
            let load = scenario.load(stage, 16, time);
            let before = stage.runtime.block_on(stage.database.writes(stage));
            let run = load.measure(stage.processes, time);
            let after = stage.runtime.block_on(stage.database.writes(stage));
            (before == after, run.requests)
        });
        let (holds, requests) = tries.find(|(holds, _)| *holds).unwrap_or((false, 0));
        let what = format!("{}: database writes", scenario.name());
        let measured = if holds { format!("0 in {requests} requests") } else { "some".to_owned() };
        each(Finding::new(stage, &what, measured, "0", holds));
    }
}

/// What changes when anything is written.
#[derive(PartialEq)]
enum Writes {
    Postgres { next_transaction: String },
    Sqlite { version: i64, files: Vec<(u64, SystemTime)> },
}

impl Database {
    async fn writes(&self, stage: &Stage) -> Writes {
        match self {
            Database::Postgres(pool) => {
                let next = "SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)";
                Writes::Postgres { next_transaction: query_scalar(next).fetch_one(pool).await.unwrap() }
            }
            Database::Sqlite(pool) => {
                let version = query_scalar("PRAGMA data_version").fetch_one(pool).await.unwrap();
                let file = stage.url.strip_prefix("sqlite:").unwrap();
                let facts = |end: &str| {
                    let facts = std::fs::metadata(format!("{file}{end}")).unwrap();
                    (facts.len(), facts.modified().unwrap())
                };
                Writes::Sqlite { version, files: vec![facts(""), facts("-wal")] }
            }
        }
    }
}
