//! The `couplet` program: reads its arguments, runs one command, ends with its exit code.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    couplet::cli::run().await
}
