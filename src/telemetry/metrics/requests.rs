//! Owns what is counted of requests: a fixed table of atomic numbers, so that counting takes no lock, no memory and no look-up
//! by text on the way of a success. Every label is of a bounded set.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::telemetry::metrics::histogram::Histogram;

/// What a success is counted as.
const OK: &str = "ok";

/// What is counted when nobody waited for the answer any more.
const ABANDONED: &str = "abandoned";

/// The last of each set: whatever is not named.
const OTHER: &str = "other";

/// How an answer is counted: error codes of the protocol, and what pages know beyond them.
const OUTCOMES: [&str; 28] = [
    OK,
    "invalid_grant",
    "invalid_client",
    "invalid_request",
    "invalid_token",
    "invalid_scope",
    "invalid_target",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
    "access_denied",
    "login_required",
    "consent_required",
    "too_many_requests",
    "temporarily_unavailable",
    "server_error",
    "untrusted",
    "unreadable",
    "forged",
    "incomplete",
    "wrong_credentials",
    "busy",
    "not_found",
    "method_not_allowed",
    "refused",
    "failed",
    ABANDONED,
    OTHER,
];

const METHODS: [&str; 3] = ["GET", "POST", OTHER];

const STATUSES: [u16; 18] = [200, 302, 303, 304, 400, 401, 403, 404, 405, 408, 411, 413, 415, 417, 429, 431, 500, 503];

/// All requests since the process began.
#[derive(Debug)]
pub struct Requests {
    endpoints: Vec<&'static str>,
    rows: Vec<Row>,
    in_flight: AtomicI64,
}

/// What is counted for one endpoint.
#[derive(Debug, Default)]
struct Row {
    answers: [[AtomicU64; STATUSES.len() + 1]; METHODS.len()],
    outcomes: [AtomicU64; OUTCOMES.len()],
    latency: Histogram,
}

/// A request that is being answered; dropped unanswered it counts as abandoned.
#[derive(Debug)]
pub struct InFlight<'a> {
    requests: &'a Requests,
    row: Option<&'a Row>,
    began: Instant,
}

impl Requests {
    /// Counts for these endpoints; one more stands for all that is none of them.
    pub fn new(endpoints: Vec<&'static str>) -> Self {
        let rows = (0..=endpoints.len()).map(|_| Row::default()).collect();
        Self { endpoints, rows, in_flight: AtomicI64::new(0) }
    }

    /// A request to the endpoint of that number begins.
    pub fn begin(&self, endpoint: usize) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let row = self.rows.get(endpoint).or(self.rows.last());
        InFlight { requests: self, row, began: Instant::now() }
    }

    fn labelled(&self) -> impl Iterator<Item = (&'static str, &Row)> {
        self.endpoints.iter().copied().chain([OTHER]).zip(&self.rows)
    }

    fn encode_answers(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let statuses: Vec<String> = STATUSES.iter().map(u16::to_string).chain([OTHER.to_owned()]).collect();
        for (endpoint, row) in self.labelled() {
            for (method, counts) in METHODS.iter().zip(&row.answers) {
                for (status, count) in statuses.iter().zip(counts) {
                    let labels = [("endpoint", endpoint), ("method", *method), ("status", status.as_str())];
                    encode_if_any(&mut encoder, &labels, count)?;
                }
            }
        }
        Ok(())
    }

    fn encode_outcomes(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        for (endpoint, row) in self.labelled() {
            for (outcome, count) in OUTCOMES.iter().zip(&row.outcomes) {
                encode_if_any(&mut encoder, &[("endpoint", endpoint), ("outcome", *outcome)], count)?;
            }
        }
        Ok(())
    }
}

fn encode_if_any<const N: usize>(
    encoder: &mut MetricEncoder<'_>,
    labels: &[(&'static str, &str); N],
    count: &AtomicU64,
) -> std::fmt::Result {
    match count.load(Ordering::Relaxed) {
        0 => Ok(()),
        count => encoder.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None),
    }
}

impl InFlight<'_> {
    /// The request was answered: by default as its status says, or with the outcome that the handler knows. Gives how long it
    /// took, in microseconds.
    pub fn answered(mut self, method: &str, status: u16, outcome: Option<&str>) -> u64 {
        let took = self.began.elapsed();
        if let Some(row) = self.row.take() {
            let method = match method {
                "POST" => 1,
                "GET" | "HEAD" => 0,
                _ => 2,
            };
            let column = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len());
            count(row.answers.get(method).and_then(|counts| counts.get(column)));
            row.count_outcome(outcome.unwrap_or(by_status(status)));
            row.latency.observe(took);
        }
        u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
    }
}

impl Row {
    fn count_outcome(&self, outcome: &str) {
        let found = OUTCOMES.iter().zip(&self.outcomes).find(|(known, _)| **known == outcome);
        count(found.map(|(_, count)| count).or(self.outcomes.last()));
    }
}

/// What an answer says by itself.
fn by_status(status: u16) -> &'static str {
    match status {
        ..400 => OK,
        404 => "not_found",
        405 => "method_not_allowed",
        400..500 => "refused",
        500.. => "failed",
    }
}

fn count(number: Option<&AtomicU64>) {
    if let Some(number) = number {
        number.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.requests.in_flight.fetch_sub(1, Ordering::Relaxed);
        if let Some(row) = self.row {
            row.count_outcome(ABANDONED);
        }
    }
}

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "Requests answered, by endpoint, method and HTTP status.";
        self.encode_answers(encoder.encode_descriptor("requests", help, None, MetricType::Counter)?)?;
        let help = "Requests by what became of them: ok, an OAuth error code, or why a page refused.";
        self.encode_outcomes(encoder.encode_descriptor("outcomes", help, None, MetricType::Counter)?)?;
        let help = "Time from a request's head to its answer, in seconds.";
        let mut latencies = encoder.encode_descriptor("request_duration_seconds", help, None, MetricType::Histogram)?;
        for (endpoint, row) in self.labelled() {
            row.latency.encode(latencies.encode_family(&[("endpoint", endpoint)])?)?;
        }
        let help = "Requests being answered now.";
        let mut in_flight = encoder.encode_descriptor("requests_in_flight", help, None, MetricType::Gauge)?;
        in_flight.encode_gauge(&self.in_flight.load(Ordering::Relaxed))
    }
}
