//! Owns how logs look and where they go. Leaves what is logged to those who know it; secrets never are.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// What is logged when `RUST_LOG` does not say. The HTTP library calls every malformed request of a stranger an error.
const LEVEL: &str = "info,sqlx=warn,actix_http=off,actix_server=warn";

/// Begins to log to standard error. A second call changes nothing.
pub fn begin(format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let format = format.unwrap_or(if terminal { LogFormat::Pretty } else { LogFormat::Json });
    let begun = match format {
        LogFormat::Pretty => builder.with_ansi(terminal).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    drop(begun);
}
