//! Owns what the operating system says of this process, under the names that every Prometheus exporter uses. Linux only; elsewhere
//! only the start time is told.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;

use crate::model::time::Timestamp;

/// In which Linux counts processor time towards programs, whatever the machine.
const TICKS_PER_SECOND: f64 = 100.0;

/// This process.
#[derive(Debug)]
pub struct Process {
    /// When it began.
    pub began: Timestamp,
}

/// Resident memory, in bytes.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// Processor time of all threads, in seconds.
fn processor() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The program's name, which may hold blanks, ends with the last bracket; user and system time are the 14th and 15th field.
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some((f64::from(ticks()?) + f64::from(ticks()?)) / TICKS_PER_SECOND)
}

fn open_files() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/fd").ok()?.count())
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let mut gauge = |name, help, value: f64| {
            encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&value)
        };
        let began = self.began.timestamp_millis() as f64 / 1000.0;
        gauge("process_start_time_seconds", "When the process began, in seconds since 1970", began)?;
        if let Some(bytes) = resident() {
            gauge("process_resident_memory_bytes", "Resident memory, in bytes", bytes as f64)?;
        }
        if let Some(files) = open_files() {
            gauge("process_open_fds", "Open files and connections", files as f64)?;
        }
        let Some(seconds) = processor() else { return Ok(()) };
        let help = "Processor time in user and system mode, in seconds";
        let mut cpu = encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
        cpu.encode_counter::<NoLabelSet, _, f64>(&seconds, None)
    }
}
