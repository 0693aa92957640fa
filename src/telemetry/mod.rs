//! Owns how the program tells what it does: how logs look and where they go, what is counted, what is traced. Leaves what is
//! logged to those who know it; secrets never are.

mod log_pipe;
pub mod metrics;
pub mod otel;

use std::error::Error;
use std::io::IsTerminal;

use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use crate::config::LogFormat;
use crate::model::failure::Fault;
use crate::telemetry::log_pipe::LogPipe;
use crate::telemetry::otel::Exporter;

pub use log_pipe::lost as lost_log_lines;

/// What is logged when `RUST_LOG` does not say. The HTTP library calls every malformed request of a stranger an error.
const LEVEL: &str = "info,sqlx=warn,actix_http=off,actix_server=warn";

/// Logs and traces of a running server. What still waits is sent when this is dropped, within a few seconds.
pub struct Telemetry {
    pipe: LogPipe,
    exporter: Option<Exporter>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(exporter) = &self.exporter {
            exporter.end();
        }
        self.pipe.end();
    }
}

/// Begins to log to standard error and, with an exporter, to trace. A second call in one process changes nothing of the first.
pub fn begin(format: Option<LogFormat>, exporter: Option<Exporter>) -> Result<Telemetry, Fault> {
    let pipe = LogPipe::into(std::io::stderr()).map_err(|error| Fault::new(format!("logging can't begin: {error}")))?;
    let asked = EnvFilter::try_from_default_env();
    let misread = asked.as_ref().err().filter(|error| error.source().is_some_and(|cause| cause.is::<ParseError>()));
    let misread = misread.map(ToString::to_string);
    let filter = asked.unwrap_or_else(|_| EnvFilter::new(LEVEL));
    let begun = match &exporter {
        None => registry().with(filter).with(logs(format, &pipe)).try_init(),
        Some(exporter) => {
            // What is traced does not depend on what is logged; the exporter's own requests are not.
            let traced = Targets::new().with_target(env!("CARGO_CRATE_NAME"), Level::INFO);
            registry()
                .with(logs(format, &pipe).with_filter(filter))
                .with(exporter.layer().with_filter(traced))
                .try_init()
        }
    };
    drop(begun);
    if let Some(why) = misread {
        tracing::warn!("RUST_LOG is passed over ({why}); write it like couplet=debug");
    }
    Ok(Telemetry { pipe, exporter })
}

fn logs<S>(format: Option<LogFormat>, pipe: &LogPipe) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let terminal = std::io::stderr().is_terminal();
    let pipe = pipe.clone();
    let layer = fmt::layer().with_writer(move || pipe.clone());
    match format.unwrap_or(if terminal { LogFormat::Pretty } else { LogFormat::Json }) {
        LogFormat::Pretty => layer.with_ansi(terminal).with_target(false).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}
