//! The `couplet` program: reads its arguments, runs one command, ends with its exit code.

use std::process::ExitCode;
use std::time::Duration;

use tokio::runtime::Runtime;

/// How long connections that are being closed are waited for when all is done.
const LAST: Duration = Duration::from_secs(1);

fn main() -> std::io::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let code = runtime.block_on(couplet::cli::run());
    runtime.shutdown_timeout(LAST);
    Ok(code)
}
