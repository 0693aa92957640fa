//! Traces for the operator's collector: whole, without secrets, and at nobody's cost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use reqwest::Client;
use rstest::rstest;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{PASSWORD, SECRET};
use crate::support::program::Program;
use crate::support::stage::Stage;

const ENDPOINT: &str = "COUPLET_TELEMETRY_OTLP_ENDPOINT";
const SERVER: i32 = 2;

/// A collector on loopback that takes OTLP over HTTP and nothing else.
pub struct Collector {
    /// Its address.
    pub url: String,
    taken: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
}

impl Collector {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::<Mutex<Vec<_>>>::default();
        let all = taken.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, all.clone()));
            }
        });
        Self { url, taken }
    }

    /// All spans so far, each from a resource that says who we are.
    fn spans(&self) -> Vec<Span> {
        let mut spans = Vec::new();
        for resource_spans in self.taken.lock().unwrap().iter().flat_map(|request| &request.resource_spans) {
            let resource = &resource_spans.resource.as_ref().unwrap().attributes;
            assert_eq!(text(resource, "service.name"), "couplet");
            assert_eq!(text(resource, "service.version"), env!("CARGO_PKG_VERSION"));
            spans.extend(resource_spans.scope_spans.iter().flat_map(|scope| scope.spans.clone()));
        }
        spans
    }
}

/// Takes one request after another; each must be what the specification of OTLP/HTTP says.
async fn take(stream: TcpStream, taken: Arc<Mutex<Vec<ExportTraceServiceRequest>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap() == 0 {
                return;
            }
        }
        let head = head.to_lowercase();
        assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
        assert!(head.contains("content-type: application/x-protobuf"), "{head}");
        let length = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        taken.lock().unwrap().push(ExportTraceServiceRequest::decode(body.as_slice()).unwrap());
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

fn value(attributes: &[KeyValue], key: &str) -> Option<Value> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.clone()?.value
}

#[track_caller]
fn text(attributes: &[KeyValue], key: &str) -> String {
    match value(attributes, key) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key}: {other:?} in {attributes:?}"),
    }
}

#[rstest]
#[tokio::test]
async fn each_request_is_a_span_and_all_are_sent_before_the_end(#[values(Sqlite, Postgres)] backend: Backend) {
    let collector = Collector::start().await;
    let program = Program::on(backend).await.with(ENDPOINT, &collector.url);
    let mut stage = Stage::of(program).await;
    let alexa = stage.alexa();
    let code = alexa.code_from(&stage.person()).await;
    let answer = alexa.exchange(&code, &[]).await;
    let refused = alexa.refresh("a-made-up-token").await;
    assert_eq!((answer.status.as_u16(), refused.status.as_u16()), (200, 400));
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0));
    let spans = collector.spans();
    let names: BTreeSet<_> = spans.iter().map(|span| span.name.as_str()).collect();
    let expected = ["GET /healthz", "GET /oauth2/authorize", "POST /consent", "POST /oauth2/token", "POST /sign-in"];
    assert_eq!(names, BTreeSet::from(expected));
    let tokens: Vec<_> = spans.iter().filter(|span| span.name == "POST /oauth2/token").collect();
    let status = |span: &Span| value(&span.attributes, "http.response.status_code");
    assert_eq!(
        tokens.iter().map(|span| status(span)).collect::<Vec<_>>(),
        [Some(Value::IntValue(200)), Some(Value::IntValue(400))]
    );
    assert_eq!(text(&tokens[1].attributes, "couplet.outcome"), "invalid_grant");
    for span in &spans {
        assert_eq!(
            (span.kind, span.name.clone()),
            (
                SERVER,
                format!("{} {}", text(&span.attributes, "http.request.method"), text(&span.attributes, "http.route"))
            )
        );
        assert!(span.parent_span_id.is_empty() && span.end_time_unix_nano > span.start_time_unix_nano, "{span:?}");
    }
    let told = format!("{spans:?}");
    let (access, refresh) = (answer.text("access_token"), answer.text("refresh_token"));
    for secret in [&code, &access, &refresh, PASSWORD, SECRET, "a-made-up-token", "a state", "redirect_uri=", "state="]
    {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[tokio::test]
async fn a_request_belongs_to_its_callers_trace() {
    let collector = Collector::start().await;
    let program = Program::new().with(ENDPOINT, &collector.url).set_up_to_serve();
    let mut server = program.serve("serve").await;
    let ask = async |parent: &str| {
        let request = Client::new().get(format!("{}/readyz", server.url)).header("traceparent", parent);
        assert_eq!(request.send().await.unwrap().status(), 200);
    };
    ask("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").await;
    ask("00-nonsense-01").await;
    ask("00-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-00").await;
    server.terminate();
    assert_eq!(server.ended().await, Some(0));
    let spans: Vec<_> = collector.spans().into_iter().filter(|span| span.name == "GET /readyz").collect();
    assert_eq!(spans.len(), 2, "the third caller did not want its trace to be kept");
    assert_eq!(spans[0].trace_id, 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes());
    assert_eq!(spans[0].parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    assert!(spans[1].parent_span_id.is_empty() && spans[1].trace_id != spans[0].trace_id);
}

#[tokio::test]
async fn a_collector_that_hangs_keeps_nobody_waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // With short waits, so that it is asked while requests come.
    let program = Program::new().with(ENDPOINT, &url).with("OTEL_BSP_SCHEDULE_DELAY", "50").set_up_to_serve();
    let mut server = program.serve("serve").await;
    let http = Client::new();
    for _ in 0..200 {
        let began = Instant::now();
        assert_eq!(http.get(format!("{}/healthz", server.url)).send().await.unwrap().status(), 200);
        assert!(began.elapsed() < Duration::from_secs(4), "an export takes five seconds here");
    }
    let asked = tokio::time::timeout(Duration::from_secs(20), listener.accept()).await;
    let (_kept, _) = asked.expect("the collector is asked").unwrap();
    server.terminate();
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_which_are_counted() {
    let away = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let program = Program::new()
        .with(ENDPOINT, &format!("http://{away}"))
        .with("OTEL_BSP_SCHEDULE_DELAY", "50")
        .set_up_to_serve();
    let _server = program.serve("serve").await;
    let began = Instant::now();
    while program.numbers().await.get("couplet_trace_spans_lost_total") == 0.0 {
        assert!(began.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn without_a_collector_nothing_is_traced() {
    let program = Program::new().set_up_to_serve();
    let _server = program.serve("serve").await;
    assert_eq!(program.numbers().await.find("couplet_trace_spans_sent_total"), None);
}

#[rstest]
#[case::no_address("collector")]
#[case::another_protocol("grpc://127.0.0.1:4317")]
#[case::with_a_query("http://127.0.0.1:4318/?key=value")]
#[test]
fn what_is_no_collectors_address_is_refused(#[case] address: &str) {
    let ran = Program::new().set_up_to_serve().with(ENDPOINT, address).run("serve");
    let told = ran.refused(2);
    assert!(told.starts_with(ENDPOINT) && told.contains("http://127.0.0.1:4318"), "{told}");
}
