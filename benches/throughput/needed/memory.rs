//! Owns how much memory a server holds: fresh and idle, and at its most under load.

use std::thread::sleep;
use std::time::Duration;

use super::Finding;
use crate::load::{Load, Processes, complete};
use crate::machine::memory_of;
use crate::scenario::Scenario;
use crate::server::Server;
use crate::sign_in::{Browser, Busy};
use crate::stage::Stage;

/// What is sent over 64 connections, one after the other.
const LOADS: [Scenario; 4] =
    [Scenario::ExchangeJwt, Scenario::Rotate, Scenario::IntrospectOpaque, Scenario::ExchangeOpaque];

/// Looks at a server of its own on the same database.
pub fn find(stage: &Stage, time: Duration, each: &mut impl FnMut(Finding)) {
    let folder = tempfile::tempdir().unwrap();
    let (server, _) = Server::start(folder.path(), &stage.url);
    sleep(Duration::from_secs(1));
    let (idle, _) = memory_of(server.pid());
    each(Finding::new(stage, "resident memory, idle", megabytes(idle), "< 30 MB", idle < 30_000_000));
    for scenario in LOADS {
        let mut shares = scenario.shares(stage, 64, 12_800);
        shares.iter_mut().for_each(|share| share.repeat(1));
        drop(complete(server.address, shares));
    }
    let (_, most) = memory_of(server.pid());
    each(Finding::new(
        stage,
        "resident memory at its most, 64 connections",
        megabytes(most),
        "< 100 MB",
        most < 100_000_000,
    ));
    let processes = Processes { server: server.pid(), database: None };
    drop(Load::start(server.address, Browser::prepare(stage, 64, Busy::TriesAgain)).measure(processes, time));
    let (_, most) = memory_of(server.pid());
    let what = "the same after 64 connections that sign in";
    each(Finding::new(stage, what, megabytes(most), "< 100 MB", most < 100_000_000));
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
