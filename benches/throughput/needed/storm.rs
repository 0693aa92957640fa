//! Owns how long refreshes take while everybody signs in: the same refreshes are measured alone and beside 64 connections that
//! sign in without pause.

use std::time::Duration;

use super::Finding;
use crate::load::{Load, Run};
use crate::scenario::Scenario;
use crate::sign_in::{Browser, Busy};
use crate::stage::Stage;

/// Connections that refresh.
const REFRESHING: usize = 16;

/// Connections that sign in.
const STORM: usize = 64;

/// As much slower as refreshes may become.
const MOST: f64 = 3.0;

/// Between two refreshes of one connection: 16 of them make 640 a second.
const STEADY: Duration = Duration::from_millis(25);

/// The shortest time in which enough answers come while the machine hashes.
const LEAST: Duration = Duration::from_secs(3);

/// Measures both ways of refreshing, steadily and as fast as answers come.
pub fn find(stage: &Stage, time: Duration, each: &mut impl FnMut(Finding)) {
    for scenario in [Scenario::Stable, Scenario::Rotate] {
        for (how, pause) in [("640 a second", STEADY), ("16 without pause", Duration::ZERO)] {
            let alone = refreshes(stage, scenario, pause, time);
            let storm = Load::start(stage.server.address, Browser::prepare(stage, STORM, Busy::TriesAgain));
            let beside = refreshes(stage, scenario, pause, time);
            storm.abandon();
            let [alone, beside] = [alone, beside].map(|run| run.milliseconds(0.99));
            let ratio = beside / alone;
            let what = format!("{}, {how}: p99 in a storm of sign-ins over p99 alone", scenario.name());
            let measured = format!("{ratio:.2} ({beside:.2} over {alone:.2} ms)");
            each(Finding::new(stage, &what, measured, "≤ 3", ratio <= MOST));
        }
    }
}

fn refreshes(stage: &Stage, scenario: Scenario, pause: Duration, time: Duration) -> Run {
    let shares = scenario.shares(stage, REFRESHING, REFRESHING * 200);
    Load::paced(stage.server.address, shares, pause).measure(stage.processes, time.max(LEAST))
}
