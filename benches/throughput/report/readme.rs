//! Owns the tables of `docs/benchmarks/README.md`: what stands between its two markers. Leaves the words around them to whoever
//! writes them.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::verdict;
use crate::needed::Finding;
use crate::results::Results;
use crate::stage::Backend;

const BEGIN: &str = "<!-- measured: everything up to the next marker is written by `make bench` -->\n";
const END: &str = "<!-- end of what was measured -->";

/// Replaces what stands between the markers.
pub fn write(path: &Path, results: &Results, findings: &[Finding]) {
    let text = std::fs::read_to_string(path).expect("docs/benchmarks/README.md is there");
    let (before, rest) = text.split_once(BEGIN).expect("the page has its first marker");
    let (_, after) = rest.split_once(END).expect("the page has its second marker");
    let mut page = format!("{before}{BEGIN}\n{}\n", machine());
    for backend in Backend::ALL {
        scenarios(&mut page, results, backend);
    }
    floors(&mut page, results);
    needed(&mut page, findings);
    write!(page, "{END}{after}").unwrap();
    std::fs::write(path, page).unwrap();
}

/// Where and when.
fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("processor unknown", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let (date, kernel) = (said("date", "-I"), said("uname", "-sr"));
    format!("{date}, {cores} × {model}, {kernel}; server, database and load on this one machine.\n")
}

fn scenarios(page: &mut String, results: &Results, backend: Backend) {
    writeln!(page, "### {}\n", backend.title()).unwrap();
    page.push_str("| | connections | a second | p50 ms | p99 ms | server µs | database µs |\n");
    page.push_str("| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    for measured in results.measured.iter().filter(|measured| measured.backend == backend) {
        let run = &measured.run;
        writeln!(
            page,
            "| {} | {} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} |",
            measured.scenario.title(),
            measured.connections,
            run.rate(),
            run.milliseconds(0.5),
            run.milliseconds(0.99),
            run.each(run.server),
            run.each(run.database),
        )
        .unwrap();
    }
    page.push('\n');
}

fn floors(page: &mut String, results: &Results) {
    page.push_str("### The floors\n\n| | | connections | a second | CPU µs |\n| --- | --- | ---: | ---: | ---: |\n");
    for floor in &results.floors {
        let backend = floor.backend.map_or("", Backend::title);
        let (name, connections, rate, cpu) = (floor.what.name(), floor.connections, floor.rate, floor.cpu);
        writeln!(page, "| {name} | {backend} | {connections} | {rate:.0} | {cpu:.1} |").unwrap();
    }
    page.push('\n');
}

fn needed(page: &mut String, findings: &[Finding]) {
    page.push_str("### What has to hold\n\n| | | measured | asked for | |\n| --- | --- | --- | --- | --- |\n");
    for finding in findings {
        let backend = finding.backend.map_or("", Backend::title);
        let (what, measured, target) = (&finding.what, &finding.measured, &finding.target);
        writeln!(page, "| {what} | {backend} | {measured} | {target} | {} |", verdict(finding)).unwrap();
    }
    page.push('\n');
}
