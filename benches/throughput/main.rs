//! What the server does a second at 1, 16 and 64 connections, on both databases, and what each request costs in CPU time of
//! the server and of the database.
//!
//! `cargo bench --bench throughput -- --backend postgres --only rotate --connections 16,64 --seconds 3` runs a part of it.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a measurement that meets something unforeseen must fail, and prints what it saw"
)]

mod arguments;
mod copies;
mod http;
mod links;
mod load;
mod machine;
mod report;
mod scenario;
mod server;
mod sign_in;
mod stage;

#[path = "../../tests/it/support"]
#[expect(dead_code, reason = "the tests need more of their actors")]
mod support {
    pub mod postgres;
    pub mod watchdog;
}

use arguments::Arguments;
use stage::Stage;

fn main() {
    let arguments = Arguments::read();
    report::heading();
    for backend in arguments.backends() {
        let stage = Stage::on(backend);
        for scenario in arguments.scenarios() {
            for connections in &arguments.connections {
                let run = scenario.run(&stage, *connections, arguments.time);
                report::line(backend, scenario, *connections, &run);
            }
        }
    }
}
