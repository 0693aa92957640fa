//! Owns sending requests over many connections at once and measuring them. Leaves what is sent to the scenarios.
//!
//! One thread carries all connections. CPU times are read in another, at the beginning and the end of the measured time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::http::Connection;
use crate::machine;

/// What one connection does, turn by turn.
pub trait Work: Send + 'static {
    /// Sends one request and checks its answer; `false` when there is nothing more to send.
    fn turn(&mut self, connection: &mut Connection) -> impl Future<Output = bool> + Send;
}

/// The processes whose CPU time counts.
#[derive(Clone, Copy)]
pub struct Processes {
    /// The server.
    pub server: u32,
    /// The parent of the database's processes, unless the database lives in the server.
    pub database: Option<u32>,
}

/// What was measured.
pub struct Run {
    /// How many requests were answered.
    pub requests: usize,
    /// In which time.
    pub elapsed: Duration,
    /// CPU time of the server.
    pub server: Duration,
    /// CPU time of the database.
    pub database: Duration,
    /// CPU time of this program, which makes the load.
    pub generator: Duration,
    /// How long each answer took, in ascending order.
    pub latencies: Vec<Duration>,
}

impl Run {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this part of all answers does not exceed, in milliseconds.
    pub fn milliseconds(&self, part: f64) -> f64 {
        self.latencies[((self.latencies.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3
    }

    /// A CPU time for each request, in microseconds.
    pub fn each(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.requests as f64
    }
}

/// Before the measured time.
const WARMING: u8 = 0;
/// In the measured time.
const MEASURING: u8 = 1;
/// After it.
const STOPPED: u8 = 2;

/// How long warming up takes.
pub const WARM: Duration = Duration::from_millis(500);

/// Requests that are being sent.
pub struct Load {
    phase: Arc<AtomicU8>,
    thread: JoinHandle<Vec<Duration>>,
}

impl Load {
    /// Starts one connection for each piece of work; each sends its next request as soon as it has its answer.
    pub fn start<W: Work>(address: SocketAddr, works: Vec<W>) -> Self {
        Self::paced(address, works, Duration::ZERO)
    }

    /// The same with a pause between the beginnings of two requests of one connection.
    pub fn paced<W: Work>(address: SocketAddr, works: Vec<W>, pause: Duration) -> Self {
        let phase = Arc::new(AtomicU8::new(WARMING));
        let seen = phase.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let tasks: Vec<_> =
                    works.into_iter().map(|work| tokio::spawn(carry(address, work, seen.clone(), pause))).collect();
                let mut latencies = Vec::new();
                for task in tasks {
                    latencies.extend(task.await.unwrap());
                }
                latencies
            })
        });
        Self { phase, thread }
    }

    /// Measures for that time, or until there is nothing more to send.
    pub fn measure(self, processes: Processes, time: Duration) -> Run {
        self.sleep(WARM);
        let (before, began) = (processes.cpu(), Instant::now());
        self.phase.store(MEASURING, Ordering::Relaxed);
        self.sleep(time);
        let (elapsed, after) = (began.elapsed(), processes.cpu());
        let latencies = self.stop();
        let [server, database, generator] = [0, 1, 2].map(|index| after[index].saturating_sub(before[index]));
        Run { requests: latencies.len(), elapsed, server, database, generator, latencies }
    }

    /// Stops without having measured.
    pub fn abandon(self) {
        self.phase.store(STOPPED, Ordering::Relaxed);
        self.thread.join().expect("every answer was as expected");
    }

    /// Stops; gives the latencies of the measured time, in ascending order.
    fn stop(self) -> Vec<Duration> {
        self.phase.store(STOPPED, Ordering::Relaxed);
        let asked = Instant::now();
        while !self.thread.is_finished() {
            assert!(asked.elapsed() < Duration::from_secs(30), "an answer does not come");
            sleep(Duration::from_millis(1));
        }
        let mut latencies = self.thread.join().expect("every answer was as expected");
        assert!(!latencies.is_empty(), "nothing was measured");
        latencies.sort_unstable();
        latencies
    }

    fn sleep(&self, time: Duration) {
        let began = Instant::now();
        while !self.thread.is_finished() && began.elapsed() < time {
            sleep(Duration::from_millis(2).min(time));
        }
    }
}

/// Sends all there is to send, and gives the works back in any order.
pub fn complete<W: Work>(address: SocketAddr, works: Vec<W>) -> Vec<W> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let carry = |mut work: W| async move {
        let mut connection = Connection::open(address).await;
        while work.turn(&mut connection).await {}
        work
    };
    runtime.block_on(async {
        let mut tasks: JoinSet<W> = works.into_iter().map(carry).collect();
        let mut done = Vec::new();
        while let Some(task) = tasks.join_next().await {
            done.push(task.expect("every answer was as expected"));
        }
        done
    })
}

impl Processes {
    fn cpu(self) -> [Duration; 3] {
        let database = self.database.map(machine::cpu_of_family).unwrap_or_default();
        [machine::cpu_of(self.server), database, machine::cpu_of_self()]
    }
}

/// Stops all connections when one got a wrong answer.
struct StopAll(Arc<AtomicU8>);

impl Drop for StopAll {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.store(STOPPED, Ordering::Relaxed);
        }
    }
}

async fn carry<W: Work>(address: SocketAddr, mut work: W, phase: Arc<AtomicU8>, pause: Duration) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(10_000);
    let _guard = StopAll(phase.clone());
    let mut connection = Connection::open(address).await;
    let mut next = tokio::time::Instant::now();
    while phase.load(Ordering::Relaxed) != STOPPED {
        if !pause.is_zero() {
            next = (next + pause).max(tokio::time::Instant::now());
            tokio::time::sleep_until(next).await;
        }
        let (began, counts) = (Instant::now(), phase.load(Ordering::Relaxed) == MEASURING);
        if !work.turn(&mut connection).await {
            break;
        }
        // Also when its answer came after the end: the slowest would be missing otherwise.
        if counts {
            latencies.push(began.elapsed());
        }
    }
    latencies
}
