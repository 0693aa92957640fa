//! What the server does a second at 1, 16 and 64 connections on both databases, and what each request costs in CPU time of the
//! server and of the database; beside it, in the same run, the floors: what the same machine does at best for the one thing
//! that a request cannot do without.
//!
//! `cargo bench --bench throughput -- --backend postgres --only rotate,floors --connections 16,64 --seconds 3` runs a part of
//! it; with `--write` the tables and the picture in `docs/benchmarks/` are made anew.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that meets something unforeseen must fail, and prints what it saw"
)]

mod arguments;
mod checks;
mod copies;
mod floors;
mod http;
mod links;
mod load;
mod machine;
mod needed;
mod push;
mod report;
mod results;
mod scenario;
mod server;
mod sign_in;
mod stage;

#[path = "../../tests/it/support"]
#[expect(dead_code, reason = "the tests need more of their actors")]
mod support {
    pub mod ledger;
    pub mod postgres;
    pub mod watchdog;
}

use std::path::Path;
use std::time::Duration;

use arguments::Arguments;
use floors::{Floor, hardware, reply};
use results::{Measured, Results};
use scenario::Scenario;
use stage::Stage;

fn main() {
    if std::env::args().any(|argument| argument == reply::ARGUMENT) {
        return reply::serve();
    }
    let arguments = Arguments::read();
    let mut results = Results::default();
    report::heading();
    if arguments.floors() {
        measure_hardware(&mut results);
    }
    for (number, backend) in arguments.backends().into_iter().enumerate() {
        let stage = Stage::on(backend);
        if arguments.floors() {
            measure_floors(&stage, &arguments, &mut results, number == 0);
        }
        measure_scenarios(&stage, &arguments, &mut results);
        if arguments.needed() {
            needed::all(&stage, arguments.time, |finding| {
                report::finding(&finding);
                results.findings.push(finding);
            });
        }
    }
    let mut findings = checks::all(&results);
    findings.append(&mut results.findings);
    report::findings(&findings);
    if arguments.write {
        report::write(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks"), &results, &findings);
    }
}

fn measure_hardware(results: &mut Results) {
    let folder = tempfile::tempdir().unwrap();
    let (second, three) = (Duration::from_secs(1), Duration::from_secs(3));
    for floor in [hardware::argon2id(three), hardware::signature(second), hardware::sync(folder.path(), second)] {
        keep(results, floor);
    }
    hardware::twilio_token(second).into_iter().for_each(|floor| keep(results, floor));
}

/// The floors of the database and, once, of replies.
fn measure_floors(stage: &Stage, arguments: &Arguments, results: &mut Results, with_replies: bool) {
    let Arguments { connections, time, .. } = arguments;
    floors::of_stage(stage, connections, *time, |floor| keep(results, floor));
    if with_replies {
        floors::of_replies(stage, connections, *time / 2, |floor| keep(results, floor));
    }
}

fn measure_scenarios(stage: &Stage, arguments: &Arguments, results: &mut Results) {
    for scenario in arguments.scenarios() {
        for connections in &arguments.connections {
            // A machine's speed changes with its neighbours: what a rate is compared with is measured right before and after.
            let hashes = || (scenario == Scenario::SignIn).then(|| hardware::argon2id(arguments.time / 2).rate);
            let before = hashes();
            let run = scenario.run(stage, *connections, arguments.time);
            let hashes = before.zip(hashes()).map(|(before, after)| f64::midpoint(before, after));
            let measured = Measured { backend: stage.backend, scenario, connections: *connections, run, hashes };
            report::scenario(&measured);
            results.measured.push(measured);
        }
    }
}

fn keep(results: &mut Results, floor: Floor) {
    report::floor(&floor);
    results.floors.push(floor);
}
