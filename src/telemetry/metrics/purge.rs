//! Owns the numbers of the walk that forgets what has ended and counts what has not. Leaves walking to `jobs/purge.rs`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::model::time::Timestamp;

/// What one walk through all rows came to.
#[derive(Clone, Copy, Debug)]
pub struct Walk {
    /// When it ended.
    pub ended_at: Timestamp,
    /// How long it took, pauses included.
    pub took: Duration,
    /// Links in force.
    pub links: u64,
    /// Codes that may yet be redeemed.
    pub codes: u64,
    /// Reverse links by state.
    pub reverse_links: [(&'static str, u64); 4],
}

/// All walks of this process.
#[derive(Debug, Default)]
pub struct PurgeNumbers {
    last: Mutex<Option<Walk>>,
    grants: AtomicU64,
    sign_ins: AtomicU64,
    keys: AtomicU64,
    failures: AtomicU64,
}

impl PurgeNumbers {
    /// A step forgot so many rows of each kind; also one of a walk that fails later.
    pub fn forgot(&self, grants: u64, sign_ins: u64, keys: u64) {
        for (number, more) in [(&self.grants, grants), (&self.sign_ins, sign_ins), (&self.keys, keys)] {
            number.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// A walk came to its end.
    pub fn walked(&self, walk: Walk) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(walk);
    }

    /// A walk did not come to its end.
    pub fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    fn encode_last(walk: &Walk, encoder: &mut DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut gauge = |name, help, value: f64| {
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
        };
        let at = walk.ended_at.timestamp_millis() as f64 / 1000.0;
        gauge("purge_last_success_timestamp_seconds", "When the last walk ended, in seconds since 1970", at)?;
        gauge("purge_duration_seconds", "How long the last walk took, pauses included", walk.took.as_secs_f64())?;
        gauge("links", "Links in force, counted at the last walk", walk.links as f64)?;
        gauge(
            "codes_waiting",
            "Authorization codes that may yet be redeemed, counted at the last walk",
            walk.codes as f64,
        )?;
        let help = "Reverse links by state, counted at the last walk";
        let mut reverse = encoder.encode_descriptor("reverse_links", help, None, MetricType::Gauge)?;
        for (state, count) in walk.reverse_links {
            reverse.encode_family(&[("state", state)])?.encode_gauge(&count)?;
        }
        Ok(())
    }
}

impl Collector for PurgeNumbers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let help = "Rows forgotten by the purge, by kind";
        let mut rows = encoder.encode_descriptor("purged_rows", help, None, MetricType::Counter)?;
        for (kind, count) in [("grants", &self.grants), ("sign_ins", &self.sign_ins), ("keys", &self.keys)] {
            let count = count.load(Ordering::Relaxed);
            rows.encode_family(&[("kind", kind)])?.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        let help = "Walks of the purge that did not come to their end";
        let mut failures = encoder.encode_descriptor("purge_failures", help, None, MetricType::Counter)?;
        failures.encode_counter::<NoLabelSet, _, f64>(&self.failures.load(Ordering::Relaxed), None)?;
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.map_or(Ok(()), |walk| Self::encode_last(&walk, &mut encoder))
    }
}
