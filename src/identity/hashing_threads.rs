//! Owns the threads that hash: one for each core, of low priority, with a bounded queue before them. A flood of sign-ins
//! gets what is left over by everything else. Leaves what is hashed to `password.rs`.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::identity::argon2id::Argon2id;
#[cfg(target_os = "linux")]
use crate::identity::standing_back;
use crate::model::password_cost::PasswordCost;

/// The longest wait, the work itself included; people give up later, platforms do not wait here at all.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many as may wait for a turn, for each core.
const QUEUE_PER_CORE: usize = 64;

/// How long a thread without work keeps the memory of its last hash.
const REST: Duration = Duration::from_millis(500);

/// More hashes are wanted at once than this machine can make in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Work with when it was asked for. It tells whether it was done, for nobody may wait for it any more.
struct Work {
    asked: Instant,
    run: Box<dyn FnOnce(&mut Argon2id) -> bool + Send>,
}

/// The threads and their queue. They end when this value is dropped.
pub struct HashingThreads {
    queue: Arc<Queue>,
    most: usize,
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Work>,
    load: Load,
    closed: bool,
}

/// How the queue stands, and what came of it since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Passwords being hashed.
    pub running: u64,
    /// Passwords waiting for their turn.
    pub waiting: u64,
    /// Passwords that were not hashed because too many wait, or in time.
    pub refused: u64,
    /// Passwords hashed.
    pub done: u64,
    /// The time that took, without the waits.
    pub took: Duration,
}

impl HashingThreads {
    /// Starts the threads for hashes of that cost.
    pub fn start(cost: PasswordCost) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let cores = available_parallelism().map_or(2, usize::from);
        for _ in 0..cores {
            let queue = queue.clone();
            thread::Builder::new().name("hashing".to_owned()).spawn(move || queue.serve(cost))?;
        }
        Ok(Self { queue, most: cores * QUEUE_PER_CORE })
    }

    /// Does slow work when it is its turn. What nobody waits for any more is not begun.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Argon2id) -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let (sender, receiver) = oneshot::channel();
        let done = self.queue.add(self.most, move |argon2id| {
            // Whoever asked may have gone meanwhile.
            let is_wanted = !sender.is_closed();
            if is_wanted {
                drop(sender.send(work(argon2id)));
            }
            is_wanted
        });
        let done = match done {
            Ok(()) => timeout(PATIENCE, receiver).await.ok().and_then(Result::ok),
            Err(Busy) => None,
        };
        done.ok_or_else(|| {
            self.refused();
            Busy
        })
    }

    /// As many as may be under way and wait.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Counts a password that is not hashed.
    pub fn refused(&self) {
        self.queue.lock().load.refused += 1;
    }

    /// How busy the threads are.
    pub fn load(&self) -> Load {
        let state = self.queue.lock();
        Load { waiting: u64::try_from(state.waiting.len()).unwrap_or(u64::MAX), ..state.load }
    }
}

impl Drop for HashingThreads {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, most: usize, work: impl FnOnce(&mut Argon2id) -> bool + Send + 'static) -> Result<(), Busy> {
        let mut state = self.lock();
        if state.waiting.len() >= most {
            return Err(Busy);
        }
        state.waiting.push_back(Work { asked: Instant::now(), run: Box::new(work) });
        self.changed.notify_one();
        Ok(())
    }

    /// A thread's life.
    fn serve(&self, cost: PasswordCost) {
        #[cfg(target_os = "linux")]
        standing_back::stand_back();
        let (mut kept, mut latest) = (None, Duration::ZERO);
        while let Some(work) = self.next(&mut kept) {
            let began = Instant::now();
            // What would come too late keeps others waiting; dropped, it tells so at once.
            let in_time = work.asked.elapsed() + latest < PATIENCE;
            let hasher = if in_time { kept.take().or_else(|| Argon2id::new(cost).ok()) } else { None };
            let done = hasher.is_some_and(|mut argon2id| {
                let done = (work.run)(&mut argon2id);
                kept = Some(argon2id);
                done
            });
            let load = &mut self.lock().load;
            load.running -= 1;
            if done {
                latest = began.elapsed();
                load.done += 1;
                load.took += latest;
            }
        }
    }

    /// The next work, waited for; `None` at the end. After a rest without work the memory of the last hash is given back.
    fn next(&self, kept: &mut Option<Argon2id>) -> Option<Work> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(work) = state.waiting.pop_front() {
                state.load.running += 1;
                return Some(work);
            }
            state = if kept.is_some() {
                let (state, waited) = self.changed.wait_timeout(state, REST).unwrap_or_else(PoisonError::into_inner);
                if waited.timed_out() {
                    // Not under the lock, for which requests would wait.
                    drop(state);
                    *kept = None;
                    self.lock()
                } else {
                    state
                }
            } else {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Busy, HashingThreads};
    use crate::model::password_cost::PasswordCost;
    use std::sync::mpsc::channel;
    use std::time::Duration;
    use tokio::time::timeout;

    fn threads() -> HashingThreads {
        HashingThreads::start(PasswordCost { memory_kib: 64, iterations: 1, parallelism: 1 }).unwrap()
    }

    #[tokio::test]
    async fn beyond_the_queue_one_is_told_at_once_and_afterwards_served() {
        let threads = threads();
        let mut gates = Vec::new();
        let mut crowd = Vec::new();
        // Each waits for its gate; as many as there are cores are under way, all others wait.
        let cores = threads.most() / super::QUEUE_PER_CORE;
        for number in 0..threads.most() + cores {
            let (gate, opened) = channel::<()>();
            gates.push(gate);
            crowd.push(Box::pin(threads.run(move |_| opened.recv().is_err())));
            let asked = timeout(Duration::ZERO, crowd.last_mut().unwrap()).await;
            assert!(asked.is_err(), "{asked:?}");
            while number < cores && threads.load().running <= number as u64 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(threads.run(|_| ()).await, Err(Busy));
        assert_eq!(threads.load().refused, 1);
        drop(gates);
        for one in crowd {
            assert_eq!(one.await, Ok(true));
        }
        assert_eq!(threads.run(|_| 7).await, Ok(7));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_not_done_and_not_counted() {
        let threads = threads();
        let cores = threads.most() / super::QUEUE_PER_CORE;
        let (mut gates, mut crowd) = (Vec::new(), Vec::new());
        for _ in 0..cores {
            let (gate, opened) = channel::<()>();
            gates.push(gate);
            crowd.push(Box::pin(threads.run(move |_| opened.recv().is_err())));
        }
        for one in &mut crowd {
            drop(timeout(Duration::from_millis(1), one).await);
        }
        let gone = timeout(Duration::from_millis(1), threads.run(|_| ())).await;
        assert!(gone.is_err(), "it waits behind the others");
        drop(gates);
        for one in crowd {
            assert_eq!(one.await, Ok(true));
        }
        while threads.load().running + threads.load().waiting > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(threads.load().done, u64::try_from(cores).unwrap());
    }
}
