//! Owns sending traces to a collector of the operator's (OTLP over HTTP), when one is configured. A collector that is away or
//! hangs costs the spans meant for it and nothing else: they wait in a bounded queue that another thread empties.
//!
//! Spans hold the endpoint's pattern and never a path or query as they came.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter as Export, Tracer};
use tokio::runtime::Handle;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::registry::LookupSpan;
use url::Url;

use crate::model::failure::Fault;

/// What we are called in traces.
const SERVICE: &str = "couplet";

/// Where a collector takes traces, below its address (OTLP specification, "OTLP/HTTP request").
const TRACES: &str = "v1/traces";

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last spans may take when the program ends.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

static ON: AtomicBool = AtomicBool::new(false);
static SENT: AtomicU64 = AtomicU64::new(0);
static LOST: AtomicU64 = AtomicU64::new(0);

/// Sends spans.
pub struct Exporter {
    provider: SdkTracerProvider,
}

impl Exporter {
    /// Sends to the collector at that address, with a client of ours on the runtime that this is called on.
    pub fn to(collector: &Url, http: reqwest::Client) -> Result<Self, Fault> {
        let address = format!("{}/{TRACES}", collector.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client { http, runtime: Handle::current() })
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| Fault::new(format!("telemetry.otlp_endpoint: {error}")))?;
        let version = opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(SERVICE).with_attribute(version).build();
        let provider = SdkTracerProvider::builder().with_batch_exporter(Counted(exporter)).with_resource(resource);
        ON.store(true, Ordering::Relaxed);
        Ok(Self { provider: provider.build() })
    }

    /// What turns our spans into the collector's.
    pub fn layer<S>(&self) -> OpenTelemetryLayer<S, Tracer>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
    }

    /// Sends what waits.
    pub fn end(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_PATIENCE) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Spans that the collector took, and spans that it did not take; none while nothing is exported.
pub fn spans() -> Option<(u64, u64)> {
    ON.load(Ordering::Relaxed).then(|| (SENT.load(Ordering::Relaxed), LOST.load(Ordering::Relaxed)))
}

/// The span around a request; part of the caller's trace when `header` gives one (W3C Trace Context).
pub fn request_span(id: &str, method: &str, endpoint: &'static str, header: &dyn Fn(&str) -> Option<String>) -> Span {
    if !ON.load(Ordering::Relaxed) {
        return tracing::info_span!("request", id);
    }
    let method = bounded(method);
    let span = tracing::info_span!("request", id, otel.name = format!("{method} {endpoint}"), otel.kind = "server");
    let headers = Headers { parent: header("traceparent"), state: header("tracestate") };
    if headers.parent.is_some() {
        // It fails only for spans that are not traced.
        drop(span.set_parent(TraceContextPropagator::new().extract(&headers)));
    }
    span.set_attribute("http.request.method", method);
    span.set_attribute("http.route", endpoint);
    span
}

/// Notes the answer in its request's span.
pub fn answered(span: &Span, status: u16, outcome: Option<&'static str>) {
    if !ON.load(Ordering::Relaxed) {
        return;
    }
    span.set_attribute("http.response.status_code", i64::from(status));
    if let Some(outcome) = outcome {
        span.set_attribute("couplet.outcome", outcome);
    }
    if status >= 500 {
        span.set_status(Status::error(""));
    }
}

/// The methods that traces name; anybody can invent others.
fn bounded(method: &str) -> &'static str {
    ["GET", "POST", "HEAD", "OPTIONS"].into_iter().find(|known| *known == method).unwrap_or("_OTHER")
}

struct Headers {
    parent: Option<String>,
    state: Option<String>,
}

impl Extractor for Headers {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.parent.as_deref(),
            "tracestate" => self.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate"]
    }
}

/// The exporter runs on a thread without a runtime; its requests are made on ours.
#[derive(Debug)]
struct Client {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let mut request = reqwest::Request::try_from(request)?;
        *request.timeout_mut() = Some(PATIENCE);
        let http = self.http.clone();
        let answer = self.runtime.spawn(async move { http.execute(request).await }).await??;
        // What it says besides is not needed.
        Ok(Response::builder().status(answer.status()).body(Bytes::new())?)
    }
}

/// Counts what becomes of spans.
#[derive(Debug)]
struct Counted(SpanExporter);

impl Export for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let exported = self.0.export(batch).await;
        let number = if exported.is_ok() { &SENT } else { &LOST };
        number.fetch_add(spans, Ordering::Relaxed);
        exported
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}
