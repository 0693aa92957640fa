//! A PostgreSQL server of one test, to be stopped and started again.
//! It owns when that server is up; finding and starting its programs is `postgres`'s.
#![expect(clippy::panic, reason = "a test whose database does not obey must fail, and loudly")]

use std::sync::Arc;

use super::postgres::{Server, in_background};

/// A running server with one database, with PostgreSQL's own settings for durability.
///
/// It and its files are gone soon after this value is dropped, and soon after the test process ends in whatever way.
pub struct PrivatePostgres {
    server: Arc<Server>,
}

impl PrivatePostgres {
    /// Creates and starts a server.
    pub async fn start() -> Self {
        Self { server: Arc::new(in_background(|| Server::start("")).await) }
    }

    /// The URL of an empty database; the same before and after `start_again`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Ends all connections and stops the server; returns when its port refuses.
    pub async fn stop(&self) {
        self.stop_by("fast").await;
    }

    /// The same in a mode of `pg_ctl stop`: after `immediate` the next start recovers from the log, as after a crash.
    pub async fn stop_by(&self, mode: &str) {
        self.ask(format!("stop {mode}")).await;
    }

    /// Starts the stopped server on the same port with the data it had; returns when it accepts connections.
    pub async fn start_again(&self) {
        self.ask(format!("start {}", self.server.port)).await;
    }

    async fn ask(&self, question: String) {
        let server = Arc::clone(&self.server);
        in_background(move || {
            server.watchdog.ask(&question).unwrap_or_else(|cause| panic!("PostgreSQL does not {question}: {cause}"))
        })
        .await;
    }
}
