//! Owns how measurements are shown: a line each while they are made, then what they have to show. Leaves files to `readme.rs`
//! and `chart.rs`.

mod chart;
mod readme;

use std::path::Path;

use crate::floors::Floor;
use crate::needed::Finding;
use crate::results::{Measured, Results};

/// The first line.
pub fn heading() {
    println!(
        "{:9} {:30} {:>4} {:>9} {:>9} {:>9} {:>10} {:>10} {:>8}",
        "database", "what", "conn", "a second", "p50 ms", "p99 ms", "server µs", "db µs", "load µs"
    );
}

/// One scenario.
pub fn scenario(measured: &Measured) {
    let run = &measured.run;
    println!(
        "{:9} {:30} {:>4} {:>9.0} {:>9.3} {:>9.3} {:>10.1} {:>10.1} {:>8.1}",
        measured.backend.name(),
        measured.scenario.name(),
        measured.connections,
        run.rate(),
        run.milliseconds(0.5),
        run.milliseconds(0.99),
        run.each(run.server),
        run.each(run.database),
        run.each(run.generator),
    );
}

/// One floor.
pub fn floor(floor: &Floor) {
    let (backend, name) = (floor.backend.map_or("", |backend| backend.name()), floor.what.name());
    let (connections, rate, cpu) = (floor.connections, floor.rate, floor.cpu);
    println!("{backend:9} floor: {name:23} {connections:>4} {rate:>9.0} {:>19} {cpu:>10.1}", "");
}

/// One figure that has a target.
pub fn finding(finding: &Finding) {
    let backend = finding.backend.map_or("", |backend| backend.name());
    let Finding { what, measured, target, .. } = finding;
    println!("{backend:9} {:6} {what}: {measured}  {target}", verdict(finding));
}

/// What the measurements have to show, and whether they do.
pub fn findings(findings: &[Finding]) {
    println!("\nWhat has to hold:");
    findings.iter().for_each(finding);
}

/// Writes the page and the picture.
pub fn write(folder: &Path, results: &Results, findings: &[Finding]) {
    std::fs::create_dir_all(folder).unwrap();
    readme::write(&folder.join("README.md"), results, findings);
    std::fs::write(folder.join("throughput.svg"), chart::draw(results)).unwrap();
}

fn verdict(finding: &Finding) -> &'static str {
    match finding.holds {
        Some(true) => "holds",
        Some(false) => "FAILS",
        None => "",
    }
}
