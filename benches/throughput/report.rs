//! Owns how measurements are shown.

use crate::load::Run;
use crate::scenario::Scenario;
use crate::stage::Backend;

/// The first line.
pub fn heading() {
    println!(
        "{:9} {:18} {:>4} {:>9} {:>10} {:>10} {:>9} {:>9} {:>9}",
        "database", "scenario", "conn", "a second", "p50 ms", "p99 ms", "server us", "db us", "load us"
    );
}

/// One measurement.
pub fn line(backend: Backend, scenario: Scenario, connections: usize, run: &Run) {
    println!(
        "{:9} {:18} {:>4} {:>9.0} {:>10.3} {:>10.3} {:>9.1} {:>9.1} {:>9.1}",
        backend.name(),
        scenario.name(),
        connections,
        run.rate(),
        run.latency(0.5).as_secs_f64() * 1e3,
        run.latency(0.99).as_secs_f64() * 1e3,
        run.each(run.server),
        run.each(run.database),
        run.each(run.generator),
    );
}
