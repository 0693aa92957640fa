//! Owns a histogram of durations that many threads fill without waiting for one another. The crate's own takes a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::encoding::{MetricEncoder, NoLabelSet};

/// The upper ends of the buckets in microseconds: from a look-up in memory to the longest wait that anyone is made to bear.
const ENDS: [u64; 14] =
    [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000];

/// Durations, counted by bucket.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; ENDS.len()],
    beyond: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = ENDS.iter().zip(&self.counts).find(|(end, _)| micros <= **end);
        bucket.map_or(&self.beyond, |(_, count)| count).fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Writes it, unless nothing was counted.
    pub fn encode(&self, mut encoder: MetricEncoder<'_>) -> std::fmt::Result {
        let counts = self.counts.iter().chain([&self.beyond]).map(|count| count.load(Ordering::Relaxed));
        let ends = ENDS.iter().map(|end| seconds(*end)).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = ends.zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        if count == 0 {
            return Ok(());
        }
        encoder.encode_histogram::<NoLabelSet>(seconds(self.micros.load(Ordering::Relaxed)), count, &buckets, None)
    }
}

/// Seconds, as Prometheus wants them.
pub fn seconds(micros: u64) -> f64 {
    Duration::from_micros(micros).as_secs_f64()
}
