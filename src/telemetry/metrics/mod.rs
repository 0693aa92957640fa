//! Owns the numbers that operators watch, and their text for Prometheus. Leaves counting to those who know: requests at the edge,
//! purging in its job; what other parts count for themselves is read when somebody asks.
//!
//! `prometheus-client` and not the `metrics` facade with its exporter: its handles are plain atomics, found once and not by name
//! at each use, nothing runs in the background, and the Prometheus project itself keeps it.

mod histogram;
mod process;
mod purge;
mod readings;
mod requests;
mod sign_ins;

use std::sync::Arc;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::model::time::Timestamp;
use crate::telemetry::metrics::process::Process;
pub use purge::{PurgeNumbers, Walk};
pub use readings::{Hashing, PartnerCalls, Pool, Readings};
pub use requests::{InFlight, Requests};
pub use sign_ins::{SignInResult, SignIns};

/// The media type of [`Metrics::render`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const PREFIX: &str = "couplet";

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    /// Requests, counted at the edge.
    pub requests: Arc<Requests>,
    /// Attempts to sign in, by what became of them.
    pub sign_ins: Arc<SignIns>,
    /// What the walk that forgets did and saw.
    pub purge: Arc<PurgeNumbers>,
    registry: Registry,
}

impl Metrics {
    /// Counts from nothing, for a process that began at `began` and serves these endpoints.
    pub fn new(endpoints: Vec<&'static str>, began: Timestamp) -> Self {
        let (requests, sign_ins) = (Arc::new(Requests::new(endpoints)), Arc::<SignIns>::default());
        let purge = Arc::<PurgeNumbers>::default();
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process { began }));
        let ours = registry.sub_registry_with_prefix(PREFIX);
        ours.register_collector(Box::new(requests.clone()));
        ours.register_collector(Box::new(sign_ins.clone()));
        ours.register_collector(Box::new(purge.clone()));
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        ours.register("build", "What runs; the value is always 1", build);
        Self { requests, sign_ins, purge, registry }
    }

    /// Everything as text, together with what was read just now.
    pub fn render(&self, readings: Readings) -> String {
        let mut read = Registry::default();
        read.sub_registry_with_prefix(PREFIX).register_collector(Box::new(readings));
        let mut text = String::new();
        for registry in [&self.registry, &read] {
            if encode_registry(&mut text, registry).is_err() {
                tracing::error!("the metrics could not be written");
            }
        }
        classic(&text)
    }
}

/// From the text format of OpenMetrics to the older one that everything reads: there a counter is described under the name of
/// its samples, and an info is a gauge.
fn classic(text: &str) -> String {
    let mut classic = String::with_capacity(text.len());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let help = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' '));
        let Some((name, help)) = help else {
            classic.push_str(line);
            classic.push('\n');
            continue;
        };
        let kind = lines.next().and_then(|line| line.rsplit_once(' ')).map_or("untyped", |(_, kind)| kind);
        let (name, kind) = match kind {
            "counter" => (format!("{name}_total"), kind),
            "info" => (format!("{name}_info"), "gauge"),
            _ => (name.to_owned(), kind),
        };
        classic.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }
    classic
}

#[cfg(test)]
mod tests {
    use super::classic;

    #[test]
    fn counters_are_described_under_the_name_of_their_samples() {
        let text = "# HELP a What it is.\n# TYPE a counter\na_total 1\n# HELP b B.\n# TYPE b info\nb_info{c=\"d\"} 1\n";
        let expected = "# HELP a_total What it is.\n# TYPE a_total counter\na_total 1\n\
                        # HELP b_info B.\n# TYPE b_info gauge\nb_info{c=\"d\"} 1\n";
        assert_eq!(classic(text), expected);
    }
}
