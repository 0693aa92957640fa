//! Owns the limits on connections and requests as the operator gives them. Leaves keeping them to `web/`.

use std::time::Duration;

use crate::config::parse::{parse_count, parse_lifetime};
use crate::config::problems::Problems;
use crate::config::values::{Values, either};

/// What a connection, and all of them together, may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections of the public listener.
    pub connections: u32,
    /// Open connections of one address that is no trusted proxy; none means as many as there are.
    pub connections_per_address: Option<u32>,
    /// For the head of a connection's first request, and for a TLS handshake.
    pub head_timeout: Duration,
    /// From the first byte of a request to the first byte of its answer.
    pub request_timeout: Duration,
    /// For an answer to be taken by who asked.
    pub answer_timeout: Duration,
    /// Between two requests.
    pub keep_alive: Duration,
    /// The largest request line and headers, in bytes.
    pub head: usize,
    /// The largest body, in bytes.
    pub body: usize,
}

/// The HTTP library reads no longer heads.
const LONGEST_HEAD: usize = 128 * 1024;

/// Platforms send request lines of 16 KiB, and headers beside them.
const SHORTEST_HEAD: usize = 20 * 1024;

/// An answer takes several seconds when the database hangs; its connection must outlive that.
const SHORTEST_REQUEST: Duration = Duration::from_secs(10);

/// With it a request that does not arrive is cut off within 75 s.
const LONGEST_REQUEST: Duration = Duration::from_secs(70);

/// Reads them.
pub fn read(values: &Values, problems: &mut Problems) -> Limits {
    Limits {
        connections: values.required("limits.connections", problems, parse_count),
        connections_per_address: values
            .required("limits.connections_per_address", problems, |text| either("off", text, parse_count)),
        head_timeout: values.required("limits.head_timeout", problems, parse_lifetime),
        request_timeout: values.required("limits.request_timeout", problems, parse_request_timeout),
        answer_timeout: values.required("limits.answer_timeout", problems, parse_lifetime),
        keep_alive: values.required("limits.keep_alive", problems, parse_lifetime),
        head: values.required("limits.head", problems, |text| parse_size(text, SHORTEST_HEAD, LONGEST_HEAD)),
        body: values.required("limits.body", problems, |text| parse_size(text, 16 * 1024, 1024 * 1024)),
    }
}

fn parse_request_timeout(text: &str) -> Result<Duration, String> {
    let mend = || "write a duration from 10s to 70s".to_owned();
    let duration = parse_lifetime(text).map_err(|_| mend())?;
    if (SHORTEST_REQUEST..=LONGEST_REQUEST).contains(&duration) { Ok(duration) } else { Err(mend()) }
}

/// Bytes: `65536` or `64KiB`.
fn parse_size(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let (number, unit) = match text.strip_suffix("KiB") {
        Some(number) => (number.trim(), 1024),
        None => (text, 1),
    };
    let size = number.parse::<usize>().ok().and_then(|number| number.checked_mul(unit));
    size.filter(|size| (least..=most).contains(size))
        .ok_or_else(|| format!("write a size from {}KiB to {}KiB", least / 1024, most / 1024))
}
