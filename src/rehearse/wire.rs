//! Owns sending one HTTP request and keeping what went out and what came back, bounded in size and time.
//! Leaves the meaning of an answer to its readers; only the `dev` page may show the raw text, since it holds secrets.

use std::error::Error as _;
use std::fmt;
use std::time::{Duration, Instant};

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Request, Response};
use serde_json::Value;

/// How much of an answer to an API call is read, in bytes.
pub const API_BODY_LIMIT: usize = 64 * 1024;

/// How much of a page is read, in bytes; other servers' pages are larger than ours.
pub const PAGE_BODY_LIMIT: usize = 1024 * 1024;

/// How long one request may take before it is given up; longer than any platform's limit, so that the time can be told.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends requests through a shared client, which must neither follow redirects nor keep cookies.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a> {
    http: &'a Client,
}

/// One request and its answer. Holds secrets: `Debug` shows only status and time.
pub struct Recorded {
    /// The request as sent, raw, with everything secret in it.
    pub request: String,
    /// The answer as received, raw, with everything secret in it.
    pub answer: String,
    /// HTTP status of the answer.
    pub status: u16,
    /// Header fields of the answer.
    pub headers: HeaderMap,
    /// The answer's body as text, cut at the limit of the call.
    pub body: String,
    /// From sending the request to the last byte of the answer.
    pub took: Duration,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// No connection, TLS refused, or the connection broke; the words name the cause.
    #[error("{0}")]
    Unreachable(String),
    /// Nothing, or not everything, within the time given.
    #[error("no complete answer within {} s", .0.as_secs())]
    TimedOut(Duration),
}

impl<'a> Wire<'a> {
    /// A wire over a client with redirect policy none, without a cookie store.
    pub fn new(http: &'a Client) -> Self {
        Self { http }
    }

    /// Sends a request and reads at most `body_limit` bytes of the answer's body.
    ///
    /// # Errors
    /// [`WireFault`] when no complete answer came; any HTTP status is an answer.
    pub async fn send(&self, mut request: Request, body_limit: usize) -> Result<Recorded, WireFault> {
        *request.timeout_mut() = Some(PATIENCE);
        let sent = raw_request(&request);
        let started = Instant::now();
        let mut response = self.http.execute(request).await.map_err(wire_fault)?;
        let body = read_body(&mut response, body_limit).await?;
        let took = started.elapsed();
        Ok(Recorded {
            request: sent,
            answer: raw_answer(&response, &body),
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
            took,
        })
    }
}

impl Recorded {
    /// Whether the answer declares this media type, whatever its parameters and case.
    pub fn is_media_type(&self, expected: &str) -> bool {
        self.headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(expected))
    }

    /// The body as JSON, if the answer declares JSON and is JSON.
    pub fn json(&self) -> Option<Value> {
        if !self.is_media_type("application/json") {
            return None;
        }
        serde_json::from_str(&self.body).ok()
    }

    /// The `error` member of an error answer (RFC 6749 section 5.2), if it looks like an error code and not like a
    /// secret that a broken server put there.
    pub fn error_code(&self) -> Option<String> {
        let json = self.json()?;
        let code = json.get("error")?.as_str()?;
        looks_like_an_error_code(code).then(|| code.to_owned())
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("status", &self.status).field("took", &self.took).finish_non_exhaustive()
    }
}

/// Whether text can be shown as an error code: short, lower case letters and underscores, as all registered ones are.
pub(super) fn looks_like_an_error_code(code: &str) -> bool {
    (1..=40).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

async fn read_body(response: &mut Response, limit: usize) -> Result<String, WireFault> {
    let mut body = Vec::new();
    while body.len() < limit {
        let Some(chunk) = response.chunk().await.map_err(wire_fault)? else {
            break;
        };
        let room = limit - body.len();
        body.extend(chunk.iter().take(room));
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}

fn wire_fault(error: reqwest::Error) -> WireFault {
    if error.is_timeout() && !error.is_connect() {
        return WireFault::TimedOut(PATIENCE);
    }
    // The address is left out: an authorize URL is two kilobytes long.
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    WireFault::Unreachable(words)
}

fn raw_request(request: &Request) -> String {
    let url = request.url();
    let query = url.query().map(|q| format!("?{q}")).unwrap_or_default();
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|p| format!(":{p}")).unwrap_or_default();
    let body = request
        .body()
        .and_then(reqwest::Body::as_bytes)
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .unwrap_or_default();
    format!(
        "{} {}{query} HTTP/1.1\nHost: {host}{port}\n{}\n{body}",
        request.method(),
        url.path(),
        header_lines(request.headers()),
    )
}

fn raw_answer(response: &Response, body: &str) -> String {
    format!("{:?} {}\n{}\n{body}", response.version(), response.status(), header_lines(response.headers()),)
}

fn header_lines(headers: &HeaderMap) -> String {
    headers.iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))).collect()
}
