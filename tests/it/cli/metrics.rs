//! The operator's listener: metrics and readiness of a real process, and that the documentation lists what there is.

use std::collections::BTreeSet;
use std::io::Write;

use rstest::rstest;

use crate::cli::serve::begin_request;
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
async fn while_it_stops_a_server_is_alive_and_not_ready() {
    let program = Program::new().set_up_to_serve();
    let mut server = program.serve("serve").await;
    let status = async |path: &str| program.ask_admin(path).await.status().as_u16();
    assert_eq!((status("/readyz").await, program.numbers().await.get("couplet_draining")), (200, 0.0));
    let mut in_flight = begin_request(program.variable("COUPLET_LISTEN"));
    server.terminate();
    let began = std::time::Instant::now();
    while status("/readyz").await != 503 {
        assert!(began.elapsed().as_secs() < 8, "it stays ready after SIGTERM");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!((status("/healthz").await, program.numbers().await.get("couplet_draining")), (200, 1.0));
    in_flight.write_all(b"a=b&c=d&").unwrap();
    assert_eq!(server.ended().await, Some(0));
}
