//! The operator's listener: metrics and readiness of a real process, and that the documentation lists what there is.

use std::collections::BTreeSet;

use rstest::rstest;

use crate::cli::traces::Collector;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::numbers::Numbers;
use crate::support::program::Program;
use crate::support::stage::Stage;

impl Program {
    /// What the operator's listener answers.
    pub async fn ask_admin(&self, path: &str) -> reqwest::Response {
        reqwest::get(format!("http://{}{path}", self.variable("COUPLET_ADMIN_LISTEN"))).await.unwrap()
    }

    /// The metrics.
    pub async fn numbers(&self) -> Numbers {
        Numbers::read(&self.ask_admin("/metrics").await.text().await.unwrap())
    }
}

#[rstest]
#[tokio::test]
async fn metrics_are_for_the_operator_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.alexa().link(&stage.person()).await;
    let public = reqwest::get(format!("{}/metrics", stage.server.url)).await.unwrap();
    assert_eq!(public.status(), 404);
    let answer = stage.program.ask_admin("/metrics").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let numbers = Numbers::read(&answer.text().await.unwrap());
    assert_eq!(numbers.get("couplet_outcomes_total{endpoint=\"/oauth2/token\",outcome=\"ok\"}"), 1.0);
    assert_eq!(numbers.get("couplet_sign_ins_total{result=\"ok\"}"), 1.0);
    assert!(numbers.get("process_resident_memory_bytes") > 1e6 && numbers.get("process_start_time_seconds") > 1.7e9);
    assert!(numbers.find("process_cpu_seconds_total").is_some());
    let version = format!("couplet_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(numbers.find(&version), Some(1.0));
}

/// The first column of the table of metrics.
fn documented() -> BTreeSet<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/observability.md")).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("| `")?.split(['`', '{']).next());
    names.filter(|name| name.starts_with("couplet_") || name.starts_with("process_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_metric_is_documented_and_every_documented_one_exists() {
    let collector = Collector::start().await;
    let program = Program::new().with("COUPLET_TELEMETRY_OTLP_ENDPOINT", &collector.url).set_up_to_serve();
    let _server = program.serve("serve").await;
    let mut served = BTreeSet::new();
    // The numbers of the first walk come a few seconds after the start.
    for _ in 0..100 {
        served = program.numbers().await.names().map(str::to_owned).collect();
        if served.contains("couplet_links") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    assert_eq!(served, documented());
}

#[tokio::test]
async fn a_server_that_was_told_to_stop_is_not_ready_but_alive() {
    let app = crate::support::app::TestApp::on(Sqlite).await;
    let status = async |path: &str| reqwest::get(format!("{}{path}", app.url)).await.unwrap().status().as_u16();
    assert_eq!((status("/readyz").await, status("/healthz").await), (200, 200));
    app.app.drain();
    assert_eq!((status("/readyz").await, status("/healthz").await), (503, 200));
}
