//! Owns what the operating system tells of processes: CPU time and memory. Leaves what it is compared with to `load.rs`.

use std::fs;
use std::time::Duration;

/// Length of a clock tick in `/proc`: Linux tells user programs 100 a second on every architecture of today.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of one process, all threads together.
pub fn cpu_of(pid: u32) -> Duration {
    let times = times_of(pid).unwrap_or_else(|| panic!("process {pid} is gone"));
    times.own * TICK
}

/// CPU time of a process, its children, and those of its children that have ended.
pub fn cpu_of_family(pid: u32) -> Duration {
    let parent = times_of(pid).unwrap_or_else(|| panic!("process {pid} is gone"));
    let children: u32 = children_of(pid).filter_map(times_of).map(|times| times.own).sum();
    (parent.own + parent.ended_children + children) * TICK
}

/// CPU time of this process.
pub fn cpu_of_self() -> Duration {
    cpu_of(std::process::id())
}

/// The process that started this one.
pub fn parent_of(pid: u32) -> u32 {
    stat_of(pid).unwrap()[1].parse().unwrap()
}

/// Resident memory of a process, at this moment and at its most, in bytes.
pub fn memory_of(pid: u32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kib: u64 = value.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024
    };
    (line("VmRSS"), line("VmHWM"))
}

struct Times {
    own: u32,
    ended_children: u32,
}

fn times_of(pid: u32) -> Option<Times> {
    let fields = stat_of(pid)?;
    let ticks = |index: usize| fields[index].parse::<u32>().unwrap();
    Some(Times { own: ticks(11) + ticks(12), ended_children: ticks(13) + ticks(14) })
}

/// The fields of `/proc/PID/stat` behind the program's name, which may contain anything.
fn stat_of(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn children_of(pid: u32) -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(move |child| stat_of(*child).is_some_and(|fields| fields[1] == pid.to_string()))
}
