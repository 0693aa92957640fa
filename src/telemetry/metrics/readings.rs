//! Owns the shape of what is read when somebody asks for the metrics. Leaves counting it to the parts that have it.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

/// What the parts of a server say of themselves at one moment.
#[derive(Clone, Debug)]
pub struct Readings {
    /// Pools of database connections.
    pub pools: Vec<Pool>,
    /// Password hashing.
    pub hashing: Hashing,
    /// Calls to partners, by what was asked and what became of it.
    pub partner_calls: PartnerCalls,
    /// Text messages, by what became of them.
    pub text_messages: Vec<(&'static str, u64)>,
    /// Tries to tell webhooks, by what became of them.
    pub webhooks: Vec<(&'static str, u64)>,
    /// Push messages, by platform and what became of them.
    pub push_messages: Vec<(&'static str, &'static str, u64)>,
    /// Whether the server was told to stop.
    pub draining: bool,
    /// Log lines lost because nobody took them.
    pub lost_log_lines: u64,
    /// Spans sent to the collector and spans lost on the way; none while nothing is exported.
    pub spans: Option<(u64, u64)>,
}

/// A pool of database connections.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// What it is for.
    pub name: &'static str,
    /// Open connections that nobody uses.
    pub idle: u32,
    /// Connections in use.
    pub in_use: u32,
    /// As many as there may be.
    pub most: u32,
}

/// The queue of passwords.
#[derive(Clone, Copy, Debug)]
pub struct Hashing {
    /// Being hashed now.
    pub running: u64,
    /// Waiting for their turn.
    pub waiting: u64,
    /// Sent away because the queue was full or the wait too long.
    pub refused: u64,
    /// Hashed since the process began.
    pub done: u64,
    /// The time that took, in seconds, without the waits.
    pub seconds: f64,
}

/// How often each thing came of calls to partners: what was asked, what became of it, how often.
pub type PartnerCalls = [(&'static str, &'static str, u64); 6];

/// A list of samples of one metric: values of its label, if it has one, with a number.
type Labelled<'a> = &'a [(&'static str, f64)];

struct Writer<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Writer<'_, '_> {
    fn gauges(&mut self, name: &str, help: &str, label: &'static str, samples: Labelled<'_>) -> std::fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (value, number) in samples {
            family.encode_family(&[(label, *value)])?.encode_gauge(number)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, number: f64) -> std::fmt::Result {
        self.0.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&number)
    }

    fn counters(&mut self, name: &str, help: &str, results: &[(&'static str, u64)]) -> std::fmt::Result {
        let mut family = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (result, number) in results {
            family.encode_family(&[("result", *result)])?.encode_counter::<NoLabelSet, _, f64>(number, None)?;
        }
        Ok(())
    }

    fn counter(&mut self, name: &str, help: &str, number: f64) -> std::fmt::Result {
        let mut counter = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        counter.encode_counter::<NoLabelSet, _, f64>(&number, None)
    }
}

impl Readings {
    fn encode_pools(&self, writer: &mut Writer<'_, '_>) -> std::fmt::Result {
        let each = |number: fn(&Pool) -> u32| -> Vec<(&'static str, f64)> {
            self.pools.iter().map(|pool| (pool.name, f64::from(number(pool)))).collect()
        };
        let help = "Database connections in use, by pool";
        writer.gauges("database_connections_in_use", help, "pool", &each(|pool| pool.in_use))?;
        let help = "Open database connections that nobody uses, by pool";
        writer.gauges("database_connections_idle", help, "pool", &each(|pool| pool.idle))?;
        let help = "Database connections there may be at most, by pool";
        writer.gauges("database_connections_max", help, "pool", &each(|pool| pool.most))
    }

    fn encode_hashing(&self, writer: &mut Writer<'_, '_>) -> std::fmt::Result {
        let Hashing { running, waiting, refused, done, seconds } = self.hashing;
        writer.gauge("password_hashes_running", "Passwords being hashed now", running as f64)?;
        writer.gauge("password_hashes_waiting", "Passwords waiting for their turn to be hashed", waiting as f64)?;
        let help = "Passwords not hashed because too many wait";
        writer.counter("password_hashes_refused", help, refused as f64)?;
        writer.counter("password_hashes", "Passwords hashed", done as f64)?;
        writer.counter("password_hash_seconds", "Time spent on hashing passwords, without waits, in seconds", seconds)
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let writer = &mut Writer(&mut encoder);
        self.encode_pools(writer)?;
        self.encode_hashing(writer)?;
        let help = "Text messages handed to Twilio, by what became of them";
        writer.counters("text_messages", help, &self.text_messages)?;
        let help = "Tries to tell webhooks of push verification, by what became of them";
        writer.counters("webhook_tries", help, &self.webhooks)?;
        writer.gauge("draining", "1 once the server was told to stop", f64::from(u8::from(self.draining)))?;
        let help = "Log lines lost because nobody read standard error fast enough";
        writer.counter("log_lines_lost", help, self.lost_log_lines as f64)?;
        if let Some((sent, lost)) = self.spans {
            writer.counter("trace_spans_sent", "Spans that the collector took", sent as f64)?;
            writer.counter("trace_spans_lost", "Spans that the collector did not take", lost as f64)?;
        }
        let help = "Calls to partners, by what was asked and what became of it";
        let mut calls = encoder.encode_descriptor("partner_calls", help, None, MetricType::Counter)?;
        for (asked, result, count) in self.partner_calls {
            let labels = [("asked", asked), ("result", result)];
            calls.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        }
        let help = "Push messages to devices, by platform and what became of them";
        let mut messages = encoder.encode_descriptor("push_messages", help, None, MetricType::Counter)?;
        for (platform, result, count) in &self.push_messages {
            let labels = [("platform", *platform), ("result", *result)];
            messages.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(count, None)?;
        }
        Ok(())
    }
}
