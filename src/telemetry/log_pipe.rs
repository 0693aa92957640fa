//! Owns the way of log lines to standard error: they are put into a bounded buffer, and a thread of its own writes them. Whoever
//! reads standard error slowly, or never, loses lines; a request is never kept waiting. Leaves how lines look to `mod.rs`.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Bytes that may wait; what comes beyond is lost, and counted.
const MOST: usize = 1 << 20;

/// How much memory is kept for the next lines.
const KEPT: usize = 64 << 10;

/// The pause after each write, so that a thousand lines cost few wake-ups.
const REST: Duration = Duration::from_millis(5);

/// How long the last lines may take when the program ends.
const PATIENCE: Duration = Duration::from_secs(1);

/// One pipe a process: standard error is one, too.
static LOST: AtomicU64 = AtomicU64::new(0);

/// Log lines lost so far.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// Takes log lines, each in one write, and never blocks.
#[derive(Clone)]
pub struct LogPipe(Arc<Pipe>);

#[derive(Default)]
struct Pipe {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines were taken out and are not written yet.
    writing: bool,
    ended: bool,
}

impl LogPipe {
    /// A pipe into `sink`.
    pub fn into(sink: impl Write + Send + 'static) -> io::Result<Self> {
        let pipe = Arc::<Pipe>::default();
        let behind = pipe.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || behind.drain(sink))?;
        Ok(Self(pipe))
    }

    /// Writes what waits, within a second; lines that come later are lost.
    pub fn end(&self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        self.0.changed.notify_all();
        let written = |waiting: &mut Waiting| waiting.writing || !waiting.lines.is_empty();
        drop(self.0.changed.wait_timeout_while(waiting, PATIENCE, written));
    }
}

impl Write for LogPipe {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.0.lock();
        if waiting.ended || waiting.lines.len() + line.len() > MOST {
            LOST.fetch_add(1, Ordering::Relaxed);
            return Ok(line.len());
        }
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if first {
            self.0.changed.notify_all();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drain(&self, mut sink: impl Write) {
        let mut taken = Vec::new();
        while self.take(&mut taken) {
            if sink.write_all(&taken).and_then(|()| sink.flush()).is_err() {
                let lines = taken.iter().filter(|byte| **byte == b'\n').count();
                LOST.fetch_add(u64::try_from(lines).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
            taken.clear();
            taken.shrink_to(KEPT);
            let ended = {
                let mut waiting = self.lock();
                waiting.writing = false;
                waiting.ended
            };
            self.changed.notify_all();
            if !ended {
                thread::sleep(REST);
            }
        }
    }

    /// Waits for lines and takes them all; `false` when the end has come and there are none.
    fn take(&self, taken: &mut Vec<u8>) -> bool {
        let waiting = self.lock();
        let none = |waiting: &mut Waiting| waiting.lines.is_empty() && !waiting.ended;
        let mut waiting = self.changed.wait_while(waiting, none).unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(taken, &mut waiting.lines);
        waiting.writing = !taken.is_empty();
        waiting.writing
    }
}

#[cfg(test)]
mod tests {
    use super::{LogPipe, MOST, lost};
    use std::io::{Read, Write, pipe};
    use std::time::{Duration, Instant};

    #[test]
    fn whoever_logs_never_waits_for_a_reader_who_sleeps() {
        let (mut reader, writer) = pipe().unwrap();
        let mut log = LogPipe::into(writer).unwrap();
        let line = vec![b'x'; 1 << 10];
        let before = lost();
        let began = Instant::now();
        for _ in 0..3 * MOST / line.len() {
            log.write_all(&line).unwrap();
        }
        log.end();
        assert!(began.elapsed() < Duration::from_secs(20), "a blocked write never ends");
        let lost = usize::try_from(lost() - before).unwrap();
        assert!(lost >= MOST / line.len(), "{lost}");
        let mut kept = vec![0; MOST];
        reader.read_exact(&mut kept).unwrap();
        assert!(kept.iter().all(|byte| *byte == b'x'), "what was kept is whole");
    }

    #[test]
    fn the_last_line_is_written_before_the_end() {
        let (mut reader, writer) = pipe().unwrap();
        let mut log = LogPipe::into(writer).unwrap();
        log.write_all(b"the first\n").unwrap();
        log.write_all(b"the last\n").unwrap();
        log.end();
        let mut text = [0; 19];
        reader.read_exact(&mut text).unwrap();
        assert_eq!(&text, b"the first\nthe last\n");
    }
}
